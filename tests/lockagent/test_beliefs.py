"""What the controller believes: verified, on the disk first, and never going back."""

from pathlib import Path

import pytest

from lockagent.beliefs import Beliefs
from lockagent.clock import WIDEST_SECONDS, ClockRefused, Reading
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import FacilityId, Instant
from tests import town
from tests.lockagent.cabinet import (
    HandClock,
    make_beliefs,
    signed_bundle,
    signed_settings,
    signed_token,
)

NEXT_BOOT = bytes(15) + b"\x01"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def beliefs(tmp_path: Path, clock: HandClock) -> Beliefs:
    informed = make_beliefs(tmp_path, clock)
    informed.take_bundle(signed_bundle())
    informed.take_time_token(signed_token(informed.time_nonce()))
    informed.take_settings(signed_settings())
    return informed


def test_a_new_controller_believes_its_root_and_no_time(tmp_path: Path, clock: HandClock) -> None:
    fresh = make_beliefs(tmp_path, clock)
    snapshot = fresh.snapshot(town.MAIN)
    assert snapshot.hi is None
    assert snapshot.trust.bundle is None
    assert snapshot.is_sensitive, "without settings the narrower rules hold"
    assert fresh.stamp().trust_version is None


def test_what_was_taken_is_there_after_a_restart(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.trust == beliefs.trust
    assert again.settings == beliefs.settings
    assert again.boot == beliefs.boot + 1
    assert not again.doubts


def test_the_same_boot_goes_on_with_its_clock(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    clock.pass_time(50)
    again = make_beliefs(tmp_path, clock)
    assert again.reading().is_narrow(WIDEST_SECONDS)
    assert again.reading().lo >= town.NOW + 49


def test_a22_after_power_loss_time_has_a_floor_and_no_end(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    clock.pass_time(3600)
    beliefs.persist_clock()
    clock.utc, clock.seconds = 0.0, 3.0  # a battery died: 1970
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.reading().hi is None
    assert again.reading().lo >= town.NOW + 3599


def test_a_trusted_clock_counts_the_power_loss(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    clock.utc, clock.seconds = clock.utc + 600, 3.0
    reading = make_beliefs(tmp_path, clock, NEXT_BOOT, trusts_rtc=True).reading()
    assert reading.hi is not None
    assert reading.lo <= town.NOW + 600 <= reading.hi


def test_a22_an_untrusted_clock_that_jumps_changes_nothing(
    clock: HandClock, beliefs: Beliefs
) -> None:
    before = beliefs.reading()
    clock.utc += 365 * town.DAY
    assert beliefs.reading() == before


def test_a_token_for_no_nonce_of_ours_is_refused(beliefs: Beliefs) -> None:
    with pytest.raises(ClockRefused):
        beliefs.take_time_token(signed_token(bytes(16)))


def test_a_nonce_is_renewed_each_minute_and_answers_stay_good(
    clock: HandClock, beliefs: Beliefs
) -> None:
    nonce = beliefs.time_nonce()
    clock.pass_time(61)
    assert beliefs.time_nonce() != nonce
    assert beliefs.take_time_token(signed_token(nonce, town.NOW + 61)) == Reading(
        Instant(town.NOW + 61), Instant(town.NOW + 61 + 61 + 2)
    )


def test_a_bundle_from_the_future_is_refused_and_moves_nothing(beliefs: Beliefs) -> None:
    before = (beliefs.trust, beliefs.reading())
    issued, expires = Instant(town.NOW + 60), Instant(town.NOW + 61)
    later = signed_bundle(version=TrustVersion(1, 2), issued=issued, expires=expires)
    with pytest.raises(TrustRefused) as caught:
        beliefs.take_bundle(later)
    assert caught.value.fault is TrustFault.FROM_THE_FUTURE
    assert (beliefs.trust, beliefs.reading()) == before


def test_a_bundle_raises_the_floor(tmp_path: Path, clock: HandClock) -> None:
    fresh = make_beliefs(tmp_path, clock)
    fresh.take_bundle(signed_bundle())
    assert fresh.reading() == Reading(town.NOW, None)


def test_f06_a_bundle_of_another_facility_is_refused(beliefs: Beliefs) -> None:
    other = signed_bundle(facility=FacilityId("ekeberg"), version=TrustVersion(1, 2))
    with pytest.raises(TrustRefused) as caught:
        beliefs.take_bundle(other)
    assert caught.value.fault is TrustFault.OTHER_FACILITY


def test_older_settings_are_refused(beliefs: Beliefs) -> None:
    beliefs.take_settings(signed_settings(3))
    with pytest.raises(TrustRefused) as caught:
        beliefs.take_settings(signed_settings(2))
    assert caught.value.fault is TrustFault.ROLLBACK


def test_a_trust_change_is_told_and_the_same_bundle_is_none(beliefs: Beliefs) -> None:
    changes: list[TrustVersion] = []
    beliefs.on_trust_changed(lambda: changes.append(beliefs.trust.version))
    assert beliefs.trust.bundle_bytes is not None
    assert not beliefs.take_bundle(beliefs.trust.bundle_bytes)
    assert beliefs.take_bundle(signed_bundle(version=TrustVersion(1, 2)))
    assert changes == [TrustVersion(1, 2)]


@pytest.mark.parametrize("name", ["trust.cbor", "settings.cbor", "clock.cbor"])
def test_f05_a_damaged_file_is_doubted_and_the_rest_is_kept(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-3])
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert len(again.doubts) == 1
    assert again.trust.root == beliefs.trust.root
