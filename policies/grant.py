"""What policy leaves once the subject is known: access points and absolute windows of time.

Server and door call the same `Grant.permits`, so they cannot disagree on what Tuesday 22:00 means.

Rules kept here:
- a window is half-open, `[start, end)`, and has a length;
- windows of an entry ascend and are disjoint (touching windows are one window);
- points of an entry ascend without repetition;
- an action that no flag permits is refused; an empty grant permits nothing.

Standard library only; no civil time, no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntFlag
from itertools import pairwise
from typing import NamedTuple

from policies.vocabulary import MAX_ACCESS_POINT_NUMBER, AccessPointNumber, Action, Instant


class Window(NamedTuple):
    """The instants from `start` up to but not including `end`, in UTC seconds."""

    start: Instant
    end: Instant


class GrantFlags(IntFlag):
    """Bits of an entry (SPEC.md 3.3): 0 to 3 the actions, then the manner of opening."""

    OPEN = 1
    HOLD_OPEN = 2
    LOCK = 4
    LIGHT = 8
    LONGER_STRIKE = 16
    LOCKDOWN_EXEMPT = 32
    NEEDS_PRESENCE = 64

    @staticmethod
    def for_action(action: Action) -> "GrantFlags":
        """The flag that permits `action`."""
        return GrantFlags(1 << action)


ALL_FLAGS = 127

MAX_LIFE_SECONDS = 86_400
"""No credential lives longer: what staff may write, and what a door accepts (SPEC.md 6.10)."""
MAX_SENSITIVE_LIFE_SECONDS = 900
"""At a sensitive place, or for somebody on the way, whatever is written."""


class Standing(Enum):
    """How a grant stands to a question; only `PERMITTED` opens."""

    PERMITTED = "permitted"
    NO_POINT = "no-point"
    NO_ACTION = "no-action"
    NO_WINDOW = "no-window"


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """The access points that share one set of windows and one set of flags."""

    points: tuple[AccessPointNumber, ...]
    windows: tuple[Window, ...]
    flags: GrantFlags

    def __post_init__(self) -> None:
        """Refuse what the wire refuses, so that no invalid grant exists as a value."""
        points, windows = self.points, self.windows
        if not points or not windows:
            raise ValueError("expected at least one access point and one window, got none")
        if not (points[0] >= 1 and points[-1] <= MAX_ACCESS_POINT_NUMBER):
            raise ValueError(f"expected access points 1 to {MAX_ACCESS_POINT_NUMBER}")
        if any(a >= b for a, b in pairwise(points)):
            raise ValueError("expected ascending access points, got a repeated or falling one")
        for start, end in windows:
            if start >= end:
                raise ValueError("expected windows with a length, got one that ends at its start")
        if any(a.end >= b.start for a, b in pairwise(windows)):
            raise ValueError("expected ascending disjoint windows, got two that meet")
        if not 0 < self.flags <= ALL_FLAGS:
            raise ValueError(f"expected flags 1 to {ALL_FLAGS}, got {int(self.flags)}")

    def is_open(self, at: Instant) -> bool:
        """Whether a window holds the instant `at`."""
        return any(start <= at < end for start, end in self.windows)


@dataclass(frozen=True, slots=True)
class Grant:
    """Access points, windows and actions of one subject at one facility."""

    entries: tuple[GrantEntry, ...]

    def permits(self, point: AccessPointNumber, action: Action, at: Instant) -> bool:
        """Whether `action` at `point` is within this grant at the instant `at`."""
        return self.standing(point, action, at)[0] is Standing.PERMITTED

    def standing(
        self, point: AccessPointNumber, action: Action, at: Instant
    ) -> tuple[Standing, GrantFlags]:
        """The answer of `permits`, or what was lacking: the point, the action or the time.

        With it the flags of every entry that permits it, taken together.
        """
        wanted = 1 << action
        # Plain ints while they are gathered: an IntFlag takes ten times as long.
        lacking, flags = Standing.NO_POINT, 0
        for entry in self.entries:
            if point not in entry.points:
                continue
            if not entry.flags.value & wanted:
                lacking = Standing.NO_ACTION if lacking is Standing.NO_POINT else lacking
            elif entry.is_open(at):
                flags |= entry.flags.value
            else:
                lacking = Standing.NO_WINDOW
        return (Standing.PERMITTED if flags else lacking), GrantFlags(flags)

    def next_opening(self, point: AccessPointNumber, action: Action, at: Instant) -> Instant | None:
        """The start of the next window after `at` for `action` at `point`, or None."""
        wanted = GrantFlags.for_action(action)
        return min(
            (
                window.start
                for entry in self.entries_of(point)
                if entry.flags & wanted
                for window in entry.windows
                if window.start > at
            ),
            default=None,
        )

    def entries_of(self, point: AccessPointNumber) -> Iterator[GrantEntry]:
        """The entries that name `point`."""
        return (entry for entry in self.entries if point in entry.points)
