"""What a door or a phone believes of one facility: a state that only moves forward. SPEC.md 8.3.

Rules, in the order they are kept:
 1. It begins with a root that whoever installs it has pinned; that root satisfies its own
    threshold. There is no bundle yet, and nothing opens.
 2. A root is replaced by a newer one only, signed by the threshold of the one held and its own.
    Where the new root no longer names the key that signed the bundle held, that bundle is
    dropped, and nothing opens until another comes; otherwise it stays until replaced.
    The very root held changes nothing.
 3. A bundle is taken only from a bundle key of the root held, for this facility, naming this
    root's version; with a higher version than the one held, an epoch that does not fall while
    the root is the same, and an `issued` not after the latest instant it can now be (hi).
    The very bundle held changes nothing; the same version with other bytes is a fork.
 4. Under a root that has certainly expired (`expires <= lo`) no bundle is taken.
 5. An expired bundle may be replaced but not relied upon. It may also be taken: it is newer, and
    knowing later revocations never opens a door. Full policy under 30 days, then sensitive doors
    deny, after `expires` nothing opens. Without a bound on the time (hi is None) it is expired.
 6. An issuer key counts for its own role, for what was issued within its interval.
 7. A stored state counts for nothing by itself: it is the roots since the pinned one, each verified
    again under the one before it, and a bundle that the last of them vouches for.

Every method is pure and returns a new state or raises `TrustRefused` or `MalformedMessage`; a
refused object moves nothing. Writing the state durably is left to whoever holds it.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

from lockagent.protocol.claims import Claims, Received, check_facility
from lockagent.protocol.encoding import Value, decode, encode, take_array, take_bytes
from lockagent.protocol.envelope import ObjectType, Realm, Sign1
from lockagent.protocol.keys import BadSignature, VerifyingKey
from lockagent.protocol.root import Root, parse_root, verify_first_root, verify_next_root
from lockagent.protocol.trust_bundle import (
    ReceivedBundle,
    Role,
    TrustBundle,
    TrustVersion,
    parse_bundle,
)
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import FacilityId, Instant

FULL_POLICY_SECONDS = 30 * 86_400


class Freshness(Enum):
    """How far a bundle may be relied upon (rule 5)."""

    FULL = "full"
    DEGRADED = "degraded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class TrustState:
    """A verified root and the newest verified bundle, with the bytes they were read from.

    `newer_roots` are the roots taken since the pinned one, oldest first: the last is `root_bytes`.
    """

    realm: Realm
    facility: FacilityId
    root: Root
    root_bytes: bytes
    bundle: TrustBundle | None = None
    bundle_bytes: bytes | None = None
    newer_roots: tuple[bytes, ...] = ()

    @classmethod
    def begin(cls, realm: Realm, facility: FacilityId, root_bytes: bytes) -> Self:
        """The state of rule 1, from a root that the caller has reason to pin."""
        check_facility(facility)
        root = verify_first_root(parse_root(root_bytes), realm)
        return cls(realm, facility, root, root_bytes)

    @classmethod
    def from_bytes(cls, stored: bytes, realm: Realm, facility: FacilityId, pinned: bytes) -> Self:
        """A stored state, verified again from the root that is `pinned` on (rule 7).

        TrustRefused where it does not follow from that root; a damaged one is MalformedMessage.
        """
        newer_roots, bundle_bytes = take_array(decode(stored), "a trust state", 2)
        state = cls.begin(realm, facility, pinned)
        for item in take_array(newer_roots, "newer roots"):
            state = state.update_root(take_bytes(item, "a newer root"), None)
        if bundle_bytes is None:
            return state
        received = parse_bundle(take_bytes(bundle_bytes, "the bundle"))
        state._verify_bundle(received)
        if received.claims.version.root > state.root.version:
            raise TrustRefused(
                TrustFault.OTHER_ROOT,
                f"expected a bundle of a root up to {state.root.version},"
                f" got {received.claims.version}",
            )
        return replace(state, bundle=received.claims, bundle_bytes=received.received)

    def to_bytes(self) -> bytes:
        """CBOR `[[newer root, ...], bundle or null]`, byte strings: what `from_bytes` reads."""
        return encode([list[Value](self.newer_roots), self.bundle_bytes])

    def update_root(self, received: bytes, hi: Instant | None) -> Self:
        """The state under a newer root (rule 2); `hi` None where the time has no bound."""
        if received == self.root_bytes:
            return self
        parsed = parse_root(received)
        root = verify_next_root(parsed, self.realm, self.root)
        _refuse_the_future("a root", root.issued, hi)
        newer_roots = (*self.newer_roots, received)
        state = replace(self, root=root, root_bytes=received, newer_roots=newer_roots)
        if self.bundle_bytes is not None:
            try:
                state._verify_bundle(parse_bundle(self.bundle_bytes))
            except TrustRefused:
                return replace(state, bundle=None, bundle_bytes=None)
        return state

    def update(self, received: bytes, lo: Instant, hi: Instant | None) -> Self:
        """The state with a newer bundle (rules 3 and 4); the time lies in `[lo, hi]`."""
        if received == self.bundle_bytes:
            return self
        parsed = parse_bundle(received)
        if self.root.expires <= lo:
            raise TrustRefused(
                TrustFault.ROOT_EXPIRED, f"expected a newer root, {self.root.version} has expired"
            )
        self._verify_bundle(parsed)
        bundle = parsed.claims
        if bundle.version.root != self.root.version:
            raise TrustRefused(
                TrustFault.OTHER_ROOT,
                f"expected a bundle of root {self.root.version}, got {bundle.version}",
            )
        if self.bundle is not None:
            _refuse_going_back(self.bundle, bundle)
        _refuse_the_future("a bundle", bundle.issued, hi)
        return replace(self, bundle=bundle, bundle_bytes=received)

    @property
    def version(self) -> TrustVersion:
        """The version of the bundle held; counter 0 of the root where there is none."""
        return TrustVersion(self.root.version, 0) if self.bundle is None else self.bundle.version

    @property
    def lockdown(self) -> bool:
        """Whether only exempt grants open; true where nothing is known."""
        return self.bundle is None or self.bundle.lockdown

    def is_expired(self, hi: Instant | None) -> bool:
        """Whether no credential opens any more (rule 5)."""
        return self.bundle is None or hi is None or hi >= self.bundle.expires

    def freshness(self, hi: Instant | None) -> Freshness:
        """Full policy, degraded (sensitive doors deny) or expired at the instant `hi`."""
        age = self.age(hi)
        if age is None or self.is_expired(hi):
            return Freshness.EXPIRED
        return Freshness.FULL if age < FULL_POLICY_SECONDS else Freshness.DEGRADED

    def age(self, hi: Instant | None) -> int | None:
        """Seconds since the bundle was issued, None where it or the time is not known."""
        return None if self.bundle is None or hi is None else max(0, hi - self.bundle.issued)

    def is_epoch_current(self, epoch: int) -> bool:
        """Whether a credential of this epoch has not been revoked with all others of it."""
        return self.bundle is not None and epoch >= self.bundle.epoch

    def is_revoked(self, index: int) -> bool:
        """Whether the credential of this index is revoked; true where nothing is known."""
        return self.bundle is None or index in self.bundle.revoked

    def is_reader_revoked(self, cti: bytes) -> bool:
        """Whether the reader certificate of this `cti` is revoked; true where nothing is known."""
        return self.bundle is None or cti in self.bundle.revoked_readers

    def issuer_key(self, kid: bytes, role: Role, at: Instant) -> VerifyingKey:
        """The key that signs as `role` what is issued at `at`, or UNKNOWN_ISSUER (rule 6)."""
        if self.bundle is None:
            raise TrustRefused(TrustFault.NO_BUNDLE, "expected a trust bundle, got none yet")
        for issuer in self.bundle.issuer_keys:
            if (
                issuer.kid == kid
                and issuer.role is role
                and issuer.not_before <= at < issuer.not_after
            ):
                return issuer.key
        raise TrustRefused(
            TrustFault.UNKNOWN_ISSUER,
            f"expected a key of role {role.name.lower()} in use at {at}, got kid {kid.hex()}",
        )

    def verified(
        self, received: Received[Claims], object_type: ObjectType, role: Role, at: Instant
    ) -> Claims:
        """The claims, signed by the issuer key of `role` in use at `at`; else TrustRefused.

        UNKNOWN_ISSUER where the state names no such key, SIGNATURE where it did not sign.
        """
        key = self.issuer_key(received.sign1.kid, role, at)
        try:
            return received.verify(object_type, self.realm, key)
        except BadSignature as error:
            raise TrustRefused(
                TrustFault.SIGNATURE,
                f"expected {object_type} by kid {received.sign1.kid.hex()}, got another signer",
            ) from error

    def bundle_key(self, sign1: Sign1, object_type: ObjectType) -> VerifyingKey:
        """The bundle key of the root held that signed this bundle or settings; else SIGNATURE."""
        for key in self.root.bundle_keys:
            if key.kid == sign1.kid:
                try:
                    sign1.verify(object_type, self.realm, key)
                except BadSignature:
                    continue
                return key
        raise TrustRefused(
            TrustFault.SIGNATURE,
            f"expected {object_type} by a bundle key of root {self.root.version},"
            f" got kid {sign1.kid.hex()}",
        )

    def _verify_bundle(self, received: ReceivedBundle) -> None:
        self.bundle_key(received.sign1, ObjectType.BUNDLE)
        if received.claims.facility != self.facility:
            raise TrustRefused(
                TrustFault.OTHER_FACILITY,
                f"expected a bundle of {self.facility}, got one of {received.claims.facility}",
            )


def _refuse_going_back(held: TrustBundle, bundle: TrustBundle) -> None:
    if bundle.version == held.version:
        raise TrustRefused(
            TrustFault.FORK, f"expected one bundle of version {held.version}, got a second"
        )
    if bundle.version < held.version:
        raise TrustRefused(
            TrustFault.ROLLBACK, f"expected a bundle above {held.version}, got {bundle.version}"
        )
    if bundle.version.root == held.version.root and bundle.epoch < held.epoch:
        raise TrustRefused(
            TrustFault.ROLLBACK, f"expected an epoch of {held.epoch} or more, got {bundle.epoch}"
        )


def _refuse_the_future(name: str, issued: Instant, hi: Instant | None) -> None:
    if hi is not None and issued > hi:
        raise TrustRefused(
            TrustFault.FROM_THE_FUTURE, f"expected {name} issued by {hi}, got {issued}"
        )
