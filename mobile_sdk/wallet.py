"""The wallet: the credentials a phone holds, the trust that came with them, and the keyring.

One frozen value, `Wallet`, kept in two files and replaced whole. Rules kept here:
- each credential is bound to a presentation key of its own, deleted when the credential is
  replaced, lapsed, or was never given;
- a key is written down as asked for before the server hears of it, so a phone that dies in between
  asks again with the same key and gets the same credential;
- at most one credential a facility, and one a point she was on the way to;
- what is read back is parsed strictly and its trust verified again; damage is `StoreUnreadable`;
- which credential opens a door is a guess by the phone's clock, never a judgement: the door's.

Pure but for `load_wallet`, `save_wallet`, `save_keyring` and `forget_keyring`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lockagent.protocol.credential import Credential, parse_credential
from lockagent.protocol.envelope import Realm
from lockagent.protocol.errors import ProtocolError
from lockagent.protocol.keys import base64url
from lockagent.protocol.strict_json import JsonValue
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from mobile_sdk.acceptance import Accepted
from mobile_sdk.answers import NO_KEYRING, Keyring, read_keyring
from mobile_sdk.device_key import KeyStore
from mobile_sdk.documents import (
    Members,
    parse_document,
    write_document,
)
from mobile_sdk.errors import StoreUnreadable
from policies.telling.language import Language
from policies.vocabulary import (
    AccessPointId,
    AccessPointNumber,
    Action,
    FacilityId,
    Instant,
)

RING_FILE = "credentials/ring.json"
KEYRING_FILE = "credentials/keyring.json"


@dataclass(frozen=True, slots=True)
class Slot:
    """What a credential is for: a facility, or one access point she is on the way to."""

    facility: FacilityId
    on_the_way_to: AccessPointId | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One credential, its presentation key's name, and the reader certificates it came with."""

    slot: Slot
    key: str
    received: bytes
    claims: Credential
    reader_certificates: tuple[bytes, ...]

    def names(self, point: AccessPointNumber) -> bool:
        """Whether its grant names the access point."""
        return any(True for _ in self.claims.grant.entries_of(point))


@dataclass(frozen=True, slots=True)
class AskedKey:
    """A presentation key made for a slot whose credential has not come yet."""

    slot: Slot
    key: str


@dataclass(frozen=True, slots=True)
class HeldKeyring:
    """The keyring, the JSON it came as, and what to ask the server with for a newer one."""

    keyring: Keyring = NO_KEYRING
    document: JsonValue = None
    language: str = ""
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Wallet:
    """All a phone holds; `doomed` are names of keys that are to be deleted."""

    realm: Realm
    root: bytes
    keyring: HeldKeyring = HeldKeyring()
    entries: tuple[Entry, ...] = ()
    asked: tuple[AskedKey, ...] = ()
    trust: tuple[tuple[FacilityId, bytes], ...] = ()
    next_refresh: Instant | None = None
    doomed: tuple[str, ...] = ()

    def trust_of(self, facility: FacilityId) -> TrustState:
        """What is trusted of the facility: as stored, or the pinned root alone."""
        stored = dict(self.trust).get(facility)
        if stored is None:
            return TrustState.begin(self.realm, facility, self.root)
        return TrustState.from_bytes(stored, self.realm, facility, self.root)

    def latest_issue(self, at: Instant) -> Instant:
        """`at`, or the newest iat held: the server's time never runs back for a phone's clock."""
        return max((at, *(entry.claims.issued_at for entry in self.entries)))

    def best_for(self, point: AccessPointNumber, at: Instant) -> Entry | None:
        """The credential to show at `point`: one that seems to permit now, then the longest."""

        def rank(entry: Entry) -> tuple[bool, bool, Instant]:
            is_in_force = entry.claims.not_before <= at < entry.claims.expires
            permits = entry.claims.grant.permits(point, Action.OPEN, at)
            return is_in_force and permits, is_in_force, entry.claims.expires

        return max((entry for entry in self.entries if entry.names(point)), key=rank, default=None)

    def with_asked(self, asked: Iterable[AskedKey]) -> "Wallet":
        """The wallet once these keys are asked for; others asked for before are doomed."""
        kept = tuple(asked)
        names = {one.key for one in kept}
        dropped = tuple(one.key for one in self.asked if one.key not in names)
        return replace(self, asked=kept, doomed=self.doomed + dropped)

    def with_accepted(self, slot: Slot, key: str, accepted: Accepted) -> "Wallet":
        """The wallet with a new credential in its slot; the old one's key is doomed."""
        released = accepted.released
        entry = Entry(slot, key, released.credential, accepted.claims, released.reader_certificates)
        trust = dict(self.trust) | {slot.facility: accepted.trust.to_bytes()}
        return replace(
            self,
            entries=(*(other for other in self.entries if other.slot != slot), entry),
            asked=tuple(one for one in self.asked if one.key != key),
            trust=tuple(sorted(trust.items())),
            doomed=self.doomed
            + tuple(other.key for other in self.entries if other.slot == slot and other.key != key),
        )

    def without_lapsed(self, at: Instant) -> "Wallet":
        """The wallet without the credentials that have lapsed by the phone's clock."""
        lapsed = tuple(entry.key for entry in self.entries if entry.claims.expires <= at)
        return replace(
            self,
            entries=tuple(entry for entry in self.entries if entry.claims.expires > at),
            doomed=self.doomed + lapsed,
        )


def load_wallet(store: KeyStore, realm: Realm, root: bytes) -> Wallet:
    """The wallet in `store`, empty where nothing was kept yet."""
    wallet = Wallet(realm, root)
    ring, keyring = store.read(RING_FILE), store.read(KEYRING_FILE)
    try:
        if keyring is not None:
            wallet = replace(wallet, keyring=_read_held_keyring(parse_document(keyring)))
        if ring is not None:
            wallet = _read_ring(wallet, parse_document(ring))
    except (ValueError, ProtocolError, TrustRefused) as error:
        raise StoreUnreadable(f"expected credentials as they were kept, got: {error}") from error
    return wallet


def save_wallet(store: KeyStore, wallet: Wallet) -> Wallet:
    """Keep the wallet, then delete the keys that are doomed; the wallet as it is then."""
    store.write(RING_FILE, _write_ring(wallet))
    if not wallet.doomed:
        return wallet
    for name in wallet.doomed:
        store.delete(name)
    saved = replace(wallet, doomed=())
    store.write(RING_FILE, _write_ring(saved))
    return saved


def save_keyring(store: KeyStore, held: HeldKeyring) -> None:
    """Keep the keyring; before the ring, which refers to its access points."""
    store.write(
        KEYRING_FILE,
        write_document({"keyring": held.document, "language": held.language, "etag": held.etag}),
    )


def forget_keyring(store: KeyStore, wallet: Wallet) -> Wallet:
    """Let what the server told of its doors be gone, and keep the credentials.

    A server that does not know the phone today may be wrong; a keyring is fetched again, a key
    that was deleted is not.
    """
    store.delete(KEYRING_FILE)
    return replace(wallet, keyring=HeldKeyring())


def _write_ring(wallet: Wallet) -> bytes:
    return write_document(
        {
            "credentials": [
                {
                    **_write_slot(entry.slot, entry.key),
                    "credential": base64url(entry.received),
                    "reader_certificates": [base64url(one) for one in entry.reader_certificates],
                }
                for entry in wallet.entries
            ],
            "asked": [_write_slot(one.slot, one.key) for one in wallet.asked],
            "trust": [
                {"facility": facility, "state": base64url(state)}
                for facility, state in wallet.trust
            ],
            "next_refresh": wallet.next_refresh,
            "doomed": list(wallet.doomed),
        }
    )


def _write_slot(slot: Slot, key: str) -> dict[str, object]:
    return {"facility": slot.facility, "on_the_way_to": slot.on_the_way_to, "key": key}


def _read_held_keyring(members: Members) -> HeldKeyring:
    inner = members.inner("keyring")
    return HeldKeyring(
        keyring=read_keyring(inner),
        document=dict(inner.values),
        language=members.optional_text("language", 8) or Language.BOKMAAL,
        etag=members.optional_text("etag", 256),
    )


def _read_ring(wallet: Wallet, members: Members) -> Wallet:
    has_refresh = members.values.get("next_refresh") is not None
    return replace(
        wallet,
        entries=tuple(_read_entry(entry) for entry in members.objects("credentials")),
        asked=tuple(AskedKey(*_read_slot(entry)) for entry in members.objects("asked")),
        trust=tuple(_read_trust(wallet, members)),
        next_refresh=Instant(members.number("next_refresh", most=2**40)) if has_refresh else None,
        doomed=members.texts("doomed"),
    )


def _read_trust(wallet: Wallet, members: Members) -> Iterator[tuple[FacilityId, bytes]]:
    for entry in members.objects("trust"):
        facility, state = FacilityId(entry.text("facility", 16)), entry.octets("state")
        TrustState.from_bytes(state, wallet.realm, facility, wallet.root)
        yield facility, state


def _read_entry(members: Members) -> Entry:
    slot, key = _read_slot(members)
    received = members.octets("credential")
    return Entry(
        slot=slot,
        key=key,
        received=received,
        claims=parse_credential(received).claims,
        reader_certificates=members.octet_strings("reader_certificates"),
    )


def _read_slot(members: Members) -> tuple[Slot, str]:
    point = members.optional_text("on_the_way_to", 64)
    slot = Slot(
        FacilityId(members.text("facility", 16)), None if point is None else AccessPointId(point)
    )
    return slot, members.text("key", 64)
