"""Civil time and calendars for the naive oracle: W(t), stated times, the hours of a day.

Civil time is W(t), the highest wall time shown up to t: a stated time has come if and only if W(t)
has reached it. Easter and the public holidays come from the table of names of the `holidays`
library. An answer is (surely, possibly). It shares nothing with `policies.schedule` and
`policies.calendars`; slow and plain on purpose.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

Doc = dict[str, Any]
Told = tuple[bool, bool]

YES: Told = (True, True)
NO: Told = (False, False)
UNSURE: Told = (False, True)

FIRST_YEAR, LAST_YEAR = 2020, 2040
RED_DAYS = holidays.country_holidays("NO", years=range(FIRST_YEAR, LAST_YEAR + 1), language="en_US")
EASTER = {day.year: day for day, name in RED_DAYS.items() if "Easter Sunday" in name}
_QUARTER_HOUR = 900


@cache
def highest_wall_time(t: int, zone: str) -> datetime:
    """W(t); clocks change on quarter hours, so the seconds before one in the last hours suffice."""
    last_quarter = t - t % _QUARTER_HOUR - 1
    instants = [t, *range(last_quarter, t - 4 * 3600, -_QUARTER_HOUR)]
    return max(datetime.fromtimestamp(i, ZoneInfo(zone)).replace(tzinfo=UTC) for i in instants)


def has_come(stated: str, t: int, zone: str) -> bool:
    """Whether a date (its 00:00), a local date-time or an instant with Z has come."""
    if stated.endswith("Z"):
        return t >= datetime.fromisoformat(stated).timestamp()
    return highest_wall_time(t, zone).isoformat() >= stated


def is_past(stated: str, t: int, zone: str) -> bool:
    """Whether an end has come: that of a date is the end of that day."""
    if "T" in stated:
        return has_come(stated, t, zone)
    return highest_wall_time(t, zone).date().isoformat() > stated


def within(bounds: Doc, t: int, zone: str) -> bool:
    """`from` and `until` of a rule or a fact, where it has them."""
    return has_come(bounds.get("from", "0001"), t, zone) and not is_past(
        bounds.get("until", "9999"), t, zone
    )


def at_wall(day: date, hours: str) -> datetime:
    """A stated wall time; `24:00` is the next day's first."""
    hour, minute = map(int, hours.split(":"))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=hour, minutes=minute)


def both(first: Told, second: Told) -> Told:
    """Three-valued and."""
    return first[0] and second[0], first[1] and second[1]


def either(first: Told, second: Told) -> Told:
    """Three-valued or."""
    return first[0] or second[0], first[1] or second[1]


def opening_at(doc: Doc, calendar: Doc, opening: str, t: int) -> Told:
    """An opening at t: by what today says, and by what yesterday lets run past midnight."""
    wall = highest_wall_time(t, doc["time_zone"])
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        return UNSURE
    told = NO
    for day in (wall.date() - timedelta(days=1), wall.date()):
        plans = [
            [stretch(day, stated) for stated in hours]
            for hours in plans_of(doc, calendar, opening, day)
        ]
        is_told = all(hours == plans[0] for hours in plans) and day.year >= FIRST_YEAR
        for hours in plans:
            for begins, ends in hours:
                if begins <= wall < ends:
                    told = either(told, YES if is_told else UNSURE)
        if not is_told and day == wall.date():
            told = either(told, UNSURE)
    return told


def stretch(day: date, stated: str) -> tuple[datetime, datetime]:
    """Stated hours of a day as wall times; an end not after the start is the next day's."""
    start, end = stated.split("-")
    begins, ends = at_wall(day, start), at_wall(day, end)
    return begins, ends if ends > begins else ends + timedelta(days=1)


def plans_of(doc: Doc, calendar: Doc, opening: str, day: date) -> list[list[str]]:
    """The hours of a day; more than one list when a day list does not say which."""
    dates = calendar.get("dates", {})
    easters = [EASTER[year] for year in (day.year, day.year + 1) if year in EASTER]
    from_easter = [f"easter{(day - easter).days:+d}" for easter in easters]
    for written in (day.isoformat(), *from_easter, f"{day:%m-%d}"):
        if written in dates:
            return [hours_in(of_opening(dates[written], opening))]
    plans = []
    for season in calendar.get("seasons", []):
        if "days" in season:
            listed = doc["days"][season["days"]]
            first, last = listed["covers"].split("..")
            if not first <= day.isoformat() <= last:
                plans.append(hours_of(season, calendar, opening, day))
                continue
            has = any(is_in(day, written) for written in listed["on"])
        else:
            has = in_season(f"{day:%m-%d}", season["from"], season["to"])
        if has:
            return [*plans, hours_of(season, calendar, opening, day)]
    return [*plans, hours_of(calendar, calendar, opening, day)]


def in_season(day: str, first: str, last: str) -> bool:
    """MM-DD between two, over New Year when the first is the later."""
    return first <= day <= last if first <= last else day >= first or day <= last


def is_in(day: date, written: str) -> bool:
    """One day or a range of a day list."""
    first, _, last = written.partition("..")
    return first <= day.isoformat() <= (last or first)


def hours_of(plan: Doc, calendar: Doc, opening: str, day: date) -> list[str]:
    """A plan on a day: closed all week, then a public holiday, then the weekday."""
    week = plan[opening]
    if week == "closed" or all(hours == "closed" for hours in week.values()):
        return []
    red = of_opening(plan.get("holidays", calendar["holidays"]), opening)
    if day in RED_DAYS and red != "as-weekday":
        return hours_in(red)
    for written, hours in week.items():
        names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        first, _, last = written.partition("-")
        if names.index(first) <= day.weekday() <= names.index(last or first):
            return hours_in(hours)
    return []


def of_opening(plan: Any, opening: str) -> Any:
    """What a mapping says of one opening; what is bare is said of all."""
    return plan[opening] if isinstance(plan, dict) else plan


def hours_in(hours: str | list[str]) -> list[str]:
    """Closed, one stretch or several."""
    if hours == "closed":
        return []
    return hours if isinstance(hours, list) else [hours]
