"""Calendars and conditions, each alone, against the naive oracle around the drawn edges.

Alone they meet their edges far more often than inside whole documents (`test_law`).
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from policies.conditions import EVER, Person, tell
from policies.grant import Window
from policies.model import During
from policies.vocabulary import Instant
from policies.windows import Telling, contains
from tests.policies import drawn, naive_hours, naive_people, written
from tests.policies.drawn import often
from tests.policies.drawn_calendars import DAY_LISTS, DAYS, OPENINGS, TIMES, calendars, days, zones
from tests.policies.written import Doc


def instants_around(day: str, zone: str) -> list[Instant]:
    """Every stated time of the day and its neighbours, at each showing, give or take a second."""
    found: set[int] = set()
    for distance in (-1, 0, 1):
        local = date.fromisoformat(day) + timedelta(days=distance)
        for time in TIMES:
            wall = datetime.fromisoformat(f"{local}T{time}").replace(tzinfo=ZoneInfo(zone))
            found |= {int(wall.replace(fold=fold).timestamp()) for fold in (0, 1)}
    return [Instant(at + second) for at in sorted(found) for second in (-1, 0, 1)]


def told_at(told: Telling, at: Instant) -> tuple[bool, bool]:
    return contains(told.surely, at), contains(told.possibly, at)


@often(150)
@given(calendars, days, zones)
def test_an_opening_is_open_exactly_when_the_oracle_says(
    calendar: Doc, day: str, zone: str
) -> None:
    doc: dict[str, Any] = {
        "for": "building:town",
        "time_zone": zone,
        "days": DAY_LISTS,
        "calendars": {"c": calendar},
        "policies": [written.rule(allow="anyone", during=f"c.{opening}", id=opening)
                     for opening in OPENINGS],
    }  # fmt: skip
    around = instants_around(day, zone)
    span = Window(around[0], Instant(around[-1] + 1))
    for rule in written.policies(doc).documents[0].rules:
        assert isinstance(rule.when, During)
        told = rule.when.calendar.windows(rule.when.opening, span)
        edges = [edge for windows in told for window in windows for edge in window]
        beside = [Instant(edge + second) for edge in edges for second in (-1, 0)]
        for at in {*around, *(at for at in beside if span.start <= at < span.end)}:
            naive = naive_hours.opening_at(doc, calendar, rule.when.opening, at)
            assert told_at(told, at) == naive, (rule.id, at)


@often(150)
@given(drawn.conditions, drawn.people, zones, st.data())
def test_a_condition_holds_exactly_when_the_oracle_says(
    condition: Doc, person: Doc, zone: str, data: st.DataObject
) -> None:
    doc = {**written.document(written.rule(allow=condition)), "time_zone": zone}
    rule = written.policies(doc).documents[0].rules[0]
    told = tell(rule.who, Person(written.subject(person), EVER), rule.zone)
    edges = {edge for windows in told for window in windows for edge in window}
    near = [Instant(edge + second) for edge in edges for second in (-1, 0) if abs(edge) < 2**40]
    turned = data.draw(st.sampled_from((13, 15, 18)))
    if "born" in person:
        year = str(int(person["born"][:4]) + turned)
        for birthday in ("-02-28", "-03-01", person["born"][4:].replace("02-29", "03-01")):
            midnight = datetime.fromisoformat(year + birthday).replace(tzinfo=ZoneInfo(zone))
            near += [Instant(int(midnight.timestamp()) + second) for second in (-1, 0, 1)]
    for day in DAYS[:4]:
        near.append(Instant(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())))
    for at in near:
        naive = naive_people.condition_at(condition, person, at, zone)
        assert told_at(told, at) == naive, at
