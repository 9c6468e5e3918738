"""Why the answer is no: the one reason a person is told.

Rules kept here (policies.md, "The reason told"), the first that applies:
1. the first deny that holds (`unknown` or `unknown-hours` if it only possibly does);
2. a rule made for you (not `anyone`) whose people-conditions you meet: `from`, `until` or `during`,
   of the one that opens first;
3. the rule that is open now and lacks fewest conditions: its first lacking one;
4. an `anyone` rule that is closed now;
5. the rule that lacks fewest.
Ties go by document order. A failing `any` counts once, by its branch lacking fewest. A rule that
lacks a role or a list is named only if no other is left: staff rules are not shown to the public.
A condition that cannot be told is `unknown`, an opening `unknown-hours`.

Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from policies.conditions import tell_terms, tell_when, tell_who
from policies.grant import Window
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    AnyOf,
    Anyone,
    Condition,
    Effect,
    FactKind,
    Listed,
    Requirement,
    Resident,
    Rule,
    Subject,
)
from policies.reading import Reading, allowing
from policies.vocabulary import Action, Instant
from policies.windows import contains, window

NO_RULE = "no-rule"
UNKNOWN = "unknown"
"""A fact about the person that cannot be told."""
UNKNOWN_HOURS = "unknown-hours"
"""A day that a day list or the table of holidays does not cover."""
DENIED = "denied"
"""A deny that gives no message of its own."""


class Reason(NamedTuple):
    """A reason word, the rule it is told of, and the requirement that is lacking, if one is."""

    word: str
    rule: Rule | None
    lacking: Requirement | None


class _Lack(NamedTuple):
    """One failing requirement; `is_internal` where it or a chosen branch needs a role or a list."""

    word: str
    requirement: Requirement
    is_internal: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An allow rule that does not open now, and what it lacks."""

    rule: Rule
    lacks: tuple[_Lack, ...]
    is_open: bool

    @property
    def is_internal(self) -> bool:
        return any(lack.is_internal for lack in self.lacks)

    @property
    def is_for_anyone(self) -> bool:
        return isinstance(self.rule.who, Anyone)


def tell_reason(
    rules: Sequence[Rule],
    subject: Subject,
    action: Action,
    at: Instant,
    opening_first: Callable[[Sequence[Rule]], Rule],
) -> Reason:
    """The reason `action` is refused at `at` by `rules`, all those of one access point.

    `opening_first` tells which of several rules, each alone, next applies to the subject.
    """
    now = Reading(subject, Window(at, Instant(at + 1)))
    for rule in rules:
        if rule.effect is Effect.DENY and (told := now.rule(rule)).possibly:
            return Reason((rule.reason or DENIED) if told.surely else _doubt(rule, now), rule, None)
    candidates = [_candidate(rule, now) for rule in allowing(rules, action)]
    met = [c for c in candidates if not c.lacks and not c.is_for_anyone]
    if met:
        return _closed(met, now, opening_first)
    for_all = [c for c in candidates if c.is_for_anyone]
    lacking = [c for c in candidates if c.lacks]
    for shown in (
        [c for c in lacking if c.is_open and not c.is_internal],
        for_all,
        [c for c in lacking if not c.is_internal],
        [c for c in lacking if c.is_open],
        lacking,
    ):
        if shown and shown is for_all:
            return _closed(for_all, now, opening_first)
        if shown:
            nearest = min(shown, key=lambda candidate: len(candidate.lacks))
            return Reason(nearest.lacks[0].word, nearest.rule, nearest.lacks[0].requirement)
    return Reason(NO_RULE, None, None)


def _doubt(rule: Rule, now: Reading) -> str:
    """What is not known of a deny that only possibly holds: its hours, or else the person."""
    return UNKNOWN if tell_when(rule.when, now.span).surely else UNKNOWN_HOURS


def _candidate(rule: Rule, now: Reading) -> _Candidate:
    is_valid = contains(window(rule.start, rule.end), now.span.start)
    is_open = is_valid and bool(tell_when(rule.when, now.span).surely)
    return _Candidate(rule, _lacks(rule.who, rule, now), is_open)


def _closed(
    candidates: Sequence[_Candidate],
    now: Reading,
    opening_first: Callable[[Sequence[Rule]], Rule],
) -> Reason:
    """The reason of the rule that opens first, of rules that lack nothing but time."""
    rule = candidates[0].rule
    if len(candidates) > 1:
        rule = opening_first([c.rule for c in candidates])
    at = now.span.start
    if rule.start is not None and at < rule.start:
        return Reason("from", rule, None)
    if rule.end is not None and at >= rule.end:
        return Reason("until", rule, None)
    return Reason(UNKNOWN_HOURS if now.rule(rule).possibly else "during", rule, None)


def _lacks(condition: Condition, rule: Rule, now: Reading) -> tuple[_Lack, ...]:
    """What `condition` lacks at the instant of `now`, in written order."""
    match condition:
        case Anyone():
            return ()
        case AllOf(parts):
            return tuple(lack for part in parts for lack in _lacks(part, rule, now))
        case AnyOf(parts):
            branches = [_lacks(part, rule, now) for part in parts]
            if not all(branches):
                return ()
            nearest = min(branches, key=len)
            is_internal = any(lack.is_internal for lack in nearest)
            return (nearest[0]._replace(is_internal=is_internal),)
        case _:
            told = tell_who(condition, now.subject, rule.zone)
            at = now.span.start
            if contains(told.surely, at):
                return ()
            word = UNKNOWN if contains(told.possibly, at) else _word(condition, now)
            is_internal = isinstance(condition, Listed) and condition.kind is not FactKind.MEMBER
            return (_Lack(word, condition, is_internal),)


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
