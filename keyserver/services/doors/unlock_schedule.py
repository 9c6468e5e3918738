"""When a door is to stand unlocked, as its settings say it: days ahead, so that it needs no server.

Rules kept here (policies.md, "Deny, except, unlock"; SPEC.md 8.4):
- by whatever governs each instant, for `SCHEDULE_DAYS` from the start of the UTC day: renewed daily
  and with every change of what it goes by. Where nobody renews it, it ends, and the door locks;
- a switch that is on, or was never read, has its deny end the unlocking;
- `unlock: {after: …}` is told from the opening on that it waits for, once the door has reported it.
"""

import sqlalchemy as sa

from keyserver.services.people.registers import Registers
from keyserver.services.people.surroundings import opened_at, waits_to_unlock
from policies.circumstances import Circumstances
from policies.grant import Window
from policies.unlocking import unlocked_windows
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Instant, TenantId
from policies.windows import NEVER, Windows, clip, union

SCHEDULE_DAYS = (14, 7, 3, 1)
"""How many days are told: fewer where a controller's settings would not hold them."""


def unlock_schedule(
    connection: sa.Connection,
    tenant: TenantId,
    registers: Registers,
    point: AccessPointNumber,
    at: Instant,
    days: int,
) -> Windows:
    """The windows in which `point` stands unlocked, from today on for so many UTC days."""
    start = Instant(at - at % DAY_SECONDS)
    span = Window(start, Instant(start + days * DAY_SECONDS))
    waits = waits_to_unlock(registers, point)
    opened = opened_at(connection, tenant, point, at) if waits else ()
    around = Circumstances(switches=registers.switches, opened={point: opened})
    unlocked = NEVER
    for piece, policies in registers.policies.from_instant(at).pieces(span):
        unlocked = union(unlocked, clip(unlocked_windows(policies, point, span, around), piece))
    return unlocked
