"""OpenStreetMap's opening_hours, read by another implementation, as an oracle for same-day hours.

Compared: the intervals of a whole year for drawn schedules of one opening. Left out, since the
meaning differs by design (policies.md, "Decision"): hours across midnight (there a window belongs
to the day it starts, which implementations of opening_hours see differently) and public holidays
(ours are closed, open or as the weekday for each opening; the calendar here says `as-weekday`).

On the two daylight-saving nights only times in the changing hour are left out: a time that the
clock shows twice comes the first time here and the second time there, by W(t). What is stated
before 02:00 or from 03:00 on is compared on those nights as on others.
"""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import opening_hours
import pytest
from hypothesis import settings

from policies.engine import granted_windows
from policies.grant import Window
from policies.vocabulary import Action, Instant
from policies.windows import Windows, canonical
from tests.policies import written
from tests.policies.written import SIDE, Doc

OSLO = ZoneInfo("Europe/Oslo")
SCHEDULES = 200 * (settings().max_examples // settings.get_profile("short").max_examples)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANGING_HOUR = range(120, 180)
QUARTERS = [minute for minute in range(0, 24 * 60, 15) if minute not in CHANGING_HOUR]


def drawn_week(chance: random.Random) -> dict[str, list[str]]:
    """One to three stretches on most weekdays, never touching each other; some last to 24:00."""
    week: dict[str, list[str]] = {}
    for weekday in WEEKDAYS:
        count = chance.randint(0, 3)
        edges = sorted(chance.sample([*QUARTERS, 24 * 60], 2 * count))
        if edges:
            week[weekday] = [
                f"{time_text(start)}-{time_text(end)}"
                for start, end in zip(edges[::2], edges[1::2], strict=True)
            ]
    return week or {"mon": ["10:00-18:00"]}


def time_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def as_opening_hours(week: dict[str, list[str]]) -> str:
    """The same week in OpenStreetMap's words."""
    return "; ".join(f"{day[:2].capitalize()} {','.join(hours)}" for day, hours in week.items())


def intervals(expression: str, year: int) -> Windows:
    """The open intervals of a year as the other implementation tells them."""
    hours = opening_hours.OpeningHours(expression, timezone=OSLO)
    start, end = (datetime(y, 1, 1, tzinfo=OSLO) for y in (year, year + 1))
    return canonical(
        Window(Instant(int(begin.timestamp())), Instant(int(until.timestamp())))
        for begin, until, state, _ in hours.intervals(start, end)
        if state == opening_hours.State.OPEN
    )


@pytest.mark.parametrize("year", [2026, 2028])
def test_same_day_windows_are_those_of_opening_hours(year: int) -> None:
    chance = random.Random(year)
    start, end = (
        Instant(int(datetime(y, 1, 1, tzinfo=OSLO).timestamp())) for y in (year, year + 1)
    )
    nobody = written.subject({"facts": []})
    for _ in range(SCHEDULES // 2):
        week = drawn_week(chance)
        doc: Doc = written.document(
            written.rule(allow="anyone", during="c.open"),
            calendars={"c": {"holidays": "as-weekday", "open": week}},
        )
        policies = written.policies(doc)
        ours = granted_windows(policies, nobody, SIDE, Action.OPEN, Window(start, end))
        assert ours == intervals(as_opening_hours(week), year), week


def test_the_changing_hour_is_where_the_two_differ() -> None:
    night = date(2026, 10, 25)
    start = Instant(int(datetime(2026, 10, 25, tzinfo=OSLO).timestamp()))
    doc: Doc = written.document(
        written.rule(allow="anyone", during="c.open"),
        calendars={"c": {"holidays": "as-weekday", "open": {"sun": "02:30-03:30"}}},
    )
    span = Window(start, Instant(start + 86_400))
    nobody = written.subject({"facts": []})
    ours = granted_windows(written.policies(doc), nobody, SIDE, Action.OPEN, span)
    begins = [datetime(night.year, night.month, night.day, 2, 30, tzinfo=OSLO, fold=fold)
              for fold in (0, 1)]  # fmt: skip
    assert ours[0].start == begins[0].timestamp()
    theirs = intervals("Su 02:30-03:30", 2026)
    assert [w.start for w in theirs if span.start <= w.start < span.end] == [begins[1].timestamp()]
    assert begins[1].timestamp() - begins[0].timestamp() == timedelta(hours=1).total_seconds()
