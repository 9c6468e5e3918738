"""What windows do not hold: periods, switches, visits and who has opened."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from policies.circumstances import Circumstances, Opened, RuleName, period_of
from policies.grant import Window
from policies.granting import GrantResult, grant_for
from policies.manner import Period
from policies.model import Subject
from policies.vocabulary import AccessPointNumber, FacilityId, Instant, PersonId, RuleId
from policies.windows import Windows, clip
from tests.policies import written
from tests.policies.written import NORTH, SIDE, Doc, fact, instant, rule, subject

OSLO = ZoneInfo("Europe/Oslo")
TOWN = FacilityId("town")
NOW = instant("2026-10-14T17:00")  # 19:00 by the clock of Oslo
QUARTER = (Window(NOW, Instant(NOW + 900)),)
CALENDARS = {
    "c": {"holidays": "closed", "open": {"mon-fri": ["08:00-12:00", "18:00-22:00"]}},
}
KARI = subject({"facts": [fact("member", "gym")]})
STAFF = subject({"facts": [fact("role", "staff")]})
LIMITED = rule(allow="anyone", limits={"visits": "2 per day", "offline": "refuse"})
WAITING = rule(allow="anyone", during="c.open", with_={"after": {"role": "staff"}})


def asked(
    rules: list[Doc],
    circumstances: Circumstances | None,
    person: Subject = KARI,
    at: Instant = NOW,
    book: Doc | None = None,
    **more: Any,
) -> GrantResult:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    policies = written.policies(written.document(*numbered, calendars=CALENDARS), book=book)
    span = Window(at, Instant(at + 86_400))
    more = {"access_point": NORTH, **more}
    return grant_for(policies, person, TOWN, span, circumstances=circumstances, **more)


def windows(result: GrantResult, point: AccessPointNumber = NORTH) -> Windows:
    if result.grant is None:
        return ()
    return tuple(w for entry in result.grant.entries_of(point) for w in entry.windows)


def since(opened: str, person: Subject = STAFF, point: AccessPointNumber = NORTH) -> Circumstances:
    return Circumstances(opened={point: (Opened(person, instant(opened)),)})


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.DAY, "2026-10-24T22:00", "2026-10-25T23:00"),
        (Period.WEEK, "2026-10-18T22:00", "2026-10-25T23:00"),
        (Period.MONTH, "2026-09-30T22:00", "2026-10-31T23:00"),
        (Period.YEAR, "2025-12-31T23:00", "2026-12-31T23:00"),
    ],
)
def test_a_period_is_a_civil_one_of_the_rules_zone(period: Period, start: str, end: str) -> None:
    expected = Window(instant(start), instant(end))
    for within in (expected.start, instant("2026-10-25T12:00"), Instant(expected.end - 1)):
        assert period_of(period, within, OSLO) == expected
    assert period_of(period, expected.end, OSLO).start == expected.end


@pytest.mark.parametrize("day", ["2026-12-31", "2028-02-29", "2027-01-31"])
def test_periods_follow_each_other_without_a_gap_over_short_months_and_new_year(day: str) -> None:
    for period in Period:
        here = period_of(period, instant(f"{day}T12:00"), OSLO)
        following = period_of(period, here.end, OSLO)
        assert (here.end, following.start < following.end) == (following.start, True)


SWITCHED = rule(deny="anyone", active={"switch": "lockdown/town"}, except_={"role": "staff"})


@pytest.mark.parametrize("switches", [{"lockdown/town": True}, {}])
def test_a_switch_that_is_on_or_was_not_read_has_its_deny_take(switches: dict[str, bool]) -> None:
    rules = [rule(allow="anyone"), SWITCHED]
    closed = Circumstances(switches)
    assert windows(asked(rules, closed)) == ()
    assert windows(asked(rules, closed, access_point=None)) == ()
    assert windows(asked(rules, closed, STAFF)) == QUARTER
    doubtful = subject({"facts": [fact("role", "staff")], "unknown": ["role"]})
    assert windows(asked(rules, closed, doubtful)) == ()


def test_a_switch_that_is_off_or_not_asked_about_takes_nothing() -> None:
    rules = [rule(allow="anyone"), SWITCHED]
    assert windows(asked(rules, Circumstances({"lockdown/town": False}))) == QUARTER
    assert windows(asked(rules, None)) == QUARTER


def test_a_switch_takes_only_while_its_own_hours_hold() -> None:
    morning = {**SWITCHED, "from": "2026-10-14T19:05"}
    assert windows(asked([rule(allow="anyone"), morning], Circumstances())) == (
        Window(NOW, Instant(NOW + 300)),
    )


def visits(count: int, rule_id: str = "rule-1") -> Circumstances:
    return Circumstances(visits={RuleName("building:town", RuleId(rule_id)): count})


def test_limits_give_until_they_are_reached() -> None:
    for count, expected in ((0, QUARTER), (1, QUARTER), (2, ()), (3, ())):
        assert windows(asked([LIMITED], visits(count))) == expected
    assert windows(asked([LIMITED], Circumstances())) == QUARTER
    assert windows(asked([LIMITED], visits(2, "rule-2"))) == QUARTER


def test_a_grant_names_the_limited_rules_it_rests_on() -> None:
    def names(rules: list[Doc], circumstances: Circumstances) -> list[str]:
        return [each.name.rule for each in asked(rules, circumstances).limited]

    assert names([LIMITED], visits(1)) == ["rule-1"]
    assert names([LIMITED, rule(allow={"member": "gym"})], visits(1)) == []
    briefly = rule(allow={"member": "gym"}, until="2026-10-14T19:05")
    assert names([LIMITED, briefly, LIMITED], visits(1)) == ["rule-1"]
    assert names([LIMITED, LIMITED], visits(2)) == ["rule-2"]
    assert names([LIMITED, rule(deny="anyone")], visits(1)) == []


def test_what_is_subject_to_something_is_left_out_of_background_grants_and_named() -> None:
    for reserved in (LIMITED, WAITING, rule(allow="anyone", with_={"two-people": "30s"})):
        result = asked([reserved], Circumstances(), access_point=None)
        assert (result.grant, result.on_the_way, result.limited) == (None, (1, 2, 3, 4), ())
    beside = asked(
        [{**LIMITED, "doors": "door:town/side"}, rule(allow="anyone", doors="zone:town/hall")],
        None, access_point=None,
    )  # fmt: skip
    assert beside.on_the_way == (SIDE,)
    assert windows(beside, SIDE) == ()
    assert windows(beside, NORTH)


def test_a_point_is_named_only_where_more_than_is_held_may_be_asked_for() -> None:
    assert asked([LIMITED, rule(allow="anyone", doors="zone:town/hall")], None,
                 access_point=None).on_the_way == (3, 4)  # fmt: skip
    assert asked([LIMITED], visits(2), access_point=None).on_the_way == ()
    assert asked([LIMITED, rule(deny="anyone")], None, access_point=None).on_the_way == ()


def test_after_waits_until_somebody_who_meets_it_has_opened_there_in_the_window() -> None:
    assert windows(asked([WAITING], Circumstances())) == ()
    assert windows(asked([WAITING], since("2026-10-14T16:30"))) == QUARTER
    for unmet in (
        since("2026-10-14T16:30", KARI),
        since("2026-10-14T16:30", point=SIDE),
        since("2026-10-14T07:00"),  # in the window of the morning
        since("2026-10-14T15:59:59Z"),  # a second too early
        since("2026-10-13T16:30"),
    ):
        assert windows(asked([WAITING], unmet)) == ()
    assert windows(asked([WAITING], Circumstances(opened=None))) == QUARTER


def test_after_is_met_by_what_the_opener_was_when_they_opened() -> None:
    until_18 = subject({"facts": [fact("role", "staff", until="2026-10-14T18:30")]})
    assert windows(asked([WAITING], since("2026-10-14T16:29", until_18))) == QUARTER
    assert windows(asked([WAITING], since("2026-10-14T16:30", until_18))) == ()
    doubtful = subject({"unknown": ["role"]})
    assert windows(asked([WAITING], since("2026-10-14T16:30", doubtful))) == ()


def booked(start: str = "2026-10-14T19:00") -> Doc:
    people = [{"person": "kari", "as": "invited"}, {"person": "ola", "as": "holder"}]
    first = {"id": "one", "kind": "booking", "name": "hall", "people": people,
             "access_points": ["town/hall/north"], "start": start,
             "end": "2026-10-14T21:00"}  # fmt: skip
    return {"records": [first], "unread": []}


TEAM = [
    rule(
        allow={"booking": "hall", "as": ["invited"]},
        during={"booking": "hall", "early": "5m"},
        with_={"after": {"role": "staff"}},
    ),
    rule(allow={"role": "staff"}, during={"booking": "hall", "early": "15m"}),
]


def test_of_a_record_an_opening_counts_from_the_greatest_early_of_the_document() -> None:
    book, five_to_seven = booked(), instant("2026-10-14T16:55")
    for opened, expected in (
        ("2026-10-14T16:44:59Z", ()),
        ("2026-10-14T16:45", QUARTER),
        ("2026-10-14T16:55", QUARTER),
    ):
        granted = windows(asked(TEAM, since(opened), book=book))
        assert granted == expected, opened
    early = asked(TEAM, since("2026-10-14T16:45"), at=Instant(five_to_seven - 60), book=book)
    assert clip(windows(early), Window(Instant(0), five_to_seven)) == ()
    assert windows(early)[0].start == five_to_seven


def test_of_two_records_an_opening_counts_for_its_own() -> None:
    book = booked()
    earlier = {**book["records"][0], "id": "zero", "start": "2026-10-14T16:00",
               "end": "2026-10-14T18:00"}  # fmt: skip
    both = {"records": [earlier, *book["records"]], "unread": []}
    assert windows(asked(TEAM, since("2026-10-14T14:30"), book=both)) == ()


def test_after_may_ask_for_a_part_in_the_same_record() -> None:
    pupils = [rule(allow={"booking": "hall", "as": ["invited"]}, during={"booking": "hall"},
                   with_={"after": {"booking": "hall", "as": ["holder"]}})]  # fmt: skip
    holder = replace(subject({}), id=PersonId("ola"))
    assert windows(asked(pupils, since("2026-10-14T17:00", holder), book=booked())) == QUARTER
    assert windows(asked(pupils, since("2026-10-14T17:00", KARI), book=booked())) == ()
