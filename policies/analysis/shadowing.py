"""Rules that another rule makes superfluous: same effect, its doors, people and hours within.

What is found is so: an allow that another allow contains opens nothing more, and a deny that
another deny contains takes nothing more. Not everything that is so is found: people are compared by
how their conditions are written, hours and validity by the windows of the coming 400 days.

Rules kept here:
- the containing rule asks no more of its use: no limits of its own, no shorter life, no second
  person or `after` that the other does not ask; and what the other says may be shared or brought;
- an `except` may only be narrower in the containing deny, its switch only missing or the same;
- a rule that is read for records is contained only by one that is read for none, or for the same
  with at least as much `early` and `late`;
- of two rules that contain each other, the later one is superfluous.

Pure.
"""

from policies.analysis.findings import Check, Finding
from policies.compiled import CompiledRule, compiled
from policies.grant import Window
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    Condition,
    DuringAll,
    DuringAny,
    DuringRecord,
    Effect,
    Listed,
    PolicySet,
    Recorded,
    Resident,
    When,
)
from policies.places import is_beneath
from policies.reading import LOOK_AHEAD_DAYS, times
from policies.vocabulary import DAY_SECONDS, Instant
from policies.windows import NEVER, Windows, difference

_STEPS_DAYS = (1, 14, LOOK_AHEAD_DAYS)
"""Hours are compared step by step: most that differ do so on the first day."""


def shadowed_rules(policies: PolicySet, at: Instant) -> tuple[Finding, ...]:
    """The rules that another makes superfluous from the instant `at` on, in document order."""
    found: list[Finding] = []
    doors = _doors(policies)
    rank = {rule: place for place, rule in enumerate(policies.derived(compiled).rules.values())}

    def is_within(rule: CompiledRule, other: CompiledRule) -> bool:
        return not doors[rule][0] & ~doors[other][0] and _is_within(rule, other, at)

    for rule, (_, beside) in sorted(doors.items(), key=lambda item: rank[item[0]]):
        for other in beside:
            is_later = rank[other] > rank[rule]
            if (
                other is not rule
                and is_within(rule, other)
                and not (is_later and is_within(other, rule))
            ):
                found.append(Finding(Check.SHADOWED, rule.name, other.name))
                break
    return tuple(found)


def _doors(policies: PolicySet) -> dict[CompiledRule, tuple[int, tuple[CompiledRule, ...]]]:
    """For each rule, the classes of doors it speaks for as bits; and the rules of one of them.

    A rule that contains it speaks for every door it does, so also there: where rules are fewest.
    """
    doors: dict[CompiledRule, tuple[int, tuple[CompiledRule, ...]]] = {}
    for place, door in enumerate(policies.derived(compiled).classes):
        for rule in door.rules:
            bits, beside = doors.get(rule, (0, door.rules))
            fewest = door.rules if len(door.rules) < len(beside) else beside
            doors[rule] = bits | 1 << place, fewest
    return doors


def _is_within(rule: CompiledRule, other: CompiledRule, at: Instant) -> bool:
    """Whether `rule`, at a door both speak for, does nothing that `other` does not do."""
    return (
        rule.rule.effect is other.rule.effect
        and _is_read_within(rule, other)
        and _asks_no_more(rule, other)
        and rule.rule.zone == other.rule.zone
        and implies(rule.rule.who, other.rule.who)
        and _lifts_no_more(rule, other)
        and _holds_within(rule, other, at)
    )


def _is_read_within(rule: CompiledRule, other: CompiledRule) -> bool:
    if other.record is None:
        return True
    return (
        rule.record == other.record
        and (rule.has_record_doors or not other.has_record_doors)
        and rule.early_seconds <= other.early_seconds
        and rule.late_seconds <= other.late_seconds
    )


def _asks_no_more(rule: CompiledRule, other: CompiledRule) -> bool:
    """Whether what `other` gives may be used in every way that `rule` gives it."""
    mine, its = rule.rule.manner, other.rule.manner
    if rule.rule.effect is Effect.DENY:
        return other.rule.switch in (None, rule.rule.switch)
    return (
        mine.actions <= its.actions
        and mine.life_seconds <= its.life_seconds
        and other.rule.limits is None
        and its.two_people_seconds in (None, mine.two_people_seconds)
        and (mine.share is None or (its.share is not None and mine.share <= its.share))
        and mine.brings in (None, its.brings)
        and (
            other.rule.after is None
            or (rule.rule.after is not None and implies(rule.rule.after, other.rule.after))
        )
    )


def _lifts_no_more(rule: CompiledRule, other: CompiledRule) -> bool:
    """Whether everybody whom `other` lets past is let past by `rule` as well."""
    if other.rule.lifts is None:
        return True
    return rule.rule.lifts is not None and implies(other.rule.lifts, rule.rule.lifts)


def _holds_within(rule: CompiledRule, other: CompiledRule, at: Instant) -> bool:
    """Whether `other` holds whenever `rule` does."""
    is_valid_within = other.start <= max(rule.start, at) and rule.end <= other.end
    if is_valid_within and when_implies(rule.rule.when, other.rule.when):
        return True
    if rule.record is not None or other.record is not None:
        return False
    start = max(at, rule.start)
    hours: Windows = NEVER
    for days in _STEPS_DAYS:
        span = Window(start, Instant(start + days * DAY_SECONDS))
        hours = _windows(rule, span)
        if difference(hours, _windows(other, span)):
            return False
    # where it has no hours it is dead, and nobody's shadow
    return hours != NEVER and rule.end <= other.end


def _windows(rule: CompiledRule, span: Window) -> Windows:
    told = times(rule, span)
    return told.possibly if rule.rule.effect is Effect.DENY else told.surely


def when_implies(when: When, other: When) -> bool:
    """Whether `other` holds wherever `when` does, as far as it is told by how they are written."""
    if isinstance(other, Always) or when == other:
        return True
    if isinstance(when, DuringAny):
        return all(when_implies(part, other) for part in when.parts)
    if isinstance(other, DuringAll):
        return all(when_implies(when, part) for part in other.parts)
    if isinstance(when, DuringAll) and any(when_implies(part, other) for part in when.parts):
        return True
    if isinstance(other, DuringAny):
        return any(when_implies(when, part) for part in other.parts)
    return (
        isinstance(when, DuringRecord)
        and isinstance(other, DuringRecord)
        and when.record == other.record
        and when.early_seconds <= other.early_seconds
        and when.late_seconds <= other.late_seconds
    )


def implies(condition: Condition, other: Condition) -> bool:
    """Whether all who meet `condition` meet `other`, as far as it is told by how they are written.

    So it is of who surely meets them, and of who possibly does.
    """
    if isinstance(other, Anyone) or condition == other:
        return True
    if isinstance(condition, AnyOf):
        return all(implies(part, other) for part in condition.parts)
    if isinstance(other, AllOf):
        return all(implies(condition, part) for part in other.parts)
    if isinstance(condition, AllOf) and any(implies(part, other) for part in condition.parts):
        return True
    if isinstance(other, AnyOf):
        return any(implies(condition, part) for part in other.parts)
    match condition, other:
        case AgeBetween(), AgeBetween():
            return condition.lowest >= other.lowest and (
                other.highest is None
                or (condition.highest is not None and condition.highest <= other.highest)
            )
        case Listed(), Listed():
            return condition.kind is other.kind and is_beneath(condition.path, other.path)
        case Resident(), Resident():
            return other.place.covers(condition.place)
        case Accepted(), Accepted():
            return _implies_terms(condition, other)
        case Recorded(), Recorded():
            return condition.record == other.record and (
                not other.roles or (condition.roles != () and {*condition.roles} <= {*other.roles})
            )
        case _:
            return False


def _implies_terms(accepted: Accepted, other: Accepted) -> bool:
    mine, its = accepted.terms, other.terms
    return (
        mine.name == its.name
        and mine.version >= its.version
        and (
            other.guardian_until is None
            or (
                accepted.guardian_until is not None
                and accepted.guardian_until >= other.guardian_until
            )
        )
    )
