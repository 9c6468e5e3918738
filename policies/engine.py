"""The decision: may this subject do this here now; until when, or else why not and when next.

What the rules mean is `policies.reading`, which `policies.granting` shares: the law that a grant
permits exactly what is decided is a property test, against an oracle that shares no time code with
either. Which reason is told is `policies.reasons`. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from policies.grant import Window
from policies.model import PolicySet, Requirement, Rule, Subject
from policies.reading import Reading, allowing
from policies.reasons import tell_reason
from policies.vocabulary import AccessPointNumber, Action, Instant, RuleId
from policies.windows import Windows

LOOK_AHEAD_SECONDS = 400 * 86_400
"""How far the next opening, and the end of this one, are looked for."""

GRANTED = "granted"

# most answers are found within two days; the whole look-ahead is read only when it must be
_STEPS_SECONDS = (2 * 86_400, 30 * 86_400, LOOK_AHEAD_SECONDS)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one access request.

    `reason` is `granted`, a word of `policies.reasons` or the message id of a deny. Granted:
    `rule` is the first that allows it, `until` when the window ends, None beyond the look-ahead.
    Refused: `rule` is the rule the reason is told of, `lacking` its requirement that is not met,
    `opens_at` the next opening with the facts known now (birthdays, ends of exclusions included),
    None if there is none in 400 days.
    """

    permitted: bool
    reason: str
    rule: RuleId | None
    until: Instant | None
    opens_at: Instant | None
    lacking: Requirement | None


def decide(
    policies: PolicySet,
    subject: Subject,
    point: AccessPointNumber,
    action: Action,
    at: Instant,
) -> Decision:
    """Decide whether `subject` may do `action` at `point` at the instant `at`.

    Raises ValueError for a point the places do not have.
    """
    rules = policies.rules_at.get(point)
    if rules is None:
        raise ValueError(f"expected a known access point, got {point}")
    first = _first_window(lambda span: Reading(subject, span).granted(rules, action), at)
    if first is not None and first.start <= at:
        until = None if first.end >= at + LOOK_AHEAD_SECONDS else first.end
        now = Reading(subject, Window(at, Instant(at + 1)))
        allows = next((r for r in allowing(rules, action) if now.rule(r).surely), None)
        return Decision(True, GRANTED, allows.id if allows else None, until, None, None)

    def next_opening(rule: Rule) -> Instant | None:
        alone = _first_window(lambda span: Reading(subject, span).rule(rule).surely, at)
        return alone.start if alone else None

    reason = tell_reason(rules, subject, action, at, next_opening)
    return Decision(
        False,
        reason.word,
        reason.rule.id if reason.rule else None,
        None,
        first.start if first else None,
        reason.lacking,
    )


def _first_window(read: Callable[[Window], Windows], at: Instant) -> Window | None:
    """The first window of `read` from `at` on, whole as far as the look-ahead goes."""
    first = None
    for seconds in _STEPS_SECONDS:
        span = Window(at, Instant(at + seconds))
        windows = read(span)
        first = windows[0] if windows else None
        if first is not None and first.end < span.end:
            break
    return first
