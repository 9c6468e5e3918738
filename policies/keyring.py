"""The keyring: what a person is shown of the access points there are.

Rules kept here (interfaces.md 4): every access point with windows in the next 24 hours, and every
`listed` one without; each with the reason it is closed, if it is. A door that stands unlocked
within that day is shown as well. Sensitive points are shown like others: what is short-lived there
is the credential. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.compiled import compiled, door_at
from policies.engine import granted_everywhere
from policies.explanation.explaining import Explanation, Outlook
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.places import AccessPoint
from policies.vocabulary import AccessPointNumber, Action, Instant

SHOWN_AHEAD_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """One access point, and how the person stands to it at an instant."""

    access_point: AccessPoint
    explanation: Explanation


def keyring_of(
    policies: PolicySet,
    subject: Subject,
    at: Instant,
    switches: Mapping[str, bool] | None = None,
) -> tuple[ShownPoint, ...]:
    """The access points to show `subject` at the instant `at`, by id.

    `switches` are those that were read; without them windows alone are told.
    """
    outlook = Outlook(policies, subject, at, switches)
    near = _near(policies, subject, at)
    shown: list[ShownPoint] = []
    for point in sorted(policies.places.access_points, key=lambda point: point.id):
        if not point.listed and point.number not in near:
            continue
        action = _asked_of(policies, point)
        told = outlook.explain(point.number, action)
        is_open = told.permitted or told.stands_unlocked
        if point.listed or is_open or is_soon(told.opens_at, at):
            shown.append(ShownPoint(point, told))
    return tuple(shown)


def _near(policies: PolicySet, subject: Subject, at: Instant) -> set[AccessPointNumber]:
    """The access points that may open within a day, to the subject or to everybody."""
    day = Window(at, Instant(at + SHOWN_AHEAD_SECONDS))
    doors = policies.derived(compiled).classes
    near = {point for door in doors if door.unlocks for point in door.points}
    for action in Action:
        for points in granted_everywhere(policies, subject, action, day).values():
            near.update(points)
    return near


def _asked_of(policies: PolicySet, point: AccessPoint) -> Action:
    """What a person asks of the point: to open it, or the first thing a rule allows there."""
    door = door_at(policies, point.number)
    if door.unlocks:
        return Action.OPEN
    return next((action for action in Action if door.allows[action]), Action.OPEN)


def is_soon(opens_at: Instant | None, at: Instant) -> bool:
    """Whether an opening is near enough to be shown at the instant `at`."""
    return opens_at is not None and opens_at < at + SHOWN_AHEAD_SECONDS
