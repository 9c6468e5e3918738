"""The keyring: what a person is shown of the access points there are.

Rules kept here (interfaces.md 4): every access point with windows in the next 24 hours, and every
`listed` one without; each with the reason it is closed, if it is. A door that stands unlocked
within that day is shown as well. Sensitive points are shown like others: what is short-lived there
is the credential. Where another revision takes over within the day, why a point is closed now is
told by the rules of now, and when it opens by the rules of then. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from policies.compiled import compiled, door_at
from policies.engine import granted_everywhere
from policies.explanation.explaining import Explanation, Outlook
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.places import AccessPoint
from policies.revisions import Timeline
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant

SHOWN_AHEAD_SECONDS = DAY_SECONDS


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
        if point.listed or is_open or _is_soon(told.opens_at, at):
            shown.append(ShownPoint(point, told))
    return tuple(shown)


def keyring_over(
    timeline: Timeline[PolicySet],
    subject: Subject,
    at: Instant,
    switches: Mapping[str, bool] | None = None,
) -> tuple[ShownPoint, ...]:
    """The access points to show `subject` at the instant `at`, by whatever governs a day ahead.

    As `keyring_of`, for several revisions.
    """
    policies, turn = timeline.in_force(at), timeline.next_turn(at)
    shown = keyring_of(policies, subject, at, switches)
    if turn is None or turn >= at + SHOWN_AHEAD_SECONDS:
        return shown
    later = {
        point.access_point.number: point.explanation
        for point in keyring_over(timeline, subject, turn, switches)
    }
    by_number = {point.access_point.number: point.explanation for point in shown}
    outlook = Outlook(policies, subject, at, switches)
    told: list[ShownPoint] = []
    for point in sorted(policies.places.access_points, key=lambda point: point.id):
        now, then = by_number.get(point.number), later.get(point.number)
        if now is None and then is not None:
            now = outlook.explain(point.number, then.action)
        if now is None:
            continue
        if not now.permitted and (now.opens_at is None or now.opens_at >= turn):
            opens_at = None if then is None else turn if then.permitted else then.opens_at
            now = replace(now, opens_at=opens_at)
        if point.listed or now.permitted or _is_soon(now.opens_at, at):
            told.append(ShownPoint(point, now))
    return tuple(told)


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


def _is_soon(opens_at: Instant | None, at: Instant) -> bool:
    """Whether an opening is near enough to be shown at the instant `at`."""
    return opens_at is not None and opens_at < at + SHOWN_AHEAD_SECONDS
