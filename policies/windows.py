"""The algebra of windows: sets of instants as ascending, disjoint, half-open intervals.

Rules kept here:
- a `Windows` value is canonical: ascending, disjoint, no two touch, none empty. Two equal sets of
  instants are therefore equal values, and a grant may group access points by them;
- every operation takes canonical values and returns one; `canonical` alone takes anything;
- the empty tuple is never, `ALWAYS` is every instant.

`Telling` carries what can be told of a condition: where it surely and where it possibly holds, with
surely ⊆ possibly. Allow reads the first, deny the second (policies.md, "Surely and possibly").

Pure; no civil time.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from policies.grant import Window
from policies.vocabulary import Instant

BEGINNING = Instant(-(2**62))
"""Before every instant anybody states."""
END = Instant(2**62)
"""After every instant anybody states."""

Windows = tuple[Window, ...]

NEVER: Windows = ()
ALWAYS: Windows = (Window(BEGINNING, END),)


def window(start: Instant | None, end: Instant | None) -> Windows:
    """The set `[start, end)`, where None is no bound; never, when it would be empty."""
    begin = BEGINNING if start is None else start
    stop = END if end is None else end
    return (Window(begin, stop),) if begin < stop else NEVER


def canonical(windows: Iterable[Window]) -> Windows:
    """The canonical value of any windows: sorted, merged, the empty and the backward left out."""
    merged: list[Window] = []
    for each in sorted(windows):
        start, end = each
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            if end > merged[-1].end:
                merged[-1] = Window(merged[-1].start, end)
        else:
            merged.append(each)
    return tuple(merged)


def union(*sets: Windows) -> Windows:
    """The instants of any of `sets`."""
    filled = [windows for windows in sets if windows]
    if len(filled) < 2:
        return filled[0] if filled else NEVER
    return canonical(chain.from_iterable(filled))


def intersection(first: Windows, second: Windows) -> Windows:
    """The instants of both."""
    if first is ALWAYS or not second:
        return second
    if second is ALWAYS or not first:
        return first
    both: list[Window] = []
    i = j = 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        start, end = max(a.start, b.start), min(a.end, b.end)
        if start < end:
            both.append(Window(start, end))
        if a.end < b.end:
            i += 1
        else:
            j += 1
    return tuple(both)


def difference(first: Windows, second: Windows) -> Windows:
    """The instants of `first` that are not in `second`."""
    if not second or not first:
        return first
    rest: list[Window] = []
    j = 0
    for start, end in first:
        begin = start
        while j < len(second) and second[j].end <= begin:
            j += 1
        k = j
        while k < len(second) and second[k].start < end:
            if begin < second[k].start:
                rest.append(Window(begin, second[k].start))
            begin = max(begin, second[k].end)
            k += 1
        if begin < end:
            rest.append(Window(begin, end))
    return tuple(rest)


def clip(windows: Windows, span: Window) -> Windows:
    """The instants of `windows` within `span`; windows that lie inside it are the same objects."""
    start, end = span
    if start >= end or not windows:
        return NEVER
    if start <= windows[0].start and windows[-1].end <= end:
        return windows
    within: list[Window] = []
    for each in windows[_first_ending_after(windows, start) :]:
        if each.start >= end:
            break
        if start <= each.start and each.end <= end:
            within.append(each)
        else:
            within.append(Window(max(start, each.start), min(end, each.end)))
    return tuple(within)


def _first_ending_after(windows: Windows, at: Instant) -> int:
    """The place of the first window that ends after `at`."""
    place = bisect_left(windows, (at, at))
    # only the window that starts before `at` may still hold it
    return place - 1 if place and windows[place - 1].end > at else place


def contains(windows: Windows, at: Instant) -> bool:
    """Whether `at` is one of the instants."""
    place = _first_ending_after(windows, at)
    return place < len(windows) and windows[place].start <= at


class Telling(NamedTuple):
    """Where something surely holds, and where it possibly does; surely ⊆ possibly."""

    surely: Windows
    possibly: Windows

    def is_known(self) -> bool:
        """Whether there is no doubt at any instant, told cheaply: one value serves as both."""
        return self.surely is self.possibly

    def and_(self, other: "Telling") -> "Telling":
        """Where both hold."""
        if other is HOLDS_ALWAYS or self is HOLDS_NEVER:
            return self
        if self is HOLDS_ALWAYS or other is HOLDS_NEVER:
            return other
        surely = intersection(self.surely, other.surely)
        if self.is_known() and other.is_known():
            return Telling(surely, surely)
        return Telling(surely, intersection(self.possibly, other.possibly))

    def or_(self, other: "Telling") -> "Telling":
        """Where either holds."""
        if other is HOLDS_NEVER or self is HOLDS_ALWAYS:
            return self
        if self is HOLDS_NEVER or other is HOLDS_ALWAYS:
            return other
        surely = union(self.surely, other.surely)
        if self.is_known() and other.is_known():
            return Telling(surely, surely)
        return Telling(surely, union(self.possibly, other.possibly))

    def but_not(self, other: "Telling") -> "Telling":
        """Where this holds and `other` does not: what is possibly taken is not sure."""
        if other is HOLDS_NEVER or self is HOLDS_NEVER:
            return self
        if other is HOLDS_ALWAYS:
            return HOLDS_NEVER
        surely = difference(self.surely, other.possibly)
        if self.is_known() and other.is_known():
            return Telling(surely, surely)
        return Telling(surely, difference(self.possibly, other.surely))


HOLDS_ALWAYS = Telling(ALWAYS, ALWAYS)
HOLDS_NEVER = Telling(NEVER, NEVER)
UNKNOWN = Telling(NEVER, ALWAYS)


def known(windows: Windows) -> Telling:
    """A telling without doubt."""
    return Telling(windows, windows) if windows else HOLDS_NEVER
