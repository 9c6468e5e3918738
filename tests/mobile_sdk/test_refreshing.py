"""Refreshing: fresh keys, lost answers, hostile answers, and when to ask again."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.credential import (
    Credential,
)
from lockagent.protocol.time_source import TownClock
from mobile_sdk import FileKeyStore, Phone, ServerUnavailable, StoreUnreadable
from mobile_sdk.enrolment import load_enrolment
from mobile_sdk.refreshing import LEAST_WAIT_SECONDS, back_off_seconds, next_refresh
from mobile_sdk.wallet import RING_FILE, Wallet, load_wallet
from policies.grant import MAX_LIFE_SECONDS
from policies.vocabulary import Instant
from tests.mobile_sdk.issuer_simulator import MAIN_DOOR, WHY_AGE, IssuerSimulator, keyring_point
from tests.town import MAIN, NOW, REALM, bundle, fixed_key, root_bytes


def keys_on_disk(tmp_path: Path) -> set[str]:
    """The names of the presentation keys there are."""
    return {path.stem for path in (tmp_path / "home/keys").glob("presentation-*.pem")}


def wallet_of(store: FileKeyStore) -> Wallet:
    """What is kept in the store."""
    enrolment = load_enrolment(store)
    return load_wallet(store, enrolment.realm, enrolment.root)


async def test_a_refresh_brings_a_credential_for_each_facility_that_opens_soon(
    phone: Phone, store: FileKeyStore
) -> None:
    report = await phone.refresh()
    assert (report.credentials, report.refused) == (("torshov",), ())
    assert wallet_of(store).entries[0].names(MAIN)
    assert NOW + MAX_LIFE_SECONDS / 2 <= report.next_refresh < NOW + MAX_LIFE_SECONDS


async def test_each_credential_has_a_key_of_its_own_and_the_old_one_is_deleted(
    phone: Phone, tmp_path: Path
) -> None:
    await phone.refresh()
    (first,) = keys_on_disk(tmp_path)
    await phone.refresh()
    (second,) = keys_on_disk(tmp_path)
    assert first != second


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, tmp_path: Path, clock: str
) -> None:
    issuer.answers_credentials = False
    with pytest.raises(ServerUnavailable):
        await phone.refresh()
    lost = keys_on_disk(tmp_path)
    issuer.answers_credentials = True
    await Phone.load(store, clock=clock).refresh()
    assert keys_on_disk(tmp_path) == lost
    assert len(issuer.issued) == 1


async def test_H01_a_hostile_answer_keeps_the_old_credential_and_its_key(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, tmp_path: Path
) -> None:
    await phone.refresh()
    kept, keys = wallet_of(store).entries, keys_on_disk(tmp_path)

    def bind_to_another(credential: Credential) -> Credential:
        return replace(credential, presentation_key=fixed_key(7).public)

    issuer.forge = bind_to_another
    with pytest.raises(ServerUnavailable, match="presentation key"):
        await phone.refresh()
    assert (wallet_of(store).entries, keys_on_disk(tmp_path)) == (kept, keys)


async def test_a_refused_facility_is_an_answer_and_leaves_no_key(
    issuer: IssuerSimulator, phone: Phone, tmp_path: Path
) -> None:
    issuer.grants.clear()
    report = await phone.refresh()
    assert (report.credentials, report.refused) == ((), ("torshov",))
    assert keys_on_disk(tmp_path) == set()


async def test_a_refusal_does_not_take_back_a_credential_in_force(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore
) -> None:
    await phone.refresh()
    issuer.grants.clear()
    await phone.refresh()
    assert len(wallet_of(store).entries) == 1


async def test_a_keyring_that_has_not_changed_is_not_sent_again(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    await phone.refresh()
    first = phone.access_points()
    await phone.refresh()
    assert phone.access_points() == first


async def test_nothing_is_asked_for_where_nothing_opens_soon(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    issuer.keyring_points = [keyring_point(MAIN_DOOR, 4711, open_now=False, why=(WHY_AGE,))]
    report = await phone.refresh()
    assert report.credentials == report.refused == ()
    assert "/v1/credentials" not in issuer.calls
    (view,) = phone.access_points()
    assert (view.has_key, view.open_now, view.sentence) == (False, False, WHY_AGE["sentence"])


async def test_many_facilities_are_asked_for_16_at_a_time(
    issuer: IssuerSimulator, phone: Phone, tmp_path: Path
) -> None:
    issuer.more_facilities = tuple(f"hall-{number}" for number in range(32))
    report = await phone.refresh()
    assert report.credentials == ("torshov",)
    assert report.refused == issuer.more_facilities
    assert issuer.calls.count("/v1/credentials") == 3
    assert len(keys_on_disk(tmp_path)) == 1


async def test_a_lapsed_credential_and_its_key_are_let_go_once_the_server_has_answered(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, tmp_path: Path, late_clock: str
) -> None:
    await phone.refresh()
    old = keys_on_disk(tmp_path)
    issuer.grants.clear()
    issuer.clock = TownClock.read(Path(late_clock.removeprefix("town:")))
    tomorrow = Phone.load(store, clock=late_clock)
    issuer.answers_credentials = False
    with pytest.raises(ServerUnavailable):
        await tomorrow.refresh()
    assert old <= keys_on_disk(tmp_path)
    issuer.answers_credentials = True
    await tomorrow.refresh()
    assert keys_on_disk(tmp_path) == set()
    assert wallet_of(store).entries == ()


async def test_trust_moves_forward_with_each_refresh_and_never_back(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore
) -> None:
    issuer.bundles["torshov"] = bundle(counter=3)
    await phone.refresh()
    issuer.bundles["torshov"] = bundle(counter=2)
    with pytest.raises(ServerUnavailable, match=r"above 1\.3"):
        await phone.refresh()
    wallet = wallet_of(store)
    assert wallet.trust_of(wallet.entries[0].slot.facility).version.counter == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'{"credentials": [{}]}'])
async def test_a_damaged_ring_is_unreadable_not_empty(
    phone: Phone, store: FileKeyStore, clock: str, content: bytes
) -> None:
    store.write(RING_FILE, content)
    with pytest.raises(StoreUnreadable):
        Phone.load(store, clock=clock)


async def test_trust_that_was_altered_on_the_disk_is_found_out(
    phone: Phone, store: FileKeyStore, clock: str
) -> None:
    await phone.refresh()
    ring = store.read(RING_FILE) or b""
    start = ring.index(b'"state":"') + 200
    store.write(RING_FILE, ring[:start] + bytes([ring[start] ^ 1]) + ring[start + 1 :])
    with pytest.raises(StoreUnreadable):
        Phone.load(store, clock=clock)


@given(st.floats(0, 1, exclude_max=True))
def test_an_empty_wallet_asks_again_in_half_a_day_to_a_day(chance: float) -> None:
    due = next_refresh(Wallet(REALM, root_bytes()), NOW, chance)
    assert NOW + MAX_LIFE_SECONDS // 2 <= due < NOW + MAX_LIFE_SECONDS


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_after_failures_grows_from_2_s_to_10_min_with_jitter(
    failures: int, chance: float
) -> None:
    seconds = back_off_seconds(failures, chance)
    assert 1 <= seconds <= 600
    assert back_off_seconds(failures, 0) <= seconds
    assert back_off_seconds(failures + 1, chance) >= seconds


async def test_a_refresh_is_never_due_at_once(phone: Phone, store: FileKeyStore) -> None:
    await phone.refresh()
    late = Instant(NOW + 3 * MAX_LIFE_SECONDS)
    assert next_refresh(wallet_of(store), late, 0.5) == late + LEAST_WAIT_SECONDS
