"""Importing the files of the registers: places and people.

Rules kept here:
- a file is taken whole or not at all; every fault is told with file, line and key path;
- what is imported must agree with what is there: new places with the revision in force and with
  the people, so that nothing published ever dangles;
- an access point's number is never used again for another one, also after it was removed; a
  controller none of whose access points is left is retired;
- a person who is no longer in the register loses devices and unused codes too, and that is kept
  as a revocation; an empty people file is refused, since it would take all of them from everybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import renew_all_bundles
from keyserver.services.doors.controllers import retire_without_points
from keyserver.services.doors.settings import renew_all_settings
from keyserver.services.issuing.revocation import Leavers, revoke_leavers
from keyserver.services.people.register_change import (
    RegistersToBe,
    change_registers,
    conclude_change,
    plan_change,
    require_unchanged,
)
from keyserver.services.people.registers import (
    read_registers,
    registers_over,
    subject_of,
)
from keyserver.storage.store import Store
from keyserver.storage.tables import (
    access_point,
    facility,
    fact,
    person,
    register_file,
    register_freshness,
    tenant,
)
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.model import FactKind, Subject
from policies.places import Places
from policies.vocabulary import Instant, PersonId, TenantId


@dataclass(frozen=True, slots=True)
class ImportedPlaces:
    """What a places file has changed: access points before and now, and what it took away."""

    before: int
    count: int
    controllers_retired: int
    credentials_revoked: int


@dataclass(frozen=True, slots=True)
class ImportedPeople:
    """What a people file has changed: people before and now, and what was taken away."""

    before: int
    count: int
    leavers: Leavers
    credentials_revoked: int


@dataclass(frozen=True, slots=True)
class _PlannedPeople:
    to_be: RegistersToBe
    people: Mapping[PersonId, Subject]


_NAME_TENANT = (
    sa.update(tenant)
    .where(tenant.c.tenant == sa.bindparam("of_tenant"))
    .values(name=sa.bindparam("new_name"))
)
_KEEP_FILE = insert(register_file)
_KEEP_FILE = _KEEP_FILE.on_conflict_do_update(
    index_elements=[register_file.c.tenant, register_file.c.kind],
    set_={
        "content": _KEEP_FILE.excluded.content,
        "imported_at": _KEEP_FILE.excluded.imported_at,
    },
)
_ADD_FACILITY = insert(facility).on_conflict_do_nothing()
_POINTS = sa.select(access_point.c.number, access_point.c.access_point).where(
    access_point.c.tenant == sa.bindparam("tenant")
)
_KEEP_POINT = insert(access_point)
_KEEP_POINT = _KEEP_POINT.on_conflict_do_update(
    index_elements=[access_point.c.tenant, access_point.c.number],
    set_={
        "facility": _KEEP_POINT.excluded.facility,
        "controller": _KEEP_POINT.excluded.controller,
        "removed_at": None,
    },
)
_REMOVE_POINT = (
    sa.update(access_point)
    .where(
        access_point.c.tenant == sa.bindparam("of_tenant"),
        access_point.c.number == sa.bindparam("of_number"),
        access_point.c.removed_at.is_(None),
    )
    .values(removed_at=sa.bindparam("at"))
)
_CLEAR_FACTS = sa.delete(fact).where(fact.c.tenant == sa.bindparam("of_tenant"))
_CLEAR_FRESHNESS = sa.delete(register_freshness).where(
    register_freshness.c.tenant == sa.bindparam("of_tenant")
)
_CLEAR_PEOPLE = sa.delete(person).where(person.c.tenant == sa.bindparam("of_tenant"))
_ADD_PERSON = sa.insert(person)
_ADD_FACT = sa.insert(fact)
_ADD_FRESHNESS = sa.insert(register_freshness)
_PEOPLE_FILE = sa.select(register_file.c.content).where(
    register_file.c.tenant == sa.bindparam("tenant"), register_file.c.kind == "people"
)
_COUNT_POINTS = (
    sa.select(sa.func.count())
    .select_from(access_point)
    .where(access_point.c.tenant == sa.bindparam("tenant"), access_point.c.removed_at.is_(None))
)
_COUNT_PEOPLE = (
    sa.select(sa.func.count()).select_from(person).where(person.c.tenant == sa.bindparam("tenant"))
)


async def import_places(
    store: Store, authority: Authority, text: str, file: str, at: Instant
) -> ImportedPlaces:
    """Take a places file.

    Raises PolicyError for a fault in it, or in a document in force read against it;
    AdministratorError for another tenant's, or a number that is another access point's.
    """
    return await change_registers(
        store,
        lambda connection: _plan_places(connection, authority.tenant, text, file, at),
        lambda connection, to_be: _take_places(connection, authority, to_be, text, at),
    )


async def import_people(
    store: Store, authority: Authority, text: str, file: str, at: Instant
) -> ImportedPeople:
    """Take a people file, which replaces the one before; PolicyError, AdministratorError."""
    return await change_registers(
        store,
        lambda connection: _plan_people(connection, authority.tenant, text, file, at),
        lambda connection, planned: _take_people(connection, authority, planned, text, at),
    )


def _plan_places(
    connection: sa.Connection, of: TenantId, text: str, file: str, at: Instant
) -> RegistersToBe:
    places = parse_places(text, file)
    if places.tenant.id != of:
        raise AdministratorError(f"expected places of tenant {of}, got {places.tenant.id}")
    registers = registers_over(connection, of, places, at)
    people = connection.execute(_PEOPLE_FILE, {"tenant": of}).scalar_one_or_none()
    if people is not None:
        parse_people(people, "people.yaml", places)
    return plan_change(connection, of, registers, partial(subject_of, connection, of), at)


def _take_places(
    connection: sa.Connection,
    authority: Authority,
    to_be: RegistersToBe,
    text: str,
    at: Instant,
) -> ImportedPlaces:
    of = authority.tenant
    require_unchanged(connection, of, to_be)
    places = to_be.registers.places
    before = connection.execute(_COUNT_POINTS, {"tenant": of}).scalar_one()
    _keep_points(connection, of, places, at)
    connection.execute(_NAME_TENANT, {"of_tenant": of, "new_name": places.tenant.name})
    keep_file(connection, of, "places", text, at)
    for name in places.facilities:
        row = {"tenant": of, "facility": name, "epoch": 1, "readers_since": 0}
        connection.execute(_ADD_FACILITY, row)
    retired = retire_without_points(connection, of, at)
    renew_all_bundles(connection, authority, at)
    renew_all_settings(connection, authority, to_be.registers, at)
    subjects = partial(subject_of, connection, of)
    lost = conclude_change(connection, authority, to_be, subjects, at)
    return ImportedPlaces(before, len(places.access_points), retired, lost)


def _plan_people(
    connection: sa.Connection, of: TenantId, text: str, file: str, at: Instant
) -> _PlannedPeople:
    known = read_registers(connection, of, at)
    if known is None:
        raise AdministratorError("expected places before people, got none; import places first")
    people = parse_people(text, file, known.places)
    if not people:
        raise AdministratorError(
            f"expected people in {file}, got none: nobody could enter any more"
        )
    return _PlannedPeople(plan_change(connection, of, known, people.get, at), people)


def _take_people(
    connection: sa.Connection,
    authority: Authority,
    planned: _PlannedPeople,
    text: str,
    at: Instant,
) -> ImportedPeople:
    of = authority.tenant
    require_unchanged(connection, of, planned.to_be)
    people = planned.people
    before = connection.execute(_COUNT_PEOPLE, {"tenant": of}).scalar_one()
    for clear in (_CLEAR_FACTS, _CLEAR_FRESHNESS, _CLEAR_PEOPLE):
        connection.execute(clear, {"of_tenant": of})
    _keep_people(connection, of, people.values())
    keep_file(connection, of, "people", text, at)
    leavers = revoke_leavers(connection, authority, at)
    lost = conclude_change(connection, authority, planned.to_be, people.get, at)
    return ImportedPeople(before, len(people), leavers, lost)


def _keep_points(connection: sa.Connection, of: TenantId, places: Places, at: Instant) -> None:
    held = {row.number: row.access_point for row in connection.execute(_POINTS, {"tenant": of})}
    numbers = {name: number for number, name in held.items()}
    for point in places.access_points:
        if held.get(point.number, point.id) != point.id:
            raise AdministratorError(
                f"expected a number not used before for {point.id}, got {point.number}, "
                f"which is {held[point.number]}'s for ever"
            )
        if numbers.get(point.id, point.number) != point.number:
            raise AdministratorError(
                f"expected {point.id} to keep its number {numbers[point.id]}, got {point.number}"
            )
        connection.execute(
            _KEEP_POINT,
            {
                "tenant": of,
                "number": point.number,
                "access_point": point.id,
                "facility": point.facility,
                "controller": point.controller,
            },
        )
    for number in held.keys() - places.by_number.keys():
        connection.execute(_REMOVE_POINT, {"of_tenant": of, "of_number": number, "at": at})


def _keep_people(connection: sa.Connection, of: TenantId, people: Iterable[Subject]) -> None:
    persons: list[dict[str, object]] = []
    facts: list[dict[str, object]] = []
    fresh_until: dict[FactKind, Instant] = {}
    for subject in people:
        fresh_until.update(subject.fresh_until)
        born = None if subject.born is None else subject.born.isoformat()
        persons.append(
            {
                "tenant": of,
                "person": subject.id,
                "born": born,
                "household": subject.household,
                "is_protected": int(subject.is_protected),
            }
        )
        facts += (
            {
                "tenant": of,
                "person": subject.id,
                "position": position,
                "kind": item.kind,
                "value": item.text,
                "starts": item.start,
                "ends": item.end,
                "source": item.source,
            }
            for position, item in enumerate(subject.facts)
        )
    if persons:
        connection.execute(_ADD_PERSON, persons)
    if facts:
        connection.execute(_ADD_FACT, facts)
    if fresh_until:
        freshness = [
            {"tenant": of, "kind": kind, "fresh_until": until}
            for kind, until in fresh_until.items()
        ]
        connection.execute(_ADD_FRESHNESS, freshness)


def keep_file(connection: sa.Connection, of: TenantId, kind: str, text: str, at: Instant) -> None:
    """Keep the text of the file of this kind in place of the one before."""
    row = {"tenant": of, "kind": kind, "content": text, "imported_at": at}
    connection.execute(_KEEP_FILE, row)
