"""Publishing policies: documents that are put in force together as one revision.

Rules kept here:
- the documents are read against the places in force; every fault is told with file, line and key;
- a revision is immutable, numbered, named by the hash of its documents and holidays; it is exactly
  the documents given, one for each place;
- the same documents again are the revision in force, not a new one;
- whatever takes windows away revokes the credentials that hold them, in the same transaction.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa

from keyserver.errors import AdministratorError
from keyserver.services.authority import Authority
from keyserver.services.people.register_change import (
    RegistersToBe,
    change_registers,
    conclude_change,
    plan_change,
    require_unchanged,
)
from keyserver.services.people.registers import holidays_text, read_registers, subject_of
from keyserver.storage.store import Store
from keyserver.storage.tables import policy_document, revision
from policies.calendars import HolidayTable
from policies.document import load_policies
from policies.vocabulary import Instant, TenantId


@dataclass(frozen=True, slots=True)
class Published:
    """A revision in force; `revoked` credentials held what it takes away."""

    revision: int
    sha256: bytes
    documents: tuple[str, ...]
    is_new: bool
    revoked: int


_REVISION = (
    sa.select(revision.c.revision, revision.c.sha256)
    .where(revision.c.tenant == sa.bindparam("tenant"))
    .order_by(revision.c.revision.desc())
    .limit(1)
)
_ADD_REVISION = sa.insert(revision)
_ADD_DOCUMENT = sa.insert(policy_document)


async def publish(
    store: Store,
    authority: Authority,
    documents: Mapping[str, str],
    holidays: HolidayTable,
    at: Instant,
) -> Published:
    """Put these documents (name to text) in force as a new revision; PolicyError for a fault."""

    def plan(connection: sa.Connection) -> RegistersToBe:
        return _plan(connection, authority.tenant, documents, holidays, at)

    def take(connection: sa.Connection, to_be: RegistersToBe) -> Published:
        return _take(connection, authority, to_be, documents, holidays, at)

    return await change_registers(store, plan, take)


def _plan(
    connection: sa.Connection,
    of: TenantId,
    documents: Mapping[str, str],
    holidays: HolidayTable,
    at: Instant,
) -> RegistersToBe:
    known = read_registers(connection, of)
    if known is None:
        raise AdministratorError("expected places before policies, got none; import places first")
    policies = load_policies(documents, known.places, holidays)
    registers = replace(known, revision=known.revision + 1, policies=policies)
    return plan_change(connection, of, registers, partial(subject_of, connection, of), at)


def _take(
    connection: sa.Connection,
    authority: Authority,
    to_be: RegistersToBe,
    documents: Mapping[str, str],
    holidays: HolidayTable,
    at: Instant,
) -> Published:
    of = authority.tenant
    require_unchanged(connection, of, to_be)
    digest = content_hash(documents, holidays)
    held = connection.execute(_REVISION, {"tenant": of}).one_or_none()
    names = tuple(documents)
    if held is not None and held.sha256 == digest:
        return Published(held.revision, digest, names, is_new=False, revoked=0)
    number = to_be.registers.revision
    connection.execute(
        _ADD_REVISION,
        {
            "tenant": of,
            "revision": number,
            "sha256": digest,
            "holidays": holidays_text(holidays),
            "published_at": at,
        },
    )
    for position, (name, content) in enumerate(documents.items()):
        connection.execute(
            _ADD_DOCUMENT,
            {
                "tenant": of,
                "revision": number,
                "position": position,
                "name": name,
                "content": content,
            },
        )
    subjects = partial(subject_of, connection, of)
    revoked = conclude_change(connection, authority, to_be, subjects, at)
    return Published(number, digest, names, is_new=True, revoked=revoked)


def content_hash(documents: Mapping[str, str], holidays: HolidayTable) -> bytes:
    """SHA-256 over the documents in order and the holidays, each behind its length."""
    digest = hashlib.sha256(b"bynokkel revision 1")
    parts = [part for pair in documents.items() for part in pair] + [holidays_text(holidays)]
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
