"""Strategies of civil time: days, stated times, hours, calendars and instants near their edges.

Drawn from edges: both daylight-saving nights of several zones, 29 February, public holidays,
midnight, New Year, one second either side of a stated time.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies.vocabulary import Instant

Doc = dict[str, Any]

NIGHTS = {
    "Europe/Oslo": ("2026-10-25", "2027-03-28"),
    "America/New_York": ("2026-11-01", "2027-03-14"),
    "Australia/Lord_Howe": ("2026-10-04", "2027-04-04"),
    "America/Havana": ("2026-11-01", "2027-03-14"),
    "America/Santiago": ("2026-09-06", "2027-04-03"),
    "Asia/Beirut": ("2026-10-24", "2027-03-28"),
    "Antarctica/Troll": ("2026-10-25", "2027-03-28"),
}
"""When a zone's clocks change: at two by an hour, by thirty minutes (Lord Howe), at midnight on or
back (Havana, Santiago, Beirut), by two hours (Troll)."""
DAYS = (
    "2026-10-24", "2026-10-25", "2026-10-26", "2027-03-27", "2027-03-28", "2027-03-29",
    "2026-12-24", "2026-12-31", "2027-01-01", "2027-05-17", "2028-02-28", "2028-02-29",
    "2028-03-01", "2027-02-28", "2027-03-01", "2026-10-14", "2026-10-01", "2026-10-04",
    "2026-11-01", "2027-03-14", "2027-04-03", "2027-04-04",
)  # fmt: skip
TIMES = ("00:00", "00:30", "01:30", "01:45", "02:00", "02:30", "03:00", "06:00", "10:00", "18:00",
         "22:30", "23:30")  # fmt: skip

zones = st.sampled_from(["Europe/Oslo", "Europe/Oslo", *NIGHTS])
days = st.sampled_from(DAYS)
times = st.sampled_from(TIMES)
date_times = st.builds("{}T{}".format, days, times)
bounds = st.one_of(days, date_times)


@st.composite
def stretches(draw: st.DrawFn) -> str:
    """Hours with a length; often across midnight."""
    start = draw(times)
    end = draw(st.sampled_from([*(time for time in TIMES if time != start), "24:00"]))
    return f"{start}-{end}"


day_hours = st.one_of(st.just("closed"), stretches(), st.lists(stretches(), min_size=1, max_size=3))
WEEK_SHAPES = (("mon-sun",), ("mon-fri", "sat-sun"), ("mon-thu", "sat"), ("sun",), ("tue", "wed"))


@st.composite
def weeks(draw: st.DrawFn) -> str | Doc:
    """A base week of one opening."""
    if draw(st.integers(0, 5)) == 0:
        return "closed"
    return {weekdays: draw(day_hours) for weekdays in draw(st.sampled_from(WEEK_SHAPES))}


OPENINGS = ("open", "early")
holiday_hours = st.one_of(st.just("as-weekday"), day_hours)


def every_opening(hours: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Closed for all, or each opening by name."""
    return st.one_of(st.just("closed"), st.fixed_dictionaries(dict.fromkeys(OPENINGS, hours)))


seasons = st.one_of(
    st.builds(
        lambda first, last, plans, holidays: {"from": first, "to": last, **plans, **holidays},
        st.sampled_from(["10-20", "12-15", "03-28", "01-01"]),
        st.sampled_from(["10-25", "01-10", "03-01", "12-31"]),
        st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
        st.one_of(st.just({}), st.fixed_dictionaries({"holidays": every_opening(holiday_hours)})),
    ),
    st.builds(
        lambda plans: {"days": "breaks", **plans},
        st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
    ),
)
date_keys = st.sampled_from(
    [*DAYS, "easter-4", "easter+0", "easter-87", "05-17", "12-24", "10-25", "03-28"]
)

calendars = st.builds(
    lambda plans, holidays, listed, dates: {
        "holidays": holidays, **plans,
        **({"seasons": listed} if listed else {}), **({"dates": dates} if dates else {}),
    },
    st.fixed_dictionaries(dict.fromkeys(OPENINGS, weeks())),
    every_opening(holiday_hours),
    st.lists(seasons, max_size=2),
    st.dictionaries(date_keys, every_opening(day_hours), max_size=3),
)  # fmt: skip

DAY_LISTS = {"breaks": {"covers": "2026-10-01..2027-03-28", "on": ["2026-10-24..2026-10-26",
                                                                  "2027-03-01"]}}  # fmt: skip


@st.composite
def instants(draw: st.DrawFn, zone: str = "Europe/Oslo") -> Instant:
    """Near an edge of `zone`: a stated time in an offset around, give or take a second."""
    day = draw(st.one_of(st.sampled_from(NIGHTS[zone]), days, days))
    wall = datetime.fromisoformat(f"{day}T{draw(times)}")
    shift = timedelta(days=draw(st.integers(-1, 1)), seconds=draw(st.integers(-1, 1)))
    fold = draw(st.integers(0, 1))
    here = int(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())
    return Instant(here + int(shift.total_seconds()))


def stated_instants(at: int, zone: str) -> set[Instant]:
    """Every stated time of the day around `at` and of the next, at each of its showings."""
    first = datetime.fromtimestamp(at, ZoneInfo(zone)).date()
    walls = [
        datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(zone))
        for day in (first, first + timedelta(days=1))
        for time in TIMES
    ]
    return {Instant(int(wall.replace(fold=fold).timestamp())) for wall in walls for fold in (0, 1)}
