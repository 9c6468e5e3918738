"""Importing places and people, and publishing policies.

Rules kept here:
- a file is taken whole or not at all; every fault is told with file, line and key path;
- what is imported must agree with what is there: new places with the revision in force and with
  the people, so that nothing published ever dangles;
- an access point's number is never used again for another one, also after it was removed;
- a revision is immutable, numbered, named by the hash of its documents and holidays; it is exactly
  the documents given, one for each place;
- whatever takes windows away revokes the credentials that hold them, in the same transaction; a
  person who is no longer in the register loses the devices too.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.bundles import facilities_of, renew_all_bundles
from keyserver.services.counters import Counter, raise_counter
from keyserver.services.registers import (
    holidays_text,
    newest_revision,
    read_registers,
)
from keyserver.services.revocation import revoke_device_of_absent, revoke_lost_rights
from keyserver.services.settings import renew_all_settings
from keyserver.storage.tables import (
    access_point,
    device,
    facility,
    fact,
    person,
    policy_document,
    register_file,
    revision,
    tenant,
)
from policies.calendars import HolidayTable
from policies.document import load_policies
from policies.model import Subject
from policies.people import parse_people
from policies.places import Places, parse_places
from policies.vocabulary import Instant, PersonId, TenantId


@dataclass(frozen=True, slots=True)
class Published:
    """A revision in force; `revoked` credentials held what it takes away."""

    revision: int
    sha256: bytes
    documents: tuple[str, ...]
    is_new: bool
    revoked: int


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
_CLEAR_PEOPLE = sa.delete(person).where(person.c.tenant == sa.bindparam("of_tenant"))
_ADD_PERSON = sa.insert(person)
_ADD_FACT = sa.insert(fact)
_PEOPLE_FILE = sa.select(register_file.c.content).where(
    register_file.c.tenant == sa.bindparam("tenant"), register_file.c.kind == "people"
)
_DEVICE_OWNERS = (
    sa.select(device.c.person)
    .where(device.c.tenant == sa.bindparam("tenant"), device.c.revoked_at.is_(None))
    .distinct()
)
_REVISION = (
    sa.select(revision.c.revision, revision.c.sha256)
    .where(revision.c.tenant == sa.bindparam("tenant"))
    .order_by(revision.c.revision.desc())
    .limit(1)
)
_ADD_REVISION = sa.insert(revision)
_ADD_DOCUMENT = sa.insert(policy_document)


def import_places(
    connection: sa.Connection,
    authority: Authority,
    text: str,
    file: str,
    at: Instant,
) -> tuple[Places, int]:
    """Take a places file; what it says, and how many credentials it revoked.

    Raises PolicyError for a fault in it, or in a document in force read against it.
    """
    of = authority.tenant
    places = parse_places(text, file)
    if places.tenant.id != of:
        raise AdministratorError(f"expected places of tenant {of}, got {places.tenant.id}")
    _, documents, holidays = newest_revision(connection, of)
    load_policies(documents, places, holidays)
    people = connection.execute(_PEOPLE_FILE, {"tenant": of}).scalar_one_or_none()
    if people is not None:
        parse_people(people, "people.yaml", places)
    _keep_points(connection, of, places, at)
    connection.execute(_NAME_TENANT, {"of_tenant": of, "new_name": places.tenant.name})
    _keep_file(connection, of, "places", text, at)
    for name in places.facilities:
        connection.execute(_ADD_FACILITY, {"tenant": of, "facility": name, "epoch": 1})
    renew_all_bundles(connection, authority, at)
    renew_all_settings(connection, authority, places, at)
    return places, _after_change(connection, authority, at)


def import_people(
    connection: sa.Connection,
    authority: Authority,
    text: str,
    file: str,
    at: Instant,
) -> tuple[Mapping[PersonId, Subject], int]:
    """Take a people file, which replaces the one before; who is in it, and revoked credentials."""
    of = authority.tenant
    known = read_registers(connection, of)
    if known is None:
        raise AdministratorError("expected places before people, got none; import places first")
    people = parse_people(text, file, known.places)
    connection.execute(_CLEAR_FACTS, {"of_tenant": of})
    connection.execute(_CLEAR_PEOPLE, {"of_tenant": of})
    for subject in people.values():
        _keep_person(connection, of, subject)
    _keep_file(connection, of, "people", text, at)
    for owner in connection.execute(_DEVICE_OWNERS, {"tenant": of}).scalars().all():
        if owner not in people:
            revoke_device_of_absent(connection, authority, PersonId(owner), at)
    return people, _after_change(connection, authority, at)


def publish(
    connection: sa.Connection,
    authority: Authority,
    documents: Mapping[str, str],
    holidays: HolidayTable,
    at: Instant,
) -> Published:
    """Put these documents (name to text) in force as a new revision; PolicyError for a fault.

    The same documents again are the revision in force, not a new one.
    """
    of = authority.tenant
    known = read_registers(connection, of)
    if known is None:
        raise AdministratorError("expected places before policies, got none; import places first")
    load_policies(documents, known.places, holidays)
    digest = content_hash(documents, holidays)
    held = connection.execute(_REVISION, {"tenant": of}).one_or_none()
    names = tuple(documents)
    if held is not None and held.sha256 == digest:
        return Published(held.revision, digest, names, is_new=False, revoked=0)
    number = 1 if held is None else held.revision + 1
    connection.execute(
        _ADD_REVISION,
        {
            "tenant": of,
            "revision": number,
            "sha256": digest,
            "holidays": holidays_text(holidays),
            "published_at": at,
        },
    )
    for position, (name, content) in enumerate(documents.items()):
        connection.execute(
            _ADD_DOCUMENT,
            {
                "tenant": of,
                "revision": number,
                "position": position,
                "name": name,
                "content": content,
            },
        )
    revoked = _after_change(connection, authority, at)
    return Published(number, digest, names, is_new=True, revoked=revoked)


def content_hash(documents: Mapping[str, str], holidays: HolidayTable) -> bytes:
    """SHA-256 over the documents in order and the holidays, each behind its length."""
    digest = hashlib.sha256(b"bynokkel revision 1")
    parts = [part for pair in documents.items() for part in pair] + [holidays_text(holidays)]
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def _after_change(connection: sa.Connection, authority: Authority, at: Instant) -> int:
    raise_counter(connection, authority.tenant, Counter.REGISTERS)
    # Read past the cache: this transaction may yet be undone.
    now = read_registers(connection, authority.tenant)
    if now is None:
        return 0
    facilities = facilities_of(connection, authority.tenant)
    return revoke_lost_rights(connection, authority, now, facilities, at)


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


def _keep_person(connection: sa.Connection, of: TenantId, subject: Subject) -> None:
    born = None if subject.born is None else subject.born.isoformat()
    connection.execute(_ADD_PERSON, {"tenant": of, "person": subject.id, "born": born})
    for position, item in enumerate(subject.facts):
        connection.execute(
            _ADD_FACT,
            {
                "tenant": of,
                "person": subject.id,
                "position": position,
                "kind": item.kind,
                "value": item.text,
                "starts": item.start,
                "ends": item.end,
                "source": item.source,
            },
        )


def _keep_file(connection: sa.Connection, of: TenantId, kind: str, text: str, at: Instant) -> None:
    row = {"tenant": of, "kind": kind, "content": text, "imported_at": at}
    connection.execute(_KEEP_FILE, row)
