"""Who is calling: the device or the door controller behind a client id.

Asked again at every request, so that a revoked device or a retired controller stops at once,
whatever its access token says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from keyserver.errors import NotThisCaller
from keyserver.storage.store import Store
from keyserver.storage.tables import controller, device
from lockagent.protocol.encoding import decode
from lockagent.protocol.keys import VerifyingKey
from policies.vocabulary import PersonId, TenantId


class ClientKind(StrEnum):
    """The two kinds of caller; the value is the `scope` of their tokens."""

    DEVICE = "device"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Client:
    """A caller that is enrolled or provisioned now; `person` for devices only."""

    kind: ClientKind
    id: str
    key: VerifyingKey
    person: PersonId | None


_DEVICE = sa.select(device.c.public_key, device.c.person).where(
    device.c.tenant == sa.bindparam("tenant"),
    device.c.device == sa.bindparam("id"),
    device.c.revoked_at.is_(None),
)
_CONTROLLER = sa.select(controller.c.public_key).where(
    controller.c.tenant == sa.bindparam("tenant"),
    controller.c.controller == sa.bindparam("id"),
    controller.c.retired_at.is_(None),
)
_WITH_KEYS = sa.union_all(
    *(
        sa.select(sa.literal(1)).where(
            table.c.tenant == sa.bindparam("tenant"),
            table.c.thumbprint.in_(sa.bindparam("thumbprints", expanding=True)),
        )
        for table in (device, controller)
    )
)


class Clients:
    """The callers of one tenant."""

    def __init__(self, store: Store, tenant: TenantId) -> None:
        self._store = store
        self._tenant = tenant

    async def find(self, client_id: str) -> Client | None:
        """The caller of that id; None where it is unknown, revoked or retired."""
        return await self._store.read(lambda connection: self._find(connection, client_id))

    async def has_enrolled(self, keys: Sequence[VerifyingKey]) -> bool:
        """Whether a device or controller, in service or not, ever had one of `keys`."""
        asked = {"tenant": self._tenant, "thumbprints": [key.thumbprint() for key in keys]}
        return await self._store.read(
            lambda connection: connection.execute(_WITH_KEYS, asked).first() is not None
        )

    def _find(self, connection: sa.Connection, client_id: str) -> Client | None:
        asked = {"tenant": self._tenant, "id": client_id}
        row = connection.execute(_DEVICE, asked).one_or_none()
        if row is not None:
            key = VerifyingKey.from_cose(decode(row.public_key))
            return Client(ClientKind.DEVICE, client_id, key, PersonId(row.person))
        row = connection.execute(_CONTROLLER, asked).one_or_none()
        if row is not None:
            key = VerifyingKey.from_cose(decode(row.public_key))
            return Client(ClientKind.CONTROLLER, client_id, key, None)
        return None


def require_kind(client: Client, kind: ClientKind) -> None:
    """Return if the caller is of `kind`; else NotThisCaller."""
    if client.kind is not kind:
        raise NotThisCaller(f"expected a {kind}, got a {client.kind}")


def require_device(connection: sa.Connection, tenant: TenantId, client: Client) -> PersonId:
    """The person whose device calls, read in this transaction; NotThisCaller otherwise."""
    require_kind(client, ClientKind.DEVICE)
    row = connection.execute(_DEVICE, {"tenant": tenant, "id": client.id}).one_or_none()
    if row is None:
        raise NotThisCaller(f"expected an enrolled device, got {client.id}, which is revoked")
    return PersonId(row.person)
