"""One reader on the air: its radio, and a session for each phone that connects.

Rules kept here:
- a session belongs to one connection and ends with it;
- a radio that goes away is a fault, told once; it is started again with growing pauses, for ever;
- the advertisement's state is a hint for phones, kept up to date once a second.

Messages are the session's, advertising and connections the `Peripheral`'s.
"""

import asyncio
import logging

from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs
from lockagent.door import Unlocked
from lockagent.door_driver import DoorDriver
from lockagent.exchange import ReaderIdentity
from lockagent.link import (
    Connection,
    ConnectionId,
    DoorService,
    LinkLost,
    Peripheral,
    RadioLost,
)
from lockagent.protocol.gatt import ReaderState
from lockagent.protocol.verification import SeenCredentials
from lockagent.ready_keys import ReadyKeys
from lockagent.reporting import Reporter
from lockagent.session import DoorSession

MOST_CONNECTIONS = 4
"""Phones at one reader at a time; its radio takes no more, and it says that it is busy."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
_STATE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Reader:
    """The radio face of one access point."""

    def __init__(
        self,
        identity: ReaderIdentity,
        peripheral: Peripheral,
        access: AccessPoint,
        driver: DoorDriver,
        beliefs: Beliefs,
        reporter: Reporter,
    ) -> None:
        """Answer for `access` on `peripheral`, as `identity`."""
        self._identity = identity
        self._peripheral = peripheral
        self._access = access
        self._driver = driver
        self._beliefs = beliefs
        self._reporter = reporter
        self._ready_keys = ReadyKeys()
        self._seen = SeenCredentials()
        self._sessions: dict[ConnectionId, DoorSession] = {}
        beliefs.on_trust_changed(self._seen.forget_all)

    async def start(self) -> None:
        """Go on the air; RadioLost where there is no radio."""
        service = DoorService(self._identity.reader_id, self._identity.certificate)
        await self._peripheral.start(service, self)

    async def stay(self) -> None:
        """Stay on the air until cancelled, through losses of the radio."""
        while True:
            lost = asyncio.ensure_future(self._peripheral.wait_lost())
            try:
                await self._keep_state(lost)
            finally:
                lost.cancel()
            self._reporter.tell("fault", access_point=self._driver.name, detail="the radio is gone")
            await self._return()
            self._reporter.tell("fault_cleared", access_point=self._driver.name, detail="radio")

    async def stop(self) -> None:
        """Leave the air; every phone is disconnected."""
        await self._peripheral.stop()
        self._end_sessions()

    def renew(self, identity: ReaderIdentity) -> None:
        """Use a renewed certificate from the next connection on."""
        self._identity = identity
        self._peripheral.replace_certificate(identity.certificate)

    # What the radio tells (lockagent.link.LinkListener).

    def connected(self, connection: Connection) -> None:
        """A phone is here."""
        self._sessions[connection.id] = DoorSession(
            connection, self._identity, self._access, self._beliefs, self._ready_keys, self._seen
        )

    def subscribed(self, connection: Connection) -> None:
        """It hears us from now on."""
        if (session := self._sessions.get(connection.id)) is not None:
            session.subscribed()

    def written(self, connection: Connection, fragment: bytes) -> None:
        """It sent a fragment; one of a phone that was never let in is nobody's."""
        if (session := self._sessions.get(connection.id)) is not None:
            session.written(fragment)

    def disconnected(self, connection: Connection) -> None:
        """It is gone."""
        session = self._sessions.pop(connection.id, None)
        if session is not None:
            session.ended()

    async def _keep_state(self, lost: "asyncio.Future[None]") -> None:
        """Show the state while the radio is there."""
        shown: ReaderState | None = None
        while not lost.done():
            state = self._state()
            if state != shown:
                try:
                    await self._peripheral.show_state(state)
                except (RadioLost, LinkLost) as error:
                    logger.info("reader %s: %s", self._identity.reader_id.hex(), error)
                shown = state
            await asyncio.wait({lost}, timeout=_STATE_SECONDS)

    def _state(self) -> ReaderState:
        state = ReaderState.NONE
        if len(self._sessions) >= MOST_CONNECTIONS:
            state |= ReaderState.BUSY
        if isinstance(self._driver.door, Unlocked):
            state |= ReaderState.UNLOCKED
        if not self._beliefs.snapshot(self._access.number).is_clock_narrow:
            state |= ReaderState.ASKS_FOR_TIME
        return state

    def _end_sessions(self) -> None:
        """A radio that has stopped tells of no more disconnections."""
        for session in self._sessions.values():
            session.ended()
        self._sessions.clear()

    async def _return(self) -> None:
        """Start the radio again, however long that takes."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self.stop()
            try:
                await self.start()
            except RadioLost as error:
                logger.info("reader %s: %s", self._identity.reader_id.hex(), error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return
