"""Places, people and policies as the engine reads them, out of the database.

Rules kept here:
- what is parsed from a published revision or an imported file is kept in memory until the counter
  `registers` says that something is newer; a transaction that changes them reads past that
  memory, since it may yet be undone;
- a person is read by key, one at a time: an installation may know hundreds of thousands;
- a revision is read with the holidays that were stored in it, never with today's library.
"""

import json
import threading
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from keyserver.services.counters import Counter, read_counter
from keyserver.storage.tables import fact, person, policy_document, register_file, revision
from policies.calendars import HolidayTable
from policies.document import load_policies
from policies.model import Fact, FactKind, PolicySet, Subject, parse_fact_value
from policies.places import Places, parse_places
from policies.vocabulary import PersonId, TenantId

PLACES_FILE = "places.yaml"

_PLACES = sa.select(register_file.c.content).where(
    register_file.c.tenant == sa.bindparam("tenant"), register_file.c.kind == "places"
)
_REVISION = (
    sa.select(revision.c.revision, revision.c.holidays, revision.c.sha256)
    .where(revision.c.tenant == sa.bindparam("tenant"))
    .order_by(revision.c.revision.desc())
    .limit(1)
)
_DOCUMENTS = (
    sa.select(policy_document.c.name, policy_document.c.content)
    .where(
        policy_document.c.tenant == sa.bindparam("tenant"),
        policy_document.c.revision == sa.bindparam("revision"),
    )
    .order_by(policy_document.c.position)
)
_PERSON = sa.select(person.c.born).where(
    person.c.tenant == sa.bindparam("tenant"), person.c.person == sa.bindparam("person")
)
_FACTS = (
    sa.select(fact.c.kind, fact.c.value, fact.c.starts, fact.c.ends, fact.c.source)
    .where(fact.c.tenant == sa.bindparam("tenant"), fact.c.person == sa.bindparam("person"))
    .order_by(fact.c.position)
)
_NO_HOLIDAYS = HolidayTable(1970, 1970, frozenset())


@dataclass(frozen=True, slots=True)
class Registers:
    """What a tenant has published: `revision` is 0, and no rule holds, before the first one.

    `generation` is the counter at which this was read.
    """

    generation: int
    revision: int
    places: Places
    policies: PolicySet


class RegisterCache:
    """The registers of one tenant, parsed once for each change."""

    def __init__(self, tenant: TenantId) -> None:
        self._tenant = tenant
        self._held: Registers | None = None
        self._lock = threading.Lock()

    def read(self, connection: sa.Connection) -> Registers | None:
        """The registers as of this transaction; None before places were imported."""
        generation = read_counter(connection, self._tenant, Counter.REGISTERS)
        with self._lock:
            if self._held is None or self._held.generation != generation:
                self._held = read_registers(connection, self._tenant)
            return self._held


def read_registers(connection: sa.Connection, tenant: TenantId) -> Registers | None:
    """Parse the imported places and the newest revision; None where no places were imported."""
    text = connection.execute(_PLACES, {"tenant": tenant}).scalar_one_or_none()
    if text is None:
        return None
    generation = read_counter(connection, tenant, Counter.REGISTERS)
    places = parse_places(text, PLACES_FILE)
    number, documents, holidays = newest_revision(connection, tenant)
    policies = load_policies(documents, places, holidays)
    return Registers(generation, number, places, policies)


def newest_revision(
    connection: sa.Connection, tenant: TenantId
) -> tuple[int, dict[str, str], HolidayTable]:
    """The newest revision: its number, its documents in order, its holidays; 0 before the first."""
    row = connection.execute(_REVISION, {"tenant": tenant}).one_or_none()
    if row is None:
        return 0, {}, _NO_HOLIDAYS
    asked = {"tenant": tenant, "revision": row.revision}
    documents = {item.name: item.content for item in connection.execute(_DOCUMENTS, asked)}
    return row.revision, documents, holidays_of(row.holidays)


def holidays_text(table: HolidayTable) -> str:
    """A holiday table as a revision keeps it."""
    days = sorted(day.isoformat() for day in table.days)
    return json.dumps({"first_year": table.first_year, "last_year": table.last_year, "days": days})


def holidays_of(text: str) -> HolidayTable:
    """The holiday table that a revision kept."""
    kept = json.loads(text)
    days = frozenset(date.fromisoformat(day) for day in kept["days"])
    return HolidayTable(kept["first_year"], kept["last_year"], days)


def is_registered(connection: sa.Connection, tenant: TenantId, of: PersonId) -> bool:
    """Whether the people file in force knows a person."""
    return connection.execute(_PERSON, {"tenant": tenant, "person": of}).first() is not None


def subject_of(connection: sa.Connection, tenant: TenantId, of: PersonId) -> Subject | None:
    """What the registers tell of a person; None of one they do not know."""
    asked = {"tenant": tenant, "person": of}
    row = connection.execute(_PERSON, asked).one_or_none()
    if row is None:
        return None
    facts = tuple(
        Fact(
            FactKind(item.kind),
            parse_fact_value(FactKind(item.kind), item.value),
            item.starts,
            item.ends,
            item.source,
        )
        for item in connection.execute(_FACTS, asked)
    )
    return Subject(of, None if row.born is None else date.fromisoformat(row.born), facts)
