"""B12 and around it: whatever is done to the messages, the session ends and no key comes out.

Every test asks for a `ProtocolError`; any other exception out of the library would be a crash of
the door, and fails the test.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.protocol.edhoc.completed import i_process_message_4, r_prepare_message_4
from lockagent.protocol.edhoc.crypto import SUITE_2
from lockagent.protocol.edhoc.handshake import Method, PeerCredential, SigningIdentity
from lockagent.protocol.edhoc.initiator import (
    WaitMessage2,
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.messages import EadItem, write_ead
from lockagent.protocol.edhoc.refusal import (
    HandshakeRefused,
    RefusalKind,
    answer_to,
    decode_error,
)
from lockagent.protocol.edhoc.responder import (
    ProcessedM1,
    WaitMessage3,
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
    r_verify_message_3,
)
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage, ProtocolError
from lockagent.protocol.keys import SoftwareKey
from tests.conformance.edhoc_parties import ALL_METHODS, SUITE_0, Air, cast, run

PARTIES = cast(SUITE_2)
METHODS = st.sampled_from(ALL_METHODS)
STRANGER = SoftwareKey.from_private_bytes(b"stranger".ljust(32, b"."))
HONEST = {method: run(PARTIES, method) for method in ALL_METHODS}


def _process_1(message_1: bytes) -> ProcessedM1:
    return r_process_message_1(message_1, suites=[SUITE_2], methods=ALL_METHODS)


def _waiting_2(method: Method) -> WaitMessage2:
    waiting, _ = i_prepare_message_1(
        suite=SUITE_2, method=method, ephemeral=PARTIES.ephemeral_i, c_i=b"\x00"
    )
    return waiting


def _waiting_3(method: Method, message_1: bytes) -> WaitMessage3:
    identity, _ = PARTIES.responder(method)
    waiting, _ = r_prepare_message_2(
        _process_1(message_1),
        ephemeral=PARTIES.ephemeral_r,
        c_r=b"\x01",
        identity=identity,
    )
    return waiting


def _flip(number: int, bit: int, seen: int, message: bytes) -> bytes:
    if seen != number:
        return message
    changed = bytearray(message)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _cut(number: int, keep: int, seen: int, message: bytes) -> bytes:
    return message[:keep] if seen == number else message


def _refusal(kind: RefusalKind, step: Callable[[], Any]) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        step()
    assert refused.value.kind is kind


@pytest.mark.parametrize("number", [1, 2, 3])
def test_B12_each_single_bit_of_a_method_1_run_counts(number: int) -> None:
    honest = HONEST[Method.SIGN_STATIC]
    length = len((honest.message_1, honest.message_2, honest.message_3)[number - 1])
    for bit in range(8 * length):
        with pytest.raises(ProtocolError):
            run(PARTIES, Method.SIGN_STATIC, air=partial(_flip, number, bit))


@settings(max_examples=300, deadline=None)
@given(method=METHODS, number=st.sampled_from([1, 2, 3]), data=st.data())
def test_B12_any_flipped_bit_ends_the_session(method: Method, number: int, data: Any) -> None:
    def flip(seen: int, message: bytes) -> bytes:
        bit = data.draw(st.integers(0, 8 * len(message) - 1))
        return _flip(number, bit, seen, message)

    with pytest.raises(ProtocolError):
        run(PARTIES, method, air=flip)


@pytest.mark.parametrize("method", ALL_METHODS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_B12_any_truncation_or_addition_ends_the_session(method: Method, number: int) -> None:
    honest = HONEST[method]
    length = len((honest.message_1, honest.message_2, honest.message_3)[number - 1])
    for keep in range(length):
        with pytest.raises(ProtocolError):
            run(PARTIES, method, air=partial(_cut, number, keep))
    with pytest.raises(ProtocolError):
        run(PARTIES, method, air=lambda seen, message: message + b"\x00" * (seen == number))


@settings(max_examples=300, deadline=None)
@given(method=METHODS, received=st.binary(max_size=120))
def test_B12_arbitrary_bytes_end_the_session(method: Method, received: bytes) -> None:
    with pytest.raises(ProtocolError):
        _process_1(received)
    with pytest.raises(ProtocolError):
        i_parse_message_2(_waiting_2(method), received)
    with pytest.raises(ProtocolError):
        r_parse_message_3(_waiting_3(method, HONEST[method].message_1), received)
    with pytest.raises(ProtocolError):
        i_process_message_4(HONEST[method].session_i, received)
    with pytest.raises(ProtocolError):
        decode_error(b"\x00" + received)


@settings(max_examples=200, deadline=None)
@given(method=METHODS, plaintext=st.binary(max_size=90))
def test_B12_a_responder_that_says_anything_is_refused(method: Method, plaintext: bytes) -> None:
    # Without an authenticated stream anybody chooses PLAINTEXT_2; the parser and the proof decide.
    waiting = _waiting_2(method)
    _, known = PARTIES.responder(method)
    with pytest.raises(ProtocolError):
        i_verify_message_2(i_parse_message_2(waiting, encode(STRANGER.public.x + plaintext)), known)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_a_bad_proof_in_message_2_is_refused(method: Method) -> None:
    parsed = i_parse_message_2(_waiting_2(method), HONEST[method].message_2)
    _, known = PARTIES.responder(method)
    other_key = PeerCredential(known.cred, STRANGER.public)
    other_cred = PeerCredential(encode({2: "another"}), known.key)
    for wrong in (other_key, other_cred):
        _refusal(RefusalKind.AUTHENTICATION, partial(i_verify_message_2, parsed, wrong))
    i_verify_message_2(parsed, known)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_a_bad_proof_in_message_3_is_refused_and_answered_with_nothing_told(
    method: Method,
) -> None:
    # message_2 of a signing Responder differs in each run: the door's state must be this run's.
    waiting_2, message_1 = i_prepare_message_1(
        suite=SUITE_2, method=method, ephemeral=PARTIES.ephemeral_i, c_i=b"\x00"
    )
    own_r, known_r = PARTIES.responder(method)
    own_i, known_i = PARTIES.initiator(method)
    waiting_3, message_2 = r_prepare_message_2(
        _process_1(message_1), ephemeral=PARTIES.ephemeral_r, c_r=b"\x01", identity=own_r
    )
    verified = i_verify_message_2(i_parse_message_2(waiting_2, message_2), known_r)
    _, message_3 = i_prepare_message_3(verified, identity=own_i)
    parsed = r_parse_message_3(waiting_3, message_3)
    other_key = PeerCredential(known_i.cred, STRANGER.public)
    other_cred = PeerCredential(encode({2: "another"}), known_i.key)
    for wrong in (other_key, other_cred):
        with pytest.raises(HandshakeRefused) as refused:
            r_verify_message_3(parsed, wrong)
        assert refused.value.kind is RefusalKind.AUTHENTICATION
        assert answer_to(refused.value) == b"\x01\x60"


@pytest.mark.parametrize("method", [-1, 4, 5, 23, 2**40])
def test_B12_an_unknown_method_is_refused(method: int) -> None:
    message_1 = encode(method) + HONEST[Method.SIGN_SIGN].message_1[1:]
    _refusal(RefusalKind.METHOD, lambda: _process_1(message_1))


def test_B12_a_method_that_is_not_spoken_here_is_refused() -> None:
    for method in (Method.SIGN_SIGN, Method.STATIC_SIGN, Method.STATIC_STATIC):
        message_1 = HONEST[method].message_1
        _refusal(
            RefusalKind.METHOD,
            partial(r_process_message_1, message_1, suites=[SUITE_2], methods={Method.SIGN_STATIC}),
        )


@pytest.mark.parametrize(
    ("offered", "spoken", "answer"),
    [
        ("06", (2,), "0202"),
        ("00", (2,), "0202"),
        ("820206", (2,), "0202"),  # the selected one is not spoken, a better liked one is
        ("820200", (2, 0), "0202"),  # both are spoken: the first should have been selected
        ("820202", (2,), "0202"),  # the same twice: a prior one is spoken too
        ("8218181819", (2, 0), "02820200"),  # none is spoken: all of ours are told
        ("06", (2, 0), "02820200"),
    ],
)
def test_B12_another_selection_of_suites_is_refused_and_told_ours(
    offered: str, spoken: tuple[int, ...], answer: str
) -> None:
    message_1 = HONEST[Method.SIGN_SIGN].message_1
    received = message_1[:1] + bytes.fromhex(offered) + message_1[2:]
    suites = [{0: SUITE_0, 2: SUITE_2}[label] for label in spoken]
    with pytest.raises(HandshakeRefused) as refused:
        r_process_message_1(received, suites=suites, methods=ALL_METHODS)
    assert refused.value.kind is RefusalKind.SUITE
    assert answer_to(refused.value).hex() == answer


def test_B12_a_suite_behind_ones_not_spoken_here_is_accepted() -> None:
    message_1 = HONEST[Method.SIGN_SIGN].message_1
    processed = _process_1(message_1[:1] + bytes.fromhex("820602") + message_1[2:])
    assert processed.suites_i == (6, 2)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_an_unknown_critical_ead_is_refused(method: Method, number: int) -> None:
    item = (EadItem(-9, b"critical"),)
    ead = tuple(item if number == place else () for place in (1, 2, 3))
    _refusal(
        RefusalKind.CRITICAL_EAD,
        lambda: run(PARTIES, method, ead=(ead[0], ead[1], ead[2])),
    )
    run(PARTIES, method, ead=(ead[0], ead[1], ead[2]), understood=frozenset({9}))


def test_B12_an_unknown_critical_ead_in_message_4_is_refused() -> None:
    honest = HONEST[Method.SIGN_STATIC]
    message_4 = r_prepare_message_4(honest.session_r, (EadItem(-9),))
    _refusal(RefusalKind.CRITICAL_EAD, lambda: i_process_message_4(honest.session_i, message_4))
    assert i_process_message_4(honest.session_i, message_4, frozenset({9})) == (EadItem(-9),)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_a_reflected_message_1_is_no_message_2(method: Method) -> None:
    with pytest.raises(MalformedMessage):
        i_parse_message_2(_waiting_2(method), HONEST[method].message_1)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_a_reflected_ephemeral_key_proves_nothing(method: Method) -> None:
    _, known = PARTIES.responder(method)
    forged = encode(PARTIES.ephemeral_i.public.x + HONEST[method].message_2[34:])
    with pytest.raises(ProtocolError):
        i_verify_message_2(i_parse_message_2(_waiting_2(method), forged), known)


def test_B12_a_peer_with_ones_own_credential_is_refused_by_both_ends() -> None:
    method = Method.SIGN_SIGN
    own, known = PARTIES.initiator(method)
    waiting, message_1 = i_prepare_message_1(
        suite=SUITE_2, method=method, ephemeral=PARTIES.ephemeral_i, c_i=b"\x00"
    )
    waiting_3, message_2 = r_prepare_message_2(
        _process_1(message_1), ephemeral=PARTIES.ephemeral_r, c_r=b"\x01", identity=own
    )
    verified = i_verify_message_2(i_parse_message_2(waiting, message_2), known)
    _refusal(RefusalKind.OWN_CREDENTIAL, lambda: i_prepare_message_3(verified, identity=own))
    other = SigningIdentity(own.id_cred, encode({2: "another"}), STRANGER)
    _, message_3 = i_prepare_message_3(verified, identity=other)
    _refusal(
        RefusalKind.OWN_CREDENTIAL,
        lambda: r_verify_message_3(r_parse_message_3(waiting_3, message_3), known),
    )


@pytest.mark.parametrize("method", ALL_METHODS)
def test_B12_a_message_3_of_another_session_is_refused(method: Method) -> None:
    other_run = run(PARTIES, method, ead=((EadItem(0),), (), ()))
    waiting = _waiting_3(method, HONEST[method].message_1)
    _refusal(RefusalKind.AUTHENTICATION, lambda: r_parse_message_3(waiting, other_run.message_3))


@pytest.mark.parametrize("changed", ["41ff", "02", "00"])
def test_B12_connection_identifiers_are_bound_to_the_session(changed: str) -> None:
    # A C_I changed on the way changes H(message_1); C_R is in PLAINTEXT_2 and under MAC_2.
    def change_c_i(seen: int, message: bytes) -> bytes:
        return message[:-1] + bytes.fromhex(changed) if seen == 1 else message

    if changed == "00":
        run(PARTIES, Method.SIGN_STATIC, air=change_c_i)
        return
    with pytest.raises(ProtocolError):
        run(PARTIES, Method.SIGN_STATIC, air=change_c_i)


def test_B12_a_changed_c_r_fails_mac_2() -> None:
    method = Method.SIGN_STATIC
    _, known = PARTIES.responder(method)
    honest = bytearray(HONEST[method].message_2)
    honest[34] ^= 0x03  # the first byte of CIPHERTEXT_2 is C_R under the keystream: 01 to 02
    parsed = i_parse_message_2(_waiting_2(method), bytes(honest))
    assert parsed.c_r == b"\x02"
    _refusal(RefusalKind.AUTHENTICATION, lambda: i_verify_message_2(parsed, known))


def test_B12_ead_changed_in_message_2_fails_mac_2() -> None:
    method = Method.SIGN_STATIC
    _, known = PARTIES.responder(method)
    air: Air = run(PARTIES, method, ead=((), (EadItem(0, b"\x11"),), ()))
    changed = bytearray(air.message_2)
    changed[-1] ^= 0xFF
    parsed = i_parse_message_2(_waiting_2(method), bytes(changed))
    assert write_ead(parsed.ead_2) == b"\x00\x41\xee"
    _refusal(RefusalKind.AUTHENTICATION, lambda: i_verify_message_2(parsed, known))


def test_B13_an_ephemeral_point_off_the_curve_ends_the_session_on_both_sides() -> None:
    off = bytes.fromhex("a04e73601df544a70ba7ea1e57030f7d4b4eb7f673924e58d54ca77a5e7d4d4a")
    message_1 = HONEST[Method.SIGN_STATIC].message_1
    with pytest.raises(MalformedMessage, match="a point on P-256"):
        _waiting_3(Method.SIGN_STATIC, message_1[:4] + off + message_1[36:])
    with pytest.raises(MalformedMessage, match="a point on P-256"):
        i_parse_message_2(_waiting_2(Method.SIGN_STATIC), encode(off + bytes(19)))


def test_B13_a_static_key_off_the_curve_ends_the_session() -> None:
    class OffCurve:
        x = bytes.fromhex("a04e73601df544a70ba7ea1e57030f7d4b4eb7f673924e58d54ca77a5e7d4d4a")
        verify = staticmethod(STRANGER.public.verify)

    parsed = i_parse_message_2(_waiting_2(Method.SIGN_STATIC), HONEST[Method.SIGN_STATIC].message_2)
    with pytest.raises(MalformedMessage):
        i_verify_message_2(parsed, PeerCredential(b"\xa0", OffCurve()))
