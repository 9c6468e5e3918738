"""EDHOC's four methods, both suites: an honest run agrees, and what crossed is what was meant."""

from itertools import product

import pytest

from lockagent.protocol.edhoc.completed import (
    CompletedI,
    CompletedR,
    i_process_message_4,
    r_prepare_message_4,
    update_keys,
)
from lockagent.protocol.edhoc.crypto import SUITE_2, Agreement, CipherSuite
from lockagent.protocol.edhoc.handshake import Method, add_keystream_2
from lockagent.protocol.edhoc.identification import (
    credential_by_value,
    kid_id_cred,
    kid_of,
    read_id_cred,
    read_identifier,
    write_id_cred,
    write_identifier,
)
from lockagent.protocol.edhoc.initiator import i_prepare_message_1
from lockagent.protocol.edhoc.messages import EadItem, read_ead, write_ead
from lockagent.protocol.edhoc.refusal import (
    ErrorCode,
    ErrorMessage,
    decode_error,
    encode_error,
    read_suites,
)
from lockagent.protocol.edhoc.responder import (
    WaitMessage3,
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
)
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SoftwareKey
from tests.conformance.edhoc_parties import ALL_METHODS, SUITE_0, cast, run

RUNS = [
    pytest.param(suite, method, id=f"suite {suite.label}, method {method}")
    for suite, method in product((SUITE_0, SUITE_2), Method)
]


@pytest.mark.parametrize(("suite", "method"), RUNS)
def test_both_ends_export_the_same_keys(suite: CipherSuite, method: Method) -> None:
    air = run(cast(suite), method)
    assert isinstance(air.session_i, CompletedI)
    assert isinstance(air.session_r, CompletedR)
    assert air.session_i.exporter(32768, b"", 16) == air.session_r.exporter(32768, b"", 16)
    assert air.session_i.exporter(32768, b"", 16) != air.session_i.exporter(32770, b"", 16)
    updated_i, updated_r = update_keys(air.session_i, b"1"), update_keys(air.session_r, b"1")
    assert updated_i.exporter(0, b"", 64) == updated_r.exporter(0, b"", 64)
    assert updated_i.exporter(0, b"", 64) != air.session_i.exporter(0, b"", 64)


@pytest.mark.parametrize(("suite", "method"), RUNS)
def test_message_4_confirms_and_carries_its_ead(suite: CipherSuite, method: Method) -> None:
    air = run(cast(suite), method)
    ead_4 = (EadItem(7, b"seven"), EadItem(0, b"\x11\x22"))
    message_4 = r_prepare_message_4(air.session_r, ead_4)
    assert i_process_message_4(air.session_i, message_4) == ead_4


@pytest.mark.parametrize("method", Method)
def test_ead_of_each_message_reaches_the_other_side(method: Method) -> None:
    parties = cast(SUITE_2)
    ead = (
        (EadItem(0), EadItem(0)),
        (EadItem(-9, b""), EadItem(0, b"\x01")),
        (EadItem(70_000, b"x"),),
    )
    air = run(parties, method, ead=ead, understood=frozenset({9}))
    assert air.ead == ead
    assert air.session_i.exporter(0, b"", 16) == air.session_r.exporter(0, b"", 16)


def test_a_door_keeps_no_ephemeral_key_after_message_2_where_the_phone_signs() -> None:
    assert _waiting(Method.SIGN_STATIC).ephemeral is None
    assert _waiting(Method.STATIC_STATIC).ephemeral is not None


def test_the_door_agrees_on_nothing_after_message_2_where_the_phone_signs() -> None:
    parties = cast(SUITE_2)
    counted = CountingKey(parties.ephemeral_r)
    own_r, _ = parties.responder(Method.SIGN_STATIC)
    air = run(parties, Method.SIGN_STATIC)
    processed = r_process_message_1(air.message_1, suites=[SUITE_2], methods=ALL_METHODS)
    waiting, _ = r_prepare_message_2(processed, ephemeral=counted, c_r=b"\x01", identity=own_r)
    assert counted.agreed == 1
    r_parse_message_3(waiting, air.message_3)
    assert counted.agreed == 1


def test_states_show_no_secret_when_printed() -> None:
    waiting = _waiting(Method.STATIC_STATIC)
    air = run(cast(SUITE_2), Method.STATIC_STATIC)
    shown = repr(waiting) + repr(air.session_i) + repr(air.session_r)
    for secret in (
        waiting.prk_3e2m,
        waiting.k_3,
        air.session_i.prk_out,
        air.session_r.prk_exporter,
    ):
        assert repr(secret)[2:-1] not in shown


def test_an_identity_of_the_wrong_kind_is_our_own_fault() -> None:
    parties = cast(SUITE_2)
    static, _ = parties.responder(Method.SIGN_STATIC)
    _, message_1 = i_prepare_message_1(
        suite=SUITE_2, method=Method.SIGN_SIGN, ephemeral=parties.ephemeral_i, c_i=b""
    )
    processed = r_process_message_1(message_1, suites=[SUITE_2], methods=ALL_METHODS)
    with pytest.raises(RuntimeError, match="the kind of identity"):
        r_prepare_message_2(processed, ephemeral=parties.ephemeral_r, c_r=b"", identity=static)


def test_message_sizes_of_the_door_profile() -> None:
    air = run(cast(SUITE_2), Method.SIGN_STATIC)
    assert len(air.message_1) == 37
    assert len(air.message_2) == 53


def test_identifiers_of_one_byte_travel_as_integers() -> None:
    # RFC 9528, 3.3.2: its own examples.
    written = {
        b"\x21": "21",
        b"\x0d": "0d",
        b"\x18": "4118",
        b"\x38": "4138",
        b"\xab\xcd": "42abcd",
    }
    for identifier, item in written.items():
        assert write_identifier(identifier).hex() == item
        assert read_identifier(bytes.fromhex(item), 0) == (identifier, len(item) // 2)
    for every in range(256):
        form = write_identifier(bytes((every,)))
        assert read_identifier(form, 0) == (bytes((every,)), len(form))
    assert read_identifier(b"\x40", 0) == (b"", 1)


@pytest.mark.parametrize("item", ["4121", "1818", "3818", "f5", "6161", "80", "f6"])
def test_an_identifier_in_another_form_is_refused(item: str) -> None:
    with pytest.raises(MalformedMessage):
        read_identifier(bytes.fromhex(item), 0)


def test_a_lone_kid_travels_short_and_is_read_back_as_its_map() -> None:
    # RFC 9528, 3.5.3.2: its own examples, and the 8 bytes of a reader.
    for kid, item in ((b"\xff", "41ff"), (b"\x21", "21"), (bytes(range(8)), "480001020304050607")):
        id_cred = kid_id_cred(kid)
        assert write_id_cred(id_cred).hex() == item
        assert read_id_cred(bytes.fromhex(item), 0) == (id_cred, len(item) // 2)
        assert kid_of(id_cred) == kid
    assert kid_id_cred(bytes(8)).hex() == "a10448" + "00" * 8


def test_other_id_creds_travel_as_the_map_they_are() -> None:
    with_kid = encode({4: b"\x01", 10: b"context"})
    for id_cred in (encode({34: [-15, b"12345678"]}), with_kid, encode({13: [b"", {}, b"", b""]})):
        assert write_id_cred(id_cred) == id_cred
        assert read_id_cred(id_cred + b"\x00", 0) == (id_cred, len(id_cred))
        assert kid_of(id_cred) is None


@pytest.mark.parametrize(
    "id_cred", [b"", b"\xa0", b"\x04", encode({4: 1}), b"\xa1\x04\x41\x01\x00"]
)
def test_an_id_cred_that_is_no_map_of_one_is_our_own_fault(id_cred: bytes) -> None:
    with pytest.raises((ValueError, MalformedMessage)):
        write_id_cred(id_cred)


def test_a_credential_by_value_is_the_slice_under_its_label() -> None:
    kcwt = encode([b"\xa1\x01\x26", {}, b"claims", bytes(64)])
    assert credential_by_value(b"\xa1\x0d" + kcwt, 13) == kcwt
    assert credential_by_value(b"\xa1\x0d" + kcwt, 14) is None
    assert credential_by_value(encode({13: decode(kcwt), 14: 1}), 13) is None


@pytest.mark.parametrize(
    ("error", "written"),
    [
        (ErrorMessage(ErrorCode.UNSPECIFIED), "0160"),
        (ErrorMessage(ErrorCode.UNSPECIFIED, text="no"), "01626e6f"),
        (ErrorMessage(ErrorCode.WRONG_SUITE, suites=(2,)), "0202"),
        (ErrorMessage(ErrorCode.WRONG_SUITE, suites=(9, 8)), "02820908"),
        (ErrorMessage(ErrorCode.UNKNOWN_CREDENTIAL), "03f5"),
    ],
)
def test_error_messages_have_one_form(error: ErrorMessage, written: str) -> None:
    assert encode_error(error).hex() == written
    assert decode_error(bytes.fromhex(written)) == error


@pytest.mark.parametrize(
    "received", ["", "01", "0001", "0101", "03f4", "028102", "0280", "02f5", "016000", "60", "f560"]
)
def test_an_error_message_in_another_form_is_refused(received: str) -> None:
    with pytest.raises(MalformedMessage):
        decode_error(bytes.fromhex(received))


def test_an_error_code_from_elsewhere_is_kept_as_a_number() -> None:
    assert decode_error(bytes.fromhex("1863820102")) == ErrorMessage(99)


def test_an_error_code_we_do_not_know_is_never_sent() -> None:
    with pytest.raises(ValueError, match="99"):
        encode_error(ErrorMessage(99))


def test_suites_are_an_integer_or_an_array_of_two_or_more() -> None:
    assert read_suites(6) == (6,)
    assert read_suites([6, -24, 2]) == (6, -24, 2)
    for wrong in ([], [2], [2, True], True, None, b"\x02", [2, [3]]):
        with pytest.raises(MalformedMessage):
            read_suites(wrong)  # type: ignore[arg-type]


def test_ead_pairs_each_label_with_the_value_after_it() -> None:
    items = (EadItem(0), EadItem(0, b""), EadItem(-24), EadItem(1000, b"v"))
    assert write_ead(items).hex() == "0000403719" + "03e84176"
    assert read_ead(write_ead(items), 0) == items
    for wrong in ("40", "004040", "f5", "00f6", "6100", "0180"):
        with pytest.raises(MalformedMessage):
            read_ead(bytes.fromhex(wrong), 0)


def test_a_message_2_beyond_one_expand_is_refused() -> None:
    at_most = bytes(255 * 32)
    once = add_keystream_2(SUITE_2, bytes(32), bytes(32), at_most)
    assert add_keystream_2(SUITE_2, bytes(32), bytes(32), once) == at_most
    with pytest.raises(MalformedMessage, match="at most 8160"):
        add_keystream_2(SUITE_2, bytes(32), bytes(32), at_most + b"\x00")


class CountingKey:
    """A key behind the port that counts its agreements."""

    def __init__(self, key: Agreement) -> None:
        self._key = key
        self.public = key.public
        self.agreed = 0

    def agree(self, peer_x: bytes) -> bytes:
        self.agreed += 1
        return self._key.agree(peer_x)


def _waiting(method: Method) -> WaitMessage3:
    parties = cast(SUITE_2)
    own_r, _ = parties.responder(method)
    _, message_1 = i_prepare_message_1(
        suite=SUITE_2, method=method, ephemeral=SoftwareKey.generate(), c_i=b"\x00"
    )
    processed = r_process_message_1(message_1, suites=[SUITE_2], methods=ALL_METHODS)
    waiting, _ = r_prepare_message_2(
        processed, ephemeral=parties.ephemeral_r, c_r=b"\x01", identity=own_r
    )
    return waiting
