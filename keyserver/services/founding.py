"""Founding a tenant, and giving it further issuer keys: what opens the root key.

Rules kept here:
- founding writes the keys, the root, the nonce key and the tenant's row; nothing is published;
- an issuer key counts from the hour it was made for five years, which the bundles say;
- a new key is announced before it signs: bundles (or, for `bundle` and `root`, a new root) name it
  beside the old one, and whoever keeps the config names it there once the doors have confirmed.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.bundles import ROLES, renew_all_bundles
from keyserver.services.installation import NONCE_KEY
from keyserver.services.nonces import KEY_BYTES
from keyserver.services.registers import read_registers
from keyserver.services.roots import found_root, newest_root, succeed_root
from keyserver.services.settings import sign_settings_again
from keyserver.signing import write_new_key
from keyserver.storage.tables import issuer_key, secret, tenant
from lockagent.protocol.encoding import encode
from lockagent.protocol.keys import SigningKey, VerifyingKey
from lockagent.protocol.root import MAX_KEYS, parse_root
from policies.vocabulary import Instant, TenantId

ISSUER_KEY_SECONDS = 5 * 365 * 86_400
_HOUR = 3_600

_ADD_TENANT = sa.insert(tenant)
_ADD_SECRET = sa.insert(secret)
_ADD_KEY = sa.insert(issuer_key)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has been made and announced; `root_version` where a new root names it."""

    role: KeyRole
    file: Path
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
    connection: sa.Connection, authority: Authority, role: KeyRole, at: Instant
) -> NewKey:
    """Make a key of `role` beside the one in use, and let the doors hear of it."""
    file = _next_file(authority.signers.file(role))
    root = parse_root(newest_root(connection, authority.tenant)).claims
    named = {KeyRole.ROOT: root.root_keys, KeyRole.BUNDLE: root.bundle_keys}.get(role, ())
    if len(named) >= MAX_KEYS:
        raise AdministratorError(f"expected at most {MAX_KEYS} {role} keys, got more")
    key = write_new_key(file)
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
        _announce(connection, authority.tenant, role, key.public, at)
    renew_all_bundles(connection, authority, at)
    registers = read_registers(connection, authority.tenant)
    if version is not None and registers is not None:
        sign_settings_again(connection, authority, registers.places, at)
    return NewKey(role, file, key.public.kid, version)


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


def _next_file(in_use: Path) -> Path:
    """A name beside the file in use that nothing has yet: `credential-2.pem`."""
    stem = in_use.stem.rpartition("-")[0] if in_use.stem[-1:].isdigit() else in_use.stem
    number = 2
    while (file := in_use.with_name(f"{stem}-{number}{in_use.suffix}")).exists():
        number += 1
    return file
