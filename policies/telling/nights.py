"""The next concrete nights of a rule: the windows its hours make, as staff may check them by eye.

Rules kept here:
- a night is told by both its days: "fre 30. apr. 20.00 – lør 1. mai 02.30";
- public holidays are marked, by their names where they have one, and a public holiday on which the
  hours of that weekday do not begin is told as closed;
- of a rule for records such a day is told where a record lies on it;
- the people of a rule do not count, nor do its limits; the holidays are those of the policy set.

Pure but for the catalogues.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from policies.calendars import HolidayTable
from policies.compiled import CompiledRule, Shared, compile_rule
from policies.grant import Window
from policies.model import During, DuringAll, DuringAny, PolicySet, Rule, When
from policies.places import MUNICIPALITY
from policies.reading import LOOK_AHEAD_DAYS, records_around, times_at
from policies.records import Records
from policies.schedule import DAY, DAY_MINUTES, easter_sunday, local_day, start_of_day
from policies.telling.catalogues import catalogue
from policies.telling.language import Language
from policies.telling.saying_time import clock_text, last_day, short_day, shown_clock
from policies.vocabulary import DAY_SECONDS, Instant
from policies.windows import Windows, union

_READ_DAYS = (10, 40, 130, LOOK_AHEAD_DAYS)


@dataclass(frozen=True, slots=True)
class Night:
    """One window of a rule by the local day it starts on; no window on a red day that is closed."""

    day: date
    window: Window | None
    is_red: bool


def next_nights(policies: PolicySet, rule: Rule, at: Instant, count: int = 7) -> tuple[Night, ...]:
    """The next `count` windows of `rule` that end after `at`, with red days marked.

    Closed red days among them are told as well and not counted. Fewer where the next 400 days have
    fewer; none where no hours bound the rule.
    """
    ready = compile_rule(rule, MUNICIPALITY, Shared())
    windows: list[Window] = []
    for days in _READ_DAYS:
        span = Window(Instant(at - DAY_SECONDS), Instant(at + days * DAY_SECONDS))
        told = _windows(ready, span, policies.records)
        if told == (span,):
            continue
        # one that reaches the end of what was read may last longer
        windows = [w for w in told if w.end > at and (w.end < span.end or days == _READ_DAYS[-1])]
        if len(windows) >= count:
            break
    nights = [_night(window, rule.zone, policies.holidays) for window in windows[:count]]
    first = local_day(at if rule.start is None else max(at, rule.start), rule.zone)
    last = nights[-1].day if nights else first
    closed = _closed_days(rule, policies.holidays, first, last, nights)
    if ready.record is not None:
        closed = (night for night in closed if _is_booked(ready, night.day, policies.records))
    return tuple(sorted((*nights, *closed), key=lambda night: (night.day, night.window or ())))


def night_text(night: Night, zone: ZoneInfo, language: Language, today: date | None = None) -> str:
    """`fre 30. apr. 20.00 – lør 1. mai 02.30`, with the name of a red day.

    With the year where it is not that of `today`.
    """
    texts = catalogue(language)
    first = short_day(texts, night.day)
    if today is not None and night.day.year != today.year:
        first = texts.say("time.short.year", day=first, year=night.day.year)
    if night.window is None:
        said = texts.say("night.closed", first=first)
    else:
        start, end = (shown_clock(texts, at, zone) for at in night.window)
        ended = last_day(night.window.end, zone)
        if ended is not None:
            end = clock_text(texts, DAY_MINUTES)
        last = ended or local_day(night.window.end, zone)
        name = "night.same-day" if last == night.day else "night"
        said = texts.say(name, first=first, start=start, last=short_day(texts, last), end=end)
    if not night.is_red:
        return said
    red_day = holiday_name(night.day, language) or texts.say("red-day.unnamed")
    return texts.say("night.red", night=said, red_day=red_day)


def holiday_name(day: date, language: Language) -> str | None:
    """What a public holiday of Norway is called; None for a day that has no name here."""
    texts = catalogue(language)
    from_easter = (day - easter_sunday(day.year)).days
    names = (f"red-day.{day:%m-%d}", f"red-day.easter{from_easter:+}")
    return next((texts.say(name) for name in names if texts.has(name)), None)


def _windows(rule: CompiledRule, span: Window, records: Records) -> Windows:
    return union(*(told.surely for _, told in times_at(rule, None, span, records)))


def _is_booked(rule: CompiledRule, day: date, records: Records) -> bool:
    """Whether a record that the rule is read for lies on the day."""
    zone = rule.rule.zone
    whole = Window(start_of_day(day, zone), start_of_day(day + DAY, zone))
    return any(True for _ in records_around(rule, whole, records))


def _night(window: Window, zone: ZoneInfo, holidays: HolidayTable) -> Night:
    day = local_day(window.start, zone)
    return Night(day, window, day in holidays.days)


def _closed_days(
    rule: Rule, holidays: HolidayTable, first: date, last: date, nights: list[Night]
) -> Iterator[Night]:
    """The red days from `first` through `last` on which hours usually begin, but then do not."""
    begun = {night.day for night in nights}
    openings = tuple(openings_of(rule.when))
    day = first
    while day <= last:
        usual = any(d.calendar.weeks[d.opening][day.weekday()] for d in openings)
        if day in holidays.days and day not in begun and usual:
            yield Night(day, None, True)
        day += DAY


def openings_of(when: When) -> Iterator[During]:
    """The openings of calendars that `when` mentions, in written order."""
    if isinstance(when, During):
        yield when
    elif isinstance(when, (DuringAll, DuringAny)):
        for part in when.parts:
            yield from openings_of(part)
