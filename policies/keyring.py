"""The keyring: what a person is shown of the access points there are.

Rules kept here (interfaces.md 4): every access point with windows in the next 24 hours, and every
`listed` one without; each with the reason it is closed, if it is. Sensitive points are shown like
others: what is short-lived there is the credential. Pure.
"""

from dataclasses import dataclass

from policies.engine import Decision, Outlook
from policies.model import PolicySet, Subject
from policies.places import AccessPoint
from policies.reading import allowing
from policies.vocabulary import Action, Instant

SHOWN_AHEAD_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """One access point, and what is decided there for the person at an instant."""

    access_point: AccessPoint
    decision: Decision


def keyring_of(policies: PolicySet, subject: Subject, at: Instant) -> tuple[ShownPoint, ...]:
    """The access points to show `subject` at the instant `at`, by id."""
    outlook = Outlook(policies, subject, at)
    shown: list[ShownPoint] = []
    for point in sorted(policies.places.access_points, key=lambda point: point.id):
        action = _asked_of(policies, point)
        decision = outlook.decide(point.number, action)
        if point.listed or decision.permitted or _is_soon(decision.opens_at, at):
            shown.append(ShownPoint(point, decision))
    return tuple(shown)


def _asked_of(policies: PolicySet, point: AccessPoint) -> Action:
    """What a person asks of the point: to open it, or the first thing a rule allows there."""
    rules = policies.rules_at[point.number]
    return next((action for action in Action if any(allowing(rules, action))), Action.OPEN)


def _is_soon(opens_at: Instant | None, at: Instant) -> bool:
    return opens_at is not None and opens_at < at + SHOWN_AHEAD_SECONDS
