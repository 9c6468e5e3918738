"""Why the answer is no: the one reason a person is told.

Rules kept here (policies.md, "The reason told"), the first that applies:
1. the first deny that holds (`unknown` or `unknown-hours` if it only possibly does);
2. a rule made for you (not `anyone`) whose people-conditions you meet: `from`, `until` or `during`,
   of the one that opens first;
3. the rule that is open now and lacks fewest conditions: its first lacking one;
4. an `anyone` rule that is closed now, an `unlock` among them;
5. the rule that lacks fewest.
Ties go by document order. A failing `any` counts once, by its branch lacking fewest. A rule that
lacks a role, a list or an assignment is named only if no other is left: staff rules are not shown
to the public. A condition that cannot be told is `unknown`, an opening `unknown-hours`.

A rule that mentions a record is told for each record the person has a part in, up to a day after it
is over (`until`); where she has none, a part is what she lacks. A deny with a switch holds where
the switch is said to be on, and is `unknown` where it was not read; where nothing is said of
switches it is left out.

Which conditions lack is `policies.explanation.lacking`. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from policies.compiled import CompiledRule, DoorClass
from policies.explanation.lacking import UNKNOWN, Lack, lacks_of
from policies.model import Effect, Requirement
from policies.reading import Reading, is_allowing, times, times_at
from policies.records import Record
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action
from policies.windows import END

GRANTED = "granted"
UNLOCKED = "unlocked"
"""No key is asked for."""
NO_RULE = "no-rule"
UNKNOWN_HOURS = "unknown-hours"
"""A day that a day list or the table of holidays does not cover."""
DENIED = "denied"
"""A deny that gives no message of its own."""
FROM, UNTIL, DURING = "from", "until", "during"

PAST_AFTER_SECONDS = DAY_SECONDS
"""How long after its end a record is still told of, rather than that a new one is needed."""


class Reason(NamedTuple):
    """A reason word, the rule it is told of, and the requirement that is lacking, if one is."""

    word: str
    rule: CompiledRule | None
    lacking: Requirement | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at one access point: `now` reads the one second of the instant."""

    now: Reading
    door: DoorClass
    point: AccessPointNumber
    action: Action
    switches: Mapping[str, bool] | None

    def denies(self) -> Sequence[CompiledRule]:
        """The denies that count, in document order; a switch only where switches are told of."""
        switches = self.switches
        if switches is None or not self.door.switched:
            return self.door.denies
        return [
            rule
            for rule in self.door.rules
            if rule.rule.effect is Effect.DENY
            and (rule.rule.switch is None or switches.get(rule.rule.switch, True))
        ]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An allow rule that does not open now, as read for one record or none, and what it lacks."""

    rule: CompiledRule
    record: Record | None
    lacks: tuple[Lack, ...]
    is_open: bool

    @property
    def is_internal(self) -> bool:
        """Whether it is staff's business alone; a record she has a part in makes it hers."""
        return self.record is None and any(lack.is_internal for lack in self.lacks)


def deny_reason(question: Question) -> Reason | None:
    """Step 1: the first deny that holds for the person."""
    for rule in question.denies():
        told = question.now.read(rule, question.point)
        if told.possibly:
            is_read = rule.rule.switch is None or rule.rule.switch in (question.switches or {})
            if told.surely and is_read:
                return Reason(rule.rule.reason or DENIED, rule)
            return Reason(_doubt(rule, question) if is_read else UNKNOWN, rule)
    return None


def lacking_reason(
    question: Question,
    opening_first: Callable[[Sequence[CompiledRule]], CompiledRule | None],
) -> Reason:
    """Steps 2 to 5, where no deny holds for the person and the door is locked.

    `opening_first` tells which of several rules, each alone, next applies to the subject.
    """
    allows = question.door.allows[question.action]
    candidates = [each for rule in allows for each in _candidates(rule, question)]
    met = [each.rule for each in candidates if not each.lacks and each.rule.who is not None]
    if met:
        return _closed(met, question, opening_first)
    for_all = [rule for rule in question.door.rules if _is_closed_to_all(rule, question)]
    lacking = [each for each in candidates if each.lacks]
    shown = [each for each in lacking if not each.is_internal]
    open_now = _fewest([each for each in shown if each.is_open])
    if open_now is not None:
        return open_now
    if for_all:
        return _closed(for_all, question, opening_first)
    left = _fewest(shown) or _fewest([each for each in lacking if each.is_open]) or _fewest(lacking)
    return left or _of_a_locked_unlock(question) or Reason(NO_RULE, None)


def closed_word(rule: CompiledRule, question: Question) -> str:
    """Why `rule`, which lacks nothing but time, does not apply now."""
    at = question.now.span.start
    if at < rule.start:
        return FROM
    if at >= rule.end:
        return UNTIL
    if question.now.read(rule, question.point).possibly:
        return UNKNOWN if _is_unread(rule, question) else UNKNOWN_HOURS
    own = tuple(own_records(rule, question)) if rule.record is not None else ()
    if own and all(record.end + rule.late_seconds <= at for record in own):
        return UNTIL
    return DURING


def _is_closed_to_all(rule: CompiledRule, question: Question) -> bool:
    """Whether `rule` is an `anyone` that does not open now, or an `unlock` that does not."""
    if rule.rule.effect is Effect.UNLOCK:
        return question.action is Action.OPEN and not _is_open(rule, None, question)
    return rule.who is None and is_allowing(rule.rule, question.action)


def _fewest(candidates: Sequence[_Candidate]) -> Reason | None:
    """The first lacking condition of the candidate that lacks fewest."""
    if not candidates:
        return None
    nearest = min(candidates, key=lambda candidate: len(candidate.lacks))
    return Reason(nearest.lacks[0].word, nearest.rule, nearest.lacks[0].requirement)


def _of_a_locked_unlock(question: Question) -> Reason | None:
    """Why a door does not stand unlocked, to somebody whom the deny itself excepts."""
    if question.action is not Action.OPEN or not question.door.unlocks:
        return None
    for rule in question.denies():
        if rule.who is None and _is_possibly_on(rule, question):
            return Reason(rule.rule.reason or DENIED, rule)
    return None


def _doubt(rule: CompiledRule, question: Question) -> str:
    """What is not known of a deny that only possibly holds: its hours, or else the person."""
    if _is_unread(rule, question) or _is_open(rule, None, question):
        return UNKNOWN
    return UNKNOWN_HOURS


def _is_unread(rule: CompiledRule, question: Question) -> bool:
    return rule.record is not None and rule.record.kind in question.now.records.unread


def _candidates(rule: CompiledRule, question: Question) -> Iterable[_Candidate]:
    """`rule` as it stands to the person, for each of her records if it goes by them."""
    records: Sequence[Record | None] = (None,)
    if rule.record is not None:
        records = tuple(own_records(rule, question)) or (None,)
    for record in records:
        lacks = () if rule.who is None else lacks_of(rule, question.now, record)
        yield _Candidate(rule, record, lacks, _is_open(rule, record, question))


def own_records(rule: CompiledRule, question: Question) -> Iterable[Record]:
    """The records of `rule` at the access point that she has a part in and that are not past."""
    now = question.now
    since = now.span.start - PAST_AFTER_SECONDS - rule.late_seconds
    own = now.records.of_person.get(now.subject.id, ())
    for record in now.records.around(own, since, END):
        if record.of == rule.record and (
            not rule.has_record_doors or question.point in record.points
        ):
            yield record


def _is_open(rule: CompiledRule, record: Record | None, question: Question) -> bool:
    """Whether the hours of `rule` surely have begun, for `record` or, without one, for any."""
    span = question.now.span
    if record is not None:
        return bool(times(rule, span, record).surely)
    told = times_at(rule, question.point, span, question.now.records)
    return any(of_record.surely for _, of_record in told)


def _is_possibly_on(rule: CompiledRule, question: Question) -> bool:
    told = times_at(rule, question.point, question.now.span, question.now.records)
    return any(of_record.possibly for _, of_record in told)


def _closed(
    rules: Sequence[CompiledRule],
    question: Question,
    opening_first: Callable[[Sequence[CompiledRule]], CompiledRule | None],
) -> Reason:
    """The reason of the rule that opens first, of rules that lack nothing but time."""
    distinct = tuple(dict.fromkeys(rules))
    rule = distinct[0]
    if len(distinct) > 1:
        rule = opening_first(distinct) or rule
    return Reason(closed_word(rule, question), rule)
