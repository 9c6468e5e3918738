"""Credentials that are out and hold more than policy gives now.

"An edit or fact that takes windows away revokes the credentials that hold them" (policies.md, *Life
of a rule*). Found over a snapshot and without a lock, since an installation may have tens of
thousands of credentials out; what was issued in between is looked at in the transaction of the
change, which names what has been examined.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from keyserver.services.doors.bundles import epoch_of, facilities_of
from keyserver.services.issuing.lost_rights import is_within
from keyserver.services.issuing.revocation import IssuedRow
from keyserver.services.people.registers import Registers
from keyserver.storage.tables import credential
from lockagent.protocol.credential import parse_credential
from policies.circumstances import Circumstances
from policies.grant import Grant, Window
from policies.model import Subject
from policies.succession import grant_over
from policies.vocabulary import AccessPointNumber, FacilityId, Instant, PersonId, TenantId

SubjectOf: TypeAlias = Callable[[PersonId], Subject | None]
"""What the registers tell of a person, as they are or as they are about to be."""


@dataclass(frozen=True, slots=True)
class Excess:
    """The credentials that lost rights, among those `examined` (by cti)."""

    lost: tuple[IssuedRow, ...]
    examined: frozenset[bytes]


NOTHING_LOST = Excess((), frozenset())


@dataclass(frozen=True, slots=True)
class _Question:
    """What decides how much a credential may hold; many credentials ask the same."""

    person: PersonId
    facility: FacilityId
    span: Window
    point: AccessPointNumber | None


_LIVE = sa.select(credential.c.cti).where(
    credential.c.tenant == sa.bindparam("tenant"),
    credential.c.facility == sa.bindparam("facility"),
    credential.c.expires > sa.bindparam("at"),
    credential.c.revoked_at.is_(None),
    credential.c.epoch == sa.bindparam("epoch"),
)
_ONE = sa.select(
    credential.c.status_index,
    credential.c.person,
    credential.c.on_the_way,
    credential.c.not_before,
    credential.c.expires,
    credential.c.credential,
).where(credential.c.tenant == sa.bindparam("tenant"), credential.c.cti == sa.bindparam("cti"))


def find_excess(
    connection: sa.Connection,
    tenant: TenantId,
    now: Registers,
    subject_of: SubjectOf,
    at: Instant,
    examined: frozenset[bytes] = frozenset(),
) -> Excess:
    """Examine every live credential not yet examined against the registers `now`."""
    given: dict[_Question, Grant | None] = {}
    lost: list[IssuedRow] = []
    seen: set[bytes] = set()
    for of in facilities_of(connection, tenant):
        epoch = epoch_of(connection, tenant, of)
        asked = {"tenant": tenant, "facility": of, "at": at, "epoch": epoch}
        for cti in connection.execute(_LIVE, asked).scalars().all():
            if cti in examined:
                continue
            seen.add(cti)
            row = connection.execute(_ONE, {"tenant": tenant, "cti": cti}).one()
            question = _Question(
                row.person, of, Window(row.not_before, row.expires), row.on_the_way
            )
            if question not in given:
                given[question] = _given(now, subject_of, question)
            held = parse_credential(row.credential).claims.grant
            if not is_within(held, given[question], at):
                lost.append(IssuedRow(cti, of, row.status_index))
    return Excess(tuple(lost), examined | seen)


def _given(now: Registers, subject_of: SubjectOf, question: _Question) -> Grant | None:
    """What policy gives for the span of a credential; None where it gives nothing."""
    subject = subject_of(question.person)
    if subject is None or question.facility not in now.places.facilities:
        return None
    if question.point is not None and question.point not in now.places.by_number:
        return None
    # Visits and openings have been counted when it was issued: what is out is not asked for again.
    asked = grant_over(
        now.policies,
        subject,
        question.facility,
        question.span,
        access_point=question.point,
        circumstances=Circumstances(switches=now.switches, opened=None),
    )
    return asked.grant
