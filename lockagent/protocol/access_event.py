"""Journal entries and batches: what a controller says has happened. SPEC.md 8.5.

An entry is one access event, chained to the one before it by SHA-256 of that one's bytes, so that
taking one out or changing one breaks every later hash. Rules kept here:
- sequences start at 1 and grow by one; the first entry's previous hash is 32 zero bytes;
- time is the clock's interval at the event: `hi` is null where it has no bound;
- an entry names no person: a credential by its `cti`, the denial by its precise reason;
- a batch is up to 500 entries in order, signed by the agent key. A batch says nothing that the
  chain does not: replays are harmless, gaps and forks show.

Writing durably and sending are left to the journal and the sync of a controller; telling gap from
fork to the server's intake, which knows what it holds.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from lockagent.protocol.claims import (
    CTI_BYTES,
    MAX_INSTANT,
    Received,
    check_controller,
    check_most,
    check_size,
    malformed_where_invalid,
    take_controller,
    take_counter,
    take_instant,
)
from lockagent.protocol.encoding import (
    Key,
    Value,
    decode,
    encode,
    take_array,
    take_bytes,
    take_text,
    take_uint,
)
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.errors import DenialReason, MalformedMessage
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.trust_bundle import TrustVersion
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointNumber,
    ControllerId,
    Instant,
    instant_text,
)

HASH_BYTES = hashlib.sha256().digest_size
ENTRY_BYTES = 512
BATCH_ENTRIES = 500
BATCH_BYTES = 1 << 20
MAX_DETAILS = 16
MAX_DETAIL_NAME = 32

Detail: TypeAlias = "int | bool | str | bytes"


class EventKind(IntEnum):
    """What happened; a number is never used again for something else."""

    BOOT = 1
    ACCESS_GRANTED = 2
    ACCESS_DENIED = 3
    STRIKE_RELEASED = 4
    STRIKE_FAILED = 5
    ACCESS_TAKEN = 6
    ACCESS_NOT_TAKEN = 7
    DOOR_OPENED = 8
    DOOR_CLOSED = 9
    FORCED_OPEN = 10
    HELD_OPEN = 11
    REQUEST_TO_EXIT = 12
    COUNTED_FAILURES = 13
    TRUST_UPDATED = 14
    SETTINGS_UPDATED = 15
    CERTIFICATE_RENEWED = 16
    CLOCK_CHANGED = 17
    UPDATE_REFUSED = 18
    FAULT = 19
    FAULT_CLEARED = 20
    ENTRIES_GAVE_WAY = 21
    SHUTDOWN = 22


class JournalHead(NamedTuple):
    """The newest entry of a chain: its sequence and its hash."""

    sequence: int
    hash: bytes


START = JournalHead(0, bytes(HASH_BYTES))
"""The head of an empty journal."""


class ChainBreak(NamedTuple):
    """The first entry that does not continue the chain, and why."""

    sequence: int
    detail: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One access event; `point`, `reason`, `cti` and trust are None where there is none."""

    sequence: int
    previous: bytes
    utc_lo: Instant
    utc_hi: Instant | None
    monotonic_ms: int
    boot: int
    kind: EventKind
    point: AccessPointNumber | None
    reason: DenialReason | None
    cti: bytes | None
    trust_version: TrustVersion | None
    trust_age_seconds: int | None
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what the format refuses (ValueError); details become read-only."""
        if self.sequence < 1:
            raise ValueError(f"expected a sequence from 1, got {self.sequence}")
        check_size("a previous hash", self.previous, HASH_BYTES)
        hi = MAX_INSTANT if self.utc_hi is None else self.utc_hi
        if not 0 <= self.utc_lo <= hi <= MAX_INSTANT:
            raise ValueError(f"expected lo <= hi within the calendar, got {self.utc_lo} and {hi}")
        if self.cti is not None:
            check_size("cti", self.cti, CTI_BYTES)
        if len(self.details) > MAX_DETAILS:
            raise ValueError(f"expected at most {MAX_DETAILS} details, got {len(self.details)}")
        if any(not 1 <= len(name) <= MAX_DETAIL_NAME for name in self.details):
            raise ValueError(f"expected names of details of 1 to {MAX_DETAIL_NAME} characters")
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """Entries of `controller` as they stand in its journal, from `first_sequence` on."""

    controller: ControllerId
    first_sequence: int
    entries: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse what the format refuses (ValueError)."""
        check_controller(self.controller)
        if self.first_sequence < 1:
            raise ValueError(f"expected a sequence from 1, got {self.first_sequence}")
        if not 1 <= len(self.entries) <= BATCH_ENTRIES:
            raise ValueError(f"expected 1 to {BATCH_ENTRIES} entries, got {len(self.entries)}")
        if any(len(entry) > ENTRY_BYTES for entry in self.entries):
            raise ValueError(f"expected entries of at most {ENTRY_BYTES} bytes, got a longer one")


ReceivedBatch: TypeAlias = Received[JournalBatch]


def encode_entry(entry: JournalEntry) -> bytes:
    """The entry's bytes; ValueError where they would be more than `ENTRY_BYTES`."""
    version = entry.trust_version
    details: dict[Key, Value] = dict(entry.details.items())
    encoded = encode(
        [
            entry.sequence,
            entry.previous,
            entry.utc_lo,
            entry.utc_hi,
            entry.monotonic_ms,
            entry.boot,
            int(entry.kind),
            entry.point,
            None if entry.reason is None else str(entry.reason),
            entry.cti,
            None if version is None else [version.root, version.counter],
            entry.trust_age_seconds,
            details,
        ]
    )
    if len(encoded) > ENTRY_BYTES:
        raise ValueError(f"expected an entry of at most {ENTRY_BYTES} bytes, got {len(encoded)}")
    return encoded


def decode_entry(received: bytes) -> JournalEntry:
    """The event in exactly one entry, or MalformedMessage."""
    check_most("an entry", received, ENTRY_BYTES)
    fields = take_array(decode(received), "an entry", 13)
    sequence, previous, lo, hi, monotonic, boot, kind, point, reason, cti, trust, age, more = fields
    with malformed_where_invalid():
        return JournalEntry(
            sequence=take_uint(sequence, "a sequence", least=1),
            previous=take_bytes(previous, "a previous hash", HASH_BYTES),
            utc_lo=take_instant(lo, "utc lo"),
            utc_hi=None if hi is None else take_instant(hi, "utc hi"),
            monotonic_ms=take_uint(monotonic, "monotonic ms"),
            boot=take_uint(boot, "a boot"),
            kind=EventKind(take_uint(kind, "a kind")),
            point=None if point is None else _read_point(point),
            reason=None if reason is None else DenialReason(take_text(reason, "a reason")),
            cti=None if cti is None else take_bytes(cti, "cti", CTI_BYTES),
            trust_version=None if trust is None else _read_version(trust),
            trust_age_seconds=None if age is None else take_uint(age, "trust age"),
            details=_read_details(more),
        )


def entry_facts(entry: JournalEntry) -> dict[str, object]:
    """An entry as the members of a JSON object: instants as text, bytes as hex, names lower case.

    Door and server show their copies by it, so that people and programs can compare them.
    """
    return {
        "sequence": entry.sequence,
        "utc_lo": instant_text(entry.utc_lo),
        "utc_hi": None if entry.utc_hi is None else instant_text(entry.utc_hi),
        "monotonic_ms": entry.monotonic_ms,
        "boot": entry.boot,
        "kind": entry.kind.name.lower(),
        "access_point": entry.point,
        "reason": None if entry.reason is None else str(entry.reason),
        "cti": None if entry.cti is None else entry.cti.hex(),
        "trust_version": None if entry.trust_version is None else str(entry.trust_version),
        "trust_age_seconds": entry.trust_age_seconds,
        "details": {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in entry.details.items()
        },
    }


def entry_hash(entry_bytes: bytes) -> bytes:
    """The hash that the next entry names: SHA-256 of the bytes as they stand."""
    return hashlib.sha256(entry_bytes).digest()


def first_break(entries: Iterable[bytes], after: JournalHead = START) -> ChainBreak | None:
    """The first entry that does not continue the chain from `after`; None where all do."""
    head = after
    for entry_bytes in entries:
        expected = head.sequence + 1
        try:
            entry = decode_entry(entry_bytes)
        except MalformedMessage as error:
            return ChainBreak(expected, f"expected an entry, got {error}")
        if entry.sequence != expected:
            return ChainBreak(expected, f"expected sequence {expected}, got {entry.sequence}")
        if entry.previous != head.hash:
            return ChainBreak(expected, "expected the hash of the entry before, got another")
        head = JournalHead(expected, entry_hash(entry_bytes))
    return None


def sign_batch(batch: JournalBatch, realm: Realm, agent_key: SigningKey) -> bytes:
    """The batch as uploaded, by the agent key."""
    entries = list[Value](batch.entries)
    payload = encode([batch.controller, batch.first_sequence, entries])
    return sign(payload, ObjectType.JOURNAL, realm, agent_key)


def parse_batch(received: bytes) -> ReceivedBatch:
    """Take exactly one batch apart, or MalformedMessage; the chain is `first_break`'s."""
    check_most("a batch", received, BATCH_BYTES)
    sign1 = parse_sign1(received)
    controller, first, entries = take_array(decode(sign1.payload), "a batch", 3)
    with malformed_where_invalid():
        batch = JournalBatch(
            controller=take_controller(controller),
            first_sequence=take_uint(first, "a sequence", least=1),
            entries=tuple(take_bytes(item, "an entry") for item in take_array(entries, "entries")),
        )
    return Received(received, sign1, batch)


def _read_point(value: Value) -> AccessPointNumber:
    return AccessPointNumber(take_uint(value, "an access point", MAX_ACCESS_POINT_NUMBER, 1))


def _read_version(value: Value) -> TrustVersion:
    root, counter = take_array(value, "a trust version", 2)
    return TrustVersion(take_counter(root, "root"), take_counter(counter, "counter"))


def _read_details(value: Value) -> dict[str, Detail]:
    if not isinstance(value, dict):
        raise MalformedMessage("expected details as a map, got another item")
    details: dict[str, Detail] = {}
    for name, detail in value.items():
        if not isinstance(name, str) or not isinstance(detail, int | str | bytes):
            raise MalformedMessage("expected details from text to a number, text or bytes")
        details[name] = detail
    return details
