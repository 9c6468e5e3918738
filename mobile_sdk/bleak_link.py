"""`Radio` and `Link` over bleak: the phone's Bluetooth as the system offers it.

bleak is imported here, and by a backend of bleak's own kind (`virtual_bleak`). What its backends
raise is turned into `LinkLost` and `DoorNotFound` here, once: BleakError and its kinds, OSError
and EOFError (D-Bus), TimeoutError.

What was learnt of bleak 3 and is kept to here: `mtu_size` says 23 on BlueZ, so fragments follow
`max_write_without_response_size`, and where that is the least possible, what `about` says;
`disconnect` takes two seconds on BlueZ, so nothing waits for it; services are asked for by UUID,
so no system discovers more than the one.

What a reader says about itself is not yet a proven door's word: an `about` that makes no sense is
as good as none, and a `connect` that fails for whatever reason leaves no connection behind.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.gatt import (
    ABOUT_UUID,
    COMPANY,
    EXCHANGE_UUID,
    MAX_ATTRIBUTE_BYTES,
    MIN_ATT_MTU,
    READER_CERTIFICATE_UUID,
    SERVICE_UUID,
    About,
    Advertisement,
    fragment_bytes,
)
from mobile_sdk.errors import DoorNotFound, LinkLost
from mobile_sdk.link import Link, Sighting

_T = TypeVar("_T")

_RADIO_ERRORS = (BleakError, OSError, EOFError, TimeoutError)
_LEAST_FRAGMENT_BYTES = fragment_bytes(MIN_ATT_MTU)


class BleakLink:
    """One connection to one reader: `mobile_sdk.link.Link`."""

    def __init__(self, client: BleakClient) -> None:
        """Made by `BleakRadio.connect`, which connects `client` next."""
        self._client = client
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._is_lost = False
        self._stated_bytes = _LEAST_FRAGMENT_BYTES
        self._last_stack_bytes = _LEAST_FRAGMENT_BYTES
        self._subscription: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """The connection stands: find `exchange`, and ask for its notifications on the side."""
        self._exchange = self._characteristic(str(EXCHANGE_UUID))
        if self._stack_bytes() <= _LEAST_FRAGMENT_BYTES:
            with suppress(MalformedMessage):  # the least MTU will do
                await self.read_about()
        self._subscription = asyncio.ensure_future(self._subscribe())

    @property
    def fragment_bytes(self) -> int:
        """The longest fragment: what the system says, or the door where the system says least."""
        return min(max(self._stack_bytes(), self._stated_bytes), MAX_ATTRIBUTE_BYTES)

    async def send(self, fragment: bytes) -> None:
        """Write one fragment without response: the answer is in the notifications."""
        if not 0 < len(fragment) <= self.fragment_bytes:
            raise ValueError(
                f"expected a fragment of 1 to {self.fragment_bytes} bytes, got {len(fragment)}"
            )
        await self._on_link(
            lambda: self._client.write_gatt_char(self._exchange, fragment, response=False)
        )

    async def receive(self) -> bytes:
        """The next fragment notified; LinkLost when none will come any more."""
        if self._is_lost and self._received.empty():
            raise LinkLost("expected a fragment, the link is gone")
        fragment = await self._received.get()
        if fragment is None:
            raise LinkLost("expected a fragment, the link was lost")
        return fragment

    async def read_reader_certificate(self) -> bytes:
        """The certificate the reader serves."""
        return await self._read(str(READER_CERTIFICATE_UUID))

    async def read_about(self) -> About:
        """The versions and MTU the reader states; the MTU widens `fragment_bytes` where needed."""
        about = About.decode(await self._read(str(ABOUT_UUID)))
        self._stated_bytes = fragment_bytes(about.att_mtu)
        return about

    async def close(self) -> None:
        """Disconnect, once; whatever the system says of it does not matter any more."""
        if self._closing is None:
            if self._subscription is not None:
                self._subscription.cancel()
            self._closing = asyncio.ensure_future(self._client.disconnect())
        await asyncio.wait([self._closing])
        if not self._closing.cancelled():
            self._closing.exception()
        self.lose()

    def lose(self) -> None:
        """The link is gone: whoever waits is told."""
        if not self._is_lost:
            self._is_lost = True
            self._received.put_nowait(None)

    async def _subscribe(self) -> None:
        def on_notification(_characteristic: BleakGATTCharacteristic, value: bytearray) -> None:
            self._received.put_nowait(bytes(value))

        try:
            await self._client.start_notify(self._exchange, on_notification)
        except _RADIO_ERRORS:
            self.lose()

    async def _read(self, uuid: str) -> bytes:
        characteristic = self._characteristic(uuid)
        return bytes(await self._on_link(lambda: self._client.read_gatt_char(characteristic)))

    def _characteristic(self, uuid: str) -> BleakGATTCharacteristic:
        try:
            found = self._client.services.get_characteristic(uuid)
        except BleakError as error:
            raise LinkLost("expected the services of a reader, the link is gone") from error
        if found is None:
            raise LinkLost(f"expected characteristic {uuid} at the reader, it has none")
        return found

    def _stack_bytes(self) -> int:
        with suppress(*_RADIO_ERRORS):  # a backend may not know any more when the link is gone
            self._last_stack_bytes = self._exchange.max_write_without_response_size
        return self._last_stack_bytes

    async def _on_link(self, work: Callable[[], Awaitable[_T]]) -> _T:
        if self._is_lost:
            raise LinkLost("expected a link, it is gone")
        try:
            return await work()
        except _RADIO_ERRORS as error:
            raise LinkLost(f"expected an answer on the link, got {type(error).__name__}") from error


class BleakRadio:
    """The phone's radio: `mobile_sdk.link.Radio`."""

    def __init__(
        self,
        scanner_backend: type[BaseBleakScanner] | None = None,
        client_backend: type[BaseBleakClient] | None = None,
        backend_options: dict[str, Any] | None = None,
        close_backend: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """The system's Bluetooth, or backends given; `backend_options` are passed to both."""
        self._scanner_backend = scanner_backend
        self._client_backend = client_backend
        self._options = backend_options or {}
        self._close_backend = close_backend
        self._abandoned: set[asyncio.Task[None]] = set()

    async def sightings(self) -> AsyncGenerator[Sighting, None]:
        """Readers as they are heard; DoorNotFound where the system has no Bluetooth."""
        scanner = BleakScanner(
            service_uuids=[str(SERVICE_UUID)], backend=self._scanner_backend, **self._options
        )
        try:
            await scanner.start()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise DoorNotFound("no Bluetooth adapter or service found here") from error
        except _RADIO_ERRORS as error:
            raise DoorNotFound(f"expected Bluetooth to scan, got {type(error).__name__}") from error
        try:
            async for device, heard in scanner.advertisement_data():
                if (sighting := _sighting(device, heard)) is not None:
                    yield sighting
        finally:
            await scanner.stop()

    async def connect(self, sighting: Sighting, timeout: float) -> Link:
        """Connect within `timeout` seconds, or LinkLost."""
        if not isinstance(sighting.device, BLEDevice):
            raise TypeError(f"expected a sighting of this radio, got {sighting!r}")
        link: BleakLink | None = None

        def on_disconnected(_client: BleakClient) -> None:
            if link is not None:
                link.lose()

        client = BleakClient(
            sighting.device,
            on_disconnected,
            services=[str(SERVICE_UUID)],
            timeout=timeout,
            backend=self._client_backend,
            **self._options,
        )
        link = BleakLink(client)
        is_ready = False
        try:
            async with asyncio.timeout(timeout):
                if self._abandoned:  # a late disconnect would end the new connection on BlueZ
                    await asyncio.wait(self._abandoned)
                await client.connect()
                await link.begin()
            is_ready = True
        except _RADIO_ERRORS as error:
            raise LinkLost(
                f"expected to connect to reader {sighting.reader_id.hex()}"
                f" within {timeout:g} s, got {type(error).__name__}"
            ) from error
        finally:
            if not is_ready:
                self._abandon(link)
        return link

    async def close(self) -> None:
        """Give the radio back, once the links given up are disconnected."""
        if self._abandoned:
            await asyncio.wait(self._abandoned)
        if self._close_backend is not None:
            await self._close_backend()

    def _abandon(self, link: BleakLink) -> None:
        """Disconnect on the side: whoever asked to connect has been told already."""
        task = asyncio.create_task(link.close())
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)


def _sighting(device: BLEDevice, heard: AdvertisementData) -> Sighting | None:
    try:
        said = Advertisement.decode_manufacturer_data(heard.manufacturer_data[COMPANY])
    except (KeyError, MalformedMessage):
        return None
    return Sighting(said.reader_id, said.state, said.version, heard.rssi, device.address, device)
