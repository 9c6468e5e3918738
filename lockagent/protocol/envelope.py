"""COSE_Sign1 (RFC 9052, 4.2) with ES256 and a context for each type of object. SPEC.md section 3.

`Sign1 = [<<{1: -7, 4: kid}>>, {}, payload, signature]`, untagged. Rules kept here:
- the algorithm is ES256 and stands in the protected header with an 8-byte kid, nothing else;
- the unprotected header is empty, so nothing unsigned is ever read;
- the signature covers `["bynokkel", 1, type, environment, tenant]`, the last three from the
  verifier's configuration: an object of one type, world or tenant is no object of another;
- what is verified is the payload as received.

Which key may sign which type is the trust state's to say, and comes in as an argument.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lockagent.protocol.encoding import (
    Key,
    decode,
    decode_item,
    encode,
    take_array,
    take_bytes,
    take_map,
)
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import KID_BYTES, SIGNATURE_BYTES, SigningKey, VerifyingKey
from policies.vocabulary import Environment, TenantId

CONTEXT_NAME = "bynokkel"
CONTEXT_VERSION = 1

_ALG, _KID, _ES256 = 1, 4, -7
_PROTECTED_LABELS: frozenset[Key] = frozenset({_ALG, _KID})
_NONE: frozenset[Key] = frozenset()


class ObjectType(StrEnum):
    """The types of signed object, each with a context and a role of its own."""

    CREDENTIAL = "credential"
    READER = "reader"
    ROOT = "root"
    BUNDLE = "bundle"
    SETTINGS = "settings"
    TIME = "time"
    ACK = "ack"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Realm:
    """The world and the tenant that a verifier is configured for."""

    environment: Environment
    tenant: TenantId

    def context(self, object_type: ObjectType) -> bytes:
        """The `external_aad` of objects of this type here."""
        return _context(object_type, self.environment, self.tenant)


@dataclass(frozen=True, slots=True)
class Sign1:
    """A signed object taken apart, its signature not yet verified."""

    protected: bytes
    kid: bytes
    payload: bytes
    signature: bytes

    def to_verify(self, object_type: ObjectType, realm: Realm) -> bytes:
        """The Sig_structure (RFC 9052, 4.4) that the signature should cover."""
        return _sig_structure(self.protected, object_type, realm, self.payload)

    def verify(self, object_type: ObjectType, realm: Realm, key: VerifyingKey) -> None:
        """Return if `key` signed this as an object of this type and realm; else BadSignature."""
        key.verify(self.signature, self.to_verify(object_type, realm))


def parse_sign1(received: bytes) -> Sign1:
    """Take exactly one Sign1 apart, or MalformedMessage; nothing is verified yet."""
    sign1, end = parse_sign1_prefix(received, 0)
    if end != len(received):
        raise MalformedMessage(f"expected one Sign1, got {len(received) - end} bytes after it")
    return sign1


def parse_sign1_prefix(received: bytes, start: int) -> tuple[Sign1, int]:
    """Take the Sign1 that begins at `start` apart, and say where it ends."""
    value, end = decode_item(received, start)
    protected, unprotected, payload, signature = take_array(value, "a Sign1", 4)
    protected = take_bytes(protected, "the protected header")
    kid = _read_protected(protected)
    take_map(unprotected, "the unprotected header", _NONE)
    sign1 = Sign1(
        protected=protected,
        kid=kid,
        payload=take_bytes(payload, "the payload"),
        signature=take_bytes(signature, "the signature", SIGNATURE_BYTES),
    )
    return sign1, end


# why: an issuer's header is the same in all it signs, and a door reads one at each unlock.
@lru_cache(maxsize=16)
def _read_protected(protected: bytes) -> bytes:
    """The kid in a protected header that says ES256 and nothing more."""
    labels = take_map(decode(protected), "the protected header", _PROTECTED_LABELS)
    if labels[_ALG] != _ES256:
        raise MalformedMessage("expected the algorithm ES256 (-7), got another")
    return take_bytes(labels[_KID], "a kid", KID_BYTES)


def sign(payload: bytes, object_type: ObjectType, realm: Realm, key: SigningKey) -> bytes:
    """The Sign1 over `payload` as an object of this type and realm."""
    protected = encode({_ALG: _ES256, _KID: key.public.kid})
    signature = key.sign(_sig_structure(protected, object_type, realm, payload))
    return encode([protected, {}, payload, signature])


def _sig_structure(
    protected: bytes, object_type: ObjectType, realm: Realm, payload: bytes
) -> bytes:
    return encode(["Signature1", protected, realm.context(object_type), payload])


@lru_cache(maxsize=16)  # why: one a type of object, wanted at each unlock
def _context(object_type: ObjectType, environment: Environment, tenant: TenantId) -> bytes:
    return encode([CONTEXT_NAME, CONTEXT_VERSION, str(object_type), str(environment), str(tenant)])
