"""Readers and their certificates: the radio face of an access point, and what is said of it.

Rules kept here:
- a reader id is 4 random bytes, unique in the installation; the access point keeps it when its
  certificate is renewed or its controller replaced, so a phone finds the door it knew;
- a certificate lives 180 days and is renewed with half of them left: 400 are allowed (SPEC.md 5.2),
  but a replaced one is listed as long as it lives, and a door without contact needs one no longer
  than it may rely on its bundle;
- a certificate that is replaced together with its key is revoked: listed in the facility's bundle,
  or older than the instant from which that bundle's reader keys count (`bundles`);
- an access point that was removed keeps its certificate until it ends: it is not renewed.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.services.authority import Authority
from keyserver.storage.tables import access_point, reader, reader_certificate
from lockagent.protocol.claims import CTI_BYTES
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.gatt import PROTOCOL_VERSION, READER_ID_BYTES, ReaderId
from lockagent.protocol.keys import VerifyingKey
from lockagent.protocol.reader_certificate import ReaderCertificate, sign_reader_certificate
from lockagent.protocol.trust_bundle import BUNDLE_LIFE_SECONDS, TrustVersion
from policies.vocabulary import AccessPointNumber, ControllerId, FacilityId, Instant, TenantId

RENEW_WITH_SECONDS_LEFT = BUNDLE_LIFE_SECONDS
CERTIFICATE_LIFE_SECONDS = 2 * RENEW_WITH_SECONDS_LEFT
NOT_ANNOUNCED = TrustVersion(0, 0)

_ID_TAKEN = sa.select(reader.c.reader_id).where(reader.c.reader_id == sa.bindparam("reader_id"))
_OF_POINT = sa.select(reader.c.reader_id).where(
    reader.c.tenant == sa.bindparam("tenant"), reader.c.number == sa.bindparam("number")
)
_INSERT = sa.insert(reader)
_REPLACE = (
    sa.update(reader)
    .where(
        reader.c.tenant == sa.bindparam("of_tenant"), reader.c.reader_id == sa.bindparam("of_id")
    )
    .values(controller=sa.bindparam("new_controller"), public_key=sa.bindparam("new_key"))
)
_REVOKE = (
    sa.update(reader_certificate)
    .where(
        reader_certificate.c.tenant == sa.bindparam("of_tenant"),
        reader_certificate.c.reader_id == sa.bindparam("of_id"),
        reader_certificate.c.revoked_at.is_(None),
    )
    .values(revoked_at=sa.bindparam("at"))
)
_INSERT_CERTIFICATE = sa.insert(reader_certificate)
_VALID = sa.select(
    reader_certificate.c.reader_id,
    reader_certificate.c.certificate,
    reader_certificate.c.expires,
    reader_certificate.c.facility,
).where(
    reader_certificate.c.tenant == sa.bindparam("tenant"),
    reader_certificate.c.revoked_at.is_(None),
    reader_certificate.c.expires > sa.bindparam("at"),
)
_OF_FACILITY = _VALID.where(reader_certificate.c.facility == sa.bindparam("facility")).order_by(
    reader_certificate.c.issued_at
)
_LAST_EXPIRY = (
    sa.select(
        reader_certificate.c.reader_id,
        reader_certificate.c.facility,
        sa.func.max(reader_certificate.c.expires).label("expires"),
    )
    .where(
        reader_certificate.c.tenant == sa.bindparam("tenant"),
        reader_certificate.c.revoked_at.is_(None),
    )
    .group_by(reader_certificate.c.reader_id, reader_certificate.c.facility)
    .having(sa.func.max(reader_certificate.c.expires) <= sa.bindparam("until"))
)
_ISSUED_BEFORE = (
    sa.select(reader_certificate.c.reader_id, reader_certificate.c.facility)
    .where(
        reader_certificate.c.tenant == sa.bindparam("tenant"),
        reader_certificate.c.facility == sa.bindparam("facility"),
        reader_certificate.c.revoked_at.is_(None),
    )
    .group_by(reader_certificate.c.reader_id, reader_certificate.c.facility)
    .having(sa.func.max(reader_certificate.c.issued_at) < sa.bindparam("since"))
)
_READER = (
    sa.select(reader.c.number, reader.c.public_key)
    .join(
        access_point,
        sa.and_(access_point.c.tenant == reader.c.tenant, access_point.c.number == reader.c.number),
    )
    .where(
        reader.c.tenant == sa.bindparam("tenant"),
        reader.c.reader_id == sa.bindparam("reader_id"),
        access_point.c.removed_at.is_(None),
    )
)
_ANNOUNCED_AFTER = (
    sa.select(reader_certificate.c.certificate)
    .join(
        reader,
        sa.and_(
            reader.c.tenant == reader_certificate.c.tenant,
            reader.c.reader_id == reader_certificate.c.reader_id,
        ),
    )
    .where(
        reader_certificate.c.tenant == sa.bindparam("tenant"),
        reader.c.controller == sa.bindparam("controller"),
        reader_certificate.c.revoked_at.is_(None),
        sa.tuple_(reader_certificate.c.announced_root, reader_certificate.c.announced_counter)
        > sa.tuple_(sa.bindparam("root"), sa.bindparam("counter")),
    )
    .order_by(reader_certificate.c.issued_at)
)
_IDS = sa.select(reader.c.number, reader.c.reader_id).where(
    reader.c.tenant == sa.bindparam("tenant")
)


class Mounted(NamedTuple):
    """A reader as it is: what its next certificate will say."""

    reader_id: ReaderId
    facility: FacilityId
    number: AccessPointNumber
    key: VerifyingKey


def install_reader(
    connection: sa.Connection,
    authority: Authority,
    controller: ControllerId,
    facility: FacilityId,
    number: AccessPointNumber,
    key: VerifyingKey,
    at: Instant,
) -> tuple[ReaderId, bytes]:
    """Make `key` the reader of an access point, in place of the one before; id and certificate."""
    tenant = authority.tenant
    held = connection.execute(_OF_POINT, {"tenant": tenant, "number": number}).scalar_one_or_none()
    if held is None:
        reader_id = _new_reader_id(connection, authority)
        connection.execute(
            _INSERT,
            {
                "tenant": tenant,
                "reader_id": reader_id,
                "controller": controller,
                "number": number,
                "public_key": encode(key.cose()),
            },
        )
    else:
        reader_id = ReaderId(held)
        of = {"of_tenant": tenant, "of_id": reader_id}
        connection.execute(_REVOKE, of | {"at": at})
        new = {"new_controller": controller, "new_key": encode(key.cose())}
        connection.execute(_REPLACE, of | new)
    mounted = Mounted(reader_id, facility, number, key)
    return reader_id, certify_reader(connection, authority, mounted, NOT_ANNOUNCED, at)


def certify_reader(
    connection: sa.Connection,
    authority: Authority,
    mounted: Mounted,
    announced: TrustVersion,
    at: Instant,
) -> bytes:
    """Sign and keep a certificate; `announced` is the bundle whose holders still lack it."""
    certificate = ReaderCertificate(
        facility=mounted.facility,
        issued_at=at,
        not_before=at,
        expires=Instant(at + CERTIFICATE_LIFE_SECONDS),
        cti=authority.random_bytes(CTI_BYTES),
        reader_key=mounted.key,
        versions=(PROTOCOL_VERSION,),
        points=(mounted.number,),
        reader_id=mounted.reader_id,
    )
    signed = sign_reader_certificate(
        certificate, authority.realm, authority.signers.key(KeyRole.READER)
    )
    connection.execute(
        _INSERT_CERTIFICATE,
        {
            "tenant": authority.tenant,
            "cti": certificate.cti,
            "reader_id": mounted.reader_id,
            "facility": mounted.facility,
            "certificate": signed,
            "issued_at": at,
            "expires": certificate.expires,
            "announced_root": announced.root,
            "announced_counter": announced.counter,
        },
    )
    return signed


def readers_to_renew(
    connection: sa.Connection, tenant: TenantId, at: Instant
) -> tuple[Mounted, ...]:
    """The readers whose newest certificate has little life left."""
    asked = {"tenant": tenant, "until": at + RENEW_WITH_SECONDS_LEFT}
    return _mounted(connection, tenant, connection.execute(_LAST_EXPIRY, asked).all())


def readers_certified_before(
    connection: sa.Connection, tenant: TenantId, facility: FacilityId, since: Instant
) -> tuple[Mounted, ...]:
    """The readers of a facility that have no certificate issued at `since` or later."""
    asked = {"tenant": tenant, "facility": facility, "since": since}
    return _mounted(connection, tenant, connection.execute(_ISSUED_BEFORE, asked).all())


def certificates_of(
    connection: sa.Connection, tenant: TenantId, facility: FacilityId, at: Instant
) -> tuple[bytes, ...]:
    """The newest valid certificate of each reader of a facility."""
    asked = {"tenant": tenant, "facility": facility, "at": at}
    newest = {row.reader_id: row.certificate for row in connection.execute(_OF_FACILITY, asked)}
    return tuple(newest.values())


def certificates_announced_after(
    connection: sa.Connection, tenant: TenantId, controller: ControllerId, held: TrustVersion
) -> tuple[bytes, ...]:
    """The certificates of a controller's readers renewed since the bundle it holds."""
    asked = {
        "tenant": tenant,
        "controller": controller,
        "root": held.root,
        "counter": held.counter,
    }
    return tuple(connection.execute(_ANNOUNCED_AFTER, asked).scalars())


def reader_ids(connection: sa.Connection, tenant: TenantId) -> dict[AccessPointNumber, ReaderId]:
    """The reader id of every access point that has a reader."""
    rows = connection.execute(_IDS, {"tenant": tenant})
    return {AccessPointNumber(row.number): ReaderId(row.reader_id) for row in rows}


def _mounted(
    connection: sa.Connection, tenant: TenantId, rows: Iterable[sa.Row[*tuple[Any, ...]]]
) -> tuple[Mounted, ...]:
    """What the next certificates say of these readers; a removed access point has none."""
    found = []
    for row in rows:
        asked = {"tenant": tenant, "reader_id": row.reader_id}
        of = connection.execute(_READER, asked).one_or_none()
        if of is not None:
            key = VerifyingKey.from_cose(decode(of.public_key))
            found.append(Mounted(ReaderId(row.reader_id), row.facility, of.number, key))
    return tuple(found)


def _new_reader_id(connection: sa.Connection, authority: Authority) -> ReaderId:
    while True:
        made = authority.random_bytes(READER_ID_BYTES)
        if connection.execute(_ID_TAKEN, {"reader_id": made}).first() is None:
            return ReaderId(made)
