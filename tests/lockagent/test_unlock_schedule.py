"""An unlock schedule asks for no less than a credential does."""

from dataclasses import replace

import pytest

from lockagent.clock import Reading
from lockagent.protocol.trust import FULL_POLICY_SECONDS, TrustState
from lockagent.unlock_schedule import stands_unlocked
from policies.grant import Window
from policies.vocabulary import Instant
from tests import town
from tests.lockagent.cabinet import point_settings

HOUR = (Window(Instant(town.NOW - 1800), Instant(town.NOW + 1800)),)
ORDINARY = point_settings(HOUR)
SENSITIVE = replace(ORDINARY, sensitive=True)
NOW = Reading(Instant(town.NOW - 2), town.NOW)


def aged(seconds: int) -> TrustState:
    """A trust state whose bundle was issued so long ago."""
    issued, expires = Instant(town.NOW - seconds), Instant(town.NOW + town.DAY)
    return town.trust(replace(town.bundle(), issued=issued, expires=expires))


def wide(seconds: int) -> Reading:
    """A clock that knows the time to so many seconds."""
    return Reading(Instant(town.NOW - seconds), town.NOW)


def test_a_door_stands_unlocked_from_start_to_end_by_hi() -> None:
    start, end = HOUR[0]
    for at, expected in ((start - 1, False), (start, True), (end - 1, True), (end, False)):
        reading = Reading(Instant(at - 5), Instant(at))
        assert stands_unlocked(ORDINARY, town.trust(), reading) is expected


@pytest.mark.parametrize(
    ("seconds", "ordinary", "sensitive"),
    [(60, True, True), (61, True, False), (600, True, False), (601, False, False)],
)
def test_A22_the_clock_is_as_narrow_as_for_a_credential(
    seconds: int, ordinary: bool, sensitive: bool
) -> None:
    assert stands_unlocked(ORDINARY, town.trust(), wide(seconds)) is ordinary
    assert stands_unlocked(SENSITIVE, town.trust(), wide(seconds)) is sensitive


def test_a_sensitive_door_does_not_stand_unlocked_on_degraded_trust() -> None:
    degraded = aged(FULL_POLICY_SECONDS)
    assert stands_unlocked(ORDINARY, degraded, NOW)
    assert not stands_unlocked(SENSITIVE, degraded, NOW)
    assert stands_unlocked(SENSITIVE, aged(FULL_POLICY_SECONDS - 1), NOW)


def test_nothing_stands_unlocked_on_what_is_not_known() -> None:
    expired = town.trust(replace(town.bundle(), expires=town.NOW, issued=Instant(town.NOW - 9)))
    locked_down = town.trust(replace(town.bundle(), lockdown=True))
    assert not stands_unlocked(None, town.trust(), NOW)
    assert not stands_unlocked(ORDINARY, town.trust(), Reading(town.NOW, None))
    assert not stands_unlocked(ORDINARY, expired, NOW)
    assert not stands_unlocked(ORDINARY, locked_down, NOW)
