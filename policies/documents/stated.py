"""The small texts of a document: dates, hours, weekdays, ages, lives.

Each parser reads one form, strictly, and raises a ValueError whose sentence says what was expected
and what was found. Times mean what `policies.schedule` says. Pure.
"""

import re
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from policies.calendars import Hours
from policies.grant import MAX_LIFE_SECONDS
from policies.manner import Period, Visits
from policies.model import AgeBetween
from policies.schedule import (
    COMMON_YEAR,
    DAY,
    DAY_MINUTES,
    FIRST_YEAR,
    LAST_YEAR,
    WallTime,
    first_instant,
    local_day,
    start_of_day,
)
from policies.vocabulary import Instant, parse_instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# The forms, as the schema for editors has them too; a text of the form may still be refused.
RULE_ID_FORM = re.compile(r"[a-z0-9-]{1,64}")
DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME_FORM = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
HOURS_FORM = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
MONTH_DAY_FORM = re.compile(r"([0-9]{2})-([0-9]{2})")
EASTER_FORM = re.compile(r"easter([+-][1-9][0-9]?|\+0)")
AGE_FORM = re.compile(r"(0|[1-9][0-9]{0,2})(?:\+|-(0|[1-9][0-9]{0,2}))")
YEARS_FORM = re.compile(r"[1-9][0-9]{0,2}")
ELAPSED_FORM = re.compile(r"([1-9][0-9]{0,3})([smh])")
COUNT_FORM = re.compile(r"[1-9][0-9]{0,6}")
VISITS_FORM = re.compile(r"([1-9][0-9]{0,3}) per ([a-z-]+)")

MAX_AROUND_SECONDS = 24 * 3600
MAX_TWO_PEOPLE_SECONDS = 300


def parse_date(text: str) -> date:
    """`2027-06-30`, from 1900 through 2199."""
    try:
        day = date.fromisoformat(text) if DATE_FORM.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            f"expected a date such as 2027-06-30 from {FIRST_YEAR} through {LAST_YEAR},"
            f" got {text!r}"
        )
    return day


def parse_date_range(text: str) -> tuple[date, date]:
    """`2026-10-05..2026-10-09`, both included, or one date."""
    first, dots, last = text.partition("..")
    days = parse_date(first), parse_date(last if dots else first)
    if days[0] > days[1]:
        raise ValueError(f"expected the earlier date first, got {text!r}")
    return days


def parse_start(text: str, zone: ZoneInfo) -> Instant:
    """A `from`: a date from its 00:00, or a local date-time."""
    return _parse_local(text, zone) if "T" in text else start_of_day(_parse_day(text), zone)


def parse_end(text: str, zone: ZoneInfo) -> Instant:
    """An `until`: a date through that day, or a local date-time, not included; `T24:00` is one."""
    day, _, time = text.partition("T")
    if time == "24:00":
        return start_of_day(parse_date(day) + DAY, zone)
    return _parse_local(text, zone) if "T" in text else start_of_day(_parse_day(text) + DAY, zone)


def _parse_day(text: str) -> date:
    """A date where a date-time may stand as well; somebody who wrote one is told its form."""
    if ":" in text:
        raise ValueError(f"expected a local date-time such as 2027-06-30T22:00, got {text!r}")
    return parse_date(text)


def start_text(at: Instant, zone: ZoneInfo) -> str:
    """A `from` as it may be written: the text that `parse_start` reads as `at`."""
    day = local_day(at, zone)
    if start_of_day(day, zone) == at:
        return day.isoformat()
    return _local_text(at, zone)


def end_text(at: Instant, zone: ZoneInfo) -> str:
    """An `until` as it may be written: the text that `parse_end` reads as `at`."""
    day = local_day(at, zone)
    through = day - DAY
    if start_of_day(day, zone) == at and through.year >= FIRST_YEAR:
        return through.isoformat()
    return _local_text(at, zone)


def _local_text(at: Instant, zone: ZoneInfo) -> str:
    """The minute the wall clock shows; a ValueError where nobody could have stated it."""
    text = datetime.fromtimestamp(at, zone).strftime("%Y-%m-%dT%H:%M")
    if _parse_local(text, zone) != at:
        raise ValueError(f"expected an instant a local date-time can state, got {at}")
    return text


def parse_moment(text: str, zone: ZoneInfo) -> Instant:
    """A moment: RFC 3339 in UTC with `Z`, or a local date-time; `T24:00` is one."""
    if text.endswith("Z"):
        try:
            at = parse_instant(text)
            parse_date(text[:10])
        except ValueError:
            raise ValueError(
                f"expected an instant such as 2026-10-14T17:00:00Z from {FIRST_YEAR} through"
                f" {LAST_YEAR}, got {text!r}"
            ) from None
        return at
    if "T" not in text:
        raise ValueError(f"expected a date-time such as 2026-10-14T19:00, got {text!r}")
    return parse_end(text, zone)


def _parse_local(text: str, zone: ZoneInfo) -> Instant:
    day, _, time = text.partition("T")
    return first_instant(WallTime(parse_date(day), _parse_time(time)), zone)


def _parse_time(text: str) -> int:
    match = TIME_FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a time such as 07:30, got {text!r}")
    return int(match[1]) * 60 + int(match[2])


@lru_cache(maxsize=4096)
def parse_hours(text: str) -> Hours:
    """`07:00-10:00`; an end at or before the start lies on the next day, `24:00` is an end."""
    match = HOURS_FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"expected closed or hours such as 07:00-10:00, got {text!r}")
    start = _parse_time(match[1])
    end = DAY_MINUTES if match[2] == "24:00" else _parse_time(match[2])
    if start == end:
        raise ValueError(f"expected hours with a length, got {text!r}: a whole day is 00:00-24:00")
    return Hours(start, end if end > start else end + DAY_MINUTES)


def parse_weekdays(text: str) -> range:
    """`mon` or `mon-fri`, as days counted from Monday = 0."""
    first, dash, last = text.partition("-")
    if first in WEEKDAYS and (last if dash else first) in WEEKDAYS:
        days = range(WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first) + 1)
        if days:
            return days
    raise ValueError(f"expected a weekday or a rising range such as mon-fri, got {text!r}")


def parse_month_day(text: str) -> tuple[int, int]:
    """`05-17`: a day that every year has, so not 02-29."""
    match = MONTH_DAY_FORM.fullmatch(text)
    try:
        day = date(COMMON_YEAR, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"expected a day of every year such as 05-17, got {text!r}")
    return day.month, day.day


def parse_easter(text: str) -> int:
    """`easter-4`: days after Easter Sunday, at most 99 either way."""
    match = EASTER_FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a day such as easter-4 or easter+1, got {text!r}")
    return int(match[1])


def parse_age(text: str) -> AgeBetween:
    """`15+`, or `13-17` with both included."""
    match = AGE_FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"expected an age such as 15+ or 13-17, got {text!r}")
    lowest, highest = int(match[1]), int(match[2]) if match[2] is not None else None
    if highest is not None and highest < lowest:
        raise ValueError(f"expected the lower age first, got {text!r}")
    return AgeBetween(lowest, highest)


def parse_years(text: str) -> int:
    """`18`, an age somebody turns."""
    if YEARS_FORM.fullmatch(text) is None:
        raise ValueError(f"expected an age such as 18, got {text!r}")
    return int(text)


def parse_life_seconds(text: str) -> int:
    """`15m` or `8h`, at most 24 hours, as seconds."""
    seconds = _elapsed_seconds(text, "mh")
    if not 0 < seconds <= MAX_LIFE_SECONDS:
        raise ValueError(f"expected a life such as 15m or 8h, at most 24h, got {text!r}")
    return seconds


def parse_around_seconds(text: str) -> int:
    """How long before or after a record: `15m` or `2h`, at most 24 hours, as seconds."""
    seconds = _elapsed_seconds(text, "mh")
    if not 0 < seconds <= MAX_AROUND_SECONDS:
        raise ValueError(f"expected a time such as 15m or 2h, at most 24h, got {text!r}")
    return seconds


def parse_two_people_seconds(text: str) -> int:
    """Within which the second person must present a key: `30s` or `2m`, at most 5 minutes."""
    seconds = _elapsed_seconds(text, "sm")
    if not 0 < seconds <= MAX_TWO_PEOPLE_SECONDS:
        raise ValueError(f"expected a time such as 30s or 2m, at most 5m, got {text!r}")
    return seconds


def _elapsed_seconds(text: str, units: str) -> int:
    """What is elapsed, 0 for what is no such time."""
    match = ELAPSED_FORM.fullmatch(text)
    if match is None or match[2] not in units:
        return 0
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def parse_count(text: str, most: int) -> int:
    """A number from 1 through `most`."""
    if COUNT_FORM.fullmatch(text) is None or int(text) > most:
        raise ValueError(f"expected a number from 1 through {most}, got {text!r}")
    return int(text)


def parse_visits(text: str) -> Visits:
    """`18 per calendar-year`: at most 9999 in each civil period."""
    match = VISITS_FORM.fullmatch(text)
    if match is None or match[2] not in tuple(Period):
        periods = ", ".join(Period)
        raise ValueError(
            f"expected visits such as 18 per calendar-year (of {periods}), got {text!r}"
        )
    return Visits(int(match[1]), Period(match[2]))
