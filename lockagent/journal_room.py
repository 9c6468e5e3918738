"""What gives way in a full journal, and in which order. Pure: frames in, frames out.

Rules kept here (F04):
- what the server has acknowledged gives way before anything else;
- then routine, then what is only counted or denied, security entries last; in each the oldest
  first;
- what gives way leaves a stub, and stubs side by side become one: the chain can be recomputed.

When room is needed, and what becomes of the files, is `lockagent.journal`'s.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from lockagent.journal_folder import numbered
from lockagent.journal_frames import Frame, FrameKind
from lockagent.protocol.access_event import EventKind, decode_entry
from lockagent.protocol.errors import MalformedMessage


class Worth(IntEnum):
    """How long an entry is kept: the lowest gives way first."""

    ROUTINE = 0
    COUNTED = 1
    SECURITY = 2


_WORTH = {
    EventKind.ACCESS_TAKEN: Worth.ROUTINE,
    EventKind.ACCESS_NOT_TAKEN: Worth.ROUTINE,
    EventKind.STRIKE_RELEASED: Worth.ROUTINE,
    EventKind.DOOR_OPENED: Worth.ROUTINE,
    EventKind.DOOR_CLOSED: Worth.ROUTINE,
    EventKind.REQUEST_TO_EXIT: Worth.ROUTINE,
    EventKind.ACCESS_DENIED: Worth.COUNTED,
    EventKind.COUNTED_FAILURES: Worth.COUNTED,
    EventKind.UPDATE_REFUSED: Worth.COUNTED,
}


def worth_of(kind: EventKind) -> Worth:
    """How long an entry of this kind is kept: for whoever looks into an incident, to the last."""
    return _WORTH.get(kind, Worth.SECURITY)


def count_by_worth(frames: Iterable[Frame]) -> list[int]:
    """How many entries of each worth there are; stubs are none."""
    counts = [0] * len(Worth)
    for frame in frames:
        if frame.kind is FrameKind.ENTRY:
            counts[_worth_in(frame)] += 1
    return counts


def give_way(
    first: int, frames: Sequence[Frame], count: int, acknowledged: int
) -> tuple[list[Frame], int]:
    """The frames once `count` entries have given way, and how many of those nobody else holds.

    `first` is the sequence of the first frame; up to `acknowledged` the server has them.
    """
    entries = [
        (worth_of_number, number)
        for number, frame in numbered(first, frames)
        if frame.kind is FrameKind.ENTRY
        for worth_of_number in (-1 if number <= acknowledged else _worth_in(frame),)
    ]
    going = {number for _, number in sorted(entries)[:count]}
    kept: list[Frame] = []
    for number, frame in numbered(first, frames):
        if frame.kind is FrameKind.ENTRY and number not in going:
            kept.append(frame)
        elif kept and kept[-1].kind is FrameKind.STUB:
            kept[-1] = frame.stub(kept[-1])
        else:
            kept.append(frame.stub())
    return kept, sum(number > acknowledged for number in going)


def _worth_in(frame: Frame) -> Worth:
    """The worth of an entry; one that cannot be read any more is evidence of something."""
    try:
        return worth_of(decode_entry(frame.content).kind)
    except MalformedMessage:
        return Worth.SECURITY
