"""What the exported Cedar policies are asked with: facts of an instant, worked out apart from us.

The facts are those that `policies.cedar.export` lists at the head of its text. They come from the
naive oracle's W(t), the `holidays` library's names and plain sets; no time code of the engine.
"""

import json
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.policies.naive_hours import EASTER, RED_DAYS, highest_wall_time
from tests.policies.naive_people import is_unknown, values_at
from tests.policies.written import Doc

SETS = {"member": "members", "role": "roles", "list": "lists", "resident": "residences"}


def request(t: int, zones: tuple[str, ...], action: str, door: str) -> dict[str, Any]:
    """One request at an instant; every switch is known to be off."""
    return {
        "principal": {"type": "Person", "id": "kari"},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Place", "id": f"door:{door}"},
        "context": {
            "now": t,
            "switches_off": ["lockdown/town"],
            "local": {zone: local_time(t, zone) for zone in zones},
        },
    }


def local_time(t: int, zone: str) -> Doc:
    """The civil time of an instant in one zone."""
    wall = highest_wall_time(t, zone)
    return {
        "wall": int(f"{wall:%Y%m%d%H%M}"),
        "minute": wall.hour * 60 + wall.minute,
        "today": day_facts(wall.date()),
        "yesterday": day_facts(wall.date() - timedelta(days=1)),
    }


@lru_cache(maxsize=4096)
def day_facts(day: date) -> Doc:
    """What is to be known of a day."""
    sundays = [EASTER[year] for year in (day.year - 1, day.year, day.year + 1) if year in EASTER]
    return {
        "date": int(f"{day:%Y%m%d}"),
        "month_day": int(f"{day:%m%d}"),
        "weekday": day.isoweekday(),
        "easter": min(((day - sunday).days for sunday in sundays), key=abs),
        "holiday": day in RED_DAYS,
    }


def person_entity(person: Doc, t: int) -> str:
    """The person as an entity with the facts that hold at t; what nobody can tell is left out."""
    attributes: Doc = {}
    if not is_unknown("age", person, t):
        attested = [int(value.rstrip("+")) for value in values_at("age", person, t)]
        if "born" in person:
            attributes["born"] = int(datetime.fromisoformat(person["born"]).strftime("%Y%m%d"))
        elif attested:
            attributes["attested"] = max(attested)
    for kind, name in SETS.items():
        if not is_unknown(kind, person, t):
            attributes[name] = sorted(
                {path for value in values_at(kind, person, t) for path in paths(kind, value)}
            )
    for kind in ("terms", "guardian"):
        if not is_unknown(kind, person, t):
            versions: dict[str, int] = {}
            for value in values_at(kind, person, t):
                name, _, version = value.rpartition("-")
                versions[name] = max(int(version), versions.get(name, 0))
            attributes[kind] = versions
    return json.dumps({"uid": {"type": "Person", "id": "kari"}, "attrs": attributes, "parents": []})


def paths(kind: str, value: str) -> list[str]:
    """A path and every path above it; for a residence, the places."""
    if kind == "resident":
        return ["municipality", value]
    segments = value.split("/")
    return ["/".join(segments[:length]) for length in range(1, len(segments) + 1)]
