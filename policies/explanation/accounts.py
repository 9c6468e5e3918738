"""Every decision explained, rule by rule: what each rule does now, and what would change it.

Rules kept here (policies.md, "Life of a rule"): of each rule that speaks of the action there is
told whether it applies, or else the first condition that failed and the next time that becomes true
("opens for you today at 18:00", "accept the terms", "turns 15 on 3 May"). People come before time:
of a rule that lacks both is told what she can do about.

This is told to staff and to the person herself, never at a door. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from policies.compiled import CompiledRule
from policies.conditions import Person, tell
from policies.explanation.lacking import UNKNOWN, lacks_of, met_at
from policies.explanation.look_ahead import LookAhead
from policies.explanation.reasons import (
    FROM,
    UNKNOWN_HOURS,
    UNTIL,
    Question,
    closed_word,
    own_records,
)
from policies.model import Effect, Requirement, Rule
from policies.reading import Reading, times_at
from policies.vocabulary import Instant
from policies.windows import NEVER, Windows, union

EXCEPT = "except"
"""The person is excepted from the deny."""
SWITCH = "switch"
"""The switch of the deny is off; or nothing is said of it, and it would deny if it were on."""


class Applies(Enum):
    """Whether a rule applies to the person now; possibly, where that cannot be told."""

    SURELY = "surely"
    POSSIBLY = "possibly"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Account:
    """One rule as it stands to one person at one instant.

    Where it does not surely apply: `failing` is a word of `policies.explanation.reasons`, `except`
    or `switch`, `lacking` the requirement it is, if it is one, and `met_at` the next time that is
    met by facts known now. `applies_at` is when the whole rule next applies, None if it does, or
    not in 400 days.
    """

    rule: Rule
    applies: Applies
    failing: str | None = None
    lacking: Requirement | None = None
    met_at: Instant | None = None
    applies_at: Instant | None = None


def accounts_of(question: Question, ahead: LookAhead) -> tuple[Account, ...]:
    """The account of each rule that speaks of the action, in document order."""
    return tuple(
        _account(rule, question, ahead)
        for rule in question.door.rules
        if rule.rule.effect is not Effect.ALLOW or question.action in rule.rule.manner.actions
    )


def _account(rule: CompiledRule, question: Question, ahead: LookAhead) -> Account:
    told = question.now.read(rule, question.point)
    if rule.rule.switch is not None and told.possibly:
        return _switched(rule, question, bool(told.surely))
    if told.surely:
        return Account(rule.rule, Applies.SURELY)
    applies = Applies.POSSIBLY if told.possibly else Applies.NOT
    applies_at = _next(rule, question, ahead)
    failing, lacking, is_met_at = _failing(rule, question, ahead, applies_at)
    return Account(rule.rule, applies, failing, lacking, is_met_at, applies_at)


def _switched(rule: CompiledRule, question: Question, surely: bool) -> Account:
    """A deny that holds but for its switch."""
    switches = question.switches
    if switches is None:
        return Account(rule.rule, Applies.POSSIBLY, SWITCH)
    is_on = switches.get(rule.rule.switch or "")
    if is_on is None or (is_on and not surely):
        return Account(rule.rule, Applies.POSSIBLY, UNKNOWN)
    return Account(rule.rule, Applies.SURELY) if is_on else Account(rule.rule, Applies.NOT, SWITCH)


def _failing(
    rule: CompiledRule, question: Question, ahead: LookAhead, applies_at: Instant | None
) -> tuple[str, Requirement | None, Instant | None]:
    """The first condition that fails, the requirement it is, and the next time it is met."""
    now = question.now
    subject, at = now.subject, now.span.start
    records = tuple(own_records(rule, question)) if rule.record is not None else ()
    lacks = min((lacks_of(rule, now, record) for record in records or (None,)), key=len)
    if lacks:
        word, requirement, _ = lacks[0]
        return word, requirement, met_at(requirement, rule, subject, at)
    if rule.lifts is not None:
        person, lifts = Person(subject, now.span), rule.lifts
        if any(tell(lifts.condition, person, lifts.zone, r).surely for r in records or (None,)):
            return EXCEPT, None, None
        if now.read(rule, question.point).possibly:
            return UNKNOWN, None, None
    word = closed_word(rule, question)
    if word == FROM:
        return word, None, rule.start
    if word in (UNTIL, UNKNOWN_HOURS, UNKNOWN):
        return word, None, None
    if rule.who is None and rule.lifts is None:
        return word, None, applies_at
    return word, None, _opens(rule, question, ahead)


def _opens(rule: CompiledRule, question: Question, ahead: LookAhead) -> Instant | None:
    """When the hours of `rule` next begin, whoever it is."""

    def opened(reading: Reading, _: Sequence[CompiledRule]) -> Windows:
        records = reading.records
        told = [t.surely for _, t in times_at(rule, question.point, reading.span, records)]
        return union(*told) if told else NEVER

    first = ahead.first_of((rule,), opened)
    return None if first is None else first.start


def _next(rule: CompiledRule, question: Question, ahead: LookAhead) -> Instant | None:
    """When `rule` next applies to the person: an allow surely, a deny possibly."""

    def applied(reading: Reading, _: Sequence[CompiledRule]) -> Windows:
        told = reading.read(rule, question.point)
        return told.possibly if rule.rule.effect is Effect.DENY else told.surely

    first = ahead.first_of((rule,), applied)
    at = question.now.span.start
    return None if first is None or first.start == at else first.start
