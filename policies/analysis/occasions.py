"""Over which days the effect of an edit is counted, beside the first ones.

Rules kept here (policies.md, "Life of a rule"): the next public holiday is that whole day; the next
season change is the days from the first that goes by another plan; the next daylight-saving night
is from the noon before to the noon after. All are looked for from the day of the first change on,
as far as plans are looked ahead, and in the tenant's time zone. Pure.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.calendars import Calendar, HolidayTable, YearDays
from policies.grant import Window
from policies.model import During, When, times_of
from policies.reading import LOOK_AHEAD_DAYS
from policies.schedule import DAY, WallTime, first_instant, local_day, start_of_day
from policies.vocabulary import DAY_SECONDS, Instant

_NOON_MINUTES = 12 * 60


class Occasion(StrEnum):
    """Why days are counted."""

    FIRST_DAYS = "first-days"
    PUBLIC_HOLIDAY = "public-holiday"
    SEASON_CHANGE = "season-change"
    CLOCK_CHANGE = "clock-change"


def next_holiday(tables: Iterable[HolidayTable], at: Instant, zone: ZoneInfo) -> Window | None:
    """The next public holiday of one of `tables`: the day of `at`, or later."""
    today = local_day(at, zone)
    last = today + timedelta(days=LOOK_AHEAD_DAYS)
    coming = [day for table in tables for day in table.days if today <= day <= last]
    if not coming:
        return None
    day = min(coming)
    return Window(start_of_day(day, zone), start_of_day(day + DAY, zone))


def next_season_change(
    calendars: Iterable[Calendar], at: Instant, zone: ZoneInfo, days: int
) -> Window | None:
    """The first `days` from the next day on which one of `calendars` goes by another plan."""
    today = local_day(at, zone)
    changes = [change for calendar in calendars for change in _plan_change(calendar, today)]
    if not changes:
        return None
    start = start_of_day(min(changes), zone)
    return Window(start, Instant(start + days * DAY_SECONDS))


def next_clock_change(at: Instant, zone: ZoneInfo) -> Window | None:
    """The next night in which the clocks of `zone` change, from noon to noon."""
    today = local_day(at, zone)
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if _offset(day, zone) != _offset(day + DAY, zone):
            return Window(
                first_instant(WallTime(day - DAY, _NOON_MINUTES), zone),
                first_instant(WallTime(day, _NOON_MINUTES), zone),
            )
    return None


def calendars_of(when: When) -> Iterator[Calendar]:
    """The calendars that hours go by, in written order."""
    return (time.calendar for time in times_of(when) if isinstance(time, During))


def _plan_change(calendar: Calendar, today: date) -> Iterator[date]:
    """The next day after `today` that another plan has, if there is one within the look-ahead."""
    if not calendar.seasons:
        return
    plan = _plan(calendar, today)
    for ahead in range(1, LOOK_AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        if _plan(calendar, day) != plan:
            yield day
            return


def _plan(calendar: Calendar, day: date) -> int | None:
    """Which season has `day`, None where the base week counts."""
    for place, season in enumerate(calendar.seasons):
        if season.when.has(day) if isinstance(season.when, YearDays) else day in season.when.days:
            return place
    return None


def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """How far local midnight of `day` lies from UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()
