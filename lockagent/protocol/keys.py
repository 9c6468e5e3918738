"""P-256 keys as the protocol sees them: a public point, and ports to sign and to agree.

Rules kept here:
- a point is checked to be on the curve when it is loaded, so no off-curve key exists as a value;
- an ECDSA signature is exactly 64 bytes, r then s (IEEE P1363), before any arithmetic;
- a private key is behind a port: software here, a secure element or an HSM elsewhere.

Curve P-256 (FIPS 186-5), ECDSA with SHA-256 (RFC 9053, 2.1: ES256), ECDH by x (RFC 9528, 3.7).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from functools import lru_cache
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from lockagent.protocol.encoding import Key, Value, encode, take_bool, take_bytes, take_map
from lockagent.protocol.errors import MalformedMessage

COORDINATE_BYTES = 32
SIGNATURE_BYTES = 64
KID_BYTES = 8

_ECDSA = ec.ECDSA(hashes.SHA256())
_CURVE = ec.SECP256R1()
_KTY, _CRV, _X, _Y = 1, -1, -2, -3
_EC2, _P256 = 2, 1
_EVEN_OR_ODD_Y = (b"\x02", b"\x03")  # begins a compressed point (SEC 1, 2.3.3)
_COSE_KEY_LABELS: frozenset[Key] = frozenset({_KTY, _CRV, _X, _Y})


class BadSignature(Exception):
    """A signature of the right form that this key did not make, or one of the wrong form."""


# why: a door agrees twice with one ephemeral point, and decompressing one costs half an agreement.
@lru_cache(maxsize=64)
def _load_point(x: bytes, y_is_odd: bool) -> ec.EllipticCurvePublicKey:
    if len(x) != COORDINATE_BYTES:
        raise MalformedMessage(f"expected an x of {COORDINATE_BYTES} bytes, got {len(x)}")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, _EVEN_OR_ODD_Y[y_is_odd] + x)
    except ValueError as error:
        raise MalformedMessage("expected a point on P-256, got none with this x") from error


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A point on P-256: its x (32 bytes) and the sign of its y (RFC 9053, 7.1.1)."""

    x: bytes
    y_is_odd: bool
    known: InitVar[ec.EllipticCurvePublicKey | None] = None
    loaded: ec.EllipticCurvePublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self, known: ec.EllipticCurvePublicKey | None) -> None:
        """Load the point once, unless it is `known`; MalformedMessage where there is none."""
        object.__setattr__(self, "loaded", known or _load_point(self.x, self.y_is_odd))

    @classmethod
    def from_cose(cls, value: Value) -> Self:
        """Read a COSE_Key of exactly `{1: 2, -1: 1, -2: x, -3: sign of y}` (SPEC.md 3.2)."""
        pairs = take_map(value, "a key", _COSE_KEY_LABELS)
        if pairs[_KTY] != _EC2 or pairs[_CRV] != _P256:
            raise MalformedMessage("expected an EC2 key on P-256, got another type or curve")
        x = take_bytes(pairs[_X], "a key's x", COORDINATE_BYTES)
        return cls(x, take_bool(pairs[_Y], "the sign of a key's y"))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> Self:
        """Read the public members of an EC P-256 JWK (RFC 7518, 6.2); a private one is refused."""
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
            raise MalformedMessage("expected a JWK of type EC on P-256, got another")
        if "d" in jwk:
            raise MalformedMessage("expected a public JWK, got one with a private member")
        x, y = (_jwk_coordinate(jwk.get(name), name) for name in ("x", "y"))
        key = cls(x, bool(y[-1] & 1))
        if key.loaded.public_numbers().y != int.from_bytes(y, "big"):
            raise MalformedMessage("expected a point on P-256, got an x and y that are not")
        return key

    @classmethod
    def of(cls, loaded: ec.EllipticCurvePublicKey) -> Self:
        """The value of a key that `cryptography` holds."""
        written = loaded.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        )
        return cls(written[1:], written[:1] == _EVEN_OR_ODD_Y[True], loaded)

    def cose(self) -> Value:
        """The COSE_Key map."""
        return {_KTY: _EC2, _CRV: _P256, _X: self.x, _Y: self.y_is_odd}

    @property
    def kid(self) -> bytes:
        """The first 8 bytes of SHA-256 of the COSE_Key as written (SPEC.md 3.2)."""
        return hashlib.sha256(encode(self.cose())).digest()[:KID_BYTES]

    def jwk(self) -> dict[str, str]:
        """The public JWK, its members in the order of RFC 7638."""
        y = self.loaded.public_numbers().y.to_bytes(COORDINATE_BYTES, "big")
        return {"crv": "P-256", "kty": "EC", "x": base64url(self.x), "y": base64url(y)}

    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638) by SHA-256, base64url."""
        text = ",".join(f'"{name}":"{value}"' for name, value in self.jwk().items())
        return base64url(hashlib.sha256(f"{{{text}}}".encode()).digest())

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if `signature` (64 bytes, r then s) over `data` is this key's; BadSignature."""
        if len(signature) != SIGNATURE_BYTES:
            raise BadSignature(
                f"expected a signature of {SIGNATURE_BYTES} bytes, got {len(signature)}"
            )
        r = int.from_bytes(signature[:COORDINATE_BYTES], "big")
        s = int.from_bytes(signature[COORDINATE_BYTES:], "big")
        try:
            self.loaded.verify(encode_dss_signature(r, s), data, _ECDSA)
        except InvalidSignature as error:
            raise BadSignature("expected this key's signature, got another") from error


class SigningKey(Protocol):
    """A private key that signs, wherever it lives."""

    @property
    def public(self) -> VerifyingKey:
        """The key that verifies."""

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s."""


class AgreementKey(Protocol):
    """A private key that agrees on a secret, wherever it lives."""

    @property
    def public(self) -> VerifyingKey:
        """The point the peer needs."""

    def agree(self, peer_x: bytes) -> bytes:
        """The x (32 bytes) of the shared point; MalformedMessage where `peer_x` is on no point."""


class SoftwareKey:
    """A private key in memory, for both ports; a caller uses each key for one purpose."""

    __slots__ = ("_private", "public")

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        """Take a private key on P-256."""
        if not isinstance(private.curve, ec.SECP256R1):
            raise ValueError(f"expected a private key on P-256, got one on {private.curve.name}")
        self._private = private
        self.public = VerifyingKey.of(private.public_key())

    @classmethod
    def generate(cls) -> Self:
        """A fresh key from the operating system's randomness."""
        return cls(ec.generate_private_key(_CURVE))

    @classmethod
    def from_private_bytes(cls, scalar: bytes) -> Self:
        """The key of a big-endian scalar: vectors with fixed keys are made so."""
        return cls(ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read an unencrypted PKCS#8 PEM; ValueError where it holds no P-256 private key."""
        private = serialization.load_pem_private_key(pem, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("expected a private key on P-256, got one of another type")
        return cls(private)

    def to_pem(self) -> bytes:
        """Write the key as PKCS#8 PEM without encryption: the file's mode protects it."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s."""
        r, s = decode_dss_signature(self._private.sign(data, _ECDSA))
        return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")

    def agree(self, peer_x: bytes) -> bytes:
        """The x (32 bytes) of the shared point; either y gives the same x."""
        return self._private.exchange(ec.ECDH(), _load_point(peer_x, y_is_odd=False))


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Read base64url without padding, in its one canonical form; else MalformedMessage."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise MalformedMessage("expected base64url without padding, got other text") from error
    if base64url(data) != text:
        raise MalformedMessage("expected base64url in its one form, got another of the same bytes")
    return data


def _jwk_coordinate(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise MalformedMessage(f"expected the JWK member {name} as a text, got {type(value)}")
    data = from_base64url(value)
    if len(data) != COORDINATE_BYTES:
        raise MalformedMessage(
            f"expected a JWK {name} of {COORDINATE_BYTES} bytes, got {len(data)}"
        )
    return data
