"""What a controller fetches: only what is newer than what it says it holds (interfaces.md 3).

Rules kept here:
- roots in order, then the bundle of its facility, its settings, its renewed certificates;
- a time token answers a fresh nonce, at once, whether or not anything is newer;
- what a controller says it holds is its confirmation, kept for whoever revoked something.
"""

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import NotThisCaller
from keyserver.services.authority import Authority
from keyserver.services.clients import Client, ClientKind, require_kind
from keyserver.services.doors.bundles import newest_bundle
from keyserver.services.doors.readers import certificates_announced_after
from keyserver.services.doors.roots import roots_after
from keyserver.services.doors.settings import newest_settings
from keyserver.storage.store import Store
from keyserver.storage.tables import controller, reader
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.time_token import TIME_NONCE_BYTES, TimeToken, sign_time_token
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.update_answer import UpdateAnswer, encode_update_answer
from policies.vocabulary import ControllerId, FacilityId, Instant

SEEN_EVERY_SECONDS = 60
"""A controller's sign of life is written at most this often."""

_CONTROLLER = sa.select(
    controller.c.facility,
    controller.c.seen_at,
    controller.c.bundle_root,
    controller.c.bundle_counter,
    controller.c.settings_version,
).where(
    controller.c.tenant == sa.bindparam("tenant"),
    controller.c.controller == sa.bindparam("controller"),
    controller.c.retired_at.is_(None),
)
_READER = (
    sa.select(reader.c.reader_id)
    .where(
        reader.c.tenant == sa.bindparam("tenant"),
        reader.c.controller == sa.bindparam("controller"),
    )
    .order_by(reader.c.number)
    .limit(1)
)
_CONFIRM = (
    sa.update(controller)
    .where(
        controller.c.tenant == sa.bindparam("of_tenant"),
        controller.c.controller == sa.bindparam("of_controller"),
    )
    .values(
        seen_at=sa.bindparam("at"),
        bundle_root=sa.bindparam("new_root"),
        bundle_counter=sa.bindparam("new_counter"),
        settings_version=sa.bindparam("new_settings"),
    )
)


class Updates:
    """The updates of one tenant's controllers."""

    def __init__(self, store: Store, authority: Authority) -> None:
        self._store = store
        self._authority = authority

    async def newer(
        self,
        client: Client,
        bundle: tuple[int, int] | None,
        settings: int | None,
        nonce: bytes | None,
        at: Instant,
    ) -> bytes | None:
        """The update answer in CBOR; None where nothing is newer and no time was asked for."""
        require_kind(client, ClientKind.CONTROLLER)
        if nonce is not None and len(nonce) != TIME_NONCE_BYTES:
            raise MalformedMessage(
                f"expected a nonce of {TIME_NONCE_BYTES} bytes, got {len(nonce)}"
            )
        of = ControllerId(client.id)
        held = TrustVersion(0, 0) if bundle is None else TrustVersion(*bundle)

        def look(connection: sa.Connection) -> tuple[UpdateAnswer, bool]:
            return self._look(connection, of, held, settings, nonce, at)

        answer, is_news = await self._store.read(look)
        if is_news:
            confirmed = {
                "of_tenant": self._authority.tenant,
                "of_controller": of,
                "at": at,
                "new_root": held.root,
                "new_counter": held.counter,
                "new_settings": settings or 0,
            }
            await self._store.write(lambda connection: connection.execute(_CONFIRM, confirmed))
        return None if answer.is_empty else encode_update_answer(answer)

    def _look(
        self,
        connection: sa.Connection,
        of: ControllerId,
        held: TrustVersion,
        settings: int | None,
        nonce: bytes | None,
        at: Instant,
    ) -> tuple[UpdateAnswer, bool]:
        """What is newer, and whether what the controller says of itself is news."""
        authority = self._authority
        asked = {"tenant": authority.tenant, "controller": of}
        row = connection.execute(_CONTROLLER, asked).one_or_none()
        if row is None:
            raise NotThisCaller(f"expected a controller in service, got {of}")
        version, newest = newest_bundle(connection, authority.tenant, FacilityId(row.facility))
        of_doors = newest_settings(connection, authority.tenant, of)
        token = None
        if nonce is not None:
            token = sign_time_token(
                TimeToken(self._reader_id(connection, of), nonce, at),
                authority.realm,
                authority.signers.key(KeyRole.TIME),
            )
        answer = UpdateAnswer(
            bundle=newest if version > held else None,
            settings=of_doors[1] if of_doors and of_doors[0] > (settings or 0) else None,
            time_token=token,
            roots=roots_after(connection, authority.tenant, held.root) if held.root else (),
            reader_certificates=certificates_announced_after(
                connection, authority.tenant, of, held
            ),
        )
        told = (held.root, held.counter, settings or 0)
        is_news = (row.bundle_root, row.bundle_counter, row.settings_version) != told or (
            row.seen_at is None or at >= row.seen_at + SEEN_EVERY_SECONDS
        )
        return answer, is_news

    def _reader_id(self, connection: sa.Connection, of: ControllerId) -> ReaderId:
        asked = {"tenant": self._authority.tenant, "controller": of}
        reader_id = connection.execute(_READER, asked).scalar_one_or_none()
        if reader_id is None:
            raise NotThisCaller(f"expected a controller with readers, got {of}, whose doors moved")
        return ReaderId(reader_id)
