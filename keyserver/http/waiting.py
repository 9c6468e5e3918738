"""Who waits for news of doors: a bounded number, and a few for each controller.

A controller whose network falters leaves calls behind that nobody listens to any more, and comes
back at once. So the newest call of a controller is always let in, and where it has too many, the
one that has waited longest gives way.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from keyserver.http.problems import Problem

MOST_WAITING = 4000
MOST_WAITING_OF_ONE = 4
FULL_RETRY_SECONDS = 30
DISPLACED_RETRY_SECONDS = 5


class WaitingRoom:
    """The calls that wait now, by who called."""

    __slots__ = ("_most", "_most_of_one", "_taken", "_waiting")

    def __init__(self, most: int = MOST_WAITING, most_of_one: int = MOST_WAITING_OF_ONE) -> None:
        """Start with nobody waiting."""
        self._most = most
        self._most_of_one = most_of_one
        self._taken = 0
        self._waiting: dict[str, deque[asyncio.Timeout]] = {}

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[None]:
        """Wait within this block as `caller`.

        Ends in `too-many-requests` when a newer call displaces this one; raises `not-available`
        where as many wait as may.
        """
        if len(self._waiting.get(caller, ())) >= self._most_of_one:
            oldest = self._waiting[caller][0]
            self._leave(caller, oldest)
            oldest.reschedule(asyncio.get_running_loop().time())
        if self._taken >= self._most:
            raise Problem(
                "not-available",
                "expected fewer controllers to wait, got more",
                retry_after_seconds=FULL_RETRY_SECONDS,
            )
        try:
            async with asyncio.timeout(None) as mine:
                self._enter(caller, mine)
                try:
                    yield
                finally:
                    self._leave(caller, mine)
        except TimeoutError as error:
            raise Problem(
                "too-many-requests",
                f"expected at most {self._most_of_one} calls of a controller to wait, got more",
                retry_after_seconds=DISPLACED_RETRY_SECONDS,
            ) from error

    def _enter(self, caller: str, call: asyncio.Timeout) -> None:
        self._waiting.setdefault(caller, deque()).append(call)
        self._taken += 1

    def _leave(self, caller: str, call: asyncio.Timeout) -> None:
        """Free the place of `call`, unless it was displaced from it before."""
        calls = self._waiting.get(caller, deque())
        if call not in calls:
            return
        calls.remove(call)
        self._taken -= 1
        if not calls:
            del self._waiting[caller]
