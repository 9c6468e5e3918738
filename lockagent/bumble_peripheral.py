"""The `Peripheral` port over bumble: a Bluetooth host in this process, on any HCI controller.

Why a host of our own: BlueZ over D-Bus notifies every subscriber and hides who wrote; here a
connection is an object, one phone is notified at a time, and the same code runs on a dongle and
on the simulated radio. bumble calls itself alpha: its version is pinned, it is named in this
module and in `bumble_att` only, and what it leaves open is closed there.

One reader has one controller. On hardware with several readers each takes the next adapter:
`radio = "usb:0"` and three `[[reader]]` are the adapters 0, 1 and 2. (One controller with an
advertising set per reader, Core 5.0, would need one adapter; it is not built.)
"""

import asyncio
import hashlib
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from bumble import att, core, gatt, hci
from bumble.core import UUID
from bumble.device import Connection as BumbleConnection
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host
from bumble.profiles.gatt_service import GenericAttributeProfileService
from bumble.transport import open_transport
from bumble.transport.common import Transport

from lockagent.bumble_att import AttServer
from lockagent.link import (
    ConnectionId,
    DoorService,
    LinkListener,
    LinkLost,
    RadioLost,
)
from lockagent.protocol.gatt import (
    ABOUT_UUID,
    EXCHANGE_UUID,
    MAX_ATTRIBUTE_BYTES,
    READER_CERTIFICATE_UUID,
    SERVICE_UUID,
    About,
    Advertisement,
    ReaderId,
    ReaderState,
    fragment_bytes,
)

_logger = logging.getLogger(__name__)

HciOpener = Callable[[], Awaitable[Transport]]
"""Opens the way to one controller; OSError or a bumble error where there is none."""

ADVERTISING_INTERVAL_MS = 20.0
"""The least Core 5.4 allows; a phone that scans finds the reader within a few of them."""
_COMMAND_SECONDS = 2.0
_DRAIN_SECONDS = 0.5
_DISCONNECT_SECONDS = 2.0
_RETRY_SECONDS = 1.0
_DEVICE_NAME = "reader"
_UNKNOWN_RSSI = 127  # Core 5.4, Vol 4 Part E, 7.5.4


def hci_opener(radio: str, position: int = 0) -> HciOpener:
    """The way to the controller of the reader at `position` (from 0) for door.toml's `radio`.

    `unix:PATH`: the simulated radio, a controller for each connection. `usb:N`: the N-th adapter
    and those after it. `serial:DEVICE`: one adapter, so one reader. ValueError for anything else.
    """
    kind, separator, rest = radio.partition(":")
    if not separator or not rest:
        raise ValueError(f"expected radio as usb:N, serial:DEVICE or unix:PATH, got {radio!r}")
    if kind == "unix":
        name = f"unix-client:{rest}"
    elif kind == "usb" and rest.isdecimal():
        name = f"usb:{int(rest) + position}"
    elif kind == "serial":
        if position > 0:
            raise ValueError(f"expected one reader on {radio!r}, got another at {position}")
        name = f"serial:{rest}"
    else:
        raise ValueError(f"expected radio as usb:N, serial:DEVICE or unix:PATH, got {radio!r}")
    return lambda: open_transport(name)


def reader_address(reader_id: ReaderId) -> hci.Address:
    """The reader's random static address (Core 5.4, Vol 6 Part B, 1.3.2.1), the same at each start.

    Phones keep what they learn of a GATT database by address. It says no more than `reader_id`.
    """
    octets = bytearray(hashlib.sha256(b"bynokkel reader address " + reader_id).digest()[:6])
    octets[5] |= 0xC0
    return hci.Address(bytes(octets), hci.Address.RANDOM_DEVICE_ADDRESS)


@dataclass(slots=True, eq=False)
class _BumbleLink:
    """One phone: `lockagent.link.Connection`."""

    id: ConnectionId
    bumble: BumbleConnection
    server: AttServer
    exchange: gatt.Characteristic[bytes]
    is_subscribed: bool = False
    was_told_subscribed: bool = False
    is_open: bool = True

    @property
    def att_mtu(self) -> int:
        return self.bumble.att_mtu

    @property
    def fragment_bytes(self) -> int:
        return fragment_bytes(self.bumble.att_mtu)

    async def notify(self, fragment: bytes) -> None:
        if not self.is_open:
            raise LinkLost(f"expected connection {self.id} to stand, it is gone")
        if not self.is_subscribed:
            raise RuntimeError(f"expected connection {self.id} to have subscribed, it has not")
        if not 0 < len(fragment) <= self.fragment_bytes:
            raise ValueError(
                f"expected a fragment of 1 to {self.fragment_bytes} bytes, got {len(fragment)}"
            )
        await self.server.notify_subscriber(self.bumble, self.exchange, fragment)

    async def rssi(self) -> int | None:
        if not self.is_open:
            return None
        try:
            measured = int(await self.bumble.get_rssi())  # type: ignore[no-untyped-call] # why: bumble
        except (hci.HCI_Error, core.BaseBumbleError):
            return None
        return None if measured == _UNKNOWN_RSSI else measured

    async def disconnect(self) -> None:
        if not self.is_open:
            return
        with suppress(TimeoutError, ValueError):  # it takes nothing, or was sent nothing
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.bumble.drain()  # what was sent reaches the phone before the end does
        try:
            async with asyncio.timeout(_DISCONNECT_SECONDS):
                await self.bumble.disconnect()
        except (hci.HCI_Error, core.BaseBumbleError):
            return  # it ended by itself meanwhile
        except TimeoutError:
            _logger.warning("connection %d did not end in %g s", self.id, _DISCONNECT_SECONDS)


class BumblePeripheral:
    """One reader on one controller."""

    def __init__(self, open_hci: HciOpener, most_connections: int = 4) -> None:
        """`open_hci` from `hci_opener`, or a simulated air's own; not opened before `start`."""
        self._open_hci = open_hci
        self._most_connections = most_connections
        self._numbers = itertools.count(1)
        self._links: dict[BumbleConnection, _BumbleLink] = {}
        self._advertising_changed = asyncio.Event()
        self._lost = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: Transport | None = None
        self._state = ReaderState.NONE

    async def start(self, service: DoorService, listener: LinkListener) -> None:
        """Open the radio and advertise; RadioLost when there is none."""
        if len(service.certificate) > MAX_ATTRIBUTE_BYTES:
            raise ValueError(
                f"expected a certificate of at most 512 bytes, got {len(service.certificate)}"
            )
        self._listener = listener
        self._service = service
        self._certificate = service.certificate
        self._lost.clear()
        try:
            self._transport = await self._open_hci()
        except (OSError, core.BaseBumbleError) as error:
            raise RadioLost(f"expected a radio, got {type(error).__name__}: {error}") from error
        self._device = self._build_device(self._transport)
        try:
            await self._device.power_on()
        except (hci.HCI_Error, core.BaseBumbleError, TimeoutError) as error:
            await self._transport.close()
            raise RadioLost(f"expected the radio to start, got {type(error).__name__}") from error
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._advertising_changed.set()
        self._spawn(self._watch_transport(self._transport))
        await self._advertise_once()
        self._spawn(self._keep_advertising())

    async def show_state(self, state: ReaderState) -> None:
        """Change the state byte of the advertisement."""
        if state != self._state:
            self._state = state
            self._advertising_changed.set()

    def replace_certificate(self, certificate: bytes) -> None:
        """Serve a renewed reader certificate from the next read on."""
        if len(certificate) > MAX_ATTRIBUTE_BYTES:
            raise ValueError(f"expected a certificate of at most 512 bytes, got {len(certificate)}")
        self._certificate = certificate

    async def wait_lost(self) -> None:
        """Return when the radio has gone away."""
        await self._lost.wait()

    async def stop(self) -> None:
        """Disconnect everyone and leave the air."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        links, self._links = list(self._links.values()), {}
        await asyncio.gather(*(link.disconnect() for link in links), return_exceptions=True)
        await transport.close()

    # What bumble tells

    def on_fragment(self, connection: BumbleConnection, fragment: bytes) -> None:
        """`exchange` was written."""
        if link := self._links.get(connection):
            try:
                self._listener.written(link, fragment)
            except Exception:  # why: the link ends whatever went wrong, and the error goes up
                self._end(link)
                raise

    def on_subscription(self, connection: BumbleConnection, is_subscribed: bool) -> None:
        """The client configuration of `exchange` was written."""
        if link := self._links.get(connection):
            link.is_subscribed = is_subscribed
            if is_subscribed and not link.was_told_subscribed:
                link.was_told_subscribed = True
                try:
                    self._listener.subscribed(link)
                except Exception:  # why: as in `on_fragment`
                    self._end(link)
                    raise

    def _on_connection(self, connection: BumbleConnection) -> None:
        link = _BumbleLink(
            ConnectionId(next(self._numbers)), connection, self._server, self._exchange
        )
        connection.on(connection.EVENT_DISCONNECTION, lambda _reason: self._on_gone(connection))
        self._links[connection] = link
        self._advertising_changed.set()
        if len(self._links) > self._most_connections:
            self._end(link)  # it answered the last advertisement before that was taken down
            return
        try:
            self._listener.connected(link)
        except Exception:  # why: a fault upstairs must not stop the radio
            _logger.exception("the listener of a reader failed")
            self._end(link)

    def _on_gone(self, connection: BumbleConnection) -> None:
        self._server.forget(connection)
        self._advertising_changed.set()
        if link := self._links.pop(connection, None):
            link.is_open = False
            link.is_subscribed = False
            try:
                self._listener.disconnected(link)
            except Exception:  # why: a fault upstairs must not stop the radio
                _logger.exception("the listener of a reader failed")

    # Inside

    def _build_device(self, transport: Transport) -> Device:
        configuration = DeviceConfiguration(
            name=_DEVICE_NAME,
            address=reader_address(self._service.reader_id),
            gatt_service_enabled=False,
            gap_service_enabled=False,
            eatt_enabled=False,
        )
        host = Host(controller_source=transport.source, controller_sink=transport.sink)
        device = Device(config=configuration, host=host)
        device.command_timeout = _COMMAND_SECONDS
        self._server = AttServer(device, self)
        device.gatt_server = self._server
        device.add_default_services(add_gap_service=True, add_gatt_service=False)
        # The hash lets phones keep the handles of any door for all doors (Vol 3 Part G, 7.3).
        self._server.add_service(GenericAttributeProfileService(service_change_enabled=False))
        properties = gatt.Characteristic.Properties
        self._exchange = gatt.Characteristic(
            UUID(str(EXCHANGE_UUID)),
            properties.WRITE | properties.WRITE_WITHOUT_RESPONSE | properties.NOTIFY,
            gatt.Characteristic.WRITEABLE,
            b"",
        )
        readable = gatt.Characteristic.READABLE
        certificate: gatt.Characteristic[bytes] = gatt.Characteristic(
            UUID(str(READER_CERTIFICATE_UUID)),
            properties.READ,
            readable,
            att.AttributeValue(read=lambda _connection: self._certificate),
        )
        about: gatt.Characteristic[bytes] = gatt.Characteristic(
            UUID(str(ABOUT_UUID)), properties.READ, readable, att.AttributeValue(read=self._about)
        )
        self._server.add_exchange_service(
            gatt.Service(UUID(str(SERVICE_UUID)), [self._exchange, certificate, about]),
            self._exchange,
        )

        def receive(connection_handle: int, received: bytes) -> None:
            if connection := device.lookup_connection(connection_handle):
                self._server.receive(connection, received)

        device.l2cap_channel_manager.register_fixed_channel(att.ATT_CID, receive)
        return device

    def _about(self, connection: BumbleConnection) -> bytes:
        return About(self._service.versions, connection.att_mtu).encode()

    async def _advertise_once(self) -> None:
        self._advertising_changed.clear()
        if len(self._links) >= self._most_connections:
            await self._device.stop_advertising()
            return
        await self._device.start_advertising(
            advertising_data=Advertisement(self._service.reader_id, self._state).encode(),
            scan_response_data=b"",
            advertising_interval_min=ADVERTISING_INTERVAL_MS,
            advertising_interval_max=ADVERTISING_INTERVAL_MS,
        )

    async def _keep_advertising(self) -> None:
        """Advertise anew after each connect, disconnect and change of state, one at a time."""
        this = asyncio.current_task()
        # why: bumble's wait_for (Python 3.11) can swallow a cancellation, so it is looked for
        while this is not None and not this.cancelling():
            await self._advertising_changed.wait()
            try:
                await self._advertise_once()
            except (hci.HCI_Error, core.BaseBumbleError, TimeoutError) as error:
                if self._lost.is_set() or this.cancelling():
                    return
                _logger.warning("advertising failed, trying again: %s", type(error).__name__)
                self._advertising_changed.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _watch_transport(self, transport: Transport) -> None:
        await asyncio.wait([transport.source.terminated])
        self._lost.set()
        for connection in list(self._links):
            self._on_gone(connection)

    def _end(self, link: _BumbleLink) -> None:
        self._spawn(link.disconnect())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
