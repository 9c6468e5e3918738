"""The second EDHOC by itself, before it is held against the product's.

RFC 9529 chapter 3 (suite 2, both ends static DH) is replayed to the byte; chapter 2 (another
curve, both ends signing) gives the values of the signing half, which method 1's initiator uses.
Method 1 has no published trace: there the two roles are held against each other, and the sizes
and refusals against SPEC.md 2.
"""

import hashlib
from typing import NamedTuple

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.second_edhoc import (
    TOWN,
    Profile,
    Refused,
    SecondInitiator,
    SecondResponder,
    message_3_padding,
    padding,
)
from tests.conformance.second_edhoc_bytes import (
    bstr,
    check_padding_only,
    expand,
    extract,
    mac_input,
    read_sequence,
    sha256,
    signature_input,
    x_of,
)
from tests.external_vectors import external_vectors

OPEN_RECORD_LENGTH = 42
SMALLEST_WHOLE = 360
LARGEST_KCWT_OF_IT = 239
RANDOM = hashlib.sha512(b"filling").digest() * 8


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key that is the same in every run."""
    secret = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    return ec.derive_private_key(secret, ec.SECP256R1())


def kcwt_of(length: int) -> bytes:
    """`length` bytes, 95 to 326, shaped like a COSE_Sign1; EDHOC does not ask what it says."""
    return cbor2.dumps([b"", {}, bytes(length - 71), bytes(64)], canonical=True)


KCWT = kcwt_of(120)
CRED_R = cbor2.dumps([b"", {}, b"reader", bytes(64)])
ID_CRED_R = bytes.fromhex("a104") + bstr(hashlib.sha256(CRED_R).digest()[:8])
PHONE_KEY, READER_KEY = private_key("phone"), private_key("reader")
G_X = bstr(x_of(private_key("X").public_key()))
GOOD_MESSAGE_1 = b"\x01\x02" + G_X + b"\x00"


class Ends(NamedTuple):
    phone: SecondInitiator
    door: SecondResponder


def town_ends(
    profile: Profile = TOWN, kcwt: bytes = KCWT, id_cred_r: bytes = ID_CRED_R, label: int = 13
) -> Ends:
    id_cred_i = bytes([0xA1, label]) + kcwt
    phone = SecondInitiator(private_key("X"), PHONE_KEY, id_cred_i, kcwt, profile)
    return Ends(phone, SecondResponder(private_key("Y"), READER_KEY, id_cred_r, CRED_R, profile))


def up_to_message_2(ends: Ends) -> bytes:
    ends.door.take_message_1(ends.phone.message_1())
    return ends.door.message_2()


def up_to_message_3(ends: Ends) -> None:
    ends.phone.take_message_2(up_to_message_2(ends))
    ends.phone.trust_responder(CRED_R, READER_KEY.public_key())


def complete(ends: Ends, ead_3: bytes = b"") -> None:
    up_to_message_3(ends)
    presented = ends.door.take_message_3(ends.phone.message_3(ead_3))
    ends.door.trust_initiator(presented.kcwt, PHONE_KEY.public_key())


def chapter(number: int) -> dict[str, bytes]:
    """A chapter of RFC 9529 by name; where the document names a value twice, the later one."""
    chapters = external_vectors("rfc9529.json")["chapters"]
    (values,) = [v for title, v in chapters.items() if title.startswith(f"{number} ")]
    return {name: bytes.fromhex(value) for name, value in values}


def rfc_9529_key(value: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(value, "big"), ec.SECP256R1())


def chapter_3_ends(v: dict[str, bytes]) -> Ends:
    item = "{} (CBOR Data Item)".format
    suites_i, c_i, c_r = (v[item(name)] for name in ("SUITES_I", "C_I", "C_R"))
    profile = Profile(3, suites_i, c_i, c_r, id_cred_i_label=4, kid_r_length=1)
    phone = SecondInitiator(
        rfc_9529_key(v["X (Raw Value)"]),
        rfc_9529_key(v["SK_I (Raw Value)"]),
        v[item("ID_CRED_I")],
        v[item("CRED_I")],
        profile,
    )
    door = SecondResponder(
        rfc_9529_key(v["Y (Raw Value)"]),
        rfc_9529_key(v["SK_R (Raw Value)"]),
        v[item("ID_CRED_R")],
        v[item("CRED_R")],
        profile,
    )
    return Ends(phone, door)


def test_both_roles_compute_every_value_of_rfc_9529_chapter_3() -> None:
    v = chapter(3)
    phone, door = chapter_3_ends(v)
    door.take_message_1(phone.message_1())
    id_cred_r = phone.take_message_2(door.message_2())
    static_r = rfc_9529_key(v["SK_R (Raw Value)"]).public_key()
    phone.trust_responder(v["CRED_R (CBOR Data Item)"], static_r)
    presented = door.take_message_3(phone.message_3())
    static_i = rfc_9529_key(v["SK_I (Raw Value)"]).public_key()
    door.trust_initiator(v["CRED_I (CBOR Data Item)"], static_i)

    assert id_cred_r == v["ID_CRED_R (CBOR Data Item)"]
    assert presented.id_cred_i == v["ID_CRED_I (CBOR Data Item)"]
    kinds = ("Raw Value", "CBOR Sequence", "Raw Value) (ECDH shared secret", "CBOR Data Item")
    compared = set()
    for name, value in [*phone.trace.items(), *door.trace.items()]:
        known = [v[f"{name} ({kind})"] for kind in kinds if f"{name} ({kind})" in v]
        assert known, f"expected {name} to be a value of the RFC"
        assert value == known[0], name
        compared.add(name)
    assert {"message_1", "message_2", "message_3", "TH_4", "PRK_out", "SALT_4e3m"} <= compared
    assert len(compared) == 34


def test_the_exporter_gives_the_oscore_values_of_rfc_9529_chapter_3() -> None:
    v = chapter(3)
    prk_exporter = v["PRK_exporter (Raw Value)"]
    assert expand(prk_exporter, 0, b"", 16) == v["OSCORE Master Secret (Raw Value)"]
    assert expand(prk_exporter, 1, b"", 8) == v["OSCORE Master Salt (Raw Value)"]
    context = v["context for KeyUpdate (Raw Value)"]
    updated = expand(v["PRK_out (Raw Value)"], 11, context, 32)
    assert updated == v["PRK_out after KeyUpdate (Raw Value)"]


def test_the_signing_half_gives_the_values_of_rfc_9529_chapter_2() -> None:
    v = chapter(2)
    raw, item = "{} (Raw Value)".format, "{} (CBOR Data Item)".format
    assert sha256(v["Input to calculate TH_3 (CBOR Sequence)"]) == v[raw("TH_3")]
    g_xy = v["G_XY (Raw Value) (ECDH shared secret)"]
    assert extract(v[raw("TH_2")], g_xy) == v[raw("PRK_4e3m")], "a signer adds no secret of its own"
    id_cred, cred = v[item("ID_CRED_I")], v[item("CRED_I")]
    context_3 = mac_input(b"", id_cred, v[raw("TH_3")], cred, b"")
    assert context_3 == v["context_3 (CBOR Sequence)"]
    mac_3 = expand(v[raw("PRK_4e3m")], 6, context_3, 32)
    assert mac_3 == v[raw("MAC_3")]
    to_sign = signature_input(id_cred, v[raw("TH_3")], cred, b"", mac_3)
    assert to_sign == v[item("Message to be signed 3")]
    c_r, id_cred, cred = v[item("C_R")], v[item("ID_CRED_R")], v[item("CRED_R")]
    context_2 = mac_input(c_r, id_cred, v[raw("TH_2")], cred, b"")
    assert context_2 == v["context_2 (CBOR Sequence)"]
    to_sign = signature_input(id_cred, v[raw("TH_2")], cred, b"", v[raw("MAC_2")])
    assert to_sign == v[item("Message to be signed 2")]


def test_the_first_message_1_of_rfc_9529_chapter_3_is_answered_with_the_suite_error() -> None:
    v = chapter(3)
    values = external_vectors("rfc9529.json")["chapters"]["3 (method 3, suite 2, CCS by kid)"]
    first = next(bytes.fromhex(hexes) for name, hexes in values if name.startswith("message_1"))
    with pytest.raises(Refused) as refusal:
        chapter_3_ends(v).door.take_message_1(first)
    assert refusal.value.error == v["error (CBOR Sequence)"]


@pytest.mark.parametrize("method", range(4))
def test_both_roles_export_the_same_in_every_method(method: int) -> None:
    ends = town_ends(Profile(method=method))
    complete(ends)
    shared = ends.phone.trace.keys() & ends.door.trace.keys()
    assert {name: ends.phone.trace[name] for name in shared} == {
        name: ends.door.trace[name] for name in shared
    }
    for label, length in ((32768, 16), (32769, 13), (32770, 16), (32771, 13), (32768, 80)):
        exported = ends.phone.exporter(label, b"", length)
        assert exported == ends.door.exporter(label, b"", length)
        assert len(exported) == length


def test_the_messages_have_the_sizes_of_the_wire() -> None:
    kcwt = kcwt_of(LARGEST_KCWT_OF_IT)
    ends = town_ends(kcwt=kcwt)
    complete(ends)
    assert ends.phone.trace["message_1"] == b"\x01\x02" + G_X + b"\x00"
    assert ends.phone.trace["PLAINTEXT_2"].startswith(b"\x01\x48")
    assert ends.phone.trace["PLAINTEXT_3"].startswith(bytes.fromhex("a10d84"))
    names = ("message_1", "message_2", "message_3")
    assert [len(ends.phone.trace[name]) for name in names] == [37, 53, 318]
    assert SMALLEST_WHOLE - OPEN_RECORD_LENGTH == 318


@pytest.mark.parametrize("missing", [0, 1, 2, 25, 26, 27, 72])
def test_padding_brings_every_message_3_to_its_step(missing: int) -> None:
    kcwt = kcwt_of(LARGEST_KCWT_OF_IT - missing)
    length = message_3_padding(bytes.fromhex("a10d") + kcwt, 318)
    assert length == missing
    ends = town_ends(kcwt=kcwt)
    complete(ends, padding(length, RANDOM))
    assert len(ends.phone.trace["message_3"]) == 318


@given(st.integers(0, 600))
def test_padding_has_exactly_the_length_asked_for(length: int) -> None:
    made = padding(length, bytes(RANDOM) * 2)
    assert len(made) == length
    check_padding_only(made)


def test_a_length_no_message_3_has_is_said_so() -> None:
    with pytest.raises(ValueError, match="expected a length"):
        message_3_padding(bytes.fromhex("a10d") + kcwt_of(LARGEST_KCWT_OF_IT), 317)


@pytest.mark.parametrize(
    "hexes", ["01", "20", "2041ff", "000001", "0041ff41ff", "41ff", "1800", "f6"]
)
def test_any_ead_3_but_padding_is_refused(hexes: str) -> None:
    ends = town_ends()
    up_to_message_3(ends)
    with pytest.raises(Refused):
        ends.door.take_message_3(ends.phone.message_3(bytes.fromhex(hexes)))


@pytest.mark.parametrize(
    ("message_1", "error"),
    [
        pytest.param(b"\x01\x06" + G_X + b"\x00", "0202", id="another suite"),
        pytest.param(b"\x01\x82\x02\x03" + G_X + b"\x00", "0202", id="another suite selected"),
        pytest.param(b"\x01\x82\x03\x02" + G_X + b"\x00", "0160", id="suite 2 in an array"),
        pytest.param(b"\x01\x81\x02" + G_X + b"\x00", "0160", id="array of one"),
        pytest.param(b"\x03\x02" + G_X + b"\x00", "0160", id="another method"),
        pytest.param(b"\x01\x02" + G_X + b"\x37", "0160", id="another C_I"),
        pytest.param(b"\x01\x02" + G_X + b"\x41\x00", "0160", id="C_I as a byte string"),
        pytest.param(GOOD_MESSAGE_1 + b"\x00", "0160", id="EAD_1"),
        pytest.param(GOOD_MESSAGE_1[:-1], "0160", id="cut short"),
        pytest.param(b"\x18\x01" + GOOD_MESSAGE_1[1:], "0160", id="long head"),
        pytest.param(
            b"\x01\x02\x59\x00\x20" + G_X[2:] + b"\x00", "0160", id="long byte string head"
        ),
        pytest.param(b"\x01\x02\x5f" + G_X + b"\xff\x00", "0160", id="indefinite length"),
        pytest.param(b"\x01\x02\x58\x20" + b"\xff" * 32 + b"\x00", "0160", id="x not below p"),
        pytest.param(b"\x01\x02\x58\x20" + bytes(31) + b"\x01\x00", "0160", id="no point"),
        pytest.param(b"", "0160", id="nothing"),
    ],
)
def test_a_message_1_outside_the_profile_is_refused(message_1: bytes, error: str) -> None:
    with pytest.raises(Refused) as refusal:
        town_ends().door.take_message_1(message_1)
    assert refusal.value.error.hex() == error


@pytest.mark.parametrize("method", range(4))
def test_a_responder_without_the_key_is_refused(method: int) -> None:
    ends = town_ends(Profile(method=method))
    ends.phone.take_message_2(up_to_message_2(ends))
    with pytest.raises(Refused):
        ends.phone.trust_responder(CRED_R, private_key("someone").public_key())
    with pytest.raises(RuntimeError):
        ends.phone.message_3()


@pytest.mark.parametrize("method", range(4))
def test_an_initiator_without_the_key_is_refused(method: int) -> None:
    ends = town_ends(Profile(method=method))
    up_to_message_3(ends)
    presented = ends.door.take_message_3(ends.phone.message_3())
    with pytest.raises(Refused):
        ends.door.trust_initiator(presented.kcwt, private_key("someone").public_key())
    with pytest.raises(RuntimeError):
        ends.door.exporter(32768, b"", 16)


def test_each_proof_covers_the_credential_it_came_with() -> None:
    ends = town_ends()
    ends.phone.take_message_2(up_to_message_2(ends))
    with pytest.raises(Refused):
        ends.phone.trust_responder(CRED_R[:-1] + b"\x01", READER_KEY.public_key())
    ends = town_ends()
    up_to_message_3(ends)
    presented = ends.door.take_message_3(ends.phone.message_3())
    with pytest.raises(Refused):
        ends.door.trust_initiator(presented.kcwt[:-1] + b"\x01", PHONE_KEY.public_key())


@pytest.mark.parametrize(
    ("kcwt", "label"),
    [
        pytest.param(b"\xd2" + KCWT, 13, id="tag 18"),
        pytest.param(b"\xd8\x3d" + KCWT, 13, id="tag 61"),
        pytest.param(bstr(KCWT), 13, id="in a byte string"),
        pytest.param(b"\x85" + KCWT[1:] + b"\x00", 13, id="array of five"),
        pytest.param(KCWT, 14, id="another label"),
        pytest.param(bstr(bytes(8)), 4, id="a kid"),
    ],
)
def test_an_id_cred_i_that_is_not_the_plain_kcwt_is_refused(kcwt: bytes, label: int) -> None:
    ends = town_ends(kcwt=kcwt, label=label)
    up_to_message_3(ends)
    with pytest.raises(Refused):
        ends.door.take_message_3(ends.phone.message_3())


@pytest.mark.parametrize("hexes", ["a10447" + "ab" * 7, "a1044132", "a10441ff", "a10f41ff"])
def test_an_id_cred_r_that_is_not_a_kid_of_eight_bytes_is_refused(hexes: str) -> None:
    ends = town_ends(id_cred_r=bytes.fromhex(hexes))
    message_2 = up_to_message_2(ends)
    with pytest.raises(Refused):
        ends.phone.take_message_2(message_2)


@given(st.data())
def test_a_changed_message_2_never_leads_to_a_message_3(data: st.DataObject) -> None:
    ends = town_ends()
    changed = _with_one_bit_changed(up_to_message_2(ends), data)
    with pytest.raises(Refused):
        _take_and_trust(ends.phone, changed)


@given(st.data())
def test_a_changed_message_3_is_never_decrypted(data: st.DataObject) -> None:
    ends = town_ends()
    up_to_message_3(ends)
    with pytest.raises(Refused):
        ends.door.take_message_3(_with_one_bit_changed(ends.phone.message_3(), data))


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_and_nothing_else_is_raised(received: bytes) -> None:
    with pytest.raises(Refused):
        town_ends().door.take_message_1(received)
    ends = town_ends()
    up_to_message_2(ends)
    with pytest.raises(Refused):
        ends.phone.take_message_2(received)
    with pytest.raises(Refused):
        ends.door.take_message_3(received)


def test_message_3_is_composed_once_and_resent_as_the_same_bytes() -> None:
    ends = town_ends()
    up_to_message_3(ends)
    assert ends.phone.message_3() == ends.phone.message_3(b"\x00")


@pytest.mark.parametrize(
    ("hexes"), ["1817", "3817", "5801ff", "81", "9f00ff", "c000", "f93c00", "1c"]
)
def test_cbor_no_peer_should_write_is_refused(hexes: str) -> None:
    with pytest.raises(Refused):
        list(read_sequence(bytes.fromhex(hexes)))


def test_a_nest_of_arrays_is_refused_before_the_stack_ends() -> None:
    with pytest.raises(Refused):
        list(read_sequence(b"\x81" * 5000 + b"\x00"))


def test_steps_out_of_order_are_a_programming_error() -> None:
    phone, door = town_ends()
    with pytest.raises(RuntimeError, match="expected message_1, got message_3"):
        phone.message_3()
    with pytest.raises(RuntimeError, match="expected take_message_1, got message_2"):
        door.message_2()
    with pytest.raises(RuntimeError, match="expected take_message_1, got exporter"):
        door.exporter(32768, b"", 16)


def _take_and_trust(phone: SecondInitiator, message_2: bytes) -> None:
    phone.take_message_2(message_2)
    phone.trust_responder(CRED_R, READER_KEY.public_key())


def _with_one_bit_changed(message: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    changed = bytearray(message)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)
