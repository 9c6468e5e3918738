"""What is told of a condition: where it surely and where it possibly holds.

Rules kept here (policies.md, "Surely and possibly", "Age and minors"):
- a register that could not be read tells nothing: never surely, always possibly; one that was read
  and is empty matches nobody; one that is fresh until an instant tells nothing from then on;
- an age is known from the birth date; without one, an attested age tells what it can while the fact
  holds; with neither it is unknown;
- somebody turns an age at 00:00 of the birthday in the document's zone, 1 March for 29 February;
- `guardian: 18`: while under 18, a guardian must also have accepted that version or a later one;
- a part in a record is one in the record that the rule is read for; without a record it is unknown.

A condition is told of a `Person`, a subject within a span. What is told is exact within the span
and says nothing of the instants outside it; so most answers are one of three constants, always,
never and unknown, and cost next to nothing to combine. Pure.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from policies.grant import Window
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    AtLeast,
    Condition,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    Fact,
    FactKind,
    Listed,
    Recorded,
    Resident,
    Subject,
    Terms,
    When,
)
from policies.places import Place, is_beneath
from policies.records import Record
from policies.schedule import FIRST_YEAR, LAST_YEAR, birthday
from policies.vocabulary import DAY_SECONDS, Instant
from policies.windows import (
    ALWAYS,
    BEGINNING,
    END,
    HOLDS_ALWAYS,
    HOLDS_NEVER,
    UNKNOWN,
    Telling,
    canonical,
    difference,
    intersection,
    known,
    union,
    window,
)

EVER = ALWAYS[0]
"""The span of every instant."""

_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_DAY = date(FIRST_YEAR, 1, 1).toordinal() - _EPOCH
_LAST_DAY = date(LAST_YEAR, 12, 31).toordinal() - _EPOCH


class Person:
    """A subject within `span`. `may_hold` are the kinds of fact that she may have, and None.

    Nobody meets a condition whose `needed_kind` is not among them.
    """

    __slots__ = ("first_day", "is_doubted", "last_day", "may_hold", "span", "subject")

    def __init__(self, subject: Subject, span: Window) -> None:
        self.subject = subject
        self.span = span
        self.may_hold: set[FactKind | None] = {fact.kind for fact in subject.facts}
        self.may_hold.add(None)
        self.is_doubted = bool(subject.unknown or subject.fresh_until)
        if self.is_doubted:
            self.may_hold |= subject.unknown | subject.fresh_until.keys()
        self.first_day = span.start // DAY_SECONDS
        self.last_day = span.end // DAY_SECONDS


def tell_terms(terms: Terms, kind: FactKind, subject: Subject) -> Telling:
    """Where `terms` or a later version are accepted: by the subject, or by a guardian."""
    return _tell_terms(terms, kind, Person(subject, EVER))


def tell(
    condition: Condition, person: Person, zone: ZoneInfo, record: Record | None = None
) -> Telling:
    """Where `condition` holds for `person`; birthdays are read in `zone`."""
    if isinstance(condition, AllOf):
        told = HOLDS_ALWAYS
        for part in condition.parts:
            of_part = tell(part, person, zone, record)
            if of_part is HOLDS_NEVER:
                return of_part
            if of_part is not HOLDS_ALWAYS:
                told = told.and_(of_part)
        return told
    if isinstance(condition, Listed):
        return _tell_listed(condition, person)
    if isinstance(condition, AnyOf):
        told = HOLDS_NEVER
        for part in condition.parts:
            told = told.or_(tell(part, person, zone, record))
            if told is HOLDS_ALWAYS:
                break
        return told
    if isinstance(condition, AgeBetween):
        return _tell_age(condition, person, zone)
    if isinstance(condition, Accepted):
        return _tell_accepted(condition, person, zone)
    if isinstance(condition, Resident):
        return _tell_resident(condition, person)
    if isinstance(condition, Recorded):
        return _tell_recorded(condition, person, record)
    if isinstance(condition, Anyone):
        return HOLDS_ALWAYS
    assert_never(condition)


def tell_when(when: When, span: Window, record: Record | None = None) -> Telling:
    """Where `when` holds within `span`; times of a record are those of `record`."""
    match when:
        case Always():
            return HOLDS_ALWAYS
        case During(calendar, opening, _):
            return calendar.windows(opening, span)
        case DuringRecord(name, early, late):
            if record is None or record.of != name:
                return UNKNOWN
            return known(window(Instant(record.start - early), Instant(record.end + late)))
        case DuringAll(parts):
            told = HOLDS_ALWAYS
            for part in parts:
                told = told.and_(tell_when(part, span, record))
            return told
        case DuringAny(parts):
            told = HOLDS_NEVER
            for part in parts:
                told = told.or_(tell_when(part, span, record))
            return told


def needs_part(condition: Condition) -> bool:
    """Whether nobody without a part in the record can meet `condition`."""
    if isinstance(condition, AllOf):
        return any(needs_part(part) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return all(needs_part(part) for part in condition.parts)
    return isinstance(condition, Recorded)


def needed_kind(condition: Condition) -> FactKind | None:
    """A kind of fact without which nobody meets `condition`, if there is one."""
    if isinstance(condition, AllOf):
        return next(filter(None, map(needed_kind, condition.parts)), None)
    if isinstance(condition, Listed):
        return condition.kind
    if isinstance(condition, Accepted):
        return FactKind.TERMS
    return FactKind.RESIDENT if isinstance(condition, Resident) else None


def _tell_listed(listed: Listed, person: Person) -> Telling:
    kind, path = listed.kind, listed.path
    if kind not in person.may_hold:
        return HOLDS_NEVER
    held: list[Fact] = []
    for fact in person.subject.facts:
        if fact.kind is kind and isinstance(fact.value, str) and is_beneath(fact.value, path):
            held.append(fact)  # noqa: PERF401 - a list comprehension's own frame costs more
    return _while_any_holds(held, kind, person)


def _tell_resident(resident: Resident, person: Person) -> Telling:
    covers = resident.place.covers
    held = [
        fact
        for fact in person.subject.facts
        if fact.kind is FactKind.RESIDENT and isinstance(fact.value, Place) and covers(fact.value)
    ]
    return _while_any_holds(held, FactKind.RESIDENT, person)


def _tell_terms(terms: Terms, kind: FactKind, person: Person) -> Telling:
    held = [
        fact
        for fact in person.subject.facts
        if fact.kind is kind
        and isinstance(fact.value, Terms)
        and fact.value.name == terms.name
        and fact.value.version >= terms.version
    ]
    return _while_any_holds(held, kind, person)


def _tell_accepted(accepted: Accepted, person: Person, zone: ZoneInfo) -> Telling:
    told = _tell_terms(accepted.terms, FactKind.TERMS, person)
    if accepted.guardian_until is None or told is HOLDS_NEVER:
        return told
    grown = _tell_age(AgeBetween(accepted.guardian_until, None), person, zone)
    if grown is HOLDS_ALWAYS:
        return told
    return told.and_(grown.or_(_tell_terms(accepted.terms, FactKind.GUARDIAN, person)))


def _tell_recorded(recorded: Recorded, person: Person, record: Record | None) -> Telling:
    if record is None or record.of != recorded.record:
        return UNKNOWN
    subject, roles = person.subject.id, recorded.roles
    for participant in record.people:
        if participant.person == subject and (not roles or participant.role in roles):
            return HOLDS_ALWAYS
    return HOLDS_NEVER


def _tell_age(age: AgeBetween, person: Person, zone: ZoneInfo) -> Telling:
    born = person.subject.born
    if born is None:
        told = _tell_attested(age, person)
    else:
        told = _from_birthday(born, age.lowest, person, zone)
        if age.highest is not None and told is not HOLDS_NEVER:
            told = told.but_not(_from_birthday(born, age.highest + 1, person, zone))
    return _relied_upon(told, FactKind.AGE, person) if person.is_doubted else told


def _tell_attested(age: AgeBetween, person: Person) -> Telling:
    """What is attested bounds an age from below: it tells `15+`, and rules `13-17` out."""
    attested = [
        (fact, fact.value.years)
        for fact in person.subject.facts
        if fact.kind is FactKind.AGE and isinstance(fact.value, AtLeast)
    ]
    if age.highest is None:
        told = _within([fact for fact, years in attested if years >= age.lowest], person.span)
        return told if told is HOLDS_ALWAYS else Telling(told.surely, ALWAYS)
    too_old = [fact for fact, years in attested if years > age.highest]
    return UNKNOWN.but_not(_within(too_old, person.span))


def _from_birthday(born: date, age: int, person: Person, zone: ZoneInfo) -> Telling:
    """From the instant somebody born on `born` turns `age`."""
    if person.first_day >= _FIRST_DAY and person.last_day <= _LAST_DAY:
        born_by, born_from = _births(age, person.first_day, person.last_day)
        if born <= born_by:
            return HOLDS_ALWAYS
        if born >= born_from:
            return HOLDS_NEVER
    return known(window(birthday(born, age, zone), None))


@lru_cache(maxsize=4096)
def _births(age: int, first_day: int, last_day: int) -> tuple[date, date]:
    """Who was born by the first date is `age` on all these days, from the second on none of them.

    Days are counted from 1970-01-01. Three days of margin leave every zone, and 29 February, out.
    """
    first = date.fromordinal(_EPOCH + first_day) - timedelta(days=3)
    last = date.fromordinal(_EPOCH + last_day) + timedelta(days=3)
    return _years_before(first, age), _years_before(last, age)


def _years_before(day: date, years: int) -> date:
    if years >= day.year:
        return date.min
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if is_leap_day else day.day)


def _while_any_holds(facts: Sequence[Fact], kind: FactKind, person: Person) -> Telling:
    """Where one of `facts` holds, all of `kind`, as far as its register can be relied upon."""
    told = _within(facts, person.span) if facts else HOLDS_NEVER
    return _relied_upon(told, kind, person) if person.is_doubted else told


def _within(facts: Sequence[Fact], span: Window) -> Telling:
    begin, stop = span
    within: list[Window] = []
    for fact in facts:
        start = BEGINNING if fact.start is None else fact.start
        end = END if fact.end is None else fact.end
        if start <= begin and stop <= end:
            return HOLDS_ALWAYS
        if start < stop and begin < end:
            within.append(Window(start, end))
    return known(canonical(within)) if within else HOLDS_NEVER


def _relied_upon(told: Telling, kind: FactKind, person: Person) -> Telling:
    """What the register of `kind` tells, as long as it can be relied upon."""
    if kind in person.subject.unknown:
        return UNKNOWN
    fresh_until = person.subject.fresh_until.get(kind)
    if fresh_until is None or fresh_until >= person.span.end:
        return told
    if fresh_until <= person.span.start:
        return UNKNOWN
    fresh = window(None, fresh_until)
    return Telling(
        intersection(told.surely, fresh),
        union(intersection(told.possibly, fresh), difference(ALWAYS, fresh)),
    )
