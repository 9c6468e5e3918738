"""Both ends of a link without a radio: the door's `Connection`, and a phone that speaks frames.

The phone is the real protocol (`presentation`, `framing`); what is simulated is the air between.
"""

import asyncio

from lockagent.link import ConnectionId, LinkLost
from lockagent.protocol.framing import Channel, Message, Reassembly, split
from lockagent.protocol.gatt import fragment_bytes
from lockagent.protocol.presentation import begin, present, read_door, read_result, verify_door
from lockagent.protocol.records import Result
from lockagent.session import DoorSession
from tests.town import NOW, Town, fixed_key

ANSWER_SECONDS = 5.0


class SimulatedLink:
    """One connection as the door sees it; what the door sends is kept for the phone."""

    def __init__(self, number: int = 1, att_mtu: int = 247) -> None:
        """A phone that has connected and, for now, not subscribed."""
        self.id = ConnectionId(number)
        self.att_mtu = att_mtu
        self.is_subscribed = False
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.fails = False

    @property
    def fragment_bytes(self) -> int:
        """The longest fragment now."""
        return fragment_bytes(self.att_mtu)

    async def notify(self, fragment: bytes) -> None:
        """One fragment to the phone."""
        if self.gone.is_set() or self.fails:
            raise LinkLost("expected a phone, it went")
        if not self.is_subscribed:
            raise RuntimeError("expected a subscription, got none")
        if not 1 <= len(fragment) <= self.fragment_bytes:
            raise ValueError(f"expected a fragment that fits, got {len(fragment)}")
        self.sent.put_nowait(fragment)

    async def rssi(self) -> int | None:
        """Unknown: there is no radio."""
        return None

    async def disconnect(self) -> None:
        """End the link."""
        self.gone.set()


class SimulatedPhone:
    """A phone at the other end of a link, one step at a time."""

    def __init__(
        self, town: Town, link: SimulatedLink, session: DoorSession, seed: int = 0
    ) -> None:
        """Hold what `town` gives the phone; `seed` chooses its ephemeral key."""
        self.town = town
        self.link = link
        self.session = session
        self.awaiting, self.message_1 = begin(town.held, town.request, fixed_key(seed))
        self._reassembly = Reassembly()

    def subscribe(self) -> None:
        """Ask for notifications."""
        self.link.is_subscribed = True
        self.session.subscribed()

    def send(self, message: Message) -> None:
        """Write a message, in as many fragments as the link needs."""
        for fragment in split(message, self.link.fragment_bytes):
            self.session.written(fragment)

    async def receive(self) -> Message:
        """The door's next message; TimeoutError where none comes."""
        while True:
            fragment = await asyncio.wait_for(self.link.sent.get(), ANSWER_SECONDS)
            if (message := self._reassembly.take(fragment, tuple(Channel))) is not None:
                return message

    async def message_3(self) -> bytes:
        """Everything up to message_3 with OPEN, which is returned unsent."""
        self.send(Message(Channel.EDHOC, self.message_1))
        answered = read_door(self.awaiting, (await self.receive()).content)
        verified = verify_door(answered, self.town.identity.certificate, NOW)
        self.result_awaited, message_3 = present(verified, bytes)
        return message_3

    async def open(self) -> Result:
        """The whole unlock."""
        if not self.link.is_subscribed:
            self.subscribe()
        self.send(Message(Channel.EDHOC, await self.message_3()))
        return await self.result()

    async def result(self) -> Result:
        """What the door answers to message_3."""
        return read_result(self.result_awaited, (await self.receive()).content)
