"""A15, A16, A20: a true credential at the wrong time or place, or in the wrong session."""

from dataclasses import replace

import pytest

from lockagent.exchange import Refusal, answer, judge
from lockagent.protocol.credential import parse_credential, sign_credential
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.errors import DenialReason, MalformedMessage, VerificationError
from lockagent.protocol.verification import SeenCredentials
from policies.grant import Window
from policies.vocabulary import Environment, FacilityId, Instant, TenantId
from tests.town import (
    CREDENTIAL_KEY,
    DAY,
    DOOR_EPHEMERAL,
    NOW,
    REALM,
    SIDE,
    Presented,
    Town,
    credential,
    fixed_key,
    grant_of,
    hold,
    reader_certificate,
    reader_identity,
)

TOWN = Town.ordinary()


def verdict_at(hi: Instant, town: Town = TOWN) -> DenialReason | None:
    """The reason a door gives at the instant `hi`, None where it would open."""
    return reason(replace(town, view=replace(town.view, hi=hi)).presented())


def reason(presented: Presented) -> DenialReason | None:
    """The journal's reason for these messages, None where the presentation is verified."""
    try:
        verdict = presented.judged().verdict
    except VerificationError as error:
        return error.reason
    return verdict.error.reason if isinstance(verdict, Refusal) else None


def test_A15_a_credential_expires_at_its_second_and_not_after() -> None:
    whole_life = replace(credential(), grant=grant_of(windows=(Window(NOW, Instant(NOW + DAY)),)))
    town = TOWN.with_credential(whole_life)
    assert verdict_at(Instant(NOW + DAY - 1), town) is None
    assert verdict_at(Instant(NOW + DAY), town) is DenialReason.CREDENTIAL_EXPIRED
    assert verdict_at(Instant(NOW + DAY + 1), town) is DenialReason.CREDENTIAL_EXPIRED


def test_A15_a_credential_is_not_yet_valid_one_second_early() -> None:
    later = replace(
        credential(),
        not_before=Instant(NOW + 100),
        grant=grant_of(windows=(Window(Instant(NOW + 100), Instant(NOW + 200)),)),
    )
    town = TOWN.with_credential(later)
    assert verdict_at(Instant(NOW + 99), town) is DenialReason.CREDENTIAL_NOT_YET_ACTIVE
    assert verdict_at(Instant(NOW + 100), town) is None


def test_A15_an_end_before_the_beginning_is_malformed_although_signed() -> None:
    claims = decode(parse_sign1(TOWN.held.received).payload)
    assert isinstance(claims, dict)
    claims[4] = NOW - 1
    signed = sign(encode(claims), ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY)
    with pytest.raises(MalformedMessage):
        parse_credential(signed)


def test_A15_a_life_over_the_maximum_is_refused_although_signed() -> None:
    over = replace(credential(), expires=Instant(NOW + DAY + 1))
    assert reason(TOWN.with_credential(over).presented()) is DenialReason.CREDENTIAL_LIFETIME


def test_A16_a_credential_for_another_door_of_the_building() -> None:
    side = TOWN.with_credential(replace(credential(), grant=grant_of(SIDE)))
    liar = replace(side, held=replace(side.held, claims=credential()))
    assert reason(liar.presented()) is DenialReason.POINT_NO_ACCESS_RIGHTS


def test_A16_a_credential_for_another_building() -> None:
    ekeberg = replace(credential(), facility=FacilityId("ekeberg"))
    town = TOWN.with_credential(ekeberg)
    liar = replace(town, held=replace(town.held, claims=credential()))
    assert reason(liar.presented()) is DenialReason.ZONE_NO_ACCESS_RIGHTS


@pytest.mark.parametrize(
    "realm",
    [Realm(Environment.TEST, REALM.tenant), Realm(REALM.environment, TenantId("bergen"))],
)
def test_A16_a_credential_of_another_environment_or_tenant_by_a_shared_key(realm: Realm) -> None:
    held = hold(sign_credential(credential(), realm, CREDENTIAL_KEY), TOWN.identity)
    assert reason(replace(TOWN, held=held).presented()) is DenialReason.UNKNOWN_CREDENTIAL


def test_A16_a_credential_of_another_tenants_own_issuer() -> None:
    bergen = Realm(REALM.environment, TenantId("bergen"))
    held = hold(sign_credential(credential(), bergen, fixed_key(888)), TOWN.identity)
    assert reason(replace(TOWN, held=held).presented()) is DenialReason.UNKNOWN_ISSUER


def test_A20_a_presentation_of_an_old_session_is_refused_in_a_new_one() -> None:
    old = TOWN.presented()
    waiting, _ = answer(old.message_1, TOWN.identity, fixed_key(77))
    with pytest.raises(VerificationError) as failure:
        judge(waiting, old.message_3, lambda: TOWN.view, SeenCredentials(), 0)
    assert failure.value.reason is DenialReason.MALFORMED


def test_A20_a_presentation_made_for_another_door_is_refused() -> None:
    other = reader_identity(replace(reader_certificate(), points=(SIDE,), cti=b"reader-2"))
    there = TOWN.presented()
    waiting, _ = answer(there.message_1, other, DOOR_EPHEMERAL)
    with pytest.raises(VerificationError) as failure:
        judge(waiting, there.message_3, lambda: TOWN.view, SeenCredentials(), 0)
    assert failure.value.reason is DenialReason.MALFORMED


def test_A20_a_signature_over_another_sessions_transcript_is_refused() -> None:
    """A man in the middle who somehow had both sessions' keys could still not move the proof."""
    recorded: list[bytes] = []

    class Tape:
        """The phone's key, keeping what it signed; then playing it to another session."""

        public = TOWN.held.key.public

        def sign(self, data: bytes) -> bytes:
            """The first signature ever made, whatever is asked."""
            recorded.append(TOWN.held.key.sign(data))
            return recorded[0]

    taped = replace(TOWN, held=replace(TOWN.held, key=Tape()))
    assert reason(taped.presented()) is None
    again = taped.presented(phone_ephemeral=fixed_key(55))
    assert reason(again) is DenialReason.INCORRECT_AUTHENTICATION_FACTOR
