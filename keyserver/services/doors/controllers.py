"""Provisioning: binding an agent key and reader keys to a controller of the places file.

Rules kept here:
- the caller has proved possession of the agent key (a DPoP proof, checked at the edge);
- the readers named are those of the controller's access points, each once, each key its own;
- a controller provisioned again (its computer was replaced) gets a new id and begins a new journal;
  the one before is retired in the same transaction and its reader certificates are revoked;
- a controller whose access points another one has taken over, or none of whose is left in the
  places, is retired; one whose doors are only named for another keeps them until that one comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from keyserver.errors import ReadersMismatch
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import renew_bundle
from keyserver.services.doors.readers import install_reader
from keyserver.services.doors.roots import newest_root
from keyserver.services.doors.settings import renew_settings
from keyserver.services.idempotency import Idempotency, recall, remember
from keyserver.services.identifiers import new_identifier
from keyserver.services.people.codes import Purpose, WrongTries, redeem_code
from keyserver.services.people.enrolment import require_new_key
from keyserver.services.people.registers import RegisterCache, Registers
from keyserver.storage.store import Store
from keyserver.storage.tables import access_point, controller, reader, reader_certificate
from lockagent.protocol.encoding import encode
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import VerifyingKey
from policies.places import AccessPoint
from policies.vocabulary import AccessPointNumber, ControllerId, Instant, TenantId


@dataclass(frozen=True, slots=True)
class ReaderRequest:
    """A reader that an installer has mounted at an access point, and its public key."""

    access_point: str
    key: VerifyingKey


@dataclass(frozen=True, slots=True)
class ProvisionedReader:
    """What a reader is called on the air, and its certificate."""

    access_point: str
    number: AccessPointNumber
    reader_id: ReaderId
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a controller keeps of its provisioning."""

    controller: ControllerId
    issuer: str
    root: bytes
    readers: tuple[ProvisionedReader, ...]


_INSERT = sa.insert(controller)
_RETIRE = (
    sa.update(controller)
    .where(
        controller.c.tenant == sa.bindparam("of_tenant"),
        controller.c.place == sa.bindparam("of_place"),
        controller.c.retired_at.is_(None),
    )
    .values(retired_at=sa.bindparam("at"))
)
_RETIRE_WITHOUT_POINTS = (
    sa.update(controller)
    .where(
        controller.c.tenant == sa.bindparam("of_tenant"),
        controller.c.retired_at.is_(None),
        ~sa.exists().where(
            reader.c.tenant == controller.c.tenant,
            reader.c.controller == controller.c.controller,
            access_point.c.tenant == reader.c.tenant,
            access_point.c.number == reader.c.number,
            access_point.c.removed_at.is_(None),
        ),
    )
    .values(retired_at=sa.bindparam("at"))
)
_READERS = (
    sa.select(
        access_point.c.access_point,
        reader.c.number,
        reader.c.reader_id,
        reader_certificate.c.certificate,
    )
    .join(
        access_point,
        sa.and_(access_point.c.tenant == reader.c.tenant, access_point.c.number == reader.c.number),
    )
    .join(
        reader_certificate,
        sa.and_(
            reader_certificate.c.tenant == reader.c.tenant,
            reader_certificate.c.reader_id == reader.c.reader_id,
        ),
    )
    .where(
        reader.c.tenant == sa.bindparam("tenant"),
        reader.c.controller == sa.bindparam("controller"),
        reader_certificate.c.revoked_at.is_(None),
    )
    .order_by(reader.c.number, reader_certificate.c.issued_at)
)


class Controllers:
    """Provisioning of controllers with one tenant."""

    def __init__(
        self, store: Store, authority: Authority, registers: RegisterCache, tries: WrongTries
    ) -> None:
        self._store = store
        self._authority = authority
        self._registers = registers
        self._tries = tries

    async def provision(
        self,
        code: str,
        key: VerifyingKey,
        software: str,
        readers: Sequence[ReaderRequest],
        address: str,
        idempotency: Idempotency | None,
        at: Instant,
    ) -> Provisioned:
        """Bind the agent key `key` and the readers' keys to the controller of `code`.

        Raises CodeNotAccepted, TooManyTries, KeyAlreadyEnrolled, ReadersMismatch,
        IdempotencyConflict.
        """
        tenant = self._authority.tenant
        caller = key.thumbprint()

        def read(connection: sa.Connection) -> Registers | None:
            return self._registers.read(connection, at)

        def unit(connection: sa.Connection) -> Provisioned:
            made = recall(connection, tenant, caller, idempotency)
            if made is None:
                made = self._provision(connection, code, key, software, readers, at)
                remember(connection, tenant, caller, idempotency, made, at)
            return self._provisioned(connection, ControllerId(made))

        with self._tries.one_try(address, at):
            await self._store.read(read)  # Parses what is newer, without a lock.
            return await self._store.write(unit)

    def _provision(
        self,
        connection: sa.Connection,
        code: str,
        key: VerifyingKey,
        software: str,
        readers: Sequence[ReaderRequest],
        at: Instant,
    ) -> str:
        authority = self._authority
        place = redeem_code(connection, authority.tenant, Purpose.CONTROLLER, code, at)
        require_new_key(connection, authority.tenant, key)
        registers = self._registers.read(connection, at)
        points = () if registers is None else registers.places.access_points
        mine = {str(point.id): point for point in points if point.controller == place}
        if registers is None or not mine:
            raise ReadersMismatch(f"expected access points of {place} in the places, got none")
        _check_readers(place, mine, key, readers)
        facility = next(iter(mine.values())).facility
        made = ControllerId(new_identifier("ctl_", authority.random_bytes))
        connection.execute(_RETIRE, {"of_tenant": authority.tenant, "of_place": place, "at": at})
        connection.execute(
            _INSERT,
            {
                "tenant": authority.tenant,
                "controller": made,
                "place": place,
                "facility": facility,
                "thumbprint": key.thumbprint(),
                "public_key": encode(key.cose()),
                "software": software,
                "provisioned_at": at,
            },
        )
        for request in readers:
            number = mine[request.access_point].number
            install_reader(connection, authority, made, facility, number, request.key, at)
        retire_without_points(connection, authority.tenant, at)
        renew_bundle(connection, authority, facility, at)
        renew_settings(connection, authority, registers, made, at)
        return made

    def _provisioned(self, connection: sa.Connection, of: ControllerId) -> Provisioned:
        authority = self._authority
        asked = {"tenant": authority.tenant, "controller": of}
        newest = {
            row.number: ProvisionedReader(
                row.access_point,
                AccessPointNumber(row.number),
                ReaderId(row.reader_id),
                row.certificate,
            )
            for row in connection.execute(_READERS, asked)
        }
        root = newest_root(connection, authority.tenant)
        return Provisioned(of, authority.issuer, root, tuple(newest.values()))


def retire_without_points(connection: sa.Connection, tenant: TenantId, at: Instant) -> int:
    """Retire the controllers that no access point is left to; how many."""
    of = {"of_tenant": tenant, "at": at}
    return connection.execute(_RETIRE_WITHOUT_POINTS, of).rowcount


def _check_readers(
    place: str,
    mine: dict[str, AccessPoint],
    agent_key: VerifyingKey,
    readers: Sequence[ReaderRequest],
) -> None:
    named = [request.access_point for request in readers]
    if sorted(named) != sorted(mine):
        raise ReadersMismatch(
            f"expected one reader for each of {', '.join(sorted(mine))} ({place}), "
            f"got {', '.join(sorted(named)) or 'none'}"
        )
    if len({agent_key, *(request.key for request in readers)}) != len(readers) + 1:
        raise ReadersMismatch(
            "expected a key of its own for the agent and each reader, got one twice"
        )
