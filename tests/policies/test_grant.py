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


@pytest.mark.parametrize(
    ("points", "windows", "flags"),
    [
        ((), (MORNING,), 1),
        ((1,), (), 1),
        ((0,), (MORNING,), 1),
        ((2**32,), (MORNING,), 1),
        ((2, 1), (MORNING,), 1),
        ((1, 1), (MORNING,), 1),
        ((1,), (EVENING, MORNING), 1),
        ((1,), (Window(Instant(5), Instant(5)),), 1),
        ((1,), (MORNING, Window(MORNING.end, Instant(250))), 1),
        ((1,), (MORNING,), 0),
        ((1,), (MORNING,), 128),
    ],
)
def test_what_the_wire_refuses_is_no_entry(
    points: tuple[int, ...], windows: tuple[Window, ...], flags: int
) -> None:
    with pytest.raises(ValueError, match="expected"):
        GrantEntry(tuple(map(AccessPointNumber, points)), windows, GrantFlags(flags))
