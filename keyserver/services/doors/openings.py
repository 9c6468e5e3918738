"""Openings that count: who has opened where, as the doors' journals tell of it.

Rules kept here (policies.md, "What windows do not hold"; SPEC.md 8.5):
- an opening is an access granted; one that was then not taken, or whose strike failed, was none;
- each entry counts once, however often it is uploaded: it is known by its place in its journal;
- only where a rule waits for somebody, or by a credential that a rule with limits gave, is an
  opening kept with a person, and no longer than `KEPT_SECONDS`: the journal itself names none;
- nobody is waited for who opened with a credential revoked before, at a door that had not heard of
  it; a visit by such a one was a visit;
- what somebody visited before a register told of her household stays hers;
- a visit counts for the rules that gave it, and for no other that speaks for the same door; an
  opening within half an hour of the one that a visit began with is the same visit.
"""

import json
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from keyserver.storage.tables import credential, opening, person
from lockagent.protocol.access_event import EventKind, JournalEntry
from policies.circumstances import RuleName
from policies.grant import Window
from policies.manner import CountedBy
from policies.model import Subject
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId, RuleId, TenantId

SAME_VISIT_SECONDS = 30 * 60
KEPT_SECONDS = 400 * 86_400
"""A calendar year, the longest period of a limit, and a month in which its journals may come."""

_NOT_OPENED = (EventKind.ACCESS_NOT_TAKEN, EventKind.STRIKE_FAILED)

_HOLDER = (
    sa.select(
        credential.c.person, credential.c.limited, credential.c.revoked_at, person.c.household
    )
    .outerjoin(
        person,
        sa.and_(person.c.tenant == credential.c.tenant, person.c.person == credential.c.person),
    )
    .where(credential.c.tenant == sa.bindparam("tenant"), credential.c.cti == sa.bindparam("cti"))
)
_ADD = insert(opening).on_conflict_do_nothing()
_TAKE_BACK = sa.delete(opening).where(
    opening.c.tenant == sa.bindparam("of_tenant"),
    opening.c.controller == sa.bindparam("of_controller"),
    opening.c.attempt == sa.bindparam("of_attempt"),
)
_FORGET = sa.delete(opening).where(
    opening.c.tenant == sa.bindparam("of_tenant"), opening.c.opened_at < sa.bindparam("before")
)
_AT_POINT = (
    sa.select(opening.c.person, opening.c.opened_at)
    .where(
        opening.c.tenant == sa.bindparam("tenant"),
        opening.c.number == sa.bindparam("number"),
        opening.c.opened_at >= sa.bindparam("since"),
    )
    .order_by(opening.c.opened_at)
)
_WITHIN = (
    sa.select(opening.c.limited, opening.c.opened_at)
    .where(
        opening.c.tenant == sa.bindparam("tenant"),
        opening.c.opened_at >= sa.bindparam("start"),
        opening.c.opened_at < sa.bindparam("end"),
        opening.c.limited.is_not(None),
    )
    .order_by(opening.c.opened_at)
)
_OF_PERSON = _WITHIN.where(opening.c.person == sa.bindparam("person"))
_OF_HOUSEHOLD = _WITHIN.where(
    sa.or_(
        opening.c.household == sa.bindparam("household"),
        sa.and_(opening.c.person == sa.bindparam("person"), opening.c.household.is_(None)),
    )
)


def note_openings(
    connection: sa.Connection,
    tenant: TenantId,
    controller: str,
    entries: Iterable[JournalEntry],
    waiting: frozenset[AccessPointNumber],
) -> frozenset[AccessPointNumber]:
    """Keep the openings among `entries` of one journal that count; where they were.

    `waiting` are the access points where a rule waits for somebody to open.
    """
    touched: set[AccessPointNumber] = set()
    for entry in entries:
        attempt = entry.details.get("attempt")
        if entry.point is None or not isinstance(attempt, bytes):
            continue
        if entry.kind in _NOT_OPENED:
            of = {"of_tenant": tenant, "of_controller": controller, "of_attempt": attempt}
            if connection.execute(_TAKE_BACK, of).rowcount:
                touched.add(entry.point)
        elif entry.kind is EventKind.ACCESS_GRANTED and entry.details.get("action") == Action.OPEN:
            asked = {"tenant": tenant, "cti": entry.cti}
            holder = connection.execute(_HOLDER, asked).one_or_none()
            opened_at = entry.utc_lo if entry.utc_hi is None else entry.utc_hi
            if holder is None:
                continue
            is_revoked = holder.revoked_at is not None and holder.revoked_at <= opened_at
            if holder.limited or (entry.point in waiting and not is_revoked):
                row = {
                    "tenant": tenant,
                    "controller": controller,
                    "sequence": entry.sequence,
                    "number": entry.point,
                    "person": holder.person,
                    "household": holder.household,
                    "attempt": attempt,
                    "opened_at": opened_at,
                    "limited": holder.limited,
                }
                connection.execute(_ADD, row)
                touched.add(entry.point)
    return frozenset(touched)


def openings_at(
    connection: sa.Connection, tenant: TenantId, point: AccessPointNumber, since: Instant
) -> list[tuple[PersonId, Instant]]:
    """Who has opened at an access point since then, in order."""
    asked = {"tenant": tenant, "number": point, "since": since}
    rows = connection.execute(_AT_POINT, asked)
    return [(PersonId(row.person), Instant(row.opened_at)) for row in rows]


def visits_of(
    connection: sa.Connection,
    tenant: TenantId,
    subject: Subject,
    by: CountedBy,
    rule: RuleName,
    period: Window,
) -> tuple[Instant, ...]:
    """When each visit by `rule` in `period` began, of a person or of her household."""
    asked = {"tenant": tenant, "start": period.start, "end": period.end}
    if by is CountedBy.HOUSEHOLD and subject.household is not None:
        of = {"household": subject.household, "person": subject.id}
        rows = connection.execute(_OF_HOUSEHOLD, asked | of)
    else:
        rows = connection.execute(_OF_PERSON, asked | {"person": subject.id})
    return visits([Instant(row.opened_at) for row in rows if rule in rules_of(row.limited)])


def rules_text(rules: Iterable[RuleName]) -> str | None:
    """The rules with limits that gave a credential, as they are kept; None where there are none."""
    named = [list(rule) for rule in rules]
    return json.dumps(named) if named else None


def rules_of(text: str) -> frozenset[RuleName]:
    """The rules that `rules_text` has written."""
    return frozenset(RuleName(place, RuleId(rule)) for place, rule in json.loads(text))


def visits(openings: Sequence[Instant]) -> tuple[Instant, ...]:
    """When each visit began, of openings that ascend."""
    begun: list[Instant] = []
    for opened_at in openings:
        if not begun or opened_at >= begun[-1] + SAME_VISIT_SECONDS:
            begun.append(opened_at)
    return tuple(begun)


def forget_openings(connection: sa.Connection, tenant: TenantId, at: Instant) -> int:
    """Forget the openings that no rule counts any more; how many."""
    of = {"of_tenant": tenant, "before": at - KEPT_SECONDS}
    return connection.execute(_FORGET, of).rowcount
