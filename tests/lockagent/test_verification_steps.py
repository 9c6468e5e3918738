"""The door's numbered steps 3 to 12 (SPEC.md 6): each fails for its own reason, in that order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.exchange import Refusal, judge
from lockagent.protocol.credential import parse_credential, sign_credential
from lockagent.protocol.errors import CoarseReason, DenialReason, VerificationError
from lockagent.protocol.presentation import read_result
from lockagent.protocol.records import RecordType, Result
from lockagent.protocol.trust import TrustState
from lockagent.protocol.verification import SeenCredentials, VerifiedPresentation
from policies.grant import GrantFlags, Window
from policies.vocabulary import Action, FacilityId, Instant
from tests.town import (
    DAY,
    NOW,
    REALM,
    SIDE,
    Presented,
    Town,
    bundle,
    credential,
    fixed_key,
    grant_of,
    hold,
    root_bytes,
    trust,
)

TOWN = Town.ordinary()
ORDINARY = TOWN.presented()


def refused(town: Town) -> Refusal:
    """The refusal of steps 8 to 12 that `town` meets."""
    verdict = town.presented().judged().verdict
    assert isinstance(verdict, Refusal)
    return verdict


def reason_of(town: Town) -> tuple[int, DenialReason, CoarseReason]:
    """Step, journal reason and RESULT code of that refusal."""
    error = refused(town).error
    return error.step, error.reason, error.coarse


def early_reason_of(presented: Presented) -> tuple[int, DenialReason]:
    """Step and journal reason of a failure before the session stands."""
    with pytest.raises(VerificationError) as failure:
        presented.judged()
    return failure.value.step, failure.value.reason


def seeing(**changed: object) -> Town:
    """The ordinary town with another view at the door."""
    return replace(TOWN, view=replace(TOWN.view, **changed))  # type: ignore[arg-type]


def test_a_true_presentation_is_verified() -> None:
    verdict = ORDINARY.judged().verdict
    assert isinstance(verdict, VerifiedPresentation)
    assert verdict.credential == TOWN.held.claims
    assert verdict.flags == GrantFlags.OPEN


def test_the_four_messages_have_the_sizes_of_the_spec() -> None:
    result = Result(True, 5, CoarseReason.NONE, None, (1, 1), False, bytes(16))
    record = ORDINARY.judged().result_sender().seal(RecordType.RESULT, result.encode())
    sizes = [len(m) for m in (ORDINARY.message_1, ORDINARY.message_2, ORDINARY.message_3, record)]
    assert sizes == [37, 53, 360, 58]
    assert read_result(ORDINARY.awaiting, record) == result


def test_step_3_a_message_3_of_another_session_is_malformed() -> None:
    other = TOWN.presented(phone_ephemeral=fixed_key(9))
    mixed = replace(ORDINARY, message_3=other.message_3)
    assert early_reason_of(mixed) == (3, DenialReason.MALFORMED)


def test_step_3_a_presentation_of_another_size_is_malformed() -> None:
    longer = replace(ORDINARY, message_3=ORDINARY.message_3 + b"\x40")
    assert early_reason_of(longer) == (3, DenialReason.MALFORMED)


def test_step_4_what_is_no_credential_is_malformed() -> None:
    held = replace(TOWN.held, received=b"\x84\x40\xa0\x40\x40")
    assert early_reason_of(replace(TOWN, held=held).presented()) == (4, DenialReason.MALFORMED)


def test_step_5_an_unknown_issuer_key_is_named() -> None:
    held = hold(sign_credential(credential(), REALM, fixed_key(999)), TOWN.identity)
    stranger = replace(TOWN, held=held).presented()
    assert early_reason_of(stranger) == (5, DenialReason.UNKNOWN_ISSUER)


@pytest.mark.parametrize(("off", "trusted"), [(-1, False), (0, True)])
def test_step_5_the_issuer_key_must_have_been_in_use_at_iat(off: int, trusted: bool) -> None:
    keys = tuple(replace(key, not_before=Instant(NOW)) for key in bundle().issuer_keys)
    view = replace(TOWN.view, trust=trust(replace(bundle(), issuer_keys=keys)))
    early = replace(credential(), issued_at=Instant(NOW + off))
    presented = replace(TOWN, view=view).with_credential(early).presented()
    if trusted:
        assert isinstance(presented.judged().verdict, VerifiedPresentation)
    else:
        assert early_reason_of(presented) == (5, DenialReason.UNKNOWN_ISSUER)


def test_step_5_without_a_bundle_nobody_is_trusted() -> None:
    bare = TrustState.begin(REALM, TOWN.view.facility, root_bytes())
    assert early_reason_of(seeing(trust=bare).presented()) == (5, DenialReason.UNKNOWN_ISSUER)


def test_step_6_a_credential_the_issuer_did_not_sign_is_unknown() -> None:
    broken = bytearray(TOWN.held.received)
    broken[-1] ^= 1
    held = replace(TOWN.held, received=bytes(broken))
    presented = replace(TOWN, held=held).presented()
    assert early_reason_of(presented) == (6, DenialReason.UNKNOWN_CREDENTIAL)


def test_step_6_a_seen_credential_is_not_verified_twice_and_still_opens() -> None:
    seen = SeenCredentials()
    assert isinstance(ORDINARY.judged(seen).verdict, VerifiedPresentation)
    assert isinstance(TOWN.presented().judged(seen).verdict, VerifiedPresentation)


def test_step_6_one_changed_bit_is_not_the_credential_that_was_seen() -> None:
    seen = SeenCredentials()
    ORDINARY.judged(seen)
    broken = bytearray(TOWN.held.received)
    broken[-1] ^= 1
    presented = replace(TOWN, held=replace(TOWN.held, received=bytes(broken))).presented()
    with pytest.raises(VerificationError) as failure:
        presented.judged(seen)
    assert failure.value.reason is DenialReason.UNKNOWN_CREDENTIAL


def test_step_7_a_stolen_credential_without_its_key_opens_nothing() -> None:
    thief = replace(TOWN, held=replace(TOWN.held, key=fixed_key(666)))
    expected = (7, DenialReason.INCORRECT_AUTHENTICATION_FACTOR)
    assert early_reason_of(thief.presented()) == expected


def test_step_7_a_failed_presentation_is_not_remembered_as_seen() -> None:
    seen = SeenCredentials()
    thief = replace(TOWN, held=replace(TOWN.held, key=fixed_key(666))).presented()
    with pytest.raises(VerificationError):
        thief.judged(seen)
    assert len(seen) == 0


def test_step_8_an_open_record_of_another_session_is_malformed() -> None:
    other = TOWN.presented(phone_ephemeral=fixed_key(9))
    spliced = replace(ORDINARY, message_3=ORDINARY.message_3[:-42] + other.message_3[-42:])
    verdict = spliced.judged().verdict
    assert isinstance(verdict, Refusal)
    assert (verdict.error.step, verdict.error.reason) == (8, DenialReason.MALFORMED)


def test_step_8_a_wish_for_another_point_is_refused() -> None:
    assert reason_of(seeing(point=SIDE)) == (
        8,
        DenialReason.POINT_NO_ACCESS_RIGHTS,
        CoarseReason.NOT_HERE,
    )


def test_step_9_another_facility_is_refused() -> None:
    town = seeing(facility=FacilityId("ekeberg"))
    assert reason_of(town) == (9, DenialReason.ZONE_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE)


@pytest.mark.parametrize("days", [90, 400])
def test_step_10_after_the_bundle_expires_nothing_opens(days: int) -> None:
    town = seeing(hi=Instant(NOW + days * DAY))
    assert reason_of(town) == (
        10,
        DenialReason.AUTHENTICATION_UNAVAILABLE,
        CoarseReason.DOOR_CANNOT,
    )


def test_step_10_in_the_degraded_mode_sensitive_doors_deny() -> None:
    town = seeing(hi=Instant(NOW + 30 * DAY), is_sensitive=True)
    assert reason_of(town)[:2] == (10, DenialReason.AUTHENTICATION_UNAVAILABLE)


def test_step_10_an_epoch_below_the_trusts_is_disabled() -> None:
    town = seeing(trust=trust(replace(bundle(), epoch=2)))
    assert reason_of(town) == (10, DenialReason.CREDENTIAL_DISABLED, CoarseReason.CREDENTIAL)


def test_step_10_an_epoch_the_door_has_not_heard_of_is_honoured() -> None:
    later = TOWN.with_credential(replace(credential(), epoch=2))
    assert isinstance(later.presented().judged().verdict, VerifiedPresentation)


def test_step_10_a_revoked_index_is_disabled() -> None:
    town = seeing(trust=trust(replace(bundle(), revoked=frozenset({900_000}))))
    assert reason_of(town) == (10, DenialReason.CREDENTIAL_DISABLED, CoarseReason.CREDENTIAL)


@pytest.mark.parametrize(("is_sensitive", "most"), [(False, DAY), (True, 900)])
def test_step_10_a_life_over_the_maximum_is_refused(is_sensitive: bool, most: int) -> None:
    longest = replace(
        credential(),
        expires=Instant(NOW + most),
        grant=grant_of(windows=(Window(NOW, Instant(NOW + 900)),)),
    )
    town = seeing(is_sensitive=is_sensitive)
    verdict = town.with_credential(longest).presented().judged().verdict
    assert isinstance(verdict, VerifiedPresentation)
    over = replace(longest, expires=Instant(NOW + most + 1))
    assert reason_of(town.with_credential(over))[:2] == (10, DenialReason.CREDENTIAL_LIFETIME)


@pytest.mark.parametrize("changed", [{"hi": None}, {"is_clock_narrow": False}])
def test_step_11_a_clock_too_wide_asks_for_time(changed: dict[str, object]) -> None:
    assert reason_of(seeing(**changed)) == (
        11,
        DenialReason.AUTHENTICATION_UNAVAILABLE,
        CoarseReason.TIME_NEEDED,
    )


def test_step_12_a_point_without_a_grant_is_refused() -> None:
    side_only = TOWN.with_credential(replace(credential(), grant=grant_of(SIDE)))
    liar = replace(side_only, held=replace(side_only.held, claims=credential()))
    assert reason_of(liar) == (12, DenialReason.POINT_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE)


def test_step_12_an_action_without_a_flag_is_refused() -> None:
    town = replace(TOWN, request=replace(TOWN.request, action=Action.HOLD_OPEN))
    assert reason_of(town) == (12, DenialReason.POINT_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE)


WINDOW = Window(Instant(NOW + 1000), Instant(NOW + 2000))


@pytest.mark.parametrize(("hi", "opens"), [(999, False), (1000, True), (1999, True), (2000, False)])
def test_step_12_a_window_is_half_open_at_both_edges(hi: int, opens: bool) -> None:
    town = seeing(hi=Instant(NOW + hi)).with_credential(
        replace(credential(), grant=grant_of(windows=(WINDOW,)))
    )
    if opens:
        assert isinstance(town.presented().judged().verdict, VerifiedPresentation)
    else:
        assert reason_of(town) == (12, DenialReason.OUT_OF_TIME_RANGE, CoarseReason.NOT_NOW)


def test_a_refusal_tells_when_the_credential_opens_next() -> None:
    town = TOWN.with_credential(replace(credential(), grant=grant_of(windows=(WINDOW,))))
    assert refused(town).next_opening == WINDOW.start


def test_the_first_failing_step_is_the_reason() -> None:
    town = seeing(
        facility=FacilityId("ekeberg"),
        trust=trust(replace(bundle(), revoked=frozenset({900_000}))),
        hi=None,
    )
    assert reason_of(town)[:2] == (9, DenialReason.ZONE_NO_ACCESS_RIGHTS)


def last_word(message_3: bytes) -> tuple[int, bool]:
    """The step that refused these bytes, and whether anything was verified."""
    try:
        verdict = judge(
            ORDINARY.waiting, message_3, lambda: TOWN.view, SeenCredentials(), 0
        ).verdict
    except VerificationError as error:
        return error.step, False
    return (verdict.error.step, False) if isinstance(verdict, Refusal) else (12, True)


@given(at=st.integers(0, len(ORDINARY.message_3) * 8 - 1))
def test_no_flipped_bit_of_message_3_or_open_is_verified(at: int) -> None:
    broken = bytearray(ORDINARY.message_3)
    broken[at // 8] ^= 1 << at % 8
    step, is_verified = last_word(bytes(broken))
    assert not is_verified
    assert step in (3, 8)


@given(received=st.binary(max_size=1024))
def test_no_bytes_but_a_presentation_are_verified(received: bytes) -> None:
    assert last_word(received) == (3, False)


def test_what_was_seen_is_bounded_and_the_longest_unused_goes_first() -> None:
    seen, parsed = SeenCredentials(most=2), parse_credential(TOWN.held.received)
    seen.remember(b"first", parsed)
    seen.remember(b"second", parsed)
    seen.find(b"first")
    seen.remember(b"third", parsed)
    assert [seen.find(name) is not None for name in (b"first", b"second", b"third")] == [
        True,
        False,
        True,
    ]


def test_what_was_seen_is_forgotten_with_the_trust() -> None:
    seen = SeenCredentials()
    ORDINARY.judged(seen)
    assert len(seen) == 1
    seen.forget_all()
    assert len(seen) == 0
