"""The primitives under EDHOC against Wycheproof's cases, through the ports EDHOC uses.

Only what the ports can express is run: nonces of 13 bytes with tags of 8 or 16, and points whose x
alone decides. How many cases that leaves is stated, so that none goes missing unseen.
"""

from collections import Counter
from typing import Any

import pytest

from lockagent.protocol.edhoc.crypto import SUITE_2, BadTag, CcmSha256Suite
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SoftwareKey
from tests.conformance.edhoc_parties import X25519Key
from tests.external_vectors import external_vectors

LONG_TAG = CcmSha256Suite(label=3, mac_size=16)
UNCOMPRESSED_BYTES = 65
COMPRESSED_BYTES = 33


def _bytes(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


def test_B14_aes_ccm_opens_what_is_valid_and_nothing_else() -> None:
    tried: Counter[str] = Counter()
    for group in external_vectors("aes_ccm_test.json")["testGroups"]:
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (128, 104, 128):
            continue
        for case in group["tests"]:
            key, nonce, data = (_bytes(case, name) for name in ("key", "iv", "aad"))
            sealed = _bytes(case, "ct") + _bytes(case, "tag")
            tried[case["result"]] += 1
            if case["result"] == "valid":
                assert LONG_TAG.open(key, nonce, data, sealed) == _bytes(case, "msg")
                assert LONG_TAG.seal(key, nonce, data, _bytes(case, "msg")) == sealed
            else:
                with pytest.raises(BadTag):
                    LONG_TAG.open(key, nonce, data, sealed)
    assert sum(tried.values()) == 6


def test_B14_a_nonce_of_another_length_is_refused() -> None:
    for group in external_vectors("aes_ccm_test.json")["testGroups"]:
        if group["keySize"] != 128 or group["ivSize"] == 104:
            continue
        for case in group["tests"]:
            with pytest.raises(ValueError, match="a nonce of 13 bytes"):
                SUITE_2.open(_bytes(case, "key"), _bytes(case, "iv"), b"", _bytes(case, "tag"))


@pytest.mark.parametrize("suite", [SUITE_2, LONG_TAG], ids=["tag 8", "tag 16"])
@pytest.mark.parametrize("kept", [0, 1, 4, 7, 8, 15])
def test_B14_a_tag_cut_short_is_refused(suite: CcmSha256Suite, kept: int) -> None:
    key, nonce = bytes(range(16)), bytes(range(13))
    sealed = suite.seal(key, nonce, b"data", b"plaintext")
    body = len(sealed) - suite.mac_size
    if kept < suite.mac_size:
        with pytest.raises(BadTag):
            suite.open(key, nonce, b"data", sealed[: body + kept])
        with pytest.raises(BadTag):
            suite.open(key, nonce, b"data", sealed[body : body + kept])
    assert suite.open(key, nonce, b"data", sealed) == b"plaintext"


def test_B14_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a key of 16"):
        SUITE_2.seal(bytes(32), bytes(13), b"", b"")


def test_hkdf_expands_as_published() -> None:
    tried = 0
    for group in external_vectors("hkdf_sha256_test.json")["testGroups"]:
        for case in group["tests"]:
            tried += 1
            key = SUITE_2.extract(_bytes(case, "salt"), _bytes(case, "ikm"))
            if case["result"] == "valid":
                okm = SUITE_2.expand(key, _bytes(case, "info"), case["size"])
                assert okm == _bytes(case, "okm"), case["tcId"]
            else:
                with pytest.raises(ValueError, match="at most 8160"):
                    SUITE_2.expand(key, _bytes(case, "info"), case["size"])
    assert tried == 86


def test_B13_agreement_by_x_alone_gives_the_published_secret_or_refuses() -> None:
    """A point sent whole is cut to its x, as EDHOC sends it; the secret's x is the same."""
    tried: Counter[str] = Counter()
    for group in external_vectors("ecdh_secp256r1_ecpoint_test.json")["testGroups"]:
        for case in group["tests"]:
            public, flags = _bytes(case, "public"), set(case["flags"])
            key = SoftwareKey.from_private_bytes(_bytes(case, "private").rjust(32, b"\0")[-32:])
            if len(public) in (UNCOMPRESSED_BYTES, COMPRESSED_BYTES) and case["shared"]:
                assert key.agree(public[1:33]) == _bytes(case, "shared"), case["tcId"]
                tried["agreed"] += 1
            elif len(public) == COMPRESSED_BYTES and "InvalidCompressedPublic" in flags:
                with pytest.raises(MalformedMessage):
                    key.agree(public[1:])
                tried["no point"] += 1
            elif len(public) != UNCOMPRESSED_BYTES:
                with pytest.raises(MalformedMessage):
                    key.agree(public[1:])
                tried["wrong length"] += 1
            else:
                # An invalid y or curve: the x alone either is on P-256, and safe, or is refused.
                tried["y ignored"] += 1
                try:
                    assert len(key.agree(public[1:33])) == 32
                except MalformedMessage:
                    tried["x refused"] += 1
    assert tried == {
        "agreed": 331,
        "no point": 1,
        "wrong length": 7,
        "y ignored": 16,
        "x refused": 12,
    }


@pytest.mark.parametrize(
    "x",
    [
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",  # p
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a04e73601df544a70ba7ea1e57030f7d4b4eb7f673924e58d54ca77a5e7d4d4a",  # RFC 9529, chapter 4
        "",
        "00" * 31,
        "00" * 33,
    ],
)
def test_B13_an_x_that_is_on_no_point_is_refused(x: str) -> None:
    key = SoftwareKey.from_private_bytes(bytes(range(1, 33)))
    with pytest.raises(MalformedMessage):
        key.agree(bytes.fromhex(x))


@pytest.mark.parametrize(
    "x",
    [
        "00" * 32,
        "01" + "00" * 31,
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_B13_a_point_of_low_order_gives_no_all_zero_secret(x: str) -> None:
    with pytest.raises(MalformedMessage):
        X25519Key(bytes(range(32))).agree(bytes.fromhex(x))
