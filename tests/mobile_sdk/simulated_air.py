"""A phone's `Radio` whose far end is a whole door in this process: `tests.lockagent.door_rig`.

What is simulated is the air: it can lose the link when told to. Both ends speak the real protocol.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

from lockagent.protocol.gatt import About, ReaderId, ReaderState
from mobile_sdk.errors import LinkLost
from mobile_sdk.link import Link, Sighting
from tests.lockagent.door_rig import DoorRig
from tests.lockagent.simulated_link import SimulatedLink
from tests.town import READER_ID


@dataclass(slots=True)
class SimulatedAir:
    """Hears one reader; so many results are lost on the way, so many sessions begin out of turn."""

    rig: DoorRig
    att_mtu: int = 247
    reader_id: ReaderId = READER_ID
    lose_results: int = 0
    garbled: int = 0
    connections: int = 0
    written: list[bytes] = field(default_factory=list)

    async def sightings(self) -> AsyncGenerator[Sighting, None]:
        """The door's advertisement, again and again."""
        while True:
            yield Sighting(self.reader_id, ReaderState.NONE, 1, -50, "door", None)
            await asyncio.sleep(0.01)

    async def connect(self, _: Sighting, timeout: float) -> Link:  # noqa: ARG002 # why: the port's
        """A link to the rig's door."""
        self.connections += 1
        link = self.rig.connect(replace(self.rig.town), self.att_mtu)
        link.link.is_subscribed = True
        loses = self.lose_results > 0
        self.lose_results -= loses
        if self.garbled > 0:
            self.garbled -= 1
            link.link.sent.put_nowait(b"\x01no first fragment")
        return _AirLink(self, link.link, link.session.written, loses)

    async def close(self) -> None:
        """Nothing is held."""


class _AirLink:
    def __init__(
        self,
        air: SimulatedAir,
        link: SimulatedLink,
        write: Callable[[bytes], None],
        loses_result: bool,
    ) -> None:
        self._air, self._link, self._write, self._loses = air, link, write, loses_result
        self._received = 0

    @property
    def fragment_bytes(self) -> int:
        return self._link.fragment_bytes

    async def send(self, fragment: bytes) -> None:
        self._air.written.append(fragment)
        self._write(fragment)

    async def receive(self) -> bytes:
        received = asyncio.ensure_future(self._link.sent.get())
        gone = asyncio.ensure_future(self._link.gone.wait())
        await asyncio.wait((received, gone), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not received.done():
            received.cancel()
            raise LinkLost("expected a fragment, the door went")
        self._received += 1
        if self._loses and self._received > 1:
            raise LinkLost("expected a fragment, the link broke")
        return received.result()

    async def read_reader_certificate(self) -> bytes:
        return self._air.rig.town.identity.certificate

    async def read_about(self) -> About:
        return About((1,), self._air.att_mtu)

    async def close(self) -> None:
        await self._link.disconnect()
