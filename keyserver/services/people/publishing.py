"""Publishing policies: a draft, its checks and its effect, approval, and the revision it becomes.

Rules kept here:
- documents are read against the places in force; every fault is told with file, line and key. What
  no part of the system enforces is refused by name;
- a revision is exactly the documents of its draft, one for each place, and is kept for good;
- the same documents again are the revision published last, not a new one;
- what is published is what was weighed: registers that changed in between mean to weigh again,
  and an approval of another effect than this one does not count;
- whatever takes windows away, at once or from a later instant on, revokes the credentials that
  hold them, in the transaction of the publication, and the doors' unlock schedules follow it.

What needs approval, and whether a draft may be published, is `policies.revisions`; what it changes
is `effect`'s to weigh.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from keyserver.errors import AdministratorError, Superseded
from keyserver.services.authority import Authority
from keyserver.services.doors.settings import renew_all_settings
from keyserver.services.identifiers import new_identifier
from keyserver.services.issuing.excess import NOTHING_LOST
from keyserver.services.people.effect import Effect, read_draft, weigh_draft
from keyserver.services.people.register_change import (
    RegistersToBe,
    change_registers,
    conclude_change,
    plan_change,
    require_unchanged,
)
from keyserver.services.people.registers import (
    Governing,
    Registers,
    is_registered,
    read_registers,
    subject_of,
)
from keyserver.services.people.revision_records import (
    add_approval,
    add_draft,
    add_revision,
    approvals_of,
    newest_number,
    newest_revision,
    note_published,
    revision_of,
    same_draft,
)
from keyserver.storage.store import Store
from policies.calendars import HolidayTable
from policies.documents.document import load_policies
from policies.errors import PolicyError
from policies.model import PolicySet
from policies.revisions import (
    Approval,
    Content,
    Draft,
    DraftId,
    Revision,
    RevisionNumber,
    content_of,
    may_approve,
    publication,
    says_nothing_new,
    unenforced,
    way_back,
)
from policies.vocabulary import Instant, PersonId, TenantId

ADMINISTRATOR = "administrator"
"""The author of a draft that nobody else is named for: whoever runs the verbs."""


@dataclass(frozen=True, slots=True)
class Published:
    """A revision that governs from `active_from` on; `revoked` credentials held what it takes."""

    revision: RevisionNumber
    sha256: bytes
    documents: tuple[str, ...]
    active_from: Instant
    is_new: bool
    revoked: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """A revision about to be made from a draft; nothing to do where there is none."""

    draft: Draft
    made: Revision | None
    newest: Revision | None
    to_be: RegistersToBe


async def make_draft(
    store: Store,
    authority: Authority,
    documents: Mapping[str, str],
    holidays: HolidayTable,
    author: str,
    at: Instant,
) -> Draft:
    """Keep documents (name to text) as a draft on the newest revision.

    The same documents of the same author on the same revision are the draft that is there.
    Raises PolicyError for a fault; AdministratorError for an author nobody knows.
    """
    content = content_of(documents, holidays)
    tenant = authority.tenant

    def check(connection: sa.Connection) -> None:
        _require_author(connection, tenant, author)
        policies_of(_registers(connection, tenant, at), content)

    def keep(connection: sa.Connection) -> Draft:
        name = DraftId(new_identifier("drf_", authority.random_bytes))
        made = Draft(name, content, author, newest_number(connection, tenant), at)
        return _kept(connection, tenant, made)

    await store.read(check)
    return await store.write(keep)


async def make_way_back(
    store: Store, authority: Authority, to: RevisionNumber, author: str, at: Instant
) -> Draft:
    """A draft that says again what revision `to` said; AdministratorError, PolicyError."""
    tenant = authority.tenant

    def unit(connection: sa.Connection) -> Draft:
        _require_author(connection, tenant, author)
        old, newest = revision_of(connection, tenant, to), newest_revision(connection, tenant)
        if old is None or newest is None:
            raise AdministratorError(f"expected a revision that was published, got {to}")
        policies_of(_registers(connection, tenant, at), old.content)
        name = DraftId(new_identifier("drf_", authority.random_bytes))
        return _kept(connection, tenant, way_back(old, newest, name, author, at))

    return await store.write(unit)


async def weigh(
    store: Store,
    tenant: TenantId,
    name: DraftId,
    at: Instant,
    active_from: Instant,
    days: int,
) -> Effect:
    """What a draft would change, published from `active_from` on; AdministratorError."""
    return await store.read(
        lambda connection: weigh_draft(
            connection, tenant, _registers(connection, tenant, at), name, at, active_from, days
        )
    )


async def approve(
    store: Store, tenant: TenantId, effect: Effect, by: PersonId, at: Instant
) -> tuple[Approval, ...]:
    """Keep that `by` has seen this effect of a draft, and no other; all approvals of the draft.

    Raises AdministratorError for a person nobody knows, NotPublishable for the draft's author.
    """

    def unit(connection: sa.Connection) -> tuple[Approval, ...]:
        if not is_registered(connection, tenant, by):
            raise AdministratorError(f"expected a person of the register, got {by!r}")
        kept = read_draft(connection, tenant, effect.draft)
        may_approve(kept, by)
        add_approval(connection, tenant, kept.id, Approval(by, at, effect.reasons))
        return approvals_of(connection, tenant, kept.id)

    return await store.write(unit)


async def publish_draft(
    store: Store, authority: Authority, effect: Effect, at: Instant
) -> Published:
    """Make the draft that was weighed a revision, from the instant it was weighed for.

    Raises NotPublishable (NeedsApproval among them); Superseded where the registers are not those
    that the effect was weighed with: weigh it again.
    """
    return await change_registers(
        store,
        lambda connection: _plan(connection, authority, effect, at),
        lambda connection, planned: _take(connection, authority, planned, at),
    )


def policies_of(known: Registers, content: Content) -> PolicySet:
    """The policies that content makes with these registers; PolicyError for what is refused."""
    policies = load_policies(dict(content.documents), known.places, content.holidays, known.records)
    faults = unenforced(policies)
    if faults:
        raise PolicyError(faults)
    return policies


def _plan(connection: sa.Connection, authority: Authority, effect: Effect, at: Instant) -> _Planned:
    of = authority.tenant
    known = _registers(connection, of, at)
    if known.generation != effect.generation:
        raise Superseded
    draft = read_draft(connection, of, effect.draft)
    newest = newest_revision(connection, of)
    if says_nothing_new(draft.content, newest, effect.active_from):
        return _Planned(draft, None, newest, RegistersToBe(known, NOTHING_LOST))
    approvals = approvals_of(connection, of, draft.id)
    made = publication(draft, newest, effect.reasons, approvals, at, effect.active_from)
    governing = Governing(made.number, policies_of(known, draft.content))
    registers = known.followed_by(effect.active_from, governing)
    to_be = plan_change(connection, of, registers, partial(subject_of, connection, of), at)
    return _Planned(draft, made, newest, to_be)


def _take(
    connection: sa.Connection, authority: Authority, planned: _Planned, at: Instant
) -> Published:
    of = authority.tenant
    require_unchanged(connection, of, planned.to_be)
    made = planned.made or planned.newest
    if made is None:
        raise RuntimeError("expected a revision to be published or one that is, got neither")
    revoked = 0
    if planned.made is not None:
        add_revision(connection, of, made)
        note_published(connection, of, planned.draft.id, made.number)
        renew_all_settings(connection, authority, planned.to_be.registers, at)
        subjects = partial(subject_of, connection, of)
        revoked = conclude_change(connection, authority, planned.to_be, subjects, at)
    return Published(
        made.number,
        made.content.sha256,
        made.content.names,
        made.active_from,
        is_new=planned.made is not None,
        revoked=revoked,
    )


def _kept(connection: sa.Connection, tenant: TenantId, made: Draft) -> Draft:
    held = same_draft(connection, tenant, made)
    if held is not None:
        return held
    add_draft(connection, tenant, made)
    return made


def _registers(connection: sa.Connection, tenant: TenantId, at: Instant) -> Registers:
    known = read_registers(connection, tenant, at)
    if known is None:
        raise AdministratorError("expected places before policies, got none; import places first")
    return known


def _require_author(connection: sa.Connection, tenant: TenantId, author: str) -> None:
    if author != ADMINISTRATOR and not is_registered(connection, tenant, PersonId(author)):
        raise AdministratorError(f"expected a person of the register, got {author!r}")
