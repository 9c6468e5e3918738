"""Rules that can never apply, doors that nobody can open, and doors that everybody can.

Rules kept here (policies.md, "Life of a rule", the checks):
- a rule is dead where it has no hours from now or its `from` on, within 400 days; where no age
  meets it; or where, in all its hours and at all its doors, one `deny: anyone` without exception
  and without switch holds;
- a door is empty where nobody of the population is ever granted anything there in the days asked
  for, and it never stands unlocked;
- a facility is locked out where that is so of all its doors, or where for some time one `deny:
  anyone` without exception holds at all of them; or would if its switch were on;
- a door is open to all where everybody may open it, or it stands unlocked, for a week on end.

Which rules another makes superfluous is `policies.analysis.shadowing`. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from policies.analysis.clauses import clauses_at
from policies.analysis.effect import Sides, effects
from policies.analysis.findings import Check, Finding
from policies.analysis.population import Population
from policies.analysis.terms import Part, Term
from policies.compiled import CompiledRule, DoorClass, compiled
from policies.grant import Window
from policies.model import AgeBetween, AllOf, AnyOf, Condition, Effect, PolicySet
from policies.reading import LOOK_AHEAD_DAYS, times, times_at
from policies.unlocking import unlocked_windows
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, FacilityId, Instant
from policies.windows import Windows, difference, intersection, union

_STEPS_DAYS = (1, 7, 30, LOOK_AHEAD_DAYS)
"""How far hours are looked for, step by step: most rules have some on the first day."""
COMING_DAYS = 30
"""Within which somebody is to be able to open a door, unless other days are asked for."""
_WEEK_SECONDS = 7 * DAY_SECONDS
_ALL_AGES = (1 << 200) - 1


def dead_rules(policies: PolicySet, at: Instant) -> tuple[Finding, ...]:
    """The rules that never apply from the instant `at` on, in document order."""
    found: list[Finding] = []
    doors_of = _doors_of(policies)
    for name, rule in policies.derived(compiled).rules.items():
        doors = doors_of.get(rule)
        if rule.end <= at:
            found.append(Finding(Check.ENDED, name))
        elif not _ages(rule.rule.who):
            found.append(Finding(Check.NO_AGE, name))
        elif doors:
            if not _has_hours(rule, at):
                found.append(Finding(Check.NO_HOURS, name))
            elif (by := _denying(rule, doors, at)) is not None:
                found.append(Finding(Check.ALWAYS_DENIED, name, by.name))
    return tuple(found)


def open_doors(policies: PolicySet, at: Instant) -> tuple[Finding, ...]:
    """The doors that for a week or more on end everybody may open, or that stand unlocked."""
    found: list[Finding] = []
    for door in policies.derived(compiled).classes:
        for check, effect in (
            (Check.OPEN_TO_ALL, Effect.ALLOW),
            (Check.STANDS_UNLOCKED, Effect.UNLOCK),
        ):
            for rule in door.rules:
                if rule.rule.effect is not effect or rule.who is not None or rule.record:
                    continue
                span = _ahead(max(at, rule.start), _STEPS_DAYS[-1 if rule.hours is None else -2])
                open_for = difference(times(rule, span).surely, _closing(door, span))
                long = [each for each in open_for if each.end - each.start >= _WEEK_SECONDS]
                if long and rule.after is None:
                    found.append(Finding(check, rule.name, points=door.points, window=long[0]))
                    break
    return tuple(found)


def empty_points(
    policies: PolicySet, population: Population, at: Instant, days: int = COMING_DAYS
) -> tuple[Finding, ...]:
    """The doors that nobody of `population` can open within `days` from the instant `at` on."""
    empty = _empty(policies, population, at, days)
    has_no_rules = {point for point in empty if not policies.rules_at[point]}
    found = (
        (Check.NO_RULES, has_no_rules),
        (Check.NOBODY, empty - has_no_rules),
    )
    return tuple(
        Finding(check, points=(point,)) for check, points in found for point in sorted(points)
    )


def closed_facilities(
    policies: PolicySet, population: Population, at: Instant
) -> frozenset[FacilityId]:
    """The facilities of whose doors nobody can open any in the coming days, rules or none."""
    empty = _empty(policies, population, at, COMING_DAYS)
    return frozenset(
        facility
        for facility in policies.places.facilities
        if (points := policies.places.of_facility(facility))
        and all(point.number in empty for point in points)
    )


def lockouts(policies: PolicySet, population: Population, at: Instant) -> tuple[Finding, ...]:
    """The facilities that nobody can open in the coming days, at all or for a time, or by a switch.

    A facility no rule speaks for is not among them: it has no doors of ours yet.
    """
    empty = _empty(policies, population, at, COMING_DAYS)
    span = _ahead(at, COMING_DAYS)
    found: list[Finding] = []
    for facility in policies.places.facilities:
        points = [point.number for point in policies.places.of_facility(facility)]
        if not any(policies.rules_at[point] for point in points):
            continue
        if empty.issuperset(points):
            found.append(Finding(Check.LOCKED_OUT, facility=facility))
        else:
            found += _closed_for_a_time(policies, facility, points, span)
    return tuple(found)


def _closed_for_a_time(
    policies: PolicySet, facility: FacilityId, points: list[AccessPointNumber], span: Window
) -> Iterator[Finding]:
    """The rules that close all of a facility to everybody, emergency services included."""
    class_at = policies.derived(compiled).class_at
    doors = {class_at[point]: point for point in points}
    common = set.intersection(*({*door.denies, *door.switched} for door in doors))
    for rule in class_at[points[0]].rules:
        if rule not in common or rule.who is not None or rule.lifts is not None:
            continue
        closed = reduce(
            intersection,
            (
                union(*(told.surely for _, told in times_at(rule, point, span, policies.records)))
                for point in doors.values()
            ),
        )
        if closed and rule.rule.switch is not None:
            yield Finding(Check.SWITCH_LOCKS_OUT, rule.name, facility=facility)
        elif closed:
            yield Finding(Check.CLOSED_TO_ALL, rule.name, facility=facility, window=closed[0])


def _empty(
    policies: PolicySet, population: Population, at: Instant, days: int
) -> set[AccessPointNumber]:
    """The access points that nobody can open, and that do not stand unlocked."""
    empty: set[AccessPointNumber] = set()
    for door in policies.derived(compiled).classes:
        alike = [(point,) for point in door.points] if door.has_record_doors else [door.points]
        for points in alike:
            if not _is_ever_opened(policies, population, points[0], at, days):
                empty.update(points)
    return empty


def _is_ever_opened(
    policies: PolicySet, population: Population, point: AccessPointNumber, at: Instant, days: int
) -> bool:
    start = at
    for ahead in (*(each for each in _STEPS_DAYS if each < days), days):
        span = Window(start, Instant(at + ahead * DAY_SECONDS))
        if unlocked_windows(policies, point, span):
            return True
        terms = [
            Term((clause,), clause.windows, False, True, clause.rule.name)
            for clause in clauses_at(policies, point, span)
            if clause.windows
        ]
        if Part(None, True) in effects(terms, Sides(population, population), span).people:
            return True
        start = span.end
    return False


def _has_hours(rule: CompiledRule, at: Instant) -> bool:
    """Whether the hours of `rule` possibly hold at any instant it is looked at."""
    start = max(at, rule.start)
    return any(times(rule, _ahead(start, days)).possibly for days in _STEPS_DAYS)


def _denying(rule: CompiledRule, doors: Iterable[DoorClass], at: Instant) -> CompiledRule | None:
    """A `deny: anyone` that holds whenever and wherever `rule` gives or unlocks anything."""
    if rule.rule.effect is Effect.DENY:
        return None
    common = set.intersection(*({*filter(_is_for_all, door.denies)} for door in doors))
    if not common:
        return None
    span = _ahead(max(at, rule.start), LOOK_AHEAD_DAYS)
    hours = times(rule, span).possibly
    return next((d for d in common if not difference(hours, times(d, span).possibly)), None)


def _is_for_all(deny: CompiledRule) -> bool:
    return deny.who is None and deny.lifts is None and deny.record is None


def _closing(door: DoorClass, span: Window) -> Windows:
    """Where a deny takes from everybody but those of its `except`."""
    return union(
        *(times(d, span).possibly for d in door.denies if d.who is None and d.record is None)
    )


def _doors_of(policies: PolicySet) -> Mapping[CompiledRule, list[DoorClass]]:
    """The classes of doors each rule may speak for."""
    doors_of: dict[CompiledRule, list[DoorClass]] = {}
    for door in policies.derived(compiled).classes:
        for rule in door.rules:
            doors_of.setdefault(rule, []).append(door)
    return doors_of


def _ahead(at: Instant, days: int) -> Window:
    return Window(at, Instant(at + days * DAY_SECONDS))


def _ages(condition: Condition) -> int:
    """The ages in years at which somebody may meet `condition`, one bit each; 0 is none."""
    match condition:
        case AgeBetween(lowest, highest):
            at_least = _ALL_AGES & ~((1 << lowest) - 1)
            return at_least if highest is None else at_least & ((1 << highest + 1) - 1)
        case AllOf(parts):
            return reduce(lambda ages, part: ages & _ages(part), parts, _ALL_AGES)
        case AnyOf(parts):
            return reduce(lambda ages, part: ages | _ages(part), parts, 0)
        case _:
            return _ALL_AGES
