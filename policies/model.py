"""What staff wrote, as values: places, conditions, rules; and what registers tell of a subject.

Rules kept here:
- a path covers itself and what lies beneath it (`deichman` covers `deichman/adult`), whole segments
  only; `municipality` covers every place;
- `terms: x-3` is met by version 3 or later of x;
- the list of conditions is closed: a new one is a privacy decision;
- there is no `not`: what must not be is a `deny`.

What a rule means over time is `policies.conditions` and `policies.engine`; how it is written,
`policies.document`. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from zoneinfo import ZoneInfo

from policies.calendars import Calendar, DayList, HolidayTable
from policies.places import MUNICIPALITY, Place, Places, is_name
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId, RuleId, is_slug

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class FactKind(StrEnum):
    """The kinds of fact a register tells; the names are those of people.yaml."""

    AGE = "age"
    MEMBER = "member"
    RESIDENT = "resident"
    TERMS = "terms"
    ROLE = "role"
    LIST = "list"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Terms:
    """A version of named terms; as a condition, that version or later."""

    name: str
    version: int

    def __str__(self) -> str:
        """As written: `meråpent-3`."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """An age attested without a birth date: `18+`."""

    years: int

    def __str__(self) -> str:
        """As written: `18+`."""
        return f"{self.years}+"


FactValue = AtLeast | Terms | Place | str
"""What a fact says: an age, terms, a place, or a path of a register."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What one source says of a subject within `[start, end)`; None is no bound on that side."""

    kind: FactKind
    value: FactValue
    start: Instant | None
    end: Instant | None
    source: str

    @property
    def text(self) -> str:
        """The value as people.yaml writes it; `parse_fact_value` reads it back."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Subject:
    """The person rights are given to, as the registers tell of them.

    `unknown` are the kinds whose register could not be read: nothing of that kind is then sure and
    everything possible. A kind without facts that is not unknown was read and is empty. An age is
    unknown by itself where there is neither `born` nor an attested age.
    """

    id: PersonId
    born: date | None = None
    facts: tuple[Fact, ...] = ()
    unknown: frozenset[FactKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Anyone:
    """Everybody with an enrolled device at this tenant."""


@dataclass(frozen=True, slots=True)
class AgeBetween:
    """`15+` (no `highest`) or `13-17`, which ends as the 18th birthday begins."""

    lowest: int
    highest: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A membership, role or list at `path` or beneath it."""

    kind: FactKind
    path: str


@dataclass(frozen=True, slots=True)
class Resident:
    """A registered residence at `place` or beneath it."""

    place: Place


@dataclass(frozen=True, slots=True)
class Accepted:
    """The subject has accepted `terms`; while under `guardian_until`, so has a guardian."""

    terms: Terms
    guardian_until: int | None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of `parts`, at least one."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `parts` or more, at least one."""

    parts: "tuple[Condition, ...]"


Requirement = AgeBetween | Listed | Resident | Accepted
Condition = Anyone | Requirement | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Always:
    """No bound in time."""


@dataclass(frozen=True, slots=True)
class During:
    """While an opening of a calendar is open; `name` as written: `torshov.staffed`."""

    calendar: Calendar
    opening: str
    name: str


@dataclass(frozen=True, slots=True)
class DuringAll:
    """While all of `parts` hold."""

    parts: "tuple[When, ...]"


@dataclass(frozen=True, slots=True)
class DuringAny:
    """While one of `parts` holds or more."""

    parts: "tuple[When, ...]"


When = Always | During | DuringAll | DuringAny


class Effect(Enum):
    """What a rule does."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule, told apart by identity: two documents may use one id.

    `lifts` (the `except`) and `reason` belong to a deny, `actions` and `life_seconds` to an allow.
    """

    id: RuleId
    zone: ZoneInfo
    points: frozenset[AccessPointNumber]
    effect: Effect
    who: Condition
    when: When
    start: Instant | None
    end: Instant | None
    lifts: Condition | None
    reason: str | None
    actions: frozenset[Action]
    life_seconds: int


@dataclass(frozen=True, slots=True)
class NamedDayList:
    """A day list by its name in a document; `line`, from 1, is where it is written."""

    name: str
    line: int
    days: DayList


@dataclass(frozen=True, slots=True)
class Document:
    """The rules of one place, by its owner, and the day lists that its calendars go by."""

    file: str
    place: Place
    rules: tuple[Rule, ...]
    day_lists: tuple[NamedDayList, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All documents of one tenant, with the places and holidays they were read against."""

    places: Places
    documents: tuple[Document, ...]
    holidays: HolidayTable
    rules_at: Mapping[AccessPointNumber, tuple[Rule, ...]]
    """The rules that speak for each access point, in document order; every point has an entry."""


def parse_terms(text: str) -> Terms:
    """Read `name-3`, versions from 1; a ValueError for anything else."""
    name, dash, version = text.rpartition("-")
    if not dash or not is_name(name) or not _VERSION.fullmatch(version):
        raise ValueError(f"expected terms such as meråpent-3, got {text!r}")
    return Terms(name, int(version))


def parse_place(text: str) -> Place:
    """Read `building:X`, `zone:X`, `door:X` or `municipality`; a ValueError for anything else."""
    kind, colon, path = text.partition(":")
    if text == str(MUNICIPALITY):
        return MUNICIPALITY
    if not colon or kind not in ("building", "zone", "door") or not is_slug(path):
        raise ValueError(f"expected municipality or a place such as building:torshov, got {text!r}")
    return Place(kind, path)


def parse_fact_value(kind: FactKind, text: str) -> FactValue:
    """Read the value of a fact of `kind`; a ValueError says what was expected."""
    if kind is FactKind.AGE:
        years = text.removesuffix("+")
        if years == text or not years.isascii() or not years.isdecimal() or len(years) > 3:
            raise ValueError(f"expected an attested age such as 18+, got {text!r}")
        return AtLeast(int(years))
    if kind in (FactKind.TERMS, FactKind.GUARDIAN):
        return parse_terms(text)
    if kind is FactKind.RESIDENT:
        return parse_place(text)
    if not is_name(text):
        raise ValueError(f"expected a path such as deichman/adult, got {text!r}")
    return text
