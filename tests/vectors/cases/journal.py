"""Journal chains: where the first entry stands that does not continue the chain (SPEC.md 8.5)."""

from lockagent.protocol.access_event import (
    START,
    EventKind,
    JournalEntry,
    encode_entry,
    entry_hash,
)
from lockagent.protocol.encoding import Value, decode, encode
from lockagent.protocol.errors import DenialReason
from lockagent.protocol.trust_bundle import TrustVersion
from policies.vocabulary import AccessPointNumber, Instant
from tests.vectors import fixed
from tests.vectors.case import Inputs, Suite

CHAINS = Suite(
    "journal",
    "do `entries` continue the chain after `after` (sequence, hash)? `accept`, or `BREAK n` with"
    " the sequence of the first that does not.",
)


def _chain() -> list[bytes]:
    facts: list[tuple[EventKind, AccessPointNumber | None, DenialReason | None, bytes | None]] = [
        (EventKind.BOOT, None, None, None),
        (EventKind.ACCESS_GRANTED, AccessPointNumber(100), None, b"cti-0001"),
        (EventKind.STRIKE_RELEASED, AccessPointNumber(100), None, b"cti-0001"),
        (
            EventKind.ACCESS_DENIED,
            AccessPointNumber(100),
            DenialReason.OUT_OF_TIME_RANGE,
            b"cti-0002",
        ),
        (EventKind.FORCED_OPEN, AccessPointNumber(101), None, None),
    ]
    entries: list[bytes] = []
    for at, (kind, point, reason, cti) in enumerate(facts):
        entry = JournalEntry(
            sequence=at + 1,
            previous=entry_hash(entries[-1]) if entries else START.hash,
            utc_lo=Instant(fixed.START + at),
            utc_hi=None if at == 0 else Instant(fixed.START + at + 2),
            monotonic_ms=1_000 * at,
            boot=3,
            kind=kind,
            point=point,
            reason=reason,
            cti=cti,
            trust_version=None if at == 0 else TrustVersion(1, 5),
            trust_age_seconds=None if at == 0 else at,
            details={"revision": 17, "round_trip_ms": 84} if cti else {},
        )
        entries.append(encode_entry(entry))
    return entries


def _asked(entries: list[bytes], sequence: int = 0, head: bytes = START.hash) -> Inputs:
    return {"after": [sequence, head], "entries": [*entries]}


def _changed(at: int, field: int, value: Value) -> list[bytes]:
    entries = _chain()
    entry = decode(entries[at])
    if not isinstance(entry, list):
        raise TypeError("expected an entry to be an array")
    entry[field] = value
    entries[at] = encode(entry)
    return entries


@CHAINS.case("whole", "8.5")
def whole() -> Inputs:
    """Five entries from the start."""
    return _asked(_chain())


@CHAINS.case("tail", "8.5")
def tail() -> Inputs:
    """The last three, after the head of the first two."""
    entries = _chain()
    return _asked(entries[2:], 2, entry_hash(entries[1]))


@CHAINS.case("empty", "8.5")
def empty() -> Inputs:
    """No entries break nothing."""
    return _asked([])


@CHAINS.case("gap", "8.5", "BREAK 3")
def gap() -> Inputs:
    """The third entry taken out (F02)."""
    entries = _chain()
    return _asked(entries[:2] + entries[3:])


@CHAINS.case("sequence-skipped", "8.5", "BREAK 3")
def sequence_skipped() -> Inputs:
    """The right hash of the entry before, and a sequence left out."""
    return _asked(_changed(2, 0, 4)[:3])


@CHAINS.case("fork", "8.5", "BREAK 3")
def fork() -> Inputs:
    """Another second entry than the head names."""
    entries = _chain()
    return _asked(entries[2:], 2, bytes(32))


@CHAINS.case("reordered", "8.5", "BREAK 2")
def reordered() -> Inputs:
    """Two entries exchanged."""
    entries = _chain()
    return _asked([entries[0], entries[2], entries[1], *entries[3:]])


@CHAINS.case("replayed", "8.5", "BREAK 2")
def replayed() -> Inputs:
    """The first entry twice."""
    entries = _chain()
    return _asked([entries[0], *entries])


@CHAINS.case("denial-rewritten", "8.5", "BREAK 5")
def rewritten() -> Inputs:
    """A reason changed: the entry after it names another hash."""
    return _asked(_changed(3, 8, "CREDENTIAL_EXPIRED"))


@CHAINS.case("last-rewritten", "8.5")
def last_rewritten() -> Inputs:
    """The last entry changed: nothing after it shows it, so heads are signed and acknowledged."""
    return _asked(_changed(4, 6, 8))


@CHAINS.case("first-hash", "8.5", "BREAK 1")
def first_hash() -> Inputs:
    """The first entry's previous hash is 32 zero bytes."""
    return _asked(_changed(0, 1, bytes(31) + b"\x01"))


@CHAINS.case("kind-unknown", "8.5", "BREAK 5")
def kind_unknown() -> Inputs:
    """A kind that version 1 does not know."""
    return _asked(_changed(4, 6, 250))


@CHAINS.case("reason-unknown", "8.5", "BREAK 4")
def reason_unknown() -> Inputs:
    """A reason that is none of the table in section 6."""
    return _asked(_changed(3, 8, "BAD_LUCK"))


@CHAINS.case("lo-above-hi", "8.5", "BREAK 2")
def lo_above_hi() -> Inputs:
    """The time lies in [lo, hi]."""
    return _asked(_changed(1, 2, fixed.START + 60))


@CHAINS.case("details-nested", "8.5", "BREAK 5")
def details_nested() -> Inputs:
    """Details are plain values."""
    return _asked(_changed(4, 12, {"why": [1]}))
