"""Revisions, drafts and approvals as the database keeps them.

Rows in, values of `policies.revisions` out; what may become of them is decided there. Nothing here
changes a revision or the content of a draft: they are added, and read.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.storage.tables import approval, draft, draft_document, policy_document, revision
from policies.revisions import (
    FOUNDING,
    Approval,
    Content,
    Draft,
    DraftId,
    Revision,
    RevisionNumber,
    Timeline,
    holidays_of,
    holidays_text,
    reasons_of,
    reasons_text,
    timeline_of,
)
from policies.vocabulary import Instant, PersonId, TenantId


class RevisionHead(NamedTuple):
    """A revision without what it says."""

    number: RevisionNumber
    sha256: bytes
    author: str
    based_on: RevisionNumber
    rolled_back_to: RevisionNumber | None
    published_at: Instant
    active_from: Instant


_HEAD = sa.select(
    revision.c.revision,
    revision.c.sha256,
    revision.c.author,
    revision.c.based_on,
    revision.c.rolled_back_to,
    revision.c.published_at,
    revision.c.active_from,
)
_HEADS = _HEAD.where(revision.c.tenant == sa.bindparam("tenant")).order_by(revision.c.revision)
_ONE = sa.select(revision).where(
    revision.c.tenant == sa.bindparam("tenant"), revision.c.revision == sa.bindparam("revision")
)
_NEWEST = sa.select(sa.func.max(revision.c.revision)).where(
    revision.c.tenant == sa.bindparam("tenant")
)
_DOCUMENTS = (
    sa.select(policy_document.c.name, policy_document.c.content)
    .where(
        policy_document.c.tenant == sa.bindparam("tenant"),
        policy_document.c.revision == sa.bindparam("revision"),
    )
    .order_by(policy_document.c.position)
)
_DRAFT = sa.select(draft).where(
    draft.c.tenant == sa.bindparam("tenant"), draft.c.draft == sa.bindparam("draft")
)
_DRAFT_DOCUMENTS = (
    sa.select(draft_document.c.name, draft_document.c.content)
    .where(
        draft_document.c.tenant == sa.bindparam("tenant"),
        draft_document.c.draft == sa.bindparam("draft"),
    )
    .order_by(draft_document.c.position)
)
_SAME_DRAFT = (
    sa.select(draft.c.draft)
    .where(
        draft.c.tenant == sa.bindparam("tenant"),
        draft.c.sha256 == sa.bindparam("sha256"),
        draft.c.author == sa.bindparam("author"),
        draft.c.based_on == sa.bindparam("based_on"),
        draft.c.published_as.is_(None),
    )
    .order_by(draft.c.made_at, draft.c.draft)
    .limit(1)
)
_APPROVALS = (
    sa.select(approval.c.person, approval.c.approved_at, approval.c.effect)
    .where(approval.c.tenant == sa.bindparam("tenant"), approval.c.draft == sa.bindparam("draft"))
    .order_by(approval.c.approved_at, approval.c.person)
)
_ADD_REVISION = sa.insert(revision)
_ADD_DOCUMENT = sa.insert(policy_document)
_ADD_DRAFT = sa.insert(draft)
_ADD_DRAFT_DOCUMENT = sa.insert(draft_document)
_ADD_APPROVAL = insert(approval)
_ADD_APPROVAL = _ADD_APPROVAL.on_conflict_do_update(
    index_elements=[approval.c.tenant, approval.c.draft, approval.c.person],
    set_={
        "approved_at": _ADD_APPROVAL.excluded.approved_at,
        "effect": _ADD_APPROVAL.excluded.effect,
    },
)
_PUBLISHED_AS = (
    sa.update(draft)
    .where(draft.c.tenant == sa.bindparam("of_tenant"), draft.c.draft == sa.bindparam("of_draft"))
    .values(published_as=sa.bindparam("number"))
)


def revision_heads(connection: sa.Connection, tenant: TenantId) -> tuple[RevisionHead, ...]:
    """Every revision, in the order of publication."""
    return tuple(RevisionHead(*row) for row in connection.execute(_HEADS, {"tenant": tenant}))


def governing(connection: sa.Connection, tenant: TenantId) -> Timeline[RevisionNumber]:
    """Which revision governs when: 0 before the first."""
    heads = revision_heads(connection, tenant)
    return timeline_of(FOUNDING, ((head.active_from, head.number) for head in heads))


def newest_number(connection: sa.Connection, tenant: TenantId) -> RevisionNumber:
    """The number of the revision published last; 0 before the first."""
    number: int = connection.execute(_NEWEST, {"tenant": tenant}).scalar() or FOUNDING
    return RevisionNumber(number)


def revision_of(
    connection: sa.Connection, tenant: TenantId, number: RevisionNumber
) -> Revision | None:
    """A revision by its number, with what it says."""
    asked = {"tenant": tenant, "revision": number}
    row = connection.execute(_ONE, asked).one_or_none()
    if row is None:
        return None
    return Revision(
        number=number,
        content=_content(row.holidays, connection.execute(_DOCUMENTS, asked)),
        author=row.author,
        based_on=row.based_on,
        rolled_back_to=row.rolled_back_to,
        published_at=row.published_at,
        active_from=row.active_from,
    )


def newest_revision(connection: sa.Connection, tenant: TenantId) -> Revision | None:
    """The revision published last, whether or not it governs yet; None before the first."""
    return revision_of(connection, tenant, newest_number(connection, tenant))


def add_revision(connection: sa.Connection, tenant: TenantId, made: Revision) -> None:
    """Keep a revision, for good."""
    of = {"tenant": tenant, "revision": made.number}
    connection.execute(
        _ADD_REVISION,
        of
        | {
            "sha256": made.content.sha256,
            "holidays": holidays_text(made.content.holidays),
            "published_at": made.published_at,
            "active_from": made.active_from,
            "author": made.author,
            "based_on": made.based_on,
            "rolled_back_to": made.rolled_back_to,
        },
    )
    for position, (name, text) in enumerate(made.content.documents):
        connection.execute(
            _ADD_DOCUMENT, of | {"position": position, "name": name, "content": text}
        )


def draft_of(connection: sa.Connection, tenant: TenantId, name: str) -> Draft | None:
    """A draft by its id, published or not."""
    asked = {"tenant": tenant, "draft": name}
    row = connection.execute(_DRAFT, asked).one_or_none()
    if row is None:
        return None
    return Draft(
        id=DraftId(row.draft),
        content=_content(row.holidays, connection.execute(_DRAFT_DOCUMENTS, asked)),
        author=row.author,
        based_on=row.based_on,
        made_at=row.made_at,
        rolled_back_to=row.rolled_back_to,
    )


def same_draft(connection: sa.Connection, tenant: TenantId, wanted: Draft) -> Draft | None:
    """A draft of the same content and author on the same revision that is not published yet."""
    asked = {
        "tenant": tenant,
        "sha256": wanted.content.sha256,
        "author": wanted.author,
        "based_on": wanted.based_on,
    }
    name = connection.execute(_SAME_DRAFT, asked).scalar_one_or_none()
    return None if name is None else draft_of(connection, tenant, name)


def add_draft(connection: sa.Connection, tenant: TenantId, made: Draft) -> None:
    """Keep a draft."""
    of = {"tenant": tenant, "draft": made.id}
    connection.execute(
        _ADD_DRAFT,
        of
        | {
            "sha256": made.content.sha256,
            "holidays": holidays_text(made.content.holidays),
            "author": made.author,
            "based_on": made.based_on,
            "rolled_back_to": made.rolled_back_to,
            "made_at": made.made_at,
        },
    )
    for position, (name, text) in enumerate(made.content.documents):
        connection.execute(
            _ADD_DRAFT_DOCUMENT, of | {"position": position, "name": name, "content": text}
        )


def note_published(
    connection: sa.Connection, tenant: TenantId, name: DraftId, number: RevisionNumber
) -> None:
    """Say of a draft which revision it became."""
    connection.execute(_PUBLISHED_AS, {"of_tenant": tenant, "of_draft": name, "number": number})


def approvals_of(
    connection: sa.Connection, tenant: TenantId, name: DraftId
) -> tuple[Approval, ...]:
    """Who has approved a draft, in the order they did."""
    rows = connection.execute(_APPROVALS, {"tenant": tenant, "draft": name})
    return tuple(
        Approval(PersonId(row.person), row.approved_at, reasons_of(row.effect)) for row in rows
    )


def add_approval(
    connection: sa.Connection, tenant: TenantId, name: DraftId, made: Approval
) -> None:
    """Keep an approval and the effect that was shown for it; the last one of a person counts."""
    connection.execute(
        _ADD_APPROVAL,
        {
            "tenant": tenant,
            "draft": name,
            "person": made.by,
            "approved_at": made.at,
            "effect": reasons_text(made.reasons),
        },
    )


def _content(holidays: str, documents: Iterable[sa.Row[*tuple[Any, ...]]]) -> Content:
    return Content(tuple((row.name, row.content) for row in documents), holidays_of(holidays))
