"""The cryptography EDHOC stands on, as ports: a cipher suite, and keys that may live elsewhere.

A `CipherSuite` says sizes, hash, key derivation and AEAD; the elliptic curve is behind the keys.
`CcmSha256Suite` covers the registered suites 0 to 3, which differ in curve and tag alone;
`SUITE_2` is the one this project speaks (AES-CCM-16-64-128, SHA-256, P-256, ES256).

Sizes are in bytes. Nothing here keeps state; nonces are the caller's to use once.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from lockagent.protocol.errors import ProtocolError


class BadTag(ProtocolError):
    """A ciphertext that was not sealed under this key, nonce and associated data."""


class PublicPoint(Protocol):
    """The public half of a key pair."""

    @property
    def x(self) -> bytes:
        """What goes on the air: the x-coordinate alone (RFC 9528, 3.7)."""


class Agreement(Protocol):
    """A private key for Diffie-Hellman, ephemeral or static."""

    @property
    def public(self) -> PublicPoint:
        """The point the peer needs."""

    def agree(self, peer_x: bytes) -> bytes:
        """The shared secret; MalformedMessage for a point off the curve or of low order."""


class Signer(Protocol):
    """A private key that signs by the suite's algorithm."""

    def sign(self, data: bytes) -> bytes:
        """The signature in its fixed-size form."""


class PeerKey(Protocol):
    """A peer's public authentication key: for methods with a static key its x, else `verify`."""

    @property
    def x(self) -> bytes:
        """The point, where the key is a static Diffie-Hellman key."""

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if the signature is this key's; `lockagent.protocol.keys.BadSignature`."""


class CipherSuite(Protocol):
    """The algorithms of one registered suite (RFC 9528, 3.6 and 10.2)."""

    @property
    def label(self) -> int:
        """The number in the registry."""

    @property
    def mac_size(self) -> int:
        """EDHOC MAC length, for authentication by static Diffie-Hellman."""

    @property
    def hash_size(self) -> int:
        """Output of the hash, and length of every pseudorandom key."""

    @property
    def key_size(self) -> int:
        """Key of the AEAD."""

    @property
    def nonce_size(self) -> int:
        """Nonce of the AEAD."""

    @property
    def point_size(self) -> int:
        """An x-coordinate on the curve."""

    @property
    def signature_size(self) -> int:
        """A signature in its fixed-size form."""

    @property
    def most_expanded(self) -> int:
        """The most bytes that one `expand` gives."""

    def hash(self, data: bytes) -> bytes:
        """The EDHOC hash."""

    def extract(self, salt: bytes, secret: bytes) -> bytes:
        """EDHOC_Extract (RFC 9528, 4.1.1)."""

    def expand(self, key: bytes, info: bytes, length: int) -> bytes:
        """EDHOC_Expand (RFC 9528, 4.1.2); ValueError above `most_expanded`."""

    def seal(self, key: bytes, nonce: bytes, data: bytes, plaintext: bytes) -> bytes:
        """Ciphertext and tag, `data` authenticated with them."""

    def open(self, key: bytes, nonce: bytes, data: bytes, ciphertext: bytes) -> bytes:
        """The plaintext, or BadTag."""


@dataclass(frozen=True, slots=True)
class CcmSha256Suite:
    """AES-CCM-16 with a tag of `mac_size` bytes, and SHA-256: suites 0 to 3, by curve and tag."""

    label: int
    mac_size: int
    hash_size: int = 32
    key_size: int = 16
    nonce_size: int = 13
    point_size: int = 32
    signature_size: int = 64
    most_expanded: int = 255 * 32

    def hash(self, data: bytes) -> bytes:
        """SHA-256."""
        return hashlib.sha256(data).digest()

    def extract(self, salt: bytes, secret: bytes) -> bytes:
        """HKDF-Extract (RFC 5869, 2.2)."""
        return hmac.digest(salt, secret, "sha256")

    def expand(self, key: bytes, info: bytes, length: int) -> bytes:
        """HKDF-Expand (RFC 5869, 2.3)."""
        if length <= self.hash_size:
            return hmac.digest(key, info + b"\x01", "sha256")[:length]
        if length > self.most_expanded:
            raise ValueError(f"expected at most {self.most_expanded} bytes, got {length}")
        block, out = b"", bytearray()
        for counter in range(1, -(-length // self.hash_size) + 1):
            block = hmac.digest(key, block + info + bytes((counter,)), "sha256")
            out += block
        return bytes(out[:length])

    def seal(self, key: bytes, nonce: bytes, data: bytes, plaintext: bytes) -> bytes:
        """AES-CCM (RFC 9053, 4.2)."""
        self._refuse_other_sizes(key, nonce)
        return AESCCM(key, self.mac_size).encrypt(nonce, plaintext, data)

    def open(self, key: bytes, nonce: bytes, data: bytes, ciphertext: bytes) -> bytes:
        """AES-CCM; a ciphertext shorter than its tag is a BadTag too."""
        self._refuse_other_sizes(key, nonce)
        if len(ciphertext) < self.mac_size:
            raise BadTag(f"expected a tag of {self.mac_size} bytes, got {len(ciphertext)} in all")
        try:
            return AESCCM(key, self.mac_size).decrypt(nonce, ciphertext, data)
        except InvalidTag as error:
            raise BadTag("expected a ciphertext sealed under this key, got another") from error

    def _refuse_other_sizes(self, key: bytes, nonce: bytes) -> None:
        if len(key) != self.key_size or len(nonce) != self.nonce_size:
            raise ValueError(
                f"expected a key of {self.key_size} and a nonce of {self.nonce_size} bytes, "
                f"got {len(key)} and {len(nonce)}"
            )


SUITE_2 = CcmSha256Suite(label=2, mac_size=8)
