"""Door settings: what each controller is told of its access points, over its own link only.

Rules kept here:
- signed anew, with the next version, when they would say something else or the key that signs them
  has changed, and at no other time;
- only access points that have a reader of that controller are in them;
- times are the installation's, one set for all doors: a places file has none yet. A longer strike
  is three times the ordinary one (for whoever walks slowly);
- settings are never longer than a door reads: rather they tell fewer days of the unlock schedule.

When a door stands unlocked is `unlock_schedule`'s to say.
"""

from dataclasses import replace

import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import IssuanceFault
from keyserver.services.authority import Authority
from keyserver.services.counters import Counter, raise_counter
from keyserver.services.doors.unlock_schedule import SCHEDULE_DAYS, unlock_schedule
from keyserver.services.people.registers import Registers
from keyserver.storage.tables import controller, door_settings, reader
from lockagent.protocol.door_settings import (
    SETTINGS_BYTES,
    DoorSettings,
    FailMode,
    PointSettings,
    parse_settings,
    sign_settings,
)
from policies.vocabulary import AccessPointNumber, ControllerId, Instant, TenantId

STRIKE_SECONDS = 5
EXTENDED_STRIKE_SECONDS = 15
HELD_OPEN_SECONDS = 30

_NEWEST = (
    sa.select(door_settings.c.version, door_settings.c.settings)
    .where(
        door_settings.c.tenant == sa.bindparam("tenant"),
        door_settings.c.controller == sa.bindparam("controller"),
    )
    .order_by(door_settings.c.version.desc())
    .limit(1)
)
_POINTS = (
    sa.select(reader.c.number)
    .where(
        reader.c.tenant == sa.bindparam("tenant"),
        reader.c.controller == sa.bindparam("controller"),
    )
    .order_by(reader.c.number)
)
_CONTROLLERS = sa.select(controller.c.controller).where(
    controller.c.tenant == sa.bindparam("tenant"), controller.c.retired_at.is_(None)
)
_INSERT = sa.insert(door_settings)


def newest_settings(
    connection: sa.Connection, tenant: TenantId, of: ControllerId
) -> tuple[int, bytes] | None:
    """The version and the bytes of a controller's settings now."""
    row = connection.execute(_NEWEST, {"tenant": tenant, "controller": of}).one_or_none()
    return None if row is None else (row.version, row.settings)


def renew_settings(
    connection: sa.Connection,
    authority: Authority,
    registers: Registers,
    of: ControllerId,
    at: Instant,
    *,
    at_any_rate: bool = False,
) -> None:
    """Sign a controller's settings anew if they would say something else, or at any rate."""
    asked = {"tenant": authority.tenant, "controller": of}
    held = connection.execute(_NEWEST, asked).one_or_none()
    said = None if held is None else parse_settings(held.settings).claims
    numbers = [
        number
        for number in connection.execute(_POINTS, asked).scalars()
        if number in registers.places.by_number
    ]
    if not numbers:
        return
    for days in SCHEDULE_DAYS:
        points = tuple(
            _point_settings(connection, authority.tenant, registers, number, at, days)
            for number in numbers
        )
        draft = DoorSettings(of, 1, at, points)
        if said is not None:
            if replace(draft, version=said.version, issued=said.issued) == said and not at_any_rate:
                return
            draft = replace(draft, version=said.version + 1)
        signed = sign_settings(draft, authority.realm, authority.signers.key(KeyRole.BUNDLE))
        if len(signed) <= SETTINGS_BYTES:
            break
    else:
        raise IssuanceFault(
            f"expected settings of {of} of at most {SETTINGS_BYTES} bytes, got {len(signed)}"
        )
    connection.execute(
        _INSERT,
        asked | {"version": draft.version, "settings": signed},
    )
    raise_counter(connection, authority.tenant, Counter.DOORS)


def _point_settings(
    connection: sa.Connection,
    tenant: TenantId,
    registers: Registers,
    number: AccessPointNumber,
    at: Instant,
    days: int,
) -> PointSettings:
    return PointSettings(
        point=number,
        sensitive=registers.places.by_number[number].sensitive,
        strike_seconds=STRIKE_SECONDS,
        extended_strike_seconds=EXTENDED_STRIKE_SECONDS,
        held_open_seconds=HELD_OPEN_SECONDS,
        fail_mode=FailMode.SECURE,
        unlock_windows=unlock_schedule(connection, tenant, registers, number, at, days),
    )


def renew_all_settings(
    connection: sa.Connection,
    authority: Authority,
    registers: Registers,
    at: Instant,
    *,
    at_any_rate: bool = False,
) -> None:
    """`renew_settings` for every controller in service."""
    for of in connection.execute(_CONTROLLERS, {"tenant": authority.tenant}).scalars().all():
        renew_settings(connection, authority, registers, of, at, at_any_rate=at_any_rate)
