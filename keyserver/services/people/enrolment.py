"""Enrolment: binding a device key to the person a code was made for.

Rules kept here:
- the caller has proved possession of the key (a DPoP proof, checked at the edge);
- the person is still in the register: a code outlives nobody's leaving;
- a key is enrolled once, in one tenant's whole history: a revoked one never comes back;
- a person has at most 10 devices that are not revoked;
- code, limit, device and answer are one transaction: a refusal leaves the code unused.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from keyserver.errors import CodeNotAccepted, DeviceLimit, KeyAlreadyEnrolled
from keyserver.services.doors.roots import newest_root
from keyserver.services.idempotency import Idempotency, recall, remember
from keyserver.services.identifiers import RandomBytes, new_identifier
from keyserver.services.people.codes import Purpose, WrongTries, redeem_code
from keyserver.services.people.registers import is_registered
from keyserver.storage.store import Store
from keyserver.storage.tables import controller, device
from lockagent.protocol.encoding import encode
from lockagent.protocol.keys import VerifyingKey
from policies.vocabulary import DeviceId, Instant, PersonId, TenantId

DEVICES_PER_PERSON = 10


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a phone keeps of its enrolment; `root` is the document it trusts from now on."""

    device: DeviceId
    issuer: str
    root: bytes


_COUNT = (
    sa.select(sa.func.count())
    .select_from(device)
    .where(
        device.c.tenant == sa.bindparam("tenant"),
        device.c.person == sa.bindparam("person"),
        device.c.revoked_at.is_(None),
    )
)
_INSERT = sa.insert(device)
_TAKEN = sa.union_all(
    sa.select(device.c.device.label("id")).where(
        device.c.tenant == sa.bindparam("tenant"),
        device.c.thumbprint == sa.bindparam("thumbprint"),
    ),
    sa.select(controller.c.controller.label("id")).where(
        controller.c.tenant == sa.bindparam("tenant"),
        controller.c.thumbprint == sa.bindparam("thumbprint"),
    ),
)


class Enrolment:
    """Enrolment of devices with one tenant."""

    def __init__(
        self,
        store: Store,
        tenant: TenantId,
        issuer: str,
        tries: WrongTries,
        random_bytes: RandomBytes,
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._issuer = issuer
        self._tries = tries
        self._random_bytes = random_bytes

    async def enrol(
        self,
        code: str,
        key: VerifyingKey,
        name: str,
        platform: str,
        address: str,
        idempotency: Idempotency | None,
        at: Instant,
    ) -> Enrolled:
        """Bind `key` to the person of `code`.

        Raises CodeNotAccepted, TooManyTries, KeyAlreadyEnrolled, DeviceLimit, IdempotencyConflict.
        """
        caller = key.thumbprint()

        def unit(connection: sa.Connection) -> Enrolled:
            made = recall(connection, self._tenant, caller, idempotency)
            if made is None:
                made = self._enrol(connection, code, key, name, platform, at)
                remember(connection, self._tenant, caller, idempotency, made, at)
            root = newest_root(connection, self._tenant)
            return Enrolled(DeviceId(made), self._issuer, root)

        with self._tries.one_try(address, at):
            return await self._store.write(unit)

    def _enrol(
        self,
        connection: sa.Connection,
        code: str,
        key: VerifyingKey,
        name: str,
        platform: str,
        at: Instant,
    ) -> str:
        person = redeem_code(connection, self._tenant, Purpose.DEVICE, code, at)
        if not is_registered(connection, self._tenant, PersonId(person)):
            raise CodeNotAccepted
        require_new_key(connection, self._tenant, key)
        held = connection.execute(_COUNT, {"tenant": self._tenant, "person": person}).scalar_one()
        if held >= DEVICES_PER_PERSON:
            raise DeviceLimit(f"expected at most {DEVICES_PER_PERSON} devices a person, got more")
        made = new_identifier("dev_", self._random_bytes)
        connection.execute(
            _INSERT,
            {
                "tenant": self._tenant,
                "device": made,
                "person": person,
                "thumbprint": key.thumbprint(),
                "public_key": encode(key.cose()),
                "name": name,
                "platform": platform,
                "enrolled_at": at,
            },
        )
        return made


def require_new_key(connection: sa.Connection, tenant: TenantId, key: VerifyingKey) -> None:
    """Return if no device or controller ever had `key`; else KeyAlreadyEnrolled."""
    asked = {"tenant": tenant, "thumbprint": key.thumbprint()}
    if connection.execute(_TAKEN, asked).first() is not None:
        raise KeyAlreadyEnrolled("expected a key not enrolled before, got one that is")
