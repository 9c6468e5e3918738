"""A bleak backend on the simulated radio: a phone without Bluetooth hardware. Development only.

It is what BlueZ or CoreBluetooth is to bleak, over bumble's host on one virtual controller, with
a new random static address each run. As a phone's system does, it keeps the attribute handles of
readers it knows (`GattCache`): discovery costs about 13 connection intervals, an unlock four. A
reader's address is always the same, so it is the key. Handles that turn out wrong are forgotten.

The signatures overridden are bleak 3.1's; a contract test compares them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import core, hci
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement as HeardAdvertisement
from bumble.device import Connection, Device
from bumble.gatt_client import Client
from bumble.transport import open_transport
from bumble.transport.common import Transport

from lockagent.protocol.gatt import (
    ABOUT_UUID,
    EXCHANGE_UUID,
    MAX_ATT_MTU,
    READER_CERTIFICATE_UUID,
    SERVICE_UUID,
    fragment_bytes,
)
from mobile_sdk.bleak_link import BleakRadio
from mobile_sdk.errors import DoorNotFound
from mobile_sdk.virtual_gatt import GattCache, GattHandles, discover

__all__ = ["GattCache", "VirtualClient", "VirtualScanner", "open_virtual_radio"]

_T = TypeVar("_T")

HciOpener = Callable[[], Awaitable[Transport]]

_GIVE_UP_SECONDS = 1.0
_NOT_ESTABLISHED = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
_CONFIGURATION_UUID = "00002902-0000-1000-8000-00805f9b34fb"
_EXCHANGE_PROPERTIES = 0x08 | 0x04 | 0x10  # write, write without response, notify
_READ_PROPERTY = 0x02


class VirtualAdapter:
    """One bumble host, shared by the scanner and the clients of one phone."""

    def __init__(self, transport: Transport, cache: GattCache, att_mtu: int) -> None:
        """`open_virtual_radio` makes it and starts it."""
        self.cache = cache
        self.att_mtu = att_mtu
        self.connecting = asyncio.Lock()
        self._transport = transport
        self.device = Device.with_hci(
            "phone", hci.Address.generate_static_address(), transport.source, transport.sink
        )

    @property
    def terminated(self) -> "asyncio.Future[None]":
        """Done when the radio has gone away."""
        return self._transport.source.terminated

    @property
    def is_there(self) -> bool:
        """Whether the radio still answers."""
        return not self.terminated.done()

    async def close(self) -> None:
        """Leave the air: the other ends notice by themselves."""
        await self._transport.close()


async def open_virtual_radio(
    where: str | HciOpener, cache: GattCache | None = None, att_mtu: int = MAX_ATT_MTU
) -> BleakRadio:
    """A phone's radio on the simulated air at the unix socket `where`, or through an opener.

    `att_mtu` is what this phone asks for: 185 is an iPhone. DoorNotFound where no air answers.
    """
    opener = where if callable(where) else lambda: open_transport(f"unix-client:{where}")
    try:
        transport = await opener()
        adapter = VirtualAdapter(transport, cache or GattCache(), att_mtu)
        await adapter.device.power_on()
    except (FileNotFoundError, ConnectionRefusedError) as error:
        place = "this air" if callable(where) else where
        raise DoorNotFound(f"nobody listens at {place}; is the town running?") from error
    except (OSError, core.BaseBumbleError) as error:
        raise DoorNotFound(f"expected a virtual radio, got {type(error).__name__}") from error
    return BleakRadio(VirtualScanner, VirtualClient, {"virtual_adapter": adapter}, adapter.close)


class VirtualScanner(BaseBleakScanner):
    """bleak's scanner on a `VirtualAdapter`."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        virtual_adapter: VirtualAdapter,
        **kwargs: Any,  # noqa: ARG002 # why: bleak passes the options of other systems too
    ) -> None:
        """As `BleakScanner` calls it; nothing is in a scan response, so scanning is passive."""
        super().__init__(detection_callback, service_uuids)
        del scanning_mode
        self._adapter = virtual_adapter

    async def start(self) -> None:
        """Listen."""
        if not self._adapter.is_there:
            raise BleakBluetoothNotAvailableError(
                "the virtual radio is gone", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            )
        self.seen_devices.clear()
        device = self._adapter.device
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        await device.start_scanning(active=False, filter_duplicates=False)

    async def stop(self) -> None:
        """Listen no more."""
        device = self._adapter.device
        device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        if self._adapter.is_there:
            await device.stop_scanning()

    def _on_advertisement(self, heard: HeardAdvertisement) -> None:
        data = heard.data
        services = [
            str(UUID(one)) if isinstance(one, str) else one.to_hex_str("-").lower()
            for one in data.get(AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
            or ()
        ]
        if not self.is_allowed_uuid(services):
            return
        manufacturer = {
            int(company): bytes(value)
            for company, value in data.get_all(AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA)
        }
        said = AdvertisementData(None, manufacturer, {}, services, None, heard.rssi, (heard,))
        address = heard.address.to_string(False)
        device = self.create_or_update_device(address, address, None, heard.address, said)
        self.call_detection_callbacks(device, said)


class VirtualClient(BaseBleakClient):
    """bleak's client on a `VirtualAdapter`."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        virtual_adapter: VirtualAdapter,
        **kwargs: Any,  # noqa: ARG002 # why: bleak passes the options of other systems too
    ) -> None:
        """As `BleakClient` calls it."""
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        self._adapter = virtual_adapter
        details = getattr(address_or_ble_device, "details", None)
        self._target = details if isinstance(details, hci.Address) else hci.Address(self.address)
        self._connection: Connection | None = None
        self._gatt: Client | None = None
        self._handles: GattHandles | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def name(self) -> str:
        """A reader has no name on the air."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """The ATT MTU agreed."""
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection.att_mtu

    @property
    def is_connected(self) -> bool:
        """Whether the link stands."""
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:  # noqa: ARG002 # why: bleak's form
        """Connect, agree on the MTU, discover what is not remembered. Pairing is not done."""
        self._gone = asyncio.get_running_loop().create_future()
        self._connection = connection = await self._establish()
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._adapter.terminated.add_done_callback(self._on_disconnection)
        self._gatt = gatt = connection.gatt_client
        try:
            await self._until_gone(gatt.request_mtu(self._adapter.att_mtu))
            handles = self._adapter.cache.find(self.address)
            if handles is None:
                handles = await self._until_gone(discover(gatt))
                self._adapter.cache.keep(self.address, handles)
        except LookupError as error:
            await self.disconnect()
            raise BleakError(str(error)) from error
        except BaseException:
            await self.disconnect()
            raise
        self._handles = handles
        self.services = self._collection(handles)

    async def disconnect(self) -> None:
        """End the link; nothing happens where it has ended."""
        if self._connection is not None:
            with suppress(BleakError):
                await self._until_gone(self._connection.disconnect())

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Never: the application authenticates, the link layer does not matter."""
        raise NotImplementedError("expected no pairing")

    async def unpair(self) -> None:
        """Never, as `pair`."""
        raise NotImplementedError("expected no pairing")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a value, long ones too."""
        del use_cached, kwargs
        return bytearray(await self._until_gone(self._client.read_value(characteristic.handle)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a descriptor."""
        del use_cached, kwargs
        return bytearray(await self._until_gone(self._client.read_value(descriptor.handle)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a value; without response it must fit the MTU."""
        if not response and len(bytes(data)) > self.mtu_size - 3:
            raise BleakError(f"expected at most {self.mtu_size - 3} bytes, got {len(bytes(data))}")
        await self._until_gone(
            self._client.write_value(characteristic.handle, bytes(data), with_response=response)
        )

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Write a descriptor."""
        await self._until_gone(
            self._client.write_value(descriptor.handle, bytes(data), with_response=True)
        )

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        """Ask for notifications; a refusal means that the handles remembered are wrong."""
        del kwargs
        subscribers = self._client.notification_subscribers.setdefault(characteristic.handle, set())
        subscribers.add(lambda value: callback(bytearray(value)))
        await self._configure(b"\x01\x00")

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Ask for no more."""
        self._client.notification_subscribers.pop(characteristic.handle, None)
        await self._configure(b"\x00\x00")

    @property
    def _client(self) -> Client:
        if self._gatt is None:
            raise BleakError("not connected")
        return self._gatt

    async def _configure(self, value: bytes) -> None:
        if self._handles is None:
            raise BleakError("not connected")
        handle = self._handles.exchange_configuration
        try:
            await self._until_gone(self._client.write_value(handle, value, with_response=True))
        except BleakGATTProtocolError:
            self._adapter.cache.forget(self.address)
            raise

    async def _establish(self) -> Connection:
        """Connect; where another phone was faster, try again, as Linux and Android do."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        async with self._adapter.connecting:
            while True:
                left = deadline - loop.time()
                if left <= 0 or not self._adapter.is_there:
                    raise BleakDeviceNotFoundError(self.address)
                try:
                    return await self._adapter.device.connect(self._target, timeout=left)
                except core.ConnectionError as error:
                    if error.error_code != _NOT_ESTABLISHED:
                        raise BleakError(f"connection refused: {error.error_code}") from error
                except (core.TimeoutError, TimeoutError) as error:
                    raise BleakDeviceNotFoundError(self.address) from error
                except (core.BaseBumbleError, hci.HCI_Error) as error:
                    raise BleakError(f"no connection: {type(error).__name__}") from error
                except asyncio.CancelledError:
                    await self._give_up()
                    raise

    async def _give_up(self) -> None:
        with suppress(core.BaseBumbleError, hci.HCI_Error, TimeoutError):
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                await self._adapter.device.send_sync_command(
                    hci.HCI_LE_Create_Connection_Cancel_Command()
                )

    def _on_disconnection(self, _reason: object) -> None:
        if self._connection is None:
            return
        self._adapter.terminated.remove_done_callback(self._on_disconnection)
        self._connection = None
        self._gatt = None
        self._handles = None
        self.services = None
        if not self._gone.done():
            self._gone.set_result(None)
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def _until_gone(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of `work`, or BleakError at once when the link goes first."""
        if self._connection is None:
            work.close()
            raise BleakError("not connected")
        task = asyncio.ensure_future(work)
        waits: set[asyncio.Future[Any]] = {task, self._gone}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() or task.cancelled():
                raise BleakError("disconnected")
            return task.result()
        except ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(f"the link failed: {type(error).__name__}") from error
        finally:
            task.cancel()

    def _collection(self, handles: GattHandles) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        service = BleakGATTService(handles, handles.service, str(SERVICE_UUID))
        collection.add_service(service)
        for handle, uuid, properties in (
            (handles.exchange, EXCHANGE_UUID, _EXCHANGE_PROPERTIES),
            (handles.reader_certificate, READER_CERTIFICATE_UUID, _READ_PROPERTY),
            (handles.about, ABOUT_UUID, _READ_PROPERTY),
        ):
            one = BleakGATTCharacteristic(
                handles,
                handle,
                str(uuid),
                list(gatt_char_props_to_strs(properties)),
                lambda: fragment_bytes(self.mtu_size),
                service,
            )
            collection.add_characteristic(one)
            if uuid == EXCHANGE_UUID:
                at = handles.exchange_configuration
                collection.add_descriptor(
                    BleakGATTDescriptor(handles, at, _CONFIGURATION_UUID, one)
                )
        return collection
