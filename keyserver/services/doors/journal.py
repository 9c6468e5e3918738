"""Journal intake: what the doors tell, kept as the bytes they signed.

Rules kept here (abuse cases F01, F02):
- a batch counts only under the agent key of the very controller that uploads it;
- entries that are known already are skipped, so an upload may be repeated; the answer is the same;
- entries begin where the last ones ended: a gap is refused with the sequence expected;
- an entry that differs from the known one of its sequence, or does not continue the chain, is a
  fork: the batch is kept as evidence, and nothing of it becomes journal;
- of one contradiction one batch is kept, however often it is signed anew, and of one controller
  `MOST_FORKS_KEPT`: a controller that went mad, or its thief, fills no disk;
- every chain can be recomputed from what is kept;
- what new entries tell of openings is counted in the transaction that keeps them, once; where
  somebody was waited for, the controller's unlock schedule is renewed right after it.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.errors import (
    AdministratorError,
    IssuanceFault,
    JournalFork,
    JournalGap,
    NotYourJournal,
    SignerUnavailable,
    StoreUnavailable,
)
from keyserver.services.authority import Authority
from keyserver.services.clients import Client, ClientKind, require_kind
from keyserver.services.doors.openings import note_openings
from keyserver.services.doors.settings import renew_settings
from keyserver.services.people.registers import RegisterCache
from keyserver.services.people.surroundings import waiting_points
from keyserver.storage.store import Store
from keyserver.storage.tables import controller, journal_entry, journal_fork
from lockagent.protocol.access_event import (
    START,
    ChainBreak,
    JournalBatch,
    JournalHead,
    decode_entry,
    entry_hash,
    first_break,
    parse_batch,
)
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.keys import BadSignature
from policies.vocabulary import AccessPointNumber, ControllerId, Instant, TenantId

MOST_FORKS_KEPT = 16
END_OF_SEQUENCES = 2**63 - 1

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedChain:
    """One controller's journal as recomputed: its head, and where it breaks, if it does."""

    controller: str
    place: str
    head: JournalHead
    broken: ChainBreak | None
    forks: int


@dataclass(frozen=True, slots=True)
class _Upload:
    """A batch as verified, and the bytes that prove it."""

    batch: JournalBatch
    received: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a batch came to: the sequence after it, and where its new entries tell of openings."""

    next_sequence: int
    opened: frozenset[AccessPointNumber]


_HEAD = (
    sa.select(journal_entry.c.sequence, journal_entry.c.hash)
    .where(
        journal_entry.c.tenant == sa.bindparam("tenant"),
        journal_entry.c.controller == sa.bindparam("controller"),
    )
    .order_by(journal_entry.c.sequence.desc())
    .limit(1)
)
_ENTRIES = (
    sa.select(journal_entry.c.sequence, journal_entry.c.entry, journal_entry.c.hash)
    .where(
        journal_entry.c.tenant == sa.bindparam("tenant"),
        journal_entry.c.controller == sa.bindparam("controller"),
        journal_entry.c.sequence >= sa.bindparam("first"),
        journal_entry.c.sequence < sa.bindparam("end"),
    )
    .order_by(journal_entry.c.sequence)
)
_INSERT = sa.insert(journal_entry)
_KEEP_FORK = insert(journal_fork).on_conflict_do_nothing()
_FORKS = (
    sa.select(sa.func.count())
    .select_from(journal_fork)
    .where(
        journal_fork.c.tenant == sa.bindparam("tenant"),
        journal_fork.c.controller == sa.bindparam("controller"),
    )
)
_CONTROLLERS = (
    sa.select(controller.c.controller, controller.c.place)
    .where(controller.c.tenant == sa.bindparam("tenant"))
    .order_by(controller.c.place, controller.c.provisioned_at)
)


class JournalIntake:
    """The journals of one tenant's controllers."""

    def __init__(self, store: Store, authority: Authority, registers: RegisterCache) -> None:
        self._store = store
        self._authority = authority
        self._registers = registers

    async def receive(self, client: Client, received: bytes, at: Instant) -> int:
        """Keep a batch; the sequence after its last entry, for a known batch as for a new one.

        Raises MalformedMessage, NotYourJournal, JournalGap, JournalFork.
        """
        require_kind(client, ClientKind.CONTROLLER)
        parsed = parse_batch(received)
        try:
            batch = parsed.verify(ObjectType.JOURNAL, self._authority.realm, client.key)
        except BadSignature as error:
            raise NotYourJournal(
                "expected a batch by the caller's agent key, got another"
            ) from error
        if batch.controller != client.id:
            raise NotYourJournal(
                f"expected the journal of {client.id}, got that of {batch.controller}"
            )
        tenant = self._authority.tenant
        upload = _Upload(batch, received, parsed.sign1.payload)
        known = await self._store.read(partial(self._registers.read, at=at))
        waiting = frozenset[AccessPointNumber]() if known is None else waiting_points(known)

        def unit(connection: sa.Connection) -> _Taken | JournalFork:
            # A fork is returned and not raised: its evidence must be committed.
            return _take(connection, tenant, upload, waiting, at)

        taken = await self._store.write(unit)
        if isinstance(taken, JournalFork):
            raise taken
        if taken.opened & waiting:
            await self._renew_settings(batch.controller, at)
        return taken.next_sequence

    async def _renew_settings(self, of: ControllerId, at: Instant) -> None:
        """Let the controller hear who has opened; the journal is kept whether or not it can."""

        def unit(connection: sa.Connection) -> None:
            known = self._registers.read(connection, at)
            if known is not None:
                renew_settings(connection, self._authority, known, of, at)

        try:
            await self._store.write(unit)
        except (StoreUnavailable, SignerUnavailable, IssuanceFault) as error:
            _LOG.error("settings of %s not renewed: %s", of, error)


def _take(
    connection: sa.Connection,
    tenant: TenantId,
    upload: _Upload,
    waiting: frozenset[AccessPointNumber],
    at: Instant,
) -> _Taken | JournalFork:
    batch = upload.batch
    of = {"tenant": tenant, "controller": batch.controller}
    head = _head(connection, of)
    if batch.first_sequence > head.sequence + 1:
        raise JournalGap(head.sequence + 1, batch.first_sequence)
    span = {"first": batch.first_sequence, "end": batch.first_sequence + len(batch.entries)}
    known = connection.execute(_ENTRIES, of | span).all()
    for row, entry in zip(known, batch.entries, strict=False):
        if row.entry != entry:
            return _keep_fork(connection, of, row.sequence, upload, at)
    new = batch.entries[head.sequence + 1 - batch.first_sequence :]
    broken = first_break(new, head)
    if broken is not None:
        return _keep_fork(connection, of, broken.sequence, upload, at)
    for sequence, entry in enumerate(new, head.sequence + 1):
        connection.execute(
            _INSERT,
            of
            | {
                "sequence": sequence,
                "entry": entry,
                "hash": entry_hash(entry),
                "received_at": at,
            },
        )
    opened = note_openings(connection, tenant, batch.controller, map(decode_entry, new), waiting)
    return _Taken(batch.first_sequence + len(batch.entries), opened)


def check_chains(
    connection: sa.Connection, tenant: TenantId, only: str | None = None
) -> Iterator[CheckedChain]:
    """Recompute the journal of every controller, or of `only` (an id or a place's name)."""
    for row in connection.execute(_CONTROLLERS, {"tenant": tenant}).all():
        if only in (None, row.controller, row.place):
            of = {"tenant": tenant, "controller": row.controller}
            broken = first_break(_kept(connection, of))
            head = _head(connection, of)
            if broken is None and head.sequence:
                newest = next(_kept(connection, of, head.sequence))
                if entry_hash(newest) != head.hash:
                    broken = ChainBreak(head.sequence, "expected the hash kept, got another")
            forks = connection.execute(_FORKS, of).scalar_one()
            yield CheckedChain(row.controller, row.place, head, broken, forks)


def entries_of(
    connection: sa.Connection, tenant: TenantId, only: str | None = None
) -> Iterator[tuple[str, bytes]]:
    """Place and entry bytes, controller by controller, in sequence."""
    for row in connection.execute(_CONTROLLERS, {"tenant": tenant}).all():
        if only in (None, row.controller, row.place):
            for entry in _kept(connection, {"tenant": tenant, "controller": row.controller}):
                yield row.place, entry


def _kept(connection: sa.Connection, of: dict[str, str], first: int = 0) -> Iterator[bytes]:
    for row in connection.execute(_ENTRIES, of | {"first": first, "end": END_OF_SEQUENCES}):
        yield row.entry


def head_of(connection: sa.Connection, tenant: TenantId, controller_id: str) -> JournalHead:
    """The newest entry kept of a controller."""
    return _head(connection, {"tenant": tenant, "controller": controller_id})


def _head(connection: sa.Connection, of: dict[str, str]) -> JournalHead:
    row = connection.execute(_HEAD, of).one_or_none()
    return START if row is None else JournalHead(row.sequence, row.hash)


def _keep_fork(
    connection: sa.Connection,
    of: dict[str, str],
    sequence: int,
    upload: _Upload,
    at: Instant,
) -> JournalFork:
    if connection.execute(_FORKS, of).scalar_one() < MOST_FORKS_KEPT:
        connection.execute(
            _KEEP_FORK,
            of
            | {
                "sequence": sequence,
                "payload_sha256": hashlib.sha256(upload.payload).digest(),
                "received_at": at,
                "batch": upload.received,
            },
        )
    return JournalFork(sequence)


def require_known(connection: sa.Connection, tenant: TenantId, only: str | None) -> None:
    """Return if `only` is None, or a controller's id or place; else AdministratorError."""
    rows = connection.execute(_CONTROLLERS, {"tenant": tenant})
    if only is not None and not any(only in (row.controller, row.place) for row in rows):
        raise AdministratorError(f"expected a controller that was provisioned, got {only!r}")
