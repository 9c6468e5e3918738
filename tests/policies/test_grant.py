"""The grant that server and door share: what it permits, and what no grant may be."""

import pytest

from policies.grant import Grant, GrantEntry, GrantFlags, Standing, Window
from policies.vocabulary import AccessPointNumber, Action, Instant

ONE, TWO = AccessPointNumber(1), AccessPointNumber(2)
MORNING = Window(Instant(100), Instant(200))
EVENING = Window(Instant(300), Instant(400))
GRANT = Grant(
    (
        GrantEntry((ONE,), (MORNING, EVENING), GrantFlags.OPEN | GrantFlags.LONGER_STRIKE),
        GrantEntry((ONE, TWO), (EVENING,), GrantFlags.LIGHT),
    )
)


@pytest.mark.parametrize(
    ("point", "action", "at", "standing"),
    [
        (1, Action.OPEN, 99, Standing.NO_WINDOW),
        (1, Action.OPEN, 100, Standing.PERMITTED),
        (1, Action.OPEN, 199, Standing.PERMITTED),
        (1, Action.OPEN, 200, Standing.NO_WINDOW),
        (1, Action.LIGHT, 150, Standing.NO_WINDOW),
        (1, Action.LOCK, 150, Standing.NO_ACTION),
        (2, Action.OPEN, 350, Standing.NO_ACTION),
        (2, Action.LIGHT, 350, Standing.PERMITTED),
        (3, Action.OPEN, 150, Standing.NO_POINT),
    ],
)
def test_a_grant_permits_an_action_at_a_point_within_a_half_open_window(
    point: int, action: Action, at: int, standing: Standing
) -> None:
    number, instant = AccessPointNumber(point), Instant(at)
    assert GRANT.standing(number, action, instant)[0] is standing
    assert GRANT.permits(number, action, instant) == (standing is Standing.PERMITTED)


def test_an_empty_grant_permits_nothing() -> None:
    assert not Grant(()).permits(ONE, Action.OPEN, Instant(150))


def test_the_manner_of_opening_comes_with_the_entry_that_permits() -> None:
    assert GRANT.standing(ONE, Action.OPEN, Instant(150))[1] & GrantFlags.LONGER_STRIKE
    assert not GRANT.standing(ONE, Action.LIGHT, Instant(350))[1] & GrantFlags.LONGER_STRIKE


def test_the_next_opening_is_the_next_start_for_that_action() -> None:
    assert GRANT.next_opening(ONE, Action.OPEN, Instant(100)) == 300
    assert GRANT.next_opening(ONE, Action.LIGHT, Instant(100)) == 300
    assert GRANT.next_opening(TWO, Action.OPEN, Instant(100)) is None
    assert GRANT.next_opening(ONE, Action.OPEN, Instant(300)) is None


def test_the_manner_of_all_entries_that_permit_comes_together() -> None:
    grant = Grant(
        (
            GrantEntry((ONE,), (EVENING,), GrantFlags.OPEN | GrantFlags.LONGER_STRIKE),
            GrantEntry((ONE,), (EVENING,), GrantFlags.OPEN | GrantFlags.NEEDS_PRESENCE),
        )
    )
    assert grant.standing(ONE, Action.OPEN, EVENING.start) == (
        Standing.PERMITTED,
        GrantFlags.OPEN | GrantFlags.LONGER_STRIKE | GrantFlags.NEEDS_PRESENCE,
    )


def test_what_is_lacking_is_the_time_where_any_entry_has_the_action() -> None:
    light, opening = (
        GrantEntry((ONE,), (MORNING,), flag) for flag in (GrantFlags.LIGHT, GrantFlags.OPEN)
    )
    for entries in ((light, opening), (opening, light)):
        standing = Grant(entries).standing(ONE, Action.OPEN, EVENING.start)
        assert standing == (Standing.NO_WINDOW, GrantFlags(0))


NO_PART = "expected at least one access point and one window, got none"
OUT_OF_RANGE = "expected access points 1 to 4294967295"
NOT_ASCENDING = "expected ascending access points, got a repeated or falling one"
NO_LENGTH = "expected windows with a length, got one that ends at its start"
MEETING = "expected ascending disjoint windows, got two that meet"


@pytest.mark.parametrize(
    ("points", "windows", "flags", "sentence"),
    [
        ((), (MORNING,), 1, NO_PART),
        ((1,), (), 1, NO_PART),
        ((0,), (MORNING,), 1, OUT_OF_RANGE),
        ((2**32,), (MORNING,), 1, OUT_OF_RANGE),
        ((2, 1), (MORNING,), 1, NOT_ASCENDING),
        ((1, 1), (MORNING,), 1, NOT_ASCENDING),
        ((1,), (EVENING, MORNING), 1, MEETING),
        ((1,), (Window(Instant(5), Instant(5)),), 1, NO_LENGTH),
        ((1,), (Window(Instant(5), Instant(4)),), 1, NO_LENGTH),
        ((1,), (MORNING, Window(MORNING.end, Instant(250))), 1, MEETING),
        ((1,), (MORNING,), 0, "expected flags 1 to 127, got 0"),
        ((1,), (MORNING,), 128, "expected flags 1 to 127, got 128"),
    ],
)
def test_what_the_wire_refuses_is_no_entry_and_the_refusal_says_why(
    points: tuple[int, ...], windows: tuple[Window, ...], flags: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        GrantEntry(tuple(map(AccessPointNumber, points)), windows, GrantFlags(flags))
    assert str(refused.value) == sentence


def test_the_least_and_the_greatest_the_wire_takes_are_an_entry() -> None:
    points = (AccessPointNumber(1), AccessPointNumber(2**32 - 1))
    windows = (Window(Instant(5), Instant(6)), Window(Instant(7), Instant(8)))
    for flags in (GrantFlags(1), GrantFlags(127)):
        assert GrantEntry(points, windows, flags).flags == flags
