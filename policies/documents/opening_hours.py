"""One opening of a calendar as an OpenStreetMap `opening_hours` string: an export, not our meaning.

Rules kept here (OpenStreetMap wiki, "Key:opening hours/specification", 0.7.3):
- a later rule of such a string overrides an earlier one on the days it matches. So what counts
  most comes last: the base week and its public holidays (`PH`), the seasons from the last written
  to the first, then `MM-DD`, `easter±N` and full dates;
- what readers of such strings understand differently, or cannot be told, is not said at all: hours
  that run past midnight, and seasons that go by a day list, which ends;
- `PH` is the table of holidays of whoever reads it: the same days, as long as theirs is right.

What an opening means is `policies.calendars`. Pure.
"""

from collections.abc import Iterator
from datetime import date

from policies.calendars import (
    AsWeekday,
    Calendar,
    DayHours,
    DayList,
    Hours,
    Week,
    YearDays,
)
from policies.schedule import DAY_MINUTES

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOSED = "off"


class Unsayable(ValueError):
    """The hours cannot be said as `opening_hours`; one sentence says why."""


def opening_hours(calendar: Calendar, opening: str) -> str:
    """The string for `opening`; raises Unsayable, or ValueError for an opening nobody knows."""
    if opening not in calendar.weeks:
        raise ValueError(f"expected an opening of the calendar, got {opening!r}")
    return "; ".join(_rules(calendar, opening))


def _rules(calendar: Calendar, opening: str) -> Iterator[str]:
    yield from _plan("", calendar.weeks[opening], calendar.holidays[opening])
    for season in reversed(calendar.seasons):
        if isinstance(season.when, DayList):
            raise Unsayable(
                "expected seasons that come every year, got the day list"
                f" {season.list_name}: opening_hours cannot say that a list ends"
            )
        holidays = calendar.holidays if season.holidays is None else season.holidays
        when = _year_days(season.when)
        yield f"{when} {_CLOSED}"
        yield from _plan(f"{when} ", season.weeks[opening], holidays[opening])
    dates = calendar.dates
    for (month, day), hours in sorted(dates.yearly.items()):
        yield f"{_MONTHS[month - 1]} {day:02} {_day(hours[opening])}"
    for distance, hours in sorted(dates.from_easter.items()):
        yield f"{_from_easter(distance)} {_day(hours[opening])}"
    for full, hours in sorted(dates.full.items()):
        yield f"{_full(full)} {_day(hours[opening])}"


def _plan(when: str, week: Week, on_holidays: DayHours | AsWeekday) -> Iterator[str]:
    """The rules of one plan; one that has the opening closed all week has no holidays either."""
    if not any(week):
        if not when:
            yield _CLOSED
        return
    spoken_for: set[int] = set()
    for first, hours in enumerate(week):
        if hours and first not in spoken_for:
            same = [day for day in range(first, 7) if week[day] == hours]
            spoken_for.update(same)
            yield f"{when}{_weekdays(same)} {_day(hours)}"
    if not isinstance(on_holidays, AsWeekday):
        yield f"{when}PH {_day(on_holidays)}"


def _weekdays(days: list[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        _DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs
    )


def _year_days(days: YearDays) -> str:
    (first_month, first), (last_month, last) = days.first, days.last
    start = f"{_MONTHS[first_month - 1]} {first:02}"
    if days.first == days.last:
        return start
    return f"{start}-{_MONTHS[last_month - 1]} {last:02}"


def _from_easter(distance: int) -> str:
    if distance == 0:
        return "easter"
    unit = "day" if abs(distance) == 1 else "days"
    return f"easter {'+' if distance > 0 else '-'}{abs(distance)} {unit}"


def _full(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}"


def _day(hours: DayHours) -> str:
    return ",".join(_span(stated) for stated in hours) or _CLOSED


def _span(stated: Hours) -> str:
    if stated.end > DAY_MINUTES:
        raise Unsayable(
            f"expected hours within one day, got {_time(stated.start)}-"
            f"{_time(stated.end - DAY_MINUTES)}: readers of opening_hours differ on nights"
        )
    return f"{_time(stated.start)}-{_time(stated.end)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
