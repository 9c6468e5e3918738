"""Answers about all people of a large municipality at once: who can open, and what an edit does.

The people are drawn with a fixed seed, as registers have them: memberships that end on dates all
over the coming years, terms accepted at any second, exclusions of days to months. They are told one
by one and not kept. Times are CPU times of this thread.
"""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta

from policies.analysis.impact import Impact, impact
from policies.analysis.population import Population
from policies.analysis.who import WhoAnswer, who
from policies.documents.document import load_policies
from policies.documents.place_file import parse_places
from policies.model import Fact, FactKind, PolicySet, Subject, Terms
from policies.places import Place
from policies.public_holidays import norwegian_holidays
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId, parse_instant
from tests.bench.measuring import Measure, Samples

PEOPLE = 700_000
ROUNDS = 30
NOW = parse_instant("2026-10-14T17:00:00Z")
DAY = 86_400
MAIN = AccessPointNumber(1)

_PLACES = {
    "tenant": {"id": "by", "name": "By", "time_zone": "Europe/Oslo"},
    "facilities": [{"id": "torshov", "name": "Torshov"}, {"id": "ekeberg", "name": "Ekeberg"}],
    "access_points": [
        {"id": path, "number": str(number), "controller": path.split("/")[0], "name": path,
         "listed": "true"}
        for number, path in enumerate(
            ("torshov/entrance/main", "torshov/entrance/side", "torshov/office",
             "ekeberg/hall/north"), 1
        )
    ],
    "registers": {
        "members": ["deichman/adult", "deichman/youth"], "terms": ["meråpent-3"],
        "roles": ["torshov-staff", "cleaner", "emergency-services"], "lists": ["excluded"],
        "residences": ["municipality"], "switches": [], "bookings": [], "assignments": [],
    },
}  # fmt: skip


def _library(self_service: str) -> str:
    """The document of a library whose doors its members open from 07:00 to `self_service`."""
    return json.dumps({
        "for": "building:torshov", "time_zone": "Europe/Oslo",
        "calendars": {
            "torshov": {
                "holidays": {"staffed": "closed", "self-service": f"07:00-{self_service}"},
                "staffed": {"mon-fri": "10:00-18:00", "sat": "10:00-15:00"},
                "self-service": {"mon-sun": f"07:00-{self_service}"},
                "seasons": [{"from": "07-01", "to": "07-31", "staffed": {"mon-fri": "10:00-15:00"},
                             "self-service": {"mon-fri": f"07:00-{self_service}"}}],
            },
            "night": {"holidays": "as-weekday", "round": {"mon-sun": "22:00-06:00"}},
        },
        "policies": [
            {"id": "staff", "doors": "building:torshov", "allow": {"role": "torshov-staff"},
             "during": "always"},
            {"id": "open", "doors": "zone:torshov/entrance", "allow": "anyone",
             "during": "torshov.staffed"},
            {"id": "self-service", "doors": "zone:torshov/entrance",
             "allow": {"all": [{"age": "15+"}, {"member": "deichman"},
                               {"terms": "meråpent-3", "guardian": "18"}]},
             "during": "torshov.self-service"},
            {"id": "cleaners", "doors": "building:torshov", "allow": {"role": "cleaner"},
             "during": "night.round"},
            {"id": "police", "doors": "building:torshov", "allow": {"role": "emergency-services"},
             "during": "always"},
            {"id": "excluded", "doors": "building:torshov", "deny": {"list": "excluded"}},
        ],
    })  # fmt: skip


def measure() -> list[Measure]:
    """`policy_who_ms`, `policy_impact_ms` and `policy_population_mb`."""
    building, cold, warm, counting = Samples(), Samples(), Samples(), Samples()
    before, after = policies("22:00"), policies("23:00")
    population = building.time(lambda: Population.of(people(PEOPLE)))

    def at_door() -> WhoAnswer:
        return who(before, population, MAIN, Action.OPEN, NOW)

    def edited() -> Impact:
        return impact(before, after, population, NOW)

    granted = cold.time(at_door).granted
    for _ in range(ROUNDS):
        warm.time(at_door)
    gaining = counting.time(edited).gaining
    first_ms = counting.taken[0] / 1e6
    for _ in range(ROUNDS):
        counting.time(edited)
    return [
        Measure(
            "policy_who_ms", warm.median_us / 1000, 1,
            f"{len(granted)} of {PEOPLE} people, 6 rules; first asked {cold.taken[0] / 1e6:.0f} ms",
        ),
        Measure(
            "policy_impact_ms", counting.median_us / 1000, 20,
            f"{len(gaining)} gain; 7 days, holiday, season, clocks; first {first_ms:.0f} ms",
        ),
        Measure(
            "policy_population_mb", population.held_bytes() / 1e6, 200,
            f"held; built in {building.taken[0] / 1e9:.0f} s, drawing the people included",
        ),
    ]  # fmt: skip


def policies(self_service: str) -> PolicySet:
    """The policies of a municipality whose library is open to its members until `self_service`."""
    places = parse_places(json.dumps(_PLACES, ensure_ascii=False), "places.yaml")
    return load_policies({"torshov.yaml": _library(self_service)}, places, norwegian_holidays())


def people(count: int) -> Iterator[Subject]:
    """`count` people and what registers tell of them, the same in every run."""
    dice = random.Random(700)  # why: nothing is kept secret by it
    homes = [Place("building", f"block-{n}") for n in range(5_000)]
    terms = [Terms("meråpent", version) for version in (2, 3, 4)]
    roles = ["torshov-staff", "cleaner", "emergency-services", *(f"role-{n}" for n in range(40))]
    first_day = date(1932, 1, 1)
    for n in range(count):
        born = first_day + timedelta(days=dice.randrange(34_400))
        years = 2026 - born.year
        facts = [Fact(FactKind.RESIDENT, dice.choice(homes), None, None, "population-register")]
        if dice.random() < 0.4:
            end = Instant(NOW - NOW % DAY - 7_200 + dice.randrange(-30, 1_000) * DAY)
            path = "deichman/adult" if years > 15 else "deichman/youth"
            facts.append(Fact(FactKind.MEMBER, path, None, end, "library"))
            if dice.random() < 0.7:
                accepted = Instant(NOW - dice.randrange(4 * 365 * DAY))
                facts.append(Fact(FactKind.TERMS, dice.choice(terms), accepted, None, "app"))
                if years < 18:
                    facts.append(Fact(FactKind.GUARDIAN, terms[1], accepted, None, "app"))
        if dice.random() < 0.02:
            facts.append(Fact(FactKind.ROLE, dice.choice(roles), None, None, "staff-register"))
        if dice.random() < 0.001:
            start = Instant(NOW - dice.randrange(60 * DAY))
            end = Instant(start + dice.randrange(1, 90 * DAY))
            facts.append(Fact(FactKind.LIST, "excluded", start, end, "library"))
        yield Subject(
            PersonId(f"person-{n}"),
            None if dice.random() < 0.003 else born,
            tuple(facts),
            is_protected=dice.random() < 0.002,
        )
