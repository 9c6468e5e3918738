"""The impact of an edit: who gains and who loses, at which doors and by which rules, before it is
saved.

Rules kept here (policies.md, "Life of a rule"):
- it is counted over the days from the *first instant the edit changes anything*, which is looked
  for 400 days ahead, and over the next public holiday, season change and daylight-saving night
  after it;
- somebody gains at a door who at any instant of those days may do there what she may not without
  the edit; somebody may gain by day and lose by night;
- a rule has its part in it where what it says of the person has changed at such an instant;
- impact(A, A) is nothing, and impact(B, A) is impact(A, B) with gain and loss exchanged;
- people with a protected name are counted, and never named.

It speaks of windows. What windows do not hold (limits, switches, `two-people`, `after`) changes
nobody's count: such an edit is among `edited` and that is all. Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from policies.analysis.clauses import Clause, clauses_at
from policies.analysis.effect import Sides, effects
from policies.analysis.occasions import (
    Occasion,
    calendars_of,
    next_clock_change,
    next_holiday,
    next_season_change,
)
from policies.analysis.population import People, Population
from policies.analysis.sets import Bitmap, nobody
from policies.analysis.terms import Part, Term
from policies.calendars import Calendar
from policies.circumstances import RuleName
from policies.compiled import CompiledRule, compiled
from policies.grant import Window
from policies.model import PolicySet, Rule, Subject
from policies.records import Record
from policies.unlocking import unlocked_windows
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant, PersonId
from policies.windows import NEVER, Windows, difference

_CHUNK_DAYS = (1, 6, 14, 28, 56, 112, 183)
"""In which pieces the days ahead are searched for the first change; together the look-ahead."""

_WHOLE = (Part(None, True), Part(None, False))
"""Gaining and losing, by whatever rule."""


@dataclass(frozen=True, slots=True)
class DoorChange:
    """What the edit does at one access point.

    `unlocked` is when the door comes to stand unlocked, for everybody, and `locked` when it no
    longer does; of `unlock: {after: …}` those are the windows in which it waits to be opened.
    """

    point: AccessPointNumber
    gaining: People
    losing: People
    unlocked: Windows
    locked: Windows


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What one rule that is not the same before and after has to do with it."""

    rule: RuleName
    gaining: People
    losing: People


@dataclass(frozen=True, slots=True)
class Period:
    """The effect over the days of one occasion; `doors` are those where there is any."""

    occasion: Occasion
    span: Window
    doors: tuple[DoorChange, ...]
    rules: tuple[RuleChange, ...]
    gaining: People
    losing: People


@dataclass(frozen=True, slots=True)
class Impact:
    """The effect of an edit as seen from the instant `at`.

    `first` is the first instant it changes anything, None where it changes nothing within 400 days;
    there are then no `periods`. `edited` are the rules that are not the same, whatever they do.
    """

    at: Instant
    first: Instant | None
    periods: tuple[Period, ...]
    edited: tuple[RuleName, ...]
    population: Population

    @property
    def gaining(self) -> People:
        """Who gains anything, in any of the periods."""
        return _all(self.population, (period.gaining for period in self.periods))

    @property
    def losing(self) -> People:
        """Who loses anything, in any of the periods."""
        return _all(self.population, (period.losing for period in self.periods))

    def gaining_by_point(self) -> Mapping[AccessPointNumber, int]:
        """How many gain at each access point where anybody does, in any of the periods."""
        return self._by_point(lambda door: door.gaining)

    def losing_by_point(self) -> Mapping[AccessPointNumber, int]:
        """How many lose at each access point where anybody does, in any of the periods."""
        return self._by_point(lambda door: door.losing)

    def _by_point(self, of: Callable[[DoorChange], People]) -> Mapping[AccessPointNumber, int]:
        people: dict[AccessPointNumber, list[People]] = {}
        for period in self.periods:
            for door in period.doors:
                people.setdefault(door.point, []).append(of(door))
        counts = {point: len(_all(self.population, some)) for point, some in people.items()}
        return {point: count for point, count in sorted(counts.items()) if count}


def impact(
    before: PolicySet, after: PolicySet, population: Population, at: Instant, days: int = 7
) -> Impact:
    """What changes for `population` from the instant `at` on when `after` comes for `before`."""
    return _Count(before, after, Sides(population, population), at, days).impact()


def impact_of_facts(
    policies: PolicySet,
    before: Sequence[Subject],
    after: Sequence[Subject],
    at: Instant,
    days: int = 7,
) -> Impact:
    """What changes when registers come to tell of the same people as `after` instead of `before`.

    For facts made by hand: give the people who are edited, each in both. No rule is edited, so the
    periods go by the calendars of all rules, and `rules` are those that apply to other people or
    at other times. Raises ValueError where not the same people are given.
    """
    was, becomes = Population.of(before), Population.of(after)
    if set(was.ids.tolist()) != set(becomes.ids.tolist()):
        raise ValueError("expected the same people before and after, got others")
    numbers = becomes.numbers(PersonId(person.decode()) for person in was.ids.tolist())
    return _Count(policies, policies, Sides(was, becomes, numbers), at, days).impact()


@dataclass(frozen=True, slots=True)
class _Alike:
    """Access points for which the same rules speak before, and the same after."""

    points: tuple[AccessPointNumber, ...]

    @property
    def one(self) -> AccessPointNumber:
        """Any of them: what is told of it is told of all."""
        return self.points[0]


class _Count:
    """One edit and its people, while it is being counted."""

    def __init__(
        self, before: PolicySet, after: PolicySet, sides: Sides, at: Instant, days: int
    ) -> None:
        self._before, self._after = before, after
        self._sides = sides
        self._at = at
        self._days = days
        self._numbers = _numbers(before, after)
        self._alike = tuple(_alike(before, after, sides, self._numbers))
        self._edited = tuple(edited_rules(before, after))

    def impact(self) -> Impact:
        """Find the first change, and count from there."""
        first = self._first()
        periods = () if first is None else tuple(self._periods(first))
        return Impact(self._at, first, periods, self._edited, self._sides.before)

    def _first(self) -> Instant | None:
        start = self._at
        for days in _CHUNK_DAYS:
            span = Window(start, Instant(start + days * DAY_SECONDS))
            firsts = [first for alike in self._alike for first in self._firsts(alike, span)]
            if firsts:
                return min(firsts)
            start = span.end
        return None

    def _firsts(self, alike: _Alike, span: Window) -> Iterator[Instant]:
        """The first instants at which anything changes at these points, for people or doors."""
        for windows in self._unlocking(alike, span):
            if windows:
                yield windows[0].start
        found = effects(self._terms(alike, span), self._sides, span)
        if found.first is not None:
            yield found.first

    def _periods(self, first: Instant) -> Iterator[Period]:
        zone = self._before.places.tenant.time_zone
        yield self._period(
            Occasion.FIRST_DAYS, Window(first, Instant(first + self._days * DAY_SECONDS))
        )
        for occasion, span in (
            (
                Occasion.PUBLIC_HOLIDAY,
                next_holiday((self._before.holidays, self._after.holidays), first, zone),
            ),
            (
                Occasion.SEASON_CHANGE,
                next_season_change(self._calendars(), first, zone, self._days),
            ),
            (Occasion.CLOCK_CHANGE, next_clock_change(first, zone)),
        ):
            if span is not None and span.end > first:
                yield self._period(occasion, Window(max(first, span.start), span.end))

    def _calendars(self) -> Iterator[Calendar]:
        """The calendars of the edited rules, or of all where only facts are edited."""
        for policies in (self._before, self._after):
            rules = policies.derived(compiled).rules
            for name in self._edited or rules:
                if name in rules:
                    yield from calendars_of(rules[name].rule.when)

    def _period(self, occasion: Occasion, span: Window) -> Period:
        population = self._sides.before
        doors: list[DoorChange] = []
        found: dict[Part, list[Bitmap]] = {}
        for alike in self._alike:
            unlocks, locks = self._unlocking(alike, span)
            people = effects(self._terms(alike, span), self._sides, span).people
            for part, bits in people.items():
                found.setdefault(part, []).append(bits)
            if unlocks or locks or people:
                gaining, losing = (
                    _together(population, [people[part]] if part in people else [])
                    for part in _WHOLE
                )
                doors += (DoorChange(p, gaining, losing, unlocks, locks) for p in alike.points)
        rules = sorted({part.rule for part in found if part.rule is not None})
        counted = {
            part: _together(population, found.get(part, ()))
            for rule in (None, *rules)
            for part in (Part(rule, True), Part(rule, False))
        }
        return Period(
            occasion,
            span,
            tuple(sorted(doors, key=lambda door: door.point)),
            tuple(
                RuleChange(rule, counted[Part(rule, True)], counted[Part(rule, False)])
                for rule in rules
            ),
            *(counted[part] for part in _WHOLE),
        )

    def _terms(self, alike: _Alike, span: Window) -> tuple[Term, ...]:
        """The clauses as they count, those that nothing tells apart put together."""
        before = self._keyed(self._before, alike.one, span)
        after = self._keyed(self._after, alike.one, span)
        both = before.keys() & after.keys() if self._sides.is_one_population() else frozenset()
        terms = [
            Term((clause,), clause.windows, side is before, side is after, clause.rule.name)
            for side in (before, after)
            for key, clause in side.items()
            if key not in both and clause.windows
        ]
        unedited: dict[tuple[bool, frozenset[Action], Windows], list[Clause]] = {}
        for key, clause in before.items():
            if key in both and clause.windows:
                told_apart = (clause.is_deny, clause.actions, clause.windows)
                unedited.setdefault(told_apart, []).append(clause)
        terms += (
            Term(tuple(clauses), windows, True, True, None)
            for (_, _, windows), clauses in unedited.items()
        )
        return tuple(terms)

    def _keyed(
        self, policies: PolicySet, point: AccessPointNumber, span: Window
    ) -> dict[tuple[int, Record | None], Clause]:
        """The clauses of a point by what makes them the same on both sides."""
        return {
            (self._numbers[clause.rule], clause.record): clause
            for clause in clauses_at(policies, point, span)
        }

    def _unlocking(self, alike: _Alike, span: Window) -> tuple[Windows, Windows]:
        """When these doors come to stand unlocked, and when they no longer do."""
        was, becomes = (
            unlocked_windows(policies, alike.one, span)
            if policies.rules_at.get(alike.one)
            else NEVER
            for policies in (self._before, self._after)
        )
        return difference(becomes, was), difference(was, becomes)


def edited_rules(before: PolicySet, after: PolicySet) -> Iterator[RuleName]:
    """The rules that are not the same before and after, by name."""
    was, becomes = (
        {name: rule.rule for name, rule in policies.derived(compiled).rules.items()}
        for policies in (before, after)
    )
    for name in sorted({*was, *becomes}):
        if was.get(name) != becomes.get(name):
            yield name


def _alike(
    before: PolicySet, after: PolicySet, sides: Sides, numbers: Mapping[CompiledRule, int]
) -> Iterator[_Alike]:
    """The access points where anything may change, together where the same rules speak."""
    is_other_records = before.records is not after.records
    doors = before.derived(compiled).class_at, after.derived(compiled).class_at
    groups: dict[object, list[AccessPointNumber]] = {}
    for point in dict.fromkeys((*doors[0], *doors[1])):
        rules = [side[point].rules if point in side else () for side in doors]
        was, becomes = (tuple([numbers[rule] for rule in side]) for side in rules)
        recorded = [
            rule
            for side in rules
            for rule in side
            if rule.record is not None and rule.rule.switch is None
        ]
        if sides.is_one_population() and was == becomes and not (recorded and is_other_records):
            continue
        apart = point if any(rule.has_record_doors for rule in recorded) else None
        groups.setdefault((was, becomes, apart), []).append(point)
    for points in groups.values():
        yield _Alike(tuple(points))


def _numbers(before: PolicySet, after: PolicySet) -> Mapping[CompiledRule, int]:
    """A number for each rule, equal where what is written is equal."""
    seen: dict[Rule, int] = {}
    return {
        rule: seen.setdefault(rule.rule, len(seen))
        for policies in (before, after)
        for rule in policies.derived(compiled).rules.values()
    }


def _together(population: Population, sets: Iterable[Bitmap]) -> People:
    return People(population, reduce(or_, sets, nobody(population.size)))


def _all(population: Population, people: Iterable[People]) -> People:
    return _together(population, (some.bits for some in people))
