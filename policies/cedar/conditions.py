"""Conditions and times of a rule as Cedar expressions, surely or possibly.

Rules kept here:
- an attribute of a person that is left out is unknown: false where the reading is sure, else true;
- an age is told by dates written as numbers: `YYYYMMDD` of today is at least that of the birth date
  plus so many years on and after the birthday, and for 29 February from 1 March in common years;
- what is true of a record is written down as it is; of records nobody could read, it is unknown.

The attributes are described in `policies.cedar.export`. Pure.
"""

from dataclasses import dataclass

from policies.cedar.hours import all_of, any_of, local, opening_expression
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    Condition,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    FactKind,
    Listed,
    Recorded,
    Resident,
    When,
)
from policies.records import Record
from policies.vocabulary import PersonId

ATTRIBUTES = {
    FactKind.MEMBER: "members",
    FactKind.ROLE: "roles",
    FactKind.LIST: "lists",
    FactKind.RESIDENT: "residences",
    FactKind.TERMS: "terms",
    FactKind.GUARDIAN: "guardian",
}
"""What the facts of each kind are called; an age is `born` or, without a birth date, `attested`."""
_YEAR = 10_000


@dataclass(frozen=True, slots=True)
class Wording:
    """How a rule is read: in which zone, for which record, and whether what is unknown is false."""

    zone: str
    record: Record | None
    is_sure: bool

    def of_people(self, condition: Condition) -> str:
        """`condition` of the principal."""
        match condition:
            case Anyone():
                return "true"
            case AllOf(parts):
                return all_of([self.of_people(part) for part in parts])
            case AnyOf(parts):
                return any_of([self.of_people(part) for part in parts])
            case AgeBetween(lowest, highest):
                return self._of_age(lowest, highest)
            case Listed(kind, path):
                return self._of_fact(kind, f".contains({text(path)})")
            case Resident(place):
                return self._of_fact(FactKind.RESIDENT, f".contains({text(str(place))})")
            case Accepted(terms, guardian_until):
                told = self._of_terms(FactKind.TERMS, terms.name, terms.version)
                if guardian_until is None:
                    return told
                guardian = self._of_terms(FactKind.GUARDIAN, terms.name, terms.version)
                return all_of([told, any_of([self._of_age(guardian_until, None), guardian])])
            case Recorded(_, roles):
                return self._of_part(roles)

    def of_time(self, when: When) -> str:
        """`when` at the instant of the context."""
        match when:
            case Always():
                return "true"
            case During(calendar, opening, _):
                return opening_expression(calendar, opening, self.is_sure)
            case DuringRecord(_, early, late):
                return self.of_record(early, late)
            case DuringAll(parts):
                return all_of([self.of_time(part) for part in parts])
            case DuringAny(parts):
                return any_of([self.of_time(part) for part in parts])

    def of_record(self, early: int, late: int) -> str:
        """From `early` seconds before the record to `late` seconds after it."""
        if self.record is None:
            return self._unknown
        start, end = self.record.start - early, self.record.end + late
        return f"(context.now >= {start} && context.now < {end})"

    @property
    def _unknown(self) -> str:
        return "false" if self.is_sure else "true"

    def _of_part(self, roles: tuple[str, ...]) -> str:
        if self.record is None:
            return self._unknown
        people = dict.fromkeys(
            part.person for part in self.record.people if not roles or part.role in roles
        )
        if not people:
            return "false"
        return f"[{', '.join(map(person, people))}].contains(principal)"

    def _of_fact(self, kind: FactKind, test: str) -> str:
        attribute = ATTRIBUTES[kind]
        told = f"principal.{attribute}{test}"
        return f"(if principal has {attribute} then {told} else {self._unknown})"

    def _of_terms(self, kind: FactKind, name: str, version: int) -> str:
        attribute, key = f"principal.{ATTRIBUTES[kind]}", text(name)
        accepted = f"{attribute} has {key} && {attribute}[{key}] >= {version}"
        return f"(if principal has {ATTRIBUTES[kind]} then {accepted} else {self._unknown})"

    def _of_age(self, lowest: int, highest: int | None) -> str:
        today = f"{local(self.zone)}.today.date"
        bounds = [f"{today} >= principal.born + {lowest * _YEAR}"]
        if highest is not None:
            bounds.append(f"{today} < principal.born + {(highest + 1) * _YEAR}")
        has_attested = "principal has attested"
        if self.is_sure:
            attested = f"({has_attested} && principal.attested >= {lowest})"
            otherwise = attested if highest is None else "false"
        elif highest is None:
            otherwise = "true"
        else:
            otherwise = f"!({has_attested} && principal.attested > {highest})"
        return f"(if principal has born then {all_of(bounds)} else {otherwise})"


def text(written: str) -> str:
    """A Cedar string."""
    escaped = written.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def person(identity: PersonId) -> str:
    """A person as an entity."""
    return f"Person::{text(identity)}"
