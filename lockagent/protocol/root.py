"""The root: which keys may sign trust bundles, said by a threshold of root keys. SPEC.md 8.1.

The rules of The Update Framework's root role, in our envelope. Rules kept here:
- a root is 1 to 8 Sign1 over one payload; the payload is compared byte by byte;
- a threshold counts distinct public keys that have signed, never kids or signatures;
- the first root satisfies its own threshold, and is pinned by whoever installs it;
- a newer root satisfies the threshold of the one held and its own, and its version is higher;
- a root key signs roots only: it is none of the bundle keys.

Signatures by keys that neither root names count for nothing. A root that has expired may still
hand over to the next one (a door may have been off for years); `trust` takes no bundle under it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lockagent.protocol.claims import (
    MAX_INSTANT,
    check_counter,
    check_most,
    malformed_where_invalid,
    take_counter,
    take_instant,
    take_keys,
)
from lockagent.protocol.encoding import Value, decode, decode_item, encode, take_array, take_uint
from lockagent.protocol.envelope import ObjectType, Realm, Sign1, parse_sign1_prefix, sign
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature, SigningKey, VerifyingKey
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import Instant

MAX_SIGNATURES = 8
MAX_KEYS = 8
ROOT_BYTES = 8_192
_ARRAY_LEAD = 0x80


@dataclass(frozen=True, slots=True)
class Root:
    """Version `version` of who may sign roots (`threshold` of `root_keys`) and bundles."""

    version: int
    issued: Instant
    expires: Instant
    threshold: int
    root_keys: tuple[VerifyingKey, ...]
    bundle_keys: tuple[VerifyingKey, ...]

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_counter("a root's version", self.version, 1)
        if not 0 <= self.issued < self.expires <= MAX_INSTANT:
            raise ValueError(f"expected issued before expires, got {self.issued}, {self.expires}")
        if not 1 <= len(self.root_keys) <= MAX_KEYS or not 1 <= len(self.bundle_keys) <= MAX_KEYS:
            raise ValueError(f"expected 1 to {MAX_KEYS} root keys and as many bundle keys")
        keys = self.root_keys + self.bundle_keys
        if len(set(keys)) != len(keys):
            raise ValueError("expected every key once, got one key named twice")
        if not 1 <= self.threshold <= len(self.root_keys):
            raise ValueError(
                f"expected a threshold of 1 to {len(self.root_keys)}, got {self.threshold}"
            )


@dataclass(frozen=True, slots=True)
class ReceivedRoot:
    """A root as it came, well formed; none of its signatures is verified."""

    received: bytes
    signatures: tuple[Sign1, ...]
    claims: Root


def sign_root(root: Root, realm: Realm, signing_keys: Sequence[SigningKey]) -> bytes:
    """The root signed by each key; whether those suffice is for whoever verifies."""
    if not 1 <= len(signing_keys) <= MAX_SIGNATURES:
        raise ValueError(f"expected 1 to {MAX_SIGNATURES} signing keys, got {len(signing_keys)}")
    payload = encode(_payload(root))
    signed = [sign(payload, ObjectType.ROOT, realm, key) for key in signing_keys]
    return bytes((_ARRAY_LEAD | len(signed),)) + b"".join(signed)


def parse_root(received: bytes) -> ReceivedRoot:
    """Take exactly one root apart, or MalformedMessage."""
    check_most("a root", received, ROOT_BYTES)
    items, end = decode_item(received, 0)
    count = len(take_array(items, "a root", least=1))
    if end != len(received) or count > MAX_SIGNATURES:
        raise MalformedMessage(f"expected one array of 1 to {MAX_SIGNATURES} Sign1, got other")
    signatures = []
    at = 1  # an array of up to 23 items has a head of one byte
    for _ in range(count):
        sign1, at = parse_sign1_prefix(received, at)
        signatures.append(sign1)
    payload = signatures[0].payload
    if any(sign1.payload != payload for sign1 in signatures):
        raise MalformedMessage("expected one payload under every signature, got several")
    return ReceivedRoot(received, tuple(signatures), _read_payload(decode(payload)))


def verify_first_root(received: ReceivedRoot, realm: Realm) -> Root:
    """The root to start from: it satisfies its own threshold, else TrustRefused."""
    _verify_threshold(received, realm, received.claims, "its own")
    return received.claims


def verify_next_root(received: ReceivedRoot, realm: Realm, held: Root) -> Root:
    """The root after `held`: newer, and signed as both demand; else TrustRefused."""
    root = received.claims
    if root.version <= held.version:
        raise TrustRefused(
            TrustFault.ROLLBACK, f"expected a root above version {held.version}, got {root.version}"
        )
    _verify_threshold(received, realm, held, f"version {held.version}'s")
    _verify_threshold(received, realm, root, "its own")
    return root


def _verify_threshold(received: ReceivedRoot, realm: Realm, root: Root, whose: str) -> None:
    signers = sum(_has_signed(key, received, realm) for key in root.root_keys)
    if signers < root.threshold:
        raise TrustRefused(
            TrustFault.THRESHOLD,
            f"expected {root.threshold} signers by {whose} keys, got {signers}",
        )


def _has_signed(key: VerifyingKey, received: ReceivedRoot, realm: Realm) -> bool:
    for sign1 in received.signatures:
        if sign1.kid == key.kid:
            try:
                sign1.verify(ObjectType.ROOT, realm, key)
            except BadSignature:
                continue
            return True
    return False


def _payload(root: Root) -> Value:
    return [
        root.version,
        root.issued,
        root.expires,
        root.threshold,
        [key.cose() for key in root.root_keys],
        [key.cose() for key in root.bundle_keys],
    ]


def _read_payload(value: Value) -> Root:
    version, issued, expires, threshold, root_keys, bundle_keys = take_array(value, "a root", 6)
    with malformed_where_invalid():
        return Root(
            version=take_counter(version, "a root's version", 1),
            issued=take_instant(issued, "issued"),
            expires=take_instant(expires, "expires"),
            threshold=take_uint(threshold, "the threshold", MAX_KEYS, 1),
            root_keys=take_keys(root_keys, "root keys"),
            bundle_keys=take_keys(bundle_keys, "bundle keys"),
        )
