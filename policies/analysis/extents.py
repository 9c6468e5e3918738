"""Of whom something holds, and when: one fact of a whole population as a set that changes.

An extent is a set of people before every edge, and the edges after it: at each instant somebody
comes into the set or leaves it. So facts that begin and end at any second are exact, and the set at
an instant is the set at another one with the edges between taken over.

Rules kept here:
- intervals are half-open; those of one person that touch or overlap are one;
- a set once made for a stretch between two edges is kept, as many as `_KEPT` of an extent.

Pure.
"""

from dataclasses import dataclass, field

import numpy as np

from policies.analysis.sets import Bitmap, Instants, Numbers, bitmap_of, toggled
from policies.grant import Window
from policies.vocabulary import Instant
from policies.windows import BEGINNING, END

_KEPT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """People among `size`: `at_first` before every edge, then `people[n]` in or out at an instant.

    `instants` ascend. What is kept of answers is no part of the value.
    """

    size: int
    at_first: Numbers
    instants: Instants
    people: Numbers
    _made: dict[int, Bitmap] = field(default_factory=dict, repr=False)

    def is_empty(self) -> bool:
        """Whether it holds of nobody at any time."""
        return not len(self.at_first) and not len(self.instants)

    def held_bytes(self) -> int:
        """What it takes up, in bytes, with the sets that are kept."""
        held = self.at_first.nbytes + self.instants.nbytes + self.people.nbytes
        return held + sum(bits.nbytes for bits in self._made.values())

    def at(self, at: Instant) -> Bitmap:
        """Of whom it holds at the instant `at`; not to be written to."""
        passed = int(np.searchsorted(self.instants, at, "right"))
        found = self._made.get(passed)
        if found is None:
            found = self._make(passed)
            found.flags.writeable = False
            if len(self._made) >= _KEPT:
                self._made.pop(next(iter(self._made)), None)
            self._made[passed] = found
        return found

    def _make(self, passed: int) -> Bitmap:
        """The set once `passed` edges have been, from the nearest that is at hand."""
        nearest = min(self._made, key=lambda made: abs(made - passed), default=0)
        bits = self._made.get(nearest)
        if bits is None or abs(nearest - passed) > passed:
            nearest, bits = 0, bitmap_of(self.size, self.at_first)
        first, last = sorted((nearest, passed))
        return toggled(bits, self.people[first:last])

    def edges(self, span: Window) -> tuple[Numbers, Instants]:
        """Who changes within the span but for its first instant, and when, by instant."""
        first, last = np.searchsorted(self.instants, (span.start + 1, span.end), "left")
        return self.people[first:last], self.instants[first:last]

    def intervals(self) -> tuple[Numbers, Instants, Instants]:
        """Who, from when and until when, each of a person's intervals by itself."""
        people = np.concatenate((self.at_first, self.people))
        instants = np.concatenate((np.full(len(self.at_first), BEGINNING, np.int64), self.instants))
        holders, edges = np.unique(people, return_counts=True)
        unended = holders[edges % 2 == 1]
        people = np.concatenate((people, unended))
        instants = np.concatenate((instants, np.full(len(unended), END, np.int64)))
        order = np.lexsort((instants, people))
        people, instants = people[order], instants[order]
        return people[::2], instants[::2], instants[1::2]


def extent_of(size: int, people: Numbers, starts: Instants, ends: Instants) -> Extent:
    """The extent of these intervals of people among `size`, in any order; the empty count not."""
    filled = starts < ends
    if not filled.all():
        people, starts, ends = people[filled], starts[filled], ends[filled]
    order = np.lexsort((starts, people))
    people, starts, ends = people[order], starts[order], ends[order]
    is_again = people[1:] == people[:-1]
    if is_again.any():
        people, starts, ends = _merged(people, starts, ends, is_again)
    begins, stops = starts > BEGINNING, ends < END
    instants = np.concatenate((starts[begins], ends[stops]))
    changing = np.concatenate((people[begins], people[stops]))
    order = np.argsort(instants, kind="stable")
    return Extent(size, people[~begins], instants[order], changing[order])


def together(size: int, extents: "list[Extent]") -> Extent:
    """Of whom any of `extents` holds."""
    if len(extents) == 1:
        return extents[0]
    intervals = [extent.intervals() for extent in extents]
    if not intervals:
        none = np.empty(0, np.int64)
        return Extent(size, none.astype(np.uint32), none, none.astype(np.uint32))
    people, starts, ends = (np.concatenate(column) for column in zip(*intervals, strict=True))
    return extent_of(size, people, starts, ends)


def _merged(
    people: Numbers,
    starts: Instants,
    ends: Instants,
    is_again: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> tuple[Numbers, Instants, Instants]:
    """Intervals by person and start, those of one person that touch or overlap made one."""
    # the latest end so far of the same person: ends by rank, so that a person's rank adds up
    ranked, rank = np.unique(ends, return_inverse=True)
    person = np.concatenate(([0], np.cumsum(~is_again))) * len(ranked)
    latest = ranked[np.maximum.accumulate(person + rank) - person]
    opens = np.concatenate(([True], ~is_again | (starts[1:] > latest[:-1])))
    last = np.concatenate((np.flatnonzero(opens)[1:] - 1, [len(people) - 1]))
    return people[opens], starts[opens], latest[last]
