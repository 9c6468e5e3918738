"""How much dearer the same decisions are by Cedar: one person, one door, one instant.

What can be done beforehand is done for Cedar: its policies are only those that may speak for the
door, parsed; its places only the door and those above it, parsed; the person's entity and the civil
time are worked out. What it is given with each request is that entity, since other facts hold at
other instants, and the context. Ours starts from what the registers say, and tells a day's windows,
not yes or no; its calendars are warm. Both take turns, and must agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from json import dumps, loads
from random import Random
from typing import Any

import cedarpy

from policies.cedar.conditions import ATTRIBUTES
from policies.cedar.export import export_cedar
from policies.cedar.schema import export_entities
from policies.engine import decide
from policies.model import FactKind, Subject, Terms
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.bench.measuring import Measure, Samples
from tests.bench.policy_town import (
    FIRST_INSTANT,
    SEED,
    WEEKS,
    PolicyTown,
    build_town,
    random_instant,
)
from tests.policies.cedar_requests import local_time

DOORS = 60
DECISIONS_A_ROUND = 200
ROUNDS = 20
ZONE = "Europe/Oslo"


@dataclass(frozen=True, slots=True)
class Question:
    """One decision, ready for both."""

    subject: Subject
    point: AccessPointNumber
    at: Instant
    request: dict[str, Any]
    policies: cedarpy.PolicySet
    places: cedarpy.Entities
    person: str


def measure() -> list[Measure]:
    """`policy_cedar_ratio`: Cedar's median over ours."""
    town = build_town()
    dice = Random(SEED + 3)
    exported = {
        point: cedarpy.PolicySet.from_str(export_cedar(town.policies, point))
        for point in dice.sample(sorted(town.policies.rules_at), DOORS)
    }
    places = {
        entity["uid"]["id"]: entity for entity in loads(export_entities(town.policies.places))
    }
    _warm(town, list(exported))
    ours, cedars = Samples(), Samples()
    for _ in range(ROUNDS):
        asked = [_question(town, exported, places, dice) for _ in range(DECISIONS_A_ROUND)]
        told = ours.time(partial(_decide_all, town, asked))
        if told != cedars.time(partial(_ask_cedar, asked)):
            raise RuntimeError("expected the same decisions of both, got a difference")
    cost = cedars.median_us / DECISIONS_A_ROUND
    note = f"the same decisions, by the policies of one door, by Cedar ({cost:.0f} µs) over ours"
    return [
        Measure("policy_cedar_ratio", cedars.median_us / ours.median_us, 20, note, at_least=True)
    ]


def _warm(town: PolicyTown, points: Sequence[AccessPointNumber]) -> None:
    """Ask once for every day of the weeks that are measured, as Cedar's policies are parsed."""
    for point in points:
        for day in range(WEEKS * 7 + 1):
            at = Instant(FIRST_INSTANT + day * 86_400)
            for subject in town.people[:40]:
                decide(town.policies, subject, point, Action.OPEN, at)


def _decide_all(town: PolicyTown, asked: Sequence[Question]) -> list[bool]:
    return [decide(town.policies, q.subject, q.point, Action.OPEN, q.at).permitted for q in asked]


def _ask_cedar(asked: Sequence[Question]) -> list[bool]:
    allow = cedarpy.Decision.Allow
    return [
        cedarpy.is_authorized(
            q.request, q.policies, q.places.with_added_json_str(q.person)
        ).decision
        is allow
        for q in asked
    ]


def _question(
    town: PolicyTown,
    exported: dict[AccessPointNumber, cedarpy.PolicySet],
    places: dict[str, dict[str, Any]],
    dice: Random,
) -> Question:
    subject, at = dice.choice(town.people), random_instant(dice)
    point = dice.choice(list(exported))
    door = f"door:{town.policies.places.by_number[point].id}"
    request = {
        "principal": {"type": "Person", "id": subject.id},
        "action": {"type": "Action", "id": "open"},
        "resource": {"type": "Place", "id": door},
        "context": {"now": at, "switches_off": [], "local": {ZONE: local_time(at, ZONE)}},
    }
    above = cedarpy.Entities.from_json_str(dumps(_above(door, places)))
    person = dumps([_person(subject, at)])
    return Question(subject, point, at, request, exported[point], above, person)


def _above(name: str, places: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A place and all above it."""
    entity = places[name]
    return [entity, *(e for parent in entity["parents"] for e in _above(parent["id"], places))]


def _person(subject: Subject, at: Instant) -> dict[str, Any]:
    """The person with what holds at the instant."""
    attributes: dict[str, Any] = {name: [] for name in ATTRIBUTES.values()}
    attributes |= {ATTRIBUTES[kind]: {} for kind in (FactKind.TERMS, FactKind.GUARDIAN)}
    if subject.born is not None:
        attributes["born"] = int(f"{subject.born:%Y%m%d}")
    for fact in subject.facts:
        if (fact.start is None or fact.start <= at) and (fact.end is None or at < fact.end):
            held = attributes[ATTRIBUTES[fact.kind]]
            if isinstance(fact.value, Terms):
                held[fact.value.name] = max(fact.value.version, held.get(fact.value.name, 0))
            else:
                segments = str(fact.value).split("/")
                held += ["/".join(segments[:n]) for n in range(1, len(segments) + 1)]
    uid = {"type": "Person", "id": subject.id}
    return {"uid": uid, "attrs": attributes, "parents": []}
