"""Trust bundles: what the doors of a facility are told of keys and revocations (SPEC.md 8.2).

Rules kept here:
- one bundle for each facility, always whole; signed anew at every change of what it says and at
  least daily, in the transaction of the change;
- the counter grows by one and starts again at 1 under a new root;
- a revoked credential is listed until it expires; so is a revoked reader certificate;
- where revocations would exceed what one record carries, the facility's epoch is raised and the
  list emptied: nothing revoked is ever dropped silently (abuse case A24);
- where more than `MOST_REVOKED_READERS` reader certificates would be listed, the reader keys count
  from later on in this facility's bundles, so that phones refuse all older certificates, and the
  readers in use get new ones: replaced readers never fill the record, nor block another change.
"""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import IssuanceFault
from keyserver.services.authority import Authority
from keyserver.services.counters import Counter, raise_counter
from keyserver.services.doors.readers import certify_reader, readers_certified_before
from keyserver.services.doors.roots import newest_root
from keyserver.storage.tables import bundle, credential, facility, issuer_key, reader_certificate
from lockagent.protocol.encoding import decode
from lockagent.protocol.keys import SigningKey, VerifyingKey
from lockagent.protocol.root import parse_root
from lockagent.protocol.trust_bundle import (
    BUNDLE_LIFE_SECONDS,
    IssuerKey,
    Role,
    TrustBundle,
    TrustVersion,
    parse_bundle,
    sign_bundle,
)
from policies.vocabulary import FacilityId, Instant, TenantId

RENEW_AFTER_SECONDS = 20 * 3_600
"""Younger than a day by four hours, so that a server off for a short while is in time."""

MOST_REVOKED_READERS = 20
"""180 bytes: three keys of each role fit one record beside them (`issuer_keys`)."""

ROLES = {
    KeyRole.CREDENTIAL: Role.CREDENTIAL,
    KeyRole.READER: Role.READER,
    KeyRole.TIME: Role.TIME,
    KeyRole.ACK: Role.ACK,
}

_NEWEST = (
    sa.select(bundle.c.root, bundle.c.counter, bundle.c.issued_at, bundle.c.bundle)
    .where(bundle.c.tenant == sa.bindparam("tenant"), bundle.c.facility == sa.bindparam("facility"))
    .order_by(bundle.c.root.desc(), bundle.c.counter.desc())
    .limit(1)
)
_FACILITY = sa.select(facility.c.epoch, facility.c.readers_since).where(
    facility.c.tenant == sa.bindparam("tenant"), facility.c.facility == sa.bindparam("facility")
)
_RAISE_EPOCH = (
    sa.update(facility)
    .where(
        facility.c.tenant == sa.bindparam("of_tenant"),
        facility.c.facility == sa.bindparam("of_facility"),
    )
    .values(epoch=facility.c.epoch + 1)
)
_RAISE_READERS = (
    sa.update(facility)
    .where(
        facility.c.tenant == sa.bindparam("of_tenant"),
        facility.c.facility == sa.bindparam("of_facility"),
    )
    .values(readers_since=sa.bindparam("since"))
)
_FACILITIES = (
    sa.select(facility.c.facility)
    .where(facility.c.tenant == sa.bindparam("tenant"))
    .order_by(facility.c.facility)
)
_REVOKED = sa.select(credential.c.status_index).where(
    credential.c.tenant == sa.bindparam("tenant"),
    credential.c.facility == sa.bindparam("facility"),
    credential.c.expires > sa.bindparam("at"),
    credential.c.epoch >= sa.bindparam("epoch"),
    credential.c.revoked_at.is_not(None),
)
_REVOKED_READERS = sa.select(reader_certificate.c.cti, reader_certificate.c.issued_at).where(
    reader_certificate.c.tenant == sa.bindparam("tenant"),
    reader_certificate.c.facility == sa.bindparam("facility"),
    reader_certificate.c.expires > sa.bindparam("at"),
    reader_certificate.c.issued_at >= sa.bindparam("since"),
    reader_certificate.c.revoked_at.is_not(None),
)
_ISSUER_KEYS = (
    sa.select(
        issuer_key.c.role, issuer_key.c.public_key, issuer_key.c.not_before, issuer_key.c.not_after
    )
    .where(
        issuer_key.c.tenant == sa.bindparam("tenant"), issuer_key.c.not_after > sa.bindparam("at")
    )
    .order_by(issuer_key.c.role, issuer_key.c.not_before, issuer_key.c.kid)
)
_INSERT = sa.insert(bundle)
_NEWEST_OF_EACH = (
    sa.select(sa.func.max(bundle.c.issued_at).label("issued_at"))
    .where(bundle.c.tenant == sa.bindparam("tenant"))
    .group_by(bundle.c.facility)
    .subquery()
)
_OLDEST = sa.select(sa.func.min(_NEWEST_OF_EACH.c.issued_at))


def facilities_of(connection: sa.Connection, tenant: TenantId) -> tuple[FacilityId, ...]:
    """The facilities that have bundles."""
    return tuple(connection.execute(_FACILITIES, {"tenant": tenant}).scalars())


def epoch_of(connection: sa.Connection, tenant: TenantId, of: FacilityId) -> int:
    """The epoch that a facility's new credentials carry."""
    epoch: int = connection.execute(_FACILITY, {"tenant": tenant, "facility": of}).one().epoch
    return epoch


def newest_bundle(
    connection: sa.Connection, tenant: TenantId, of: FacilityId
) -> tuple[TrustVersion, bytes]:
    """The version and the bytes of a facility's bundle now."""
    row = connection.execute(_NEWEST, {"tenant": tenant, "facility": of}).one()
    return TrustVersion(row.root, row.counter), row.bundle


def oldest_bundle(connection: sa.Connection, tenant: TenantId) -> Instant | None:
    """When the bundle in force that is oldest was issued; None where there is none yet."""
    issued: Instant | None = connection.execute(_OLDEST, {"tenant": tenant}).scalar()
    return issued


def renew_bundle(
    connection: sa.Connection,
    authority: Authority,
    of: FacilityId,
    at: Instant,
    *,
    at_any_rate: bool = False,
) -> TrustVersion:
    """Sign a facility's bundle anew if it says something else or is old; its version now."""
    tenant = authority.tenant
    held = connection.execute(_NEWEST, {"tenant": tenant, "facility": of}).one_or_none()
    root_version = parse_root(newest_root(connection, tenant)).claims.version
    counter = held.counter if held is not None and held.root == root_version else 0
    version = TrustVersion(root_version, counter + 1)
    _bound_revoked_readers(connection, authority, of, version, at)
    draft = _draft(connection, tenant, of, version, at)
    if held is not None and counter:
        is_young = at < held.issued_at + RENEW_AFTER_SECONDS
        if is_young and _says_the_same(draft, held.bundle) and not at_any_rate:
            return TrustVersion(held.root, held.counter)
    draft, signed = _sign(connection, authority, draft)
    connection.execute(
        _INSERT,
        {
            "tenant": tenant,
            "facility": of,
            "root": draft.version.root,
            "counter": draft.version.counter,
            "issued_at": at,
            "expires": draft.expires,
            "bundle": signed,
        },
    )
    raise_counter(connection, tenant, Counter.DOORS)
    return draft.version


def renew_all_bundles(connection: sa.Connection, authority: Authority, at: Instant) -> None:
    """`renew_bundle` for every facility."""
    for of in facilities_of(connection, authority.tenant):
        renew_bundle(connection, authority, of, at)


def _bound_revoked_readers(
    connection: sa.Connection,
    authority: Authority,
    of: FacilityId,
    version: TrustVersion,
    at: Instant,
) -> None:
    """Let the reader keys count from after what is revoked, where that is more than is listed."""
    tenant = authority.tenant
    asked = {"tenant": tenant, "facility": of, "at": at}
    since = connection.execute(_FACILITY, asked).one().readers_since
    revoked = connection.execute(_REVOKED_READERS, asked | {"since": since}).all()
    if len(revoked) <= MOST_REVOKED_READERS:
        return
    # Not later than now: what is revoked in the second of its issue stays listed for once.
    since = Instant(min(at, max(row.issued_at for row in revoked) + 1))
    connection.execute(_RAISE_READERS, {"of_tenant": tenant, "of_facility": of, "since": since})
    for mounted in readers_certified_before(connection, tenant, of, since):
        certify_reader(connection, authority, mounted, version, at)


def _draft(
    connection: sa.Connection,
    tenant: TenantId,
    of: FacilityId,
    version: TrustVersion,
    at: Instant,
) -> TrustBundle:
    """What the bundle should say now."""
    asked = {"tenant": tenant, "facility": of, "at": at}
    stands = connection.execute(_FACILITY, asked).one()
    asked |= {"epoch": stands.epoch, "since": stands.readers_since}
    keys = connection.execute(_ISSUER_KEYS, {"tenant": tenant, "at": at}).all()
    revoked_readers = connection.execute(_REVOKED_READERS, asked)
    return TrustBundle(
        facility=of,
        version=version,
        issued=at,
        expires=Instant(at + BUNDLE_LIFE_SECONDS),
        issuer_keys=tuple(
            _issuer_key(row, Instant(stands.readers_since)) for row in keys if row.role in ROLES
        ),
        revoked=frozenset(connection.execute(_REVOKED, asked).scalars()),
        revoked_readers=frozenset(row.cti for row in revoked_readers),
        epoch=stands.epoch,
        lockdown=False,
    )


def _issuer_key(row: sa.Row[*tuple[Any, ...]], readers_since: Instant) -> IssuerKey:
    """A key and its interval: a reader key's begins no earlier than the facility's says."""
    role = ROLES[KeyRole(row.role)]
    begins = max(row.not_before, readers_since) if role is Role.READER else row.not_before
    return IssuerKey(role, VerifyingKey.from_cose(decode(row.public_key)), begins, row.not_after)


def _says_the_same(draft: TrustBundle, held: bytes) -> bool:
    """Whether the bundle held says what the draft does, whatever its version and dates."""
    said = parse_bundle(held).claims
    dated = replace(draft, version=said.version, issued=said.issued, expires=said.expires)
    return dated == said


def _sign(
    connection: sa.Connection, authority: Authority, draft: TrustBundle
) -> tuple[TrustBundle, bytes]:
    """The draft signed; with the epoch raised and the list emptied where it is too long."""
    key: SigningKey = authority.signers.key(KeyRole.BUNDLE)
    try:
        return draft, sign_bundle(draft, authority.realm, key)
    except ValueError:
        of = {"of_tenant": authority.tenant, "of_facility": draft.facility}
        connection.execute(_RAISE_EPOCH, of)
        raised = replace(draft, epoch=draft.epoch + 1, revoked=frozenset())
    try:
        return raised, sign_bundle(raised, authority.realm, key)
    except ValueError as error:
        raise IssuanceFault(
            f"expected a bundle of {draft.facility} that fits one record, got: {error}"
        ) from error
