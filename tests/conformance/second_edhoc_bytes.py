"""The bytes under the second EDHOC: profile, strict CBOR reading, EDHOC_KDF, proofs, padding.

Test-only, and written from RFC 9528 alone, so that an error here and an error in the product are
unlikely to be the same error. Nothing here knows of roles or of the order of messages; that is
`second_edhoc.py`. Nothing is imported from the product.

Rules: every CBOR head is the shortest one (RFC 9528 §3.1, RFC 8949 §4.2.1), lengths are definite,
tags and floats are refused; a slice is returned as it was received and never encoded anew. What a
credential means, and whether its map keys repeat, is the caller's to judge.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

HASH_LENGTH = 32
MAC_LENGTH = 8
SIGNATURE_LENGTH = 64
KID = 4
KCWT = 13
OTHER_ERROR = bytes.fromhex("0160")
WRONG_SUITE = bytes.fromhex("0202")

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_BOOLEANS_AND_NULL = (20, 21, 22)
_DEEPEST = 16
_KID_MAP_HEAD = bytes.fromhex("a104")


class Refused(Exception):
    """The peer's bytes were not accepted; `error` is the EDHOC error message to send (§6)."""

    def __init__(self, reason: str, error: bytes = OTHER_ERROR) -> None:
        super().__init__(reason)
        self.error = error


@dataclass(frozen=True, slots=True)
class Profile:
    """What both ends agreed on beforehand (§3.9); `suites_i`, `c_i`, `c_r` are encoded CBOR."""

    method: int = 1
    suites_i: bytes = b"\x02"
    c_i: bytes = b"\x00"
    c_r: bytes = b"\x01"
    id_cred_i_label: int = KCWT
    kid_r_length: int = 8

    @property
    def initiator_signs(self) -> bool:
        return self.method in (0, 1)

    @property
    def responder_signs(self) -> bool:
        return self.method in (0, 2)


@dataclass(frozen=True, slots=True)
class Item:
    """One CBOR item as received: its major type, its head's argument, its whole encoding."""

    major: int
    argument: int
    raw: bytes
    content: bytes

    def is_integer(self) -> bool:
        return self.major in (_UNSIGNED, _NEGATIVE)

    def integer(self) -> int:
        if not self.is_integer():
            raise Refused(f"expected an integer, got major type {self.major}")
        return self.argument if self.major == _UNSIGNED else -1 - self.argument

    def byte_string(self, length: int | None = None) -> bytes:
        if self.major != _BYTES:
            raise Refused(f"expected a byte string, got major type {self.major}")
        if length is not None and self.argument != length:
            raise Refused(f"expected a byte string of {length} bytes, got {self.argument}")
        return self.content

    def array(self) -> list["Item"]:
        if self.major != _ARRAY:
            raise Refused(f"expected an array, got major type {self.major}")
        return list(read_sequence(self.content))


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    """(major type, argument, offset after the head); RFC 8949 §3 and §4.2.1."""
    if at >= len(data):
        raise Refused("expected a CBOR item, got the end of the bytes")
    major, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return major, short, at + 1
    if short > 27:
        raise Refused(f"expected a definite length, got additional information {short}")
    width = 1 << (short - 24)
    digits = data[at + 1 : at + 1 + width]
    if len(digits) != width:
        raise Refused(f"expected {width} bytes of CBOR argument, got {len(digits)}")
    argument = int.from_bytes(digits, "big")
    if argument < (24 if width == 1 else 1 << (4 * width)):
        raise Refused("expected the shortest CBOR head, got a longer one")
    return major, argument, at + 1 + width


def _end_of_item(data: bytes, at: int, depth: int) -> int:
    if depth > _DEEPEST:
        raise Refused(f"expected at most {_DEEPEST} levels of CBOR, got more")
    major, argument, position = _read_head(data, at)
    if major in (_BYTES, _TEXT):
        if position + argument > len(data):
            raise Refused(f"expected {argument} bytes of string, got {len(data) - position}")
        return position + argument
    if major in (_ARRAY, _MAP):
        for _ in range(argument if major == _ARRAY else 2 * argument):
            position = _end_of_item(data, position, depth + 1)
    elif major == _TAG or (major == _SIMPLE and argument not in _BOOLEANS_AND_NULL):
        raise Refused(f"expected neither tag nor float, got initial byte {data[at]:#04x}")
    return position


def read_sequence(data: bytes) -> Iterator[Item]:
    """The items of a CBOR sequence, in order, each with the slice it was read from."""
    at = 0
    while at < len(data):
        major, argument, body = _read_head(data, at)
        end = _end_of_item(data, at, 0)
        yield Item(major, argument, data[at:end], data[body:end])
        at = end


def read_exactly(count: int, sequence: bytes) -> list[Item]:
    """The items of a CBOR sequence that must have `count` of them."""
    items = list(read_sequence(sequence))
    if len(items) != count:
        raise Refused(f"expected {count} CBOR items, got {len(items)}")
    return items


def bstr(content: bytes) -> bytes:
    """`content` as a CBOR byte string, written bstr in the RFC's figures."""
    return cbor2.dumps(content, canonical=True)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def extract(salt: bytes, secret: bytes) -> bytes:
    """EDHOC_Extract of cipher suite 2: HKDF-Extract with SHA-256 (§4.1.1)."""
    return hmac.new(salt, secret, "sha256").digest()


def expand(prk: bytes, label: int, context: bytes, length: int) -> bytes:
    """EDHOC_KDF: HKDF-Expand over `info = (label, context, length)`, a CBOR sequence (§4.1.2)."""
    info = cbor2.dumps(label) + bstr(context) + cbor2.dumps(length)
    output = block = b""
    for number in range(1, -(-length // HASH_LENGTH) + 1):
        block = hmac.new(prk, block + info + bytes([number]), "sha256").digest()
        output += block
    return output[:length]


def x_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The x coordinate, 32 bytes: what G_X, G_Y carry on a NIST curve (§3.7)."""
    return key.public_numbers().x.to_bytes(32, "big")


def shared_secret(private: ec.EllipticCurvePrivateKey, peer_x: bytes) -> bytes:
    """ECDH by x alone: both points above `peer_x` give the same x, so either sign will do."""
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x02" + peer_x)
    except ValueError:
        raise Refused("expected the x coordinate of a point on P-256, got another") from None
    return private.exchange(ec.ECDH(), peer)


def mac_input(c_r: bytes, id_cred: bytes, th: bytes, cred: bytes, ead: bytes) -> bytes:
    """context_2 (§5.3.2); context_3 (§5.4.2) has no connection identifier: give `b""`."""
    return c_r + id_cred + bstr(th) + cred + ead


def signature_input(id_cred: bytes, th: bytes, cred: bytes, ead: bytes, mac: bytes) -> bytes:
    """Sig_structure of Signature_or_MAC_2 and _3 (§5.3.2, §5.4.2; RFC 9052 §4.4)."""
    return cbor2.dumps(["Signature1", id_cred, bstr(th) + cred + ead, mac], canonical=True)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """ES256 as COSE writes it: r and s, 32 bytes each (RFC 9053 §2.1)."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def check_signature(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused("expected a signature by the credential's key, got another") from None


def check_mac(expected: bytes, got: bytes) -> None:
    if not hmac.compare_digest(expected, got):
        raise Refused("expected the MAC of these keys and this transcript, got another")


def _is_one_byte_integer(kid: bytes) -> bool:
    return len(kid) == 1 and (kid[0] <= 0x17 or 0x20 <= kid[0] <= 0x37)


def short_id_cred(id_cred: bytes) -> bytes:
    """ID_CRED_x as a PLAINTEXT carries it: a lone kid goes without its map (§3.5.3.2)."""
    if not id_cred.startswith(_KID_MAP_HEAD):
        return id_cred
    (kid,) = read_sequence(id_cred[len(_KID_MAP_HEAD) :])
    content = kid.byte_string()
    return content if _is_one_byte_integer(content) else kid.raw


def full_id_cred(item: Item) -> bytes:
    """The map ID_CRED_x, from the item a PLAINTEXT carried; a form §3.5.3.2 forbids is refused."""
    if item.is_integer() and len(item.raw) == 1:
        return _KID_MAP_HEAD + bstr(item.raw)
    if item.major == _BYTES:
        if _is_one_byte_integer(item.content):
            raise Refused("expected a one-byte kid as an integer, got a byte string")
        return _KID_MAP_HEAD + item.raw
    if item.major != _MAP or item.argument == 0:
        raise Refused(f"expected ID_CRED as a map or a kid, got major type {item.major}")
    if item.raw.startswith(_KID_MAP_HEAD):
        raise Refused("expected a lone kid without its map, got the map")
    return item.raw


def selected_suite(suites: Item) -> int:
    """The suite SUITES_I selects: the int, or the last of an array of at least two (§5.2.1)."""
    if suites.is_integer():
        return suites.integer()
    members = suites.array()
    if len(members) < 2:
        raise Refused(f"expected at least two suites in the array, got {len(members)}")
    return [member.integer() for member in members][-1]


def exclusive_or(left: bytes, right: bytes) -> bytes:
    """The two, of equal length, combined: the stream cipher of message_2 (§5.3.2)."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def padding(length: int, content: bytes) -> bytes:
    """EAD_3 padding (§3.8.1) of exactly `length` bytes, filled from `content` (at least as long).

    No single item has 26 or 259 bytes: there an empty item, `00`, goes first (SPEC.md 4.5).
    """
    if length == 0:
        return b""
    if length == 1:
        return b"\x00"
    if length in (26, 259):
        return b"\x00" + padding(length - 1, content)
    head = 2 if length < 26 else 3 if length < 259 else 4
    return b"\x00" + bstr(content[: length - head])


def check_padding_only(ead: bytes) -> None:
    """Refuse every EAD item but padding: label 0, with or without a value."""
    value_may_follow = False
    for item in read_sequence(ead):
        if value_may_follow and item.major == _BYTES:
            value_may_follow = False
        elif item.integer() == 0:
            value_may_follow = True
        else:
            raise Refused(f"expected padding only in EAD_3, got label {item.integer()}")
