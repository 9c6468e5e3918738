"""The journal: durable before it returns, whole after any cut, chained, never silently short."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.journal import Happening, Journal, JournalUnwritable
from lockagent.journal_folder import first_break, frames_from, segment_path, segment_paths
from lockagent.journal_frames import Frame, FrameKind, read_frames
from lockagent.protocol.access_event import (
    START,
    EventKind,
    JournalHead,
    decode_entry,
    entry_hash,
)
from lockagent.protocol.access_event import first_break as first_break_in
from policies.vocabulary import AccessPointNumber
from tests.lockagent.cabinet import STAMP

POINT = AccessPointNumber(4711)
OPENED = Happening(EventKind.DOOR_OPENED, POINT)
FORCED = Happening(EventKind.FORCED_OPEN, POINT)


def written(folder: Path, count: int, happening: Happening = OPENED) -> Journal:
    journal = Journal(folder)
    for _ in range(count):
        journal.append(STAMP, happening)
    return journal


def test_entries_are_chained_from_the_first_on(tmp_path: Path) -> None:
    journal = written(tmp_path, 3)
    _, entries = journal.entries_from(1)
    assert decode_entry(entries[0]).previous == START.hash
    assert first_break_in(entries) is None
    assert journal.head == JournalHead(3, entry_hash(entries[-1]))
    assert first_break(tmp_path) is None


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    journal = written(tmp_path, 2)
    assert journal.head.sequence == 5
    assert first_break(tmp_path) is None


def test_a_cut_at_every_byte_of_the_last_entry_leaves_all_before_it(tmp_path: Path) -> None:
    written(tmp_path / "whole", 3).close()
    frames, good = read_frames(segment_paths(tmp_path / "whole")[0].read_bytes())
    whole = segment_paths(tmp_path / "whole")[0].read_bytes()[:good]
    ends = [sum(len(each.encode()) for each in frames[: n + 1]) for n in range(3)]
    for cut in range(len(whole)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        segment_path(folder, 1).write_bytes(whole[:cut] + bytes(600))
        journal = Journal(folder)
        survived = sum(end <= cut for end in ends)
        assert journal.head.sequence == survived
        torn = whole[([0, *ends][survived]) : cut].rstrip(b"\0")
        assert journal.cut_bytes == len(torn)
        journal.append(STAMP, FORCED)
        journal.close()
        assert first_break(folder) is None
        assert [n for n, _ in frames_from(folder)] == list(range(1, survived + 2))


@given(st.binary(max_size=40))
def test_what_is_no_frame_is_never_read_as_one(rest: bytes) -> None:
    whole = Frame(FrameKind.ENTRY, b"an entry").encode()
    frames, good = read_frames(whole + rest)
    assert frames[0].content == b"an entry"
    assert good == len(whole) or len(frames) > 1


def test_damage_in_the_middle_is_kept_beside_and_shows(tmp_path: Path) -> None:
    written(tmp_path, 5).close()
    path = segment_paths(tmp_path)[0]
    damaged = bytearray(path.read_bytes())
    damaged[read_frames(bytes(damaged))[1] // 2] ^= 1
    path.write_bytes(damaged)
    journal = Journal(tmp_path)
    assert journal.cut_bytes > 0
    kept = next(tmp_path.glob("*.cut-*"))
    assert journal.cut_bytes == len(kept.read_bytes())


def test_an_entry_changed_on_the_disk_breaks_the_chain(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    path = segment_paths(tmp_path)[0]
    frames, _ = read_frames(path.read_bytes())
    forged = decode_entry(frames[1].content)
    changed = frames[1].content.replace(bytes(forged.previous), bytes(32))
    frames[1] = Frame(FrameKind.ENTRY, changed)
    path.write_bytes(b"".join(frame.encode() for frame in frames))
    broken = first_break(tmp_path)
    assert broken is not None
    assert broken.sequence == 2


def test_an_entry_taken_out_breaks_the_chain(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    path = segment_paths(tmp_path)[0]
    frames, _ = read_frames(path.read_bytes())
    path.write_bytes(frames[0].encode() + frames[2].encode())
    assert first_break(tmp_path) is not None


def test_a_disk_that_refuses_is_told_and_leaves_the_chain(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = written(folder, 2)
    head = journal.head
    journal.close()
    shutil.move(folder, tmp_path / "away")
    with pytest.raises(JournalUnwritable, match="no such file"):
        journal.append(STAMP, OPENED)
    assert journal.head == head
    shutil.move(tmp_path / "away", folder)
    journal.append(STAMP, OPENED)
    assert first_break(folder) is None


def test_a_write_that_failed_half_way_leaves_no_rest(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = written(folder, 2)
    journal.close()
    shutil.move(folder, tmp_path / "away")
    with pytest.raises(JournalUnwritable):
        journal.append(STAMP, OPENED)
    shutil.move(tmp_path / "away", folder)
    path = segment_paths(folder)[0]
    _, good = read_frames(path.read_bytes())
    with path.open("r+b") as torn:
        torn.seek(good)
        torn.write(b"E\x00\x00" + b"x" * 900)
    journal.append(STAMP, OPENED)
    assert [n for n, _ in frames_from(folder)] == [1, 2, 3]
    assert first_break(folder) is None


def test_what_the_server_has_is_remembered(tmp_path: Path) -> None:
    written(tmp_path, 3).acknowledge(2)
    journal = Journal(tmp_path)
    assert journal.acknowledged == 2
    journal.acknowledge(1)
    assert journal.acknowledged == 2
    with pytest.raises(ValueError, match="at most 3"):
        journal.acknowledge(4)


def test_a_journal_behind_what_was_acknowledged_goes_on_from_there(tmp_path: Path) -> None:
    journal = written(tmp_path, 3)
    journal.acknowledge(3)
    head = journal.head
    journal.close()
    path = segment_paths(tmp_path)[0]
    path.write_bytes(read_frames(path.read_bytes())[0][0].encode())
    journal = Journal(tmp_path)
    assert journal.is_behind
    entry = journal.append(STAMP, FORCED)
    assert (entry.sequence, entry.previous) == (4, head.hash)
    assert first_break(tmp_path) is not None, "the entries that are gone must show"


def test_entries_are_read_across_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path, entries_a_segment=4)
    for _ in range(10):
        journal.append(STAMP, OPENED)
    assert len(segment_paths(tmp_path)) == 3
    first, entries = journal.entries_from(3, 6)
    assert (first, len(entries)) == (3, 6)
    assert journal.entries_from(11) == (11, [])


def test_F04_acknowledged_entries_give_way_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path, entries_a_segment=4, most_segments=2)
    for _ in range(8):
        journal.append(STAMP, FORCED)
    journal.acknowledge(5)
    journal.append(STAMP, FORCED)
    assert journal.entries_from(1)[0] == 5
    assert journal.gave_way == 0
    assert first_break(tmp_path) is None


def full(folder: Path, kinds: Iterable[EventKind]) -> Journal:
    """A store of at most two segments of four entries, and what became of `kinds` in it."""
    journal = Journal(folder, entries_a_segment=4, most_segments=2)
    for kind in kinds:
        journal.append(STAMP, Happening(kind, POINT))
    return journal


def held(folder: Path) -> dict[int, EventKind]:
    """The entries that are still there, by sequence."""
    return {
        number: decode_entry(frame.content).kind
        for number, frame in frames_from(folder)
        if frame.kind is FrameKind.ENTRY
    }


def test_F04_routine_entries_give_way_and_security_entries_stay(tmp_path: Path) -> None:
    journal = full(
        tmp_path,
        [EventKind.FORCED_OPEN if at % 4 == 1 else EventKind.DOOR_OPENED for at in range(12)],
    )
    assert journal.gave_way == 4
    assert sorted(held(tmp_path)) == [2, 6, 7, 8, 9, 10, 11, 12], "the oldest four routine ones"
    stubs = {n: f.stands_for for n, f in frames_from(tmp_path) if f.kind is FrameKind.STUB}
    assert stubs == {1: 1, 3: 3}, "stubs side by side are one"
    assert first_break(tmp_path) is None, "the chain holds around what gave way"
    assert journal.entries_from(1, 1)[0] == 2
    journal.close()
    again = Journal(tmp_path, entries_a_segment=4, most_segments=2)
    assert again.head == journal.head
    again.append(STAMP, FORCED)
    assert first_break(tmp_path) is None


def test_F04_what_is_only_counted_or_denied_gives_way_before_security_entries(
    tmp_path: Path,
) -> None:
    full(tmp_path, [EventKind.ACCESS_GRANTED, EventKind.ACCESS_DENIED] * 6)
    assert set(held(tmp_path)) == {1, 3, 5, 7, 9, 10, 11, 12}
    assert first_break(tmp_path) is None


@pytest.mark.parametrize(
    "kind", [EventKind.ACCESS_DENIED, EventKind.FORCED_OPEN, EventKind.DOOR_OPENED]
)
def test_F04_a_full_store_never_grows_and_goes_on(tmp_path: Path, kind: EventKind) -> None:
    journal = full(tmp_path, [kind] * 200)
    assert len(segment_paths(tmp_path)) == 2
    assert len(held(tmp_path)) <= 8
    assert journal.gave_way == 200 - len(held(tmp_path)), "what gave way is counted"
    assert list(held(tmp_path))[-4:] == [197, 198, 199, 200]
    assert first_break(tmp_path) is None
    assert journal.head.sequence == 200


def test_F04_what_the_server_has_gives_way_first_and_is_not_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path, entries_a_segment=4, most_segments=2)
    for _ in range(8):
        journal.append(STAMP, FORCED)
    journal.acknowledge(2)
    journal.append(STAMP, OPENED)
    assert journal.gave_way == 2
    assert first_break(tmp_path) is None


def test_F05_a_cut_between_joining_and_removing_leaves_one_of_each(tmp_path: Path) -> None:
    journal = full(tmp_path, [EventKind.DOOR_OPENED] * 8)
    second = segment_path(tmp_path, 5).read_bytes()
    for _ in range(2):
        journal.append(STAMP, FORCED)
    journal.close()
    segment_path(tmp_path, 5).write_bytes(second)
    assert [n for n, _ in frames_from(tmp_path)] == [1, 5, 6, 7, 8, 9, 10]
    assert first_break(tmp_path) is None
    again = Journal(tmp_path, entries_a_segment=4, most_segments=2)
    assert len(segment_paths(tmp_path)) == 2
    assert again.head == journal.head


def test_an_acknowledgement_of_what_gave_way_waits_for_the_next(tmp_path: Path) -> None:
    journal = full(tmp_path, [EventKind.DOOR_OPENED] * 12)
    journal.acknowledge(2)
    assert journal.acknowledged == 0
    journal.acknowledge(7)
    assert journal.acknowledged == 7


@given(st.lists(st.sampled_from(list(EventKind)), max_size=60), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_F04_whatever_happens_the_chain_holds_and_the_store_is_bounded(
    kinds: list[EventKind], acknowledged: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        journal = Journal(Path(name), entries_a_segment=3, most_segments=3)
        for at, kind in enumerate(kinds):
            journal.append(STAMP, Happening(kind, POINT))
            if at == acknowledged:
                journal.acknowledge(at + 1)
        journal.close()
        assert len(held(Path(name))) <= 9
        assert first_break(Path(name)) is None
        assert Journal(Path(name), 3, 3).head == journal.head


_WRITER = """
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from lockagent.journal import Happening, Journal
from lockagent.protocol.access_event import EventKind
from tests.lockagent.cabinet import STAMP
journal = Journal(Path(sys.argv[1]), entries_a_segment=50)
while True:
    entry = journal.append(STAMP, Happening(EventKind.FORCED_OPEN, details={"n": 1}))
    print(entry.sequence, flush=True)
"""


async def test_F05_a_writer_killed_has_lost_nothing_it_reported(tmp_path: Path) -> None:
    for wanted in (1, 37, 120):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        if writer.stdout is None:
            raise RuntimeError("expected a pipe")
        reported = 0
        for _ in range(wanted):
            reported = int(await writer.stdout.readline())
        with contextlib.suppress(ProcessLookupError):
            os.kill(writer.pid, signal.SIGKILL)
        rest = (await writer.stdout.read()).split()
        reported = int(rest[-1]) if rest else reported
        await writer.wait()
        journal = Journal(tmp_path)
        assert journal.head.sequence >= reported
        assert first_break(tmp_path) is None
        journal.close()
