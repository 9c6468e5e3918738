"""The trust bundle: what a door of one facility needs to know of its issuers. SPEC.md 8.2.

Always whole, signed by a bundle key of the root, issued anew at every change and daily. Rules
kept here:
- the version is (root, counter) and grows lexicographically: a new root restarts the counter;
- a public key stands once, with one role and one interval `[not_before, not_after)`;
- revoked indices travel as the first and then the differences, revoked readers by `cti`, both
  ascending: one set has one encoding;
- it lives at most 90 days and has at most 1,000 bytes (one record): where revocations would not
  fit, the issuer raises the epoch and empties the list.

Whether one is newer than what is held, and may be relied upon now, is `trust`'s to say.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import NamedTuple, Self, TypeAlias

from lockagent.protocol.claims import (
    CTI_BYTES,
    MAX_INSTANT,
    Received,
    check_ascending,
    check_counter,
    check_facility,
    check_most,
    check_size,
    malformed_where_invalid,
    take_counter,
    take_facility,
    take_instant,
)
from lockagent.protocol.credential import INDEX_BITS, INDEX_LIMIT
from lockagent.protocol.encoding import (
    Value,
    decode,
    encode,
    take_array,
    take_bytes,
    take_uint,
)
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.keys import SigningKey, VerifyingKey
from policies.vocabulary import FacilityId, Instant

BUNDLE_BYTES = 1_000
BUNDLE_LIFE_SECONDS = 90 * 86_400


class Role(IntEnum):
    """What an issuer key may sign, beside the bundle and root keys that the root names."""

    CREDENTIAL = 1
    READER = 2
    TIME = 3
    ACK = 4


class TrustVersion(NamedTuple):
    """A bundle's version: compared as it stands, root first."""

    root: int
    counter: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `root.counter` in decimal; ValueError for anything else."""
        root, dot, counter = text.partition(".")
        version = cls(int(root), int(counter)) if root.isdecimal() and counter.isdecimal() else None
        if version is None or not dot or str(version) != text:
            raise ValueError("expected a version like 1.42, got other text")
        return version

    def __str__(self) -> str:
        """`root.counter`, as the update route and the journal's readers write it."""
        return f"{self.root}.{self.counter}"


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """`key` signs as `role` the objects issued in `[not_before, not_after)`."""

    role: Role
    key: VerifyingKey
    not_before: Instant
    not_after: Instant
    kid: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError), and hash the key once."""
        if not 0 <= self.not_before < self.not_after <= MAX_INSTANT:
            raise ValueError(
                f"expected an interval with a length, got {self.not_before} to {self.not_after}"
            )
        object.__setattr__(self, "kid", self.key.kid)


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """Issuer keys, revocations, epoch and lockdown of `facility` from `issued` to `expires`."""

    facility: FacilityId
    version: TrustVersion
    issued: Instant
    expires: Instant
    issuer_keys: tuple[IssuerKey, ...]
    revoked: frozenset[int]
    revoked_readers: frozenset[bytes]
    epoch: int
    lockdown: bool
    sealing_key: VerifyingKey | None = None

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_facility(self.facility)
        check_counter("a root's version", self.version.root, 1)
        check_counter("a bundle's counter", self.version.counter, 1)
        check_counter("epoch", self.epoch)
        if not 0 <= self.issued < self.expires <= MAX_INSTANT:
            raise ValueError(f"expected issued before expires, got {self.issued}, {self.expires}")
        if self.expires - self.issued > BUNDLE_LIFE_SECONDS:
            raise ValueError(
                f"expected a life of at most {BUNDLE_LIFE_SECONDS} s,"
                f" got {self.expires - self.issued}"
            )
        keys = {issuer.key for issuer in self.issuer_keys}
        if not keys or len(keys) != len(self.issuer_keys):
            raise ValueError("expected issuer keys, each once, got none or one twice")
        if any(not 0 <= index < INDEX_LIMIT for index in self.revoked):
            raise ValueError(f"expected revoked indices below 2^{INDEX_BITS}, got a larger one")
        for cti in self.revoked_readers:
            check_size("a revoked reader's cti", cti, CTI_BYTES)


ReceivedBundle: TypeAlias = Received[TrustBundle]


def bundle_payload(bundle: TrustBundle) -> bytes:
    """What is signed: for an issuer that must know the size before it signs."""
    indices = sorted(bundle.revoked)
    revoked = indices[:1] + [after - before for before, after in pairwise(indices)]
    return encode(
        [
            bundle.facility,
            bundle.version.root,
            bundle.version.counter,
            bundle.issued,
            bundle.expires,
            [
                [int(issuer.role), issuer.key.cose(), issuer.not_before, issuer.not_after]
                for issuer in bundle.issuer_keys
            ],
            list[Value](revoked),
            list[Value](sorted(bundle.revoked_readers)),
            bundle.epoch,
            int(bundle.lockdown),
            None if bundle.sealing_key is None else bundle.sealing_key.cose(),
        ]
    )


def sign_bundle(bundle: TrustBundle, realm: Realm, signing_key: SigningKey) -> bytes:
    """The signed bundle; ValueError where it would not fit one record (raise the epoch)."""
    signed = sign(bundle_payload(bundle), ObjectType.BUNDLE, realm, signing_key)
    if len(signed) > BUNDLE_BYTES:
        raise ValueError(f"expected a bundle of at most {BUNDLE_BYTES} bytes, got {len(signed)}")
    return signed


def parse_bundle(received: bytes) -> ReceivedBundle:
    """Take exactly one bundle apart, or MalformedMessage."""
    check_most("a bundle", received, BUNDLE_BYTES)
    sign1 = parse_sign1(received)
    fields = take_array(decode(sign1.payload), "a bundle", 11)
    facility, root, counter, issued, expires, keys, revoked, readers, epoch, lockdown, seal = fields
    with malformed_where_invalid():
        bundle = TrustBundle(
            facility=take_facility(facility),
            version=TrustVersion(
                take_counter(root, "a root's version", 1),
                take_counter(counter, "a bundle's counter", 1),
            ),
            issued=take_instant(issued, "issued"),
            expires=take_instant(expires, "expires"),
            issuer_keys=tuple(
                _read_issuer_key(item) for item in take_array(keys, "issuer keys", least=1)
            ),
            revoked=_read_revoked(revoked),
            revoked_readers=_read_revoked_readers(readers),
            epoch=take_counter(epoch, "epoch"),
            lockdown=take_uint(lockdown, "lockdown", 1) == 1,
            sealing_key=None if seal is None else VerifyingKey.from_cose(seal),
        )
    return Received(received, sign1, bundle)


def _read_issuer_key(value: Value) -> IssuerKey:
    role, key, not_before, not_after = take_array(value, "an issuer key", 4)
    return IssuerKey(
        role=Role(take_uint(role, "a role", max(Role), min(Role))),
        key=VerifyingKey.from_cose(key),
        not_before=take_instant(not_before, "not before"),
        not_after=take_instant(not_after, "not after"),
    )


def _read_revoked(value: Value) -> frozenset[int]:
    steps = [
        take_uint(item, "a revoked index or difference", INDEX_LIMIT - 1, least=0 if at == 0 else 1)
        for at, item in enumerate(take_array(value, "revoked"))
    ]
    return frozenset(accumulate(steps))


def _read_revoked_readers(value: Value) -> frozenset[bytes]:
    readers = [
        take_bytes(item, "a revoked reader's cti", CTI_BYTES)
        for item in take_array(value, "revoked readers")
    ]
    check_ascending("revoked readers", readers)
    return frozenset(readers)
