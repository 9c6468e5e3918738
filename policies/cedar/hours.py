"""The openings of calendars as Cedar expressions over a day's date, weekday, Easter and holiday.

Rules kept here:
- the order of policies.md, "Which hours a day has", spelled out;
- a window belongs to the day it starts: an opening is what today has by now, or what yesterday lets
  run past midnight;
- where nobody can tell (outside the holiday table, or on a day a list does not cover) an expression
  for an allow is false and one for a deny true. The engine knows one thing more, which is not said
  here: where all plans in question give the same hours, nothing hangs on the list.

What the attributes are is `policies.cedar.export`. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

from policies.calendars import AsWeekday, Calendar, DayHours, DayList, Season, Week, YearDays
from policies.schedule import DAY_MINUTES

Stretches = Callable[[DayHours], str]
"""How the hours of a day read at a minute of it, or of the next."""


def local(zone: str) -> str:
    """Where the context carries the civil time of `zone`."""
    return f'context.local["{zone}"]'


def whole_day_number(day: date) -> int:
    """`YYYYMMDD`; such numbers compare as days do."""
    return day.year * 10_000 + day.month * 100 + day.day


def opening_expression(calendar: Calendar, opening: str, is_sure: bool) -> str:
    """Whether the opening is open; doubt is false if `is_sure`, else true."""
    here = local(calendar.zone.key)
    minute = f"{here}.minute"

    def today(hours: DayHours) -> str:
        return any_of(
            all_of([f"{minute} >= {stretch.start}", *_before(minute, stretch.end)])
            for stretch in hours
        )

    def from_yesterday(hours: DayHours) -> str:
        late = (h for h in hours if h.end > DAY_MINUTES)
        return any_of(f"{minute} < {stretch.end - DAY_MINUTES}" for stretch in late)

    first, last = calendar.table.first_year, calendar.table.last_year
    is_told = all_of(
        [f"{here}.today.date >= {first}0101", f"{here}.today.date <= {last}1231"]
    )  # fmt: skip
    open_by_now = any_of(
        [
            _Day(f"{here}.today", today, None, is_sure).of(calendar, opening),
            _Day(f"{here}.yesterday", from_yesterday, from_yesterday, is_sure).of(
                calendar, opening
            ),
        ]
    )
    if is_sure:
        return all_of([is_told, open_by_now])
    return any_of([f"!{is_told}", open_by_now])


def all_of(parts: Iterable[str]) -> str:
    """Cedar's and, in brackets; what is always true is left out."""
    listed = [part for part in parts if part != "true"]
    if "false" in listed:
        return "false"
    return _joined(listed, " && ", "true")


def any_of(parts: Iterable[str]) -> str:
    """Cedar's or, in brackets; what is always false is left out."""
    listed = [part for part in parts if part != "false"]
    if "true" in listed:
        return "true"
    return _joined(listed, " || ", "false")


def none_of(part: str) -> str:
    """Cedar's not."""
    return {"true": "false", "false": "true"}.get(part, f"!{part}")


def _joined(parts: Sequence[str], word: str, of_none: str) -> str:
    if len(parts) < 2:
        return parts[0] if parts else of_none
    return f"({word.join(parts)})"


def _before(minute: str, end: int) -> list[str]:
    return [f"{minute} < {end}"] if end < DAY_MINUTES else []


def _choose(condition: str, then: str, otherwise: str) -> str:
    return then if then == otherwise else f"(if {condition} then {then} else {otherwise})"


class _Day:
    """One day of the context, and how its hours read."""

    def __init__(
        self, day: str, stretches: Stretches, of_doubt: Stretches | None, is_sure: bool
    ) -> None:
        """`of_doubt` reads a plan that may or may not count; None takes the whole day."""
        self._day = day
        self._stretches = stretches
        self._of_doubt = of_doubt
        self._is_sure = is_sure

    def of(self, calendar: Calendar, opening: str) -> str:
        """The order of policies.md from its first step on."""
        dates = calendar.dates
        full = {whole_day_number(day): plan[opening] for day, plan in dates.full.items()}
        easter = {distance: plan[opening] for distance, plan in dates.from_easter.items()}
        yearly = {m * 100 + d: plan[opening] for (m, d), plan in dates.yearly.items()}
        rest = self._seasons(calendar, opening, calendar.seasons)
        for attribute, plans in (("month_day", yearly), ("easter", easter), ("date", full)):
            rest = self._written(f"{self._day}.{attribute}", plans, rest)
        return rest

    def _written(self, attribute: str, plans: Mapping[int, DayHours], rest: str) -> str:
        """The plan of the number that `attribute` is, or else `rest`."""
        if not plans:
            return rest
        numbers = sorted(plans)
        named = (all_of([f"{attribute} == {n}", self._stretches(plans[n])]) for n in numbers)
        return any_of([*named, all_of([f"!{numbers}.contains({attribute})", rest])])

    def _seasons(self, calendar: Calendar, opening: str, seasons: Sequence[Season]) -> str:
        if not seasons:
            return self._plan(calendar.weeks[opening], calendar.holidays[opening], self._stretches)
        season, rest = seasons[0], self._seasons(calendar, opening, seasons[1:])
        holidays = calendar.holidays if season.holidays is None else season.holidays
        week, on_holidays = season.weeks[opening], holidays[opening]
        plan = self._plan(week, on_holidays, self._stretches)
        if isinstance(season.when, YearDays):
            return _choose(self._is_within(season.when), plan, rest)
        known = _choose(self._is_listed(season.when), plan, rest)
        if self._is_sure:
            in_doubt = "false"
        elif self._of_doubt is None:
            in_doubt = "true"
        else:
            in_doubt = any_of([self._plan(week, on_holidays, self._of_doubt), rest])
        return _choose(self._is_covered(season.when), known, in_doubt)

    def _plan(self, week: Week, on_holidays: DayHours | AsWeekday, read: Stretches) -> str:
        if not any(week):
            return "false"
        weekdays: dict[DayHours, list[int]] = {}
        for number, hours in enumerate(week, start=1):
            weekdays.setdefault(hours, []).append(number)
        by_weekday = any_of(
            all_of([f"{numbers}.contains({self._day}.weekday)", read(hours)])
            for hours, numbers in weekdays.items()
        )
        if isinstance(on_holidays, AsWeekday):
            return by_weekday
        return _choose(f"{self._day}.holiday", read(on_holidays), by_weekday)

    def _is_within(self, season: YearDays) -> str:
        first, last = (month * 100 + day for month, day in (season.first, season.last))
        bounds = [f"{self._day}.month_day >= {first}", f"{self._day}.month_day <= {last}"]
        return all_of(bounds) if first <= last else any_of(bounds)

    def _is_covered(self, days: DayList) -> str:
        return self._is_from_to(days.first_covered, days.last_covered)

    def _is_listed(self, days: DayList) -> str:
        runs: list[list[date]] = []
        for day in sorted(days.days):
            if runs and day - runs[-1][-1] == timedelta(days=1):
                runs[-1].append(day)
            else:
                runs.append([day])
        return any_of(self._is_from_to(run[0], run[-1]) for run in runs)

    def _is_from_to(self, first: date, last: date) -> str:
        here = f"{self._day}.date"
        if first == last:
            return f"{here} == {whole_day_number(first)}"
        return f"({here} >= {whole_day_number(first)} && {here} <= {whole_day_number(last)})"
