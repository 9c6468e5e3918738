"""The hours of an opening in words: the week, public holidays, seasons and single days.

Rules kept here:
- an end is the last moment to go in: "may enter";
- hours past midnight name the night: "the night to Saturday until 02:30";
- a public holiday is other than an ordinary Sunday; as a weekday it has the hours of whatever day
  of the week it is, with an example;
- on a day that is closed no opening begins; the night from the day before goes on.

Dates and seasons are told in the order they count (policies.md, "Which hours a day has"). Pure but
for the catalogues.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from policies.calendars import AsWeekday, Calendar, DayHours, Season, Week, YearDays
from policies.model import During, Effect
from policies.schedule import COMMON_YEAR, DAY, DAY_MINUTES
from policies.telling.catalogues import Catalogue, catalogue
from policies.telling.language import Language
from policies.telling.saying_time import clock_text, day_text, weekday_text
from policies.telling.sentences import Sentence, begun, read_sentence

_EXAMPLE = (5, 17)


def hours_sentences(
    during: During, effect: Effect, today: date, language: Language
) -> tuple[Sentence, ...]:
    """What the hours of `during` are to a rule of this `effect`, a sentence for each thing.

    The example of a public holiday is the first after `today`.
    """
    texts, calendar, opening = catalogue(language), during.calendar, during.opening
    said = [
        texts.say(f"calendar.{effect.value}", hours=_week_text(texts, calendar.weeks[opening])),
        *_holiday(texts, calendar.holidays[opening], today),
        *(line for season in calendar.seasons for line in _season(texts, season, opening)),
        *_dates(texts, calendar, opening),
    ]
    return tuple(read_sentence(begun(sentence)) for sentence in said)


def _week_text(texts: Catalogue, week: Week) -> str:
    """`mandag–fredag 10.00–18.00, lørdag 10.00–15.00`; days that follow with equal hours as one."""
    groups: list[tuple[int, int, DayHours]] = []
    for day, hours in enumerate(week):
        if groups and groups[-1][2] == hours:
            groups[-1] = (groups[-1][0], day, hours)
        else:
            groups.append((day, day, hours))
    lines = [
        texts.say(
            "calendar.line",
            days=_days_text(texts, first, last),
            hours=_hours_text(texts, hours, first if first == last else None),
        )
        for first, last, hours in groups
        if hours
    ]
    return texts.join("comma", lines) if lines else texts.say("calendar.never")


def _days_text(texts: Catalogue, first: int, last: int) -> str:
    begins = weekday_text(texts, first)
    if first == last:
        return begins
    return texts.say("calendar.days", first=begins, last=weekday_text(texts, last))


def _hours_text(texts: Catalogue, hours: DayHours, weekday: int | None) -> str:
    """The hours of a day; `weekday` where it is one and the same."""
    said = []
    for stated in hours:
        start, end = clock_text(texts, stated.start), clock_text(texts, stated.end)
        if stated.end <= DAY_MINUTES:
            said.append(texts.say("calendar.hours", start=start, end=end))
        elif weekday is None:
            said.append(texts.say("calendar.overnight.each", start=start, end=end))
        else:
            following = weekday_text(texts, (weekday + 1) % 7)
            said.append(texts.say("calendar.overnight", start=start, end=end, next=following))
    return texts.join("and", said) if said else texts.say("calendar.closed")


def _holiday(texts: Catalogue, plan: DayHours | AsWeekday, today: date) -> Iterator[str]:
    if isinstance(plan, AsWeekday):
        yield texts.say("holiday.as-weekday", example=_example(texts, today))
    elif plan:
        yield texts.say("holiday.hours", hours=_hours_text(texts, plan, None))
    else:
        yield texts.say("holiday.closed")


def _example(texts: Catalogue, today: date) -> str:
    day = date(today.year, *_EXAMPLE)
    if day < today:
        day = date(today.year + 1, *_EXAMPLE)
    return texts.say(
        "holiday.example", day=day_text(texts, day), weekday=weekday_text(texts, day.weekday())
    )


def _season(texts: Catalogue, season: Season, opening: str) -> Iterator[str]:
    name = _season_name(texts, season)
    week = season.weeks[opening]
    hours = _week_text(texts, week) if any(week) else texts.say("calendar.closed")
    yield texts.say("season", season=name, hours=hours)
    if season.holidays is None or not any(week):
        return
    plan = season.holidays[opening]
    if isinstance(plan, AsWeekday):
        yield texts.say("season.holiday.as-weekday", season=name)
    elif plan:
        yield texts.say("season.holiday.hours", season=name, hours=_hours_text(texts, plan, None))
    else:
        yield texts.say("season.holiday.closed", season=name)


def _season_name(texts: Catalogue, season: Season) -> str:
    if not isinstance(season.when, YearDays):
        return texts.say("season.list", name=season.list_name)
    ends = (_yearly(texts, day) for day in (season.when.first, season.when.last))
    first, last = ends
    return texts.say("season.days", first=first, last=last)


def _dates(texts: Catalogue, calendar: Calendar, opening: str) -> Iterator[str]:
    dates = calendar.dates
    for day, hours in sorted(dates.full.items()):
        before = day_text(texts, day - DAY)
        yield _date(texts, day_text(texts, day), before, hours[opening], calendar, opening)
    for distance, hours in sorted(dates.from_easter.items()):
        name, before = _from_easter(texts, distance), _from_easter(texts, distance - 1)
        yield _date(texts, name, before, hours[opening], calendar, opening)
    for (month, of_month), hours in sorted(dates.yearly.items()):
        day = date(COMMON_YEAR, month, of_month)
        yield _date(
            texts, _yearly(texts, (month, of_month)), day_text(texts, day - DAY, with_year=False),
            hours[opening], calendar, opening,
        )  # fmt: skip


def _date(
    texts: Catalogue,
    day: str,
    before: str,
    hours: DayHours,
    calendar: Calendar,
    opening: str,
) -> str:
    """One day: its own hours, or that no opening begins, and what the night before does."""
    if hours:
        return texts.say("date.hours", Day=begun(day), hours=_hours_text(texts, hours, None))
    until = _nights_end(calendar, opening)
    if until is None:
        return texts.say("date.closed", day=day)
    return texts.say("date.closed.night", day=day, before=before, clock=clock_text(texts, until))


def _nights_end(calendar: Calendar, opening: str) -> int | None:
    """When the nights of the opening end, in minutes; None where there are none or they differ."""
    weeks: Sequence[Week] = (
        calendar.weeks[opening], *(season.weeks[opening] for season in calendar.seasons),
    )  # fmt: skip
    ends = {h.end for week in weeks for day in week for h in day if h.end > DAY_MINUTES}
    return ends.pop() if len(ends) == 1 else None


def _yearly(texts: Catalogue, day: tuple[int, int]) -> str:
    return day_text(texts, date(COMMON_YEAR, *day), with_year=False)


def _from_easter(texts: Catalogue, distance: int) -> str:
    """`skjærtorsdag`, or so many days before or after Easter Sunday."""
    name = f"red-day.easter{distance:+}"
    if texts.has(name):
        return texts.say(name)
    return texts.count("easter.before" if distance < 0 else "easter.after", abs(distance))
