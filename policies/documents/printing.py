"""A document written as YAML, in the style of the examples.

Rules kept here (policies.md, "Properties"):
- what is written reads back as an equal document, and is then written the same again;
- what is said by leaving it out is left out: `life: 24h`, `actions: [open]`, `by: person`;
- weekdays with the same hours stand as one range, days of a list as ranges of dates.

Comments are not kept: a person's own file is changed by `policies.documents.editing`. Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import TypeVar

from policies.calendars import (
    CLOSED,
    AsWeekday,
    Calendar,
    DayHours,
    DayList,
    Hours,
    Season,
    Week,
    YearDays,
)
from policies.documents.keys import DOORS_OF_RECORD
from policies.documents.stated import WEEKDAYS, end_text, start_text
from policies.documents.yaml_writing import Written, entry, items
from policies.manner import PLAIN, Brings, CountedBy, Limits, Manner
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    Condition,
    Document,
    Doors,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    Effect,
    Listed,
    Recorded,
    Resident,
    Rule,
    When,
)
from policies.records import RecordName
from policies.schedule import DAY, DAY_MINUTES
from policies.vocabulary import Action

Plan = TypeVar("Plan")


def print_document(document: Document) -> str:
    """The document as YAML text; `policies.documents.document.parse_document` reads it back."""
    lines = [
        *entry("for", str(document.place), 0),
        *entry("time_zone", document.zone.key, 0),
    ]
    if document.day_lists:
        listed = {named.name: _day_list(named.days) for named in document.day_lists}
        lines += ["", *entry("days", listed, 0, forced=1)]
    if document.calendars:
        lines += ["", "calendars:"]
        for name, calendar in document.calendars.items():
            lines += [f"{' ' * 2}{line}" for line in _calendar_lines(name, calendar)]
    rules = [written_rule(rule) for rule in document.rules]
    lines += ["", "policies:", *items(rules, 0)]
    return "\n".join(lines) + "\n"


def written_rule(rule: Rule) -> Mapping[str, Written]:
    """The keys and values of a rule, in the order in which they are best read."""
    written: dict[str, Written] = {"id": rule.id, "doors": _doors(rule.doors)}
    if rule.effect is Effect.UNLOCK:
        written["unlock"] = (
            "anyone" if rule.after is None else {"after": written_condition(rule.after)}
        )
    else:
        written[rule.effect.value] = written_condition(rule.who)
    if rule.lifts is not None:
        written["except"] = written_condition(rule.lifts)
    if rule.effect is not Effect.DENY or rule.when != Always():
        written["during"] = _during(rule.when)
    if rule.start is not None:
        written["from"] = start_text(rule.start, rule.zone)
    if rule.end is not None:
        written["until"] = end_text(rule.end, rule.zone)
    if rule.switch is not None:
        written["active"] = {"switch": rule.switch}
    if rule.reason is not None:
        written["reason"] = rule.reason
    if rule.limits is not None:
        written["limits"] = _limits(rule.limits)
    manner = _manner(rule.manner, rule.after if rule.effect is Effect.ALLOW else None)
    return {**written, "with": manner} if manner else written


def written_condition(condition: Condition) -> Written:
    """The people of a rule as they are written."""
    match condition:
        case Anyone():
            return "anyone"
        case AllOf(parts):
            return {"all": [written_condition(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [written_condition(part) for part in parts]}
        case AgeBetween(lowest, highest):
            return {"age": f"{lowest}+" if highest is None else f"{lowest}-{highest}"}
        case Listed(kind, path):
            return {kind.value: path}
        case Resident(place):
            return {"resident": str(place)}
        case Accepted(terms, guardian):
            return {"terms": str(terms), **({} if guardian is None else {"guardian": guardian})}
        case Recorded(record, roles):
            return {record.kind.value: record.name, **({"as": roles} if roles else {})}


def _doors(doors: Doors) -> Written:
    if isinstance(doors, RecordName):
        return {doors.kind.value: f"{doors.name}{DOORS_OF_RECORD}"}
    places = [str(place) for place in doors]
    return places[0] if len(places) == 1 else places


def _during(when: When) -> Written:
    match when:
        case Always():
            return "always"
        case During(_, _, name):
            return name
        case DuringAll(parts):
            return {"all": [_during(part) for part in parts]}
        case DuringAny(parts):
            return {"any": [_during(part) for part in parts]}
        case DuringRecord(record, early, late):
            around = {"early": early, "late": late}
            return {
                record.kind.value: record.name,
                **{key: elapsed_text(seconds) for key, seconds in around.items() if seconds},
            }


def _limits(limits: Limits) -> Mapping[str, Written]:
    written: dict[str, Written] = {}
    if limits.visits is not None:
        written["visits"] = str(limits.visits)
    if limits.by is not CountedBy.PERSON:
        written["by"] = limits.by.value
    if limits.inside is not None:
        written["inside"] = limits.inside
    return {**written, "offline": limits.offline.value}


def _manner(manner: Manner, after: Condition | None) -> Mapping[str, Written]:
    written: dict[str, Written] = {}
    if manner.life_seconds != PLAIN.life_seconds:
        written["life"] = elapsed_text(manner.life_seconds)
    if manner.actions != PLAIN.actions:
        written["actions"] = [a.name.lower() for a in Action if a in manner.actions]
    if manner.share is not None:
        written["share"] = manner.share
    if manner.brings is not None:
        brings = manner.brings
        written["brings"] = brings.value if isinstance(brings, Brings) else brings
    if manner.two_people_seconds is not None:
        written["two-people"] = elapsed_text(manner.two_people_seconds)
    return written if after is None else {**written, "after": written_condition(after)}


def elapsed_text(seconds: int) -> str:
    """`8h`, `90m` or `30s`: the largest unit that says it in whole numbers."""
    for unit, name in ((3600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{name}"
    return f"{seconds}s"


def _calendar_lines(name: str, calendar: Calendar) -> Iterator[str]:
    openings = calendar.openings()
    yield from entry(
        name, {"holidays": _for_openings(calendar.holidays, openings, _holiday_hours)}, 0, forced=1
    )
    for opening in openings:
        yield from entry(opening, _week(calendar.weeks[opening]), 2)
    if calendar.seasons:
        seasons = [_season(season, openings) for season in calendar.seasons]
        yield from entry("seasons", seasons, 2, forced=1)
    dates = calendar.dates
    named: list[tuple[str, Mapping[str, DayHours]]] = [
        *(
            (f"{month:02}-{day:02}", dates.yearly[month, day])
            for month, day in sorted(dates.yearly)
        ),
        *((f"easter{days:+}", dates.from_easter[days]) for days in sorted(dates.from_easter)),
        *((day.isoformat(), dates.full[day]) for day in sorted(dates.full)),
    ]
    if named:
        of_dates = {on: _for_openings(plan, openings, _day_hours) for on, plan in named}
        yield from entry("dates", of_dates, 2, forced=1)


def _for_openings(
    plan: Mapping[str, Plan], openings: tuple[str, ...], written: Callable[[Plan], Written]
) -> Written:
    """One value for all openings where that may be said, else each by its name."""
    values = {opening: written(plan[opening]) for opening in openings}
    first = values[openings[0]]
    if len(openings) == 1:
        return first
    if first in ("closed", AsWeekday.AS_WEEKDAY.value) and set(map(str, values.values())) == {
        first
    }:
        return first
    return values


def _holiday_hours(hours: DayHours | AsWeekday) -> Written:
    return hours.value if isinstance(hours, AsWeekday) else _day_hours(hours)


def _day_hours(hours: DayHours) -> Written:
    if hours == CLOSED:
        return "closed"
    texts = [hours_text(stated) for stated in hours]
    return texts[0] if len(texts) == 1 else texts


def hours_text(hours: Hours) -> str:
    """`10:00-18:00`, or across midnight `22:00-02:30`."""
    end = hours.end if hours.end <= DAY_MINUTES else hours.end - DAY_MINUTES
    return f"{_time(hours.start)}-{_time(end)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _week(week: Week) -> Written:
    written: dict[str, Written] = {}
    for hours, group in groupby(range(7), key=lambda day: week[day]):
        days = [WEEKDAYS[day] for day in group]
        if hours != CLOSED:
            written[days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}"] = _day_hours(hours)
    return written or "closed"


def _season(season: Season, openings: tuple[str, ...]) -> Written:
    written: dict[str, Written]
    if isinstance(season.when, YearDays):
        written = {
            key: f"{month:02}-{day:02}"
            for key, (month, day) in (("from", season.when.first), ("to", season.when.last))
        }
    else:
        written = {"days": season.list_name or ""}
    if season.holidays is not None:
        written["holidays"] = _for_openings(season.holidays, openings, _holiday_hours)
    return written | {opening: _week(season.weeks[opening]) for opening in openings}


def _day_list(days: DayList) -> Written:
    covers = _dates(days.first_covered, days.last_covered)
    return {"covers": covers, "on": [_dates(first, last) for first, last in _stretches(days.days)]}


def _dates(first: date, last: date) -> str:
    return str(first) if first == last else f"{first}..{last}"


def _stretches(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """The days as unbroken stretches, both ends included."""
    ordered = sorted(days)
    first = last = ordered[0]
    for day in ordered[1:]:
        if day - last != DAY:
            yield first, last
            first = day
        last = day
    yield first, last
