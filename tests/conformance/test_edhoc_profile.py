"""The door's profile of EDHOC (SPEC.md 2): what the library accepts and phone or door refuse."""

from dataclasses import replace

import pytest

from lockagent.protocol.edhoc.handshake import PeerCredential, SigningIdentity, StaticIdentity
from lockagent.protocol.edhoc.identification import kid_id_cred
from lockagent.protocol.edhoc.initiator import (
    ProcessingM2,
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.messages import Ead, EadItem
from lockagent.protocol.edhoc.profile import (
    C_I,
    C_R,
    METHOD,
    METHODS,
    SUITE,
    SUITES,
    check_message_1,
    credential_id_cred,
    named_reader,
    presented_credential,
    reader_id_cred,
    reader_kid,
)
from lockagent.protocol.edhoc.refusal import HandshakeRefused, RefusalKind, answer_to
from lockagent.protocol.edhoc.responder import (
    ProcessedM1,
    ProcessingM3,
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
)
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.keys import SoftwareKey

DOOR = SoftwareKey.from_private_bytes(b"door".ljust(32, b"."))
PHONE = SoftwareKey.from_private_bytes(b"phone".ljust(32, b"."))
CERTIFICATE = encode([b"protected", {}, b"claims of a reader", bytes(64)])
KCWT = encode([b"protected", {}, b"claims of a credential", bytes(64)])


def _message_1(c_i: bytes = C_I, ead: Ead = (), preferred: tuple[int, ...] = ()) -> ProcessedM1:
    _, message_1 = i_prepare_message_1(
        suite=SUITE, method=METHOD, ephemeral=PHONE, c_i=c_i, preferred=preferred, ead_1=ead
    )
    return r_process_message_1(message_1, suites=SUITES, methods=METHODS)


def _message_2(
    c_r: bytes = C_R, ead: Ead = (), id_cred: bytes = reader_id_cred(CERTIFICATE)
) -> ProcessingM2:
    waiting, message_1 = i_prepare_message_1(suite=SUITE, method=METHOD, ephemeral=PHONE, c_i=C_I)
    processed = r_process_message_1(message_1, suites=SUITES, methods=METHODS)
    _, message_2 = r_prepare_message_2(
        processed,
        ephemeral=DOOR,
        c_r=c_r,
        identity=StaticIdentity(id_cred, CERTIFICATE, DOOR),
        ead_2=ead,
    )
    return i_parse_message_2(waiting, message_2)


def _message_3(id_cred: bytes = credential_id_cred(KCWT), ead: Ead = ()) -> ProcessingM3:
    waiting_2, message_1 = i_prepare_message_1(suite=SUITE, method=METHOD, ephemeral=PHONE, c_i=C_I)
    waiting_3, message_2 = r_prepare_message_2(
        r_process_message_1(message_1, suites=SUITES, methods=METHODS),
        ephemeral=DOOR,
        c_r=C_R,
        identity=StaticIdentity(reader_id_cred(CERTIFICATE), CERTIFICATE, DOOR),
    )
    verified = i_verify_message_2(
        i_parse_message_2(waiting_2, message_2), PeerCredential(CERTIFICATE, DOOR.public)
    )
    _, message_3 = i_prepare_message_3(
        verified, identity=SigningIdentity(id_cred, KCWT, PHONE), ead_3=ead
    )
    return r_parse_message_3(waiting_3, message_3)


def test_the_profile_accepts_its_own_messages() -> None:
    check_message_1(_message_1())
    assert named_reader(_message_2()) == reader_kid(CERTIFICATE)
    assert presented_credential(_message_3()) == KCWT


def test_message_1_begins_with_the_fixed_bytes() -> None:
    _, message_1 = i_prepare_message_1(suite=SUITE, method=METHOD, ephemeral=PHONE, c_i=C_I)
    assert message_1 == b"\x01\x02\x58\x20" + PHONE.public.x + b"\x00"


def test_padding_in_message_3_is_accepted_and_ignored() -> None:
    padding = (EadItem(0), EadItem(0, b""), EadItem(0, bytes(40)))
    assert presented_credential(_message_3(ead=padding)) == KCWT


def test_the_credential_is_the_slice_that_was_received() -> None:
    state = _message_3()
    assert presented_credential(state) in state.plaintext_3
    assert decode(presented_credential(state)) == decode(KCWT)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(_message_1(c_i=b"\x01"), id="another C_I"),
        pytest.param(_message_1(c_i=b""), id="an empty C_I"),
        pytest.param(_message_1(ead=(EadItem(0),)), id="padding"),
        pytest.param(_message_1(ead=(EadItem(5, b""),)), id="EAD_1"),
        pytest.param(_message_1(preferred=(6,)), id="an array of suites"),
    ],
)
def test_B12_another_message_1_is_refused(state: ProcessedM1) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        check_message_1(state)
    assert refused.value.kind is RefusalKind.PROFILE
    assert answer_to(refused.value) == b"\x01\x60"


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(_message_2(c_r=b"\x00"), id="another C_R"),
        pytest.param(_message_2(c_r=b"\x01\x01"), id="a longer C_R"),
        pytest.param(_message_2(ead=(EadItem(0),)), id="padding"),
        pytest.param(_message_2(id_cred=kid_id_cred(bytes(7))), id="a kid of 7 bytes"),
        pytest.param(_message_2(id_cred=kid_id_cred(b"\x05")), id="a kid as an integer"),
        pytest.param(_message_2(id_cred=encode({34: [-15, bytes(8)]})), id="x5t"),
        pytest.param(_message_2(id_cred=encode({4: bytes(8), 5: 1})), id="a kid and more"),
    ],
)
def test_B12_another_message_2_is_refused(state: ProcessingM2) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        named_reader(state)
    assert refused.value.kind is RefusalKind.PROFILE


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(_message_3(ead=(EadItem(1),)), id="EAD_3 not critical"),
        pytest.param(_message_3(ead=(EadItem(0), EadItem(7, b"x"))), id="padding and more"),
        pytest.param(_message_3(id_cred=encode({14: {}})), id="kccs"),
        pytest.param(_message_3(id_cred=kid_id_cred(bytes(8))), id="a kid"),
        pytest.param(_message_3(id_cred=encode({13: 1, 4: b"k"})), id="kcwt and a kid"),
    ],
)
def test_B12_another_message_3_is_refused(state: ProcessingM3) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        presented_credential(state)
    assert refused.value.kind is RefusalKind.PROFILE


def test_B12_a_critical_item_in_message_3_is_refused_when_read() -> None:
    with pytest.raises(HandshakeRefused) as refused:
        _message_3(ead=(EadItem(-1),))
    assert refused.value.kind is RefusalKind.CRITICAL_EAD


def test_states_are_values() -> None:
    state = _message_1()
    assert replace(state, c_i=b"\x05") != state
    with pytest.raises(AttributeError):
        state.c_i = b"\x05"  # type: ignore[misc]
