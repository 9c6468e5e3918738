"""The answer explained: yes until when, or else why not and when next.

What is decided is `policies.engine`; which reason is told is `policies.explanation.reasons`; how
each single rule stands, `policies.explanation.accounts`. Here they are put together with the *next
opening*: the next instant the answer becomes granted or unlocked with the facts known now
(birthdays, ends of exclusions included), within 400 days (policies.md, "The reason told").

Windows do not hold switches. Where the state of switches is given, a deny whose switch is on or was
not read holds, and goes on to hold as far as anybody knows. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.circumstances import Circumstances
from policies.compiled import CompiledRule, door_at
from policies.conditions import EVER, Person, tell
from policies.engine import decide
from policies.explanation.accounts import Account, accounts_of
from policies.explanation.lacking import UNKNOWN, met_at
from policies.explanation.look_ahead import LookAhead
from policies.explanation.reasons import (
    FROM,
    GRANTED,
    UNKNOWN_HOURS,
    UNLOCKED,
    Question,
    Reason,
    deny_reason,
    lacking_reason,
)
from policies.grant import Window
from policies.model import Always, PolicySet, Requirement, Rule, Subject
from policies.places import AccessPoint
from policies.reading import Reading
from policies.subject_to import SubjectTo
from policies.unlocking import unlocked_windows, unlocking_rule
from policies.vocabulary import AccessPointNumber, Action, Instant, RuleId
from policies.windows import END, Windows, known, window


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one access request at the instant `at`, and what a person is told of it.

    `reason` is `granted`, `unlocked`, a word of `policies.explanation.reasons` or the message id of
    a deny; `about` the rule it is told of, `rule` its id. Granted: `until` is when the window ends,
    None beyond the look-ahead; `unlocked`: when the door is locked again. Refused: `lacking` is the
    requirement that is not met, `lasts_until` when that changes by facts known now (the birthday,
    the end of an exclusion), `opens_at` the next opening, None if there is none in 400 days; it is
    `opens_unlocked` where the door then stands unlocked, and her key does not open it.

    `permitted` is about the key, `stands_unlocked` about the door. `accounts`, one for each rule
    that speaks of the action there, are told by `explain` alone.
    """

    permitted: bool
    reason: str
    rule: RuleId | None
    until: Instant | None
    opens_at: Instant | None
    lacking: Requirement | None
    action: Action = Action.OPEN
    at: Instant = Instant(0)
    stands_unlocked: bool = False
    about: Rule | None = None
    lasts_until: Instant | None = None
    opens_unlocked: bool = False
    subject_to: tuple[SubjectTo, ...] = ()
    accounts: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An access point the subject may not open now, and why."""

    access_point: AccessPoint
    explanation: Explanation


class Outlook:
    """What one subject may do from the instant `at` on.

    Each rule is read once and no further ahead than an answer needs, however many access points it
    speaks for; so ask one outlook about all the points of a facility.
    """

    def __init__(
        self,
        policies: PolicySet,
        subject: Subject,
        at: Instant,
        switches: Mapping[str, bool] | None = None,
    ) -> None:
        self._policies = policies
        self._subject = subject
        self._at = at
        self._switches = switches
        self._ahead = LookAhead(policies, subject, at)
        self._now = Reading(subject, Window(at, Instant(at + 1)), policies.records)

    def explain(self, point: AccessPointNumber, action: Action) -> Explanation:
        """Explain `action` at `point`, without accounts.

        Raises ValueError for a point the places do not have.
        """
        question = self._question(point, action)
        subject_to = decide(self._policies, self._subject, point, action, self._at).subject_to
        granted = self._ahead.first_given(question.door, point, action, question.denies())
        unlocked = self._first_unlocked(question) if action is Action.OPEN else None
        is_granted = granted is not None and granted.start == self._at
        is_unlocked = unlocked is not None and unlocked.start == self._at
        denied = None if is_granted else deny_reason(question)
        openings: list[tuple[Instant, bool]] = []
        if is_granted:
            reason, window = Reason(GRANTED, self._giving(question)), granted
        elif is_unlocked and denied is None:
            reason, window = Reason(UNLOCKED, self._unlocking(question)), unlocked
        else:
            reason, window = denied or lacking_reason(question, self._opening_first(point)), None
            openings += [(granted.start, False)] if granted and not is_unlocked else []
            openings += [(unlocked.start, True)] if unlocked and not is_unlocked else []
        opens_at, opens_unlocked = min(openings, default=(None, False))
        rule = None if reason.rule is None else reason.rule.rule
        return Explanation(
            permitted=is_granted,
            reason=reason.word,
            rule=None if rule is None else rule.id,
            until=None if window is None or window.end >= self._ahead.end else window.end,
            opens_at=opens_at,
            lacking=reason.lacking,
            action=action,
            at=self._at,
            stands_unlocked=is_unlocked,
            about=rule,
            lasts_until=self._lasts_until(reason, denied),
            opens_unlocked=opens_unlocked,
            subject_to=subject_to,
        )

    def accounts(self, point: AccessPointNumber, action: Action) -> tuple[Account, ...]:
        """How each rule that speaks of `action` at `point` stands, in document order."""
        return accounts_of(self._question(point, action), self._ahead)

    def _question(self, point: AccessPointNumber, action: Action) -> Question:
        door = door_at(self._policies, point)
        return Question(self._now, door, point, action, self._switches)

    def _first_unlocked(self, question: Question) -> Window | None:
        """The first window in which the door stands unlocked; who has opened is not asked about."""
        switches = self._switches
        circumstances = None if switches is None else Circumstances(switches=switches, opened=None)

        def unlocked(reading: Reading, _: Sequence[CompiledRule]) -> Windows:
            return unlocked_windows(self._policies, question.point, reading.span, circumstances)

        return self._ahead.first_of(question.door.unlocks, unlocked)

    def _giving(self, question: Question) -> CompiledRule | None:
        """The rule that gives what is granted now: the first subject to nothing, else the first."""
        allows = question.door.allows[question.action]
        giving = [rule for rule in allows if self._now.read(rule, question.point).surely]
        return next((rule for rule in giving if not rule.provisos), next(iter(giving), None))

    def _unlocking(self, question: Question) -> CompiledRule | None:
        records = self._policies.records
        return unlocking_rule(question.door, question.point, self._at, records)

    def _opening_first(
        self, point: AccessPointNumber
    ) -> Callable[[Sequence[CompiledRule]], CompiledRule | None]:
        return lambda rules: self._ahead.first_applying(rules, point)

    def _lasts_until(self, reason: Reason, denied: Reason | None) -> Instant | None:
        """When what is told of changes by facts known now; None where that is not known."""
        rule = reason.rule
        if rule is None:
            return None
        if denied is not None:
            return None if reason.word in (UNKNOWN, UNKNOWN_HOURS) else self._end_of_deny(rule)
        if reason.word == FROM:
            return rule.start
        if reason.lacking is None or reason.word == UNKNOWN:
            return None
        return met_at(reason.lacking, rule, self._subject, self._at)

    def _end_of_deny(self, rule: CompiledRule) -> Instant | None:
        """When a deny ends for the person that goes by no hours, no record and no switch."""
        if not isinstance(rule.rule.when, Always) or rule.record or rule.rule.switch:
            return None
        holds = known(window(rule.rule.start, rule.rule.end))
        if rule.who is not None:
            holds = holds.and_(tell(rule.who.condition, Person(self._subject, EVER), rule.who.zone))
        ends = [end for start, end in holds.possibly if start <= self._at < end < END]
        return next(iter(ends), None)


def explain(
    policies: PolicySet,
    subject: Subject,
    point: AccessPointNumber,
    action: Action,
    at: Instant,
    switches: Mapping[str, bool] | None = None,
) -> Explanation:
    """Explain whether `subject` may do `action` at `point` at the instant `at`, rule by rule.

    `switches` are those that were read, and whether each is on; without them windows alone are
    told. Raises ValueError for a point the places do not have.
    """
    outlook = Outlook(policies, subject, at, switches)
    return replace(outlook.explain(point, action), accounts=outlook.accounts(point, action))


def refusals(
    policies: PolicySet,
    subject: Subject,
    points: Sequence[AccessPoint],
    at: Instant,
    switches: Mapping[str, bool] | None = None,
) -> tuple[Refusal, ...]:
    """Why `subject` may not open each of `points` at `at`; those she may are left out."""
    outlook = Outlook(policies, subject, at, switches)
    told = ((point, outlook.explain(point.number, Action.OPEN)) for point in points)
    return tuple(Refusal(point, why) for point, why in told if not why.permitted)
