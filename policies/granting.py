"""The grant: what policy leaves for one subject at one facility within a span.

Rules kept here (policies.md, "What a grant becomes", "What windows do not hold"):
- each rule's windows are clipped to its `life`, all of them to the span, deny rules taken away;
- sensitive access points, and what a rule gives that is subject to something (`limits`, a second
  person, `after`), are left out and asked for on the way: one point, 15 minutes at most, whatever
  is written;
- where the circumstances of the asking are told, a switch that is on or was not read has its deny
  take, limits reached give nothing more, and `after` gives from where it is met;
- access points with equal windows and equal actions share an entry.

The law, for every instant of the span before the shortest life of a rule ends, where no rule is
subject to anything: `grant.permits(point, action, at) == decide(…, point, action, at).permitted`.
After that the grant permits less, never more. How a grant travels is wire format and none of this
module's. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.circumstances import Circumstances, RuleName
from policies.compiled import CompiledRule, DoorClass, compiled
from policies.grant import (
    MAX_LIFE_SECONDS,
    MAX_SENSITIVE_LIFE_SECONDS,
    Grant,
    GrantEntry,
    GrantFlags,
    Window,
)
from policies.model import PolicySet, Rule, Subject
from policies.places import AccessPoint
from policies.reading import Reading
from policies.unlocking import since_opened
from policies.vocabulary import AccessPointNumber, Action, FacilityId, Instant
from policies.windows import NEVER, Windows, clip, difference, intersection, union

EntryContent = tuple[Windows, GrantFlags]
"""What an entry of a grant gives each of its access points."""


@dataclass(frozen=True, slots=True)
class LimitedRule:
    """A rule with limits that a grant rests on: an opening by it is a visit to be counted."""

    name: RuleName
    rule: Rule


@dataclass(frozen=True, slots=True)
class GrantResult:
    """A grant, or None where there is nothing to give.

    `life_seconds` is the longest the credential may live from the start of the span. `on_the_way`
    are the points left out, or given less than there are windows for, which may be asked for one by
    one. `limited` are the rules with limits without which the grant would hold less.
    """

    grant: Grant | None
    life_seconds: int
    on_the_way: tuple[AccessPointNumber, ...]
    limited: tuple[LimitedRule, ...]


@dataclass(frozen=True, slots=True)
class _Asking:
    """One reading, and what is let count of it."""

    reading: Reading
    circumstances: Circumstances | None
    is_on_the_way: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """What is given at one point: each set of windows with its actions, and by which rules."""

    contents: tuple[EntryContent, ...]
    life_seconds: int
    limited: tuple[CompiledRule, ...]


def grant_for(
    policies: PolicySet,
    subject: Subject,
    facility: FacilityId,
    span: Window,
    *,
    access_point: AccessPointNumber | None = None,
    circumstances: Circumstances | None = None,
) -> GrantResult:
    """The grant of `subject` at `facility` within `span`.

    With `access_point` she is on the way there: that point alone, sensitive or not, and rules that
    are subject to something as well, for at most 15 minutes. Without `circumstances` windows alone
    speak: no switch takes, no limit is reached, every `after` is met.
    Raises ValueError for an unknown facility, or a point of another one.
    """
    points = _asked_for(policies, facility, access_point)
    is_on_the_way = access_point is not None
    most = MAX_SENSITIVE_LIFE_SECONDS if is_on_the_way else MAX_LIFE_SECONDS
    clipped = Window(span.start, min(span.end, Instant(span.start + most)))
    reading = Reading(subject, clipped, policies.records)
    asking = _Asking(reading, circumstances, is_on_the_way)
    by_content: dict[EntryContent, list[AccessPointNumber]] = {}
    on_the_way: list[AccessPointNumber] = []
    life_seconds = 0
    limited: dict[CompiledRule, LimitedRule] = {}
    for door, alike in _by_class(policies, points):
        held = _held(asking, door, alike[0].number)
        has_more = not is_on_the_way and _has_more(asking, door, alike[0].number, held)
        numbers = [point.number for point in alike if is_on_the_way or not point.sensitive]
        on_the_way += [
            point.number
            for point in alike
            if has_more or (not is_on_the_way and point.sensitive and held.contents)
        ]
        if numbers:
            for content in held.contents:
                by_content.setdefault(content, []).extend(numbers)
            life_seconds = max(life_seconds, held.life_seconds)
            limited |= {rule: LimitedRule(rule.name, rule.rule) for rule in held.limited}
    return GrantResult(
        grant_of(by_content),
        min(most, life_seconds or most),
        tuple(sorted(on_the_way)),
        tuple(limited.values()),
    )


def grant_of(by_content: Mapping[EntryContent, Sequence[AccessPointNumber]]) -> Grant | None:
    """The grant of what access points are given, by the least of each entry; None for nothing."""
    entries = tuple(
        GrantEntry(tuple(sorted(points)), windows, flags)
        for (windows, flags), points in sorted(by_content.items(), key=lambda item: min(item[1]))
    )
    return Grant(entries) if entries else None


def _asked_for(
    policies: PolicySet, facility: FacilityId, access_point: AccessPointNumber | None
) -> tuple[AccessPoint, ...]:
    if facility not in policies.places.facilities:
        raise ValueError(f"expected a known facility, got {facility!r}")
    points = policies.places.beneath[f"building:{facility}"]
    if access_point is None:
        return points
    asked = tuple(point for point in points if point.number == access_point)
    if not asked:
        raise ValueError(f"expected an access point of {facility}, got {access_point}")
    return asked


def _by_class(
    policies: PolicySet, points: Iterable[AccessPoint]
) -> Iterator[tuple[DoorClass, list[AccessPoint]]]:
    """The points that are read alike, together; one by one where records tell them apart."""
    class_at = policies.derived(compiled).class_at
    alike: dict[DoorClass, list[AccessPoint]] = {}
    for point in points:
        door = class_at[point.number]
        if door.has_record_doors:
            yield door, [point]
        else:
            alike.setdefault(door, []).append(point)
    yield from alike.items()


def _held(asking: _Asking, door: DoorClass, point: AccessPointNumber) -> _Held:
    """What is given at `point`, one of `door`."""
    taken = _taken(asking, door, point)
    flags_of: dict[Windows, GrantFlags] = {}
    life_seconds = 0
    limited: list[CompiledRule] = []
    for action in Action:
        given = NEVER
        # those subject to nothing first: only what they leave rests on the others
        for rule in sorted(door.allows[action], key=lambda rule: rule.rule.limits is not None):
            if rule.provisos and not asking.is_on_the_way:
                continue
            windows = difference(_lived(asking, rule, point), taken)
            if windows:
                life_seconds = max(life_seconds, rule.rule.manner.life_seconds)
            if difference(windows, given):
                given = union(given, windows)
                if rule.rule.limits is not None:
                    limited.append(rule)
        if given:
            flag = GrantFlags.for_action(action)
            flags_of[given] = flags_of.get(given, GrantFlags(0)) | flag
    return _Held(tuple(flags_of.items()), life_seconds, tuple(dict.fromkeys(limited)))


def _has_more(asking: _Asking, door: DoorClass, point: AccessPointNumber, held: _Held) -> bool:
    """Whether rules that are subject to something would give more than is `held`."""
    for action in Action:
        reserved = [rule for rule in door.allows[action] if rule.provisos]
        if reserved:
            flag = GrantFlags.for_action(action)
            given = union(*(windows for windows, flags in held.contents if flags & flag))
            taken = union(given, _taken(asking, door, point))
            windows = (
                asking.reading.read(rule, point).surely
                for rule in reserved
                if _has_visits_left(asking, rule)
            )
            if any(difference(each, taken) for each in windows):
                return True
    return False


def _has_visits_left(asking: _Asking, rule: CompiledRule) -> bool:
    circumstances = asking.circumstances
    return circumstances is None or circumstances.has_visits_left(rule.name, rule.rule)


def _taken(asking: _Asking, door: DoorClass, point: AccessPointNumber) -> Windows:
    """What deny rules take at `point`, those of switches included where they count as on."""
    denies = door.denies
    if asking.circumstances is not None:
        is_on = asking.circumstances.is_on
        denies += tuple(rule for rule in door.switched if is_on(rule.rule.switch or ""))
    return union(*(asking.reading.read(rule, point).possibly for rule in denies))


def _lived(asking: _Asking, rule: CompiledRule, point: AccessPointNumber) -> Windows:
    """What an allow rule gives at `point` within its life, as circumstances have it."""
    reading, circumstances = asking.reading, asking.circumstances
    if circumstances is None:
        windows = reading.read(rule, point).surely
    elif not _has_visits_left(asking, rule):
        return NEVER
    elif rule.after is None or circumstances.opened is None:
        windows = reading.read(rule, point).surely
    else:
        opened = circumstances.opened.get(point, ())
        windows = union(
            *(
                intersection(told.surely, since_opened(rule, record, opened, reading.span))
                for record, told in reading.by_record(rule, point)
            )
        )
    latest_end = Instant(reading.span.start + rule.rule.manner.life_seconds)
    return clip(windows, Window(reading.span.start, latest_end))
