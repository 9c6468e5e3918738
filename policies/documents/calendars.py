"""The `days:` and `calendars:` of a document, read into calendars.

Rules kept here (policies.md, "Which hours a day has"):
- a mapping of openings names every opening of its calendar; bare hours only where there is one;
- `holidays` is required, so that nobody forgets to say what a public holiday does;
- a season says `from` and `to`, or `days: NAME` of a day list;
- each weekday, each day of a list and each date is written once.

Bounds keep one document cheap to evaluate. What a calendar means is `policies.calendars`. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from policies.calendars import (
    CLOSED,
    CLOSED_WEEK,
    AsWeekday,
    Calendar,
    Dates,
    DayHours,
    DayList,
    HolidayPlan,
    HolidayTable,
    Season,
    Week,
    YearDays,
)
from policies.documents.keys import CALENDAR, DAY_LIST, SEASON_BY_DATE, SEASON_BY_LIST
from policies.documents.source_tree import Faults, Near, Node
from policies.documents.stated import (
    WEEKDAYS,
    parse_date,
    parse_date_range,
    parse_easter,
    parse_hours,
    parse_month_day,
    parse_weekdays,
)
from policies.places import is_name
from policies.schedule import DAY

MAX_CALENDARS = 200
MAX_OPENINGS = 50
MAX_SEASONS = 50
MAX_DATES = 1_000
MAX_HOURS_A_DAY = 24
MAX_DAY_LISTS = 200
MAX_LIST_DAYS = 10 * 366
MAX_DAYS_LISTED = 20_000

_SEASON_KEYS = (*SEASON_BY_DATE.required, *SEASON_BY_LIST.required)

Plan = TypeVar("Plan")


@dataclass(frozen=True, slots=True)
class CalendarContext:
    """What a calendar is read against."""

    zone: ZoneInfo
    holidays: HolidayTable
    day_lists: Mapping[str, DayList]


def read_day_lists(node: Node, faults: Faults) -> Mapping[str, DayList]:
    """The named day lists of a document."""
    lists: dict[str, DayList] = {}
    left = MAX_DAYS_LISTED
    with faults.noted():
        for name, written in _at_most(node, MAX_DAY_LISTS, "day lists by name").items():
            with faults.noted():
                _require_name(written, name)
                listed = _read_day_list(written)
                lists[name] = listed
                left -= len(listed.days)
            if left < 0:
                raise node.fault(f"expected at most {MAX_DAYS_LISTED} days in all lists, got more")
    return MappingProxyType(lists)


def _read_day_list(node: Node) -> DayList:
    fields = node.fields("a day list", *DAY_LIST)
    first, last = fields["covers"].parsed("the days it covers", parse_date_range)
    if (last - first).days >= MAX_LIST_DAYS:
        raise fields["covers"].fault(f"expected at most {MAX_LIST_DAYS} days, got more")
    days: set[date] = set()
    for written in fields["on"].items("dates"):
        day, end = written.parsed("a date or a range of dates", parse_date_range)
        if day < first or end > last:
            raise written.fault(f"expected days from {first} through {last}, got {written.content}")
        while day <= end:
            if day in days:
                raise written.fault(f"expected each day once, got {day} twice")
            days.add(day)
            day += DAY
    return DayList(first, last, frozenset(days))


def read_calendars(node: Node, context: CalendarContext, faults: Faults) -> Mapping[str, Calendar]:
    """The calendars of a document by name."""
    calendars: dict[str, Calendar] = {}
    with faults.noted():
        for name, written in _at_most(node, MAX_CALENDARS, "calendars by name").items():
            with faults.noted():
                _require_name(written, name)
                calendars[name] = _read_calendar(written, context)
    return MappingProxyType(calendars)


def _at_most(node: Node, most: int, expected: str) -> Mapping[str, Node]:
    """The entries of the mapping here, at least one."""
    fields = node.mapping(expected)
    if len(fields) > most:
        raise node.fault(f"expected at most {most} {expected}, got {len(fields)}")
    return fields


def _read_calendar(node: Node, context: CalendarContext) -> Calendar:
    fields = node.mapping("a calendar")
    openings = tuple(name for name in fields if name not in CALENDAR.all)
    for opening in openings:
        _require_name(fields[opening], opening)
        if opening in _SEASON_KEYS:
            raise fields[opening].fault(f"expected the name of an opening, got the key {opening}")
    if "holidays" not in fields:
        raise node.fault("expected a calendar with holidays, got none")
    if not 1 <= len(openings) <= MAX_OPENINGS:
        count = len(openings) or "none"
        raise node.fault(f"expected at least one opening and at most {MAX_OPENINGS}, got {count}")
    seasons: tuple[Node, ...] = ()
    if "seasons" in fields:
        seasons = fields["seasons"].items("seasons")
        if len(seasons) > MAX_SEASONS:
            raise fields["seasons"].fault(f"expected at most {MAX_SEASONS} seasons, got more")
    return Calendar(
        context.zone,
        MappingProxyType({opening: _read_week(fields[opening]) for opening in openings}),
        _read_holidays(fields["holidays"], openings),
        tuple(_read_season(season, openings, context) for season in seasons),
        _read_dates(fields["dates"], openings) if "dates" in fields else Dates({}, {}, {}),
        context.holidays,
    )


def _read_week(node: Node) -> Week:
    if node.content == "closed":
        return CLOSED_WEEK
    week: dict[int, DayHours] = {}
    for name, written in node.mapping("closed, or hours by weekday").items():
        try:
            days = parse_weekdays(name)
        except ValueError as error:
            raise written.fault(str(error), Near(name, WEEKDAYS)) from None
        hours = _read_day_hours(written)
        for day in days:
            if day in week:
                raise written.fault(f"expected each weekday once, got {WEEKDAYS[day]} twice")
            week[day] = hours
    return tuple(week.get(day, CLOSED) for day in range(7))


def _read_day_hours(node: Node) -> DayHours:
    if node.content == "closed":
        return CLOSED
    listed = node.items("hours") if isinstance(node.content, tuple) else (node,)
    if len(listed) > MAX_HOURS_A_DAY:
        raise node.fault(f"expected at most {MAX_HOURS_A_DAY} hours a day, got {len(listed)}")
    return tuple(written.parsed("closed or hours", parse_hours) for written in listed)


def _read_for_every_opening(
    node: Node, openings: tuple[str, ...], read: Callable[[Node], Plan]
) -> Mapping[str, Plan]:
    """One reading for every opening: `closed` for all, bare only for one, or all by name."""
    if isinstance(node.content, Mapping):
        fields = node.fields("every opening of the calendar", openings)
        return MappingProxyType({opening: read(fields[opening]) for opening in openings})
    if node.content not in ("closed", AsWeekday.AS_WEEKDAY.value) and len(openings) > 1:
        raise node.fault(
            f"expected closed or a mapping of {', '.join(openings)}, got {node.described()}"
        )
    plan = read(node)
    return MappingProxyType(dict.fromkeys(openings, plan))


def _read_holidays(node: Node, openings: tuple[str, ...]) -> HolidayPlan:
    return _read_for_every_opening(node, openings, _read_holiday_hours)


def _read_holiday_hours(node: Node) -> DayHours | AsWeekday:
    if node.content == AsWeekday.AS_WEEKDAY.value:
        return AsWeekday.AS_WEEKDAY
    return _read_day_hours(node)


def _read_season(node: Node, openings: tuple[str, ...], context: CalendarContext) -> Season:
    keys = SEASON_BY_LIST if "days" in node.mapping("a season") else SEASON_BY_DATE
    fields = node.fields("a season", (*keys.required, *openings), keys.optional)
    when: YearDays | DayList
    list_name: str | None = None
    if "days" in fields:
        list_name = fields["days"].one_of("a known day list", context.day_lists)
        when = context.day_lists[list_name]
    else:
        when = YearDays(
            fields["from"].parsed("a day such as 07-01", parse_month_day),
            fields["to"].parsed("a day such as 07-31", parse_month_day),
        )
    holidays = _read_holidays(fields["holidays"], openings) if "holidays" in fields else None
    weeks = {opening: _read_week(fields[opening]) for opening in openings}
    return Season(when, MappingProxyType(weeks), holidays, list_name)


def _read_dates(node: Node, openings: tuple[str, ...]) -> Dates:
    full: dict[date, Mapping[str, DayHours]] = {}
    from_easter: dict[int, Mapping[str, DayHours]] = {}
    yearly: dict[tuple[int, int], Mapping[str, DayHours]] = {}
    for name, written in _at_most(node, MAX_DATES, "dates").items():
        hours = _read_for_every_opening(written, openings, _read_day_hours)
        try:
            if name.startswith("easter"):
                from_easter[parse_easter(name)] = hours
            elif len(name) == len("MM-DD"):
                yearly[parse_month_day(name)] = hours
            else:
                full[parse_date(name)] = hours
        except ValueError as error:
            raise written.fault(str(error)) from None
    return Dates(MappingProxyType(full), MappingProxyType(from_easter), MappingProxyType(yearly))


def _require_name(node: Node, name: str) -> None:
    if not is_name(name) or "." in name or "/" in name:
        raise node.fault(f"expected a name of lower-case letters, digits and -, got {name!r}")
