"""Whether the store can be written: found by writing, in the background, a few times a minute.

Rules kept here:
- a real row is written and committed: a disk that is full or read-only is found before somebody
  needs it;
- how often is this module's to say and no caller's: `/health` is open to anyone, and reads only
  what was found last;
- what was found too long ago counts for nothing: a write that hangs is a failure.
"""

import asyncio
import logging

import sqlalchemy as sa

from keyserver.errors import StoreUnavailable
from keyserver.services.counters import Counter, raise_counter
from keyserver.services.doors.bundles import oldest_bundle
from keyserver.storage.store import Store
from lockagent.protocol.time_source import Clock, instant_of
from policies.vocabulary import Instant, TenantId

LOOK_EVERY_SECONDS = 15
STALE_AFTER_SECONDS = 3 * LOOK_EVERY_SECONDS
BUNDLE_LATE_SECONDS = 2 * 86_400
"""A bundle is signed anew at least daily: at twice that, something is wrong."""

_LOG = logging.getLogger(__name__)


class Probe:
    """What was last found of one store, for the tenants in it."""

    def __init__(self, store: Store, tenants: tuple[TenantId, ...]) -> None:
        self._store = store
        self._tenants = tenants
        self._checks = {"database": False, "bundles": False}
        self._looked_at: float | None = None

    async def keep_looking(self, clock: Clock) -> None:
        """`look` now and every `LOOK_EVERY_SECONDS`, until cancelled."""
        while True:
            await self.look(clock)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self, clock: Clock) -> None:
        """Write a row for each tenant, and see how old the bundles are."""
        at = instant_of(clock)

        def unit(connection: sa.Connection) -> bool:
            for tenant in self._tenants:
                raise_counter(connection, tenant, Counter.PROBES)
            return all(self._is_young(connection, tenant, at) for tenant in self._tenants)

        try:
            are_young = await self._store.write(unit)
            self._checks = {"database": True, "bundles": are_young}
        except StoreUnavailable as error:
            _LOG.error("the store was probed: %s", error)
            self._checks = {"database": False, "bundles": False}
        self._looked_at = clock.monotonic()

    async def found(self, clock: Clock) -> dict[str, bool]:
        """The checks and whether each passed; looks itself where nobody has begun to."""
        if self._looked_at is None:
            await self.look(clock)
        looked_at = self._looked_at
        if looked_at is None or clock.monotonic() > looked_at + STALE_AFTER_SECONDS:
            return dict.fromkeys(self._checks, False)
        return dict(self._checks)

    @staticmethod
    def _is_young(connection: sa.Connection, tenant: TenantId, at: Instant) -> bool:
        oldest = oldest_bundle(connection, tenant)
        return oldest is None or at < oldest + BUNDLE_LATE_SECONDS
