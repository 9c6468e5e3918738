"""Doors that stand unlocked: by windows alone, and with circumstances."""

import pytest

from policies.circumstances import Circumstances, Opened
from policies.engine import decide
from policies.grant import Window
from policies.granting import grant_for
from policies.model import PolicySet, Subject
from policies.unlocking import unlocked_windows
from policies.vocabulary import AccessPointNumber, Action, FacilityId
from policies.windows import Windows
from tests.policies import written
from tests.policies.written import NORTH, SIDE, SOUTH, Doc, fact, instant, rule, subject

SPAN = Window(instant("2026-10-14T00:00"), instant("2026-10-16T00:00"))
CALENDARS = {"c": {"holidays": "closed", "open": {"wed": "10:00-18:00", "thu": "10:00-18:00"}}}
WEDNESDAY, THURSDAY = (
    Window(instant(f"{day}T08:00"), instant(f"{day}T16:00")) for day in ("2026-10-14", "2026-10-15")
)
OPEN_HOURS = rule(unlock="anyone", during="c.open")
WAITING = rule(unlock={"after": {"role": "staff"}}, during="c.open")
STAFF = subject({"facts": [fact("role", "staff")]})
KARI = subject({})


def loaded(*rules: Doc, book: Doc | None = None) -> PolicySet:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    return written.policies(written.document(*numbered, calendars=CALENDARS), book=book)


def unlocked(
    *rules: Doc,
    circumstances: Circumstances | None = None,
    point: AccessPointNumber = NORTH,
    book: Doc | None = None,
) -> Windows:
    return unlocked_windows(loaded(*rules, book=book), point, SPAN, circumstances)


def opened(*openings: tuple[str, Subject]) -> Circumstances:
    return Circumstances(opened={NORTH: tuple(Opened(who, instant(at)) for at, who in openings)})


def test_a_door_stands_unlocked_in_the_windows_of_its_unlock_rules() -> None:
    assert unlocked(OPEN_HOURS) == (WEDNESDAY, THURSDAY)
    assert unlocked(OPEN_HOURS, rule(unlock="anyone", from_="2026-10-16")) == (
        WEDNESDAY, THURSDAY, Window(instant("2026-10-15T22:00"), SPAN.end),
    )  # fmt: skip
    assert unlocked(rule(allow="anyone")) == ()
    assert unlocked({**OPEN_HOURS, "doors": "door:town/side"}) == ()


def test_only_a_deny_of_anyone_ends_it_whoever_it_excepts() -> None:
    thursday = {"from_": "2026-10-15"}
    assert unlocked(OPEN_HOURS, rule(deny="anyone", **thursday)) == (WEDNESDAY,)
    spared = rule(deny="anyone", except_={"role": "staff"}, **thursday)
    assert unlocked(OPEN_HOURS, spared) == (WEDNESDAY,)
    for personal in ({"list": "excluded"}, {"age": "0-99"}):
        assert unlocked(OPEN_HOURS, rule(deny=personal)) == (WEDNESDAY, THURSDAY)


LAPSED = {"days": {"breaks": {"covers": "2026-08-01..2026-10-14", "on": ["2026-10-13"]}}}


def test_hours_nobody_knows_unlock_nothing_and_lock_what_they_may() -> None:
    calendars = {
        "c": {**CALENDARS["c"], "seasons": [{"days": "breaks", "open": "closed"}]},
        "d": CALENDARS["c"],
    }
    rules = [{**OPEN_HOURS, "id": "a"}]
    unsure = written.policies(written.document(*rules, **LAPSED, calendars=calendars))
    assert unlocked_windows(unsure, NORTH, SPAN) == (WEDNESDAY,)
    rules = [rule(unlock="anyone", during="d.open", id="a"), rule(deny="anyone", during="c.open")]
    locked = written.policies(written.document(*rules, **LAPSED, calendars=calendars))
    assert unlocked_windows(locked, NORTH, SPAN) == ()


def test_windows_alone_hold_neither_switch_nor_after() -> None:
    switched = rule(deny="anyone", active={"switch": "lockdown/town"})
    assert unlocked(WAITING, switched) == (WEDNESDAY, THURSDAY)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"lockdown/town": False}, (WEDNESDAY, THURSDAY)),
        ({"lockdown/town": True}, (WEDNESDAY,)),
        ({}, (WEDNESDAY,)),
    ],
)
def test_a_switch_that_is_on_or_was_not_read_ends_it(
    switches: dict[str, bool], expected: Windows
) -> None:
    switched = rule(deny="anyone", active={"switch": "lockdown/town"}, from_="2026-10-15",
                    except_={"role": "staff"})  # fmt: skip
    assert unlocked(OPEN_HOURS, switched, circumstances=Circumstances(switches)) == expected


def test_after_waits_in_each_window_for_somebody_who_meets_it() -> None:
    assert unlocked(WAITING, circumstances=Circumstances()) == ()
    assert unlocked(WAITING, circumstances=Circumstances(opened=None)) == (WEDNESDAY, THURSDAY)
    at_nine = opened(("2026-10-14T09:00", STAFF))
    assert unlocked(WAITING, circumstances=at_nine) == (
        Window(instant("2026-10-14T09:00"), WEDNESDAY.end),
    )
    assert unlocked(WAITING, circumstances=at_nine, point=SOUTH) == ()
    both = opened(
        ("2026-10-15T15:59", STAFF), ("2026-10-14T12:00", STAFF), ("2026-10-14T10:00", KARI)
    )
    assert unlocked(WAITING, circumstances=both) == (
        Window(instant("2026-10-14T12:00"), WEDNESDAY.end),
        Window(instant("2026-10-15T15:59"), THURSDAY.end),
    )


def test_an_opening_before_its_window_or_at_its_end_counts_for_nothing() -> None:
    for at in ("2026-10-14T07:59:59Z", "2026-10-14T16:00"):
        assert unlocked(WAITING, circumstances=opened((at, STAFF))) == ()
    first = opened(("2026-10-14T08:00", STAFF))
    assert unlocked(WAITING, circumstances=first) == (WEDNESDAY,)


def test_an_opening_before_the_span_in_a_window_that_still_runs_counts() -> None:
    later = Window(instant("2026-10-14T12:00"), SPAN.end)
    policies = loaded(WAITING)
    assert unlocked_windows(policies, NORTH, later, opened(("2026-10-14T09:00", STAFF))) == (
        Window(later.start, WEDNESDAY.end),
    )


def booked(*points: str) -> Doc:
    record = {"id": "one", "kind": "booking", "name": "hall", "people": [],
              "access_points": list(points), "start": "2026-10-14T12:00",
              "end": "2026-10-14T13:00"}  # fmt: skip
    return {"records": [record], "unread": []}


def test_a_booking_unlocks_and_locks_in_its_own_time_at_its_own_doors() -> None:
    hour = Window(instant("2026-10-14T10:00"), instant("2026-10-14T11:00"))
    at_its_doors = {"doors": {"booking": "hall.door"}, "during": {"booking": "hall"}}
    book = booked("town/hall/north")
    assert unlocked(rule(unlock="anyone", **at_its_doors), book=book) == (hour,)
    assert unlocked(rule(unlock="anyone", **at_its_doors), book=book, point=SIDE) == ()
    private = rule(deny="anyone", during={"booking": "hall"}, except_={"booking": "hall"})
    assert unlocked(OPEN_HOURS, private, book=book) == (
        Window(WEDNESDAY.start, hour.start), Window(hour.end, WEDNESDAY.end), THURSDAY,
    )  # fmt: skip


def test_a_register_of_bookings_that_was_not_read_unlocks_nothing_and_locks() -> None:
    unread: Doc = {"records": [], "unread": ["booking"]}
    during = {"booking": "hall"}
    assert unlocked(rule(unlock="anyone", during=during), book=unread) == ()
    assert unlocked(OPEN_HOURS, rule(deny="anyone", during=during), book=unread) == ()


def test_unlocking_is_no_part_of_a_grant() -> None:
    policies, at = loaded(OPEN_HOURS), instant("2026-10-14T09:00")
    assert decide(policies, KARI, NORTH, Action.OPEN, at).stands_unlocked
    result = grant_for(policies, KARI, FacilityId("town"), Window(at, SPAN.end))
    assert (result.grant, result.on_the_way) == (None, ())


def test_an_unknown_access_point_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="expected a known access point, got 99"):
        unlocked(OPEN_HOURS, point=AccessPointNumber(99))
