"""One record at a time, and conditions within a span."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from policies.conditions import Person, needed_kind, tell, tell_who
from policies.engine import granted_windows
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.policy_set import with_records
from policies.reading import Reading
from policies.records import UNREAD
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId
from policies.windows import HOLDS_NEVER, Windows, clip, difference
from tests.policies import drawn, written
from tests.policies.drawn import often
from tests.policies.drawn_calendars import instants, zones
from tests.policies.written import NORTH, SIDE, SOUTH, Doc, fact, instant, rule, subject

DAY = 86_400
BEGINS = instant("2026-10-14T00:00")
SPAN = Window(BEGINS, Instant(BEGINS + 2 * DAY))
KARI = subject({})
STAFF = replace(subject({"facts": [fact("role", "staff")]}), id=PersonId("ola"))


def booking(number: int, start: str, end: str, **more: Any) -> Doc:
    """A booking of the hall by Kari at the north door, times by the wall clock of Oslo."""
    return {
        "id": f"r{number}", "kind": "booking", "name": "hall",
        "access_points": ["town/hall/north"], "people": [{"person": "kari", "as": "holder"}],
        "start": start, "end": end, **more,
    }  # fmt: skip


MORNING = booking(1, "2026-10-14T10:00", "2026-10-14T12:00")
EVENING = booking(
    2, "2026-10-14T18:00", "2026-10-14T20:00", access_points=["town/hall/south"],
    people=[{"person": "ola", "as": "holder"}, {"person": "kari", "as": "invited"}],
)  # fmt: skip
BOOKED = {"booking": "hall"}


def loaded(rules: list[Doc], records: list[Doc], unread: tuple[str, ...] = ()) -> PolicySet:
    calendars = {"c": {"holidays": "closed", "open": {"mon-fri": "11:00-19:00"}}}
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    book = {"records": records, "unread": list(unread)}
    return written.policies(written.document(*numbered, calendars=calendars), book=book)


def granted(
    rules: list[Doc],
    records: list[Doc],
    person: Subject = KARI,
    point: AccessPointNumber = NORTH,
    unread: tuple[str, ...] = (),
) -> Windows:
    return granted_windows(loaded(rules, records, unread), person, point, Action.OPEN, SPAN)


def local(*hours: tuple[str, str]) -> Windows:
    """Windows of 14 October by the wall clock of Oslo, two hours before UTC."""
    midnight = instant("2026-10-13T22:00")
    return tuple(
        Window(*(Instant(midnight + int(at[:2]) * 3600 + int(at[3:]) * 60) for at in stretch))
        for stretch in hours
    )


def test_a_booking_opens_for_its_people_in_its_time_widened_by_early_and_late() -> None:
    rules = [rule(allow=BOOKED, during={"booking": "hall", "early": "15m", "late": "1h"})]
    assert granted(rules, [MORNING]) == local(("09:45", "13:00"))
    assert granted(rules, [MORNING], STAFF) == ()


def test_nothing_of_one_record_opens_at_the_hour_of_another() -> None:
    rules = [rule(allow={"booking": "hall", "as": ["holder"]}, during=BOOKED)]
    assert granted(rules, [MORNING, EVENING]) == local(("10:00", "12:00"))
    anybody = [rule(allow=BOOKED, during=BOOKED)]
    assert granted(anybody, [MORNING, EVENING]) == local(("10:00", "12:00"), ("18:00", "20:00"))


def test_nothing_of_one_record_opens_at_the_door_of_another() -> None:
    rules = [rule(allow=BOOKED, during=BOOKED, doors={"booking": "hall.door"})]
    assert granted(rules, [MORNING, EVENING]) == local(("10:00", "12:00"))
    assert granted(rules, [MORNING, EVENING], point=SOUTH) == local(("18:00", "20:00"))
    assert granted(rules, [MORNING, EVENING], point=SIDE) == ()


def test_doors_that_are_written_stand_whatever_doors_the_record_has() -> None:
    rules = [rule(allow=BOOKED, during=BOOKED, doors="door:town/side")]
    assert granted(rules, [MORNING], point=SIDE) == local(("10:00", "12:00"))


def test_a_calendar_beside_a_booking_bounds_it_and_never_opens_outside() -> None:
    both = {"all": [{"booking": "hall", "early": "2h"}, "c.open"]}
    assert granted([rule(allow=BOOKED, during=both)], [MORNING]) == local(("11:00", "12:00"))
    for during, hours in (("c.open", ("11:00", "12:00")), ("always", ("10:00", "12:00"))):
        assert granted([rule(allow=BOOKED, during=during)], [MORNING]) == local(hours)
    either = {"any": [{"booking": "hall", "early": "30m"}, "c.open"]}
    assert granted([rule(allow=BOOKED, during=either)], [MORNING]) == local(("09:30", "12:00"))


def test_who_needs_no_part_in_it_is_let_in_at_the_time_of_any_record() -> None:
    rules = [rule(allow={"role": "staff"}, during={"booking": "hall", "early": "30m"})]
    assert granted(rules, [MORNING, EVENING], STAFF) == local(
        ("09:30", "12:00"), ("17:30", "20:00")
    )
    either = [rule(allow={"any": [{"role": "staff"}, BOOKED]}, during=BOOKED)]
    assert granted(either, [MORNING], STAFF) == granted(either, [MORNING]) != ()


def test_a_deny_during_a_booking_spares_its_own_people_alone() -> None:
    rules = [rule(allow="anyone"), rule(deny="anyone", during=BOOKED, except_=BOOKED)]
    assert granted(rules, [MORNING]) == (SPAN,)
    assert granted(rules, [MORNING], STAFF) == difference((SPAN,), local(("10:00", "12:00")))
    # in the overlap each booking shuts out the other's holder
    overlap = {**EVENING, "start": "2026-10-14T11:00", "end": "2026-10-14T13:00",
               "people": [{"person": "ola", "as": "holder"}]}  # fmt: skip
    assert granted(rules, [MORNING, overlap]) == difference((SPAN,), local(("11:00", "13:00")))


def test_the_validity_of_a_rule_bounds_what_records_give() -> None:
    rules = [rule(allow=BOOKED, during=BOOKED, from_="2026-10-14T11:00")]
    assert granted(rules, [MORNING]) == local(("11:00", "12:00"))


def test_a_register_of_records_that_is_empty_matches_nobody() -> None:
    rules = [rule(allow=BOOKED, during=BOOKED), rule(deny="anyone", during=BOOKED)]
    assert granted(rules, []) == ()
    assert granted([rule(allow="anyone"), rules[1]], []) == (SPAN,)


def test_a_register_of_records_that_was_not_read_never_gives_and_always_takes() -> None:
    unread = ("booking",)
    anybody = [rule(allow={"any": [BOOKED, {"role": "staff"}]}, during=BOOKED)]
    assert granted(anybody, [], STAFF, unread=unread) == ()
    denied = [rule(allow="anyone"), rule(deny=BOOKED, during="c.open")]
    assert granted(denied, [], unread=unread)[:2] == (
        Window(BEGINS, local(("11:00", "19:00"))[0].start),
        Window(local(("11:00", "19:00"))[0].end, instant("2026-10-15T09:00")),
    )
    other = [rule(allow="anyone"), rule(deny={"all": [BOOKED, {"role": "staff"}]})]
    assert granted(other, [], unread=unread) == (SPAN,)
    assert granted(other, [], STAFF, unread=unread) == ()


@pytest.mark.parametrize("point", [NORTH, SIDE])
def test_records_read_later_give_what_they_would_have_given(point: AccessPointNumber) -> None:
    rules = [rule(allow=BOOKED, during=BOOKED, doors={"booking": "hall.door"})]
    before = loaded(rules, [], ("booking",))
    after = with_records(before, loaded(rules, [MORNING]).records)
    assert granted_windows(after, KARI, point, Action.OPEN, SPAN) == granted(
        rules, [MORNING], point=point
    )
    again = with_records(after, UNREAD)
    assert granted_windows(again, KARI, point, Action.OPEN, SPAN) == ()


def test_a_rule_of_record_doors_is_read_for_one_point_or_for_all() -> None:
    policies = loaded(
        [rule(allow=BOOKED, during=BOOKED, doors={"booking": "hall.door"})], [MORNING, EVENING]
    )
    (only,) = policies.documents[0].rules
    reading = Reading(KARI, SPAN, policies.records)
    assert reading.rule(only, NORTH).surely == local(("10:00", "12:00"))
    assert reading.rule(only).surely == local(("10:00", "12:00"), ("18:00", "20:00"))
    assert reading.granted([only], Action.OPEN, SOUTH) == local(("18:00", "20:00"))


@often(150)
@given(drawn.conditions, drawn.people, instants(), zones)
def test_a_condition_told_within_a_span_is_the_whole_telling_clipped(
    condition: Doc, written_person: Doc, at: Instant, zone: str
) -> None:
    person = subject(written_person)
    span = Window(Instant(at - DAY), Instant(at + DAY))
    doc = {**written.document(rule(allow=condition)), "time_zone": zone}
    (only,) = written.policies(doc).documents[0].rules
    whole = tell_who(only.who, person, only.zone)
    told = tell(only.who, Person(person, span), only.zone)
    assert clip(told.surely, span) == clip(whole.surely, span)
    assert clip(told.possibly, span) == clip(whole.possibly, span)
    if needed_kind(only.who) not in {None, *Person(person, span).may_hold}:
        assert whole == HOLDS_NEVER
