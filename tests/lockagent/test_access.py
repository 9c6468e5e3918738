"""Steps 13 to 16: what a verified presentation comes to, and that the journal is first."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lockagent.access import ATTEMPT_SECONDS, Denied, DoorMode, Granted, conclusion
from lockagent.denials import MOST_IN_ALL
from lockagent.door import Locked, Released
from lockagent.exchange import Opening
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.errors import CoarseReason, DenialReason, VerificationError
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.verification import VerifiedPresentation
from policies.grant import GrantFlags
from policies.vocabulary import Action, Instant
from tests import town
from tests.lockagent.cabinet import ENTRANCE, Cabinet, point_settings, signed_bundle

MODE = DoorMode(is_locked_down=False, was_button_pressed=False, settings=point_settings())


def presented(
    flags: GrantFlags = GrantFlags.OPEN, action: Action = Action.OPEN, longer: bool = False
) -> VerifiedPresentation:
    """The town's phone at the main entrance, after steps 1 to 12."""
    verdict = town.Town.ordinary().presented().judged().verdict
    if not isinstance(verdict, VerifiedPresentation):
        raise AssertionError(f"expected a verified presentation, got {verdict}")
    request = replace(verdict.request, action=action, longer_strike=longer)
    return replace(verdict, flags=flags, request=request)


@pytest.mark.parametrize(
    ("flags", "longer", "seconds"),
    [
        (GrantFlags.OPEN, False, 4),
        (GrantFlags.OPEN, True, 12),
        (GrantFlags.OPEN | GrantFlags.LONGER_STRIKE, False, 12),
    ],
)
def test_D6_a_longer_strike_is_for_whoever_asks_or_needs_it(
    flags: GrantFlags, longer: bool, seconds: int
) -> None:
    assert conclusion(presented(flags, longer=longer), MODE) == Granted(seconds)


def test_before_any_settings_the_strike_has_its_own_time() -> None:
    mode = replace(MODE, settings=None)
    assert conclusion(presented(), mode) == Granted(5)
    assert conclusion(presented(longer=True), mode) == Granted(15)


def test_in_lockdown_only_the_exempt_open() -> None:
    mode = replace(MODE, is_locked_down=True)
    assert conclusion(presented(), mode) == Denied(
        DenialReason.THREAT_LEVEL, CoarseReason.DOOR_MODE
    )
    exempt = GrantFlags.OPEN | GrantFlags.LOCKDOWN_EXEMPT
    assert conclusion(presented(exempt), mode) == Granted(4)


def test_a_grant_that_needs_presence_needs_the_button() -> None:
    needs = presented(GrantFlags.OPEN | GrantFlags.NEEDS_PRESENCE)
    assert isinstance(conclusion(needs, MODE), Denied)
    assert conclusion(needs, replace(MODE, was_button_pressed=True)) == Granted(4)


@pytest.mark.parametrize("action", [Action.HOLD_OPEN, Action.LOCK, Action.LIGHT])
def test_what_the_door_cannot_do_is_refused_as_such(action: Action) -> None:
    assert conclusion(presented(action=action), MODE) == Denied(
        DenialReason.OUT_OF_SERVICE, CoarseReason.DOOR_CANNOT
    )


async def test_a_grant_is_journalled_then_the_strike_moves(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    opening = cabinet.access.conclude(presented())
    assert opening == Opening(True, 4, CoarseReason.NONE, None)
    assert cabinet.door.is_released
    entry = cabinet.entries()[-1]
    assert (entry.kind, entry.point, entry.cti) == (
        EventKind.ACCESS_GRANTED,
        town.MAIN,
        b"cti-0001",
    )
    assert entry.trust_version == TrustVersion(1, 1)
    assert entry.details["revision"] == 17
    assert entry.details["attempt"] == town.ATTEMPT
    facts = dict(cabinet.told.events)["granted"]
    assert facts["access_point"] == ENTRANCE
    assert facts["attempt"] == town.ATTEMPT.hex()
    assert isinstance(facts["strike_monotonic_ns"], int)


async def test_without_a_journal_nothing_opens(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    shutil.rmtree(tmp_path / "journal")
    opening = cabinet.access.conclude(presented())
    assert opening == Opening(False, 0, CoarseReason.DOOR_CANNOT, None)
    assert not cabinet.door.is_released
    assert cabinet.recorder.has_fault
    cabinet.door.press_exit()
    assert cabinet.door.is_released, "the way out is never affected"


async def test_B16_a_retry_has_the_same_answer_and_one_pulse(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    first = cabinet.access.conclude(presented())
    cabinet.door.secure()
    again = cabinet.access.conclude(presented())
    assert again == first
    assert not cabinet.door.is_released, "a retry must not pulse the strike again"
    assert cabinet.kinds().count(EventKind.ACCESS_GRANTED) == 1


async def test_B16_after_thirty_seconds_a_retry_is_decided_anew(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.access.conclude(presented())
    cabinet.clock.pass_time(ATTEMPT_SECONDS - 0.1)
    cabinet.access.conclude(presented())
    assert cabinet.kinds().count(EventKind.ACCESS_GRANTED) == 1
    cabinet.clock.pass_time(0.1)
    cabinet.access.conclude(presented())
    assert cabinet.kinds().count(EventKind.ACCESS_GRANTED) == 2


async def test_B16_another_attempt_is_another_pulse(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    first = presented()
    cabinet.access.conclude(first)
    other = replace(first, request=replace(first.request, attempt=b"another!"))
    cabinet.access.conclude(other)
    assert cabinet.kinds().count(EventKind.ACCESS_GRANTED) == 2


async def test_lockdown_is_read_again_not_from_the_snapshot(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    before = presented()
    cabinet.beliefs.take_bundle(signed_bundle(version=TrustVersion(1, 2), lockdown=True))
    opening = cabinet.access.conclude(before)
    assert opening.coarse is CoarseReason.DOOR_MODE
    assert cabinet.entries()[-1].reason is DenialReason.THREAT_LEVEL


async def test_a_denial_of_a_later_step_is_journalled_with_its_precise_reason(
    tmp_path: Path,
) -> None:
    cabinet = Cabinet.at(tmp_path)
    refusal = VerificationError(
        12, DenialReason.OUT_OF_TIME_RANGE, CoarseReason.NOT_NOW, "expected a window"
    )
    opening = cabinet.access.refuse(refusal, b"cti-0001", Instant(town.NOW + 60))
    assert opening == Opening(False, 0, CoarseReason.NOT_NOW, Instant(town.NOW + 60))
    entry = cabinet.entries()[-1]
    assert (entry.kind, entry.reason) == (
        EventKind.ACCESS_DENIED,
        DenialReason.OUT_OF_TIME_RANGE,
    )
    assert ("denied", {"access_point": ENTRANCE, "reason": "OUT_OF_TIME_RANGE"}) in (
        cabinet.told.events
    )


def refused(cabinet: Cabinet, cti: bytes, reason: DenialReason, times: int = 1) -> None:
    """Denials of step 12."""
    for _ in range(times):
        refusal = VerificationError(12, reason, CoarseReason.NOT_NOW, "expected a window")
        opening = cabinet.access.refuse(refusal, cti)
        assert opening.coarse is CoarseReason.NOT_NOW, "the phone is told the same every time"


async def test_repeated_denials_are_counted_not_journalled_singly(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    refused(cabinet, b"cti-0001", DenialReason.OUT_OF_TIME_RANGE, 1000)
    refused(cabinet, b"cti-0002", DenialReason.OUT_OF_TIME_RANGE)
    refused(cabinet, b"cti-0001", DenialReason.POINT_NO_ACCESS_RIGHTS)
    assert cabinet.kinds() == [EventKind.ACCESS_DENIED] * 5
    cabinet.access.record_failures()
    cabinet.access.record_failures()
    counted = cabinet.entries()[-1]
    assert counted.kind is EventKind.COUNTED_FAILURES
    assert dict(counted.details) == {"denied": True, "OUT_OF_TIME_RANGE": 997}
    assert len(cabinet.kinds()) == 6
    cabinet.clock.pass_time(60)
    refused(cabinet, b"cti-0001", DenialReason.OUT_OF_TIME_RANGE)
    assert cabinet.kinds()[-1] is EventKind.ACCESS_DENIED


async def test_denials_of_many_credentials_are_bounded_too(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    for number in range(200):
        refused(cabinet, number.to_bytes(8, "big"), DenialReason.CREDENTIAL_DISABLED)
    assert len(cabinet.kinds()) == MOST_IN_ALL
    cabinet.access.record_failures()
    assert cabinet.entries()[-1].details["CREDENTIAL_DISABLED"] == 200 - MOST_IN_ALL


async def test_a_count_of_every_reason_fits_an_entry(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    for reason in DenialReason:
        refused(cabinet, b"cti-0001", reason, 300)
        for _ in range(300):
            cabinet.access.count_failure(reason)
    cabinet.access.record_failures()
    assert [len(entry.details) for entry in cabinet.entries()[-2:]] == [15, 16]


async def test_a_press_of_the_button_serves_one_grant(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.press_presence()
    needs = presented(GrantFlags.OPEN | GrantFlags.NEEDS_PRESENCE)
    plain = replace(presented(), request=replace(needs.request, attempt=b"no press"))
    assert cabinet.access.conclude(plain).granted
    assert cabinet.access.conclude(needs).granted
    other = replace(needs, request=replace(needs.request, attempt=b"another!"))
    assert not cabinet.access.conclude(other).granted
    cabinet.door.press_presence()
    assert cabinet.access.conclude(other).granted


async def test_B16_a_retry_in_a_lockdown_since_has_its_answer_and_no_pulse(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    first = cabinet.access.conclude(presented())
    cabinet.door.secure()
    cabinet.beliefs.take_bundle(signed_bundle(version=TrustVersion(1, 2), lockdown=True))
    assert cabinet.access.conclude(presented()) == first
    assert not cabinet.door.is_released


async def test_failures_before_the_presentation_are_counted_not_journalled_singly(
    tmp_path: Path,
) -> None:
    cabinet = Cabinet.at(tmp_path)
    for _ in range(1000):
        cabinet.access.count_failure(DenialReason.MALFORMED)
    cabinet.access.count_failure(DenialReason.UNKNOWN_ISSUER)
    assert cabinet.entries() == []
    cabinet.access.record_failures()
    cabinet.access.record_failures()
    (entry,) = cabinet.entries()
    assert dict(entry.details) == {"MALFORMED": 1000, "UNKNOWN_ISSUER": 1}


async def test_G01_a_strike_that_does_not_move_is_a_fault_and_no_opening(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.is_stuck = True
    opening = cabinet.access.conclude(presented())
    assert opening.coarse is CoarseReason.DOOR_CANNOT
    assert cabinet.kinds()[-2:] == [EventKind.ACCESS_GRANTED, EventKind.STRIKE_FAILED]
    assert isinstance(cabinet.driver.door, Locked)


async def test_the_outcome_names_the_attempt(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.access.conclude(presented())
    assert isinstance(cabinet.driver.door, Released)
    assert cabinet.door.push()
    entry = cabinet.entries()[-1]
    assert entry.kind is EventKind.ACCESS_TAKEN
    assert entry.details["attempt"] == town.ATTEMPT
