"""What is told of a condition: over all time, where it surely and where it possibly holds.

Rules kept here (policies.md, "Surely and possibly", "Age and minors"):
- a register that could not be read tells nothing: never surely, always possibly; one that was read
  and is empty matches nobody;
- an age is known from the birth date; without one, an attested age tells what it can while the fact
  holds; with neither it is unknown;
- somebody turns an age at 00:00 of the birthday in the document's zone, 1 March for 29 February;
- `guardian: 18`: while under 18, a guardian must also have accepted that version or a later one.

Pure.
"""

from collections.abc import Callable, Iterable
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
    Fact,
    FactKind,
    Listed,
    Resident,
    Subject,
    Terms,
    When,
)
from policies.places import Place, is_beneath
from policies.schedule import birthday
from policies.windows import (
    ALWAYS,
    HOLDS_ALWAYS,
    HOLDS_NEVER,
    NEVER,
    UNKNOWN,
    Telling,
    Windows,
    difference,
    known,
    union,
    window,
)


def tell_who(condition: Condition, subject: Subject, zone: ZoneInfo) -> Telling:
    """Where `condition` holds for `subject`, over all time; birthdays are read in `zone`."""
    match condition:
        case Anyone():
            return HOLDS_ALWAYS
        case AllOf(parts):
            told = HOLDS_ALWAYS
            for part in parts:
                told = told.and_(tell_who(part, subject, zone))
            return told
        case AnyOf(parts):
            told = HOLDS_NEVER
            for part in parts:
                told = told.or_(tell_who(part, subject, zone))
            return told
        case AgeBetween():
            return _tell_age(condition, subject, zone)
        case Listed(kind, path):
            return _told(
                subject, kind,
                lambda fact: isinstance(fact.value, str) and is_beneath(fact.value, path),
            )  # fmt: skip
        case Resident(place):
            return _told(
                subject, FactKind.RESIDENT,
                lambda fact: isinstance(fact.value, Place) and place.covers(fact.value),
            )  # fmt: skip
        case Accepted():
            return _tell_accepted(condition, subject, zone)


def tell_terms(terms: Terms, kind: FactKind, subject: Subject) -> Telling:
    """Where `terms` or a later version are accepted: by the subject, or by a guardian."""
    return _told(
        subject,
        kind,
        lambda fact: (
            isinstance(fact.value, Terms)
            and fact.value.name == terms.name
            and fact.value.version >= terms.version
        ),
    )


def tell_when(when: When, span: Window) -> Telling:
    """Where `when` holds within `span`."""
    match when:
        case Always():
            return HOLDS_ALWAYS
        case During(calendar, opening, _):
            return calendar.windows(opening, span)
        case DuringAll(parts):
            told = HOLDS_ALWAYS
            for part in parts:
                told = told.and_(tell_when(part, span))
            return told
        case _:
            told = HOLDS_NEVER
            for part in when.parts:
                told = told.or_(tell_when(part, span))
            return told


def _told(subject: Subject, kind: FactKind, is_met_by: Callable[[Fact], bool]) -> Telling:
    if kind in subject.unknown:
        return UNKNOWN
    return known(_windows_of(f for f in subject.facts if f.kind is kind and is_met_by(f)))


def _windows_of(facts: Iterable[Fact]) -> Windows:
    return union(*(window(fact.start, fact.end) for fact in facts))


def _tell_age(age: AgeBetween, subject: Subject, zone: ZoneInfo) -> Telling:
    if FactKind.AGE in subject.unknown:
        return UNKNOWN
    if subject.born is not None:
        turned_over = None if age.highest is None else birthday(subject.born, age.highest + 1, zone)
        return known(window(birthday(subject.born, age.lowest, zone), turned_over))
    attested = [
        (fact, fact.value.years) for fact in subject.facts if isinstance(fact.value, AtLeast)
    ]
    surely = NEVER
    if age.highest is None:
        surely = _windows_of(fact for fact, years in attested if years >= age.lowest)
    too_old = NEVER
    if age.highest is not None:
        too_old = _windows_of(fact for fact, years in attested if years > age.highest)
    return Telling(surely, difference(ALWAYS, too_old))


def _tell_accepted(accepted: Accepted, subject: Subject, zone: ZoneInfo) -> Telling:
    told = tell_terms(accepted.terms, FactKind.TERMS, subject)
    if accepted.guardian_until is None:
        return told
    grown = _tell_age(AgeBetween(accepted.guardian_until, None), subject, zone)
    return told.and_(grown.or_(tell_terms(accepted.terms, FactKind.GUARDIAN, subject)))
