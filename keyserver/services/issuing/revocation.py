"""Revocation: of one credential, of a device, of a person, or of whoever left the register.

Rules kept here:
- a revoked credential is in its facility's bundle, or its epoch has ended, in the very transaction
  that revokes it;
- its index is not given to another credential until no door can hold a bundle that lists it;
- a device that is revoked never comes back; a person whose devices are revoked may enrol anew, with
  a code made after that: the codes made before it end with the devices;
- every revocation of a device, a credential or a person has a reason and is kept.

Which credentials hold more than policy now gives is `excess`'s to find.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import renew_bundle
from keyserver.services.identifiers import new_identifier
from keyserver.services.people.codes import Purpose, void_codes
from keyserver.storage.tables import code, controller, credential, device, held_index, person
from keyserver.storage.tables import revocation as revocation_table
from lockagent.protocol.trust_bundle import BUNDLE_LIFE_SECONDS, TrustVersion
from policies.vocabulary import FacilityId, Instant, PersonId, TenantId

LEFT_THE_REGISTER = "no longer in the people file"


class RevocationKind(StrEnum):
    """What may be revoked by hand."""

    DEVICE = "device"
    CREDENTIAL = "credential"
    PERSON = "person"


class IssuedRow(NamedTuple):
    """What revoking a credential needs to know of it."""

    cti: bytes
    facility: FacilityId
    status_index: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation did: bundles by facility, and the controllers that have not confirmed.

    `codes` are those that were made for the person and had not been used.
    """

    revocation: str
    devices: int
    codes: int
    credentials: int
    bundles: dict[FacilityId, TrustVersion]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leavers:
    """What people who left the register have lost beside their credentials."""

    people: int
    devices: int
    codes: int


_LIVE = sa.select(credential.c.cti, credential.c.facility, credential.c.status_index).where(
    credential.c.tenant == sa.bindparam("tenant"),
    credential.c.expires > sa.bindparam("at"),
    credential.c.revoked_at.is_(None),
)
_LIVE_OF = {
    RevocationKind.DEVICE: _LIVE.where(credential.c.device == sa.bindparam("target")),
    RevocationKind.PERSON: _LIVE.where(credential.c.person == sa.bindparam("target")),
    RevocationKind.CREDENTIAL: _LIVE.where(credential.c.cti == sa.bindparam("target")),
}
_REVOKE_CREDENTIAL = (
    sa.update(credential)
    .where(
        credential.c.tenant == sa.bindparam("of_tenant"), credential.c.cti == sa.bindparam("of_cti")
    )
    .values(revoked_at=sa.bindparam("at"))
)
_HOLD_INDEX = (
    sa.update(held_index)
    .where(
        held_index.c.tenant == sa.bindparam("of_tenant"),
        held_index.c.facility == sa.bindparam("of_facility"),
        held_index.c.status_index == sa.bindparam("of_index"),
    )
    .values(held_until=sa.bindparam("until"))
)
_REVOKE_DEVICES = sa.update(device).where(
    device.c.tenant == sa.bindparam("of_tenant"), device.c.revoked_at.is_(None)
)
_REVOKE_DEVICE = _REVOKE_DEVICES.where(device.c.device == sa.bindparam("target")).values(
    revoked_at=sa.bindparam("at")
)
_REVOKE_DEVICES_OF = _REVOKE_DEVICES.where(device.c.person == sa.bindparam("target")).values(
    revoked_at=sa.bindparam("at")
)
_ABSENT = sa.union(
    sa.select(device.c.person.label("person")).where(
        device.c.tenant == sa.bindparam("tenant"),
        device.c.revoked_at.is_(None),
        ~sa.exists().where(person.c.tenant == device.c.tenant, person.c.person == device.c.person),
    ),
    sa.select(code.c.made_for.label("person")).where(
        code.c.tenant == sa.bindparam("tenant"),
        code.c.purpose == Purpose.DEVICE,
        code.c.used_at.is_(None),
        code.c.expires > sa.bindparam("at"),
        ~sa.exists().where(person.c.tenant == code.c.tenant, person.c.person == code.c.made_for),
    ),
)
_INSERT = sa.insert(revocation_table)
_CONTROLLERS = (
    sa.select(controller.c.place, controller.c.bundle_root, controller.c.bundle_counter)
    .where(
        controller.c.tenant == sa.bindparam("tenant"),
        controller.c.facility == sa.bindparam("facility"),
        controller.c.retired_at.is_(None),
    )
    .order_by(controller.c.place)
)


def revoke(
    connection: sa.Connection,
    authority: Authority,
    kind: RevocationKind,
    target: str,
    reason: str,
    at: Instant,
) -> Revoked:
    """Revoke what `target` names; AdministratorError where nothing is there to revoke."""
    tenant = authority.tenant
    devices = codes = 0
    if kind is RevocationKind.DEVICE:
        of = {"of_tenant": tenant, "target": target, "at": at}
        devices = connection.execute(_REVOKE_DEVICE, of).rowcount
    elif kind is RevocationKind.PERSON:
        devices, codes = _disown(connection, tenant, PersonId(target), at)
    named = _cti_of(target) if kind is RevocationKind.CREDENTIAL else target
    rows = connection.execute(_LIVE_OF[kind], {"tenant": tenant, "target": named, "at": at}).all()
    if not devices and not codes and not rows:
        raise AdministratorError(f"expected a {kind} that has something to revoke, got {target}")
    made = _keep(connection, authority, kind, target, reason, at)
    lost = [IssuedRow(row.cti, row.facility, row.status_index) for row in rows]
    bundles = revoke_credentials(connection, authority, lost, at)
    waiting = waiting_for(connection, tenant, bundles)
    return Revoked(made, devices, codes, len(rows), bundles, waiting)


def revoke_leavers(connection: sa.Connection, authority: Authority, at: Instant) -> Leavers:
    """Revoke the devices, and end the codes, of everybody whom the register knows no longer.

    Their credentials hold what nobody is given any more, so they are found as such (`excess`).
    """
    tenant = authority.tenant
    absent = connection.execute(_ABSENT, {"tenant": tenant, "at": at}).scalars().all()
    devices = codes = 0
    for left in absent:
        of_one = _disown(connection, tenant, PersonId(left), at)
        devices, codes = devices + of_one[0], codes + of_one[1]
        _keep(connection, authority, RevocationKind.PERSON, left, LEFT_THE_REGISTER, at)
    return Leavers(len(absent), devices, codes)


def revoke_credentials(
    connection: sa.Connection,
    authority: Authority,
    lost: Sequence[IssuedRow],
    at: Instant,
) -> dict[FacilityId, TrustVersion]:
    """Revoke these credentials and renew the bundles of their facilities; the new versions."""
    if not lost:
        return {}
    tenant = authority.tenant
    connection.execute(
        _REVOKE_CREDENTIAL, [{"of_tenant": tenant, "of_cti": row.cti, "at": at} for row in lost]
    )
    connection.execute(
        _HOLD_INDEX,
        [
            {
                "of_tenant": tenant,
                "of_facility": row.facility,
                "of_index": row.status_index,
                "until": at + BUNDLE_LIFE_SECONDS,
            }
            for row in lost
        ],
    )
    touched = sorted({row.facility for row in lost})
    return {of: renew_bundle(connection, authority, of, at) for of in touched}


def waiting_for(
    connection: sa.Connection, tenant: TenantId, bundles: dict[FacilityId, TrustVersion]
) -> tuple[str, ...]:
    """The controllers, by place, that have not confirmed exactly these bundles.

    One that says it holds a later one confirms nothing: this database may have been restored.
    """
    return tuple(
        row.place
        for of, version in bundles.items()
        for row in connection.execute(_CONTROLLERS, {"tenant": tenant, "facility": of})
        if (row.bundle_root or 0, row.bundle_counter or 0) != version
    )


def _disown(
    connection: sa.Connection, tenant: TenantId, person_id: PersonId, at: Instant
) -> tuple[int, int]:
    """Take a person's devices and unused codes away; how many of each."""
    of = {"of_tenant": tenant, "target": person_id, "at": at}
    devices = connection.execute(_REVOKE_DEVICES_OF, of).rowcount
    return devices, void_codes(connection, tenant, person_id, at)


def _keep(
    connection: sa.Connection,
    authority: Authority,
    kind: RevocationKind,
    target: str,
    reason: str,
    at: Instant,
) -> str:
    made = new_identifier("rev_", authority.random_bytes)
    connection.execute(
        _INSERT,
        {
            "tenant": authority.tenant,
            "revocation": made,
            "kind": kind,
            "target": target,
            "reason": reason,
            "made_at": at,
        },
    )
    return made


def _cti_of(text: str) -> bytes:
    if re.fullmatch("[0-9a-f]{16}", text) is None:
        raise AdministratorError("expected a credential as the 16 hex digits of its cti, got other")
    return bytes.fromhex(text)
