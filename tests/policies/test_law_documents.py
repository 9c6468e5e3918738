"""Laws of documents and records over drawn ones: what is written round-trips, is strict, and a
record opens nothing but its own doors and hours.
"""

import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.documents.document import parse_document
from policies.documents.printing import print_document
from policies.engine import granted_windows
from policies.errors import PolicyError
from policies.grant import Window
from policies.vocabulary import Action, Instant
from policies.windows import Windows, difference, union
from tests.policies import drawn, naive_oracle, written
from tests.policies.drawn import RECORDS, Case, often
from tests.policies.drawn_calendars import DAY_LISTS, OPENINGS, calendars, zones
from tests.policies.naive_hours import has_come
from tests.policies.written import HOLIDAYS, PLACES, Doc

DAY = 86_400


@often(40)
@given(drawn.cases())
def test_what_is_printed_reads_as_the_same_document(case: Case) -> None:
    for document in written.policies(*case.docs).documents:
        printed = print_document(document)
        again = parse_document(printed, document.file, PLACES, HOLIDAYS)
        assert again == document
        assert print_document(again) == printed


def mappings(written_value: Any) -> list[Doc]:
    """Every mapping of a document with keys of its own language: not those that staff name."""
    if isinstance(written_value, list):
        return [found for part in written_value for found in mappings(part)]
    if not isinstance(written_value, dict):
        return []
    return [written_value, *(found for part in written_value.values() for found in mappings(part))]


@often(60)
@given(drawn.cases(), st.data(), st.sampled_from(["not", "colour", "nbf", "bookings", "Allow"]))
def test_an_unknown_attribute_anywhere_fails_validation(
    case: Case, data: st.DataObject, unknown: str
) -> None:
    docs = copy.deepcopy(case.docs)
    doc = docs[0]
    closed = [doc, *mappings(doc["policies"]), *mappings(doc["calendars"]["c"])]
    closed += list(doc["days"].values())
    data.draw(st.sampled_from(closed))[unknown] = "x"
    with pytest.raises(PolicyError):
        written.policies(*docs)


@often(60)
@given(drawn.cases(), st.data())
def test_a_mapping_that_does_not_name_an_opening_is_refused(
    case: Case, data: st.DataObject
) -> None:
    doc = copy.deepcopy(case.docs[0])
    calendar = doc["calendars"]["c"]
    plans = [calendar["holidays"], *calendar.get("dates", {}).values()]
    plans += [season.get("holidays") for season in calendar.get("seasons", [])]
    plans += calendar.get("seasons", [])
    named = [plan for plan in plans if isinstance(plan, dict)]
    assume(named)
    del data.draw(st.sampled_from(named))[data.draw(st.sampled_from(OPENINGS))]
    with pytest.raises(PolicyError):
        written.policies(doc)


def other_openings_changed(doc: Doc, opening: str) -> Doc:
    """The same document with every other opening open all day, wherever a plan names it."""
    changed = copy.deepcopy(doc)
    calendar = changed["calendars"]["c"]
    plans = [calendar, calendar["holidays"], *calendar.get("dates", {}).values()]
    for season in calendar.get("seasons", []):
        plans += [season, season.get("holidays")]
    for plan in plans:
        if isinstance(plan, dict):
            for other in set(OPENINGS) & set(plan) - {opening}:
                is_week = plan is calendar or plan in calendar.get("seasons", [])
                plan[other] = {"mon-sun": "00:00-24:00"} if is_week else "00:00-24:00"
    return changed


@often(60)
@given(drawn.cases(), st.sampled_from(OPENINGS))
def test_a_plan_never_opens_an_opening_it_names_something_else_for(
    case: Case, opening: str
) -> None:
    rule = written.rule(allow="anyone", during=f"c.{opening}")
    doc = {**case.docs[0], "policies": [rule]}
    windows = [
        granted_windows(
            written.policies(each), written.subject({"facts": []}), written.SIDE, Action.OPEN,
            around(case.at),
        )
        for each in (doc, other_openings_changed(doc, opening))
    ]  # fmt: skip
    assert windows[0] == windows[1]


def around(at: Instant) -> Window:
    return Window(Instant(at - DAY), Instant(at + DAY))


@st.composite
def record_cases(draw: st.DrawFn) -> Case:
    """Allow rules that each mention the one kind of record, and records of it."""
    rules = draw(st.lists(drawn.allows_of("building:town", RECORDS[0]), min_size=1, max_size=3))
    mentioning = [rule for rule in rules if naive_oracle.mentioned(rule)]
    assume(mentioning)
    doc = written.document(
        *({"id": f"rule-{n}", **rule} for n, rule in enumerate(mentioning)),
        time_zone=draw(zones),
        days=DAY_LISTS,
        calendars={"c": draw(calendars)},
    )
    listed = [draw(drawn.records(number)) for number in range(2)]
    at = draw(drawn.instants_of(draw(st.sampled_from(listed))))
    book = {"records": listed, "unread": []}
    return Case([doc], draw(drawn.people), book, draw(drawn.points), at)


def granted(case: Case, records: list[Doc]) -> Windows:
    policies = written.policies(*case.docs, book={"records": records, "unread": []})
    subject, point = written.subject(case.person), written.number(case.point)
    return granted_windows(policies, subject, point, Action.OPEN, around(case.at))


@often(60)
@given(record_cases())
def test_a_rule_gives_for_two_records_what_it_gives_for_each_and_no_more(case: Case) -> None:
    first, second = case.book["records"]
    both = granted(case, [first, second])
    assert both == union(granted(case, [first]), granted(case, [second]))
    assert granted(case, []) == ()


@often(60)
@given(record_cases())
def test_no_window_lies_outside_the_envelopes_of_the_records(case: Case) -> None:
    widest = 2 * 3600
    envelopes = [
        (Window(Instant(epoch(record["start"]) - widest), Instant(epoch(record["end"]) + widest)),)
        for record in case.book["records"]
    ]
    assert not difference(granted(case, case.book["records"]), union(*envelopes))


def epoch(local: str) -> int:
    """The first instant of a local time of Oslo, found by looking."""
    from_utc = int(written.instant(local)) - 3 * 3600
    step = 900 if from_utc % 900 == 0 else 60
    return next(
        t for t in range(from_utc, from_utc + 6 * 3600, step)
        if has_come(local, t, "Europe/Oslo")
    )  # fmt: skip


@often(60)
@given(record_cases())
def test_no_window_of_one_record_at_the_door_of_another_alone(case: Case) -> None:
    doors = {"booking": "hall.door"}
    rules = [{**rule, "doors": doors} for rule in case.docs[0]["policies"]]
    case.docs[0] = {**case.docs[0], "policies": rules}
    elsewhere = [r for r in case.book["records"] if case.point not in r["access_points"]]
    here = [r for r in case.book["records"] if case.point in r["access_points"]]
    assert granted(case, elsewhere) == ()
    assert granted(case, [*elsewhere, *here]) == granted(case, here)


def test_a_deny_that_mentions_a_record_in_its_except_alone_is_refused() -> None:
    lonely = written.rule(deny="anyone", except_={"booking": "hall"})
    with pytest.raises(PolicyError, match="booking"):
        written.policies(written.document(lonely))
