"""Asks this implementation every question of the suites; another one is asked by its own runner.

`answer` takes a case as it stands in the JSON, so that what is committed is what is tested.
"""

import json
from collections.abc import Callable, Mapping

from lockagent.protocol.access_event import JournalHead, first_break
from lockagent.protocol.ack import verify_ack
from lockagent.protocol.credential import parse_credential
from lockagent.protocol.door_settings import verify_settings
from lockagent.protocol.edhoc.messages import write_ead
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import MalformedMessage, ProtocolError
from lockagent.protocol.framing import Channel, Message, Reassembly, split
from lockagent.protocol.gatt import fragment_bytes
from lockagent.protocol.keys import BadSignature, VerifyingKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.records import (
    Direction,
    OpenRequest,
    RecordReceiver,
    RecordSender,
    RecordType,
    Result,
    ead_padding,
    padding_of,
)
from lockagent.protocol.root import parse_root, verify_first_root
from lockagent.protocol.time_token import verify_time_token
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from policies.vocabulary import ControllerId, FacilityId, Instant
from tests.vectors.case import ACCEPT, MALFORMED, SIGNATURE, Case, plain
from tests.vectors.cases.padding import AROUND_CREDENTIAL_BYTES
from tests.vectors.session_runner import (
    Answer,
    Question,
    ask_door,
    ask_message_1,
    ask_phone,
    realm,
    result_fields,
    trust_state,
)

REWRITTEN = "REWRITTEN"


def answer(kind: str, asked: Question) -> Answer:
    """`accept`, or the reason this implementation refuses for; and what comes out beside it."""
    try:
        given = _ANSWERS[kind](asked)
    except ProtocolError:
        return Answer(MALFORMED)
    except BadSignature:
        return Answer(SIGNATURE)
    except TrustRefused as refusal:
        return Answer(str(refusal.fault))
    return given if isinstance(given, Answer) else Answer(given)


def answer_case(case: Case) -> str:
    """The verdict alone, for a case that is not read from its file."""
    return answer(case.kind, json.loads(json.dumps(plain(case.asked().inputs)))).verdict


def _encoding(asked: Question) -> str:
    received = bytes.fromhex(asked["received"])
    return ACCEPT if encode(decode(received)) == received else REWRITTEN


def _credential(asked: Question) -> str:
    parsed = parse_credential(bytes.fromhex(asked["received"]))
    parsed.verify(ObjectType.CREDENTIAL, realm(asked), _issuer_key(asked))
    return ACCEPT


def _reader(asked: Question) -> str:
    parsed = parse_reader_certificate(bytes.fromhex(asked["received"]))
    parsed.verify(ObjectType.READER, realm(asked), _issuer_key(asked))
    return ACCEPT


def _root(asked: Question) -> str:
    received = bytes.fromhex(asked["received"])
    if asked["held"] is None:
        verify_first_root(parse_root(received), realm(asked))
    else:
        facility, held = FacilityId("torshov"), bytes.fromhex(asked["held"])
        TrustState.begin(realm(asked), facility, held).update_root(received, asked["hi"])
    return ACCEPT


def _bundle(asked: Question) -> str:
    received = bytes.fromhex(asked["received"])
    state = trust_state(asked)
    after = state.update(received, Instant(asked["lo"]), Instant(asked["hi"]))
    return ACCEPT if after.bundle_bytes == received else "NOT_TAKEN"


def _settings(asked: Question) -> str:
    verify_settings(
        bytes.fromhex(asked["received"]),
        trust_state(asked),
        ControllerId(asked["controller"]),
        asked["held_version"],
        Instant(asked["hi"]),
    )
    return ACCEPT


def _time_token(asked: Question) -> str:
    verify_time_token(bytes.fromhex(asked["received"]), trust_state(asked))
    return ACCEPT


def _ack(asked: Question) -> str:
    controller, hi = ControllerId(asked["controller"]), Instant(asked["hi"])
    verify_ack(bytes.fromhex(asked["received"]), trust_state(asked), controller, hi)
    return ACCEPT


def _journal(asked: Question) -> str:
    sequence, head = asked["after"]
    entries = [bytes.fromhex(entry) for entry in asked["entries"]]
    broken = first_break(entries, JournalHead(sequence, bytes.fromhex(head)))
    return ACCEPT if broken is None else f"BREAK {broken.sequence}"


def _issuer_key(asked: Question) -> VerifyingKey:
    return VerifyingKey.from_cose(decode(bytes.fromhex(asked["issuer_key"])))


def _framing(asked: Question) -> Answer:
    fragments = [bytes.fromhex(fragment) for fragment in asked["fragments"]]
    awaited = [Channel(channel) for channel in asked["awaited"]]
    reassembly, messages = Reassembly(), list[Message]()
    for at, fragment in enumerate(fragments):
        try:
            message = reassembly.take(fragment, awaited)
        except MalformedMessage:
            held = reassembly.held_bytes
            return Answer("NOT_FREED" if held else MALFORMED, {"refused": at})
        if message is not None:
            messages.append(message)
    att_mtu = asked["att_mtu"]
    if att_mtu is not None and split(messages[0], fragment_bytes(att_mtu)) != fragments:
        return Answer("OTHER_FRAGMENTS")
    said = [[int(message.channel), message.content.hex()] for message in messages]
    return Answer(ACCEPT, {"messages": said})


def _open(asked: Question) -> Answer:
    received = bytes.fromhex(asked["received"])
    request = OpenRequest.parse(received)
    said = {
        "point": request.point,
        "action": int(request.action),
        "attempt": request.attempt.hex(),
        "longer_strike": request.longer_strike,
    }
    return Answer(ACCEPT if request.encode() == received else REWRITTEN, said)


def _result(asked: Question) -> Answer:
    received = bytes.fromhex(asked["received"])
    result = Result.parse(received)
    return Answer(ACCEPT if result.encode() == received else REWRITTEN, result_fields(result))


def _record(asked: Question) -> Answer:
    key, iv = bytes.fromhex(asked["key"]), bytes.fromhex(asked["iv"])
    kind, received = RecordType(asked["type"]), bytes.fromhex(asked["received"])

    def exporter(_label: int, _context: bytes, length: int) -> bytes:
        return key if length == len(key) else iv

    receiver = RecordReceiver(exporter, Direction.PHONE_TO_DOOR)
    sender = RecordSender(exporter, Direction.PHONE_TO_DOOR)
    for _ in range(asked["number"]):
        receiver.open(kind, sender.seal(kind, b""))
    plaintext = receiver.open(kind, received)
    is_same = sender.seal(kind, plaintext) == received
    return Answer(ACCEPT if is_same else REWRITTEN, {"plaintext": plaintext.hex()})


def _padding(asked: Question) -> Answer:
    fill, length = asked["fill"], asked["credential_bytes"]
    if fill is not None:
        return Answer(ACCEPT, {"size": None, "ead_3": write_ead(padding_of(fill, bytes)).hex()})
    try:
        ead_3 = write_ead(ead_padding(length, bytes))
    except ValueError:
        return Answer("TOO_LONG")
    size = length + AROUND_CREDENTIAL_BYTES + len(ead_3)
    return Answer(ACCEPT, {"size": size, "ead_3": ead_3.hex()})


_ANSWERS: Mapping[str, Callable[[Question], str | Answer]] = {
    "encoding": _encoding,
    "envelope": _credential,
    "credential": _credential,
    "reader": _reader,
    "root": _root,
    "bundle": _bundle,
    "settings": _settings,
    "time_token": _time_token,
    "ack": _ack,
    "journal": _journal,
    "framing": _framing,
    "open": _open,
    "result": _result,
    "record": _record,
    "padding": _padding,
    "message_1": ask_message_1,
    "door": ask_door,
    "door_proofs": ask_door,
    "door_rights": ask_door,
    "phone": ask_phone,
    "phone_proofs": ask_phone,
}
