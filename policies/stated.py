"""The small texts of a document: dates, hours, weekdays, ages, lives.

Each parser reads one form, strictly, and raises a ValueError whose sentence says what was expected
and what was found. Times mean what `policies.schedule` says. Pure.
"""

import re
from datetime import date
from zoneinfo import ZoneInfo

from policies.calendars import Hours
from policies.grant import MAX_LIFE_SECONDS
from policies.model import (
    AgeBetween,
)
from policies.schedule import (
    DAY,
    DAY_MINUTES,
    FIRST_YEAR,
    LAST_YEAR,
    WallTime,
    first_instant,
    start_of_day,
)
from policies.vocabulary import Instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_EASTER = re.compile(r"easter([+-][1-9][0-9]?|\+0)")
_AGE = re.compile(r"(0|[1-9][0-9]{0,2})(?:\+|-(0|[1-9][0-9]{0,2}))")
_YEARS = re.compile(r"[1-9][0-9]{0,2}")
_LIFE = re.compile(r"([1-9][0-9]{0,3})([mh])")
_COMMON_YEAR = 2025


def parse_date(text: str) -> date:
    """`2027-06-30`, from 1900 through 2199."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
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
    return _parse_local(text, zone) if "T" in text else start_of_day(parse_date(text), zone)


def parse_end(text: str, zone: ZoneInfo) -> Instant:
    """An `until`: a date through that day, or a local date-time, not included; `T24:00` is one."""
    day, _, time = text.partition("T")
    if time == "24:00":
        return start_of_day(parse_date(day) + DAY, zone)
    return _parse_local(text, zone) if "T" in text else start_of_day(parse_date(text) + DAY, zone)


def _parse_local(text: str, zone: ZoneInfo) -> Instant:
    day, _, time = text.partition("T")
    return first_instant(WallTime(parse_date(day), _parse_time(time)), zone)


def _parse_time(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a time such as 07:30, got {text!r}")
    return int(match[1]) * 60 + int(match[2])


def parse_hours(text: str) -> Hours:
    """`07:00-10:00`; an end at or before the start lies on the next day, `24:00` is an end."""
    match = _HOURS.fullmatch(text)
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
    match = _MONTH_DAY.fullmatch(text)
    try:
        day = date(_COMMON_YEAR, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"expected a day of every year such as 05-17, got {text!r}")
    return day.month, day.day


def parse_easter(text: str) -> int:
    """`easter-4`: days after Easter Sunday, at most 99 either way."""
    match = _EASTER.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a day such as easter-4 or easter+1, got {text!r}")
    return int(match[1])


def parse_age(text: str) -> AgeBetween:
    """`15+`, or `13-17` with both included."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected an age such as 15+ or 13-17, got {text!r}")
    lowest, highest = int(match[1]), int(match[2]) if match[2] is not None else None
    if highest is not None and highest < lowest:
        raise ValueError(f"expected the lower age first, got {text!r}")
    return AgeBetween(lowest, highest)


def parse_years(text: str) -> int:
    """`18`, an age somebody turns."""
    if _YEARS.fullmatch(text) is None:
        raise ValueError(f"expected an age such as 18, got {text!r}")
    return int(text)


def parse_life_seconds(text: str) -> int:
    """`15m` or `8h`, at most 24 hours, as seconds."""
    match = _LIFE.fullmatch(text)
    seconds = int(match[1]) * (60 if match[2] == "m" else 3600) if match else 0
    if not 0 < seconds <= MAX_LIFE_SECONDS:
        raise ValueError(f"expected a life such as 15m or 8h, at most 24h, got {text!r}")
    return seconds
