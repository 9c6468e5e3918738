"""What one person can open in the coming 24 hours, and where she needs no key.

Access points with the same actions, windows and provisos are told together. What is *subject to*
something beside windows names it (policies.md, "What windows do not hold"): of the rules that give
some of the windows, and every switch that would take some. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.compiled import DoorClass, compiled
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.reading import Reading
from policies.subject_to import SubjectTo
from policies.unlocking import unlocked_windows
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant
from policies.windows import Windows, intersection


@dataclass(frozen=True, slots=True)
class Opening:
    """What she may do at `points`, ascending: in `windows`, of the 24 hours, each of `actions`.

    In `unlocked` the doors stand unlocked, or wait to be, with or without her key. Either may be
    empty, not both.
    """

    points: tuple[AccessPointNumber, ...]
    actions: tuple[Action, ...]
    windows: Windows
    unlocked: Windows
    subject_to: tuple[SubjectTo, ...]


def what(policies: PolicySet, subject: Subject, at: Instant) -> tuple[Opening, ...]:
    """What `subject` can open from the instant `at` on, by the first access point.

    A point comes once for each set of windows it has: `light` may have others than `open`.
    """
    span = Window(at, Instant(at + DAY_SECONDS))
    reading = Reading(subject, span, policies.records)
    points: dict[Opening, list[AccessPointNumber]] = {}
    for door in policies.derived(compiled).classes:
        alike = [(point,) for point in door.points] if door.has_record_doors else [door.points]
        for some in alike:
            unlocked = unlocked_windows(policies, some[0], span) if door.unlocks else ()
            for opening in _openings(reading, door, some[0], unlocked):
                points.setdefault(opening, []).extend(some)
    openings = (
        Opening(tuple(sorted(some)), each.actions, each.windows, each.unlocked, each.subject_to)
        for each, some in points.items()
    )
    return tuple(sorted(openings, key=lambda each: (each.points, each.actions)))


def _openings(
    reading: Reading, door: DoorClass, point: AccessPointNumber, unlocked: Windows
) -> Iterator[Opening]:
    """What may be done at one point, by windows; the points themselves left out."""
    actions_of: dict[Windows, list[Action]] = {}
    for action in Action:
        windows = reading.given(door.allows[action], door.denies, point)
        if windows or (unlocked and action is Action.OPEN):
            actions_of.setdefault(windows, []).append(action)
    for windows, actions in actions_of.items():
        stands = unlocked if Action.OPEN in actions else ()
        subject_to = _subject_to(reading, door, point, actions, windows, stands)
        yield Opening((), tuple(actions), windows, stands, tuple(dict.fromkeys(subject_to)))


def _subject_to(
    reading: Reading,
    door: DoorClass,
    point: AccessPointNumber,
    actions: list[Action],
    windows: Windows,
    unlocked: Windows,
) -> Iterator[SubjectTo]:
    for action in actions:
        for rule in door.allows[action]:
            if rule.provisos and intersection(reading.read(rule, point).surely, windows):
                yield from rule.provisos
    if unlocked:
        for rule in door.unlocks:
            yield from rule.provisos
    for rule in door.switched:
        taken = reading.read(rule, point).possibly
        if intersection(taken, windows) or intersection(taken, unlocked):
            yield from rule.provisos
