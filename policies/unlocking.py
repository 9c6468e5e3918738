"""Unlocked doors: when a door stands open to all, with or without a key.

Rules kept here (policies.md, "Deny, except, unlock"):
- unlocked = ⋃ unlock (surely) − ⋃ `deny: anyone` (possibly): a personal exclusion cannot be
  enforced at an unlocked door, and an `except` does not help one;
- windows alone hold neither switches nor `after`; with circumstances, a deny whose switch is on or
  was not read ends an unlocking, and `unlock: {after: …}` counts, in each of its windows, from the
  instant somebody who then meets the condition has opened there;
- of a rule read for a record, an opening that comes before its first window counts as well, back to
  the start of the record less the greatest `early` its document gives records of that name.

Nobody is asked for, so no subject comes in. Pure.
"""

from collections.abc import Iterable

from policies.circumstances import Circumstances, Opened
from policies.compiled import CompiledRule, DoorClass, door_at
from policies.conditions import Person, tell
from policies.grant import Window
from policies.model import PolicySet
from policies.reading import times, times_at
from policies.records import Record, Records
from policies.vocabulary import AccessPointNumber, Instant
from policies.windows import (
    NEVER,
    Windows,
    canonical,
    clip,
    contains,
    difference,
    intersection,
    union,
)


def unlocked_windows(
    policies: PolicySet,
    point: AccessPointNumber,
    span: Window,
    circumstances: Circumstances | None = None,
) -> Windows:
    """The windows of `span` in which `point` stands unlocked.

    Raises ValueError for a point the places do not have.
    """
    door = door_at(policies, point)
    if not door.unlocks:
        return NEVER
    unlocked = union(
        *(_unlocks(rule, point, span, policies.records, circumstances) for rule in door.unlocks)
    )
    return difference(unlocked, _closed(door, point, span, policies.records, circumstances))


def unlocking_rule(
    door: DoorClass, point: AccessPointNumber, at: Instant, records: Records
) -> CompiledRule | None:
    """The rule that has `point`, one of `door`, stand unlocked at `at`, by windows alone.

    The first that is subject to nothing, or else the first; None where the door is locked.
    """
    span = Window(at, Instant(at + 1))
    if _closed(door, point, span, records, None):
        return None
    unlocking = [rule for rule in door.unlocks if _unlocks(rule, point, span, records, None)]
    return next((rule for rule in unlocking if not rule.provisos), next(iter(unlocking), None))


def since_opened(
    rule: CompiledRule, record: Record | None, opened: Iterable[Opened], span: Window
) -> Windows:
    """Where the `after` of `rule` is met within `span`, as the rule is read for `record`.

    From each opening by somebody who then meets it, to the end of the window it counts in.
    """
    if rule.after is None:
        return (span,)
    met: list[Window] = []
    for each in opened:
        counted = _counted_in(rule, record, each.at, span)
        if counted is not None:
            person = Person(each.subject, Window(each.at, Instant(each.at + 1)))
            told = tell(rule.after.condition, person, rule.after.zone, record)
            if contains(told.surely, each.at):
                met.append(counted)
    return clip(canonical(met), span)


def _counted_in(
    rule: CompiledRule, record: Record | None, at: Instant, span: Window
) -> Window | None:
    """What is left from `at` on of the window of `rule` that an opening at `at` counts in.

    For a record, an opening within the lead that its document gives anybody counts in the first.
    """
    held = times(rule, Window(at, max(span.end, Instant(at + 1))), record).surely
    if not held:
        return None
    if held[0].start == at:
        return held[0]
    if record is not None and record.start - rule.lead_seconds <= at:
        lead = Window(Instant(record.start - rule.lead_seconds), at)
        if not times(rule, lead, record).surely:
            return held[0]
    return None


def _unlocks(
    rule: CompiledRule,
    point: AccessPointNumber,
    span: Window,
    records: Records,
    circumstances: Circumstances | None,
) -> Windows:
    unlocked = NEVER
    for record, told in times_at(rule, point, span, records):
        surely = told.surely
        if surely and circumstances is not None and circumstances.opened is not None:
            opened = circumstances.opened.get(point, ())
            surely = intersection(surely, since_opened(rule, record, opened, span))
        unlocked = union(unlocked, surely)
    return unlocked


def _closed(
    door: DoorClass,
    point: AccessPointNumber,
    span: Window,
    records: Records,
    circumstances: Circumstances | None,
) -> Windows:
    """Where a `deny: anyone` may hold."""
    denies = [rule for rule in door.denies if rule.who is None]
    if circumstances is not None:
        denies += [rule for rule in door.switched if circumstances.is_on(rule.rule.switch or "")]
    return union(
        *(told.possibly for rule in denies for _, told in times_at(rule, point, span, records))
    )
