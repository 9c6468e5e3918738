"""The grant: what policy leaves for one subject at one facility within a span.

Rules kept here (policies.md, "What a grant becomes"):
- each rule's windows are clipped to its `life`, all of them to the span, deny rules taken away;
- sensitive access points are left out and asked for on the way: one point, 15 minutes at most,
  whatever is written;
- access points with equal windows and equal actions share an entry.

The law, for every instant of the span before the shortest life of a rule ends:
`grant.permits(point, action, at) == decide(…, point, action, at).permitted`. After that the grant
permits less, never more. How a grant travels is wire format and none of this module's. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.engine import Decision, Outlook
from policies.grant import (
    MAX_LIFE_SECONDS,
    MAX_SENSITIVE_LIFE_SECONDS,
    Grant,
    GrantEntry,
    GrantFlags,
    Window,
)
from policies.model import (
    PolicySet,
    Rule,
    Subject,
)
from policies.places import AccessPoint
from policies.reading import Reading, allowing
from policies.vocabulary import AccessPointNumber, Action, FacilityId, Instant
from policies.windows import Windows, difference, union


@dataclass(frozen=True, slots=True)
class Refusal:
    """An access point the subject has no windows for, and why."""

    access_point: AccessPoint
    decision: Decision


@dataclass(frozen=True, slots=True)
class GrantResult:
    """A grant, or why there is none.

    `life_seconds` is the longest the credential may live from the start of the span. `on_the_way`
    are the sensitive points left out for which there are windows. `refused` is told only where
    there is no grant: every point that was asked for.
    """

    grant: Grant | None
    life_seconds: int
    on_the_way: tuple[AccessPointNumber, ...]
    refused: tuple[Refusal, ...]


def grant_for(
    policies: PolicySet,
    subject: Subject,
    facility: FacilityId,
    span: Window,
    *,
    access_point: AccessPointNumber | None = None,
    at: Instant | None = None,
) -> GrantResult:
    """The grant of `subject` at `facility` within `span`.

    With `access_point` she is on the way there: that point alone, sensitive or not, for at most
    15 minutes. `at` is the instant refusals speak of, the start of the span unless given.
    Raises ValueError for an unknown facility, or a point of another one.
    """
    points = _asked_for(policies, facility, access_point)
    most = MAX_LIFE_SECONDS if access_point is None else MAX_SENSITIVE_LIFE_SECONDS
    reading = Reading(subject, Window(span.start, min(span.end, Instant(span.start + most))))
    by_content: dict[tuple[Windows, GrantFlags], list[AccessPointNumber]] = {}
    on_the_way: list[AccessPointNumber] = []
    lives: list[int] = []
    for point in points:
        rules = policies.rules_at[point.number]
        contents = _contents(reading, rules)
        if contents and point.sensitive and access_point is None:
            on_the_way.append(point.number)
            continue
        for content in contents:
            by_content.setdefault(content, []).append(point.number)
        if contents:
            lives += _lives(reading, rules)
    entries = tuple(
        GrantEntry(tuple(numbers), windows, flags)
        for (windows, flags), numbers in by_content.items()
    )
    outlook = Outlook(policies, subject, span.start if at is None else at)
    return GrantResult(
        Grant(entries) if entries else None,
        min(most, max(lives, default=most)),
        tuple(on_the_way),
        ()
        if entries
        else tuple(
            Refusal(point, outlook.decide(point.number, Action.OPEN))
            for point in points
            if point.number not in on_the_way
        ),
    )


def _asked_for(
    policies: PolicySet, facility: FacilityId, access_point: AccessPointNumber | None
) -> tuple[AccessPoint, ...]:
    points = policies.places.of_facility(facility)
    if facility not in policies.places.facilities:
        raise ValueError(f"expected a known facility, got {facility!r}")
    if access_point is None:
        return points
    asked = tuple(point for point in points if point.number == access_point)
    if not asked:
        raise ValueError(f"expected an access point of {facility}, got {access_point}")
    return asked


def _contents(reading: Reading, rules: tuple[Rule, ...]) -> list[tuple[Windows, GrantFlags]]:
    """The windows of one point, each set with the actions that have it."""
    denied = reading.denied(rules)
    flags_of: dict[Windows, GrantFlags] = {}
    for action in Action:
        given = union(*(_lived(reading, rule) for rule in allowing(rules, action)))
        windows = difference(given, denied)
        if windows:
            flag = GrantFlags.for_action(action)
            flags_of[windows] = flags_of.get(windows, GrantFlags(0)) | flag
    return list(flags_of.items())


def _lived(reading: Reading, rule: Rule) -> Windows:
    return reading.allowed(rule, Instant(reading.span.start + rule.life_seconds))


def _lives(reading: Reading, rules: tuple[Rule, ...]) -> Iterable[int]:
    return (r.life_seconds for a in Action for r in allowing(rules, a) if _lived(reading, r))
