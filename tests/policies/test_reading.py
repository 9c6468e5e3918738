"""One record at a time, and conditions within a span."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from policies.compiled import compiled
from policies.conditions import EVER, Person, needed_kind, tell
from policies.engine import decide, granted_everywhere, granted_windows
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.policy_set import with_records
from policies.reading import Reading, is_allowing, times_at
from policies.records import UNREAD
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId
from policies.windows import HOLDS_NEVER, NEVER, Telling, Windows, clip, difference
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


def test_a_long_record_that_began_before_many_short_ones_still_counts() -> None:
    long = booking(1, "2026-09-01T10:00", "2026-10-15T12:00")
    short = [booking(n, f"2026-09-{n:02}T10:00", f"2026-09-{n:02}T11:00") for n in range(2, 30)]
    for who in (BOOKED, "anyone"):
        assert granted([rule(allow=who, during=BOOKED)], [*short, long])[0].start == BEGINS
        assert granted([rule(allow=who, during=BOOKED)], short) == ()
        late = {"booking": "hall", "late": "24h"}
        ended = booking(1, "2026-09-01T10:00", "2026-10-13T12:00")
        assert granted([rule(allow=who, during=late)], [*short, ended])[0].start == BEGINS


def test_a_rule_of_record_doors_is_read_for_one_point_or_for_all() -> None:
    policies = loaded(
        [rule(allow=BOOKED, during=BOOKED, doors={"booking": "hall.door"})], [MORNING, EVENING]
    )
    (only,) = policies.derived(compiled).rules.values()
    reading = Reading(KARI, SPAN, policies.records)
    assert reading.read(only, NORTH).surely == local(("10:00", "12:00"))
    assert reading.read(only, SOUTH).surely == local(("18:00", "20:00"))
    assert reading.read(only, None).surely == local(("10:00", "12:00"), ("18:00", "20:00"))


def test_where_a_rule_applies_is_told_for_the_records_of_that_door_alone() -> None:
    policies = loaded(
        [
            rule(allow="anyone", during=BOOKED, doors={"booking": "hall.door"}),
            rule(allow="anyone", during=BOOKED, doors="door:town/side"),
        ],
        [MORNING, EVENING],
    )
    of_doors, written_doors = policies.derived(compiled).rules.values()
    for ready, point, names in (
        (of_doors, NORTH, ["r1"]),
        (of_doors, SOUTH, ["r2"]),
        (written_doors, SIDE, ["r1", "r2"]),
    ):
        told = times_at(ready, point, SPAN, policies.records)
        assert [record.id for record, _ in told if record is not None] == names


def test_where_a_rule_applies_is_never_sure_of_records_that_were_not_read() -> None:
    policies = loaded([rule(allow="anyone", during=BOOKED)], [], ("booking",))
    (only,) = policies.derived(compiled).rules.values()
    assert list(times_at(only, NORTH, SPAN, policies.records)) == [(None, Telling(NEVER, (SPAN,)))]
    assert Reading(KARI, SPAN, policies.records).read(only, NORTH) == Telling(NEVER, (SPAN,))


def test_a_decision_at_a_door_of_records_speaks_of_the_records_of_that_door() -> None:
    own_doors = {"doors": {"booking": "hall.door"}, "during": BOOKED}
    noon = instant("2026-10-14T09:00")  # 11:00 by the clock of Oslo, in the booking of the north
    switched = {"active": {"switch": "lockdown/town"}}
    policies = loaded(
        [
            rule(allow=BOOKED, **own_doors),
            rule(unlock="anyone", **own_doors),
            rule(deny="anyone", **own_doors, **switched),
            rule(allow="anyone", until="2026-10-14T13:00"),
        ],
        [MORNING, {**EVENING, "start": "2026-10-14T20:00", "end": "2026-10-14T21:00"}],
    )
    north, south = (decide(policies, KARI, point, Action.OPEN, noon) for point in (NORTH, SOUTH))
    assert (north.rule, north.stands_unlocked) == ("rule-1", True)
    assert [each.rule.id for each in north.subject_to] == ["rule-3"]
    assert north.windows == (Window(noon, local(("12:00", "13:00"))[0].end),)
    assert (south.rule, south.stands_unlocked) == ("rule-4", False)
    assert [each.rule.id for each in south.subject_to] == ["rule-3"]
    assert south.windows == (*north.windows, *local(("20:00", "21:00")))


def test_doors_of_records_are_opened_and_closed_in_the_hours_of_their_own() -> None:
    own_doors = {"doors": {"booking": "hall.door"}, "during": BOOKED}
    opening, closing = rule(allow=BOOKED, **own_doors), rule(deny="anyone", **own_doors)
    morning, evening = local(("10:00", "12:00")), local(("18:00", "20:00"))
    policies = loaded([opening], [MORNING, EVENING])
    assert granted_everywhere(policies, KARI, Action.OPEN, SPAN) == {
        morning: [NORTH],
        evening: [SOUTH],
    }
    shut = [rule(allow="anyone"), closing]
    assert granted(shut, [MORNING, EVENING]) == difference((SPAN,), morning)
    assert granted(shut, [MORNING, EVENING], point=SOUTH) == difference((SPAN,), evening)


def test_a_switch_of_record_doors_is_named_where_a_record_of_that_door_is() -> None:
    switched = {"active": {"switch": "lockdown/town"}, "doors": {"booking": "hall.door"}}
    policies = loaded(
        [
            rule(allow="anyone", until="2026-10-14T13:00"),
            rule(deny="anyone", during=BOOKED, **switched),
        ],
        [MORNING, EVENING],
    )
    named = [
        decide(policies, KARI, point, Action.OPEN, BEGINS).subject_to for point in (NORTH, SOUTH)
    ]
    assert [len(each) for each in named] == [1, 0]


def test_what_is_unknown_of_a_person_never_opens_a_record_and_always_denies_in_its_time() -> None:
    doubtful = subject({"unknown": ["member"]})
    members = {"all": [BOOKED, {"member": "gym"}]}
    assert granted([rule(allow=members, during=BOOKED)], [MORNING], doubtful) == ()
    denied = [rule(allow="anyone"), rule(deny=members, during=BOOKED)]
    assert granted(denied, [MORNING], doubtful) == difference((SPAN,), local(("10:00", "12:00")))


def test_what_is_sure_of_one_record_stays_sure_beside_one_in_doubt() -> None:
    doubtful = subject({"unknown": ["member"]})
    holder_or_member = {
        "any": [{"booking": "hall", "as": ["holder"]}, {"all": [BOOKED, {"member": "gym"}]}]
    }
    rules = [rule(allow=holder_or_member, during=BOOKED)]
    # holder of the morning, invited to the evening
    assert granted(rules, [MORNING, EVENING], doubtful) == local(("10:00", "12:00"))


def test_a_rule_that_ends_where_the_span_begins_says_nothing_of_it() -> None:
    policies = loaded([rule(allow="anyone", until="2026-10-14T02:00")], [])
    assert granted_windows(policies, KARI, NORTH, Action.OPEN, SPAN) == ()


def test_a_birthday_within_a_record_is_one_of_the_documents_zone() -> None:
    child = subject({"born": "2008-10-15"})
    night = booking(1, "2026-10-14T20:00", "2026-10-15T02:00")
    rules = [rule(allow={"all": [BOOKED, {"age": "18+"}]}, during=BOOKED)]
    assert granted(rules, [night], child) == local(("24:00", "26:00"))


def test_a_record_beyond_the_span_opens_the_part_of_its_early_that_lies_in_it() -> None:
    policies = loaded(
        [rule(allow=BOOKED, during={"booking": "hall", "early": "2h", "late": "2h"})], [MORNING]
    )
    for span, opened in ((("06:00", "09:00"), ("08:00", "09:00")),
                         (("13:00", "16:00"), ("13:00", "14:00"))):  # fmt: skip
        (within,) = local(span)
        assert granted_windows(policies, KARI, NORTH, Action.OPEN, within) == local(opened)


def test_each_rule_is_read_once_and_kept_and_equal_hours_are_told_once() -> None:
    policies = loaded(
        [
            rule(allow="anyone", during="c.open"),
            rule(unlock="anyone", during="c.open"),
            rule(allow=BOOKED, during=BOOKED, doors={"booking": "hall.door"}),
            rule(allow={"age": "18+"}, during="c.open"),
        ],
        [MORNING],
    )
    hours, same_hours, of_record, of_age = policies.derived(compiled).rules.values()
    reading = Reading(KARI, SPAN, policies.records)
    assert reading.read(hours, NORTH) is reading.read(hours, SIDE)
    assert reading.read(hours, NORTH) is reading.read(same_hours, NORTH)
    assert reading.read(hours, NORTH).is_known()
    assert reading.read(of_record, NORTH) is reading.read(of_record, NORTH)
    assert reading.read(of_age, NORTH) is reading.read(of_age, SIDE)


def test_a_rule_allows_the_actions_it_names_and_a_deny_allows_none() -> None:
    policies = loaded([rule(allow="anyone", with_={"actions": ["light"]}), rule(deny="anyone")], [])
    light, denying = policies.documents[0].rules
    assert [is_allowing(light, action) for action in (Action.LIGHT, Action.OPEN)] == [True, False]
    assert not any(is_allowing(denying, action) for action in Action)


@often(150)
@given(drawn.conditions, drawn.people, instants(), zones)
def test_a_condition_told_within_a_span_is_the_whole_telling_clipped(
    condition: Doc, written_person: Doc, at: Instant, zone: str
) -> None:
    person = subject(written_person)
    span = Window(Instant(at - DAY), Instant(at + DAY))
    doc = {**written.document(rule(allow=condition)), "time_zone": zone}
    (only,) = written.policies(doc).documents[0].rules
    whole = tell(only.who, Person(person, EVER), only.zone)
    told = tell(only.who, Person(person, span), only.zone)
    assert clip(told.surely, span) == clip(whole.surely, span)
    assert clip(told.possibly, span) == clip(whole.possibly, span)
    if needed_kind(only.who) not in {None, *Person(person, span).may_hold}:
        assert whole == HOLDS_NEVER
