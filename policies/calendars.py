"""Calendars: which hours an opening has on a day, and the windows that makes.

Rules kept here (policies.md, "Which hours a day has"), for one opening on one day, in this order:
1. `dates`: the full date, else `easter±N`, else `MM-DD`;
2. otherwise the first season in written order that has the day, else the base week;
3. a plan that has the opening closed all week is closed, holiday or not;
4. on a public holiday the season's `holidays`, or else the calendar's;
5. the weekday's hours; a weekday not written is closed.

A window belongs to the day it starts: what a date or a holiday says neither cuts the night before
nor starts a new one. On a day a day list (or the table of holidays) does not cover, an opening that
depends on it is unknown: surely never; possibly the whole day, and whatever any plan in question
would let run into the next. Where all plans in question give the same hours, nothing depends on it.

Pure: the holidays are a value that comes with the policy set, so that a library upgrade cannot
change a published rule.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from zoneinfo import ZoneInfo

from policies.grant import Window
from policies.schedule import (
    DAY,
    WallTime,
    day_clock,
    easter_sunday,
    first_instant,
    local_day,
    start_of_day,
)
from policies.vocabulary import Instant
from policies.windows import NEVER, Telling, Windows, canonical, clip, known


@dataclass(frozen=True, slots=True)
class Hours:
    """Stated minutes after 00:00 of the day; `end` may pass 1440 and then lies on the next day."""

    start: int
    end: int


DayHours = tuple[Hours, ...]
"""The hours of one opening on one day; empty is closed."""
Week = tuple[DayHours, ...]
"""Seven days, Monday first."""

CLOSED: DayHours = ()
CLOSED_WEEK: Week = (CLOSED,) * 7


class AsWeekday(Enum):
    """The other thing a holiday may be: the hours of whatever day of the week it is."""

    AS_WEEKDAY = "as-weekday"


HolidayPlan = Mapping[str, DayHours | AsWeekday]
"""What a public holiday does, by opening."""

Plan = tuple[Week, DayHours | AsWeekday]
"""The week of one opening, and its hours on a public holiday."""


@dataclass(frozen=True, slots=True)
class HolidayTable:
    """The public holidays of whole years, first and last included; other years are unknown."""

    first_year: int
    last_year: int
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class DayList:
    """A named list of days and the days it speaks of, both ends included."""

    first_covered: date
    last_covered: date
    days: frozenset[date]

    def covers(self, day: date) -> bool:
        """Whether the list says anything of `day`."""
        return self.first_covered <= day <= self.last_covered


@dataclass(frozen=True, slots=True)
class YearDays:
    """Whole days of every year as (month, day), both included; over New Year when first > last."""

    first: tuple[int, int]
    last: tuple[int, int]

    def has(self, day: date) -> bool:
        """Whether the season has `day`."""
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True, slots=True)
class Season:
    """A plan for part of the year; without `holidays` the calendar's count."""

    when: YearDays | DayList
    weeks: Mapping[str, Week]
    holidays: HolidayPlan | None
    list_name: str | None = None
    """What the document calls the day list that the season goes by."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Single days by how they are written, each with the hours of every opening."""

    full: Mapping[date, Mapping[str, DayHours]]
    from_easter: Mapping[int, Mapping[str, DayHours]]
    yearly: Mapping[tuple[int, int], Mapping[str, DayHours]]

    def of(self, day: date) -> Mapping[str, DayHours] | None:
        """What is written of `day`, the most exact first; None if nothing is."""
        if day in self.full:
            return self.full[day]
        if self.from_easter:
            # easter-99 may lie in the year before; easter+99 is August at the latest
            for year in (day.year, day.year + 1):
                distance = (day - easter_sunday(year)).days
                if distance in self.from_easter:
                    return self.from_easter[distance]
        return self.yearly.get((day.month, day.day))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The openings of one named calendar in one time zone.

    Windows of a day are computed when first asked for and kept: at most one value for each opening
    and day of the table of holidays, since other years are unknown without computing.
    """

    zone: ZoneInfo
    weeks: Mapping[str, Week]
    holidays: HolidayPlan
    seasons: tuple[Season, ...]
    dates: Dates
    table: HolidayTable
    _known_days: dict[tuple[str, date], Telling] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __hash__(self) -> int:
        """By what is cheap and equal where calendars are equal."""
        return hash((self.zone.key, tuple(sorted(self.weeks))))

    def openings(self) -> tuple[str, ...]:
        """The names of the openings, in written order."""
        return tuple(self.weeks)

    def most_hours(self, opening: str) -> int:
        """The most hours written for one day of `opening`: what reading a day of it may cost."""
        weeks = [self.weeks[opening], *(season.weeks[opening] for season in self.seasons)]
        holidays = [self.holidays, *(s.holidays for s in self.seasons if s.holidays is not None)]
        dates = (self.dates.full, self.dates.from_easter, self.dates.yearly)
        days = [hours for week in weeks for hours in week]
        days += [hours for h in holidays if not isinstance(hours := h[opening], AsWeekday)]
        days += [written[opening] for of_kind in dates for written in of_kind.values()]
        return max(len(hours) for hours in days)

    def windows(self, opening: str, span: Window) -> Telling:
        """Where `opening` is open within `span`."""
        told_from = start_of_day(date(self.table.first_year, 1, 1), self.zone)
        told_to = start_of_day(date(self.table.last_year + 1, 1, 1), self.zone)
        start, end = max(span.start, told_from), min(span.end, told_to)
        surely: list[Window] = []
        possibly: list[Window] = []
        is_known = told_from <= span.start and span.end <= told_to
        if start < end:
            # a window that started the day before may still run; none is longer than a day
            day = local_day(start, self.zone) - DAY
            last = local_day(Instant(end - 1), self.zone)
            while day <= last:
                told = self._day(opening, day)
                surely += told.surely
                possibly += told.possibly
                is_known = is_known and told.is_known()
                day += DAY
        if is_known:
            return known(clip(canonical(surely), span))
        if span.start < told_from:
            possibly.append(Window(span.start, told_from))
        if told_to < span.end:
            possibly.append(Window(told_to, span.end))
        # what starts on the last day told of is not sure beyond it, whichever span is asked for
        sure = Window(span.start, min(span.end, told_to))
        return Telling(clip(canonical(surely), sure), clip(canonical(possibly), span))

    def _day(self, opening: str, day: date) -> Telling:
        """The windows that start on `day`, computed once."""
        told = self._known_days.get((opening, day))
        if told is None:
            told = self._known_days[opening, day] = self._tell_day(opening, day)
        return told

    def _tell_day(self, opening: str, day: date) -> Telling:
        written = self.dates.of(day)
        if written is not None:
            return known(self._stated(day, written[opening]))
        first, *others = (self.hours_by(plan, day) for plan in self.plans_on(opening, day))
        is_one = all(hours == first for hours in others)
        if is_one and self.table.first_year <= day.year <= self.table.last_year:
            return known(self._stated(day, first))
        whole_day = Window(start_of_day(day, self.zone), start_of_day(day + DAY, self.zone))
        spills = [w for hours in (first, *others) for w in self._stated(day, hours)]
        return Telling(NEVER, canonical([whole_day, *spills]))

    def plans_on(self, opening: str, day: date) -> Iterator[Plan]:
        """The plans that may count on `day` where no date is written; one, when it can be told."""
        for season in self.seasons:
            on_holidays = self.holidays if season.holidays is None else season.holidays
            plan = season.weeks[opening], on_holidays[opening]
            if isinstance(season.when, YearDays):
                if season.when.has(day):
                    yield plan
                    return
            elif not season.when.covers(day):
                yield plan
            elif day in season.when.days:
                yield plan
                return
        yield self.weeks[opening], self.holidays[opening]

    def hours_by(self, plan: Plan, day: date) -> DayHours:
        """Steps 3 to 5: the hours of `day` by one plan."""
        week, on_holidays = plan
        if not any(week):
            return CLOSED
        if day in self.table.days and not isinstance(on_holidays, AsWeekday):
            return on_holidays
        return week[day.weekday()]

    def _stated(self, day: date, hours: DayHours) -> Windows:
        clock = day_clock(day, self.zone)
        if clock is not None:
            return canonical(
                Window(clock.first_instant(stated.start), clock.first_instant(stated.end))
                for stated in hours
            )
        return canonical(
            Window(
                first_instant(WallTime(day, stated.start), self.zone),
                first_instant(WallTime(day, stated.end), self.zone),
            )
            for stated in hours
        )
