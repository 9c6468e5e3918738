"""Which hours a day has: one test for each rule of the order, and for what cannot be told."""

import json
from datetime import date
from typing import Any

import pytest

from policies.calendars import Calendar, HolidayTable
from policies.documents.document import load_policies
from policies.grant import Window
from policies.model import During
from policies.schedule import start_of_day
from policies.vocabulary import Instant
from tests.policies import written
from tests.policies.written import instant

NOTHING = (False, False)
OPEN = (True, True)
UNSURE = (False, True)


def calendar(**keys: Any) -> Calendar:
    """One calendar with one opening `open`, on weekdays unless said otherwise."""
    plan = {"holidays": "closed", "open": {"mon-fri": "10:00-18:00"}, **keys}
    days = {"breaks": {"covers": "2026-10-01..2026-10-31", "on": ["2026-10-05..2026-10-09"]}}
    doc = written.document(
        written.rule(allow="anyone", during="c.open"), calendars={"c": plan}, days=days
    )
    rule = written.policies(doc).documents[0].rules[0]
    assert isinstance(rule.when, During)
    return rule.when.calendar


def at(opening: Calendar, text: str) -> tuple[bool, bool]:
    """Whether it is surely and possibly open at an instant in UTC."""
    start = instant(text)
    told = opening.windows("open", Window(start, Instant(start + 1)))
    return bool(told.surely), bool(told.possibly)


def test_a_weekday_that_is_not_written_is_closed() -> None:
    assert at(calendar(), "2026-10-16T08:00") == OPEN
    assert at(calendar(), "2026-10-17T08:00") == NOTHING


def test_several_hours_a_day_leave_the_gap_closed() -> None:
    opening = calendar(open={"wed": ["07:00-10:00", "18:00-22:00"]})
    assert at(opening, "2026-10-14T07:59") == OPEN
    assert at(opening, "2026-10-14T08:00") == NOTHING
    assert at(opening, "2026-10-14T16:00") == OPEN


def test_a_night_belongs_to_the_day_it_starts() -> None:
    opening = calendar(open={"fri": "20:00-02:30"})
    assert at(opening, "2026-10-17T00:29") == OPEN  # Saturday 02:29
    assert at(opening, "2026-10-17T00:30") == NOTHING
    assert at(opening, "2026-10-15T23:00") == NOTHING  # Friday 01:00


def test_a_closed_date_neither_cuts_the_night_before_nor_starts_one() -> None:
    opening = calendar(open={"mon-sun": "22:00-06:00"}, dates={"12-24": "closed"})
    assert at(opening, "2026-12-24T04:00") == OPEN
    assert at(opening, "2026-12-24T22:00") == NOTHING
    assert at(opening, "2026-12-25T04:00") == NOTHING


def test_a_holiday_neither_cuts_the_night_before_nor_starts_one() -> None:
    opening = calendar(open={"mon-sun": "22:00-06:00"})
    assert at(opening, "2027-05-17T03:00") == NOTHING  # the night from Whit Sunday, red too
    assert at(opening, "2026-05-01T03:00") == OPEN
    assert at(opening, "2026-05-01T21:00") == NOTHING


def test_twenty_four_hundred_is_the_end_of_the_day() -> None:
    opening = calendar(open={"wed": "10:00-24:00"})
    assert at(opening, "2026-10-14T21:58") == OPEN
    assert at(opening, "2026-10-14T22:00") == NOTHING


def test_hours_skipped_by_the_clock_are_no_window() -> None:
    opening = calendar(open={"mon-sun": "02:10-02:50"}, holidays="as-weekday")
    day = Window(
        start_of_day(date(2026, 3, 29), opening.zone), start_of_day(date(2026, 3, 30), opening.zone)
    )
    assert opening.windows("open", day) == ((), ())


def test_hours_shown_twice_are_over_after_the_first_showing() -> None:
    opening = calendar(open={"sun": "02:10-02:50"})
    assert at(opening, "2026-10-25T00:30") == OPEN
    assert at(opening, "2026-10-25T01:30") == NOTHING


def test_a_full_date_comes_before_easter_and_easter_before_a_yearly_date() -> None:
    hours = {"2027-03-24": "01:00-02:00", "easter-4": "03:00-04:00", "03-24": "05:00-06:00"}
    assert at(calendar(dates=hours), "2027-03-24T00:30") == OPEN
    del hours["2027-03-24"]
    assert at(calendar(dates=hours), "2027-03-24T02:30") == OPEN
    del hours["easter-4"]
    assert at(calendar(dates=hours), "2027-03-24T04:30") == OPEN


def test_a_day_before_easter_may_lie_in_the_year_before() -> None:
    opening = calendar(dates={"easter-87": "12:00-14:00"})
    assert at(opening, "2026-12-31T11:30") == OPEN  # Easter 2027 is 28 March
    assert at(opening, "2026-12-31T15:30") == NOTHING
    assert at(calendar(dates={"easter+99": "20:00-21:00"}), "2027-07-05T18:30") == OPEN


def test_a_date_comes_before_a_holiday_and_a_season() -> None:
    opening = calendar(
        dates={"05-17": "12:00-14:00"},
        seasons=[{"from": "05-01", "to": "05-31", "open": "closed"}],
    )
    assert at(opening, "2027-05-17T10:30") == OPEN
    assert at(opening, "2027-05-18T10:30") == NOTHING


def test_the_first_season_in_written_order_counts() -> None:
    seasons = [
        {"from": "07-01", "to": "07-31", "open": {"mon-sun": "12:00-13:00"}},
        {"from": "06-01", "to": "08-31", "open": {"mon-sun": "14:00-15:00"}},
    ]
    assert at(calendar(seasons=seasons), "2026-07-15T10:30") == OPEN
    assert at(calendar(seasons=seasons), "2026-07-15T12:30") == NOTHING
    assert at(calendar(seasons=seasons), "2026-08-15T12:30") == OPEN


def test_a_season_runs_across_new_year_with_both_ends_included() -> None:
    winter = [{"from": "12-20", "to": "01-05", "open": {"mon-sun": "20:00-21:00"}}]
    opening = calendar(seasons=winter, holidays="as-weekday")
    for inside in ("2026-12-20", "2026-12-31", "2027-01-01", "2027-01-05"):
        assert at(opening, f"{inside}T19:30") == OPEN
    for outside in ("2026-12-19", "2027-01-06"):
        assert at(opening, f"{outside}T19:30") == NOTHING


def test_a_plan_closed_all_week_is_closed_on_holidays_too() -> None:
    closed = calendar(open="closed", holidays="10:00-12:00")
    assert at(closed, "2027-05-17T08:30") == NOTHING
    assert at(calendar(holidays="10:00-12:00"), "2027-05-17T08:30") == OPEN


def test_the_holidays_of_a_season_come_before_those_of_the_calendar() -> None:
    spring = {"from": "05-01", "to": "05-31", "open": {"mon-fri": "10:00-18:00"}}
    opening = calendar(seasons=[{**spring, "holidays": "20:00-21:00"}], holidays="12:00-13:00")
    assert at(opening, "2027-05-17T18:30") == OPEN
    assert at(opening, "2027-12-25T11:30") == OPEN
    assert at(calendar(seasons=[spring], holidays="12:00-13:00"), "2027-05-17T10:30") == OPEN


def test_as_weekday_gives_a_holiday_the_hours_of_its_weekday() -> None:
    assert at(calendar(holidays="as-weekday"), "2027-05-17T08:30") == OPEN  # a Monday
    assert at(calendar(holidays="as-weekday"), "2026-05-17T08:30") == NOTHING  # a Sunday


def test_an_ordinary_sunday_is_no_holiday() -> None:
    opening = calendar(open={"sun": "10:00-12:00"}, holidays="closed")
    assert at(opening, "2026-10-18T08:30") == OPEN
    assert at(opening, "2026-05-24T08:30") == NOTHING  # Whit Sunday


def test_on_a_day_its_list_does_not_cover_an_opening_is_unknown() -> None:
    opening = calendar(seasons=[{"days": "breaks", "open": "closed"}])
    assert at(opening, "2026-10-06T10:00") == NOTHING
    assert at(opening, "2026-10-14T10:00") == OPEN
    assert at(opening, "2026-11-04T10:00") == UNSURE
    assert at(opening, "2026-11-04T20:00") == UNSURE


def test_hours_that_are_the_same_by_every_plan_are_known_without_the_list() -> None:
    same = calendar(seasons=[{"days": "breaks", "open": {"mon-fri": "10:00-18:00"}}])
    assert at(same, "2026-11-04T10:00") == OPEN
    assert at(same, "2026-11-04T20:00") == NOTHING


def test_a_date_decides_even_where_the_list_does_not_cover() -> None:
    opening = calendar(
        seasons=[{"days": "breaks", "open": "closed"}], dates={"2026-11-04": "12:00-14:00"}
    )
    assert at(opening, "2026-11-04T12:00") == OPEN
    assert at(opening, "2026-11-04T20:00") == NOTHING


def test_an_unknown_day_may_run_into_the_next_as_any_plan_in_question_would() -> None:
    night = {"days": "breaks", "open": {"mon-sun": "22:00-04:00"}}
    opening = calendar(seasons=[night], open={"mon-fri": "20:00-06:00"})
    # the list covers from 1 October; the night from 30 September is not told
    assert at(opening, "2026-10-01T01:00") == UNSURE
    assert at(opening, "2026-10-01T03:59") == UNSURE
    assert at(opening, "2026-10-01T04:00") == NOTHING


@pytest.mark.parametrize("text", ["2019-12-31T10:00", "2041-01-01T10:00", "9999-12-31T10:00"])
def test_years_without_a_table_of_holidays_are_unknown(text: str) -> None:
    assert at(calendar(), text) == UNSURE


def test_the_holidays_are_those_given_and_not_those_of_the_library() -> None:
    doc = written.document(
        written.rule(allow="anyone", during="c.open"),
        calendars={"c": {"holidays": "closed", "open": {"mon-sun": "10:00-18:00"}}},
    )
    invented = HolidayTable(2026, 2026, frozenset({date(2026, 10, 14)}))
    loaded = load_policies({"a": json.dumps(doc)}, written.PLACES, invented)
    when = loaded.documents[0].rules[0].when
    assert isinstance(when, During)
    assert at(when.calendar, "2026-10-14T10:00") == NOTHING
    assert at(when.calendar, "2026-12-25T10:00") == OPEN


def test_a_night_beyond_the_years_told_of_is_not_sure_whichever_span_is_asked_for() -> None:
    nightly = calendar(open={"mon-sun": "22:00-02:00"}, holidays="as-weekday")
    new_year = instant("2040-12-31T23:00")
    evening = Instant(new_year - 7200)
    told = nightly.windows("open", Window(evening, Instant(new_year + 86_400)))
    assert told.surely == (Window(evening, new_year),)
    assert told.possibly[-1].end == new_year + 86_400
    assert at(nightly, "2040-12-31T23:30") == UNSURE
