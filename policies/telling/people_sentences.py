"""Whom a rule speaks of, as the subject of a sentence or after "who".

Rules kept here:
- ages say which birthday counts: "from 13 until the day before turning 18";
- terms say that a later version counts too, and under which age a guardian must have accepted;
- of conditions that must all be met, a group of people comes first and the rest follow it: "members
  of Deichman who are 15 or older and have accepted …".

Texts are marked (`policies.telling.sentences`). Pure but for the catalogues.
"""

from collections.abc import Sequence

from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    AnyOf,
    Anyone,
    Condition,
    Listed,
    Recorded,
    Requirement,
    Resident,
)
from policies.places import MUNICIPALITY, Places
from policies.records import RecordKind
from policies.telling.catalogues import Catalogue
from policies.telling.naming import called, facility_name, record_name


def who_text(texts: Catalogue, condition: Condition, places: Places) -> str:
    """The people as a subject: `medlemmer av Deichman som er fylt 15 år`."""
    match condition:
        case Anyone():
            return texts.say("who.anyone")
        case AnyOf(parts):
            return texts.join("and", [who_text(texts, part, places) for part in parts])
        case AllOf(parts):
            return _all_of(texts, parts, places)
        case _:
            return _named(texts, condition, places) or _all_of(texts, (condition,), places)


def _all_of(texts: Catalogue, parts: Sequence[Condition], places: Places) -> str:
    """The first group among the parts, or people at large, and the others said of it."""
    head, rest = texts.say("who.those"), list(parts)
    for place, part in enumerate(parts):
        if isinstance(part, Listed) and (name := _group(texts, part)) is not None:
            head = texts.say(name, name=part.path)
            del rest[place]
            break
    if not rest:
        return head
    clauses = texts.join("and", [_clause(texts, part, places) for part in rest])
    return texts.say("who.that", who=head, clauses=clauses)


def _group(texts: Catalogue, listed: Listed) -> str | None:
    """The text for people whose group has a noun: `vaktmestere`; None where it has none."""
    name = f"{listed.kind.value}:{listed.path}"
    if texts.has(f"who.{name}"):
        return None
    return next((n for n in (f"group.{name}", f"group.{listed.kind.value}") if texts.has(n)), None)


def _named(texts: Catalogue, requirement: Requirement, places: Places) -> str | None:
    """The people that meet this one requirement, where there is a way to say it."""
    match requirement:
        case Listed(kind, path):
            group = _group(texts, requirement)
            return (
                called(texts, f"who.{kind.value}", path)
                if group is None
                else texts.say(group, name=path)
            )
        case Resident(place) if place == MUNICIPALITY:
            return texts.say("who.resident.municipality")
        case Resident(place):
            return texts.say("who.resident", name=facility_name(place, places))
        case Recorded():
            return _participants(texts, requirement)
        case AgeBetween() | Accepted():
            return None


def _clause(texts: Catalogue, condition: Condition, places: Places) -> str:
    """What is said of people after "who"."""
    match condition:
        case Anyone():
            return texts.say("who.anyone")
        case AllOf(parts) | AnyOf(parts):
            how = "and" if isinstance(condition, AllOf) else "or"
            said = texts.join(how, [_clause(texts, part, places) for part in parts])
            return said if len(parts) == 1 else texts.say("join.group", parts=said)
        case AgeBetween(lowest, highest):
            after = None if highest is None else highest + 1
            name = "whose.age.between" if lowest else "whose.age.under"
            return texts.say("whose.age" if after is None else name, lowest=lowest, after=after)
        case Listed(kind, path):
            return called(texts, f"whose.{kind.value}", path)
        case Resident(place) if place == MUNICIPALITY:
            return texts.say("whose.resident.municipality")
        case Resident(place):
            return texts.say("whose.resident", name=facility_name(place, places))
        case Accepted(terms, guardian_until):
            return texts.say(
                "whose.terms" if guardian_until is None else "whose.terms.guardian",
                terms=called(texts, "name.terms", terms.name),
                version=terms.version,
                years=guardian_until,
            )
        case Recorded(record, roles):
            if record.kind is RecordKind.BOOKING:
                return _booking_clause(texts, condition)
            return texts.say(
                "whose.assigned.roles" if roles else "whose.assigned",
                name=record_name(texts, record),
                roles=texts.join("or", list(roles)) if roles else "",
            )


def _booking_clause(texts: Catalogue, recorded: Recorded) -> str:
    name = record_name(texts, recorded.record)
    if not recorded.roles:
        return texts.say("whose.booking", name=name)
    words = [texts.say(f"whose.booking.{role}", name=name) for role in recorded.roles]
    said = texts.join("or", words)
    if "holder" not in recorded.roles:
        said = texts.say("whose.booking.of", roles=said, name=name)
    return said if len(words) == 1 else texts.say("join.group", parts=said)


def _participants(texts: Catalogue, recorded: Recorded) -> str:
    """Those with a part in a record: all of them, or those in the roles given."""
    record, roles = recorded.record, recorded.roles
    name = record_name(texts, record)
    if record.kind is RecordKind.ASSIGNED:
        said = texts.join("or", list(roles)) if roles else ""
        return texts.say("who.assigned.roles" if roles else "who.assigned", name=name, roles=said)
    if not roles:
        return texts.say("who.booking", name=name)
    words = [texts.say(f"who.booking.{role}", name=name) for role in roles]
    said = texts.join("and", words)
    if "holder" not in roles:
        said = texts.say("who.booking.of", roles=said, name=name)
    return texts.say("who.booking.roles", roles=said)
