"""One subject's reading of the rules within a span: the windows each rule gives or takes.

Rules kept here (policies.md, "Meaning"):
- granted = ⋃ allow(who ∩ when ∩ validity) − ⋃ deny(…). `allow` reads what surely holds, `deny` what
  possibly does, and `except` lifts that one deny where it surely holds. So the unknown never opens,
  and no deny makes another rule open anything;
- a deny with a switch takes nothing from windows: decisions name it (`policies.subject_to`);
- a rule that mentions a record is read once for each record of that kind and name, and each reading
  lies within the record, widened by the greatest `early` and `late` that the rule mentions;
- where the register of records could not be read, such a rule surely holds never, and possibly
  wherever it would with any record.

`policies.engine`, `policies.granting` and `policies.explanation.explaining` all read here, so that
a decision, a credential and a reason cannot come apart. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence

from policies.compiled import CompiledRule, KeptHours, People
from policies.conditions import Person, tell, tell_when
from policies.grant import Window
from policies.model import Effect, Rule, Subject
from policies.records import UNREAD, Record, Records
from policies.vocabulary import AccessPointNumber, Action, Instant
from policies.windows import (
    HOLDS_ALWAYS,
    HOLDS_NEVER,
    NEVER,
    Telling,
    Windows,
    clip,
    difference,
    known,
    union,
)

LOOK_AHEAD_DAYS = 400
"""How far ahead of an instant anything is looked for: a next opening, a first change, any hours."""


def times(rule: CompiledRule, span: Window, record: Record | None = None) -> Telling:
    """Where `rule` applies within `span`, whoever it is: its validity and hours.

    A rule that mentions a record is told for `record`; without one, for any record there may be.
    """
    within = span
    if rule.is_bounded or record is not None:
        start, end = max(span.start, rule.start), min(span.end, rule.end)
        if record is not None:
            start = max(start, Instant(record.start - rule.early_seconds))
            end = min(end, Instant(record.end + rule.late_seconds))
        if start >= end:
            return HOLDS_NEVER
        within = Window(start, end)
    if rule.hours is not None:
        told = rule.hours.around(span)
    elif rule.record is not None:
        told = tell_when(rule.rule.when, within, record)
    else:
        return known((within,))
    surely = clip(told.surely, within)
    return known(surely) if told.is_known() else Telling(surely, clip(told.possibly, within))


class Reading:
    """The rules as they stand to `subject` within `span`; each is read once and kept."""

    __slots__ = (
        "_at_point", "_hours", "_person", "_told", "_who", "records", "span", "subject",
    )  # fmt: skip

    def __init__(self, subject: Subject, span: Window, records: Records = UNREAD) -> None:
        self.subject = subject
        self.span = span
        self.records = records
        self._person = Person(subject, span)
        self._who: dict[People, Telling] = {}
        self._hours: dict[KeptHours | None, Telling] = {}
        self._told: dict[CompiledRule, Telling] = {}
        self._at_point: dict[tuple[CompiledRule, AccessPointNumber | None], Telling] = {}

    def given(
        self,
        allows: Sequence[CompiledRule],
        denies: Sequence[CompiledRule],
        point: AccessPointNumber | None,
    ) -> Windows:
        """What `allows` give and `denies` do not take at `point`."""
        may_hold = self._person.may_hold
        given = [
            surely
            for rule in allows
            if rule.needed_kind in may_hold and (surely := self.read(rule, point).surely)
        ]
        if not given:
            return NEVER
        windows = given[0] if len(given) == 1 else union(*given)
        if denies:
            taken = [
                possibly
                for rule in denies
                if rule.needed_kind in may_hold and (possibly := self.read(rule, point).possibly)
            ]
            if taken:
                return difference(windows, union(*taken))
        return windows

    def read(self, rule: CompiledRule, point: AccessPointNumber | None) -> Telling:
        """Where `rule` applies within the span at `point`, or at any of its doors."""
        told = self._told.get(rule)
        if told is not None:
            return told
        if rule.record is None:
            told = self._told[rule] = self._read(rule)
        elif not rule.has_record_doors:
            told = self._told[rule] = self._read_records(rule, None)
        else:
            told = self._at_point.get((rule, point))
            if told is None:
                told = self._at_point[rule, point] = self._read_records(rule, point)
        return told

    def _read(self, rule: CompiledRule) -> Telling:
        who = HOLDS_ALWAYS if rule.who is None else self._people(rule.who, None)
        if who is HOLDS_NEVER:
            return who
        told = self._times(rule)
        if who is not HOLDS_ALWAYS:
            told = told.and_(who)
        if rule.lifts is not None and told is not HOLDS_NEVER:
            told = told.but_not(self._people(rule.lifts, None))
        return told

    def _times(self, rule: CompiledRule) -> Telling:
        """`times`, kept for all rules of the same hours."""
        if rule.is_bounded:
            return times(rule, self.span)
        told = self._hours.get(rule.hours)
        if told is None:
            told = self._hours[rule.hours] = times(rule, self.span)
        return told

    def _read_records(self, rule: CompiledRule, point: AccessPointNumber | None) -> Telling:
        if rule.record is not None and rule.record.kind in self.records.unread:
            return Telling(NEVER, self._for_record(rule, None).possibly)
        told = [of_record for _, of_record in self.by_record(rule, point)]
        surely = union(*(each.surely for each in told))
        if all(each.is_known() for each in told):
            return known(surely)
        return Telling(surely, union(*(each.possibly for each in told)))

    def by_record(
        self, rule: CompiledRule, point: AccessPointNumber | None
    ) -> Iterator[tuple[Record | None, Telling]]:
        """Where `rule` applies for each record that it is read for; a None record where it is not.

        Nothing is told for records of a register that could not be read: nothing is sure of them.
        """
        if rule.record is None:
            yield None, self.read(rule, point)
        elif rule.record.kind not in self.records.unread:
            for record in self._records_for(rule, point):
                yield record, self._for_record(rule, record)

    def _records_for(self, rule: CompiledRule, point: AccessPointNumber | None) -> Iterator[Record]:
        if rule.who is not None and rule.who.needs_part:
            own = self.records.of_person.get(self.subject.id, ())
            near = _around(rule, own, self.span, self.records)
            records: Iterable[Record] = (each for each in near if each.of == rule.record)
        else:
            records = records_around(rule, self.span, self.records)
        for record in records:
            if point is None or not rule.has_record_doors or point in record.points:
                yield record

    def _for_record(self, rule: CompiledRule, record: Record | None) -> Telling:
        who = HOLDS_ALWAYS if rule.who is None else self._people(rule.who, record)
        if who is HOLDS_NEVER:
            return who
        told = times(rule, self.span, record)
        if who is not HOLDS_ALWAYS:
            told = told.and_(who)
        if rule.lifts is not None and told is not HOLDS_NEVER:
            told = told.but_not(self._people(rule.lifts, record))
        return told

    def _people(self, who: People, record: Record | None) -> Telling:
        if record is not None:
            return tell(who.condition, self._person, who.zone, record)
        told = self._who.get(who)
        if told is None:
            told = self._who[who] = tell(who.condition, self._person, who.zone)
        return told


def records_around(rule: CompiledRule, span: Window, records: Records) -> Iterator[Record]:
    """The records that `rule` is read for and that may say something of `span`."""
    if rule.record is not None:
        yield from _around(rule, records.by_name.get(rule.record, ()), span, records)


def _around(
    rule: CompiledRule, ordered: Sequence[Record], span: Window, records: Records
) -> Iterator[Record]:
    return records.around(ordered, span.start - rule.late_seconds, span.end + rule.early_seconds)


def times_at(
    rule: CompiledRule, point: AccessPointNumber | None, span: Window, records: Records
) -> Iterator[tuple[Record | None, Telling]]:
    """Where `rule` applies at `point` within `span`, whoever it is, for each of its records.

    Without a point, at any of its doors. Where the register of its records could not be read, one
    telling for any record there may be.
    """
    if rule.record is None:
        yield None, times(rule, span)
    elif rule.record.kind in records.unread:
        yield None, Telling(NEVER, times(rule, span).possibly)
    else:
        for record in records_around(rule, span, records):
            if point is None or not rule.has_record_doors or point in record.points:
                yield record, times(rule, span, record)


def is_allowing(rule: Rule, action: Action) -> bool:
    """Whether `rule` allows `action` to somebody."""
    return rule.effect is Effect.ALLOW and action in rule.manner.actions
