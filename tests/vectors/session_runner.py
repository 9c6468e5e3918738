"""Asks this implementation the questions about whole sessions: message_1, door and phone.

The other questions are in `runner`, which has the table of all.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from lockagent.exchange import Judgement, ReaderIdentity, Refusal, answer, judge
from lockagent.protocol.credential import parse_credential
from lockagent.protocol.edhoc.refusal import answer_to
from lockagent.protocol.edhoc.responder import WaitMessage3
from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import (
    CoarseReason,
    MalformedMessage,
    ProtocolError,
    VerificationError,
)
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.presentation import (
    DoorNotVerified,
    HeldCredential,
    begin,
    present,
    read_door,
    read_result,
    verify_door,
)
from lockagent.protocol.records import OpenRequest, RecordType, Result
from lockagent.protocol.trust import TrustState
from lockagent.protocol.verification import DoorView, SeenCredentials
from policies.vocabulary import (
    AccessPointNumber,
    Action,
    Environment,
    FacilityId,
    Instant,
    TenantId,
)
from tests.vectors.case import ACCEPT, MALFORMED
from tests.vectors.fixed import FixedKey

Question: TypeAlias = Mapping[str, Any]  # why: parsed JSON, read by the runners and nowhere else


class Answer(NamedTuple):
    """`accept` or the reason, and what comes out beside it: bytes as hex, as in the JSON."""

    verdict: str
    outputs: dict[str, Any] | None = None


def realm(asked: Question) -> Realm:
    """The world and tenant asked about."""
    return Realm(Environment(asked["environment"]), TenantId(asked["tenant"]))


def trust_state(asked: Question) -> TrustState:
    """A state built without regard to the time, so that only what is asked can be refused."""
    root = bytes.fromhex(asked["root"])
    state = TrustState.begin(realm(asked), FacilityId(asked["facility"]), root)
    if asked["held"] is None:
        return state
    return state.update(bytes.fromhex(asked["held"]), Instant(0), None)


def ask_message_1(asked: Question) -> Answer:
    """Steps 1 and 2."""
    try:
        _, message_2 = _answered(asked)
    except ProtocolError as error:
        return Answer(MALFORMED, {"error": answer_to(error).hex()})
    return Answer(ACCEPT, {"message_2": message_2.hex()})


def ask_door(asked: Question) -> Answer:
    """Steps 1 to 12, and RESULT."""
    waiting, message_2 = _answered(asked)
    said: dict[str, Any] = {"message_2": message_2.hex()}
    view = DoorView(
        realm=realm(asked),
        facility=FacilityId(asked["facility"]),
        point=AccessPointNumber(asked["point"]),
        is_sensitive=asked["is_sensitive"],
        trust=trust_state(asked),
        hi=asked["hi"],
        is_clock_narrow=asked["is_clock_narrow"],
    )
    presentation = bytes.fromhex(asked["presentation"])
    try:
        judgement = judge(waiting, presentation, lambda: view, SeenCredentials(), 0)
    except VerificationError as error:
        refused = answer_to(MalformedMessage()).hex()
        return Answer(error.reason, {**said, "step": error.step, "error": refused})
    return _concluded(judgement, view, said, asked)


def _concluded(
    judgement: Judgement, view: DoorView, said: dict[str, Any], asked: Question
) -> Answer:
    verdict, sender = judgement.verdict, judgement.result_sender()
    nonce, version = bytes.fromhex(asked["nonce"]), view.trust.version
    if isinstance(verdict, Refusal):
        error, opening = verdict.error, verdict.next_opening
        result = Result(False, 0, error.coarse, opening, version, False, nonce)
        said |= {"step": error.step, "code": int(error.coarse), "next_opening": opening or 0}
    else:
        strike = asked["strike_seconds"]
        result = Result(True, strike, CoarseReason.NONE, None, version, False, nonce)
        said |= {"flags": int(verdict.flags)}
    said["result"] = sender.seal(RecordType.RESULT, result.encode()).hex()
    return Answer(verdict.error.reason if isinstance(verdict, Refusal) else ACCEPT, said)


def _answered(asked: Question) -> tuple[WaitMessage3, bytes]:
    key = SoftwareKey.from_private_bytes(bytes.fromhex(asked["reader_key"]))
    identity = ReaderIdentity(ReaderId(bytes(4)), key, bytes.fromhex(asked["certificate"]))
    ephemeral = SoftwareKey.from_private_bytes(bytes.fromhex(asked["ephemeral_key"]))
    return answer(bytes.fromhex(asked["message_1"]), identity, ephemeral)


def ask_phone(asked: Question) -> Answer:
    """Steps P1 to P7, the presentation, and RESULT."""
    received = bytes.fromhex(asked["credential"])
    held = HeldCredential(
        received=received,
        claims=parse_credential(received).claims,
        key=FixedKey(int(asked["presentation_key"], 16)),
        trust=trust_state(asked),
        reader_certificates=tuple(bytes.fromhex(held) for held in asked["certificates"]),
    )
    request = OpenRequest(
        point=AccessPointNumber(asked["point"]),
        action=Action(asked["action"]),
        attempt=bytes.fromhex(asked["attempt"]),
        longer_strike=asked["longer_strike"],
    )
    ephemeral = SoftwareKey.from_private_bytes(bytes.fromhex(asked["ephemeral_key"]))
    try:
        awaiting_door, message_1 = begin(held, request, ephemeral)
    except ValueError:
        return Answer("P1")
    said: dict[str, Any] = {"message_1": message_1.hex()}
    try:
        door = read_door(awaiting_door, bytes.fromhex(asked["message_2"]))
        certificate = door.certificate
        if certificate is None:
            certificate = bytes.fromhex(asked["read"])
        verified = verify_door(door, certificate, Instant(asked["now"]))
    except DoorNotVerified as refusal:
        return Answer(refusal.step, {**said, "error": answer_to(MalformedMessage()).hex()})
    awaiting, presentation = present(verified, bytes)
    said["presentation"] = presentation.hex()
    if asked["result_record"] is None:
        return Answer(ACCEPT, said)
    try:
        result = read_result(awaiting, bytes.fromhex(asked["result_record"]))
    except MalformedMessage:
        return Answer(MALFORMED, said)
    return Answer(ACCEPT, {**said, "result": result_fields(result)})


def result_fields(result: Result) -> dict[str, Any]:
    """What RESULT says, as the JSON writes it."""
    return {
        "granted": result.granted,
        "strike_seconds": result.strike_seconds,
        "reason": int(result.reason),
        "next_opening": result.next_opening or 0,
        "bundle": list(result.bundle),
        "has_chunk": result.has_chunk,
        "nonce": result.nonce.hex(),
    }
