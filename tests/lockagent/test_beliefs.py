"""What the controller believes: verified, on the disk first, and never going back."""

from dataclasses import replace
from pathlib import Path

import pytest

from lockagent.beliefs import Beliefs
from lockagent.clock import WIDEST_SECONDS, ClockRefused, Reading
from lockagent.protocol.root import parse_root, sign_root
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import FacilityId, Instant
from tests import town
from tests.lockagent.cabinet import (
    HandClock,
    make_beliefs,
    next_root,
    signed_bundle,
    signed_settings,
    signed_token,
)

FILES = ("trust.cbor", "settings.cbor", "clock.cbor")
BUNDLE_FORGER = town.fixed_key(504).public
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


def test_A22_after_power_loss_time_has_a_floor_and_no_end(
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


def test_A22_an_untrusted_clock_that_jumps_changes_nothing(
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


def refuse_writing(folder: Path) -> None:
    """Have a disk that takes none of the files: where they are begun there is a folder."""
    for name in FILES:
        (folder / f"{name}.new").mkdir()


def take_writing(folder: Path) -> None:
    """Have the disk take files again."""
    for name in FILES:
        (folder / f"{name}.new").rmdir()


def test_a_full_disk_does_not_keep_a_revocation_out(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    refuse_writing(tmp_path)
    changes: list[bool] = []
    beliefs.on_trust_changed(lambda: changes.append(beliefs.trust.is_revoked(7)))
    revoking = signed_bundle(version=TrustVersion(1, 2), revoked=frozenset({7}), lockdown=True)
    assert beliefs.take_bundle(revoking)
    assert beliefs.trust.lockdown
    assert changes == [True]
    beliefs.take_settings(signed_settings(2))
    clock.pass_time(70)
    beliefs.take_time_token(signed_token(beliefs.time_nonce(), town.NOW + 70))
    assert beliefs.reading().lo == town.NOW + 70
    with pytest.raises(OSError, match=r"\.cbor\.new"):
        beliefs.write_rest()
    assert make_beliefs(tmp_path, clock).trust.version == TrustVersion(1, 1)
    take_writing(tmp_path)
    beliefs.write_rest()
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.trust == beliefs.trust
    assert again.settings == beliefs.settings
    assert again.reading().lo == town.NOW + 70
    assert not again.doubts


def test_a_door_starts_on_a_full_disk(tmp_path: Path, clock: HandClock, beliefs: Beliefs) -> None:
    refuse_writing(tmp_path)
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.trust == beliefs.trust
    with pytest.raises(OSError, match="clock"):
        again.write_rest()


def test_settings_end_with_the_key_that_signed_them(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    assert beliefs.take_root(next_root(drops_bundle_key=True))
    assert beliefs.settings is None
    assert beliefs.trust.bundle is None
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.settings is None
    assert again.trust.root.version == 2
    assert not again.doubts


def test_settings_stay_while_the_root_names_their_key(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    assert beliefs.take_root(next_root())
    assert not beliefs.take_root(next_root()[:0] + beliefs.trust.root_bytes)
    assert beliefs.settings is not None
    assert make_beliefs(tmp_path, clock, NEXT_BOOT).settings == beliefs.settings


def test_a_forged_trust_file_is_doubted_and_the_pinned_root_counts(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs
) -> None:
    stranger = town.fixed_key(503)
    held = parse_root(town.root_bytes()).claims
    own = replace(
        held, version=9, threshold=1, root_keys=(stranger.public,), bundle_keys=(BUNDLE_FORGER,)
    )
    forged = replace(beliefs.trust, newer_roots=(sign_root(own, town.REALM, [stranger]),))
    (tmp_path / "trust.cbor").write_bytes(forged.to_bytes())
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert again.trust.root == held
    assert again.trust.bundle is None
    assert any("trust state is not believed" in doubt for doubt in again.doubts)


@pytest.mark.parametrize("what", ["root", "bundle", "settings"])
def test_A22_the_floor_stands_on_what_was_taken_before_the_power_went(
    tmp_path: Path, clock: HandClock, what: str
) -> None:
    fresh = make_beliefs(tmp_path, clock)
    before = fresh.reading().lo
    if what == "root":
        fresh.take_root(next_root())
    elif what == "bundle":
        fresh.take_bundle(signed_bundle())
    else:
        fresh.take_settings(signed_settings())
    assert fresh.reading().lo == town.NOW > before
    assert make_beliefs(tmp_path, clock, NEXT_BOOT).reading() == Reading(town.NOW, None)


def test_a_fresh_answer_sets_hi_also_above_what_was_known(
    clock: HandClock, beliefs: Beliefs
) -> None:
    """A drift worse than stated can be mended; so whoever holds a time key can go forward."""
    clock.pass_time(70)
    later = town.NOW + town.DAY
    assert beliefs.take_time_token(signed_token(beliefs.time_nonce(), later)).lo == later
    clock.pass_time(70)
    with pytest.raises(ClockRefused):
        beliefs.take_time_token(signed_token(beliefs.time_nonce(), town.NOW + 140))


def test_a_bundle_raises_the_floor(tmp_path: Path, clock: HandClock) -> None:
    fresh = make_beliefs(tmp_path, clock)
    fresh.take_bundle(signed_bundle())
    assert fresh.reading() == Reading(town.NOW, None)


def test_F06_a_bundle_of_another_facility_is_refused(beliefs: Beliefs) -> None:
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
def test_F05_a_damaged_file_is_doubted_and_the_rest_is_kept(
    tmp_path: Path, clock: HandClock, beliefs: Beliefs, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-3])
    again = make_beliefs(tmp_path, clock, NEXT_BOOT)
    assert len(again.doubts) == 1
    assert again.trust.root == beliefs.trust.root
