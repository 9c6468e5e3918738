"""Nonces without a row for each: an HMAC of the time bucket under a key kept in the database.

The current and the previous bucket are accepted, so a nonce lives 120 to 240 s (interfaces.md 2).
DPoP nonces are the same for every caller; a `c_nonce` is bound to the device that asked for it.
All replicas of an installation read the same key. HMAC-SHA-256 (RFC 2104), cut to 128 bits.
"""

import hashlib
import hmac

from lockagent.protocol.keys import base64url
from policies.vocabulary import Instant

NONCE_SECONDS = 120
KEY_BYTES = 32
_NONCE_BYTES = 16


class Nonces:
    """The nonces of one tenant."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a nonce key of {KEY_BYTES} bytes, got {len(key)}")
        self._key = key

    def dpop(self, at: Instant) -> str:
        """The nonce to put in a DPoP proof now (RFC 9449, 8)."""
        return self._nonce("dpop", at // NONCE_SECONDS)

    def is_dpop(self, nonce: str, at: Instant) -> bool:
        """Whether `nonce` was given for DPoP proofs in this bucket or the one before."""
        return self._is_recent("dpop", nonce, at)

    def credential(self, client: str, at: Instant) -> str:
        """The `c_nonce` for a key attestation by `client` now."""
        return self._nonce(f"credential {client}", at // NONCE_SECONDS)

    def is_credential(self, nonce: str, client: str, at: Instant) -> bool:
        """Whether `nonce` was given to `client` in this bucket or the one before."""
        return self._is_recent(f"credential {client}", nonce, at)

    def _nonce(self, use: str, bucket: int) -> str:
        made = hmac.new(self._key, f"{use} {bucket}".encode(), hashlib.sha256).digest()
        return base64url(made[:_NONCE_BYTES])

    def _is_recent(self, use: str, nonce: str, at: Instant) -> bool:
        bucket = at // NONCE_SECONDS
        return any(
            hmac.compare_digest(nonce.encode(errors="replace"), self._nonce(use, recent).encode())
            for recent in (bucket, bucket - 1)
        )
