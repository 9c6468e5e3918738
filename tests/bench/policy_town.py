"""A generated town to measure policies in: 1,000 rules, 5,000 doors, and people who live there.

200 buildings of 25 doors in four zones, each with a document of its own: staffed and self-service
hours with seasons, school holidays, red days and single dates; an evening; a hall for clubs; in
every second building a list of excluded people, a tenth of all rules. The municipality has rules on
every building. A door has between three and six rules. Everything is drawn from a fixed seed.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from policies.documents.document import load_policies
from policies.documents.place_file import parse_places
from policies.model import Fact, FactKind, PolicySet, Subject, parse_fact_value
from policies.public_holidays import norwegian_holidays
from policies.records import records_of
from policies.vocabulary import Instant, PersonId, parse_instant

BUILDINGS = 200
ZONES = ("entrance", "hall", "offices", "plant")
DOORS_OF_ZONE = (8, 6, 7, 4)
FIRST_INSTANT = parse_instant("2026-10-05T00:00:00Z")
WEEKS = 3
SEED = 20261014

Written = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyTown:
    """The policy set, and people as a register tells of them."""

    policies: PolicySet
    people: tuple[Subject, ...]


def build_town(people: int = 2_000) -> PolicyTown:
    """The town with `people` in it."""
    dice = Random(SEED)
    places = parse_places(json.dumps(_places()), "places.yaml")
    documents = {"municipality.yaml": _municipality()}
    documents |= {f"b{n}.yaml": _document(n, dice) for n in range(BUILDINGS)}
    policies = load_policies(
        {name: json.dumps(written, ensure_ascii=False) for name, written in documents.items()},
        places,
        norwegian_holidays(2020, 2040),
        records_of(()),
    )
    return PolicyTown(policies, tuple(person(n, dice) for n in range(people)))


def person(number: int, dice: Random) -> Subject:
    """Somebody with a birth date and two to six facts; one in a hundred has a bad mark."""
    held: list[Fact] = [_fact(FactKind.RESIDENT, "municipality", dice)]
    home = dice.randrange(BUILDINGS)
    drawn = (
        (0.6, FactKind.MEMBER, "library/adult"),
        (0.5, FactKind.TERMS, f"house-{dice.randint(2, 4)}"),
        (0.2, FactKind.MEMBER, f"club-{dice.randrange(BUILDINGS)}"),
        (0.1, FactKind.ROLE, f"staff-{home}"),
        (0.01, FactKind.ROLE, "caretaker"),
        (0.01, FactKind.LIST, f"excluded-{home}"),
    )
    held += [_fact(kind, value, dice) for chance, kind, value in drawn if dice.random() < chance]
    born = date(1940, 1, 1) + timedelta(days=dice.randrange(78 * 365))
    return Subject(PersonId(f"person-{number}"), born, tuple(held))


def random_instant(dice: Random) -> Instant:
    """An instant of the weeks that are measured."""
    return Instant(FIRST_INSTANT + dice.randrange(WEEKS * 7 * 86_400))


def _fact(kind: FactKind, value: str, dice: Random) -> Fact:
    start = Instant(FIRST_INSTANT - dice.randrange(1, 900) * 86_400)
    end = Instant(FIRST_INSTANT + dice.randrange(-30, 900) * 86_400)
    return Fact(kind, parse_fact_value(kind, value), start, end, "register")


def _places() -> Written:
    points: list[Written] = []
    for building in range(BUILDINGS):
        for zone, doors in zip(ZONES, DOORS_OF_ZONE, strict=True):
            for door in range(doors):
                points.append(
                    {
                        "id": f"b{building}/{zone}/{door}",
                        "number": str(len(points) + 1),
                        "controller": f"controller-{building}",
                        "name": f"{zone} {door}",
                        "listed": "true",
                    }
                )
    return {
        "tenant": {"id": "town", "name": "Town", "time_zone": "Europe/Oslo"},
        "facilities": [{"id": f"b{n}", "name": f"Building {n}"} for n in range(BUILDINGS)],
        "access_points": points,
        "registers": {
            "members": ["library/adult", *(f"club-{n}" for n in range(BUILDINGS))],
            "terms": ["house-4"],
            "roles": ["caretaker", "police", "cleaner", *(f"staff-{n}" for n in range(BUILDINGS))],
            "lists": [f"excluded-{n}" for n in range(BUILDINGS)],
            "residences": ["municipality"],
        },
    }


def _municipality() -> Written:
    return {
        "for": "municipality",
        "time_zone": "Europe/Oslo",
        "policies": [
            {"id": "police", "doors": "municipality", "allow": {"role": "police"},
             "during": "always"},
            {"id": "caretaker", "doors": "municipality", "allow": {"role": "caretaker"},
             "during": "always", "with": {"life": "8h"}},
        ],
    }  # fmt: skip


def _document(number: int, dice: Random) -> Written:
    opens = dice.randint(7, 10)
    building, entrance = f"building:b{number}", f"zone:b{number}/entrance"
    day = f"{opens:02}:00-{opens + 8:02}:00"
    early, late = f"07:00-{opens:02}:30", f"{opens + 8:02}:00-22:00"
    staffed = {"mon-fri": day, "sat": "10:00-15:00"}
    calendar = {
        "holidays": {"staffed": "closed", "self-service": "07:00-22:00", "evening": "as-weekday"},
        "staffed": staffed,
        "self-service": {"mon-fri": [early, late], "sun": "07:00-22:00"},
        "evening": {"mon-thu": "17:00-23:00", "fri-sat": "18:00-02:30"},
        "seasons": [
            {"from": "07-01", "to": "07-31", "staffed": {"mon-fri": "10:00-15:00"},
             "self-service": {"mon-fri": "07:00-20:00"}, "evening": "closed"},
            {"days": "school", "staffed": staffed, "self-service": {"mon-sun": "07:00-22:00"},
             "evening": "closed"},
        ],
        "dates": {"easter-4": {"staffed": "10:00-14:00", "self-service": "closed",
                               "evening": "closed"}, "05-17": "closed"},
    }  # fmt: skip
    member = {"member": "library"}
    clubs = [{"member": f"club-{dice.randrange(BUILDINGS)}"} for _ in range(3)]
    excluded = {"id": "excluded", "doors": building, "deny": {"list": f"excluded-{number}"}}
    adults = {"id": "adults", "doors": entrance, "during": "c.evening",
              "allow": {"all": [{"age": "18+"}, {"resident": "municipality"}]}}  # fmt: skip
    rules = [
        {"id": "staff", "doors": building, "allow": {"role": f"staff-{number}"},
         "during": "always", "with": {"life": "8h"}},
        {"id": "open", "doors": entrance, "allow": "anyone", "during": "c.staffed"},
        {"id": "self-service", "doors": entrance, "during": "c.self-service",
         "allow": {"all": [{"age": "15+"}, member, {"terms": "house-3", "guardian": "18"}]}},
        {"id": "hall", "doors": [f"zone:b{number}/hall", f"door:b{number}/entrance/0"],
         "allow": {"all": [{"any": clubs}, {"age": f"{dice.choice((13, 16, 18))}+"}]},
         "during": "c.evening", "from": "2026-08-15", "until": "2027-06-15"},
    ]  # fmt: skip
    rules.append(excluded if number % 2 else adults)
    return {
        "for": building,
        "time_zone": "Europe/Oslo",
        "days": {"school": {"covers": "2026-08-01..2027-07-31",
                            "on": ["2026-10-05..2026-10-09", "2027-02-22..2027-02-26"]}},
        "calendars": {"c": calendar},
        "policies": rules,
    }  # fmt: skip
