"""Parties on the simulated radio: a door's listener that remembers, and a phone that misbehaves.

Nothing here sleeps to wait: `Heard` and `Attacker` are waited on until what was asked has come.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from bumble import att, hci
from bumble.device import Connection as BumbleConnection
from bumble.device import Device
from bumble.transport.common import Transport

from firmware_stubs.simulated_radio import Air, Conditions
from lockagent.bumble_peripheral import BumblePeripheral, reader_address
from lockagent.link import Connection, DoorService, LinkLost
from lockagent.protocol.gatt import PROTOCOL_VERSION, ReaderId

READER = ReaderId(bytes.fromhex("9f31c0aa"))
OTHER_READER = ReaderId(bytes.fromhex("9f31c0ab"))
CERTIFICATE = bytes(range(256)) + b"a reader certificate is about this long"
PATIENCE_SECONDS = 10.0


@dataclass
class Heard:
    """A `LinkListener` that keeps every event and lets a test wait for one."""

    events: list[tuple[str, int, bytes]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def connected(self, connection: Connection) -> None:
        self.connections.append(connection)
        self._keep("connected", connection)

    def subscribed(self, connection: Connection) -> None:
        self._keep("subscribed", connection)

    def written(self, connection: Connection, fragment: bytes) -> None:
        self._keep("written", connection, fragment)

    def disconnected(self, connection: Connection) -> None:
        self._keep("disconnected", connection)

    def count(self, name: str) -> int:
        return len([one for one in self.events if one[0] == name])

    def written_by(self, connection_id: int) -> list[bytes]:
        return [one[2] for one in self.events if one[:2] == ("written", connection_id)]

    async def until(self, name: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.count(name) < times:
                self._changed.clear()
                await self._changed.wait()

    def _keep(self, name: str, connection: Connection, fragment: bytes = b"") -> None:
        self.events.append((name, int(connection.id), fragment))
        self._changed.set()


class Echo(Heard):
    """Sends each fragment back, those that came before the subscription too."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def subscribed(self, connection: Connection) -> None:
        super().subscribed(connection)
        for fragment in self._held.pop(int(connection.id), []):
            self._send(connection, fragment)

    def written(self, connection: Connection, fragment: bytes) -> None:
        super().written(connection, fragment)
        if connection.is_subscribed:
            self._send(connection, fragment)
        else:
            self._held.setdefault(int(connection.id), []).append(fragment)

    def _send(self, connection: Connection, fragment: bytes) -> None:
        async def send() -> None:
            with suppress(LinkLost):
                await connection.notify(fragment)

        task = asyncio.ensure_future(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Attacker:
    """A phone of bumble's own that sends whatever bytes it likes to the reader's ATT server."""

    def __init__(self, device: Device, transport: Transport) -> None:
        self.device = device
        self.transport = transport
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.gone = asyncio.Event()

    @classmethod
    async def on(
        cls, open_hci: Callable[[], Awaitable[Transport]], address: hci.Address | None = None
    ) -> Self:
        transport = await open_hci()
        device = Device.with_hci(
            "attacker",
            address or hci.Address.generate_static_address(),
            transport.source,
            transport.sink,
        )
        await device.power_on()
        return cls(device, transport)

    async def connect(self, reader_id: ReaderId = READER, **options: Any) -> BumbleConnection:
        self.connection = await self.device.connect(
            reader_address(reader_id), timeout=PATIENCE_SECONDS, **options
        )
        self.connection.on(self.connection.EVENT_DISCONNECTION, lambda _reason: self.gone.set())
        return self.connection

    def listen_raw(self) -> None:
        """From now on everything from the reader's ATT server comes to `received`."""
        self.device.l2cap_channel_manager.register_fixed_channel(
            att.ATT_CID, lambda _handle, pdu: self.received.put_nowait(bytes(pdu))
        )

    def send(self, pdu: bytes) -> None:
        self.connection.send_l2cap_pdu(att.ATT_CID, pdu)

    async def ask(self, pdu: bytes) -> bytes:
        """Send a request and return the answer."""
        self.send(pdu)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.received.get()

    async def until_gone(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.gone.wait()

    async def close(self) -> None:
        await self.transport.close()


class Scene:
    """One air with doors and misbehaving phones on it, all in this process."""

    def __init__(self, conditions: Conditions | None = None, seed: int = 1) -> None:
        self.air = Air(conditions, seed)
        self._doors: list[BumblePeripheral] = []

    async def door(
        self,
        listener: Heard,
        reader_id: ReaderId = READER,
        most_connections: int = 4,
        versions: tuple[int, ...] = (PROTOCOL_VERSION,),
    ) -> BumblePeripheral:
        """A reader on the air; its `about` is malformed where `versions` do not ascend."""
        door = BumblePeripheral(self.air.open_hci, most_connections)
        await door.start(DoorService(reader_id, CERTIFICATE, versions), listener)
        self._doors.append(door)
        return door

    async def phone(self) -> Attacker:
        """A phone that sends what it likes, not connected yet."""
        return await Attacker.on(self.air.open_hci)

    async def close(self) -> None:
        for door in self._doors:
            await door.stop()
        await self.air.close()
