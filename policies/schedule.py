"""Civil time: what a stated date, hour or birthday is as an instant.

The one rule (policies.md, "Time"): a stated local time becomes *the first instant whose wall clock
reads at least the stated time*. Said point by point: a stated time has come once the highest wall
time shown so far reaches it. So a time the clock skips in spring comes when the clock jumps, and a
time it shows twice in autumn comes the first time; the map from stated times to instants is
monotone on both nights, which the offset a time zone library picks is not.

Years are bounded (`FIRST_YEAR` to `LAST_YEAR`), so that a document with the year 9999 is refused
rather than evaluated. `early`, `late` and lives are elapsed seconds and none of this module's.

Pure but for the time zone database that `zoneinfo` reads.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from policies.vocabulary import Instant

FIRST_YEAR = 1900
LAST_YEAR = 2199
COMMON_YEAR = 2025
"""Any year without a 29 February: its days are those that every year has."""

DAY = timedelta(days=1)
DAY_MINUTES = 24 * 60
_CLOCK_SECONDS = 2 * DAY_MINUTES * 60


class WallTime(NamedTuple):
    """A stated local time: a date and minutes after its 00:00, which may pass 24 hours."""

    day: date
    minutes: int


class DayClock(NamedTuple):
    """How the clock runs in the 48 hours from `start`, where it reads 00:00.

    `change` seconds on, it is put forward by `shift` seconds, or back where that is negative; a
    `change` after the 48 hours is none.
    """

    start: Instant
    change: int
    shift: int

    def first_instant(self, minutes: int) -> Instant:
        """The first instant the clock reads at least `minutes` after 00:00, 0 to 48 hours."""
        stated = 60 * minutes
        if stated < self.change:
            return Instant(self.start + stated)
        # put forward, it may jump over what is stated; put back, it must come so far again
        return Instant(self.start + max(self.change, stated - self.shift))


@lru_cache(maxsize=16_384)
def day_clock(day: date, zone: ZoneInfo) -> DayClock | None:
    """The clock of `day`; None where 00:00 is skipped.

    No zone of the database has changed its clock twice within three days since 1900, so in 48
    hours there is one change, or none.
    """
    start = start_of_day(day, zone)
    if _wall_clock(start, zone) != datetime(day.year, day.month, day.day, tzinfo=UTC):
        return None
    end = Instant(start + _CLOCK_SECONDS)
    offset = _offset_seconds(start, zone)
    shift = _offset_seconds(end, zone) - offset
    if not shift:
        return DayClock(start, _CLOCK_SECONDS + 1, 0)
    before, after = start, end
    while before + 1 < after:
        middle = Instant((before + after) // 2)
        if _offset_seconds(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return DayClock(start, after - start, shift)


def first_instant(stated: WallTime, zone: ZoneInfo) -> Instant:
    """The first instant at which the wall clock of `zone` reads at least `stated`."""
    if 0 <= stated.minutes <= 2 * DAY_MINUTES:
        clock = day_clock(stated.day, zone)
        if clock is not None:
            return clock.first_instant(stated.minutes)
    return _first_instant(stated, zone)


def _first_instant(stated: WallTime, zone: ZoneInfo) -> Instant:
    days, minutes = divmod(stated.minutes, DAY_MINUTES)
    day = stated.day + timedelta(days=days)
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    # fold=0 is the first of two showings; for a skipped time it lies after the jump
    instant = int(wall.timestamp())
    if _wall_clock(instant, zone) == wall.replace(tzinfo=UTC):
        return Instant(instant)
    before, after = int(wall.replace(fold=1).timestamp()), instant
    while before < after:
        middle = (before + after) // 2
        if _wall_clock(middle, zone) >= wall.replace(tzinfo=UTC):
            after = middle
        else:
            before = middle + 1
    return Instant(before)


def _offset_seconds(instant: Instant, zone: ZoneInfo) -> int:
    """How far the wall clock is ahead of UTC."""
    return int((_wall_clock(instant, zone) - datetime.fromtimestamp(instant, UTC)).total_seconds())


def _wall_clock(instant: int, zone: ZoneInfo) -> datetime:
    """What the wall clock shows, labelled UTC so that two readings compare as readings."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=UTC)


@lru_cache(maxsize=16_384)
def start_of_day(day: date, zone: ZoneInfo) -> Instant:
    """The first instant of `day`; where midnight is skipped, the jump."""
    return _first_instant(WallTime(day, 0), zone)


def local_day(at: Instant, zone: ZoneInfo) -> date:
    """The day whose hours `at` belongs to: the latest day that has started."""
    day = datetime.fromtimestamp(at, zone).date()
    # where clocks go back across midnight, the day before is shown again but does not return
    return day + DAY if start_of_day(day + DAY, zone) <= at else day


def birthday(born: date, age: int, zone: ZoneInfo) -> Instant:
    """The instant somebody turns `age`: 00:00 of the birthday, 1 March where 29 February is not."""
    year = born.year + age
    try:
        day = born.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    return start_of_day(day, zone)


@lru_cache(maxsize=512)
def easter_sunday(year: int) -> date:
    """The date of Western Easter (anonymous Gregorian computus, Nature, 20 April 1876)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, rest_centuries = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leaps, rest_years = divmod(of_century, 4)
    weekday = (32 + 2 * rest_centuries + 2 * leaps - epact - rest_years) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
