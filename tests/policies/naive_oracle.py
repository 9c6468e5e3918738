"""A second opinion, instant by instant, that shares no time code and no algebra with the engine.

It reads the documents as plain dictionaries of texts (what a YAML loader that types nothing would
give), and answers one question: does this hold at the instant t? Civil time is W(t), the highest
wall time shown up to t: a stated time has come if and only if W(t) has reached it. Easter and the
public holidays come from the table of names of the `holidays` library.

An answer is (surely, possibly). Slow and plain on purpose; nothing here is to be optimised.
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


def permitted(docs: list[Doc], person: Doc, door: str, action: str, t: int) -> bool:
    """Whether the documents grant `action` at the access point `door` at the instant `t`."""
    granted = False
    for doc in docs:
        for rule in doc["policies"]:
            if not speaks_for(rule["doors"], door):
                continue
            applies = applies_at(doc, rule, person, t)
            if "deny" in rule and applies[1]:
                return False
            actions = rule.get("with", {}).get("actions", ["open"])
            granted = granted or ("allow" in rule and action in actions and applies[0])
    return granted


def speaks_for(doors: str | list[str], door: str) -> bool:
    """Whether a place, or one of several, is `door` or above it."""
    if isinstance(doors, list):
        return any(speaks_for(place, door) for place in doors)
    path = doors.split(":")[1].split("/")
    return door.split("/")[: len(path)] == path


def applies_at(doc: Doc, rule: Doc, person: Doc, t: int) -> Told:
    """The rule at the instant t, its `except` taken off."""
    zone = doc["time_zone"]
    if not within(rule, t, zone):
        return NO
    who = rule["allow"] if "allow" in rule else rule["deny"]
    told = YES if who == "anyone" else condition_at(who, person, t, zone)
    told = both(told, when_at(doc, rule.get("during", "always"), t))
    if "except" in rule:
        lifted = condition_at(rule["except"], person, t, zone)
        told = told[0] and not lifted[1], told[1] and not lifted[0]
    return told


def within(bounds: Doc, t: int, zone: str) -> bool:
    """`from` and `until` of a rule or a fact; an `until` date is still inside."""
    wall = highest_wall_time(t, zone)
    if "from" in bounds and wall.isoformat() < bounds["from"]:
        return False
    if "until" not in bounds:
        return True
    until: str = bounds["until"]
    if "T" in until:
        return wall.isoformat()[:16] < until
    return wall.date().isoformat() <= until


def condition_at(condition: Doc, person: Doc, t: int, zone: str) -> Told:
    """A condition of a person at the instant t."""
    if "all" in condition:
        told = YES
        for part in condition["all"]:
            told = both(told, condition_at(part, person, t, zone))
        return told
    if "any" in condition:
        told = NO
        for part in condition["any"]:
            told = either(told, condition_at(part, person, t, zone))
        return told
    if "age" in condition:
        return age_at(condition["age"], person, t, zone)
    if "terms" in condition:
        told = accepted_at("terms", condition["terms"], person, t)
        if "guardian" in condition:
            grown = age_at(condition["guardian"] + "+", person, t, zone)
            guardian = accepted_at("guardian", condition["terms"], person, t)
            told = both(told, either(grown, guardian))
        return told
    ((kind, wanted),) = condition.items()
    if kind in person.get("unknown", ()):
        return UNSURE
    for value in values_at(kind, person, t):
        if value == wanted or value.startswith(wanted + "/"):
            return YES
        if kind == "resident" and wanted == "municipality":
            return YES
    return NO


def values_at(kind: str, person: Doc, t: int) -> list[str]:
    """The values of the facts of one kind that hold at t; facts are in the tenant's zone, Oslo."""
    facts = [f for f in person.get("facts", []) if f["kind"] == kind]
    return [f["value"] for f in facts if within(f, t, "Europe/Oslo")]


def accepted_at(kind: str, wanted: str, person: Doc, t: int) -> Told:
    """Terms in that version or a later one."""
    if kind in person.get("unknown", ()):
        return UNSURE
    name, _, version = wanted.rpartition("-")
    for value in values_at(kind, person, t):
        accepted_name, _, accepted_version = value.rpartition("-")
        if accepted_name == name and int(accepted_version) >= int(version):
            return YES
    return NO


def age_at(wanted: str, person: Doc, t: int, zone: str) -> Told:
    """An age from the birth date, else from what is attested."""
    if "age" in person.get("unknown", ()):
        return UNSURE
    lowest, _, highest = wanted.rstrip("+").partition("-")
    if "born" in person:
        born, today = date.fromisoformat(person["born"]), highest_wall_time(t, zone).date()
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        holds = int(lowest) <= age and (not highest or age <= int(highest))
        return (holds, holds)
    attested = [int(value.rstrip("+")) for value in values_at("age", person, t)]
    surely = not highest and any(years >= int(lowest) for years in attested)
    too_old = bool(highest) and any(years > int(highest) for years in attested)
    return surely, not too_old


def when_at(doc: Doc, when: Any, t: int) -> Told:
    """`during` at the instant t."""
    if when == "always":
        return YES
    if isinstance(when, str):
        calendar, opening = when.split(".")
        return opening_at(doc, doc["calendars"][calendar], opening, t)
    told = YES if "all" in when else NO
    for part in when.get("all", when.get("any")):
        combine = both if "all" in when else either
        told = combine(told, when_at(doc, part, t))
    return told


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
