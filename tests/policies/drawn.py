"""Strategies of documents, records and people of the test town, as dictionaries of texts.

Biased to edges (`drawn_calendars`), and to what is easily got wrong: several documents in different
zones, rules that mention a record in one place only, registers that were not read or tell no
longer, an `except` that is not sure.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from policies.model import FactKind
from policies.vocabulary import Instant
from tests.policies.drawn_calendars import (
    DAY_LISTS,
    bounds,
    calendars,
    date_times,
    instants,
    times,
    zones,
)
from tests.policies.naive_oracle import mentioned

Doc = dict[str, Any]


def often(count: int) -> settings:
    """So many examples in the short form; the long form draws as many times more as it does."""
    short, now = settings.get_profile("short").max_examples, settings().max_examples
    return settings(max_examples=count * now // short, suppress_health_check=[HealthCheck.too_slow])


def weighted(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of `choices`, each so many times as likely; `one_of` leaves out what is named twice."""
    drawn = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.integers(0, len(drawn) - 1).flatmap(drawn.__getitem__)


requirements = st.sampled_from(
    [
        {"age": "15+"}, {"age": "13-17"}, {"age": "18+"}, {"member": "club"},
        {"member": "club/adult"}, {"role": "staff"}, {"list": "excluded"},
        {"resident": "municipality"}, {"resident": "building:town"}, {"terms": "house-3"},
        {"terms": "house-2", "guardian": "18"},
    ]
)  # fmt: skip
Named = tuple[str, str]
"""The kind and the name of a record."""
RECORDS: tuple[Named, ...] = (("booking", "hall"), ("assigned", "care"))


@cache
def conditions_of(record: Named | None) -> st.SearchStrategy[Doc]:
    """Conditions, some of them a part in `record`, the one kind of record of the rule."""
    leaves = requirements
    if record is not None:
        kind, name = record
        roles: list[Doc] = [{"as": ["holder"]}, {"as": ["holder", "invited"]}]
        written = [{kind: name, **as_} for as_ in ({}, *(roles if kind == "booking" else ()))]
        part = st.sampled_from(written)
        leaves = st.one_of(part, part, requirements)
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.fixed_dictionaries({"all": st.lists(parts, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
        ),
        max_leaves=4,
    )


@cache
def whens_of(record: Named | None) -> st.SearchStrategy[Any]:
    """What may stand as `during`."""
    openings: st.SearchStrategy[Any] = st.sampled_from(
        ["always", "c.open", "c.early", "c.open", "c.early"]
    )
    if record is not None:
        margin = st.sampled_from(["15m", "30m", "2h"])
        of_record = st.fixed_dictionaries(
            {record[0]: st.just(record[1])},
            optional={"early": margin, "late": margin},
        )
        openings = st.one_of(openings, of_record, of_record)
    parts = st.lists(openings, min_size=1, max_size=2)
    return st.one_of(
        openings, st.fixed_dictionaries({"all": parts}), st.fixed_dictionaries({"any": parts})
    )


conditions = conditions_of(None)
PLACES_OF: dict[str, list[str | list[str]]] = {
    "building:town": ["building:town", "building:town", "zone:town/hall", "door:town/side",
                      ["door:town/vault", "door:town/side"]],
    "building:barn": ["building:barn", "door:barn/gate"],
    "municipality": ["municipality", "zone:town/hall", ["building:barn", "door:town/side"]],
}  # fmt: skip


@cache
def doors_of(owned: str, record: Named | None) -> st.SearchStrategy[Any]:
    """The doors of a rule in the document of `owned`."""
    written: st.SearchStrategy[Any] = st.sampled_from(PLACES_OF[owned])
    if record is None:
        return written
    return st.one_of(written, st.just({record[0]: f"{record[1]}.door"}))


def _validity(first: str | None, last: str | None) -> Doc:
    if first is not None and last is not None and first[:10] >= last[:10]:
        return {"from": first}
    return {key: bound for key, bound in (("from", first), ("until", last)) if bound is not None}


nothing: st.SearchStrategy[Doc] = st.just({})
validities = weighted(
    (2, nothing), (1, st.builds(_validity, st.none() | bounds, st.none() | bounds))
)
WITHS: list[Doc] = [
    {}, {}, {}, {"actions": ["open", "light"]}, {"actions": ["light"], "life": "8h"},
    {"life": "90m"}, {"share": "2", "brings": "own-children"}, {"two-people": "30s"},
    {"after": {"role": "staff"}},
]  # fmt: skip
LIMITS: list[Doc] = [
    {}, {}, {}, {},
    {"limits": {"visits": "2 per day", "by": "household", "offline": "count-later"}},
    {"limits": {"inside": "3", "offline": "refuse"}},
]  # fmt: skip


@cache
def allows_of(owned: str, record: Named | None) -> st.SearchStrategy[Doc]:
    """Allow rules of the document of `owned`."""
    return st.builds(
        lambda who, when, doors, valid, manner, limits: {
            "allow": who, "during": when, "doors": doors, **valid, **limits,
            **({"with": manner} if manner else {}),
        },
        st.one_of(st.just("anyone"), conditions_of(record)), whens_of(record),
        doors_of(owned, record), validities, st.sampled_from(WITHS), st.sampled_from(LIMITS),
    )  # fmt: skip


@cache
def denies_of(owned: str, record: Named | None) -> st.SearchStrategy[Doc]:
    """Deny rules of the document of `owned`; none mentions a record in `except` alone."""
    drawn = st.builds(
        lambda who, when, doors, valid, lifts, is_switched: {
            "deny": who, "doors": doors, **when, **valid, **lifts,
            **({"active": {"switch": "lockdown/town"}} if is_switched and who == "anyone" else {}),
        },
        weighted((1, st.just("anyone")), (2, conditions_of(record))),
        weighted((1, nothing), (3, st.fixed_dictionaries({"during": whens_of(record)}))),
        doors_of(owned, record), validities,
        st.one_of(nothing, st.fixed_dictionaries({"except": conditions_of(record)})),
        st.integers(0, 3).map(lambda n: n == 0),
    )  # fmt: skip
    return drawn.map(without_lonely_except)


def without_lonely_except(rule: Doc) -> Doc:
    """The rule without an `except` that alone mentions a record, which is refused."""
    bare = {key: value for key, value in rule.items() if key != "except"}
    return rule if mentioned(bare) else bare if mentioned(rule) else rule


@cache
def unlocks_of(owned: str, record: Named | None) -> st.SearchStrategy[Doc]:
    """Unlock rules of the document of `owned`."""
    after = st.fixed_dictionaries({"after": conditions_of(record)})
    return st.builds(
        lambda unlock, when, doors, valid: {
            "unlock": unlock, "during": when, "doors": doors, **valid,
        },
        st.one_of(st.just("anyone"), after), whens_of(record), doors_of(owned, record), validities,
    )  # fmt: skip


allows = allows_of("building:town", None)
denies = denies_of("building:town", None)


@cache
def rules_of(owned: str, mentioned: tuple[Named | None, ...]) -> st.SearchStrategy[list[Doc]]:
    """Rules of the document of `owned`, each without id; denies are rarer than allows."""
    allow, deny, unlock = (
        st.one_of([kind(owned, record) for record in mentioned])
        for kind in (allows_of, denies_of, unlocks_of)
    )
    one_rule = weighted((4, allow), (1, deny), (1, unlock))
    return st.lists(one_rule, min_size=1, max_size=5)


@st.composite
def documents(
    draw: st.DrawFn, owned: str = "building:town", mentioned: tuple[Named | None, ...] = (None,)
) -> Doc:
    """A document with one calendar `c`; `mentioned` is what its rules may speak of."""
    rules = draw(rules_of(owned, mentioned))
    return {
        "for": owned,
        "time_zone": draw(zones),
        "days": DAY_LISTS,
        "calendars": {"c": draw(calendars)},
        "policies": [{"id": f"rule-{n}", **rule} for n, rule in enumerate(rules)],
    }


PATHS = ("town/hall/north", "town/hall/south", "town/side", "town/vault", "barn/gate")
points = st.sampled_from(["town/hall/north", "town/side", "town/side", "town/vault", "barn/gate"])


SKIPPED, SKIPPED_UNTIL = "2027-03-28T01:59", "2027-03-28T03:00"
"""The hour that clocks in Oslo skip."""
record_names = st.sampled_from([*RECORDS, RECORDS[0], ("booking", "gym")])
persons = st.sampled_from(["kari", "kari", "ola"])
parts_of = {
    kind: st.lists(
        st.fixed_dictionaries({"person": persons, "as": st.sampled_from(roles)}),
        min_size=1,
        max_size=2,
        unique_by=lambda part: part["person"],
    )
    for kind, roles in (("booking", ["holder", "invited"]), ("assigned", ["assignee"]))
}
record_points = st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True)


@st.composite
def records(draw: st.DrawFn, number: int = 0) -> Doc:
    """One booking or assignment of a few hours or days, often over a night that is too long."""
    kind, name = draw(record_names)
    start, other = sorted((draw(date_times), draw(date_times)))
    same_day = f"{start[:10]}T{draw(times)}"
    end = next((end for end in (same_day, other) if end > start), f"{start[:10]}T23:59")
    if start > SKIPPED and end <= SKIPPED_UNTIL:
        end = f"{start[:10]}T06:00"  # in that hour, a record has no length and is refused
    return {
        "id": f"record-{number}",
        "kind": kind,
        "name": name,
        "access_points": draw(record_points),
        "people": draw(parts_of[kind]),
        "start": start,
        "end": end,
    }


@st.composite
def instants_of(draw: st.DrawFn, record: Doc) -> Instant:
    """Near an edge of a record: its start or end, or that far before or after it."""
    bound = datetime.fromisoformat(record[draw(st.sampled_from(["start", "end"]))])
    here = int(bound.replace(tzinfo=ZoneInfo("Europe/Oslo")).timestamp())
    margin = draw(st.sampled_from([-7200, -1800, -900, 0, 0, 900, 1800, 7200]))
    return Instant(here + margin + draw(st.integers(-1, 1)))


@st.composite
def books(draw: st.DrawFn) -> Doc:
    """Records of the test town, or a register that was not read."""
    unread = draw(st.sampled_from([[], [], [], ["assigned"], ["booking"]]))
    listed = [draw(records(number)) for number in range(draw(st.integers(0, 3)))]
    return {"records": [r for r in listed if r["kind"] not in unread], "unread": unread}


fact_values = st.sampled_from(
    [
        ("age", "18+"), ("age", "13+"), ("member", "club/adult"), ("member", "club/youth"),
        ("role", "staff"), ("list", "excluded"), ("resident", "municipality"),
        ("resident", "building:town"), ("terms", "house-2"), ("terms", "house-4"),
        ("guardian", "house-3"),
    ]
)  # fmt: skip
facts = st.builds(
    lambda value, valid: {"kind": value[0], "value": value[1], "source": "test", **valid},
    fact_values,
    validities,
)
kinds = st.sampled_from([kind.value for kind in FactKind])
born = st.sampled_from(
    ["2010-10-25", "2011-03-28", "2012-02-29", "2008-02-29", "2009-01-01", "2009-04-04"]
)
people = st.builds(
    lambda day, told, unknown, fresh: {
        **({"born": day} if day else {}), "facts": told, "unknown": sorted(unknown), "fresh": fresh,
    },
    st.none() | born,
    st.lists(facts, max_size=8),
    weighted((2, st.just(set())), (1, st.sets(kinds, max_size=1))),
    weighted((3, nothing), (1, st.dictionaries(kinds, date_times, max_size=1))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One question with all that it hangs on; `point` is the path of an access point."""

    docs: list[Doc]
    person: Doc
    book: Doc
    point: str
    at: Instant


mentions: st.SearchStrategy[tuple[Named | None, ...]] = st.sampled_from(
    [(None,), (None, *RECORDS), RECORDS[:1]]
)
owners = st.sampled_from(
    [
        ["building:town"],
        ["building:town", "municipality"],
        ["building:town", "building:barn", "municipality"],
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """One to three documents, often with records, and an instant near an edge of one of them."""
    mentioned = draw(mentions)
    docs = [draw(documents(place, mentioned)) for place in draw(owners)]
    book, zones_used = draw(books()), [doc["time_zone"] for doc in docs]
    edge = draw(st.sampled_from([*zones_used, *book["records"]]))
    at = draw(instants(edge) if isinstance(edge, str) else instants_of(edge))
    return Case(docs, draw(people), book, draw(points), at)
