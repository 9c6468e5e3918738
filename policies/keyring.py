"""The keyring: what a person is shown of the access points there are.

Rules kept here (interfaces.md 4): every access point with windows in the next 24 hours, and every
`listed` one without; each with the reason it is closed, if it is. Sensitive points are shown like
others: what is short-lived there is the credential. Pure.
"""

from dataclasses import dataclass

from policies.engine import Decision, decide
from policies.model import PolicySet, Subject
from policies.places import AccessPoint
from policies.reading import allowing
from policies.vocabulary import Action, Instant, RuleId

SHOWN_AHEAD_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, the rule it is told of, and the decision it comes from (for the sentence)."""

    rule: RuleId | None
    reason: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class KeyringPoint:
    """How one access point stands to the person at an instant; `why` is empty when open."""

    access_point: AccessPoint
    open_now: bool
    opens_at: Instant | None
    why: tuple[Why, ...]


def keyring_of(policies: PolicySet, subject: Subject, at: Instant) -> tuple[KeyringPoint, ...]:
    """The access points to show `subject` at the instant `at`, by id."""
    shown: list[KeyringPoint] = []
    for point in sorted(policies.places.access_points, key=lambda point: point.id):
        action = _asked_of(policies, point)
        decision = decide(policies, subject, point.number, action, at)
        opens_at = decision.opens_at
        if point.listed or decision.permitted or _is_soon(opens_at, at):
            why = () if decision.permitted else (Why(decision.rule, decision.reason, decision),)
            shown.append(KeyringPoint(point, decision.permitted, opens_at, why))
    return tuple(shown)


def _asked_of(policies: PolicySet, point: AccessPoint) -> Action:
    """What a person asks of the point: to open it, or the first thing a rule allows there."""
    rules = policies.rules_at[point.number]
    return next((action for action in Action if any(allowing(rules, action))), Action.OPEN)


def _is_soon(opens_at: Instant | None, at: Instant) -> bool:
    return opens_at is not None and opens_at < at + SHOWN_AHEAD_SECONDS
