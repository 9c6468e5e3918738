"""Documents, people and instants for tests: as dictionaries of texts, and how to load them.

The dictionaries are what `naive_oracle` reads; their JSON is YAML, and what the loaders read. The
strategies draw from edges: both daylight-saving nights, 29 February, public holidays, midnight,
New Year, one second either side of a stated time.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from policies.document import load_policies
from policies.model import FactKind, PolicySet, Subject
from policies.people import parse_people
from policies.places import Places, parse_places
from policies.public_holidays import norwegian_holidays
from policies.vocabulary import AccessPointNumber, Instant, PersonId, parse_instant

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
    },
}  # fmt: skip

NORTH, SOUTH, SIDE, VAULT, GATE = (AccessPointNumber(n) for n in range(1, 6))
HOLIDAYS = norwegian_holidays(2020, 2040)


def places(**changes: Any) -> Places:
    """The test town, with top-level keys of places.yaml replaced."""
    return parse_places(json.dumps({**PLACES_WRITTEN, **changes}), "places.yaml")


PLACES = places()


def policies(*docs: Doc) -> PolicySet:
    """Load documents; the first fault of a faulty one is raised as it is."""
    files = {f"{n}.yaml": json.dumps(doc, ensure_ascii=False) for n, doc in enumerate(docs)}
    return load_policies(files, PLACES, HOLIDAYS)


def document(*rules: Doc, **more: Any) -> Doc:
    """A document of the test town with these rules."""
    return {"for": "building:town", "time_zone": "Europe/Oslo", **more, "policies": list(rules)}


def rule(**keys: Any) -> Doc:
    """A rule on the whole town, always, unless said otherwise; `from_` is `from`."""
    written = {key.rstrip("_"): value for key, value in keys.items()}
    always = {} if "deny" in written else {"during": "always"}
    return {"id": "r", "doors": "building:town", **always, **written}


def subject(written: Doc) -> Subject:
    """One person as people.yaml would write them; `unknown` lists kinds nobody can tell."""
    plain = {"id": "kari", **{key: value for key, value in written.items() if key != "unknown"}}
    people = parse_people(json.dumps({"people": [plain]}, ensure_ascii=False), "p.yaml", PLACES)
    known = people[PersonId("kari")]
    unknown = frozenset(FactKind(kind) for kind in written.get("unknown", ()))
    return Subject(known.id, known.born, known.facts, unknown)


def fact(kind: str, value: str, **bounds: str) -> Doc:
    """One fact as people.yaml writes it; `from_` is `from`."""
    written = {key.rstrip("_"): bound for key, bound in bounds.items()}
    return {"kind": kind, "value": value, "source": "test", **written}


def instant(text: str) -> Instant:
    """`2026-10-14T17:00:00Z`, or without seconds and Z."""
    return parse_instant(text if text.endswith("Z") else f"{text}:00Z")


DAYS = (
    "2026-10-24", "2026-10-25", "2026-10-26", "2027-03-27", "2027-03-28", "2027-03-29",
    "2026-12-24", "2026-12-31", "2027-01-01", "2027-05-17", "2028-02-28", "2028-02-29",
    "2028-03-01", "2027-02-28", "2027-03-01", "2026-10-14", "2026-10-01",
)  # fmt: skip
TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "06:00", "10:00", "18:00", "22:30")

days = st.sampled_from(DAYS)
times = st.sampled_from(TIMES)
bounds = st.one_of(days, st.builds("{}T{}".format, days, times))


@st.composite
def instants(draw: st.DrawFn) -> Instant:
    """Near an edge: a stated time in one of the offsets around, give or take a second."""
    day = datetime.fromisoformat(draw(days) + "T" + draw(times)).replace(tzinfo=UTC)
    shift = timedelta(
        days=draw(st.integers(-1, 1)),
        hours=-draw(st.integers(-11, 12)) if draw(st.booleans()) else -draw(st.integers(0, 2)),
        seconds=draw(st.integers(-1, 1)),
    )
    return Instant(int((day + shift).timestamp()))


@st.composite
def stretches(draw: st.DrawFn) -> str:
    """Hours with a length; often across midnight."""
    start = draw(times)
    end = draw(st.sampled_from([*(time for time in TIMES if time != start), "24:00"]))
    return f"{start}-{end}"


day_hours = st.one_of(st.just("closed"), stretches(), st.lists(stretches(), min_size=1, max_size=3))
WEEK_SHAPES = (("mon-sun",), ("mon-fri", "sat-sun"), ("mon-thu", "sat"), ("sun",), ("tue", "wed"))


@st.composite
def weeks(draw: st.DrawFn) -> str | Doc:
    """A base week of one opening."""
    if draw(st.integers(0, 5)) == 0:
        return "closed"
    return {weekdays: draw(day_hours) for weekdays in draw(st.sampled_from(WEEK_SHAPES))}


OPENINGS = ("open", "early")
holiday_hours = st.one_of(st.just("as-weekday"), day_hours)


def every_opening(hours: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Closed for all, or each opening by name."""
    return st.one_of(st.just("closed"), st.fixed_dictionaries(dict.fromkeys(OPENINGS, hours)))


seasons = st.one_of(
    st.builds(
        lambda first, last, plans, holidays: {"from": first, "to": last, **plans, **holidays},
        st.sampled_from(["10-20", "12-15", "03-28", "01-01"]),
        st.sampled_from(["10-25", "01-10", "03-01", "12-31"]),
        st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
        st.one_of(st.just({}), st.fixed_dictionaries({"holidays": every_opening(holiday_hours)})),
    ),
    st.builds(
        lambda plans: {"days": "breaks", **plans},
        st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
    ),
)
date_keys = st.sampled_from(
    [*DAYS, "easter-4", "easter+0", "easter-87", "05-17", "12-24", "10-25", "03-28"]
)

calendars = st.builds(
    lambda plans, holidays, listed, dates: {
        "holidays": holidays, **plans,
        **({"seasons": listed} if listed else {}), **({"dates": dates} if dates else {}),
    },
    st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
    every_opening(holiday_hours),
    st.lists(seasons, max_size=2),
    st.dictionaries(date_keys, every_opening(day_hours), max_size=3),
)  # fmt: skip

DAY_LISTS = {"breaks": {"covers": "2026-10-01..2027-03-28", "on": ["2026-10-24..2026-10-26",
                                                                  "2027-03-01"]}}  # fmt: skip

requirements = st.sampled_from(
    [
        {"age": "15+"}, {"age": "13-17"}, {"age": "18+"}, {"member": "club"},
        {"member": "club/adult"}, {"role": "staff"}, {"list": "excluded"},
        {"resident": "municipality"}, {"resident": "building:town"}, {"terms": "house-3"},
        {"terms": "house-2", "guardian": "18"},
    ]
)  # fmt: skip
conditions = st.recursive(
    requirements,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
    ),
    max_leaves=4,
)
openings = st.sampled_from(["always", "c.open", "c.early"])
whens = st.one_of(
    openings,
    st.fixed_dictionaries({"all": st.lists(openings, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"any": st.lists(openings, min_size=1, max_size=2)}),
)
doors = st.sampled_from(
    ["building:town", "zone:town/hall", "door:town/side", ["door:town/vault", "door:town/side"]]
)


def _validity(first: str | None, last: str | None) -> Doc:
    if first is not None and last is not None and first[:10] >= last[:10]:
        return {"from": first}
    return {key: bound for key, bound in (("from", first), ("until", last)) if bound is not None}


validities = st.builds(_validity, st.none() | bounds, st.none() | bounds)
allows = st.builds(
    lambda who, when, door, valid, with_: {"allow": who, "during": when, "doors": door, **valid,
                                           **with_},
    st.one_of(st.just("anyone"), conditions), whens, doors, st.one_of(st.just({}), validities),
    st.sampled_from([{}, {}, {"with": {"actions": ["open", "light"]}},
                     {"with": {"actions": ["light"], "life": "8h"}}, {"with": {"life": "90m"}}]),
)  # fmt: skip
denies = st.builds(
    lambda who, when, door, valid, lifts: {"deny": who, "doors": door, **when, **valid, **lifts},
    st.one_of(st.just("anyone"), conditions),
    st.one_of(st.just({}), st.fixed_dictionaries({"during": whens})),
    doors, st.one_of(st.just({}), validities),
    st.one_of(st.just({}), st.fixed_dictionaries({"except": conditions})),
)  # fmt: skip

zones = st.sampled_from(
    ["Europe/Oslo", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "America/Havana"]
)


@st.composite
def documents(draw: st.DrawFn) -> Doc:
    """A document of the test town with one calendar `c`; denies are rarer than allows."""
    rules = draw(st.lists(st.one_of(allows, allows, denies), min_size=1, max_size=4))
    return {
        "for": "building:town",
        "time_zone": draw(zones),
        "days": DAY_LISTS,
        "calendars": {"c": draw(calendars)},
        "policies": [{"id": f"rule-{n}", **rule} for n, rule in enumerate(rules)],
    }


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
    st.one_of(st.just({}), validities),
)
born = st.sampled_from(["2010-10-25", "2011-03-28", "2012-02-29", "2008-02-29", "2009-01-01"])
people = st.builds(
    lambda day, told, unknown: {
        **({"born": day} if day else {}), "facts": told, "unknown": sorted(unknown),
    },
    st.none() | born,
    st.lists(facts, max_size=5),
    st.sets(st.sampled_from([kind.value for kind in FactKind]), max_size=1),
)  # fmt: skip
