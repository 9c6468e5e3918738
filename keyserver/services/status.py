"""What an installation looks like from outside its doors: for `keyserver status`.

Counts and ids, no names of people. Instants are as the database has them.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from keyserver.services.doors.bundles import epoch_of, facilities_of, newest_bundle
from keyserver.services.doors.journal import head_of
from keyserver.services.doors.settings import newest_settings
from keyserver.services.people.revision_records import governing
from keyserver.storage.tables import controller, credential, device, person
from lockagent.protocol.trust_bundle import TrustVersion, parse_bundle
from policies.vocabulary import FacilityId, Instant, TenantId


@dataclass(frozen=True, slots=True)
class FacilityStatus:
    """A facility's bundle in force, and its live credentials.

    `bundle_bytes` of `BUNDLE_BYTES` are used; where they would not do, the epoch is raised. At
    most `MOST_REVOKED_READERS` of `revoked_readers` are listed.
    """

    facility: FacilityId
    bundle: TrustVersion
    issued_at: Instant
    epoch: int
    live_credentials: int
    revoked: int
    revoked_readers: int
    bundle_bytes: int


@dataclass(frozen=True, slots=True)
class ControllerStatus:
    """A controller in service: when it last called, what it confirmed, its journal's length.

    `is_ahead`: it says that it holds a bundle or settings later than any this database knows.
    """

    controller: str
    place: str
    facility: FacilityId
    seen_at: Instant | None
    bundle: TrustVersion | None
    settings: int | None
    is_confirmed: bool
    is_ahead: bool
    journal_sequence: int


@dataclass(frozen=True, slots=True)
class Status:
    """One tenant at a glance."""

    revision: int
    people: int
    devices: int
    facilities: tuple[FacilityStatus, ...]
    controllers: tuple[ControllerStatus, ...]


_PEOPLE = (
    sa.select(sa.func.count()).select_from(person).where(person.c.tenant == sa.bindparam("tenant"))
)
_DEVICES = (
    sa.select(sa.func.count())
    .select_from(device)
    .where(device.c.tenant == sa.bindparam("tenant"), device.c.revoked_at.is_(None))
)
_LIVE = (
    sa.select(sa.func.count())
    .select_from(credential)
    .where(
        credential.c.tenant == sa.bindparam("tenant"),
        credential.c.facility == sa.bindparam("facility"),
        credential.c.expires > sa.bindparam("at"),
        credential.c.epoch >= sa.bindparam("epoch"),
        credential.c.revoked_at.is_(None),
    )
)
_CONTROLLERS = (
    sa.select(controller)
    .where(controller.c.tenant == sa.bindparam("tenant"), controller.c.retired_at.is_(None))
    .order_by(controller.c.place)
)


def status_of(connection: sa.Connection, tenant: TenantId, at: Instant) -> Status:
    """The tenant as it stands at `at`."""
    of = {"tenant": tenant}
    return Status(
        revision=governing(connection, tenant).in_force(at),
        people=connection.execute(_PEOPLE, of).scalar_one(),
        devices=connection.execute(_DEVICES, of).scalar_one(),
        facilities=tuple(
            _facility(connection, tenant, facility, at)
            for facility in facilities_of(connection, tenant)
        ),
        controllers=tuple(
            _controller(connection, tenant, row)
            for row in connection.execute(_CONTROLLERS, of).all()
        ),
    )


def _controller(
    connection: sa.Connection, tenant: TenantId, row: sa.Row[*tuple[Any, ...]]
) -> ControllerStatus:
    held = TrustVersion(row.bundle_root, row.bundle_counter) if row.bundle_root else None
    newest, _ = newest_bundle(connection, tenant, row.facility)
    settings = newest_settings(connection, tenant, row.controller)
    newest_version = 0 if settings is None else settings[0]
    return ControllerStatus(
        controller=row.controller,
        place=row.place,
        facility=row.facility,
        seen_at=row.seen_at,
        bundle=held,
        settings=row.settings_version,
        is_confirmed=held == newest,
        is_ahead=(held is not None and held > newest)
        or (row.settings_version or 0) > newest_version,
        journal_sequence=head_of(connection, tenant, row.controller).sequence,
    )


def _facility(
    connection: sa.Connection, tenant: TenantId, facility: FacilityId, at: Instant
) -> FacilityStatus:
    version, signed = newest_bundle(connection, tenant, facility)
    bundle = parse_bundle(signed).claims
    epoch = epoch_of(connection, tenant, facility)
    asked = {"tenant": tenant, "facility": facility, "at": at, "epoch": epoch}
    live = connection.execute(_LIVE, asked).scalar_one()
    return FacilityStatus(
        facility=facility,
        bundle=version,
        issued_at=bundle.issued,
        epoch=epoch,
        live_credentials=live,
        revoked=len(bundle.revoked),
        revoked_readers=len(bundle.revoked_readers),
        bundle_bytes=len(signed),
    )
