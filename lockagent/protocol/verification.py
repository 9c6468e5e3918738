"""The door's numbered steps 3 to 12: is it true, and does the grant reach here and now?

SPEC.md section 6. One function for each stretch of the pipeline, in this order; each
takes what the one before returned, so no step can be left out or moved:

    read_credential      4      bytes of message_3 -> OfferedCredential
    verify_issuer        5, 6   -> IssuedCredential
    verify_presentation  7      -> PresentedCredential, with the session's keys
    read_request         8      the OPEN record -> OpenRequest
    verify_rights        9-12   -> VerifiedPresentation

Rules kept here:
- what is verified is the bytes received; nothing is encoded again;
- one view of trust and clock, taken before step 4, serves all steps;
- every instant is compared with `hi`, the latest the true time may be: rights end early, not late;
- a credential is remembered as seen only after step 7, and only to spare step 6;
- the first step that fails is the reason; there is no other way out than a `VerificationError`.

Step 13 and on (door mode, journal, strike) have effects and are the door program's.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from lockagent.protocol.credential import (
    Credential,
    ReceivedCredential,
    parse_credential,
)
from lockagent.protocol.edhoc.completed import CompletedR
from lockagent.protocol.edhoc.handshake import PeerCredential
from lockagent.protocol.edhoc.profile import presented_credential
from lockagent.protocol.edhoc.responder import ProcessingM3, r_verify_message_3
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.errors import (
    CoarseReason,
    DenialReason,
    ProtocolError,
    VerificationError,
)
from lockagent.protocol.keys import BadSignature
from lockagent.protocol.records import OpenRequest, RecordReceiver, RecordType
from lockagent.protocol.trust import Freshness, TrustState
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustRefused
from policies.grant import MAX_LIFE_SECONDS, MAX_SENSITIVE_LIFE_SECONDS, GrantFlags, Standing
from policies.vocabulary import AccessPointNumber, FacilityId, Instant

DEFAULT_SEEN = 1024


@dataclass(frozen=True, slots=True)
class DoorView:
    """What a door believes at the moment it decides: one trust state and one clock reading.

    `hi` is the latest the true time may be, rounded up to a second, None where it is unbounded;
    `is_clock_narrow` whether the interval is narrow enough for this access point (SPEC.md 7).
    """

    realm: Realm
    facility: FacilityId
    point: AccessPointNumber
    is_sensitive: bool
    trust: TrustState
    hi: Instant | None
    is_clock_narrow: bool


class SeenCredentials:
    """Credentials whose issuer signature held, by the SHA-256 of their bytes; bounded.

    It spares step 6, and the work of taking the same bytes apart again, whose outcome is the same.
    Dropped at each trust update.
    """

    __slots__ = ("_most", "_seen")

    def __init__(self, most: int = DEFAULT_SEEN) -> None:
        """Remember at most `most` of them, the longest unused going first."""
        self._seen: OrderedDict[bytes, ReceivedCredential] = OrderedDict()
        self._most = most

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._seen)

    def find(self, digest: bytes) -> ReceivedCredential | None:
        """The credential of this SHA-256, if it was verified under the present trust."""
        found = self._seen.get(digest)
        if found is not None:
            self._seen.move_to_end(digest)
        return found

    def remember(self, digest: bytes, credential: ReceivedCredential) -> None:
        """Add one, after its presentation was verified."""
        self._seen[digest] = credential
        self._seen.move_to_end(digest)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def forget_all(self) -> None:
        """Drop everything: the trust has changed."""
        self._seen.clear()


@dataclass(frozen=True, slots=True)
class OfferedCredential:
    """A credential taken apart, and whether its issuer signature is known to hold."""

    received: ReceivedCredential
    digest: bytes
    is_seen: bool


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A credential the issuer signed; who presents it is not known yet."""

    received: ReceivedCredential
    digest: bytes


@dataclass(frozen=True, slots=True)
class PresentedCredential:
    """A credential whose presentation key has signed this very session."""

    credential: Credential
    session: CompletedR


@dataclass(frozen=True, slots=True)
class VerifiedPresentation:
    """A true presentation whose grant permits what is asked, here and now: steps 1 to 12 held.

    `flags` are those of every entry that permits it; `round_trip_ms` is measured, logged, not
    trusted.
    """

    credential: Credential
    request: OpenRequest
    flags: GrantFlags
    round_trip_ms: int


def read_credential(state: ProcessingM3, seen: SeenCredentials) -> OfferedCredential:
    """Step 4: the credential in message_3, taken apart strictly."""
    try:
        received = presented_credential(state)
    except ProtocolError as error:
        raise VerificationError(
            4, DenialReason.MALFORMED, CoarseReason.OTHER, str(error)
        ) from error
    return take_apart(received, seen)


def take_apart(received: bytes, seen: SeenCredentials) -> OfferedCredential:
    """Step 4 over the bytes of a credential, however they came."""
    try:
        digest = hashlib.sha256(received).digest()
        known = seen.find(digest)
        return OfferedCredential(known or parse_credential(received), digest, known is not None)
    except ProtocolError as error:
        raise VerificationError(
            4, DenialReason.MALFORMED, CoarseReason.OTHER, str(error)
        ) from error


def verify_issuer(offered: OfferedCredential, view: DoorView) -> IssuedCredential:
    """Steps 5 and 6: an issuer key of the right role that was valid at `iat`, and its signature."""
    claims, sign1 = offered.received.claims, offered.received.sign1
    try:
        key = view.trust.issuer_key(sign1.kid, Role.CREDENTIAL, claims.issued_at)
    except TrustRefused as error:
        raise VerificationError(
            5, DenialReason.UNKNOWN_ISSUER, CoarseReason.OTHER, error.detail
        ) from error
    if not offered.is_seen:
        try:
            sign1.verify(ObjectType.CREDENTIAL, view.realm, key)
        except BadSignature as error:
            raise VerificationError(
                6, DenialReason.UNKNOWN_CREDENTIAL, CoarseReason.OTHER, str(error)
            ) from error
    return IssuedCredential(offered.received, offered.digest)


def verify_presentation(
    state: ProcessingM3, issued: IssuedCredential, seen: SeenCredentials
) -> PresentedCredential:
    """Step 7: the presentation key signed this session; only now is the credential remembered."""
    received = issued.received
    peer = PeerCredential(received.received, received.claims.presentation_key)
    try:
        session = r_verify_message_3(state, peer)
    except ProtocolError as error:
        raise VerificationError(
            7, DenialReason.INCORRECT_AUTHENTICATION_FACTOR, CoarseReason.OTHER, str(error)
        ) from error
    seen.remember(issued.digest, received)
    return PresentedCredential(received.claims, session)


def read_request(receiver: RecordReceiver, record: bytes, point: AccessPointNumber) -> OpenRequest:
    """Step 8: OPEN under this session's keys, and for this door."""
    try:
        request = OpenRequest.parse(receiver.open(RecordType.OPEN, record))
    except ProtocolError as error:
        raise VerificationError(
            8, DenialReason.MALFORMED, CoarseReason.OTHER, str(error)
        ) from error
    if request.point != point:
        detail = f"expected access point {point}, got {request.point}"
        raise VerificationError(
            8, DenialReason.POINT_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE, detail
        )
    return request


def verify_rights(
    presented: PresentedCredential, request: OpenRequest, view: DoorView, round_trip_ms: int
) -> VerifiedPresentation:
    """Steps 9 to 12: in force at this door, and permitted here and now."""
    credential = presented.credential
    at = verify_in_force(credential, view)
    standing, flags = credential.grant.standing(request.point, request.action, at)
    if standing is Standing.NO_WINDOW:
        detail = f"expected a window of access point {request.point} that holds {at}, got none"
        raise VerificationError(12, DenialReason.OUT_OF_TIME_RANGE, CoarseReason.NOT_NOW, detail)
    if standing is not Standing.PERMITTED:
        detail = f"expected a grant of {request.action.name} at {request.point}, got none"
        raise VerificationError(
            12, DenialReason.POINT_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE, detail
        )
    return VerifiedPresentation(credential, request, flags, round_trip_ms)


def verify_in_force(credential: Credential, view: DoorView) -> Instant:
    """Steps 9 to 11: of this facility, honoured, and in its time; the instant they were judged at.

    The key server runs these, with 4 to 6, over every credential before it is released.
    """
    if credential.facility != view.facility:
        detail = f"expected facility {view.facility}, got {credential.facility}"
        raise VerificationError(
            9, DenialReason.ZONE_NO_ACCESS_RIGHTS, CoarseReason.NOT_HERE, detail
        )
    _verify_status(credential, view)
    return _verify_time(credential, view)


def _verify_status(credential: Credential, view: DoorView) -> None:
    """Step 10: trust not expired, epoch, revocation, lifetime."""
    trust = view.trust
    if view.hi is not None:
        freshness = trust.freshness(view.hi)
        if freshness is Freshness.EXPIRED or (
            freshness is Freshness.DEGRADED and view.is_sensitive
        ):
            detail = f"expected a fresh trust state, got one that is {freshness.value}"
            raise VerificationError(
                10, DenialReason.AUTHENTICATION_UNAVAILABLE, CoarseReason.DOOR_CANNOT, detail
            )
    if not trust.is_epoch_current(credential.epoch):
        detail = f"expected an epoch in force, got {credential.epoch}"
        raise VerificationError(
            10, DenialReason.CREDENTIAL_DISABLED, CoarseReason.CREDENTIAL, detail
        )
    if trust.is_revoked(credential.index):
        detail = f"expected a credential in force, got one revoked (cti {credential.cti.hex()})"
        raise VerificationError(
            10, DenialReason.CREDENTIAL_DISABLED, CoarseReason.CREDENTIAL, detail
        )
    most = MAX_SENSITIVE_LIFE_SECONDS if view.is_sensitive else MAX_LIFE_SECONDS
    life = credential.expires - credential.issued_at
    if life > most:
        detail = f"expected a life of at most {most} s, got {life} s"
        raise VerificationError(
            10, DenialReason.CREDENTIAL_LIFETIME, CoarseReason.CREDENTIAL, detail
        )


def _verify_time(credential: Credential, view: DoorView) -> Instant:
    """Step 11: a clock narrow enough, and hi within `[nbf, exp)`."""
    at = view.hi
    if at is None or not view.is_clock_narrow:
        detail = "expected a clock narrow enough to judge by, got a wider one"
        raise VerificationError(
            11, DenialReason.AUTHENTICATION_UNAVAILABLE, CoarseReason.TIME_NEEDED, detail
        )
    if at < credential.not_before:
        detail = f"expected an instant from {credential.not_before} on, got {at}"
        raise VerificationError(
            11, DenialReason.CREDENTIAL_NOT_YET_ACTIVE, CoarseReason.NOT_NOW, detail
        )
    if at >= credential.expires:
        detail = f"expected an instant before {credential.expires}, got {at}"
        raise VerificationError(
            11, DenialReason.CREDENTIAL_EXPIRED, CoarseReason.CREDENTIAL, detail
        )
    return at
