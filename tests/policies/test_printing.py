"""A printed document: it reads back as the same values, in every reader, and reads well."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from policies.documents.document import parse_document
from policies.documents.place_file import parse_places
from policies.documents.printing import print_document
from policies.documents.stated import WEEKDAYS
from policies.manner import CountedBy, Offline, Period
from policies.model import DENY_REASONS, Document
from policies.places import Places
from policies.vocabulary import ACTION_NAMES
from tests.policies import drawn, drawn_calendars, town_documents, written
from tests.policies.written import Doc

AWKWARD = ("no", "null", "015", "1e3", "0x1f", "1.5", "true", "y", "2027-01-01", "æøå", "on")
"""Names that a register may know and that plain YAML takes for something else."""
AWKWARD_PLACES = written.places(
    registers={
        **written.PLACES_WRITTEN["registers"],
        "members": [*AWKWARD],
        "lists": [*AWKWARD],
        "switches": [*AWKWARD],
        "bookings": [*AWKWARD, "hall.door"],
        "assignments": [*AWKWARD],
        "terms": [f"{name}-3" for name in AWKWARD],
    }
)
names = st.sampled_from(AWKWARD)
LISTS = tuple(name for name in AWKWARD if "." not in name)
count = st.integers(1, 99).map(str)
elapsed = st.one_of(
    st.integers(1, 1440).map("{}m".format), st.sampled_from(["1h", "24h", "60m", "120m"])
)
bounds = st.one_of(
    st.dates(date(1901, 1, 1), date(2198, 12, 31)).map(str),
    st.builds(
        "{}T{}".format,
        st.one_of(st.dates(date(1901, 1, 1), date(2198, 12, 31)).map(str), drawn_calendars.days),
        st.times().map(lambda time: time.strftime("%H:%M")),
    ),
)
zones = st.sampled_from(
    ["Europe/Oslo", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia",
     "America/St_Johns", "UTC"]
)  # fmt: skip
records = st.tuples(
    st.sampled_from(["booking", "assigned"]), st.one_of(names, st.just("hall.door"))
)


def given_or_not(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Doc]:
    """Any of the keys, with or without a `_` at their end and for their `-`."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in strategies.items()}
    return st.fixed_dictionaries({}, optional=named)


@st.composite
def conditions(draw: st.DrawFn, record: tuple[str, str]) -> Doc:
    kind, name = record
    part = {kind: name if name != "hall.door" or kind == "booking" else "no"}
    if kind == "booking":
        part |= draw(
            given_or_not(
                as_=st.lists(st.sampled_from(["holder", "deputy", "invited"]), min_size=1,
                             unique=True)
            )
        )  # fmt: skip
    leaf = st.one_of(
        st.just(part),
        st.fixed_dictionaries({"member": names}),
        st.fixed_dictionaries({"list": names}),
        st.fixed_dictionaries({"age": st.sampled_from(["0+", "15+", "0-15", "13-13"])}),
        st.fixed_dictionaries(
            {"terms": names.map("{}-2".format)}, optional={"guardian": st.sampled_from(["18", "1"])}
        ),
        st.sampled_from([{"resident": "municipality"}, {"resident": "building:town"}]),
    )
    parts = st.lists(leaf, min_size=1, max_size=12)
    return draw(
        st.one_of(
            leaf,
            parts.map(lambda p: {"all": p}),
            parts.map(lambda p: {"any": [{"all": p}, p[0]]}),
        )
    )


@st.composite
def rules(draw: st.DrawFn, number: int) -> Doc:
    """A rule with as much of the language as it may have."""
    kind, name = draw(records)
    name = name if kind == "booking" or name != "hall.door" else "no"
    record = (kind, name)
    around = draw(given_or_not(early=elapsed, late=elapsed))
    leaf = st.sampled_from(["always", "c.no", "c.015", "1e3.open", {kind: name, **around}])
    during = st.one_of(
        leaf,
        st.lists(leaf, min_size=1, max_size=20).map(lambda parts: {"all": parts}),
        st.lists(leaf, min_size=1, max_size=4).map(lambda parts: {"any": [{"all": parts}]}),
    )
    places = st.sampled_from(["building:town", "zone:town/hall", "door:town/side"])
    doors = st.one_of(
        places, st.lists(places, min_size=1, unique=True), st.just({kind: f"{name}.door"})
    )
    rule: Doc = {"id": draw(st.sampled_from(["-", "--a", "015", "no", "a"])) + str(number),
                 "doors": draw(doors)}  # fmt: skip
    if draw(st.booleans()):
        rule["from"] = draw(bounds)
    elif draw(st.booleans()):
        rule["until"] = draw(st.one_of(bounds, drawn_calendars.days.map("{}T24:00".format)))
    effect = draw(st.sampled_from(["allow", "deny", "unlock"]))
    who = st.one_of(st.just("anyone"), conditions(record))
    if effect == "unlock":
        after = conditions(record).map(lambda condition: {"after": condition})
        return {**rule, "unlock": draw(st.one_of(st.just("anyone"), after)), "during": draw(during)}
    rule[effect] = draw(who)
    if effect == "deny":
        more = given_or_not(
            during=during, except_=conditions(record), reason=st.sampled_from(DENY_REASONS)
        )
        rule |= draw(more)
        if rule["deny"] == "anyone" and draw(st.booleans()):
            rule["active"] = {"switch": draw(names)}
        return drawn.without_lonely_except(rule)
    manner = draw(
        given_or_not(
            life=elapsed,
            actions=st.lists(st.sampled_from([*ACTION_NAMES]), min_size=1, unique=True),
            share=count, brings=st.one_of(count, st.just("own-children")),
            two_people=st.sampled_from(["30s", "60s", "90s", "5m"]), after=conditions(record),
        )
    )  # fmt: skip
    visits = {
        "visits": draw(st.builds("{} per {}".format, count, st.sampled_from([*Period]))),
        **draw(given_or_not(by=st.sampled_from([by.value for by in CountedBy]), inside=count)),
    }
    limits = draw(st.sampled_from([{}, visits, {"inside": "400"}]))
    offline = {"offline": draw(st.sampled_from([offline.value for offline in Offline]))}
    return {
        **rule,
        "during": draw(during),
        **({"with": manner} if manner else {}),
        **({"limits": {**limits, **offline}} if limits else {}),
    }


hours = st.one_of(
    drawn_calendars.day_hours, st.sampled_from(["00:00-24:00", "22:00-00:00", "10:00-09:59"])
)
weeks = st.one_of(
    st.just("closed"),
    st.lists(hours, min_size=7, max_size=7).map(
        lambda week: dict(zip(WEEKDAYS, week, strict=True))
    ),
)


def calendars(*openings: str) -> st.SearchStrategy[Doc]:
    """A calendar of these openings; a lone opening may have bare hours."""
    day = st.fixed_dictionaries(dict.fromkeys(openings, hours))
    red = st.fixed_dictionaries(dict.fromkeys(openings, st.one_of(hours, st.just("as-weekday"))))
    bare = hours if len(openings) == 1 else st.just("closed")
    plans = dict.fromkeys(openings, weeks)
    holidays = st.one_of(red, bare, st.just("as-weekday"))
    season = st.one_of(
        st.fixed_dictionaries(
            {"days": st.sampled_from(LISTS), **plans}, optional={"holidays": holidays}
        ),
        st.fixed_dictionaries(
            {"from": st.just("10-20"), "to": st.just("02-28"), **plans},
            optional={"holidays": holidays},
        ),
    )
    keys = st.sampled_from(
        ["easter-4", "easter+0", "easter+99", "12-24", "2027-11-20", "2199-12-31"]
    )
    return st.fixed_dictionaries(
        {"holidays": holidays, **plans},
        optional={
            "seasons": st.lists(season, min_size=1, max_size=2),
            "dates": st.dictionaries(keys, st.one_of(day, bare), min_size=1, max_size=4),
        },
    )


LISTED = {name: {"covers": "2027-01-01..2027-12-31",
                 "on": ["2027-02-01", "2027-02-02..2027-02-05", "2027-01-01"]}
          for name in LISTS}  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Doc:
    """A document whose every name is one that plain YAML may take for something else."""
    return {
        "for": draw(st.sampled_from(["building:town", "municipality"])),
        "time_zone": draw(zones),
        "days": LISTED,
        "calendars": {"c": draw(calendars("no", "015")), "1e3": draw(calendars("open"))},
        "policies": [draw(rules(n)) for n in range(draw(st.integers(1, 3)))],
    }


def parsed(doc: Doc, places: Places) -> Document:
    text = json.dumps(doc, ensure_ascii=False)
    return parse_document(text, "drawn.yaml", places, written.HOLIDAYS)


def require_reads_back(document: Document, places: Places) -> str:
    """The printed document, which must be read as an equal one and then be printed the same."""
    text = print_document(document)
    again = parse_document(text, "printed.yaml", places, written.HOLIDAYS)
    assert again == document
    assert print_document(again) == text
    return text


@given(documents())
def test_parse_after_print_is_the_identity(doc: Doc) -> None:
    require_reads_back(parsed(doc, AWKWARD_PLACES), AWKWARD_PLACES)


@given(drawn.documents("building:town", (None, *drawn.RECORDS)))
def test_documents_that_decisions_are_tested_with_read_back(doc: Doc) -> None:
    require_reads_back(parsed(doc, written.PLACES), written.PLACES)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


@drawn.often(25)
@given(documents())
def test_another_reader_of_yaml_finds_texts_whole_numbers_and_dates_alone(doc: Doc) -> None:
    text = print_document(parsed(doc, AWKWARD_PLACES))
    read = YAML(typ="safe", pure=True).load(text)
    assert {type(leaf) for leaf in leaves(read)} <= {str, int, date}
    assert set(LISTS) - {"2027-01-01"} <= set(leaves(read["days"]))


SITUATIONS = town_documents.EXAMPLES / "situations"
EXAMPLES = [
    *((path, town_documents.PLACES_FILE) for path in town_documents.DOCUMENTS),
    *((path, SITUATIONS / "places.yaml") for path in sorted(SITUATIONS.glob("[0-9]*.yaml"))),
]


@pytest.mark.parametrize(("path", "places_file"), EXAMPLES, ids=lambda path: path.name)
def test_every_example_reads_back(path: Path, places_file: Path) -> None:
    places = parse_places(places_file.read_text(), places_file.name)
    document = parse_document(path.read_text(), path.name, places, written.HOLIDAYS)
    require_reads_back(document, places)


def test_a_document_is_printed_in_the_style_of_the_examples() -> None:
    path = town_documents.DOCUMENTS[0]
    document = parse_document(path.read_text(), path.name, town_documents.PLACES, written.HOLIDAYS)
    comment, _, rest = path.read_text().partition("\n")
    assert comment.startswith("#")
    assert print_document(document) == rest


@example("1900-01-01T00:00")
@given(st.one_of(bounds, st.sampled_from(["1900-01-01", "2199-12-31", "2199-12-31T24:00"])))
def test_an_until_is_printed_as_it_may_be_written(until: str) -> None:
    doc = written.document(written.rule(deny="anyone", until=until))
    text = require_reads_back(parsed(doc, written.PLACES), written.PLACES)
    if "T" not in until:
        assert f"until: {until}" in text
