"""`calendar`: which hours an opening, an access point or a rule has on the days to come."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from policies.documents.opening_hours import Unsayable, opening_hours
from policies.documents.stated import parse_date
from policies.model import Always, Rule
from policies.schedule import LAST_YEAR, local_day
from policies.telling.calendar_sentences import hours_sentences
from policies.telling.nights import openings_of
from policies.telling.rule_sentences import rule_sentence
from policies.verbs.console import Console
from policies.verbs.days import DayOf, days_from, hours_of_rule, of_day, span_of
from policies.verbs.moments import day_text, told_windows
from policies.verbs.outcome import NO, YES, WrongCommand
from policies.verbs.sources import Town, read_town, the_moment
from policies.verbs.targets import OpeningTarget, PointTarget, RuleTarget, Target, target_of
from policies.vocabulary import AccessPointNumber
from policies.windows import Telling

MOST_DAYS = 800


@dataclass(frozen=True, slots=True)
class Line:
    """What is told of each day: the hours of one opening or rule, in its document's zone.

    `switch` is what a deny waits for besides.
    """

    name: str
    does: str
    zone: ZoneInfo
    told: Telling
    switch: str | None = None


def show_calendar(options: Namespace, console: Console) -> int:
    """`calendar CALENDAR.OPENING|ACCESS_POINT|RULE --from DATE --days N FILE…`."""
    town = read_town(options)
    target = target_of(town.policies, options.target)
    if options.opening_hours:
        return _export(target, console)
    if not 1 <= options.days <= MOST_DAYS:
        raise WrongCommand(f"expected 1 to {MOST_DAYS} days, got {options.days}")
    first = _first_day(options.first, town)
    lines = _lines(town, target, first, options.days)
    zone = lines[0].zone if lines else town.places.tenant.time_zone
    days = tuple(days_from(first, options.days, zone, town.policies.holidays, options.lang))
    for line in lines:
        for day in days:
            console.tell(_told(line, day))
    for sentence in _introduction(target, town, options, first):
        console.say(sentence, "  ")
    if lines:
        console.say()
        _show(days, lines, target, console)
    return YES


def _first_day(given: str | None, town: Town) -> date:
    if given is None:
        return local_day(the_moment(None, town.places), town.places.tenant.time_zone)
    try:
        first = parse_date(given)
    except ValueError as error:
        raise WrongCommand(str(error)) from None
    if first.year >= LAST_YEAR:
        raise WrongCommand(f"expected a day before {LAST_YEAR}, got {first}")
    return first


def _lines(town: Town, target: Target, first: date, count: int) -> tuple[Line, ...]:
    if isinstance(target, OpeningTarget):
        zone = target.calendar.zone
        span = span_of(first, count, zone)
        told = target.calendar.windows(target.opening, span)
        return (Line(target.name, "opening", zone, told),)
    if isinstance(target, RuleTarget):
        return (_line(target.rule, town, first, count),)
    return tuple(
        _line(rule, town, first, count, target.point)
        for rule in target.rules
        if not _holds_always(rule)
    )


def _line(
    rule: Rule, town: Town, first: date, count: int, point: AccessPointNumber | None = None
) -> Line:
    span = span_of(first, count, rule.zone)
    told = hours_of_rule(rule, town.policies.records, span, point)
    return Line(rule.id, rule.effect.value, rule.zone, told, rule.switch)


def _does(effect: str, switch: str | None) -> str:
    return effect if switch is None else f"{effect} while {switch} is on"


def _holds_always(rule: Rule) -> bool:
    return isinstance(rule.when, Always) and rule.start is None and rule.end is None


def _introduction(target: Target, town: Town, options: Namespace, first: date) -> list[str]:
    match target:
        case OpeningTarget():
            return [f"{target.name}: hours that begin on each day, in {target.calendar.zone.key}"]
        case RuleTarget():
            rule = target.rule
            said = [f"{target.name}: {rule_sentence(rule, town.policies, options.lang)}"]
            for during in dict.fromkeys(openings_of(rule.when)):
                sentences = hours_sentences(during, rule.effect, first, options.lang)
                said += ["", f"{during.name}:", *(f"  {sentence}" for sentence in sentences)]
            return said
        case PointTarget(name, _, rules):
            if not rules:
                return [f"{name}: no rule speaks for this access point"]
            said = [f"{name}: when its rules hold, for those they speak of"]
            always = [
                f"{r.id} ({_does(r.effect.value, r.switch)})" for r in rules if _holds_always(r)
            ]
            if always:
                said.append(f"at all times: {', '.join(always)}")
            return said


def _show(days: Sequence[DayOf], lines: Sequence[Line], target: Target, console: Console) -> None:
    if not isinstance(target, PointTarget):
        line = lines[0]
        nothing = "closed" if isinstance(target, OpeningTarget) else "–"
        console.table(
            ("day", "hours", "remarks"),
            [
                (
                    _day(day, days),
                    of_day(line.told, day.day, line.zone).text(line.zone, nothing),
                    day.remark,
                )
                for day in days
            ],
        )
        return
    rows: list[tuple[str, ...]] = []
    for day in days:
        head, remark = _day(day, days), day.remark
        for line in lines:
            hours = of_day(line.told, day.day, line.zone).text(line.zone, nothing="")
            if hours:
                rows.append((head, hours, _does(line.does, line.switch), line.name, remark))
                head = remark = ""
        if head:
            rows.append((head, "–", "", "", remark))
    console.table(("day", "hours", "does", "rule", "remarks"), rows)


def _day(day: DayOf, days: Sequence[DayOf]) -> str:
    """`Wed 14 Oct`, with the year on the first day shown and on the first of each year."""
    is_first = day.day == days[0].day or (day.day.month, day.day.day) == (1, 1)
    return f"{day_text(day.day)} {day.day.year}" if is_first else day_text(day.day)


def _told(line: Line, day: DayOf) -> dict[str, object]:
    hours = of_day(line.told, day.day, line.zone)
    return {
        "day": day.day.isoformat(),
        "name": line.name,
        "does": line.does,
        "windows": told_windows(hours.surely),
        "unknown": told_windows(hours.unknown),
        "is_holiday": day.is_holiday,
        "holiday": day.holiday,
        "clock_forward_seconds": day.clock_seconds,
    }


def _export(target: Target, console: Console) -> int:
    if not isinstance(target, OpeningTarget):
        raise WrongCommand(f"expected a CALENDAR.OPENING with --opening-hours, got {target.name!r}")
    try:
        said = opening_hours(target.calendar, target.opening)
    except Unsayable as error:
        console.tell({"opening": target.name, "opening_hours": None, "sentence": str(error)})
        console.say(f"no: {error}")
        return NO
    console.tell({"opening": target.name, "opening_hours": said})
    console.line(said)
    return YES
