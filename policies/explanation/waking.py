"""The first instant a rule may apply again: what lets a look-ahead leap over closed months.

An answer here is a bound and no more: before it the rule does not apply to the person, from it on
it may. The reading itself is `policies.reading`. What is worked out of a calendar is kept
with the policy set, since it is the same for everybody. Pure.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from policies.calendars import Calendar, DayList, YearDays
from policies.compiled import CompiledRule
from policies.conditions import Person, tell
from policies.grant import Window
from policies.model import (
    Always,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    Effect,
    PolicySet,
    When,
)
from policies.schedule import DAY, easter_sunday, local_day, start_of_day
from policies.vocabulary import DAY_SECONDS, Instant
from policies.windows import END

_NEVER = END
_KEPT = 20_000


class Wakings:
    """Of each opening of a calendar and each day, the next day on which one may begin."""

    def __init__(self) -> None:
        self._next: dict[tuple[During, date, date], date | None] = {}

    def next_day(self, during: During, day: date, last: date) -> date | None:
        """The first of the days `day` through `last` on which it may begin; None if none."""
        key = (during, day, last)
        if key not in self._next:
            if len(self._next) >= _KEPT:
                self._next.clear()
            self._next[key] = _next_day(during.calendar, during.opening, day, last)
        return self._next[key]


def wakings(_: PolicySet) -> Wakings:
    """Nothing worked out yet; use `policies.derived(wakings)`, which keeps it."""
    return Wakings()


def wakes_at(kept: Wakings, rule: CompiledRule, person: Person) -> Instant:
    """No earlier than this `rule` applies to `person` within the span that she is told of.

    An allow or unlock surely, a deny possibly.
    """
    at = max(person.span.start, rule.start)
    if at >= min(person.span.end, rule.end):
        return _NEVER
    if rule.record is None and rule.who is not None:
        told = tell(rule.who.condition, person, rule.who.zone)
        people = told.possibly if rule.rule.effect is Effect.DENY else told.surely
        at = next((max(at, each.start) for each in people if each.end > at), _NEVER)
    if at >= person.span.end:
        return _NEVER
    if rule.hours is None:
        return at
    # the two days that are kept of any hours
    if any(each.end > at for each in rule.hours.around(Window(at, Instant(at + 1))).possibly):
        return at
    after = Instant((at // DAY_SECONDS + 2) * DAY_SECONDS)
    return max(at, _opens(kept, rule.rule.when, after, person.span.end))


def _opens(kept: Wakings, when: When, at: Instant, until: Instant) -> Instant:
    """No earlier than this `when` holds from `at` on; `at` itself where it may already."""
    match when:
        case Always() | DuringRecord():
            return at
        case DuringAll(parts):
            return max(_opens(kept, part, at, until) for part in parts)
        case DuringAny(parts):
            return min(_opens(kept, part, at, until) for part in parts)
        case During(calendar):
            # a night that began the day before may still run
            first, last = local_day(at, calendar.zone) - DAY, local_day(until, calendar.zone)
            day = kept.next_day(when, first, last)
            return _NEVER if day is None else max(at, start_of_day(day, calendar.zone))


def _next_day(calendar: Calendar, opening: str, day: date, last: date) -> date | None:
    """The first day from `day` on which `opening` has hours by some plan that may count there."""
    table = calendar.table
    while day <= last and table.first_year <= day.year <= table.last_year:
        written = calendar.dates.of(day)
        if written is not None:
            if written[opening]:
                return day
            day += DAY
            continue
        plans = list(calendar.plans_on(opening, day))
        if any(calendar.hours_by(plan, day) for plan in plans):
            return day
        if any(any(week) for week, _ in plans) or _is_listed(calendar, day):
            day += DAY
        else:
            # closed all week by every plan that may count: so it stays up to the next edge
            day = min(_edges(calendar, opening, day), default=last + DAY)
    return day if day <= last else None


def _is_listed(calendar: Calendar, day: date) -> bool:
    return any(
        isinstance(season.when, DayList) and day in season.when.days for season in calendar.seasons
    )


def _edges(calendar: Calendar, opening: str, after: date) -> Iterator[date]:
    """The days after `after` on which another plan may begin to count, or a date opens."""
    dates = calendar.dates
    yield from (day for day, hours in dates.full.items() if day > after and hours[opening])
    for year in (after.year, after.year + 1, after.year + 2):
        for distance, hours in dates.from_easter.items():
            day = easter_sunday(year) + timedelta(days=distance)
            if day > after and hours[opening]:
                yield day
        for (month, of_month), hours in dates.yearly.items():
            day = date(year, month, of_month)
            if day > after and hours[opening]:
                yield day
        for season in calendar.seasons:
            if isinstance(season.when, YearDays):
                ends = date(year, *season.when.first), date(year, *season.when.last) + DAY
                yield from (day for day in ends if day > after)
    for season in calendar.seasons:
        if isinstance(season.when, DayList):
            listed = season.when
            ends = listed.first_covered, listed.last_covered + DAY
            yield from (day for day in (*ends, *listed.days) if day > after)
