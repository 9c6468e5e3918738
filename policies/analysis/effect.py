"""What two readings of one door's rules make different, for everybody, exactly over a stretch.

People are told apart only by which clauses apply for them (`policies.analysis.clauses`), so the
windows that differ are worked out once for each *signature*, a combination of clauses that occurs,
and not once for each person:

- whose facts do not change within the stretch has one signature; these people are split by set;
- the others, those with a part in a record, and everybody where few are concerned, are taken in
  pieces of time between changes of their own, each with its signature, and gain or lose where the
  piece meets the windows;
- where very many change at one instant (a register that is no longer fresh), the stretch is cut.

Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from operator import or_
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from policies.analysis.conditions import (
    Changes,
    Moment,
    Pieces,
    changes_of,
    taking_part,
)
from policies.analysis.population import Population
from policies.analysis.sets import (
    Bitmap,
    Bits,
    Instants,
    Numbers,
    bitmap_of,
    count,
    numbers_of,
    on_a_line,
    without,
)
from policies.analysis.terms import Part, Term, ToldOf, told_apart
from policies.grant import Window
from policies.model import Condition
from policies.vocabulary import Instant
from policies.windows import END, Windows, clip, intersection, union

MOST_SIGNATURES = 256
"""Beyond so many, people are told apart one by one rather than by splitting sets."""
FEW = 16_384
"""So many people and fewer are taken one by one: sets of all would cost more."""
LEAST_OF_A_CUT = 4096
"""A stretch is cut where at least so many people change at one instant."""


@dataclass(slots=True, eq=False)
class Effects:
    """Who gains and who loses at one door, and the first instant anybody does."""

    people: dict[Part, Bitmap] = field(default_factory=dict)
    first: Instant | None = None

    def note(self, part: Part, people: Bits) -> None:
        """Take over who else has a part in it."""
        self.people[part] = self.people[part] | people if part in self.people else people

    def note_first(self, at: Instant | None) -> None:
        """Take over an instant at which somebody gains or loses, if there is one."""
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)


@dataclass(frozen=True, slots=True)
class Sides:
    """The people as they are told of before and after.

    Where they are not told of alike, person n before is person `number_after[n]` after.
    """

    before: Population
    after: Population
    number_after: Numbers | None = None

    def is_one_population(self) -> bool:
        """Whether people are told of alike before and after."""
        return self.number_after is None


def effects(terms: Sequence[Term], sides: Sides, span: Window) -> Effects:
    """Who gains and loses by what `terms` say, at any instant of the span."""
    found = Effects()
    edited = union(*(term.windows for term in terms if term.edited is not None))
    edited = clip(edited, span)
    if not edited:
        return found
    span = Window(edited[0].start, edited[-1].end)
    changes = _changes(terms, sides, span)
    for stretch in _stretches(changes, span):
        within = [
            Term(t.clauses, windows, t.is_before, t.is_after, t.edited)
            for t in terms
            if (windows := intersection(clip(edited, stretch), t.windows))
        ]
        if any(term.edited is not None for term in within):
            _Comparison(within, sides, stretch, changes.within(stretch), found).run()
    return found


def _changes(terms: Iterable[Term], sides: Sides, span: Window) -> Changes:
    """Who changes when within the span, before or after, by the numbers before."""
    conditions = tuple(_conditions(terms))
    changes = changes_of(conditions, sides.before, span)
    if sides.number_after is None:
        return changes
    number_before = np.argsort(sides.number_after).astype(np.uint32)
    of_after = changes_of(conditions, sides.after, span)
    return Changes(
        np.concatenate((changes.people, number_before[of_after.people])),
        np.concatenate((changes.instants, of_after.instants)),
    )


def _stretches(changes: Changes, span: Window) -> Iterator[Window]:
    """The span, cut where very many people change at once."""
    instants, counts = np.unique(changes.instants, return_counts=True)
    cuts = [Instant(int(at)) for at in instants[counts >= LEAST_OF_A_CUT]]
    for start, end in pairwise((span.start, *cuts, span.end)):
        yield Window(start, end)


def _conditions(terms: Iterable[Term]) -> Iterator[tuple[Condition, ZoneInfo]]:
    for term in terms:
        for clause in term.clauses:
            yield from clause.conditions()


class _Comparison:
    """One stretch of one door: its terms, and what is found as it goes."""

    def __init__(
        self,
        terms: Sequence[Term],
        sides: Sides,
        stretch: Window,
        changes: Changes,
        found: Effects,
    ) -> None:
        self._terms = sorted(terms, key=lambda term: term.edited is None)
        self._edited = sum(term.edited is not None for term in terms)
        self._sides = sides
        self._stretch = stretch
        self._changes = changes
        self._found = found
        self._differences: dict[int, Mapping[Part, Windows]] = {}

    def run(self) -> None:
        """Count those whose facts stay as sets, all others in pieces; few of them in pieces alone.

        Nothing changes for anybody for whom no edited rule applies at any instant.
        """
        population = self._sides.before
        if self._sides.number_after is not None:
            self._count_pieces(np.arange(population.size, dtype=np.uint32))
            return
        edited, others = self._terms[: self._edited], self._terms[self._edited :]
        moment, told = Moment(population, self._stretch.start), ToldOf()
        applying = [term.applies(moment, moment, told) for term in edited]
        apart = bitmap_of(population.size, np.concatenate((self._changes.people, self._recorded())))
        concerned: Bitmap = reduce(or_, applying, apart)
        if count(concerned) <= FEW:
            self._count_pieces(numbers_of(concerned))
            return
        applying += [term.applies(moment, moment, told) for term in others]
        is_counted = self._count_sets(without(concerned, apart), applying)
        self._count_pieces(numbers_of(apart if is_counted else concerned))

    def _recorded(self) -> Numbers:
        """Who has a part in a record that a rule is read for."""
        people = {
            person
            for term in self._terms
            for clause in term.clauses
            if clause.record is not None
            for person in taking_part(clause.record)
        }
        return self._sides.before.numbers(people)

    def _count_sets(self, staying: Bits, applying: Sequence[Bits]) -> bool:
        """Count people whose facts stay; False, and nothing, where too much tells them apart."""
        classes = [(staying, 0)]
        for place, bits in enumerate(applying):
            split: list[tuple[Bits, int]] = []
            for people, code in classes:
                inside = people & bits
                if not inside.any():
                    split.append((people, code))
                    continue
                split.append((inside, code | 1 << place))
                outside = without(people, bits)
                if outside.any():
                    split.append((outside, code))
            classes = split
            if len(classes) > MOST_SIGNATURES:
                return False
        for people, code in classes:
            if code:
                for part, windows in self._difference(code).items():
                    self._found.note(part, people)
                    self._found.note_first(windows[0].start)
        return True

    def _count_pieces(self, chosen: Numbers) -> None:
        """Count `chosen` people, ascending, each between the changes of their own."""
        pieces, edited = self._pieces(chosen), self._terms[: self._edited]
        applying = self._applying(edited, pieces)
        # of whom no edited rule applies, nothing changes
        concerned = np.flatnonzero(np.logical_or.reduce(applying))
        if not len(concerned):
            return
        pieces = pieces.chosen(concerned)
        applying = [bits[concerned] for bits in applying]
        applying += self._applying(self._terms[self._edited :], pieces)
        met: dict[Part, list[Numbers]] = {}
        for code, places in _coded(applying):
            of_code = pieces.chosen(places)
            for part, windows in self._difference(code).items():
                met.setdefault(part, []).append(of_code.meeting(windows))
                self._found.note_first(of_code.first_in(windows))
        for part, people in met.items():
            self._found.note(part, bitmap_of(self._sides.before.size, np.concatenate(people)))

    def _applying(self, terms: Iterable[Term], pieces: "_Cut") -> list[Bits]:
        """For each term, for which pieces it applies."""
        sides = self._sides
        before = after = Pieces(sides.before, self._stretch, pieces.people, pieces.starts)
        if sides.number_after is not None:
            numbers = sides.number_after[pieces.people]
            after = Pieces(sides.after, self._stretch, numbers, pieces.starts)
        told = ToldOf()
        return [term.applies(before, after, told) for term in terms]

    def _pieces(self, chosen: Numbers) -> "_Cut":
        """The stretch of each of `chosen` people, cut where an answer may change."""
        start, end = self._stretch
        cuts = self._changes
        if len(chosen) < self._sides.before.size:
            cuts = cuts.of(bitmap_of(self._sides.before.size, chosen))
        line = np.unique(
            np.concatenate(
                (
                    on_a_line(chosen, np.full(len(chosen), start, np.int64), self._stretch),
                    on_a_line(cuts.people, cuts.instants, self._stretch),
                )
            )
        )
        whose, since = np.divmod(line, end - start + 1)
        ends = np.append(since[1:], 0)
        ends[np.append(whose[1:] != whose[:-1], True)] = end - start
        return _Cut(whose.astype(np.uint32), since + start, ends + start)

    def _difference(self, code: int) -> Mapping[Part, Windows]:
        """What differs for those for whom the terms in `code`, a bit each, apply."""
        found = self._differences.get(code)
        if found is None:
            applying = [term for place, term in enumerate(self._terms) if code >> place & 1]
            found = self._differences[code] = told_apart(applying)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Pieces of time: each of one person, half-open."""

    people: Numbers
    starts: Instants
    ends: Instants

    def chosen(self, places: NDArray[np.intp]) -> "_Cut":
        """Only the pieces at `places`."""
        return _Cut(self.people[places], self.starts[places], self.ends[places])

    def meeting(self, windows: Windows) -> Numbers:
        """Whose pieces have an instant in `windows`."""
        return self.people[self._met(windows) < self.ends]

    def first_in(self, windows: Windows) -> Instant | None:
        """The first instant of a piece that is in `windows`, None where there is none."""
        met = self._met(windows)
        inside = met[met < self.ends]
        return Instant(int(inside.min())) if len(inside) else None

    def _met(self, windows: Windows) -> Instants:
        """The first instant in `windows` from the start of each piece on, whichever its end."""
        bounds = np.array([*windows, (END, END)], np.int64)
        following = np.searchsorted(bounds[:-1, 1], self.starts, "right")
        met: Instants = np.maximum(self.starts, bounds[following, 0])
        return met


def _coded(applying: Sequence[Bits]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each combination of `applying` that occurs, a bit each, and the places where it does."""
    rows = np.packbits(np.stack(applying, axis=1), axis=1, bitorder="little")
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8)))
    keys = rows.view(np.uint64 if rows.shape[1] == 8 else f"S{rows.shape[1]}").ravel()
    order = np.argsort(keys, kind="stable")
    firsts = np.flatnonzero(np.append(True, keys[order][1:] != keys[order][:-1]))
    for places in np.split(order, firsts[1:]):
        yield int.from_bytes(rows[places[0]].tobytes(), "little"), places
