"""Documents, people, records and instants for tests: dictionaries of texts, and how to load them.

The dictionaries are what `naive_oracle` reads; their JSON is YAML, and what the loaders read. A
person may have two keys more than people.yaml gives one: `unknown`, the kinds whose register could
not be read, and `fresh`, until when the register of a kind tells. A book is what records.yaml
writes, with `unread`: the kinds of record that could not be read. What is drawn at random is
`drawn`.
"""

import json
from dataclasses import replace
from typing import Any

from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.documents.record_file import parse_records
from policies.model import FactKind, PolicySet, Subject
from policies.places import Places
from policies.public_holidays import norwegian_holidays
from policies.records import UNREAD, RecordKind, Records, records_of
from policies.vocabulary import AccessPointId, AccessPointNumber, Instant, PersonId, parse_instant

Doc = dict[str, Any]

PLACES_WRITTEN: Doc = {
    "tenant": {"id": "test", "name": "Testby", "time_zone": "Europe/Oslo"},
    "facilities": [{"id": "town", "name": "Town hall"}, {"id": "barn", "name": "Barn"}],
    "access_points": [
        {"id": path, "number": str(number), "controller": controller, "name": path,
         "listed": listed, "sensitive": sensitive}
        for path, number, controller, listed, sensitive in (
            ("town/hall/north", 1, "town-1", "true", "false"),
            ("town/hall/south", 2, "town-1", "false", "false"),
            ("town/side", 3, "town-1", "false", "false"),
            ("town/vault", 4, "town-1", "false", "true"),
            ("barn/gate", 5, "barn-1", "true", "false"),
        )
    ],
    "registers": {
        "members": ["club/adult", "club/youth", "gym"],
        "terms": ["house-3", "gym-1"],
        "roles": ["staff", "caretaker"],
        "lists": ["excluded", "guests"],
        "residences": ["municipality", "building:town"],
        "switches": ["lockdown/town"],
        "bookings": ["hall", "gym"],
        "assignments": ["care"],
    },
}  # fmt: skip

NORTH, SOUTH, SIDE, VAULT, GATE = (AccessPointNumber(n) for n in range(1, 6))
HOLIDAYS = norwegian_holidays(2020, 2040)


def places(**changes: Any) -> Places:
    """The test town, with top-level keys of places.yaml replaced."""
    return parse_places(json.dumps({**PLACES_WRITTEN, **changes}), "places.yaml")


PLACES = places()


def policies(*docs: Doc, book: Doc | None = None) -> PolicySet:
    """Load documents; the first fault of a faulty one is raised as it is."""
    files = {f"{n}.yaml": json.dumps(doc, ensure_ascii=False) for n, doc in enumerate(docs)}
    return load_policies(files, PLACES, HOLIDAYS, UNREAD if book is None else records(book))


def records(book: Doc) -> Records:
    """The records of a book as records.yaml would write them."""
    text = json.dumps({"records": book["records"]}, ensure_ascii=False)
    unread = frozenset(RecordKind(kind) for kind in book["unread"])
    return records_of(parse_records(text, "records.yaml", PLACES).records.all, unread)


def document(*rules: Doc, **more: Any) -> Doc:
    """A document of the test town with these rules."""
    return {"for": "building:town", "time_zone": "Europe/Oslo", **more, "policies": list(rules)}


def rule(**keys: Any) -> Doc:
    """A rule on the whole town, always, unless said otherwise; `from_` is `from`."""
    written = {key.rstrip("_"): value for key, value in keys.items()}
    always = {} if "deny" in written else {"during": "always"}
    return {"id": "r", "doors": "building:town", **always, **written}


def subject(written: Doc) -> Subject:
    """One person as people.yaml would write them."""
    extra = ("unknown", "fresh")
    plain = {"id": "kari", **{key: value for key, value in written.items() if key not in extra}}
    fresh = {kind: {"fresh_until": until} for kind, until in written.get("fresh", {}).items()}
    file = {**({"registers": fresh} if fresh else {}), "people": [plain]}
    people = parse_people(json.dumps(file, ensure_ascii=False), "people.yaml", PLACES)
    unknown = frozenset(FactKind(kind) for kind in written.get("unknown", ()))
    return replace(people[PersonId("kari")], unknown=unknown)


def fact(kind: str, value: str, **bounds: str) -> Doc:
    """One fact as people.yaml writes it; `from_` is `from`."""
    written = {key.rstrip("_"): bound for key, bound in bounds.items()}
    return {"kind": kind, "value": value, "source": "test", **written}


def instant(text: str) -> Instant:
    """`2026-10-14T17:00:00Z`, or without seconds and Z."""
    return parse_instant(text if text.endswith("Z") else f"{text}:00Z")


def number(path: str) -> AccessPointNumber:
    """The number of the access point of that path."""
    return PLACES.by_id[AccessPointId(path)].number
