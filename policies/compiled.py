"""Rules made ready to be read: what need not be worked out again for every person and instant.

Rules kept here:
- access points that the very same rules speak for are one class: what windows somebody has at one
  of them she has at all, but for rules whose doors are a record's;
- equal conditions read in one zone are one value, so that each is told once for a person;
- the hours of rules are worked out by frames of two days and kept, so that any day's windows lie
  in one frame.

What rules mean is `policies.reading`; nothing here looks at a person or a record. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from policies.circumstances import RuleName
from policies.conditions import needed_kind, needs_part, tell_when
from policies.grant import Window
from policies.model import (
    Always,
    Anyone,
    Condition,
    Document,
    DuringRecord,
    Effect,
    FactKind,
    PolicySet,
    Recorded,
    Rule,
    When,
    requirements_of,
    times_of,
)
from policies.places import Place
from policies.records import RecordName
from policies.subject_to import SubjectTo, provisos_of
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant
from policies.windows import BEGINNING, END, Telling

_FRAMES_KEPT = 512
"""Frames of one opening before they are worked out anew; a year of days is less."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptHours:
    """A `during` without records; equal ones of a policy set are one value."""

    when: When
    _frames: dict[int, Telling] = field(default_factory=dict, repr=False)

    def around(self, span: Window) -> Telling:
        """What holds within `span`, and perhaps around it: clip what is told.

        A span of a day or less is looked up in the frame that starts on its first UTC day.
        """
        day = span.start // DAY_SECONDS
        if span.end > (day + 2) * DAY_SECONDS:
            return tell_when(self.when, span)
        told = self._frames.get(day)
        if told is None:
            if len(self._frames) >= _FRAMES_KEPT:
                self._frames.clear()
            start = Instant(day * DAY_SECONDS)
            told = tell_when(self.when, Window(start, Instant(start + 2 * DAY_SECONDS)))
            self._frames[day] = told
        return told


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Whom rules speak of, birthdays read in `zone`; equal ones of a policy set are one value.

    It `needs_part` where nobody without a part in the record a rule is read for meets it.
    """

    condition: Condition
    zone: ZoneInfo
    needs_part: bool


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """One rule, flat. `who` is None where it is anyone, `hours` where none bound it.

    Nobody meets it without a fact of `needed_kind`, where there is one. `start` and `end` are its
    validity, and it `is_bounded` where that says anything. `record` names the records the rule is
    read for, `early_seconds` and `late_seconds` are the greatest it mentions, `lead_seconds` is
    the greatest early of that record's name in the document; its hours are then not in `hours`,
    since they are told for a record.
    """

    rule: Rule
    name: RuleName
    who: People | None
    needed_kind: FactKind | None
    hours: KeptHours | None
    is_bounded: bool
    start: Instant
    end: Instant
    lifts: People | None
    after: People | None
    record: RecordName | None
    has_record_doors: bool
    early_seconds: int
    late_seconds: int
    lead_seconds: int
    provisos: tuple[SubjectTo, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DoorClass:
    """Access points, ascending, and the rules that speak for each of them, in document order.

    `allows` is by the number of the action. `denies` take from windows; a deny with a switch is
    among the `switched` alone. `has_record_doors` where the points may differ after all.
    """

    points: tuple[AccessPointNumber, ...]
    rules: tuple[CompiledRule, ...]
    allows: tuple[tuple[CompiledRule, ...], ...]
    denies: tuple[CompiledRule, ...]
    switched: tuple[CompiledRule, ...]
    unlocks: tuple[CompiledRule, ...]
    has_record_doors: bool


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPolicies:
    """The classes of a policy set, the class of every access point, and the rules by their names.

    `rules` come in document order.
    """

    classes: tuple[DoorClass, ...]
    class_at: Mapping[AccessPointNumber, DoorClass]
    rules: Mapping[RuleName, CompiledRule]


class Shared:
    """The one value of equal people, and of equal hours."""

    def __init__(self) -> None:
        self._people: dict[tuple[Condition, str], People] = {}
        self._hours: dict[When, KeptHours] = {}

    def people(self, condition: Condition | None, zone: ZoneInfo) -> People | None:
        """Those who meet `condition`; None where there is none."""
        if condition is None:
            return None
        people = People(condition, zone, needs_part(condition))
        return self._people.setdefault((condition, zone.key), people)

    def hours(self, when: When) -> KeptHours | None:
        """The hours of `when`; None where it is always."""
        return None if isinstance(when, Always) else self._hours.setdefault(when, KeptHours(when))


def compile_rule(rule: Rule, place: Place, shared: Shared, lead_seconds: int = 0) -> CompiledRule:
    """`rule` of the document for `place`; `lead_seconds` as far as other rules of it go."""
    record = record_named(rule)
    early_seconds = late_seconds = 0
    if record is not None:
        early_seconds = _greatest_early(rule)
        late_seconds = max((when.late_seconds for when in record_times(rule)), default=0)
    return CompiledRule(
        rule,
        RuleName(str(place), rule.id),
        None if isinstance(rule.who, Anyone) else shared.people(rule.who, rule.zone),
        needed_kind(rule.who),
        None if record is not None else shared.hours(rule.when),
        rule.start is not None or rule.end is not None,
        BEGINNING if rule.start is None else rule.start,
        END if rule.end is None else rule.end,
        shared.people(rule.lifts, rule.zone),
        shared.people(rule.after, rule.zone),
        record,
        isinstance(rule.doors, RecordName),
        early_seconds,
        late_seconds,
        max(lead_seconds, early_seconds),
        provisos_of(rule),
    )


def compiled(policies: PolicySet) -> CompiledPolicies:
    """The policy set made ready; use `policies.derived(compiled)`, which keeps it."""
    shared = Shared()
    # by identity: two documents may hold equal rules, each with doors and a lead of its own
    ready: dict[int, CompiledRule] = {}
    for document in policies.documents:
        leads = _leads(document)
        for rule in document.rules:
            lead_seconds = leads.get(record_named(rule), 0) if leads else 0
            ready[id(rule)] = compile_rule(rule, document.place, shared, lead_seconds)
    alike: dict[tuple[int, ...], list[AccessPointNumber]] = {}
    for point, rules in policies.rules_at.items():
        alike.setdefault(tuple(map(id, rules)), []).append(point)
    classes = tuple(
        door_class([ready[rule] for rule in rules], tuple(sorted(points)))
        for rules, points in alike.items()
    )
    return CompiledPolicies(
        classes,
        {point: door for door in classes for point in door.points},
        {rule.name: rule for rule in ready.values()},
    )


def door_class(rules: list[CompiledRule], points: tuple[AccessPointNumber, ...]) -> DoorClass:
    """The class of `points`, for which `rules` speak, in document order."""
    denies = [each for each in rules if each.rule.effect is Effect.DENY]
    allows = [each for each in rules if each.rule.effect is Effect.ALLOW]
    return DoorClass(
        points,
        tuple(rules),
        tuple(
            tuple(each for each in allows if action in each.rule.manner.actions)
            for action in Action
        ),
        tuple(each for each in denies if each.rule.switch is None),
        tuple(each for each in denies if each.rule.switch is not None),
        tuple(each for each in rules if each.rule.effect is Effect.UNLOCK),
        any(each.has_record_doors for each in rules),
    )


def door_at(policies: PolicySet, point: AccessPointNumber) -> DoorClass:
    """The class of `point`; raises ValueError for a point the places do not have."""
    door = policies.derived(compiled).class_at.get(point)
    if door is None:
        raise ValueError(f"expected a known access point, got {point}")
    return door


def record_named(rule: Rule) -> RecordName | None:
    """The records that `rule` mentions and is read for, which the reader holds to one name."""
    if isinstance(rule.doors, RecordName):
        return rule.doors
    for condition in (rule.who, rule.lifts, rule.after):
        if condition is not None:
            for requirement in requirements_of(condition):
                if isinstance(requirement, Recorded):
                    return requirement.record
    return next((time.record for time in record_times(rule)), None)


def record_times(rule: Rule) -> Iterator[DuringRecord]:
    """The times of `rule` that are a record's."""
    return (time for time in times_of(rule.when) if isinstance(time, DuringRecord))


def _leads(document: Document) -> dict[RecordName | None, int]:
    """The greatest early of each record's name, where a rule of `document` waits for somebody."""
    leads: dict[RecordName | None, int] = {}
    if any(rule.after is not None for rule in document.rules):
        for rule in document.rules:
            record = record_named(rule)
            if record is not None:
                leads[record] = max(leads.get(record, 0), _greatest_early(rule))
    return leads


def _greatest_early(rule: Rule) -> int:
    return max((when.early_seconds for when in record_times(rule)), default=0)
