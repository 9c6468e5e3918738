"""Changing places, people or policies: planned over a snapshot, then applied in one transaction.

Rules kept here:
- parsing, and looking for credentials that lose rights, takes no lock: phones and doors are
  answered meanwhile;
- a plan is applied only if the registers are still those it was made from; else it is made again;
- whatever takes windows away revokes the credentials that hold them in the transaction of the
  change, also those issued since the plan was made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from keyserver.errors import StoreUnavailable, Superseded
from keyserver.services.authority import Authority
from keyserver.services.counters import Counter, raise_counter, read_counter
from keyserver.services.issuing.excess import Excess, SubjectOf, find_excess
from keyserver.services.issuing.revocation import revoke_credentials
from keyserver.services.people.registers import Registers
from keyserver.storage.store import Store
from policies.vocabulary import Instant, TenantId

P = TypeVar("P")
R = TypeVar("R")

TIMES_PLANNED = 4


@dataclass(frozen=True, slots=True)
class RegistersToBe:
    """The registers as a change leaves them, and what they take away.

    `registers.generation` is the one that the plan was made from.
    """

    registers: Registers
    excess: Excess


async def change_registers(
    store: Store, plan: Callable[[sa.Connection], P], apply: Callable[[sa.Connection, P], R]
) -> R:
    """What `apply` returns once nothing has superseded the plan; else StoreUnavailable."""
    for _ in range(TIMES_PLANNED):
        planned = await store.read(plan)
        try:
            return await store.write(partial(_applied, planned, apply))
        except Superseded:
            continue
    raise StoreUnavailable("expected registers that stand still for a change, got other changes")


def _applied(planned: P, apply: Callable[[sa.Connection, P], R], connection: sa.Connection) -> R:
    return apply(connection, planned)


def plan_change(
    connection: sa.Connection,
    tenant: TenantId,
    registers: Registers,
    subject_of: SubjectOf,
    at: Instant,
) -> RegistersToBe:
    """What a change to these registers and subjects would take away now."""
    return RegistersToBe(registers, find_excess(connection, tenant, registers, subject_of, at))


def require_unchanged(connection: sa.Connection, tenant: TenantId, planned: RegistersToBe) -> None:
    """Return if the registers are those that the plan was made from; else Superseded."""
    if read_counter(connection, tenant, Counter.REGISTERS) != planned.registers.generation:
        raise Superseded


def conclude_change(
    connection: sa.Connection,
    authority: Authority,
    planned: RegistersToBe,
    subject_of: SubjectOf,
    at: Instant,
) -> int:
    """Count the change and revoke what holds more than is given now; how many credentials."""
    tenant = authority.tenant
    raise_counter(connection, tenant, Counter.REGISTERS)
    since = find_excess(
        connection, tenant, planned.registers, subject_of, at, planned.excess.examined
    )
    lost = (*planned.excess.lost, *since.lost)
    revoke_credentials(connection, authority, lost, at)
    return len(lost)
