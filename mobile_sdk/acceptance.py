"""Is this answer what was asked for? What the server released, verified before it is kept.

A server may be hostile, broken or another one. Rules kept here, in this order:
 1. the facility is the one asked for, in the answer and as the credential's audience;
 2. the credential is bound to the presentation key made for this very request;
 3. it lives no longer than was asked (24 hours, 15 minutes on the way to one access point), it has
    not lapsed and is not of the future, and the instants beside it are the ones in it;
 4. on the way to an access point it names that point and no other;
 5. the trust bundle follows the one held (it never goes back), under the root pinned at enrolment,
    and may still be relied upon: whose issuer keys and revoked readers these are is judged by it;
 6. an issuer key of the right role has signed it, and it is not revoked;
 7. every reader certificate beside it is well formed and of this facility. Whether one may answer
    for a door is judged at the door, by SPEC.md 5.

One fault and the whole credential is refused, with `AnswerNotAccepted`; what was held stays held.
A phone whose clock is wrong by more than `SKEW_SECONDS` fetches nothing until it is set: the server
takes no proof of it, or its answer is refused here. What it holds it shows all the same; doors have
clocks of their own.

Pure: the phone's time comes in as an argument.
"""

from dataclasses import dataclass

from lockagent.protocol.credential import (
    Credential,
    ReceivedCredential,
    parse_credential,
)
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import ProtocolError
from lockagent.protocol.keys import VerifyingKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.trust import Freshness, TrustState
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustRefused
from mobile_sdk.answers import KeyringPoint, Released
from mobile_sdk.errors import ServerUnavailable
from policies.grant import MAX_LIFE_SECONDS, MAX_SENSITIVE_LIFE_SECONDS
from policies.vocabulary import FacilityId, Instant

SKEW_SECONDS = 60
"""How far apart the phone's clock and the server's may be: as far as the server itself allows when
it takes a proof (interfaces.md 2), so nothing that an honest server answers is refused for less."""
MOST_READER_CERTIFICATES = 256


class AnswerNotAccepted(ServerUnavailable):
    """The server answered with something else than was asked for; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a credential; `on_the_way_to` where it is for one access point alone."""

    facility: FacilityId
    key: VerifyingKey
    on_the_way_to: KeyringPoint | None = None

    @property
    def longest_seconds(self) -> int:
        """The longest life the answer may have."""
        return MAX_LIFE_SECONDS if self.on_the_way_to is None else MAX_SENSITIVE_LIFE_SECONDS


@dataclass(frozen=True, slots=True)
class Accepted:
    """A credential that is what was asked for, and what the phone now trusts of its facility."""

    released: Released
    claims: Credential
    trust: TrustState


def accept(asked: Asked, released: Released, trust: TrustState, at: Instant) -> Accepted:
    """Judge `released` at the phone's time `at`, `trust` being what is held of the facility."""
    if released.facility != asked.facility:
        raise _not_accepted(f"expected facility {asked.facility}, got {released.facility}")
    try:
        received = parse_credential(released.credential)
        _check_claims(asked, released, received.claims, at)
        newer = trust.update(
            released.trust_bundle, Instant(at - SKEW_SECONDS), Instant(at + SKEW_SECONDS)
        )
        if newer.freshness(at) is Freshness.EXPIRED:
            raise _not_accepted(f"expected a bundle in force, got {newer.version} expired")
        _verify_issue(received, newer)
        _check_reader_certificates(asked, released)
    except (ProtocolError, TrustRefused) as error:
        raise _not_accepted(str(error)) from error
    return Accepted(released, received.claims, newer)


def _check_claims(asked: Asked, released: Released, claims: Credential, at: Instant) -> None:
    if claims.facility != asked.facility:
        raise _not_accepted(f"expected audience {asked.facility}, got {claims.facility}")
    if claims.presentation_key != asked.key:
        raise _not_accepted("expected the presentation key just made, got another")
    life = claims.expires - claims.issued_at
    if life > asked.longest_seconds:
        raise _not_accepted(f"expected a life of at most {asked.longest_seconds} s, got {life} s")
    if claims.issued_at > at + SKEW_SECONDS:
        ahead = claims.issued_at - at
        raise _not_accepted(f"expected a credential issued by now, got one {ahead} s ahead")
    if claims.expires <= at:
        raise _not_accepted(f"expected a credential in force, got one {at - claims.expires} s past")
    if (claims.not_before, claims.expires) != (released.not_before, released.expires):
        raise _not_accepted("expected the instants of the credential beside it, got others")
    named = {point for entry in claims.grant.entries for point in entry.points}
    only = asked.on_the_way_to
    if only is not None and named != {only.number}:
        raise _not_accepted(f"expected access point {only.number} alone, got others")


def _verify_issue(received: ReceivedCredential, trust: TrustState) -> None:
    issued_at = received.claims.issued_at
    claims = trust.verified(received, ObjectType.CREDENTIAL, Role.CREDENTIAL, issued_at)
    if trust.is_revoked(claims.index) or not trust.is_epoch_current(claims.epoch):
        raise _not_accepted(f"expected a credential in force, got revoked {claims.cti.hex()}")


def _check_reader_certificates(asked: Asked, released: Released) -> None:
    count = len(released.reader_certificates)
    if count > MOST_READER_CERTIFICATES:
        raise _not_accepted(
            f"expected at most {MOST_READER_CERTIFICATES} reader certificates, got {count}"
        )
    for received in released.reader_certificates:
        facility = parse_reader_certificate(received).claims.facility
        if facility != asked.facility:
            raise _not_accepted(f"expected readers of {asked.facility}, got one of {facility}")


def _not_accepted(detail: str) -> AnswerNotAccepted:
    return AnswerNotAccepted(f"in the answer for a credential: {detail}")
