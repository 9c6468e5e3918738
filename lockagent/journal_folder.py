"""Reading a journal's folder, without touching it: also while the door's program writes there.

A segment `SEQUENCE.segment` holds the frames of consecutive entries from SEQUENCE on;
`acknowledged` what the server has, as CBOR `[sequence, hash]`. What follows the last
frame is zeros; a torn end is left out here, and cut away by `lockagent.journal`, the one writer.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lockagent.journal_frames import Frame, FrameKind, read_frames
from lockagent.protocol.access_event import (
    HASH_BYTES,
    START,
    ChainBreak,
    JournalHead,
    decode_entry,
)
from lockagent.protocol.encoding import decode, encode, take_array, take_bytes, take_uint
from lockagent.protocol.errors import MalformedMessage
from lockagent.state_file import read_file, replace_file

SUFFIX = ".segment"
_ACKNOWLEDGED = "acknowledged"


def segment_paths(folder: Path) -> list[Path]:
    """The segments, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def segment_path(folder: Path, first: int) -> Path:
    """The segment that begins with the entry of sequence `first`."""
    return folder / f"{first:012d}{SUFFIX}"


def frames_from(folder: Path, sequence: int = 1) -> Iterator[tuple[int, Frame]]:
    """Every frame held from `sequence` on, with its first sequence, in order.

    What a cut left twice, in a segment and in the one that it was joined to, comes once.
    """
    paths = segment_paths(folder)
    firsts = [int(path.stem) for path in paths]
    for at, path in enumerate(paths):
        if at + 1 < len(paths) and firsts[at + 1] <= sequence:
            continue
        frames, _ = read_frames(path.read_bytes())
        for number, frame in numbered(firsts[at], frames):
            if number >= sequence:
                yield number, frame
                sequence = number + frame.stands_for


def numbered(first: int, frames: Iterable[Frame]) -> Iterator[tuple[int, Frame]]:
    """Each frame with the sequence of the first entry it stands for."""
    for frame in frames:
        yield first, frame
        first += frame.stands_for


def last_of(first: int, frames: Iterable[Frame]) -> int:
    """The sequence of the last entry that `frames` from `first` on stand for."""
    return first + sum(frame.stands_for for frame in frames) - 1


def entries_from(folder: Path, sequence: int, most: int) -> tuple[int, list[bytes]]:
    """The first sequence at or after `sequence` that is held, and up to `most` entries.

    They follow each other without a gap; none at all where nothing is held from there on.
    """
    first, found = sequence, list[bytes]()
    for number, frame in frames_from(folder, sequence):
        follows = frame.kind is FrameKind.ENTRY and number == first + len(found)
        if found and not follows:
            break
        if frame.kind is FrameKind.ENTRY:
            first = first if found else number
            found.append(frame.content)
        if len(found) == most:
            break
    return first, found


def head_of(folder: Path) -> JournalHead:
    """The newest entry held; START where there is none."""
    for path in reversed(segment_paths(folder)):
        frames, _ = read_frames(path.read_bytes())
        if frames:
            return JournalHead(last_of(int(path.stem), frames), frames[-1].entry_hash)
    return START


def first_break(folder: Path) -> ChainBreak | None:
    """Where the chain does not continue; None where all does.

    It is recomputed from the oldest frame held: what came before that one the server has. Bytes
    that are no frame count as a break, also those a cut left at the end until the next start.
    """
    head: JournalHead | None = None
    for number, frame in frames_from(folder):
        if head is None and number == 1:
            head = START
        if head is not None and number != head.sequence + 1:
            return ChainBreak(head.sequence + 1, f"expected this entry, got {number}")
        if frame.kind is FrameKind.ENTRY:
            try:
                entry = decode_entry(frame.content)
            except MalformedMessage as error:
                return ChainBreak(number, f"expected an entry, got {error}")
            if entry.sequence != number:
                return ChainBreak(number, f"expected sequence {number}, got {entry.sequence}")
            if head is not None and entry.previous != head.hash:
                return ChainBreak(number, "expected the hash of the entry before, got another")
        head = JournalHead(number + frame.stands_for - 1, frame.entry_hash)
    for path in segment_paths(folder):
        written = path.read_bytes()
        frames, good = read_frames(written)
        rest = written[good:].rstrip(b"\0")
        if rest:
            sequence = last_of(int(path.stem), frames) + 1
            return ChainBreak(sequence, f"expected a frame, got {len(rest)} bytes of none")
    return None


def read_acknowledged(folder: Path) -> JournalHead:
    """What the server has; START where nothing was acknowledged, MalformedMessage where damaged."""
    stored = read_file(folder / _ACKNOWLEDGED)
    if stored is None:
        return START
    sequence, head = take_array(decode(stored), "what was acknowledged", 2)
    return JournalHead(take_uint(sequence, "a sequence"), take_bytes(head, "a hash", HASH_BYTES))


def write_acknowledged(folder: Path, acknowledged: JournalHead) -> None:
    """Remember durably what the server has."""
    replace_file(folder / _ACKNOWLEDGED, encode([acknowledged.sequence, acknowledged.hash]))
