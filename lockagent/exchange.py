"""The door's half of one unlock, without radio, clock or disk: two messages in, two out.

`answer` makes message_2 of message_1; `judge` takes message_3 with OPEN through the numbered steps
3 to 12 of SPEC.md section 6. What comes out is a verdict for the access point to conclude, and the
session under whose keys RESULT will be sealed. Steps 1 to 7 fail as an exception, which the session
answers with the fixed EDHOC error; from step 8 on a failure is a verdict too, since a session with
keys stands.

Pure: the ephemeral key, the view of trust and clock, and the measured round trip are arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lockagent.protocol.credential import Credential
from lockagent.protocol.edhoc.completed import CompletedR
from lockagent.protocol.edhoc.handshake import StaticIdentity
from lockagent.protocol.edhoc.profile import (
    C_R,
    METHODS,
    SUITES,
    check_message_1,
    reader_id_cred,
)
from lockagent.protocol.edhoc.responder import (
    WaitMessage3,
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
)
from lockagent.protocol.errors import (
    CoarseReason,
    DenialReason,
    ProtocolError,
    VerificationError,
)
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import AgreementKey
from lockagent.protocol.records import (
    Direction,
    OpenRequest,
    RecordReceiver,
    RecordSender,
    split_presentation,
)
from lockagent.protocol.verification import (
    DoorView,
    PresentedCredential,
    SeenCredentials,
    VerifiedPresentation,
    read_credential,
    read_request,
    verify_issuer,
    verify_presentation,
    verify_rights,
)
from policies.vocabulary import Instant


@dataclass(frozen=True, slots=True)
class ReaderIdentity:
    """One reader: its id on the air, its static key, and its certificate as issued."""

    reader_id: ReaderId
    key: AgreementKey
    certificate: bytes
    static: StaticIdentity = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what EDHOC presents, once and not for each phone."""
        id_cred = reader_id_cred(self.certificate)
        object.__setattr__(self, "static", StaticIdentity(id_cred, self.certificate, self.key))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A true presentation that must not open: why, and what the phone may be told of the next time.

    `cti` names the credential in the journal; `next_opening` is the next window it has here.
    """

    error: VerificationError
    cti: bytes
    next_opening: Instant | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What the access point concluded of a verdict, as RESULT says it.

    `strike_seconds` is 0 unless granted; `next_opening` is the next window the credential has here.
    """

    granted: bool
    strike_seconds: int
    coarse: CoarseReason
    next_opening: Instant | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What steps 3 to 12 came to, and the session under whose keys RESULT is sealed."""

    verdict: VerifiedPresentation | Refusal
    session: CompletedR

    def result_sender(self) -> RecordSender:
        """The sender for RESULT, made once: after the strike, which does not wait for it."""
        return RecordSender(self.session.exporter, Direction.DOOR_TO_PHONE)


def answer(
    message_1: bytes, identity: ReaderIdentity, ephemeral: AgreementKey
) -> tuple[WaitMessage3, bytes]:
    """Steps 1 and 2: message_2, and the state that awaits message_3; or ProtocolError."""
    state = r_process_message_1(message_1, suites=SUITES, methods=METHODS)
    check_message_1(state)
    return r_prepare_message_2(state, ephemeral=ephemeral, c_r=C_R, identity=identity.static)


def judge(
    waiting: WaitMessage3,
    received: bytes,
    take_view: Callable[[], DoorView],
    seen: SeenCredentials,
    round_trip_ms: int,
) -> Judgement:
    """Steps 3 to 12 over message_3 and OPEN; VerificationError for steps 3 to 7.

    `take_view` is called once, when message_3 has been decrypted.
    """
    try:
        message_3, record = split_presentation(received)
        processing = r_parse_message_3(waiting, message_3)
    except ProtocolError as error:
        raise VerificationError(
            3, DenialReason.MALFORMED, CoarseReason.OTHER, str(error)
        ) from error
    view = take_view()
    issued = verify_issuer(read_credential(processing, seen), view)
    presented = verify_presentation(processing, issued, seen)
    receiver = RecordReceiver(presented.session.exporter, Direction.PHONE_TO_DOOR)
    verdict = _verdict(presented, receiver, record, view, round_trip_ms)
    return Judgement(verdict, presented.session)


def _verdict(
    presented: PresentedCredential,
    receiver: RecordReceiver,
    record: bytes,
    view: DoorView,
    round_trip_ms: int,
) -> VerifiedPresentation | Refusal:
    request = None
    try:
        request = read_request(receiver, record, view.point)
        return verify_rights(presented, request, view, round_trip_ms)
    except VerificationError as error:
        next_opening = None
        if request is not None and error.coarse is CoarseReason.NOT_NOW:
            next_opening = _next_opening(presented.credential, request, view)
        return Refusal(error, presented.credential.cti, next_opening)


def _next_opening(credential: Credential, request: OpenRequest, view: DoorView) -> Instant | None:
    if view.hi is None:
        return None
    return credential.grant.next_opening(request.point, request.action, view.hi)
