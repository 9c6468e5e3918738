"""The stated time rule on both nights, birthdays, Easter."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.schedule import (
    WallTime,
    birthday,
    day_clock,
    easter_sunday,
    first_instant,
    local_day,
    start_of_day,
)
from tests.policies.naive_hours import highest_wall_time
from tests.policies.written import instant

OSLO = ZoneInfo("Europe/Oslo")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
NIGHTS = [SPRING, AUTUMN, date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 6, 1)]
ZONES = ("Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut")


@pytest.fixture(autouse=True, scope="module")
def _nothing_kept() -> None:
    """What an earlier test had worked out is worked out again."""
    for kept in (day_clock, start_of_day, easter_sunday):
        kept.cache_clear()


@pytest.mark.parametrize(
    ("day", "minutes", "expected"),
    [
        (SPRING, 1 * 60 + 59, "2026-03-29T00:59"),
        (SPRING, 2 * 60, "2026-03-29T01:00"),
        (SPRING, 2 * 60 + 30, "2026-03-29T01:00"),
        (SPRING, 3 * 60, "2026-03-29T01:00"),
        (SPRING, 3 * 60 + 1, "2026-03-29T01:01"),
        (AUTUMN, 2 * 60, "2026-10-25T00:00"),
        (AUTUMN, 2 * 60 + 30, "2026-10-25T00:30"),
        (AUTUMN, 3 * 60, "2026-10-25T02:00"),
        (AUTUMN, 24 * 60, "2026-10-25T23:00"),
        (date(2026, 3, 27), 51 * 60 + 30, "2026-03-29T01:30"),  # 03:30 two days on
        (SPRING, 48 * 60, "2026-03-30T22:00"),
        (SPRING, 95 * 60, "2026-04-01T21:00"),
    ],
)
def test_a_stated_time_is_the_first_instant_the_wall_clock_reads_at_least_it(
    day: date, minutes: int, expected: str
) -> None:
    assert first_instant(WallTime(day, minutes), OSLO) == instant(expected)


stated = st.builds(WallTime, st.sampled_from(NIGHTS), st.integers(0, 2879))


@given(stated, stated, st.sampled_from(ZONES))
def test_local_time_to_utc_is_monotone(first: WallTime, second: WallTime, zone: str) -> None:
    def wall(time: WallTime) -> datetime:
        return datetime.combine(time.day, datetime.min.time(), UTC) + timedelta(
            minutes=time.minutes
        )

    earlier, later = sorted((first, second), key=wall)
    assert first_instant(earlier, ZoneInfo(zone)) <= first_instant(later, ZoneInfo(zone))


@settings(deadline=None)
@given(stated, st.sampled_from(ZONES))
def test_a_stated_time_has_come_once_the_highest_wall_time_reaches_it(
    time: WallTime, zone: str
) -> None:
    wall = datetime(time.day.year, time.day.month, time.day.day, tzinfo=UTC)
    wall += timedelta(minutes=time.minutes)
    at = first_instant(time, ZoneInfo(zone))
    assert highest_wall_time(at, zone) >= wall
    assert highest_wall_time(at - 1, zone) < wall


def test_a_day_that_has_started_does_not_end_when_its_midnight_is_shown_again() -> None:
    # Newfoundland set its clocks back from 00:01 to 23:01 until 2011
    zone = ZoneInfo("America/St_Johns")
    second_showing = instant("2010-11-07T02:40")
    assert datetime.fromtimestamp(second_showing, zone).date() == date(2010, 11, 6)
    assert local_day(second_showing, zone) == date(2010, 11, 7)


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/Oslo", "2026-10-14T21:59:59Z", date(2026, 10, 14)),
        ("Europe/Oslo", "2026-10-14T22:00", date(2026, 10, 15)),
        ("America/New_York", "2026-06-02T03:59:59Z", date(2026, 6, 1)),
        ("America/New_York", "2026-06-02T04:00", date(2026, 6, 2)),
    ],
)
def test_an_instant_belongs_to_the_day_the_wall_clock_of_the_zone_shows(
    zone: str, at: str, day: date
) -> None:
    assert local_day(instant(at), ZoneInfo(zone)) == day


def test_a_day_without_midnight_starts_when_the_clock_jumps() -> None:
    havana = ZoneInfo("America/Havana")
    assert start_of_day(date(2026, 3, 8), havana) == instant("2026-03-08T05:00")
    for skipped in (20, 30, 59, 60):
        at = first_instant(WallTime(date(2026, 3, 8), skipped), havana)
        assert at == instant("2026-03-08T05:00")
    assert first_instant(WallTime(date(2026, 3, 8), 61), havana) == instant("2026-03-08T05:01")


@pytest.mark.parametrize(
    ("born", "age", "expected"),
    [
        (date(2010, 3, 1), 18, "2028-02-29T23:00"),
        (date(2012, 2, 29), 15, "2027-02-28T23:00"),  # 1 March in a common year
        (date(2012, 2, 29), 16, "2028-02-28T23:00"),  # 29 February in a leap year
        (date(2000, 2, 29), 100, "2100-02-28T23:00"),  # 2100 is a common year
    ],
)
def test_an_age_is_turned_at_midnight_and_29_february_on_1_march(
    born: date, age: int, expected: str
) -> None:
    assert birthday(born, age, OSLO) == instant(expected)


def test_easter_is_the_easter_of_the_table_of_holidays() -> None:
    table = holidays.country_holidays("NO", years=range(1948, 2100), language="en_US")
    easters = {day for day, name in table.items() if "Easter Sunday" in name}
    assert easters == {easter_sunday(year) for year in range(1948, 2100)}


def test_the_zones_of_the_tests_exist_on_this_machine() -> None:
    assert set(ZONES) <= available_timezones()
