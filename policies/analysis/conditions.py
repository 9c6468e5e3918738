"""What is told of a condition for many people: of whom it surely and of whom it possibly holds.

The meaning is `policies.conditions`', said of sets. It is read through a view: a `Moment` is all
people at one instant; `Pieces` are chosen people, each at instants of their own.

`changes_of` says who changes, and when, within a span, as far as a condition is concerned: between
those instants the answer for a person stays as it is. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from policies.analysis.extents import Extent
from policies.analysis.population import Cover, Population
from policies.analysis.sets import (
    Bitmap,
    Bits,
    Instants,
    Numbers,
    Told,
    bitmap_of,
    has_each,
    nobody,
    numbered,
    on_a_line,
)
from policies.grant import Window
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    AnyOf,
    Anyone,
    AtLeast,
    Condition,
    FactKind,
    Listed,
    Recorded,
    Requirement,
    Resident,
    requirements_of,
)
from policies.records import Record
from policies.schedule import local_day, start_of_day
from policies.vocabulary import Instant, PersonId


class View(Protocol):
    """Through what a population is looked at; every answer has the shape of `everybody`."""

    population: Population
    everybody: Bits

    def ageless(self) -> Bits:
        """Who has no birth date."""

    def turned(self, age: int, zone: ZoneInfo) -> Bits:
        """Who has turned `age`, as far as birth dates tell."""

    def held(self, extent: Extent) -> Bits:
        """Of whom `extent` holds."""

    def among(self, people: Numbers) -> Bits:
        """Who is one of `people`."""


class Moment:
    """All people at the instant `at`."""

    def __init__(self, population: Population, at: Instant) -> None:
        self.population = population
        self.at = at
        self.everybody: Bits = population.everybody

    def ageless(self) -> Bitmap:
        """Who has no birth date."""
        return self.population.ageless

    def turned(self, age: int, zone: ZoneInfo) -> Bitmap:
        """Who has turned `age`: a range of numbers."""
        population = self.population
        return numbered(population.size, 0, population.turned_at(age, self.at, zone))

    def held(self, extent: Extent) -> Bitmap:
        """Of whom `extent` holds."""
        return extent.at(self.at)

    def among(self, people: Numbers) -> Bitmap:
        """Who is one of `people`."""
        return bitmap_of(self.population.size, people)


class Pieces:
    """The people `numbers`, one for each piece, at the instant of the piece; all within `span`."""

    def __init__(
        self, population: Population, span: Window, numbers: Numbers, instants: Instants
    ) -> None:
        self.population = population
        self.everybody: Bits = np.ones(len(numbers), np.bool_)
        self._span = span
        self._numbers = numbers
        self._instants = instants
        self._line = on_a_line(numbers, instants, span)

    def ageless(self) -> NDArray[np.bool_]:
        """Who has no birth date."""
        return self._numbers >= len(self.population.births)

    def turned(self, age: int, zone: ZoneInfo) -> NDArray[np.bool_]:
        """Who has turned `age` at the instant of the piece."""
        starts, turned = zip(*_turning(self.population, age, zone, self._span), strict=True)
        day = np.searchsorted(np.array(starts, np.int64), self._instants, "right") - 1
        reached: NDArray[np.bool_] = self._numbers < np.array(turned, np.int64)[day]
        return reached

    def held(self, extent: Extent) -> NDArray[np.bool_]:
        """Of whom `extent` holds at the instant of the piece."""
        at_first = has_each(extent.at(self._span.start), self._numbers)
        people, instants = extent.edges(self._span)
        if not len(people):
            return at_first
        edges = np.sort(on_a_line(people, instants, self._span))
        first = on_a_line(self._numbers, np.full_like(self._instants, self._span.start), self._span)
        passed = np.searchsorted(edges, self._line, "right") - np.searchsorted(
            edges, first, "right"
        )
        held: NDArray[np.bool_] = at_first ^ (passed % 2 == 1)
        return held

    def among(self, people: Numbers) -> NDArray[np.bool_]:
        """Who is one of `people`."""
        return np.isin(self._numbers, people)


def tell(condition: Condition, zone: ZoneInfo, view: View, record: Record | None) -> Told:
    """Of whom `condition` holds; a part in a record is that of `record`, unknown without one."""
    match condition:
        case Anyone():
            return Told(view.everybody, view.everybody)
        case AllOf(parts):
            told = tell(parts[0], zone, view, record)
            for part in parts[1:]:
                told = told.and_(tell(part, zone, view, record))
            return told
        case AnyOf(parts):
            told = tell(parts[0], zone, view, record)
            for part in parts[1:]:
                told = told.or_(tell(part, zone, view, record))
            return told
        case AgeBetween(lowest, highest):
            return _tell_age(lowest, highest, zone, view)
        case Listed(kind, path):
            return _told(kind, path, view)
        case Resident(place):
            return _told(FactKind.RESIDENT, place, view)
        case Accepted(terms, guardian_until):
            told = _told(FactKind.TERMS, terms, view)
            if guardian_until is None:
                return told
            grown = _tell_age(guardian_until, None, zone, view)
            return told.and_(grown.or_(_told(FactKind.GUARDIAN, terms, view)))
        case Recorded(name, roles):
            if record is None or record.of != name:
                return Told(view.everybody & ~view.everybody, view.everybody)
            taking = view.among(view.population.numbers(taking_part(record, roles)))
            return Told(taking, taking)


def taking_part(record: Record, roles: tuple[str, ...] = ()) -> Iterator[PersonId]:
    """The people with a part in `record`, in one of `roles` where there are any."""
    for participant in record.people:
        if not roles or participant.role in roles:
            yield participant.person


def _told(kind: FactKind, asked: Cover, view: View) -> Told:
    held = view.held(view.population.extent(kind, asked))
    return _doubted(kind, Told(held, held), view)


def _doubted(kind: FactKind, told: Told, view: View) -> Told:
    """What is told, but for those of whom the kind is unknown."""
    extent = view.population.unknown[kind]
    if extent.is_empty():
        return told
    unknown = view.held(extent)
    return Told(told.surely & ~unknown, told.possibly | unknown)


def _tell_age(lowest: int, highest: int | None, zone: ZoneInfo, view: View) -> Told:
    surely = view.turned(lowest, zone)
    if highest is not None:
        surely = surely & ~view.turned(highest + 1, zone)
    population = view.population
    if len(population.births) == population.size:
        return _doubted(FactKind.AGE, Told(surely, surely), view)
    ageless = view.ageless()
    if highest is None:
        attested = view.held(population.extent(FactKind.AGE, AtLeast(lowest))) & ageless
        told = Told(surely | attested, surely | ageless)
    else:
        too_old = view.held(population.extent(FactKind.AGE, AtLeast(highest + 1)))
        told = Told(surely, surely | (ageless & ~too_old))
    return _doubted(FactKind.AGE, told, view)


@dataclass(frozen=True, slots=True)
class Changes:
    """Who changes within a span but for its first instant, and when, in no order."""

    people: Numbers
    instants: Instants

    def within(self, span: Window) -> "Changes":
        """Only those within `span` but for its first instant."""
        inside = (self.instants > span.start) & (self.instants < span.end)
        return Changes(self.people[inside], self.instants[inside])

    def of(self, people: Bitmap) -> "Changes":
        """Only those of `people`."""
        inside = has_each(people, self.people)
        return Changes(self.people[inside], self.instants[inside])


def changes_of(
    conditions: Iterable[tuple[Condition, ZoneInfo]], population: Population, span: Window
) -> Changes:
    """Every change within the span that an answer to one of `conditions` may turn on."""
    extents: dict[Extent, None] = {}
    ages: set[tuple[int, ZoneInfo]] = set()
    for condition, zone in conditions:
        for requirement in requirements_of(condition):
            extents |= dict.fromkeys(_extents(requirement, population))
            ages.update((age, zone) for age in _ages(requirement))
    people, instants = [nobody(0).astype(np.uint32)], [np.empty(0, np.int64)]
    for extent in extents:
        changing, edges = extent.edges(span)
        people.append(changing)
        instants.append(edges)
    for age, zone in ages:
        before = None
        for start, turned in _turning(population, age, zone, span):
            if before is not None and turned > before:
                people.append(np.arange(before, turned, dtype=np.uint32))
                instants.append(np.full(turned - before, start, np.int64))
            before = turned
    return Changes(np.concatenate(people), np.concatenate(instants))


def asked_of(requirement: Requirement) -> Iterator[tuple[FactKind, Cover]]:
    """The kinds of fact that a requirement turns on, each with what it asks.

    A part in a record turns on none.
    """
    match requirement:
        case AgeBetween(lowest, highest):
            yield FactKind.AGE, AtLeast(lowest if highest is None else highest + 1)
        case Listed(kind, path):
            yield kind, path
        case Resident(place):
            yield FactKind.RESIDENT, place
        case Accepted(terms, guardian_until):
            yield FactKind.TERMS, terms
            if guardian_until is not None:
                yield FactKind.GUARDIAN, terms
                yield FactKind.AGE, AtLeast(guardian_until)


def _extents(requirement: Requirement, population: Population) -> Iterator[Extent]:
    for kind, asked in asked_of(requirement):
        yield population.extent(kind, asked)
        yield population.unknown[kind]


def _ages(requirement: Requirement) -> Iterator[int]:
    match requirement:
        case AgeBetween(lowest, highest):
            yield lowest
            if highest is not None:
                yield highest + 1
        case Accepted(_, int(guardian_until)):
            yield guardian_until


def _turning(
    population: Population, age: int, zone: ZoneInfo, span: Window
) -> Iterator[tuple[Instant, int]]:
    """How many have turned `age` from each instant on: the start of the span, then each day's."""
    day = local_day(span.start, zone)
    yield span.start, population.turned(age, day)
    last = local_day(Instant(span.end - 1), zone)
    while day < last:
        day += timedelta(days=1)
        yield start_of_day(day, zone), population.turned(age, day)
