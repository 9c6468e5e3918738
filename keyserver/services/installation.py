"""An installation as it runs: its store and, for each tenant, the services over it.

Opened from a config by whoever runs it, `serve` or one verb, and closed by them. Nothing here is
global: two installations in one process do not meet.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from keyserver.config import Config
from keyserver.errors import SignerUnavailable, StoreUnavailable
from keyserver.services.authority import Authority
from keyserver.services.clients import Clients
from keyserver.services.doors.controllers import Controllers
from keyserver.services.doors.journal import JournalIntake
from keyserver.services.doors.updates import Updates
from keyserver.services.identifiers import RandomBytes
from keyserver.services.issuing.issuance import Issuance
from keyserver.services.long_poll import Changes
from keyserver.services.nonces import Nonces
from keyserver.services.people.codes import WrongTries
from keyserver.services.people.enrolment import Enrolment
from keyserver.services.people.keyring import Keyrings
from keyserver.services.people.registers import RegisterCache
from keyserver.services.probe import Probe
from keyserver.services.replays import Replays
from keyserver.signing import SERVING_ROLES, Signers
from keyserver.storage.schema import check_schema
from keyserver.storage.store import Store
from keyserver.storage.tables import secret
from keyserver.storage.tables import tenant as tenant_table
from lockagent.protocol.envelope import Realm
from lockagent.protocol.time_source import Clock
from policies.vocabulary import TenantId

NONCE_KEY = "nonce"

_TENANT = sa.select(tenant_table.c.name, tenant_table.c.environment).where(
    tenant_table.c.tenant == sa.bindparam("tenant")
)
_SECRET = sa.select(secret.c.value).where(
    secret.c.tenant == sa.bindparam("tenant"), secret.c.name == sa.bindparam("name")
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One municipality: who it is, and its services.

    `name` is what the places file called it when the installation was opened.
    """

    id: TenantId
    name: str
    issuer: str
    realm: Realm
    signers: Signers
    authority: Authority
    registers: RegisterCache
    clients: Clients
    nonces: Nonces
    replays: Replays
    enrolment: Enrolment
    controllers: Controllers
    keyring: Keyrings
    issuance: Issuance
    updates: Updates
    journal: JournalIntake


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything a request may need, for every tenant."""

    config: Config
    clock: Clock
    store: Store
    changes: Changes
    probe: Probe
    tenants: Mapping[TenantId, Tenant]

    async def health(self) -> dict[str, bool]:
        """Whether the database can be written, the keys be opened, and every bundle is young."""
        checks = await self.probe.found(self.clock)
        try:
            self.open_signers()
        except SignerUnavailable:
            return checks | {"signers": False}
        return checks | {"signers": True}

    def open_signers(self) -> None:
        """Open every key that serving needs; SignerUnavailable names the first that fails."""
        for tenant in self.tenants.values():
            for role in SERVING_ROLES:
                tenant.signers.key(role)


@asynccontextmanager
async def open_installation(
    config: Config, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes
) -> AsyncIterator[Installation]:
    """Open the database and the tenants of `config`; StoreUnavailable where that fails."""
    check_schema(config.database)
    store = Store(config.database)
    try:
        tenants = {
            name: await _open_tenant(config, store, name, random_bytes) for name in config.signers
        }
        changes = Changes(store, tuple(tenants))
        probe = Probe(store, tuple(tenants))
        yield Installation(config, clock, store, changes, probe, tenants)
    finally:
        store.close()


async def _open_tenant(
    config: Config, store: Store, name: TenantId, random_bytes: RandomBytes
) -> Tenant:
    def unit(connection: sa.Connection) -> tuple[str, bytes]:
        row = connection.execute(_TENANT, {"tenant": name}).one_or_none()
        if row is None:
            raise StoreUnavailable(f"expected tenant {name} in {config.database}, got none of it")
        if row.environment != config.environment:
            raise StoreUnavailable(
                f"expected a database of environment {config.environment}, got {row.environment}"
            )
        key: bytes = connection.execute(_SECRET, {"tenant": name, "name": NONCE_KEY}).scalar_one()
        return row.name, key

    called, nonce_key = await store.read(unit)
    realm = Realm(config.environment, name)
    signers = Signers(config.signers[name])
    issuer = config.issuer(name)
    authority = Authority(realm, issuer, signers, random_bytes)
    registers = RegisterCache(name)
    tries = WrongTries()
    return Tenant(
        id=name,
        name=called,
        issuer=issuer,
        realm=realm,
        signers=signers,
        authority=authority,
        registers=registers,
        clients=Clients(store, name),
        nonces=Nonces(nonce_key),
        replays=Replays(store, name),
        enrolment=Enrolment(store, name, issuer, tries, random_bytes),
        controllers=Controllers(store, authority, registers, tries),
        keyring=Keyrings(store, name, registers),
        issuance=Issuance(store, authority, registers),
        updates=Updates(store, authority),
        journal=JournalIntake(store, authority, registers),
    )
