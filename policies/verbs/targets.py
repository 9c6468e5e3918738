"""What a name on the command line means: an access point, an opening of a calendar, or a rule.

Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.calendars import Calendar
from policies.documents.source_tree import nearest
from policies.model import Document, PolicySet, Rule
from policies.verbs.outcome import WrongCommand
from policies.vocabulary import AccessPointId, AccessPointNumber


@dataclass(frozen=True, slots=True)
class PointTarget:
    """An access point, and the rules that may speak for it."""

    name: str
    point: AccessPointNumber
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class OpeningTarget:
    """An opening of a calendar: `torshov.staffed`."""

    name: str
    calendar: Calendar
    opening: str


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """One rule, and the document it is written in."""

    name: str
    document: Document
    rule: Rule


Target = PointTarget | OpeningTarget | RuleTarget


def target_of(policies: PolicySet, name: str) -> Target:
    """What `name` names; a WrongCommand where that is nothing, or several things."""
    point = policies.places.by_id.get(AccessPointId(name))
    if point is not None:
        return PointTarget(name, point.number, policies.rules_at[point.number])
    found = [
        (document, target)
        for document in policies.documents
        for target in _named_in(document)
        if target.name == name
    ]
    if not found:
        known = [target.name for d in policies.documents for target in _named_in(d)]
        known += policies.places.by_id
        raise WrongCommand(
            "expected an access point, a CALENDAR.OPENING or a rule of the documents,"
            f" got {name!r}{nearest(name, known)}"
        )
    if len(found) > 1:
        files = " and ".join(document.file for document, _ in found)
        raise WrongCommand(f"expected one {name}, got one in {files}: give the one meant only")
    return found[0][1]


def _named_in(document: Document) -> Iterator[OpeningTarget | RuleTarget]:
    for name, calendar in document.calendars.items():
        for opening in calendar.openings():
            yield OpeningTarget(f"{name}.{opening}", calendar, opening)
    for rule in document.rules:
        yield RuleTarget(rule.id, document, rule)
