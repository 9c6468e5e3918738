"""The circumstances of an asking, out of the database: switches, visits, and who has opened.

Rules kept here (policies.md, "What windows do not hold"):
- a visit that goes on is not counted against itself: who comes back within half an hour of its
  beginning makes the same visit;
- whoever is waited for counts with an opening of the last `WAITED_SECONDS`: a window in which an
  opening counts for longer is none that anybody keeps track of;
- a rule that refuses offline gives nothing at a door that has not been heard of lately: its visits
  could not be counted.
"""

import sqlalchemy as sa

from keyserver.services.doors.openings import SAME_VISIT_SECONDS, openings_at, visits_of
from keyserver.services.people.registers import Registers, subject_of
from keyserver.storage.tables import controller, reader
from policies.circumstances import Circumstances, Opened, RuleName, period_of
from policies.compiled import CompiledRule, DoorClass, compiled, door_at
from policies.grant import MAX_SENSITIVE_LIFE_SECONDS, Window
from policies.manner import Offline
from policies.model import Subject
from policies.vocabulary import AccessPointNumber, Instant, TenantId

WAITED_SECONDS = 7 * 86_400
UNHEARD_SECONDS = 180
"""A controller in touch asks every 25 s, and a sign of life is written every 60 s."""

_SEEN = (
    sa.select(controller.c.seen_at)
    .join(
        reader,
        sa.and_(
            reader.c.tenant == controller.c.tenant, reader.c.controller == controller.c.controller
        ),
    )
    .where(
        reader.c.tenant == sa.bindparam("tenant"),
        reader.c.number == sa.bindparam("number"),
        controller.c.retired_at.is_(None),
    )
)


def waiting_points(registers: Registers) -> frozenset[AccessPointNumber]:
    """The access points where a rule waits for somebody to open."""
    return frozenset(
        point
        for _, policies in registers.policies.turns
        for door in policies.derived(compiled).classes
        if any(rule.after is not None for rule in _rules_of(door))
        for point in door.points
    )


def waits_to_unlock(registers: Registers, point: AccessPointNumber) -> bool:
    """Whether somebody's opening unlocks the access point."""
    return any(
        rule.after is not None
        for _, policies in registers.policies.turns
        for rule in door_at(policies, point).unlocks
    )


def surroundings(
    connection: sa.Connection,
    tenant: TenantId,
    registers: Registers,
    subject: Subject,
    point: AccessPointNumber | None,
    at: Instant,
) -> Circumstances:
    """The circumstances in which `subject` asks, on the way to `point` if it is one."""
    if point is None:
        return Circumstances(switches=registers.switches)
    rules = [
        rule
        for _, policies in registers.policies.pieces(
            Window(at, Instant(at + MAX_SENSITIVE_LIFE_SECONDS))
        )
        for rule in _rules_of(door_at(policies, point))
    ]
    is_unheard = not _is_heard_of(connection, tenant, point, at)
    counted: dict[RuleName, int] = {}
    for rule in rules:
        limits = rule.rule.limits
        if limits is not None and limits.visits is not None:
            visits = _visits(connection, tenant, rule, subject, at)
            if limits.offline is Offline.REFUSE and is_unheard:
                visits = max(visits, limits.visits.most)
            counted[rule.name] = visits
    waits = any(rule.after is not None for rule in rules)
    opened = opened_at(connection, tenant, point, at) if waits else ()
    return Circumstances(registers.switches, counted, {point: opened})


def opened_at(
    connection: sa.Connection, tenant: TenantId, point: AccessPointNumber, at: Instant
) -> tuple[Opened, ...]:
    """Who has opened at an access point lately, of those whom the registers still know."""
    opened: list[Opened] = []
    known: dict[str, Subject | None] = {}
    for who, when in openings_at(connection, tenant, point, Instant(at - WAITED_SECONDS)):
        if who not in known:
            known[who] = subject_of(connection, tenant, who)
        subject = known[who]
        if subject is not None:
            opened.append(Opened(subject, when))
    return tuple(opened)


def _rules_of(door: DoorClass) -> list[CompiledRule]:
    """The rules that let somebody in at a door, each once."""
    allows = dict.fromkeys(rule for rules in door.allows for rule in rules)
    return [*allows, *door.unlocks]


def _visits(
    connection: sa.Connection, tenant: TenantId, rule: CompiledRule, subject: Subject, at: Instant
) -> int:
    """The visits that this rule's period holds besides the one that goes on."""
    limits = rule.rule.limits
    if limits is None or limits.visits is None:
        return 0
    period = period_of(limits.visits.period, at, rule.rule.zone)
    begun = visits_of(connection, tenant, subject, limits.by, rule.name, period)
    goes_on = bool(begun) and at < begun[-1] + SAME_VISIT_SECONDS
    return len(begun) - goes_on


def _is_heard_of(
    connection: sa.Connection, tenant: TenantId, point: AccessPointNumber, at: Instant
) -> bool:
    seen = connection.execute(_SEEN, {"tenant": tenant, "number": point}).scalars().all()
    return any(each is not None and at < each + UNHEARD_SECONDS for each in seen)
