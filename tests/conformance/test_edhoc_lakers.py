"""EDHOC with an implementation by others: lakers (Rust), method 3, suite 2, both roles.

lakers is a test-only peer. It takes raw private keys and CWT claims sets (CCS) with a kid.
"""

import pytest

from lockagent.protocol.edhoc.completed import i_process_message_4, update_keys
from lockagent.protocol.edhoc.crypto import SUITE_2
from lockagent.protocol.edhoc.handshake import Method, PeerCredential, StaticIdentity
from lockagent.protocol.edhoc.identification import credential_by_value, kid_id_cred, kid_of
from lockagent.protocol.edhoc.initiator import (
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.messages import EadItem
from lockagent.protocol.edhoc.responder import (
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
    r_verify_message_3,
)
from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.keys import SoftwareKey

lakers = pytest.importorskip("lakers")

KCCS = 14
LABEL = 20  # lakers writes exporter labels as one byte: right up to 23, and 255 is its last
SCALAR_I = bytes(range(1, 33))
SCALAR_R = bytes(range(101, 133))
KEY_I = SoftwareKey.from_private_bytes(SCALAR_I)
KEY_R = SoftwareKey.from_private_bytes(SCALAR_R)


def _ccs(name: str, kid: bytes, key: SoftwareKey) -> bytes:
    y = key.public.loaded.public_numbers().y.to_bytes(32, "big")
    cose: Value = {1: 2, 2: kid, -1: 1, -2: key.public.x, -3: y}
    return encode({2: name, 8: {1: cose}})


CRED_I = _ccs("initiator", b"\x2b", KEY_I)
CRED_R = _ccs("responder", b"\x0a", KEY_R)
EAD = EadItem(7, b"seven")


@pytest.mark.parametrize("by_value", [False, True], ids=["by kid", "by value"])
def test_we_initiate_and_lakers_responds(by_value: bool) -> None:
    id_cred_i = b"\xa1\x0e" + CRED_I if by_value else kid_id_cred(b"\x2b")
    peer = lakers.EdhocResponder(r=SCALAR_R, cred_r=lakers.Credential(CRED_R))
    waiting, message_1 = i_prepare_message_1(
        suite=SUITE_2, method=Method.STATIC_STATIC, ephemeral=SoftwareKey.generate(), c_i=b"\x0e"
    )
    peer.process_message_1(message_1)
    message_2 = peer.prepare_message_2(lakers.CredentialTransfer.ByReference, b"\x27", [])
    parsed = i_parse_message_2(waiting, message_2)
    assert kid_of(parsed.id_cred_r) == b"\x0a"
    assert parsed.c_r == b"\x27"
    verified = i_verify_message_2(parsed, PeerCredential(CRED_R, KEY_R.public))
    session, message_3 = i_prepare_message_3(
        verified, identity=StaticIdentity(id_cred_i, CRED_I, KEY_I)
    )
    id_cred, _ = peer.parse_message_3(message_3)
    assert bytes(id_cred) == id_cred_i
    peer.verify_message_3(lakers.Credential(CRED_I))
    assert i_process_message_4(session, bytes(peer.prepare_message_4([]))) == ()

    assert bytes(peer.edhoc_exporter(LABEL, [], 16)) == session.exporter(LABEL, b"", 16)
    peer.edhoc_key_update(list(b"update"))
    updated = update_keys(session, b"update")
    assert bytes(peer.edhoc_exporter(LABEL, [], 16)) == updated.exporter(LABEL, b"", 16)


@pytest.mark.parametrize("by_value", [False, True], ids=["by kid", "by value"])
def test_lakers_initiates_and_we_respond(by_value: bool) -> None:
    transfer = lakers.CredentialTransfer
    peer = lakers.EdhocInitiator()
    processed = r_process_message_1(
        bytes(peer.prepare_message_1(b"\x0e", [])),
        suites=[SUITE_2],
        methods={Method.STATIC_STATIC},
    )
    assert processed.c_i == b"\x0e"
    waiting, message_2 = r_prepare_message_2(
        processed,
        ephemeral=SoftwareKey.generate(),
        c_r=b"\x27",
        identity=StaticIdentity(kid_id_cred(b"\x0a"), CRED_R, KEY_R),
    )
    c_r, id_cred_r, _ = peer.parse_message_2(message_2)
    assert (bytes(c_r), bytes(id_cred_r)) == (b"\x27", kid_id_cred(b"\x0a"))
    peer.verify_message_2(SCALAR_I, lakers.Credential(CRED_I), lakers.Credential(CRED_R))
    message_3, _ = peer.prepare_message_3(
        transfer.ByValue if by_value else transfer.ByReference,
        [lakers.EADItem(EAD.label, False, EAD.value)],
    )
    parsed = r_parse_message_3(waiting, bytes(message_3))
    if by_value:
        assert credential_by_value(parsed.id_cred_i, KCCS) == CRED_I
    else:
        assert kid_of(parsed.id_cred_i) == b"\x2b"
    assert parsed.ead_3 == (EAD,)
    session = r_verify_message_3(parsed, PeerCredential(CRED_I, KEY_I.public))
    peer.completed_without_message_4()
    assert bytes(peer.edhoc_exporter(LABEL, [], 16)) == session.exporter(LABEL, b"", 16)
