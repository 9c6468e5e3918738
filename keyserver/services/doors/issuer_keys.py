"""Founding a tenant, and giving it further issuer keys: what opens the root key.

Rules kept here:
- founding writes the keys, the root, the nonce key and the tenant's row; nothing is published;
- an issuer key counts from the hour it was made for five years, which the bundles say;
- a new key is announced before it signs: bundles (or, for `bundle` and `root`, a new root) name it
  beside the old one, and whoever keeps the config names it there once the doors have confirmed;
- nothing is served with a key that the doors have not been told of;
- of a role at most `MOST_KEYS` are in force, so that a bundle always has room for revocations.

Making the key's file, and taking it away where it was not announced, is the verb's.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import ROLES, renew_all_bundles
from keyserver.services.doors.roots import found_root, newest_root, succeed_root
from keyserver.services.doors.settings import renew_all_settings
from keyserver.services.installation import NONCE_KEY
from keyserver.services.nonces import KEY_BYTES
from keyserver.services.people.registers import read_registers
from keyserver.storage.tables import issuer_key, secret, tenant
from lockagent.protocol.encoding import encode
from lockagent.protocol.keys import SigningKey, VerifyingKey
from lockagent.protocol.root import MAX_KEYS, Root, parse_root
from policies.vocabulary import Instant, TenantId

MOST_KEYS = 3
ISSUER_KEY_SECONDS = 5 * 365 * 86_400
_HOUR = 3_600

_ADD_TENANT = sa.insert(tenant)
_ADD_SECRET = sa.insert(secret)
_ADD_KEY = sa.insert(issuer_key)
_IN_FORCE = sa.select(issuer_key.c.kid).where(
    issuer_key.c.tenant == sa.bindparam("tenant"),
    issuer_key.c.role == sa.bindparam("role"),
    issuer_key.c.not_before <= sa.bindparam("at"),
    issuer_key.c.not_after > sa.bindparam("at"),
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has been announced; `root_version` where a new root names it."""

    role: KeyRole
    kid: bytes
    root_version: int | None


def found_tenant(connection: sa.Connection, authority: Authority, at: Instant) -> None:
    """Write what a new tenant has: its row, its nonce key, its first root, its issuer keys."""
    of = {"tenant": authority.tenant}
    signers = authority.signers
    environment = authority.realm.environment
    connection.execute(
        _ADD_TENANT,
        of | {"name": authority.tenant, "environment": environment, "founded_at": at},
    )
    connection.execute(
        _ADD_SECRET, of | {"name": NONCE_KEY, "value": authority.random_bytes(KEY_BYTES)}
    )
    found_root(
        connection,
        authority.realm,
        signers.key(KeyRole.ROOT),
        signers.key(KeyRole.BUNDLE).public,
        at,
    )
    for role in ROLES:
        _announce(connection, authority.tenant, role, signers.key(role).public, at)


def add_issuer_key(
    connection: sa.Connection, authority: Authority, role: KeyRole, key: SigningKey, at: Instant
) -> NewKey:
    """Let the doors hear of `key` beside the one in use; AdministratorError for one too many."""
    tenant = authority.tenant
    root = parse_root(newest_root(connection, tenant)).claims
    in_force = len(_known(connection, tenant, role, root, at))
    most = MAX_KEYS if role in (KeyRole.ROOT, KeyRole.BUNDLE) else MOST_KEYS
    if in_force >= most:
        raise AdministratorError(f"expected at most {most} {role} keys in force, got one more")
    version = None
    if role is KeyRole.ROOT:
        signing: list[SigningKey] = [authority.signers.key(KeyRole.ROOT), key]
        named_roots = (*root.root_keys, key.public)
        version = succeed_root(
            connection, authority.realm, signing, named_roots, root.bundle_keys, at
        )
    elif role is KeyRole.BUNDLE:
        signing = [authority.signers.key(KeyRole.ROOT)]
        named_bundles = (*root.bundle_keys, key.public)
        version = succeed_root(
            connection, authority.realm, signing, root.root_keys, named_bundles, at
        )
    elif role in ROLES:
        _announce(connection, tenant, role, key.public, at)
    renew_all_bundles(connection, authority, at)
    registers = read_registers(connection, tenant, at)
    if version is not None and registers is not None:
        renew_all_settings(connection, authority, registers, at, at_any_rate=True)
    return NewKey(role, key.public.kid, version)


def check_announced(connection: sa.Connection, authority: Authority, at: Instant) -> None:
    """Return if doors know every key that this tenant signs with; else AdministratorError."""
    root = parse_root(newest_root(connection, authority.tenant)).claims
    for role in (*ROLES, KeyRole.BUNDLE):
        kid = authority.signers.key(role).public.kid
        if kid not in _known(connection, authority.tenant, role, root, at):
            raise AdministratorError(
                f"expected a {role} key that the doors of {authority.tenant} have been told of, "
                f"got kid {kid.hex()}; `keyserver new-issuer-key {role}` makes one"
            )


def _known(
    connection: sa.Connection, tenant: TenantId, role: KeyRole, root: Root, at: Instant
) -> set[bytes]:
    """The kids of a role's keys that doors take now; none of `token`, which doors never meet."""
    if role in (KeyRole.ROOT, KeyRole.BUNDLE):
        keys = root.root_keys if role is KeyRole.ROOT else root.bundle_keys
        return {key.kid for key in keys}
    asked = {"tenant": tenant, "role": role, "at": at}
    return set(connection.execute(_IN_FORCE, asked).scalars())


def _announce(
    connection: sa.Connection, of: TenantId, role: KeyRole, key: VerifyingKey, at: Instant
) -> None:
    not_before = at - at % _HOUR
    connection.execute(
        _ADD_KEY,
        {
            "tenant": of,
            "role": role,
            "kid": key.kid,
            "public_key": encode(key.cose()),
            "not_before": not_before,
            "not_after": not_before + ISSUER_KEY_SECONDS,
        },
    )


def next_key_file(in_use: Path) -> Path:
    """A name beside the file in use that nothing has yet: `credential-2.pem`."""
    stem = in_use.stem.rpartition("-")[0] if in_use.stem[-1:].isdigit() else in_use.stem
    number = 2
    while (file := in_use.with_name(f"{stem}-{number}{in_use.suffix}")).exists():
        number += 1
    return file
