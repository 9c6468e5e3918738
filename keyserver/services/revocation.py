"""Revocation: of one credential, of a device, of a person, or because rights were taken away.

Rules kept here:
- a revoked credential is in its facility's bundle, or its epoch has ended, in the very transaction
  that revokes it;
- its index is not given to another credential until no door can hold a bundle that lists it;
- a device that is revoked never comes back; a person whose devices are revoked may enrol anew;
- every revocation by hand has a reason and is kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.bundles import renew_bundle
from keyserver.services.identifiers import new_identifier
from keyserver.services.lost_rights import is_within
from keyserver.services.registers import Registers, subject_of
from keyserver.storage.tables import (
    controller,
    credential,
    device,
    facility,
    held_index,
    revocation,
)
from lockagent.protocol.credential import parse_credential
from lockagent.protocol.trust_bundle import BUNDLE_LIFE_SECONDS, TrustVersion
from policies.grant import Grant, Window
from policies.granting import grant_for
from policies.vocabulary import FacilityId, Instant, PersonId, TenantId


class RevocationKind(StrEnum):
    """What may be revoked by hand."""

    DEVICE = "device"
    CREDENTIAL = "credential"
    PERSON = "person"


class IssuedCredential(NamedTuple):
    """What revoking a credential needs to know of it."""

    cti: bytes
    facility: FacilityId
    status_index: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation did: bundles by facility, and the controllers that have not confirmed."""

    revocation: str
    devices: int
    credentials: int
    bundles: dict[FacilityId, TrustVersion]
    waiting: tuple[str, ...]


_LIVE = sa.select(
    credential.c.cti,
    credential.c.facility,
    credential.c.status_index,
    credential.c.person,
    credential.c.on_the_way,
    credential.c.not_before,
    credential.c.expires,
    credential.c.credential,
).where(
    credential.c.tenant == sa.bindparam("tenant"),
    credential.c.expires > sa.bindparam("at"),
    credential.c.revoked_at.is_(None),
)
_LIVE_OF = {
    RevocationKind.DEVICE: _LIVE.where(credential.c.device == sa.bindparam("subject")),
    RevocationKind.PERSON: _LIVE.where(credential.c.person == sa.bindparam("subject")),
    RevocationKind.CREDENTIAL: _LIVE.where(credential.c.cti == sa.bindparam("subject")),
}
_LIVE_AT = _LIVE.where(
    credential.c.facility == sa.bindparam("facility"),
    credential.c.epoch
    == sa.select(facility.c.epoch)
    .where(
        facility.c.tenant == sa.bindparam("tenant"),
        facility.c.facility == sa.bindparam("facility"),
    )
    .scalar_subquery(),
)
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
_REVOKE_DEVICE = _REVOKE_DEVICES.where(device.c.device == sa.bindparam("subject")).values(
    revoked_at=sa.bindparam("at")
)
_REVOKE_DEVICES_OF = _REVOKE_DEVICES.where(device.c.person == sa.bindparam("subject")).values(
    revoked_at=sa.bindparam("at")
)
_INSERT = sa.insert(revocation)
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
    subject: str,
    reason: str,
    at: Instant,
) -> Revoked:
    """Revoke what `subject` names; AdministratorError where nothing is there to revoke."""
    tenant = authority.tenant
    of = {"of_tenant": tenant, "subject": subject, "at": at}
    devices = 0
    if kind is RevocationKind.DEVICE:
        devices = connection.execute(_REVOKE_DEVICE, of).rowcount
    elif kind is RevocationKind.PERSON:
        devices = connection.execute(_REVOKE_DEVICES_OF, of).rowcount
    named = _cti_of(subject) if kind is RevocationKind.CREDENTIAL else subject
    rows = connection.execute(_LIVE_OF[kind], {"tenant": tenant, "subject": named, "at": at}).all()
    if not devices and not rows:
        raise AdministratorError(f"expected a {kind} that has something to revoke, got {subject}")
    made = new_identifier("rev_", authority.random_bytes)
    connection.execute(
        _INSERT,
        {
            "tenant": tenant,
            "revocation": made,
            "kind": kind,
            "subject": subject,
            "reason": reason,
            "made_at": at,
        },
    )
    lost = [IssuedCredential(row.cti, row.facility, row.status_index) for row in rows]
    bundles = revoke_credentials(connection, authority, lost, at)
    return Revoked(made, devices, len(rows), bundles, waiting_for(connection, tenant, bundles))


def revoke_device_of_absent(
    connection: sa.Connection, authority: Authority, person: PersonId, at: Instant
) -> None:
    """Revoke everything of a person whom the register no longer knows."""
    of = {"of_tenant": authority.tenant, "subject": person, "at": at}
    connection.execute(_REVOKE_DEVICES_OF, of)


def revoke_credentials(
    connection: sa.Connection,
    authority: Authority,
    lost: Iterable[IssuedCredential],
    at: Instant,
) -> dict[FacilityId, TrustVersion]:
    """Revoke these credentials and renew the bundles of their facilities; the new versions."""
    tenant = authority.tenant
    touched: set[FacilityId] = set()
    for credential_lost in lost:
        of_cti = credential_lost.cti
        connection.execute(_REVOKE_CREDENTIAL, {"of_tenant": tenant, "of_cti": of_cti, "at": at})
        connection.execute(
            _HOLD_INDEX,
            {
                "of_tenant": tenant,
                "of_facility": credential_lost.facility,
                "of_index": credential_lost.status_index,
                "until": at + BUNDLE_LIFE_SECONDS,
            },
        )
        touched.add(credential_lost.facility)
    return {of: renew_bundle(connection, authority, of, at) for of in sorted(touched)}


def revoke_lost_rights(
    connection: sa.Connection,
    authority: Authority,
    now: Registers,
    facilities: Iterable[FacilityId],
    at: Instant,
) -> int:
    """Revoke the credentials that hold more than policy now gives; how many there were."""
    tenant = authority.tenant
    given: dict[tuple[object, ...], Grant | None] = {}
    lost = []
    for of in facilities:
        asked = {"tenant": tenant, "facility": of, "at": at}
        for row in connection.execute(_LIVE_AT, asked):
            span = Window(row.not_before, row.expires)
            question = (row.person, of, span, row.on_the_way)
            if question not in given:
                subject = subject_of(connection, tenant, row.person)
                known = subject is not None and of in now.places.facilities
                point = row.on_the_way
                if point is not None and point not in now.places.by_number:
                    known = False
                given[question] = (
                    grant_for(now.policies, subject, of, span, access_point=point).grant
                    if known and subject is not None
                    else None
                )
            held = parse_credential(row.credential).claims.grant
            if not is_within(held, given[question], at):
                lost.append(IssuedCredential(row.cti, of, row.status_index))
    revoke_credentials(connection, authority, lost, at)
    return len(lost)


def waiting_for(
    connection: sa.Connection, tenant: TenantId, bundles: dict[FacilityId, TrustVersion]
) -> tuple[str, ...]:
    """The controllers, by place, that have not confirmed these bundles yet."""
    return tuple(
        row.place
        for of, version in bundles.items()
        for row in connection.execute(_CONTROLLERS, {"tenant": tenant, "facility": of})
        if (row.bundle_root or 0, row.bundle_counter or 0) < version
    )


def _cti_of(text: str) -> bytes:
    if re.fullmatch("[0-9a-f]{16}", text) is None:
        raise AdministratorError("expected a credential as the 16 hex digits of its cti, got other")
    return bytes.fromhex(text)
