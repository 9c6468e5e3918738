"""All people at once: who there are, by age, and what registers tell of whom and when.

Rules kept here (policies.md, "Surely and possibly", "Age and minors"):
- people are numbered by birth date, the eldest first, those without one last: who has turned an age
  at an instant is then a range of numbers, found by halving;
- each distinct value of a fact is kept by the interval, so facts that begin and end at any second
  are exact; what a condition covers (`deichman` covers `deichman/adult`, version 2 covers 3) is put
  together when first asked for, and kept;
- whose register could not be read, or from when on it may not be relied upon, is kept by kind;
- somebody with a protected address is counted like anybody, and never named.

What a condition makes of it is `policies.analysis.conditions`. Pure.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from policies.analysis.extents import Extent, extent_of, together
from policies.analysis.sets import (
    Bitmap,
    Instants,
    Numbers,
    bitmap_of,
    has_each,
    numbered,
    numbers_of,
)
from policies.analysis.sets import count as count_of
from policies.model import AtLeast, FactKind, FactValue, Subject, Terms
from policies.places import Place, is_beneath
from policies.schedule import local_day
from policies.vocabulary import Instant, PersonId
from policies.windows import BEGINNING, END

Cover = str | Place | Terms | AtLeast
"""What a condition asks of a kind of fact: a path, a place, terms, an attested age; or above it."""


@dataclass(frozen=True, slots=True, eq=False)
class FactTable:
    """The facts of one kind: those of `values[n]` are at `[offsets[n], offsets[n + 1])`."""

    values: tuple[FactValue, ...]
    sources: tuple[frozenset[str], ...]
    offsets: NDArray[np.int64]
    people: Numbers
    starts: Instants
    ends: Instants

    def held_bytes(self) -> int:
        """What the facts take up, in bytes."""
        columns = (self.offsets, self.people, self.starts, self.ends)
        return sum(column.nbytes for column in columns)

    def covered(self, by: Cover) -> list[int]:
        """Which values meet what a condition asks."""
        return [place for place, value in enumerate(self.values) if covers(by, value)]

    def extent(self, size: int, places: Sequence[int]) -> Extent:
        """Of whom any of the values at `places` is told, and when."""
        chosen = np.concatenate(
            [np.empty(0, np.int64)]
            + [np.arange(self.offsets[n], self.offsets[n + 1]) for n in places]
        )
        return extent_of(size, self.people[chosen], self.starts[chosen], self.ends[chosen])


def covers(asked: Cover, value: FactValue) -> bool:
    """Whether a fact of `value` meets what is `asked`, of the same kind."""
    match asked, value:
        case Terms(), Terms():
            return asked.name == value.name and value.version >= asked.version
        case Place(), Place():
            return asked.covers(value)
        case AtLeast(), AtLeast():
            return value.years >= asked.years
        case str(), str():
            return is_beneath(value, asked)
        case _:
            return False


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """All people of a tenant, by number, and what is told of them.

    `ids[n]` is person n. `births` are the birth dates of the first of them as days (proleptic
    ordinals), ascending; the rest have none. What is kept of answers is no part of the value.
    """

    size: int
    ids: NDArray[np.bytes_]
    births: NDArray[np.int32]
    facts: Mapping[FactKind, FactTable]
    unknown: Mapping[FactKind, Extent]
    """Of whom a kind cannot be told, and when: the register unread, or no longer fresh."""
    protected: Bitmap
    _by_id: Numbers
    _extents: dict[tuple[FactKind, Cover], Extent] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(subjects: Iterable[Subject]) -> "Population":
        """The population of these people, each taken once and none kept.

        Raises ValueError where two have the same id.
        """
        rows = _Rows()
        for subject in subjects:
            rows.add(subject)
        return rows.population()

    @property
    def everybody(self) -> Bitmap:
        """All people."""
        return numbered(self.size, 0, self.size)

    @property
    def ageless(self) -> Bitmap:
        """The people without a birth date."""
        return numbered(self.size, len(self.births), self.size)

    def held_bytes(self) -> int:
        """What people and facts take up, and what is kept of answers, in bytes."""
        held = self.ids.nbytes + self._by_id.nbytes + self.births.nbytes + self.protected.nbytes
        held += sum(table.held_bytes() for table in self.facts.values())
        return held + sum(e.held_bytes() for e in (*self.unknown.values(), *self._extents.values()))

    def extent(self, kind: FactKind, asked: Cover) -> Extent:
        """Of whom a fact of `kind` that meets what is `asked` is told, and when."""
        found = self._extents.get((kind, asked))
        if found is None:
            table = self.facts[kind]
            found = self._extents[kind, asked] = table.extent(self.size, table.covered(asked))
        return found

    def turned(self, age: int, day: date) -> int:
        """How many, from the eldest on, have turned `age` once the local `day` has started."""
        try:
            latest = day.replace(year=day.year - age)
        except ValueError:
            if day.year - age < 1:
                return 0
            latest = date(day.year - age, 2, 28)  # on 29 February, of a common year
        return int(np.searchsorted(self.births, np.int32(latest.toordinal()), "right"))

    def turned_at(self, age: int, at: Instant, zone: ZoneInfo) -> int:
        """How many, from the eldest on, have turned `age` at the instant `at`."""
        return self.turned(age, local_day(at, zone))

    def sources(self, kind: FactKind, asked: Cover) -> frozenset[str]:
        """Who tells the facts of `kind` that meet what is `asked`."""
        table = self.facts[kind]
        return frozenset().union(*(table.sources[place] for place in table.covered(asked)))

    def numbers(self, people: Iterable[PersonId]) -> Numbers:
        """The numbers of those of `people` who are here."""
        asked = np.array([person.encode() for person in people], np.bytes_)
        if not self.size or not len(asked):
            return np.empty(0, np.uint32)
        at = np.searchsorted(self.ids, asked, sorter=self._by_id)
        found = self._by_id[np.minimum(at, self.size - 1)]
        here: Numbers = found[self.ids[found] == asked]
        return here


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Some of a population: to be counted, and named but for those with a protected address."""

    population: Population
    bits: Bitmap

    def __len__(self) -> int:
        """How many, the protected included."""
        return count_of(self.bits)

    def __contains__(self, person: PersonId) -> bool:
        """Whether `person` is one of them; asked for the one person, protected or not."""
        return bool(has_each(self.bits, self.population.numbers((person,))).any())

    def named(self, most: int | None = None) -> tuple[PersonId, ...]:
        """The ids of those who may be named, by id; only the first `most` where it is given."""
        open_to_naming = numbers_of(self.bits & ~self.population.protected)
        ids = np.sort(self.population.ids[open_to_naming])[:most]
        return tuple(PersonId(name.decode()) for name in ids.tolist())

    def unnamed(self) -> int:
        """How many of them have a protected address."""
        return count_of(self.bits & self.population.protected)


class _Rows:
    """What has been read of the people so far, in columns, in the order they came."""

    def __init__(self) -> None:
        self._ids: list[bytes] = []
        self._births = array("i")
        self._protected = array("I")
        self._facts = {kind: _FactRows() for kind in FactKind}
        self._unknown: dict[FactKind, dict[Instant, array[int]]] = {kind: {} for kind in FactKind}

    def add(self, subject: Subject) -> None:
        """Take over what is told of one more person."""
        row = len(self._ids)
        self._ids.append(subject.id.encode())
        self._births.append(_NO_BIRTH if subject.born is None else subject.born.toordinal())
        if subject.is_protected:
            self._protected.append(row)
        for fact in subject.facts:
            self._facts[fact.kind].add(row, fact.value, fact.start, fact.end, fact.source)
        for kind in subject.unknown:
            self._unknown[kind].setdefault(BEGINNING, array("I")).append(row)
        for kind, until in subject.fresh_until.items():
            self._unknown[kind].setdefault(until, array("I")).append(row)

    def population(self) -> Population:
        """The people renumbered by birth date."""
        size = len(self._ids)
        births = np.array(self._births, np.int32)
        order = np.argsort(births, kind="stable")
        number_of = np.empty(size, np.uint32)
        number_of[order] = np.arange(size, dtype=np.uint32)
        ids = np.array(self._ids, np.bytes_)[order]
        by_id = np.argsort(ids, kind="stable").astype(np.uint32)
        twice = np.flatnonzero(ids[by_id][1:] == ids[by_id][:-1])
        if len(twice):
            raise ValueError(
                f"expected each person once, got {ids[by_id][twice[0]].decode()} twice"
            )
        return Population(
            size=size,
            ids=ids,
            births=births[order][: int(np.searchsorted(births[order], _NO_BIRTH))],
            facts={kind: rows.table(number_of) for kind, rows in self._facts.items()},
            unknown={
                kind: together(size, [_from(size, number_of[rows], at) for at, rows in of.items()])
                for kind, of in self._unknown.items()
            },
            protected=bitmap_of(size, number_of[np.array(self._protected, np.uint32)]),
            _by_id=by_id,
        )


_NO_BIRTH = 2**31 - 1


def _from(size: int, people: Numbers, start: Instant) -> Extent:
    return extent_of(
        size, people, np.full(len(people), start, np.int64), np.full(len(people), END, np.int64)
    )


class _FactRows:
    """The facts of one kind so far, in columns."""

    def __init__(self) -> None:
        self._codes: dict[FactValue, int] = {}
        self._sources: list[set[str]] = []
        self._of = array("I")
        self._people, self._starts, self._ends = array("I"), array("q"), array("q")

    def add(
        self, row: int, value: FactValue, start: Instant | None, end: Instant | None, source: str
    ) -> None:
        code = self._codes.get(value)
        if code is None:
            code = self._codes[value] = len(self._codes)
            self._sources.append(set())
        self._sources[code].add(source)
        self._of.append(code)
        self._people.append(row)
        self._starts.append(BEGINNING if start is None else start)
        self._ends.append(END if end is None else end)

    def table(self, number_of: Numbers) -> FactTable:
        codes = np.array(self._of, np.uint32)
        order = np.argsort(codes, kind="stable")
        return FactTable(
            values=tuple(self._codes),
            sources=tuple(map(frozenset, self._sources)),
            offsets=np.searchsorted(codes[order], np.arange(len(self._codes) + 1)),
            people=number_of[np.array(self._people, np.uint32)[order]],
            starts=np.array(self._starts, np.int64)[order],
            ends=np.array(self._ends, np.int64)[order],
        )
