"""Readers and their certificates: the radio face of an access point, and what is said of it.

Rules kept here:
- a reader id is 4 random bytes, unique in the installation; the access point keeps it when its
  certificate is renewed or its controller replaced, so a phone finds the door it knew;
- a certificate lives 400 days at the most and is renewed with a third of them left;
- a certificate that is replaced together with its key is revoked in the facility's bundle.
"""

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.services.authority import Authority
from keyserver.storage.tables import reader, reader_certificate
from lockagent.protocol.claims import CTI_BYTES
from lockagent.protocol.encoding import decode, encode
from lockagent.protocol.gatt import PROTOCOL_VERSION, READER_ID_BYTES, ReaderId
from lockagent.protocol.keys import VerifyingKey
from lockagent.protocol.reader_certificate import (
    READER_LIFE_SECONDS,
    ReaderCertificate,
    sign_reader_certificate,
)
from lockagent.protocol.trust_bundle import TrustVersion
from policies.vocabulary import AccessPointNumber, ControllerId, FacilityId, Instant, TenantId

RENEW_WITH_SECONDS_LEFT = READER_LIFE_SECONDS // 3
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
_READER = sa.select(reader.c.number, reader.c.public_key).where(
    reader.c.tenant == sa.bindparam("tenant"), reader.c.reader_id == sa.bindparam("reader_id")
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
    certificate = certify_reader(
        connection, authority, reader_id, facility, number, key, NOT_ANNOUNCED, at
    )
    return reader_id, certificate


def certify_reader(
    connection: sa.Connection,
    authority: Authority,
    reader_id: ReaderId,
    facility: FacilityId,
    number: AccessPointNumber,
    key: VerifyingKey,
    announced: TrustVersion,
    at: Instant,
) -> bytes:
    """Sign and keep a certificate; `announced` is the bundle whose holders still lack it."""
    certificate = ReaderCertificate(
        facility=facility,
        issued_at=at,
        not_before=at,
        expires=Instant(at + READER_LIFE_SECONDS),
        cti=authority.random_bytes(CTI_BYTES),
        reader_key=key,
        versions=(PROTOCOL_VERSION,),
        points=(number,),
        reader_id=reader_id,
    )
    signed = sign_reader_certificate(
        certificate, authority.realm, authority.signers.key(KeyRole.READER)
    )
    connection.execute(
        _INSERT_CERTIFICATE,
        {
            "tenant": authority.tenant,
            "cti": certificate.cti,
            "reader_id": reader_id,
            "facility": facility,
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
) -> list[tuple[ReaderId, FacilityId, AccessPointNumber, VerifyingKey]]:
    """The readers whose newest certificate has little life left."""
    asked = {"tenant": tenant, "until": at + RENEW_WITH_SECONDS_LEFT}
    due = []
    for row in connection.execute(_LAST_EXPIRY, asked).all():
        of = connection.execute(_READER, {"tenant": tenant, "reader_id": row.reader_id}).one()
        key = VerifyingKey.from_cose(decode(of.public_key))
        due.append((ReaderId(row.reader_id), FacilityId(row.facility), of.number, key))
    return due


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


def _new_reader_id(connection: sa.Connection, authority: Authority) -> ReaderId:
    while True:
        made = authority.random_bytes(READER_ID_BYTES)
        if connection.execute(_ID_TAKEN, {"reader_id": made}).first() is None:
            return ReaderId(made)
