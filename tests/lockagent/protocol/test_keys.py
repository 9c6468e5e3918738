"""P-256 keys: strict signatures, points on the curve, and one identifier for one key."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature, SoftwareKey, VerifyingKey
from tests.external_vectors import external_vectors
from tests.vectors.fixed import FixedKey

KEY = SoftwareKey.from_private_bytes((7).to_bytes(32, "big"))
FIXED = FixedKey(7)
DATA = b"what is signed"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1


def _is_signature(key: VerifyingKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data)
    except BadSignature:
        return False
    return True


def test_A02_every_wycheproof_p1363_case_is_judged_as_published() -> None:
    """262 cases by r and s; without the length check 12 of them would be accepted wrongly."""
    wrong, tried = [], 0
    for group in external_vectors("ecdsa_secp256r1_sha256_p1363_test.json")["testGroups"]:
        point = bytes.fromhex(group["publicKey"]["uncompressed"])
        loaded = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key = VerifyingKey.of(loaded)
        for case in group["tests"]:
            tried += 1
            signature, data = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            if _is_signature(key, signature, data) != (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"]))
    assert tried == 262
    assert not wrong


@pytest.mark.parametrize("size", [0, 4, 62, 63, 65, 66, 4_096])
def test_A02_a_signature_has_exactly_64_bytes(size: int) -> None:
    """Shorter, longer, and the right one padded or cut."""
    signature = KEY.sign(DATA)
    assert not _is_signature(KEY.public, (signature + bytes(4_096))[:size], DATA)
    assert not _is_signature(KEY.public, (bytes(4_096) + signature)[-size or 4_160 :], DATA)


@pytest.mark.parametrize("r", [0, 1, ORDER, ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER, ORDER + 1, 2**256 - 1])
def test_A02_r_and_s_at_the_edges_are_no_signature(r: int, s: int) -> None:
    """The psychic signature (CVE-2022-21449) among them."""
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert not _is_signature(KEY.public, signature, DATA)


def test_A02_r_plus_n_is_not_the_same_signature() -> None:
    """Adding the order to r or s gives no second form, where it fits in 32 bytes at all."""
    signature = KEY.sign(DATA)
    for half in (signature[:32], signature[32:]):
        raised = int.from_bytes(half, "big") + ORDER
        if raised < 2**256:
            forged = signature.replace(half, raised.to_bytes(32, "big"))
            assert not _is_signature(KEY.public, forged, DATA)


def test_A02_a_signature_whose_s_was_cut_of_its_zeros_is_refused() -> None:
    """The same number in 63 bytes: only the length tells."""
    data = next(
        data
        for data in (bytes((a, b)) for a in range(99) for b in range(256))
        if _signed_short(data)
    )
    signature = FIXED.sign(data)
    assert _is_signature(FIXED.public, signature, data)
    assert not _is_signature(FIXED.public, signature[:32] + signature[33:], data)


def _signed_short(data: bytes) -> bool:
    return FIXED.sign(data)[32] == 0


def test_A03_a_der_signature_is_refused() -> None:
    """70 to 72 bytes of ASN.1 where r and s are expected; also cut to 64."""
    private = ec.derive_private_key(7, ec.SECP256R1())
    der = private.sign(DATA, ec.ECDSA(hashes.SHA256()))
    private.public_key().verify(der, DATA, ec.ECDSA(hashes.SHA256()))
    assert not _is_signature(KEY.public, der, DATA)
    assert not _is_signature(KEY.public, der[:64], DATA)


@given(st.binary(max_size=80))
@settings(max_examples=200)
def test_no_other_exception_escapes_a_verification(signature: bytes) -> None:
    """Whatever stands where a signature should."""
    assert not _is_signature(KEY.public, signature, DATA)


def test_A19_every_wycheproof_point_is_loaded_or_refused_as_published() -> None:
    """By x and the sign of y, as our objects carry points.

    Wycheproof's cases are whole points; one whose y is not on the curve has no form here, so what
    is asked is: a valid public key gives the published secret, and an x on no point is refused.
    """
    tried = 0
    for group in external_vectors("ecdh_secp256r1_ecpoint_test.json")["testGroups"]:
        for case in group["tests"]:
            point = bytes.fromhex(case["public"])
            x = point[1:33]
            if len(point) not in (33, 65) or len(x) != 32:
                continue
            tried += 1
            key = SoftwareKey.from_private_bytes(
                int(case["private"], 16).to_bytes(32, "big") if case["private"] else bytes(32)
            )
            if case["result"] in ("valid", "acceptable"):
                assert key.agree(x).hex() == case["shared"], case["tcId"]
            elif not _is_on_curve(x):
                with pytest.raises(MalformedMessage):
                    key.agree(x)
                with pytest.raises(MalformedMessage):
                    VerifyingKey(x, y_is_odd=False)
    assert tried > 250


def _is_on_curve(x: bytes) -> bool:
    number = int.from_bytes(x, "big")
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    square = (number**3 - 3 * number + b) % FIELD
    return number < FIELD and pow(square, (FIELD - 1) // 2, FIELD) in (0, 1)


@given(st.integers(0, 2**256 - 1) | st.integers(0, 400) | st.integers(FIELD - 9, FIELD + 9))
@settings(max_examples=200)
def test_A19_a_key_exists_only_where_its_x_is_on_the_curve(number: int) -> None:
    """Euler's criterion is the oracle; x of p and above is no second name of a point."""
    x = number.to_bytes(32, "big")
    if _is_on_curve(x):
        assert VerifyingKey(x, y_is_odd=True).x == x
    else:
        with pytest.raises(MalformedMessage):
            VerifyingKey(x, y_is_odd=True)


@pytest.mark.parametrize("size", [0, 31, 33, 64, 65])
def test_A19_an_x_has_32_bytes(size: int) -> None:
    """The point at infinity (one byte) and uncompressed points among them."""
    with pytest.raises(MalformedMessage):
        VerifyingKey(bytes(size), y_is_odd=False)


@given(st.integers(1, ORDER - 1))
@settings(max_examples=50)
def test_a_key_comes_back_from_cose_and_jwk(scalar: int) -> None:
    """Both forms name the same point."""
    public = SoftwareKey.from_private_bytes(scalar.to_bytes(32, "big")).public
    assert VerifyingKey.from_cose(public.cose()) == public
    assert VerifyingKey.from_jwk(public.jwk()) == public


def test_the_kid_is_the_start_of_the_hash_of_the_cose_key() -> None:
    """SPEC.md 3.2."""
    written = encode({1: 2, -1: 1, -2: KEY.public.x, -3: KEY.public.y_is_odd})
    assert KEY.public.kid == hashlib.sha256(written).digest()[:8]
