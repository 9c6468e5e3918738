"""What staff wrote, as values: places, conditions, rules; and what registers tell of a subject.

Rules kept here:
- a path covers itself and what lies beneath it (`deichman` covers `deichman/adult`), whole segments
  only; `municipality` covers every place;
- `terms: x-3` is met by version 3 or later of x;
- the list of conditions is closed: a new one is a privacy decision;
- there is no `not`: what must not be is a `deny`.

What a rule means over time is `policies.conditions` and `policies.engine`; how it is written,
`policies.documents.document`. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from policies.calendars import Calendar, DayList, HolidayTable
from policies.manner import PLAIN, Limits, Manner
from policies.places import MUNICIPALITY, PLACE_KINDS, Place, Places, is_name
from policies.records import UNREAD, RecordName, Records
from policies.vocabulary import AccessPointNumber, Instant, PersonId, RuleId, is_slug

_VERSION = re.compile(r"[1-9][0-9]{0,8}")

Derived = TypeVar("Derived")


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


_ALWAYS_FRESH: Mapping[FactKind, Instant] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subject:
    """The person rights are given to, as the registers tell of them.

    `unknown` are the kinds whose register could not be read: nothing of that kind is then sure and
    everything possible. A kind without facts that is not unknown was read and is empty. An age is
    unknown by itself where there is neither `born` nor an attested age. `fresh_until` says until
    when a register may be relied upon: from then on its kind is unknown as well, unless it is read
    again; a kind not in it has no such bound. `household` unknown is a household of one. Somebody
    with a protected address is counted, never named.
    """

    id: PersonId
    born: date | None = None
    facts: tuple[Fact, ...] = ()
    unknown: frozenset[FactKind] = frozenset()
    fresh_until: Mapping[FactKind, Instant] = field(default_factory=lambda: _ALWAYS_FRESH)
    household: str | None = None
    is_protected: bool = False


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
class Recorded:
    """A part in the record a rule is read for: in one of `roles`, or in any where there is none."""

    record: RecordName
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of `parts`, at least one."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `parts` or more, at least one."""

    parts: "tuple[Condition, ...]"


Requirement = AgeBetween | Listed | Resident | Accepted | Recorded
Condition = Anyone | Requirement | AllOf | AnyOf


def requirements_of(condition: Condition) -> Iterator[Requirement]:
    """What `condition` asks, in written order; of anyone, nothing."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from requirements_of(part)
        case Anyone():
            return
        case _:
            yield condition


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
class DuringRecord:
    """From `early_seconds` before the record a rule is read for, to `late_seconds` after it."""

    record: RecordName
    early_seconds: int
    late_seconds: int


@dataclass(frozen=True, slots=True)
class DuringAll:
    """While all of `parts` hold."""

    parts: "tuple[When, ...]"


@dataclass(frozen=True, slots=True)
class DuringAny:
    """While one of `parts` holds or more."""

    parts: "tuple[When, ...]"


When = Always | During | DuringRecord | DuringAll | DuringAny


def times_of(when: When) -> Iterator[Always | During | DuringRecord]:
    """The single times that `when` is put together from, in written order."""
    match when:
        case DuringAll(parts) | DuringAny(parts):
            for part in parts:
                yield from times_of(part)
        case _:
            yield when


Doors = tuple[Place, ...] | RecordName
"""The places a rule names; or, `{booking: X.door}`, the doors of the record it is read for."""


class Effect(Enum):
    """What a rule does."""

    ALLOW = "allow"
    DENY = "deny"
    UNLOCK = "unlock"


DENY_REASONS = (
    "library-exclusion",
    "pool-exclusion",
    "exclusion",
    "sent-out",
    "card-blocked",
    "adults-only",
    "event",
    "closed-for-event",
    "polling",
    "flood",
    "lockdown",
    "maintenance",
    "closed",
)
"""The message ids a deny may give as its `reason`; each has a sentence in every language."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a document.

    `points` are the access points `doors` speaks for, none where they are a record's. `lifts` (the
    `except`), `reason` and `switch` (the `active`) belong to a deny; `manner` and `limits` to an
    allow. `after` is whom others wait for: on an unlock the condition somebody must meet who has
    opened in the window, on an allow (`with: {after: …}`) the same. The people of an unlock are
    anyone. `line`, from 1, is where it is written.
    """

    id: RuleId
    zone: ZoneInfo
    doors: Doors
    points: frozenset[AccessPointNumber]
    effect: Effect
    who: Condition
    when: When
    start: Instant | None = None
    end: Instant | None = None
    lifts: Condition | None = None
    reason: str | None = None
    switch: str | None = None
    limits: Limits | None = None
    manner: Manner = PLAIN
    after: Condition | None = None
    line: int = field(default=1, compare=False)

    def __hash__(self) -> int:
        """By what is cheap and equal where rules are equal."""
        return hash((self.id, self.effect))


@dataclass(frozen=True, slots=True)
class NamedDayList:
    """A day list by its name in a document; `line`, from 1, is where it is written."""

    name: str
    line: int = field(compare=False)
    days: DayList


@dataclass(frozen=True, slots=True)
class Document:
    """The rules of one place, by its owner, and the day lists and calendars that they go by.

    Two documents that say the same are equal, wherever it is written.
    """

    file: str = field(compare=False)
    place: Place
    zone: ZoneInfo
    rules: tuple[Rule, ...]
    day_lists: tuple[NamedDayList, ...] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """All documents of one tenant, with the places, holidays and records they are read against."""

    places: Places
    documents: tuple[Document, ...]
    holidays: HolidayTable
    rules_at: Mapping[AccessPointNumber, tuple[Rule, ...]]
    """The rules that may speak for each access point, in document order; every point has an entry.

    A rule whose doors are a record's is among those of every access point that it may speak for:
    the records decide.
    """
    records: Records = UNREAD
    _derived: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def derived(self, derive: "Callable[[PolicySet], Derived]") -> Derived:
        """What `derive` makes of this set, made when first asked for and kept with it."""
        made: Derived | None = self._derived.get(derive)
        if made is None:
            made = self._derived[derive] = derive(self)
        return made


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
    if not colon or kind not in PLACE_KINDS or not is_slug(path):
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
