"""Places, people, records and policies as the engine reads them, out of the database.

Rules kept here:
- what is parsed from published revisions and imported files is kept in memory until the counter
  `registers` says that something is newer; a transaction that changes them reads past that
  memory, since it may yet be undone;
- a person is read by key, one at a time: an installation may know hundreds of thousands;
- a revision is read with the holidays that were stored in it, never with today's library;
- what governs when is a timeline: the revision in force, and those published from later on.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from keyserver.services.counters import Counter, read_counter
from keyserver.services.people.record_register import read_records, read_switches
from keyserver.services.people.revision_records import governing, revision_of
from keyserver.storage.tables import fact, person, register_file, register_freshness
from policies.calendars import HolidayTable
from policies.documents.document import load_policies
from policies.documents.place_file import parse_places
from policies.model import Fact, FactKind, PolicySet, Subject, parse_fact_value
from policies.places import Places
from policies.policy_set import with_records
from policies.records import Records
from policies.revisions import FOUNDING, RevisionNumber, Timeline
from policies.vocabulary import Instant, PersonId, TenantId

PLACES_FILE = "places.yaml"

_PLACES = sa.select(register_file.c.content).where(
    register_file.c.tenant == sa.bindparam("tenant"), register_file.c.kind == "places"
)
_PEOPLE = (
    sa.select(person.c.person, person.c.born, person.c.household, person.c.is_protected)
    .where(person.c.tenant == sa.bindparam("tenant"))
    .order_by(person.c.person)
)
_PERSON = _PEOPLE.where(person.c.person == sa.bindparam("person"))
_FACTS = (
    sa.select(fact.c.person, fact.c.kind, fact.c.value, fact.c.starts, fact.c.ends, fact.c.source)
    .where(fact.c.tenant == sa.bindparam("tenant"))
    .order_by(fact.c.person, fact.c.position)
)
_FACTS_OF = _FACTS.where(fact.c.person == sa.bindparam("person"))
_FRESHNESS = sa.select(register_freshness.c.kind, register_freshness.c.fresh_until).where(
    register_freshness.c.tenant == sa.bindparam("tenant")
)
_NO_HOLIDAYS = HolidayTable(1970, 1970, frozenset())


@dataclass(frozen=True, slots=True)
class Governing:
    """One revision as the engine reads it: 0, without a rule, before the first one."""

    number: RevisionNumber
    policies: PolicySet


@dataclass(frozen=True, slots=True)
class Registers:
    """What a tenant has published and imported, from the instant it was read for on.

    `generation` is the counter at which this was read. `switches` has those that were imported: one
    that is not in it counts as on. What governed before is not in the timeline.
    """

    generation: int
    places: Places
    timeline: Timeline[Governing]
    records: Records
    switches: Mapping[str, bool]

    def in_force(self, at: Instant) -> Governing:
        """The revision that governs the instant `at`."""
        return self.timeline.in_force(at)

    @property
    def policies(self) -> Timeline[PolicySet]:
        """What the rules say when."""
        return Timeline(tuple((start, one.policies) for start, one in self.timeline.turns))

    def followed_by(self, active_from: Instant, governing: Governing) -> "Registers":
        """The registers once a revision is published from `active_from` on."""
        return replace(self, timeline=self.timeline.followed_by(active_from, governing))

    def with_records(self, records: Records, switches: Mapping[str, bool]) -> "Registers":
        """The registers once records and switches are imported."""
        turns = tuple(
            (start, replace(one, policies=with_records(one.policies, records)))
            for start, one in self.timeline.turns
        )
        return replace(self, timeline=Timeline(turns), records=records, switches=switches)


class RegisterCache:
    """The registers of one tenant, parsed once for each change."""

    def __init__(self, tenant: TenantId) -> None:
        self._tenant = tenant
        self._held: Registers | None = None
        self._lock = threading.Lock()

    def read(self, connection: sa.Connection, at: Instant) -> Registers | None:
        """The registers as of this transaction; None before places were imported."""
        generation = read_counter(connection, self._tenant, Counter.REGISTERS)
        with self._lock:
            if self._held is None or self._held.generation != generation:
                self._held = read_registers(connection, self._tenant, at)
            return self._held


def read_registers(connection: sa.Connection, tenant: TenantId, at: Instant) -> Registers | None:
    """Parse what was imported and what governs from `at` on; None where there are no places."""
    text = connection.execute(_PLACES, {"tenant": tenant}).scalar_one_or_none()
    if text is None:
        return None
    return registers_over(connection, tenant, parse_places(text, PLACES_FILE), at)


def registers_over(
    connection: sa.Connection, tenant: TenantId, places: Places, at: Instant
) -> Registers:
    """The registers read against `places`; PolicyError where what is published does not fit."""
    generation = read_counter(connection, tenant, Counter.REGISTERS)
    records = read_records(connection, tenant, places)
    turns = tuple(
        (start, _governing(connection, tenant, number, places, records))
        for start, number in governing(connection, tenant).from_instant(at).turns
    )
    return Registers(
        generation,
        places,
        Timeline(turns),
        records,
        read_switches(connection, tenant),
    )


def _governing(
    connection: sa.Connection,
    tenant: TenantId,
    number: RevisionNumber,
    places: Places,
    records: Records,
) -> Governing:
    kept = revision_of(connection, tenant, number)
    if kept is None:
        return Governing(FOUNDING, load_policies({}, places, _NO_HOLIDAYS, records))
    documents = dict(kept.content.documents)
    policies = load_policies(documents, places, kept.content.holidays, records)
    return Governing(number, policies)


def is_registered(connection: sa.Connection, tenant: TenantId, of: PersonId) -> bool:
    """Whether the people file in force knows a person."""
    asked = {"tenant": tenant, "person": of}
    return connection.execute(_PERSON, asked).first() is not None


def subject_of(connection: sa.Connection, tenant: TenantId, of: PersonId) -> Subject | None:
    """What the registers tell of a person; None of one they do not know."""
    asked = {"tenant": tenant, "person": of}
    row = connection.execute(_PERSON, asked).one_or_none()
    if row is None:
        return None
    facts = tuple(_fact(item) for item in connection.execute(_FACTS_OF, asked))
    return _subject(row, facts, freshness(connection, tenant))


def all_subjects(connection: sa.Connection, tenant: TenantId) -> Iterator[Subject]:
    """Everybody the registers know, by id; read in step with their facts, never all at once."""
    of = {"tenant": tenant}
    fresh_until = freshness(connection, tenant)
    items = iter(connection.execute(_FACTS, of))
    item = next(items, None)
    for row in connection.execute(_PEOPLE, of):
        facts: list[Fact] = []
        while item is not None and item.person <= row.person:
            if item.person == row.person:
                facts.append(_fact(item))
            item = next(items, None)
        yield _subject(row, tuple(facts), fresh_until)


def _subject(
    row: sa.Row[*tuple[Any, ...]], facts: tuple[Fact, ...], fresh: Mapping[FactKind, Instant]
) -> Subject:
    return Subject(
        PersonId(row.person),
        None if row.born is None else date.fromisoformat(row.born),
        facts,
        fresh_until=fresh,
        household=row.household,
        is_protected=bool(row.is_protected),
    )


def _fact(item: sa.Row[*tuple[Any, ...]]) -> Fact:
    kind = FactKind(item.kind)
    return Fact(kind, parse_fact_value(kind, item.value), item.starts, item.ends, item.source)


def freshness(connection: sa.Connection, tenant: TenantId) -> Mapping[FactKind, Instant]:
    rows = connection.execute(_FRESHNESS, {"tenant": tenant})
    return MappingProxyType({FactKind(row.kind): Instant(row.fresh_until) for row in rows})
