"""News for long-polls: something that doors fetch is newer.

Any process may have changed it, so the one signal is the database's own: `PRAGMA data_version`,
read every 250 ms, says that somebody has committed; only if the counters `doors` have grown since
is anybody woken.
"""

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from keyserver.errors import StoreUnavailable
from keyserver.services.counters import Counter, read_counter
from keyserver.storage.store import Store
from policies.vocabulary import TenantId

LOOK_EVERY_SECONDS = 0.25


class Changes:
    """A mark that grows with every change for doors, and a way to wait for it to grow."""

    def __init__(self, store: Store, tenants: Sequence[TenantId]) -> None:
        self._store = store
        self._tenants = tenants
        self._mark = 0
        self._closed = False
        self._news = asyncio.Event()

    @property
    def mark(self) -> int:
        """Where the changes stand now; take it before looking at what may have changed."""
        return self._mark

    async def wait(self, since: int, seconds: float) -> bool:
        """Wait until the mark is above `since`; False after `seconds`, or when closed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._mark <= since and not self._closed:
            left = until - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return False
        return self._mark > since

    def close(self) -> None:
        """Let everybody who waits go: the server is draining."""
        self._closed = True
        self._news.set()

    async def watch(self) -> None:
        """Look for changes until cancelled."""
        seen = await self._doors()
        version = -1
        while not self._closed:
            try:
                newer = await self._store.data_version()
                if newer != version:
                    version = newer
                    doors = await self._doors()
                    if doors != seen:
                        seen = doors
                        self._tell()
            except StoreUnavailable:
                version = -1  # Look again, whatever the number says then.
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _doors(self) -> list[int]:
        def unit(connection: sa.Connection) -> list[int]:
            return [read_counter(connection, tenant, Counter.DOORS) for tenant in self._tenants]

        return await self._store.read(unit)

    def _tell(self) -> None:
        self._mark += 1
        waiting, self._news = self._news, asyncio.Event()
        waiting.set()
