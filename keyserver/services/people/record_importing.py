"""Importing records.yaml: bookings, assignments and switches, all of them at once.

Rules kept here:
- a file is taken whole or not at all, and replaces the one before; every fault is told with file,
  line and key path;
- what it takes away, an appointment that is gone or a switch that has come on, revokes the
  credentials that hold it, and the doors' unlock schedules follow, in the same transaction;
- a door that no rule takes from its record, and a person whom the register does not know, are no
  faults: they give nothing, and are told.
"""

from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.doors.settings import renew_all_settings
from keyserver.services.people.importing import keep_file
from keyserver.services.people.record_register import RECORDS_KIND, keep_records
from keyserver.services.people.register_change import (
    RegistersToBe,
    change_registers,
    conclude_change,
    plan_change,
    require_unchanged,
)
from keyserver.services.people.registers import is_registered, read_registers, subject_of
from keyserver.storage.store import Store
from policies.documents.record_file import RecordFile, ignored_doors, parse_records
from policies.errors import Fault
from policies.vocabulary import Instant, TenantId


@dataclass(frozen=True, slots=True)
class ImportedRecords:
    """What a records file has changed: records before and now, switches that are on, what it took.

    `ignored` is what the file says and nothing goes by.
    """

    before: int
    count: int
    switches_on: tuple[str, ...]
    ignored: tuple[Fault, ...]
    credentials_revoked: int


@dataclass(frozen=True, slots=True)
class _Planned:
    to_be: RegistersToBe
    read: RecordFile
    before: int
    ignored: tuple[Fault, ...]


async def import_records(
    store: Store, authority: Authority, text: str, file: str, at: Instant
) -> ImportedRecords:
    """Take a records file, which replaces the one before; PolicyError, AdministratorError."""
    return await change_registers(
        store,
        lambda connection: _plan(connection, authority.tenant, text, file, at),
        lambda connection, planned: _take(connection, authority, planned, text, at),
    )


def _plan(connection: sa.Connection, of: TenantId, text: str, file: str, at: Instant) -> _Planned:
    known = read_registers(connection, of, at)
    if known is None:
        raise AdministratorError("expected places before records, got none; import places first")
    read = parse_records(text, file, known.places)
    registers = known.with_records(read.records, read.switches)
    strangers = tuple(
        Fault(
            file,
            read.lines[record.id],
            f"records.{record.id}.people",
            f"expected people of the register, got {part.person}: nothing is given to them",
        )
        for record in read.records.all
        for part in record.people
        if not is_registered(connection, of, part.person)
    )
    doors = ignored_doors(read, registers.in_force(at).policies)
    to_be = plan_change(connection, of, registers, partial(subject_of, connection, of), at)
    return _Planned(to_be, read, len(known.records.all), (*doors, *strangers))


def _take(
    connection: sa.Connection, authority: Authority, planned: _Planned, text: str, at: Instant
) -> ImportedRecords:
    of, read = authority.tenant, planned.read
    require_unchanged(connection, of, planned.to_be)
    keep_records(connection, of, read.records, read.switches)
    keep_file(connection, of, RECORDS_KIND, text, at)
    renew_all_settings(connection, authority, planned.to_be.registers, at)
    subjects = partial(subject_of, connection, of)
    revoked = conclude_change(connection, authority, planned.to_be, subjects, at)
    on = tuple(sorted(name for name, is_on in read.switches.items() if is_on))
    return ImportedRecords(planned.before, len(read.records.all), on, planned.ignored, revoked)
