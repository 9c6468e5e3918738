"""Bookings, assignments and switches as the database keeps them.

Rules kept here:
- a tenant that has never imported records has none that can be told: every kind is unread, and a
  switch nobody has read counts as on. An imported file that has no bookings says that there are
  none;
- what the places in force no longer know is left out of what is read: an access point that was
  removed, a name that was.
"""

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from keyserver.storage.tables import (
    record,
    record_person,
    record_point,
    register_file,
    switch,
)
from policies.places import Places
from policies.records import (
    UNREAD,
    Participant,
    Record,
    RecordKind,
    RecordName,
    Records,
    records_of,
)
from policies.vocabulary import AccessPointNumber, Instant, PersonId, TenantId

RECORDS_KIND = "records"

_WAS_IMPORTED = sa.select(register_file.c.imported_at).where(
    register_file.c.tenant == sa.bindparam("tenant"), register_file.c.kind == RECORDS_KIND
)
_RECORDS = sa.select(
    record.c.record, record.c.kind, record.c.name, record.c.starts, record.c.ends
).where(record.c.tenant == sa.bindparam("tenant"))
_POINTS = (
    sa.select(record_point.c.record, record_point.c.number)
    .where(record_point.c.tenant == sa.bindparam("tenant"))
    .order_by(record_point.c.record, record_point.c.number)
)
_PEOPLE = (
    sa.select(record_person.c.record, record_person.c.person, record_person.c.role)
    .where(record_person.c.tenant == sa.bindparam("tenant"))
    .order_by(record_person.c.record, record_person.c.position)
)
_SWITCHES = sa.select(switch.c.name, switch.c.is_on).where(
    switch.c.tenant == sa.bindparam("tenant")
)
_CLEAR = tuple(
    sa.delete(table).where(table.c.tenant == sa.bindparam("of_tenant"))
    for table in (record, record_point, record_person, switch)
)
_ADD_RECORD = sa.insert(record)
_ADD_POINT = sa.insert(record_point)
_ADD_PERSON = sa.insert(record_person)
_ADD_SWITCH = sa.insert(switch)


def read_records(connection: sa.Connection, tenant: TenantId, places: Places) -> Records:
    """The records imported last, as far as `places` knows their doors; all kinds unread if none."""
    of = {"tenant": tenant}
    if connection.execute(_WAS_IMPORTED, of).first() is None:
        return UNREAD
    points: dict[str, list[AccessPointNumber]] = {}
    for row in connection.execute(_POINTS, of):
        if row.number in places.by_number:
            points.setdefault(row.record, []).append(row.number)
    people: dict[str, list[Participant]] = {}
    for part in connection.execute(_PEOPLE, of):
        people.setdefault(part.record, []).append(Participant(PersonId(part.person), part.role))
    return records_of(
        Record(
            id=one.record,
            of=RecordName(RecordKind(one.kind), one.name),
            points=tuple(points[one.record]),
            people=tuple(people.get(one.record, ())),
            start=Instant(one.starts),
            end=Instant(one.ends),
        )
        for one in connection.execute(_RECORDS, of)
        if one.record in points
    )


def read_switches(connection: sa.Connection, tenant: TenantId) -> Mapping[str, bool]:
    """How each switch that was imported stands; what is not in it was never read."""
    rows = connection.execute(_SWITCHES, {"tenant": tenant})
    return MappingProxyType({row.name: bool(row.is_on) for row in rows})


def keep_records(
    connection: sa.Connection, tenant: TenantId, records: Records, switches: Mapping[str, bool]
) -> None:
    """Keep these records and switches in place of all that were there."""
    for clear in _CLEAR:
        connection.execute(clear, {"of_tenant": tenant})
    rows: tuple[tuple[sa.Insert, list[dict[str, object]]], ...] = (
        (
            _ADD_RECORD,
            [
                {
                    "record": one.id,
                    "kind": one.of.kind,
                    "name": one.of.name,
                    "starts": one.start,
                    "ends": one.end,
                }
                for one in records.all
            ],
        ),
        (
            _ADD_POINT,
            [{"record": one.id, "number": number} for one in records.all for number in one.points],
        ),
        (
            _ADD_PERSON,
            [
                {
                    "record": one.id,
                    "position": position,
                    "person": participant.person,
                    "role": participant.role,
                }
                for one in records.all
                for position, participant in enumerate(one.people)
            ],
        ),
        (_ADD_SWITCH, [{"name": name, "is_on": int(is_on)} for name, is_on in switches.items()]),
    )
    for statement, values in rows:
        if values:
            connection.execute(statement, [{"tenant": tenant} | value for value in values])
