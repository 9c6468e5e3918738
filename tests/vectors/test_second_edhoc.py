"""The sessions of the vectors, run by a second EDHOC that shares no line with the product's.

What `session_runner` cannot show is that the committed bytes are EDHOC's and not only ours. Here
the second implementation takes the place of the door, then of the phone, in every session that
comes to a RESULT, and opens or expects the same bytes.
"""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from lockagent.protocol.credential import parse_credential
from lockagent.protocol.edhoc.profile import credential_id_cred, reader_id_cred
from lockagent.protocol.encoding import decode, decode_item
from lockagent.protocol.reader_certificate import parse_reader_certificate
from tests.conformance.second_edhoc import (
    SecondInitiator,
    SecondResponder,
    message_3_padding,
)
from tests.conformance.second_edhoc_bytes import padding
from tests.vectors.make_vectors import FOLDER

SESSIONS = ("door", "door_proofs", "door_rights")
RESULT_KEY, RESULT_IV = 32770, 32771
OPEN_RECORD_BYTES = 42


def _cases(*kinds: str, told: str) -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for kind in kinds
        for case in json.loads((FOLDER / f"{kind}.json").read_text())["cases"]
        if told in case.get("outputs", {})
    ]


def _key(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(scalar, 16), ec.SECP256R1())


def _result(door: SecondResponder, record: bytes) -> Any:
    key, iv = door.exporter(RESULT_KEY, b"", 16), door.exporter(RESULT_IV, b"", 13)
    sealed = decode(record)
    assert isinstance(sealed, bytes)
    return decode(AESCCM(key, tag_length=8).decrypt(iv, sealed, bytes([1, 0])))


@pytest.mark.parametrize("case", _cases(*SESSIONS, told="result"))
def test_a_second_door_makes_the_same_session(case: dict[str, Any]) -> None:
    """message_2 to the byte, the presentation verified, RESULT under the same keys."""
    asked, said = case["inputs"], case["outputs"]
    certificate = bytes.fromhex(asked["certificate"])
    ephemeral, static = _key(asked["ephemeral_key"]), _key(asked["reader_key"])
    door = SecondResponder(ephemeral, static, reader_id_cred(certificate), certificate)
    door.take_message_1(bytes.fromhex(asked["message_1"]))
    assert door.message_2().hex() == said["message_2"]
    presentation = bytes.fromhex(asked["presentation"])
    _, end = decode_item(presentation, 0)
    kcwt = door.take_message_3(presentation[:end]).kcwt
    door.trust_initiator(kcwt, parse_credential(kcwt).claims.presentation_key.loaded)
    granted, strike, reason, opening, *_ = _result(door, bytes.fromhex(said["result"]))
    expected = (case["expected"] == "accept", said.get("code", 0), said.get("next_opening", 0))
    assert (bool(granted), reason, opening) == expected
    assert strike == (asked["strike_seconds"] if granted else 0)


@pytest.mark.parametrize("case", _cases("phone", "phone_proofs", told="presentation"))
def test_a_second_phone_makes_the_same_session(case: dict[str, Any]) -> None:
    """message_1 to the byte, MAC_2 verified, message_3 as long: its signature is another."""
    asked, said = case["inputs"], case["outputs"]
    kcwt = bytes.fromhex(asked["credential"])
    id_cred_i = credential_id_cred(kcwt)
    ephemeral, key = _key(asked["ephemeral_key"]), _key(asked["presentation_key"])
    phone = SecondInitiator(ephemeral, key, id_cred_i, kcwt)
    assert phone.message_1().hex() == said["message_1"]
    certificate = bytes.fromhex([*asked["certificates"], asked["read"]][0])
    assert phone.take_message_2(bytes.fromhex(asked["message_2"])) == reader_id_cred(certificate)
    reader_key = parse_reader_certificate(certificate).claims.reader_key
    phone.trust_responder(certificate, reader_key.loaded)
    message_3_bytes = len(bytes.fromhex(said["presentation"])) - OPEN_RECORD_BYTES
    filled = padding(message_3_padding(id_cred_i, message_3_bytes), bytes(message_3_bytes))
    assert len(phone.message_3(filled)) == message_3_bytes
