"""The export to `opening_hours`: what it says, what it leaves unsaid, and that readers agree."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from opening_hours import OpeningHours

from policies.calendars import Calendar
from policies.documents.opening_hours import Unsayable, opening_hours
from policies.grant import Window
from policies.schedule import DAY, start_of_day
from policies.windows import Windows
from tests.policies.town_documents import POLICIES
from tests.policies.written import Doc, document, policies, rule

OSLO = ZoneInfo("Europe/Oslo")


def calendar(written: Doc) -> Calendar:
    read = policies(document(rule(allow="anyone"), calendars={"c": written}))
    return read.documents[0].calendars["c"]


def told_by_reader(said: str, day: date) -> Windows:
    """What opening-hours-py, by the holidays of Norway, says is open on `day`."""
    start, end = start_of_day(day, OSLO), start_of_day(day + DAY, OSLO)
    told = OpeningHours(said, timezone=OSLO, country="NO").intervals(
        datetime.fromtimestamp(start, OSLO), datetime.fromtimestamp(end, OSLO)
    )
    return tuple(
        Window(int(since.timestamp()), int(until.timestamp()))  # type: ignore[arg-type]
        for since, until, state, _ in told
        if str(state) == "open"
    )


def test_the_library_of_the_examples_reads_as_an_opening_hours() -> None:
    library = POLICIES.documents[0].calendars["torshov"]
    assert opening_hours(library, "staffed") == (
        "Mo-Fr 10:00-18:00; Sa 10:00-15:00; PH off; Jul 01-Jul 31 off;"
        " Jul 01-Jul 31 Mo-Fr 10:00-15:00; Jul 01-Jul 31 PH off;"
        " May 17 off; easter -4 days 10:00-14:00; 2026 Nov 20 off"
    )


def test_what_is_closed_all_week_is_off_even_on_holidays() -> None:
    shut = calendar({"holidays": {"a": "10:00-12:00"}, "a": "closed"})
    assert opening_hours(shut, "a") == "off"


def test_as_weekday_says_nothing_of_holidays() -> None:
    plain = calendar(
        {"holidays": "as-weekday", "a": {"mon": "10:00-12:00", "wed-sun": "00:00-24:00"}}
    )
    assert opening_hours(plain, "a") == "Mo 10:00-12:00; We-Su 00:00-24:00"


def test_the_first_written_season_comes_last_since_there_the_last_one_counts() -> None:
    seasons = [
        {"from": "06-15", "to": "06-20", "a": {"mon": "08:00-09:00"}},
        {"from": "06-01", "to": "08-31", "a": {"mon": "10:00-11:00"}},
    ]
    summer = calendar({"holidays": "closed", "a": {"mon": "12:00-13:00"}, "seasons": seasons})
    said = opening_hours(summer, "a")
    assert said.index("Jun 01-Aug 31") < said.index("Jun 15-Jun 20")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"holidays": "closed", "a": {"fri": "22:00-02:00"}}, "22:00-02:00"),
        (
            {"holidays": "closed", "a": {"mon": "10:00-12:00"},
             "seasons": [{"days": "breaks", "a": {"mon": "08:00-09:00"}}]},
            "the day list breaks",
        ),
    ],
)  # fmt: skip
def test_nights_and_day_lists_are_not_said_and_it_is_said_why(written: Doc, why: str) -> None:
    days = {"breaks": {"covers": "2026-08-01..2027-07-31", "on": ["2026-10-05"]}}
    read = policies(document(rule(allow="anyone"), days=days, calendars={"c": written}))
    with pytest.raises(Unsayable, match=why):
        opening_hours(read.documents[0].calendars["c"], "a")


def test_an_opening_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an opening of the calendar, got 'b'"):
        opening_hours(calendar({"holidays": "closed", "a": {"mon": "10:00-12:00"}}), "b")


def test_a_reader_of_opening_hours_opens_on_the_same_days_at_the_same_times() -> None:
    whole = calendar(
        {
            "holidays": {"a": "closed", "b": "07:00-22:00"},
            "a": {"mon-fri": "10:00-18:00", "sat": "10:00-15:00"},
            "b": {"mon-fri": ["07:00-10:00", "18:00-22:00"], "sun": "07:00-24:00"},
            "seasons": [
                {"from": "07-01", "to": "07-31",
                 "a": {"mon-fri": "10:00-15:00"}, "b": {"sat": "08:00-09:00"}},
                {"from": "12-20", "to": "01-06", "holidays": "as-weekday",
                 "a": "closed", "b": {"mon-sun": "09:00-10:00"}},
                {"from": "04-01", "to": "05-10", "holidays": {"a": "01:00-02:00", "b": "closed"},
                 "a": {"mon": "10:00-11:00"}, "b": {"wed": "09:00-10:00"}},
            ],
            "dates": {
                "05-17": "closed",
                "easter-4": {"a": "10:00-14:00", "b": "closed"},
                "easter+0": {"a": "closed", "b": "10:30-14:00"},
                "2027-11-20": {"a": "closed", "b": "18:00-22:00"},
            },
        }
    )  # fmt: skip
    for opening in whole.openings():
        said = opening_hours(whole, opening)
        day = date(2026, 12, 1)
        while day < date(2028, 2, 1):
            span = Window(start_of_day(day, OSLO), start_of_day(day + DAY, OSLO))
            assert told_by_reader(said, day) == whole.windows(opening, span).surely, (said, day)
            day += DAY
