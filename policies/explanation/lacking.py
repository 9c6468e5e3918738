"""Which people-conditions somebody lacks now, and when each is next met.

Rules kept here (policies.md, "The reason told"): lacks are told in written order; a failing `any`
counts once, by its branch lacking fewest; what cannot be told lacks as `unknown`. A lack is
internal where it needs a role, a list or an assignment: staff rules are not shown to the public.

Pure.
"""

from typing import NamedTuple

from policies.compiled import CompiledRule
from policies.conditions import EVER, Person, tell, tell_terms
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    AnyOf,
    Anyone,
    Condition,
    FactKind,
    Listed,
    Recorded,
    Requirement,
    Resident,
    Subject,
)
from policies.reading import Reading
from policies.records import Record, RecordKind
from policies.vocabulary import Instant
from policies.windows import contains

UNKNOWN = "unknown"
"""A fact about the person that cannot be told."""


class Lack(NamedTuple):
    """One failing requirement; `is_internal` where it or a chosen branch is."""

    word: str
    requirement: Requirement
    is_internal: bool


def lacks_of(rule: CompiledRule, now: Reading, record: Record | None) -> tuple[Lack, ...]:
    """What the subject of `now` lacks of the people of `rule` at its first instant.

    A part in a record is asked of `record`; without one it lacks, or is unknown where the register
    of records could not be read.
    """
    return () if rule.who is None else _lacks(rule.who.condition, rule, now, record)


def met_at(
    requirement: Requirement, rule: CompiledRule, subject: Subject, at: Instant
) -> Instant | None:
    """The next instant after `at` at which `requirement` comes to be met by facts known now."""
    if isinstance(requirement, Recorded):
        return None
    surely = tell(requirement, Person(subject, EVER), rule.rule.zone).surely
    return next((window.start for window in surely if window.start > at), None)


def _lacks(
    condition: Condition, rule: CompiledRule, now: Reading, record: Record | None
) -> tuple[Lack, ...]:
    match condition:
        case Anyone():
            return ()
        case AllOf(parts):
            return tuple(lack for part in parts for lack in _lacks(part, rule, now, record))
        case AnyOf(parts):
            branches = [_lacks(part, rule, now, record) for part in parts]
            if not all(branches):
                return ()
            nearest = min(branches, key=len)
            is_internal = any(lack.is_internal for lack in nearest)
            return (nearest[0]._replace(is_internal=is_internal),)
        case _:
            word = _lacking_word(condition, rule, now, record)
            return () if word is None else (Lack(word, condition, _is_internal(condition)),)


def _lacking_word(
    requirement: Requirement, rule: CompiledRule, now: Reading, record: Record | None
) -> str | None:
    """What is lacking, in one word; None where the requirement is met."""
    if isinstance(requirement, Recorded) and record is None:
        kind = requirement.record.kind
        return UNKNOWN if kind in now.records.unread else kind.value
    at = now.span.start
    told = tell(requirement, Person(now.subject, now.span), rule.rule.zone, record)
    if contains(told.surely, at):
        return None
    return UNKNOWN if contains(told.possibly, at) else _word(requirement, now)


def _is_internal(requirement: Requirement) -> bool:
    match requirement:
        case Listed(kind, _):
            return kind is not FactKind.MEMBER
        case Recorded(record, _):
            return record.kind is RecordKind.ASSIGNED
        case _:
            return False


def _word(requirement: Requirement, now: Reading) -> str:
    match requirement:
        case AgeBetween():
            return "age"
        case Listed(kind, _):
            return kind.value
        case Resident():
            return "resident"
        case Accepted(terms, _):
            accepted = tell_terms(terms, FactKind.TERMS, now.subject)
            return "guardian" if contains(accepted.surely, now.span.start) else "terms"
        case Recorded(name, _):
            return name.kind.value
