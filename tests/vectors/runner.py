"""Asks this implementation every question of the suites; another one is asked by its own runner.

`answer` takes a case as it stands in the JSON, so that what is committed is what is tested.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lockagent.protocol.access_event import JournalHead, first_break
from lockagent.protocol.ack import verify_ack
from lockagent.protocol.credential import parse_credential
from lockagent.protocol.door_settings import verify_settings
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature, VerifyingKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.root import parse_root, verify_first_root
from lockagent.protocol.time_token import verify_time_token
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from policies.vocabulary import ControllerId, Environment, FacilityId, Instant, TenantId
from tests.vectors.case import ACCEPT, MALFORMED, SIGNATURE, Case, plain

Asked: TypeAlias = Mapping[str, Any]  # why: parsed JSON, read here and nowhere else


def answer(kind: str, asked: Asked) -> str:
    """`accept`, or the reason this implementation refuses for."""
    try:
        return _ANSWERS[kind](asked)
    except MalformedMessage:
        return MALFORMED
    except BadSignature:
        return SIGNATURE
    except TrustRefused as refusal:
        return str(refusal.fault)


def answer_case(case: Case) -> str:
    """The same for a case that is not read from its file."""
    return answer(case.kind, json.loads(json.dumps(plain(case.make()))))


def _encoding(asked: Asked) -> str:
    received = bytes.fromhex(asked["received"])
    return ACCEPT if encode(decode(received)) == received else "REWRITTEN"


def _credential(asked: Asked) -> str:
    parsed = parse_credential(bytes.fromhex(asked["received"]))
    parsed.verify(ObjectType.CREDENTIAL, _realm(asked), _issuer_key(asked))
    return ACCEPT


def _reader(asked: Asked) -> str:
    parsed = parse_reader_certificate(bytes.fromhex(asked["received"]))
    parsed.verify(ObjectType.READER, _realm(asked), _issuer_key(asked))
    return ACCEPT


def _root(asked: Asked) -> str:
    received = bytes.fromhex(asked["received"])
    if asked["held"] is None:
        verify_first_root(parse_root(received), _realm(asked))
    else:
        facility, held = FacilityId("torshov"), bytes.fromhex(asked["held"])
        TrustState.begin(_realm(asked), facility, held).update_root(received, asked["hi"])
    return ACCEPT


def _bundle(asked: Asked) -> str:
    received = bytes.fromhex(asked["received"])
    state = _state(asked)
    after = state.update(received, Instant(asked["lo"]), Instant(asked["hi"]))
    return ACCEPT if after.bundle_bytes == received else "NOT_TAKEN"


def _settings(asked: Asked) -> str:
    verify_settings(
        bytes.fromhex(asked["received"]),
        _state(asked),
        ControllerId(asked["controller"]),
        asked["held_version"],
        Instant(asked["hi"]),
    )
    return ACCEPT


def _time_token(asked: Asked) -> str:
    verify_time_token(bytes.fromhex(asked["received"]), _state(asked))
    return ACCEPT


def _ack(asked: Asked) -> str:
    controller, hi = ControllerId(asked["controller"]), Instant(asked["hi"])
    verify_ack(bytes.fromhex(asked["received"]), _state(asked), controller, hi)
    return ACCEPT


def _journal(asked: Asked) -> str:
    sequence, head = asked["after"]
    entries = [bytes.fromhex(entry) for entry in asked["entries"]]
    broken = first_break(entries, JournalHead(sequence, bytes.fromhex(head)))
    return ACCEPT if broken is None else f"BREAK {broken.sequence}"


def _realm(asked: Asked) -> Realm:
    return Realm(Environment(asked["environment"]), TenantId(asked["tenant"]))


def _issuer_key(asked: Asked) -> VerifyingKey:
    return VerifyingKey.from_cose(decode(bytes.fromhex(asked["issuer_key"])))


def _state(asked: Asked) -> TrustState:
    """A state built without regard to the time, so that only what is asked can be refused."""
    root = bytes.fromhex(asked["root"])
    state = TrustState.begin(_realm(asked), FacilityId(asked["facility"]), root)
    if asked["held"] is None:
        return state
    return state.update(bytes.fromhex(asked["held"]), Instant(0), None)


_ANSWERS: Mapping[str, Callable[[Asked], str]] = {
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
}
