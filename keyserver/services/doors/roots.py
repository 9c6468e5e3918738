"""The root documents of a tenant: the first one, its successors, and what callers pin.

Rules kept here:
- the first root is signed by its own key (threshold 1); a successor by the old root keys and its
  own, and it is checked as a door would check it before it is kept;
- versions grow by one; none is ever removed, so a door that was off for long can follow the chain.

Opens the `root` key, so only the verbs `init` and `new-issuer-key` call what signs here.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from keyserver.services.counters import Counter, raise_counter
from keyserver.storage.tables import root_document
from lockagent.protocol.envelope import Realm
from lockagent.protocol.keys import SigningKey, VerifyingKey
from lockagent.protocol.root import Root, parse_root, sign_root, verify_first_root, verify_next_root
from policies.vocabulary import Instant, TenantId

ROOT_LIFE_SECONDS = 5 * 365 * 86_400

_NEWEST = (
    sa.select(root_document.c.document)
    .where(root_document.c.tenant == sa.bindparam("tenant"))
    .order_by(root_document.c.version.desc())
    .limit(1)
)
_AFTER = (
    sa.select(root_document.c.document)
    .where(
        root_document.c.tenant == sa.bindparam("tenant"),
        root_document.c.version > sa.bindparam("version"),
    )
    .order_by(root_document.c.version)
)
_INSERT = sa.insert(root_document)


def newest_root(connection: sa.Connection, tenant: TenantId) -> bytes:
    """The root that an enrolling phone or a new controller pins."""
    document: bytes = connection.execute(_NEWEST, {"tenant": tenant}).scalar_one()
    return document


def roots_after(connection: sa.Connection, tenant: TenantId, version: int) -> tuple[bytes, ...]:
    """The roots newer than `version`, in the order in which a door takes them."""
    return tuple(connection.execute(_AFTER, {"tenant": tenant, "version": version}).scalars())


def found_root(
    connection: sa.Connection,
    realm: Realm,
    root_key: SigningKey,
    bundle_key: VerifyingKey,
    at: Instant,
) -> None:
    """Make and keep version 1."""
    expires = Instant(at + ROOT_LIFE_SECONDS)
    root = Root(1, at, expires, 1, (root_key.public,), (bundle_key,))
    signed = sign_root(root, realm, [root_key])
    verify_first_root(parse_root(signed), realm)
    _keep(connection, realm.tenant, root, signed)


def succeed_root(
    connection: sa.Connection,
    realm: Realm,
    root_keys: Sequence[SigningKey],
    named_root_keys: tuple[VerifyingKey, ...],
    bundle_keys: tuple[VerifyingKey, ...],
    at: Instant,
) -> int:
    """Make and keep the next version, naming these keys and signed by `root_keys`; its number."""
    held = parse_root(newest_root(connection, realm.tenant)).claims
    expires = Instant(at + ROOT_LIFE_SECONDS)
    root = Root(held.version + 1, at, expires, 1, named_root_keys, bundle_keys)
    signed = sign_root(root, realm, root_keys)
    verify_next_root(parse_root(signed), realm, held)
    _keep(connection, realm.tenant, root, signed)
    return root.version


def _keep(connection: sa.Connection, tenant: TenantId, root: Root, signed: bytes) -> None:
    row = {"tenant": tenant, "version": root.version, "issued_at": root.issued, "document": signed}
    connection.execute(_INSERT, row)
    raise_counter(connection, tenant, Counter.DOORS)
