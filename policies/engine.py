"""The decision: may this subject do this here now, and in which windows of the next 24 hours.

What the rules mean is `policies.reading`, which `policies.granting` shares: the law that a grant
permits exactly what is decided is a property test, against an oracle that shares no time code with
either. Why not, and when else, is `policies.explanation.explaining`.

Windows hold neither limits, switches, a second person nor `after`: a decision names what it is
*subject to* beside them. `permitted` is about the key, `stands_unlocked` about the door, which asks
nobody for one. Pure.
"""

from collections.abc import Sequence
from typing import NamedTuple

from policies.compiled import CompiledRule, DoorClass, compiled, door_at
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.reading import Reading
from policies.subject_to import SubjectTo
from policies.unlocking import unlocking_rule
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant, RuleId
from policies.windows import Windows, contains, intersection


class Decision(NamedTuple):
    """The answer to one access request at the instant `at`.

    `windows` are those granted within `[at, at + 24 h)`; `permitted` is whether one holds `at`, and
    `rule` then the first that gives it and is subject to nothing, or else the first. `subject_to`
    are the provisos of that rule, and of the one that unlocks the door, and every switch that would
    take some of it if it were on.
    """

    permitted: bool
    stands_unlocked: bool
    windows: Windows
    rule: RuleId | None
    subject_to: tuple[SubjectTo, ...]
    action: Action


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
    door = door_at(policies, point)
    reading = Reading(subject, Window(at, Instant(at + DAY_SECONDS)), policies.records)
    windows = reading.given(door.allows[action], door.denies, point)
    permitted = bool(windows) and windows[0].start == at
    rule = _giving(reading, door.allows[action], point, at) if permitted else None
    provisos = () if rule is None else rule.provisos
    unlocking = None
    if door.unlocks:
        unlocking = unlocking_rule(door, point, at, policies.records)
        if unlocking is not None:
            provisos += unlocking.provisos
    if door.switched and (windows or unlocking is not None):
        provisos += _switches(reading, door, point, windows, unlocking is not None)
    return Decision(
        permitted,
        unlocking is not None,
        windows,
        None if rule is None else rule.rule.id,
        provisos,
        action,
    )


def granted_windows(
    policies: PolicySet,
    subject: Subject,
    point: AccessPointNumber,
    action: Action,
    span: Window,
) -> Windows:
    """The windows of `span` in which `action` is granted to `subject` at `point`.

    Raises ValueError for a point the places do not have.
    """
    door = door_at(policies, point)
    reading = Reading(subject, span, policies.records)
    return reading.given(door.allows[action], door.denies, point)


def granted_everywhere(
    policies: PolicySet, subject: Subject, action: Action, span: Window
) -> dict[Windows, list[AccessPointNumber]]:
    """Every access point where `action` is granted to `subject` within `span`, by equal windows.

    The points of one value ascend.
    """
    reading = Reading(subject, span, policies.records)
    given: dict[Windows, list[AccessPointNumber]] = {}
    for door in policies.derived(compiled).classes:
        allows = door.allows[action]
        if not allows:
            continue
        if door.has_record_doors:
            for point in door.points:
                windows = reading.given(allows, door.denies, point)
                if windows:
                    given.setdefault(windows, []).append(point)
            continue
        windows = reading.given(allows, door.denies, None)
        if windows:
            given.setdefault(windows, []).extend(door.points)
    for points in given.values():
        points.sort()
    return given


def _giving(
    reading: Reading, allows: Sequence[CompiledRule], point: AccessPointNumber, at: Instant
) -> CompiledRule | None:
    """The first rule that gives `at` and is subject to nothing, or else the first that gives it."""
    first: CompiledRule | None = None
    for rule in allows:
        surely = reading.read(rule, point).surely
        if surely and surely[0].start == at:
            if not rule.provisos:
                return rule
            first = first or rule
    return first


def _switches(
    reading: Reading,
    door: DoorClass,
    point: AccessPointNumber,
    windows: Windows,
    is_unlocked: bool,
) -> tuple[SubjectTo, ...]:
    """The switches that would take some of `windows`, or end the unlocking now."""
    found: list[SubjectTo] = []
    for rule in door.switched:
        taken = reading.read(rule, point).possibly
        ends_unlocking = is_unlocked and contains(taken, reading.span.start)
        if ends_unlocking or intersection(windows, taken):
            found += rule.provisos
    return tuple(found)
