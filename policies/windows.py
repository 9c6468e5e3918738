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

from collections.abc import Iterable
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
    for start, end in sorted(w for w in windows if w.start < w.end):
        if merged and start <= merged[-1].end:
            if end > merged[-1].end:
                merged[-1] = Window(merged[-1].start, end)
        else:
            merged.append(Window(start, end))
    return tuple(merged)


def union(*sets: Windows) -> Windows:
    """The instants of any of `sets`."""
    filled = [windows for windows in sets if windows]
    if len(filled) < 2:
        return filled[0] if filled else NEVER
    return canonical(w for windows in filled for w in windows)


def intersection(first: Windows, second: Windows) -> Windows:
    """The instants of both."""
    if first is ALWAYS:
        return second
    if second is ALWAYS:
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
    """The instants of `windows` within `span`."""
    return intersection(windows, (span,)) if span.start < span.end else NEVER


def contains(windows: Windows, at: Instant) -> bool:
    """Whether `at` is one of the instants."""
    return any(start <= at < end for start, end in windows)


class Telling(NamedTuple):
    """Where something surely holds, and where it possibly does; surely ⊆ possibly."""

    surely: Windows
    possibly: Windows

    def is_known(self) -> bool:
        """Whether there is no doubt at any instant, told cheaply: one value serves as both."""
        return self.surely is self.possibly

    def and_(self, other: "Telling") -> "Telling":
        """Where both hold."""
        surely = intersection(self.surely, other.surely)
        if self.is_known() and other.is_known():
            return Telling(surely, surely)
        return Telling(surely, intersection(self.possibly, other.possibly))

    def or_(self, other: "Telling") -> "Telling":
        """Where either holds."""
        surely = union(self.surely, other.surely)
        if self.is_known() and other.is_known():
            return Telling(surely, surely)
        return Telling(surely, union(self.possibly, other.possibly))

    def but_not(self, other: "Telling") -> "Telling":
        """Where this holds and `other` does not: what is possibly taken is not sure."""
        return Telling(
            difference(self.surely, other.possibly), difference(self.possibly, other.surely)
        )


HOLDS_ALWAYS = Telling(ALWAYS, ALWAYS)
HOLDS_NEVER = Telling(NEVER, NEVER)
UNKNOWN = Telling(NEVER, ALWAYS)


def known(windows: Windows) -> Telling:
    """A telling without doubt."""
    return Telling(windows, windows)
