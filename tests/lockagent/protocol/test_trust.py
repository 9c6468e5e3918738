"""Trust moves forward only: one test for each rule at the head of `trust`.

Which bundles and roots are taken, refused and why is in the vectors; here is what the state says
before and after.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.protocol.ack import Ack, parse_ack, sign_ack
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.root import Root, sign_root
from lockagent.protocol.trust import Freshness, TrustState
from lockagent.protocol.trust_bundle import (
    IssuerKey,
    Role,
    TrustVersion,
    parse_bundle,
    sign_bundle,
)
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import ControllerId, FacilityId, Instant
from tests.vectors.fixed import (
    ACK_KEY,
    BUNDLE,
    BUNDLE_BYTES,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    FACILITY,
    HI,
    LO,
    NEXT_BUNDLE_KEY,
    NEXT_ROOT_KEYS,
    REALM,
    ROOT,
    ROOT_BYTES,
    ROOT_KEYS,
    START,
    STRANGER,
    next_bundle,
)

BOTH = [*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2]]
NEXT = replace(ROOT, version=2, root_keys=tuple(key.public for key in NEXT_ROOT_KEYS))


def begun() -> TrustState:
    """A pinned root and no bundle."""
    return TrustState.begin(REALM, FACILITY, ROOT_BYTES)


def held() -> TrustState:
    """A pinned root and bundle 1.5."""
    return begun().update(BUNDLE_BYTES, LO, HI)


def after(root: Root) -> TrustState:
    """The state after `root` has replaced the first."""
    return held().update_root(sign_root(root, REALM, BOTH), HI)


def refusal(state: TrustState, received: bytes) -> TrustFault:
    """Why `state` does not take `received` as a bundle."""
    with pytest.raises(TrustRefused) as refused:
        state.update(received, LO, HI)
    return refused.value.fault


def test_without_a_bundle_nothing_is_trusted() -> None:
    """Expired, locked down, every index revoked, no issuer: fail closed."""
    state = begun()
    assert state.is_expired(HI)
    assert state.freshness(HI) is Freshness.EXPIRED
    assert state.age(HI) is None
    assert state.lockdown
    assert state.is_revoked(1)
    assert state.is_reader_revoked(b"reader-1")
    assert not state.is_epoch_current(2**32 - 1)
    assert state.version == TrustVersion(1, 0)
    with pytest.raises(TrustRefused, match="none yet"):
        state.issuer_key(CREDENTIAL_KEY.public.kid, Role.CREDENTIAL, START)


def test_a_bundle_says_who_is_revoked() -> None:
    """By index, epoch and reader."""
    bundle = replace(next_bundle(), epoch=3, revoked_readers=frozenset({b"reader-1"}))
    state = held().update(sign_bundle(bundle, REALM, BUNDLE_KEY), LO, HI)
    assert {index for index in (7, 8, 12, 900_000, 900_001) if state.is_revoked(index)} == {
        7,
        12,
        900_001,
    }
    assert state.is_reader_revoked(b"reader-1")
    assert not state.is_reader_revoked(b"reader-2")
    assert [state.is_epoch_current(epoch) for epoch in (2, 3, 4)] == [False, True, True]


def test_a_refused_bundle_moves_nothing() -> None:
    """The state is a value: the one before is still the one."""
    state = held()
    assert refusal(state, sign_bundle(next_bundle(4), REALM, BUNDLE_KEY)) is TrustFault.ROLLBACK
    assert state == held()


@given(st.lists(st.integers(1, 40), max_size=12))
@settings(max_examples=30, deadline=None)
def test_whatever_arrives_versions_never_fall(counters: list[int]) -> None:
    """Any order of bundles leaves the highest, as a courier might bring them."""
    state = begun()
    for counter in counters:
        received = sign_bundle(next_bundle(counter), REALM, BUNDLE_KEY)
        if counter > state.version.counter:
            state = state.update(received, LO, HI)
        elif counter == state.version.counter:
            assert state.update(received, LO, HI) == state
        else:
            assert refusal(state, received) is TrustFault.ROLLBACK
    assert state.version.counter == max(counters, default=0)


def test_an_expired_bundle_may_be_replaced_but_not_relied_upon() -> None:
    """One second before `expires` and at it."""
    state = held()
    expires = BUNDLE.expires
    assert not state.is_expired(Instant(expires - 1))
    assert state.is_expired(expires)
    assert state.freshness(expires) is Freshness.EXPIRED
    late = replace(next_bundle(), issued=expires, expires=Instant(expires + DAY))
    renewed = state.update(sign_bundle(late, REALM, BUNDLE_KEY), expires, Instant(expires + 60))
    assert not renewed.is_expired(expires)


def test_full_policy_ends_after_thirty_days_to_the_second() -> None:
    """Then degraded until ninety (A27)."""
    state = held()
    assert state.freshness(Instant(START + 30 * DAY - 1)) is Freshness.FULL
    assert state.freshness(Instant(START + 30 * DAY)) is Freshness.DEGRADED
    assert state.freshness(Instant(START + 90 * DAY - 1)) is Freshness.DEGRADED
    assert state.freshness(Instant(START + 90 * DAY)) is Freshness.EXPIRED


def test_without_a_bound_on_the_time_a_bundle_is_expired() -> None:
    """After power loss without a clock hi is unbounded."""
    state = held()
    assert state.is_expired(None)
    assert state.freshness(None) is Freshness.EXPIRED
    assert state.age(None) is None


def test_without_a_bound_on_the_time_a_bundle_is_still_taken() -> None:
    """Or a door that lost its clock could never learn the new time key."""
    state = held().update(sign_bundle(next_bundle(), REALM, BUNDLE_KEY), LO, None)
    assert state.version == TrustVersion(1, 6)


def test_an_issuer_key_counts_for_its_role_and_interval_only() -> None:
    """Half-open, both edges by a second (A25)."""
    state, kid = held(), CREDENTIAL_KEY.public.kid
    issuer = BUNDLE.issuer_keys[0]
    first, last = issuer.not_before, Instant(issuer.not_after - 1)
    assert state.issuer_key(kid, Role.CREDENTIAL, first) == CREDENTIAL_KEY.public
    assert state.issuer_key(kid, Role.CREDENTIAL, last) == CREDENTIAL_KEY.public
    for role, at in (
        (Role.CREDENTIAL, Instant(first - 1)),
        (Role.CREDENTIAL, Instant(last + 1)),
        (Role.READER, START),
    ):
        with pytest.raises(TrustRefused) as refused:
            state.issuer_key(kid, role, at)
        assert refused.value.fault is TrustFault.UNKNOWN_ISSUER
    with pytest.raises(TrustRefused):
        state.issuer_key(STRANGER.public.kid, Role.CREDENTIAL, START)


ACK = Ack(ControllerId("ctl_0000000000000001"), 1, bytes(32))


def test_an_object_is_verified_by_the_key_of_its_role() -> None:
    received = parse_ack(sign_ack(ACK, REALM, ACK_KEY))
    assert held().verified(received, ObjectType.ACK, Role.ACK, START) == ACK


@pytest.mark.parametrize("signer", [STRANGER, CREDENTIAL_KEY])
def test_an_object_by_the_key_of_no_role_or_another_is_refused(signer: SigningKey) -> None:
    received = parse_ack(sign_ack(ACK, REALM, signer))
    with pytest.raises(TrustRefused) as refused:
        held().verified(received, ObjectType.ACK, Role.ACK, START)
    assert refused.value.fault is TrustFault.UNKNOWN_ISSUER


def test_an_object_signed_as_another_type_is_refused() -> None:
    received = parse_ack(sign_ack(ACK, REALM, ACK_KEY))
    with pytest.raises(TrustRefused) as refused:
        held().verified(received, ObjectType.TIME, Role.ACK, START)
    assert refused.value.fault is TrustFault.SIGNATURE


def test_a_new_root_that_keeps_the_bundle_key_keeps_the_bundle() -> None:
    """Rotating root keys closes no door."""
    state = after(NEXT)
    assert state.root.version == 2
    assert state.version == TrustVersion(1, 5)
    assert not state.is_expired(HI)


def test_a_new_root_that_drops_the_bundle_key_drops_the_bundle() -> None:
    """A stolen bundle key opens nothing once the root has said so."""
    state = after(replace(NEXT, bundle_keys=(NEXT_BUNDLE_KEY.public,)))
    assert state.bundle is None
    assert state.is_expired(HI)
    old = sign_bundle(next_bundle(), REALM, BUNDLE_KEY)
    assert refusal(state, old) is TrustFault.SIGNATURE


def test_a_new_root_recovers_from_a_counter_run_forward() -> None:
    """A thief who signed counter 2^32 - 1 and epoch 2^32 - 1 has blocked nothing (A23)."""
    forward = replace(next_bundle(2**32 - 1), epoch=2**32 - 1)
    state = held().update(sign_bundle(forward, REALM, BUNDLE_KEY), LO, HI)
    state = state.update_root(sign_root(NEXT, REALM, BOTH), HI)
    fresh = replace(BUNDLE, version=TrustVersion(2, 1), epoch=1)
    assert state.update(sign_bundle(fresh, REALM, BUNDLE_KEY), LO, HI).version == (2, 1)


def test_a_bundle_of_the_root_before_is_refused_after_it() -> None:
    """Lexicographic versions, and the counter does not help."""
    late = sign_bundle(next_bundle(999), REALM, BUNDLE_KEY)
    assert refusal(after(NEXT), late) is TrustFault.OTHER_ROOT


def test_the_root_held_changes_nothing_when_it_comes_again() -> None:
    """A controller says its bundle's version, so a server may send a root it has already."""
    state = held()
    assert state.update_root(ROOT_BYTES, HI) is state


def test_A26_a_root_without_the_old_threshold_is_refused() -> None:
    """Signed by the new keys and one old key twice: distinct keys count, not signatures."""
    keys = [ROOT_KEYS[0], ROOT_KEYS[0], *NEXT_ROOT_KEYS[:2]]
    with pytest.raises(TrustRefused) as refused:
        held().update_root(sign_root(NEXT, REALM, keys), HI)
    assert refused.value.fault is TrustFault.THRESHOLD


def test_a_root_of_an_expired_root_is_taken_and_then_bundles_again() -> None:
    """A door that was off for years comes back by itself."""
    short = replace(ROOT, expires=Instant(START - 1))
    state = TrustState.begin(REALM, FACILITY, sign_root(short, REALM, ROOT_KEYS[:2]))
    assert refusal(state, BUNDLE_BYTES) is TrustFault.ROOT_EXPIRED
    state = state.update_root(sign_root(NEXT, REALM, BOTH), HI)
    fresh = replace(BUNDLE, version=TrustVersion(2, 1))
    assert not state.update(sign_bundle(fresh, REALM, BUNDLE_KEY), LO, HI).is_expired(HI)


@pytest.mark.parametrize("state", [begun(), held(), after(NEXT)], ids=["root", "bundle", "handed"])
def test_a_stored_state_comes_back(state: TrustState) -> None:
    """Verified again on the way."""
    assert TrustState.from_bytes(state.to_bytes(), REALM, FACILITY, ROOT_BYTES) == state


def test_F05_a_stored_state_with_a_root_of_its_own_is_not_believed() -> None:
    """Whoever can write the file cannot choose the root: it must follow from the pinned one."""
    own = replace(ROOT, version=2, root_keys=(STRANGER.public,), threshold=1)
    forged = replace(begun(), newer_roots=(sign_root(own, REALM, [STRANGER]),))
    with pytest.raises(TrustRefused) as refused:
        TrustState.from_bytes(forged.to_bytes(), REALM, FACILITY, ROOT_BYTES)
    assert refused.value.fault is TrustFault.THRESHOLD


def test_a_stored_state_is_worth_nothing_under_another_pinned_root() -> None:
    """Neither roots nor bundle follow from it."""
    other = sign_root(replace(NEXT, bundle_keys=(STRANGER.public,)), REALM, NEXT_ROOT_KEYS[:2])
    for state in (held(), after(NEXT)):
        with pytest.raises(TrustRefused):
            TrustState.from_bytes(state.to_bytes(), REALM, FACILITY, other)


def test_a_stored_chain_of_roots_has_no_gap() -> None:
    """A root in between that is missing leaves a later one without a signer."""
    third = replace(NEXT, version=3, root_keys=(STRANGER.public,), threshold=1)
    received = sign_root(third, REALM, [*NEXT_ROOT_KEYS[:2], STRANGER])
    state = after(NEXT).update_root(received, HI)
    assert TrustState.from_bytes(state.to_bytes(), REALM, FACILITY, ROOT_BYTES) == state
    short = replace(state, newer_roots=state.newer_roots[1:])
    with pytest.raises(TrustRefused) as refused:
        TrustState.from_bytes(short.to_bytes(), REALM, FACILITY, ROOT_BYTES)
    assert refused.value.fault is TrustFault.THRESHOLD


def test_a_stored_state_is_not_believed() -> None:
    """Another facility, every truncation and every flipped byte are refused."""
    stored = held().to_bytes()
    with pytest.raises(TrustRefused):
        TrustState.from_bytes(stored, REALM, FacilityId("ekeberg"), ROOT_BYTES)
    for at in range(0, len(stored), 7):
        flipped = bytearray(stored)
        flipped[at] ^= 0x10
        for spoilt in (stored[:at], bytes(flipped)):
            with pytest.raises((MalformedMessage, TrustRefused)):
                TrustState.from_bytes(spoilt, REALM, FACILITY, ROOT_BYTES)


@given(
    st.frozensets(st.integers(0, 2**20 - 1), max_size=60),
    st.frozensets(st.binary(min_size=8, max_size=8), max_size=8),
    st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_a_bundle_comes_back_as_it_was_signed(
    revoked: frozenset[int], readers: frozenset[bytes], lockdown: bool
) -> None:
    """Sets by their one encoding."""
    bundle = replace(BUNDLE, revoked=revoked, revoked_readers=readers, lockdown=lockdown)
    assert parse_bundle(sign_bundle(bundle, REALM, BUNDLE_KEY)).claims == bundle


def test_a_hundred_revocations_fit_a_bundle() -> None:
    """About what 700,000 residents need at a time."""
    spread = frozenset(range(5_000, 1_000_000, 10_000))
    bundle = replace(BUNDLE, revoked=spread)
    assert len(spread) == 100
    assert len(sign_bundle(bundle, REALM, BUNDLE_KEY)) <= 1_000


def test_A24_a_list_that_does_not_fit_is_refused_not_cut() -> None:
    """The oldest revocation is never dropped to make room; the issuer raises the epoch."""
    bundle = replace(BUNDLE, revoked=frozenset(range(0, 2**20, 1_000)))
    with pytest.raises(ValueError, match="at most 1000 bytes"):
        sign_bundle(bundle, REALM, BUNDLE_KEY)


@pytest.mark.parametrize("text", ["1", "1.", ".1", "1.2.3", "01.2", "1.-2", "+1.2", "1 .2", "x.y"])
def test_a_version_has_one_way_to_be_written(text: str) -> None:
    """The update route's `bundle` parameter."""
    with pytest.raises(ValueError, match="a version like"):
        TrustVersion.parse(text)


def test_a_version_comes_back_from_its_text() -> None:
    """Zero is the counter of no bundle."""
    for version in (TrustVersion(1, 0), TrustVersion(2**32 - 1, 42)):
        assert TrustVersion.parse(str(version)) == version


def test_a_key_without_an_interval_does_not_exist() -> None:
    """Nor as a value."""
    with pytest.raises(ValueError, match="length"):
        IssuerKey(Role.ACK, STRANGER.public, START, START)
