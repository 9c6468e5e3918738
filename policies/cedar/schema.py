"""The Cedar schema that `policies.cedar.export` is written for, and the places as Cedar entities.

Requests that are validated against the schema cannot carry a value of another type than the
policies compare with. Pure.
"""

import json

from policies.cedar.conditions import ATTRIBUTES, text
from policies.cedar.export import STAND_UNLOCKED, time_zones
from policies.model import Accepted, FactKind, PolicySet, requirements_of
from policies.places import MUNICIPALITY, Places
from policies.vocabulary import Action

_SETS = [ATTRIBUTES[k] for k in (FactKind.MEMBER, FactKind.ROLE, FactKind.LIST, FactKind.RESIDENT)]
_OF_TERMS = [ATTRIBUTES[kind] for kind in (FactKind.TERMS, FactKind.GUARDIAN)]


def export_schema(policies: PolicySet) -> str:
    """The schema, in Cedar's own syntax, for the zones and terms that `policies` speaks of."""
    versions = ", ".join(f"{text(name)}?: Long" for name in _terms(policies))
    attributes = [
        *(f"{name}?: Long" for name in ("born", "attested")),
        *(f"{name}?: Set<String>" for name in _SETS),
        *(f"{name}?: {{ {versions} }}" for name in _OF_TERMS),
    ]
    zones = ", ".join(f"{text(zone)}: LocalTime" for zone in time_zones(policies))
    actions = [*(action.name.lower() for action in Action), STAND_UNLOCKED]
    return f"""\
type Day = {{ date: Long, month_day: Long, weekday: Long, easter: Long, holiday: Bool }};
type LocalTime = {{ wall: Long, minute: Long, today: Day, yesterday: Day }};
entity Place in [Place];
entity Person = {{ {", ".join(attributes)} }};
action {", ".join(actions)} appliesTo {{
  principal: [Person],
  resource: [Place],
  context: {{ now: Long, switches_off: Set<String>, local: {{ {zones} }} }},
}};
"""


def export_entities(places: Places) -> str:
    """Every place of `places`, each within the one above it, as Cedar's JSON entities."""
    entities = []
    for name in places.beneath:
        above = _above(name)
        parents = [] if above is None else [_uid(above)]
        entities.append({"uid": _uid(name), "attrs": {}, "parents": parents})
    return json.dumps(entities, ensure_ascii=False, indent=1)


def _above(name: str) -> str | None:
    """The place directly above, None for the municipality."""
    if name == str(MUNICIPALITY):
        return None
    segments = name.partition(":")[2].split("/")[:-1]
    if not segments:
        return str(MUNICIPALITY)
    return f"{'building' if len(segments) == 1 else 'zone'}:{'/'.join(segments)}"


def _uid(name: str) -> dict[str, str]:
    return {"type": "Place", "id": name}


def _terms(policies: PolicySet) -> list[str]:
    """The names of the terms that rules ask for."""
    rules = (rule for document in policies.documents for rule in document.rules)
    asked = (c for rule in rules for c in (rule.who, rule.lifts) if c is not None)
    requirements = (each for condition in asked for each in requirements_of(condition))
    return sorted({each.terms.name for each in requirements if isinstance(each, Accepted)})
