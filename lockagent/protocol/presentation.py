"""The phone's numbered steps P1 to P7: is this the door that was tapped? Only then, who I am.

SPEC.md section 5. Sans-io, one type per state:

    begin            P1      -> AwaitingDoor, message_1
    read_door        P2      message_2 -> AnsweredDoor, with the kid of its certificate, and the
                             certificate itself where it was to be expected of this door
    verify_door      P3-P7   the certificate that has this kid -> VerifiedDoor
    present                  -> AwaitingResult, message_3 and OPEN as one message
    read_result              RESULT -> Result

Rules kept here:
- nothing that names the phone leaves before P7: no credential, no identifier, no signature;
- a failure is final: no retry with another credential, which would be an oracle;
- only certificates that name the tapped access point are taken from what is held: else a rogue
  reader could name the kid of any reader, and learn by what is read from it whether the phone
  holds that one, and so where else its owner goes;
- message_3 and OPEN are composed once; a retry on the same link sends the same bytes.

Randomness and the ephemeral key come in as arguments, and an ephemeral key is used once.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lockagent.protocol.credential import Credential
from lockagent.protocol.edhoc.handshake import PeerCredential, SigningIdentity
from lockagent.protocol.edhoc.initiator import (
    ProcessedM2,
    ProcessingM2,
    WaitMessage2,
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.profile import (
    C_I,
    METHOD,
    SUITE,
    credential_id_cred,
    named_reader,
    reader_kid,
)
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import ProtocolError
from lockagent.protocol.gatt import PROTOCOL_VERSION
from lockagent.protocol.keys import AgreementKey, SigningKey
from lockagent.protocol.reader_certificate import ReaderCertificate, parse_reader_certificate
from lockagent.protocol.records import (
    Direction,
    OpenRequest,
    RecordReceiver,
    RecordSender,
    RecordType,
    Result,
    ead_padding,
)
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustRefused
from policies.vocabulary import AccessPointNumber, Instant

SPOKEN_VERSIONS = (PROTOCOL_VERSION,)


class DoorNotVerified(Exception):
    """What answered is not the door that was tapped; `step` is P1 to P7 of SPEC.md 5."""

    def __init__(self, step: str, detail: str) -> None:
        """Say at which step it failed, and why."""
        super().__init__(f"step {step}: {detail}")
        self.step = step
        self.detail = detail


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential as it came, the key it is bound to, and the trust that came with it."""

    received: bytes
    claims: Credential
    key: SigningKey = field(repr=False)
    trust: TrustState
    reader_certificates: tuple[bytes, ...]

    def certificates_of(self, point: AccessPointNumber) -> Mapping[bytes, bytes]:
        """By kid, the certificates among those held whose readers are of `point`.

        One that does not parse names no access point: it is as if it had not come.
        """
        expected = {}
        for received in self.reader_certificates:
            with suppress(ProtocolError):
                if point in parse_reader_certificate(received).claims.points:
                    expected[reader_kid(received)] = received
        return expected


@dataclass(frozen=True, slots=True)
class AwaitingDoor:
    """message_1 is out; `expected` are the certificates of P1 by their kids."""

    held: HeldCredential
    request: OpenRequest
    expected: Mapping[bytes, bytes]
    waiting: WaitMessage2


@dataclass(frozen=True, slots=True)
class AnsweredDoor:
    """A door has named its certificate and has proved nothing yet.

    `certificate` is the one it named where P1 expected it, None where it is to be read from the
    door.
    """

    held: HeldCredential
    request: OpenRequest
    reader_kid: bytes
    certificate: bytes | None
    processing: ProcessingM2


@dataclass(frozen=True, slots=True)
class VerifiedDoor:
    """The tapped door, by its issuer's word and its own key."""

    held: HeldCredential
    request: OpenRequest
    certificate: ReaderCertificate
    processed: ProcessedM2


@dataclass(frozen=True, slots=True)
class AwaitingResult:
    """message_3 and OPEN are out."""

    receiver: RecordReceiver = field(repr=False)


def begin(
    held: HeldCredential, request: OpenRequest, ephemeral: AgreementKey
) -> tuple[AwaitingDoor, bytes]:
    """P1: a credential that names the tapped access point, and the certificates to expect there.

    Call it before anything connects.

    ValueError where it does not: a phone without a credential for a door does not connect.
    """
    if not any(True for _ in held.claims.grant.entries_of(request.point)):
        raise ValueError(f"expected a credential for access point {request.point}, got another")
    waiting, message_1 = i_prepare_message_1(
        suite=SUITE, method=METHOD, ephemeral=ephemeral, c_i=C_I
    )
    expected = held.certificates_of(request.point)
    return AwaitingDoor(held, request, expected, waiting), message_1


def read_door(state: AwaitingDoor, message_2: bytes) -> AnsweredDoor:
    """P2: message_2 names a reader certificate by an 8-byte kid."""
    try:
        processing = i_parse_message_2(state.waiting, message_2)
        kid = named_reader(processing)
    except ProtocolError as error:
        raise DoorNotVerified("P2", str(error)) from error
    return AnsweredDoor(state.held, state.request, kid, state.expected.get(kid), processing)


def verify_door(state: AnsweredDoor, received: bytes, at: Instant) -> VerifiedDoor:
    """P3 to P7: `received`, the certificate expected or read from the door, is this door's.

    `at` is the phone's time; the certificate's validity is its test, the grant's never is.
    """
    held, request = state.held, state.request
    if reader_kid(received) != state.reader_kid:
        raise DoorNotVerified("P3", "expected the reader certificate the door named, got another")
    certificate = _verify_certificate(received, held.trust, at)
    if certificate.facility != held.claims.facility:
        detail = f"expected facility {held.claims.facility}, got {certificate.facility}"
        raise DoorNotVerified("P5", detail)
    if request.point not in certificate.points:
        raise DoorNotVerified(
            "P5", f"expected the reader of access point {request.point}, got another"
        )
    common = set(SPOKEN_VERSIONS) & set(certificate.versions)
    if not common or max(common) != PROTOCOL_VERSION:
        detail = f"expected the highest version in both lists to be {PROTOCOL_VERSION}"
        raise DoorNotVerified("P6", f"{detail}, got {certificate.versions}")
    try:
        peer = PeerCredential(received, certificate.reader_key)
        processed = i_verify_message_2(state.processing, peer)
    except ProtocolError as error:
        raise DoorNotVerified("P7", str(error)) from error
    return VerifiedDoor(held, request, certificate, processed)


def present(
    state: VerifiedDoor, random_bytes: Callable[[int], bytes]
) -> tuple[AwaitingResult, bytes]:
    """message_3 and OPEN, framed as one message: send these bytes, and in a retry the same."""
    held = state.held
    session, message_3 = i_prepare_message_3(
        state.processed,
        identity=SigningIdentity(
            id_cred=credential_id_cred(held.received), cred=held.received, key=held.key
        ),
        ead_3=ead_padding(len(held.received), random_bytes),
    )
    sender = RecordSender(session.exporter, Direction.PHONE_TO_DOOR)
    record = sender.seal(RecordType.OPEN, state.request.encode())
    receiver = RecordReceiver(session.exporter, Direction.DOOR_TO_PHONE)
    return AwaitingResult(receiver), message_3 + record


def read_result(state: AwaitingResult, record: bytes) -> Result:
    """The door's answer, and its proof that it has the session's keys; or MalformedMessage."""
    return Result.parse(state.receiver.open(RecordType.RESULT, record))


def _verify_certificate(received: bytes, trust: TrustState, at: Instant) -> ReaderCertificate:
    """P4: strict parse; a trusted reader key; its signature; validity; not revoked."""
    try:
        parsed = parse_reader_certificate(received)
        certificate = trust.verified(
            parsed, ObjectType.READER, Role.READER, parsed.claims.issued_at
        )
    except (ProtocolError, TrustRefused) as error:
        raise DoorNotVerified("P4", str(error)) from error
    if not certificate.not_before <= at < certificate.expires:
        raise DoorNotVerified("P4", f"expected a certificate in force at {at}, got another")
    if trust.is_reader_revoked(certificate.cti):
        raise DoorNotVerified("P4", "expected a reader in force, got one revoked")
    return certificate
