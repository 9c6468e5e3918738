"""The door's radio port over the real Bluetooth stack, with phones good and bad."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from bumble.device import Advertisement as HeardAdvertisement
from bumble.device import Device

from lockagent.bumble_peripheral import BumblePeripheral, hci_opener, reader_address
from lockagent.link import Connection, DoorService, LinkLost, RadioLost
from lockagent.protocol.gatt import About, Advertisement, ReaderId, ReaderState
from tests.radio import (
    CERTIFICATE,
    OTHER_READER,
    PATIENCE_SECONDS,
    READER,
    Attacker,
    Echo,
    Heard,
    Scene,
)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.close()


async def next_advertisement(phone: Attacker, wanted: ReaderState) -> bytes:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def on_advertisement(advertisement: HeardAdvertisement) -> None:
        if advertisement.data_bytes[-1] == wanted and not heard.done():
            heard.set_result(advertisement.data_bytes)

    phone.device.on(Device.EVENT_ADVERTISEMENT, on_advertisement)
    await phone.device.start_scanning(active=False)
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await heard


async def test_the_advertisement_is_the_reader_and_follows_its_state(scene: Scene) -> None:
    door = await scene.door(Heard())
    phone = await scene.phone()
    assert await next_advertisement(phone, ReaderState.NONE) == Advertisement(READER).encode()
    state = ReaderState.UNLOCKED | ReaderState.ASKS_FOR_TIME
    await door.show_state(state)
    assert await next_advertisement(phone, state) == Advertisement(READER, state).encode()


@pytest.mark.parametrize("att_mtu", [23, 185, 247, 517])
async def test_B04_each_mtu_carries_fragments_of_its_own_size_both_ways(
    scene: Scene, att_mtu: int
) -> None:
    echo = Echo()
    await scene.door(echo)
    phone = await scene.phone()
    connection = await phone.connect()
    client = connection.gatt_client
    await client.request_mtu(att_mtu)
    service = (await client.discover_services())[-1]
    exchange, certificate, about = await client.discover_characteristics([], service)
    assert await client.read_value(certificate) == CERTIFICATE
    assert About.decode(await client.read_value(about)) == About((1,), att_mtu)
    received: asyncio.Queue[bytes] = asyncio.Queue()
    await client.subscribe(exchange, received.put_nowait)
    longest = bytes(min(att_mtu - 3, 512))
    await client.write_value(exchange, longest)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await received.get() == longest
    assert echo.connections[0].fragment_bytes == len(longest)
    with pytest.raises(ValueError, match="expected a fragment of 1 to"):
        await echo.connections[0].notify(bytes(len(longest) + 1))
    with pytest.raises(ValueError, match="got 0"):
        await echo.connections[0].notify(b"")


async def test_a_message_before_the_subscription_is_reported_before_it(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    client = (await phone.connect()).gatt_client
    service = (await client.discover_services())[-1]
    exchange = (await client.discover_characteristics([], service))[0]
    await client.write_value(exchange, b"\xc0early")
    await heard.until("written")
    with pytest.raises(RuntimeError, match="subscribed"):
        await heard.connections[0].notify(b"\xc0too early")
    await client.subscribe(exchange, lambda _value: None)
    await heard.until("subscribed")
    assert [one[0] for one in heard.events] == ["connected", "written", "subscribed"]


async def test_B15_two_phones_are_told_apart_and_notified_apart(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    received: list[list[bytes]] = [[], []]
    arrived = asyncio.Event()
    for number in range(2):
        phone = await scene.phone()
        client = (await phone.connect()).gatt_client
        service = (await client.discover_services())[-1]
        exchange = (await client.discover_characteristics([], service))[0]

        def keep(value: bytes, number: int = number) -> None:
            received[number].append(value)
            arrived.set()

        await client.subscribe(exchange, keep)
        await client.write_value(exchange, bytes((number,)))
    await heard.until("written", 2)
    first, second = heard.connections
    assert first.id != second.id
    assert heard.written_by(first.id) == [b"\x00"]
    assert heard.written_by(second.id) == [b"\x01"]
    await first.notify(b"for the first")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await arrived.wait()
    await first.disconnect()
    await heard.until("disconnected")
    assert received == [[b"for the first"], []]


async def test_B05_no_more_than_the_most_connections_and_advertising_resumes(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard, most_connections=2)
    silent = [await scene.phone() for _ in range(2)]
    for each in silent:
        await each.connect()
    late = await scene.phone()
    waiting = asyncio.ensure_future(late.connect())
    await heard.until("connected", 2)
    await silent[0].close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await waiting
    await heard.until("connected", 3)
    assert heard.count("disconnected") == 1


async def test_a_reader_serves_the_next_phone_while_one_is_connected(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    for _ in range(3):
        await (await scene.phone()).connect()
    await heard.until("connected", 3)


async def test_a_listener_that_fails_ends_that_connection_alone(scene: Scene) -> None:
    class Faulty(Heard):
        def written(self, connection: Connection, fragment: bytes) -> None:
            super().written(connection, fragment)
            if fragment == b"fault":
                raise LookupError("a fault of ours")

    heard = Faulty()
    await scene.door(heard)
    bystander, victim = await scene.phone(), await scene.phone()
    await bystander.connect()
    client = (await victim.connect()).gatt_client
    service = (await client.discover_services())[-1]
    exchange = (await client.discover_characteristics([], service))[0]
    with pytest.raises(Exception, match="UNLIKELY_ERROR"):
        await client.write_value(exchange, b"fault", with_response=True)
    await victim.until_gone()
    await heard.until("disconnected")
    assert not bystander.gone.is_set()


async def test_a_phone_that_is_gone_cannot_be_notified(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    await heard.until("connected")
    await phone.close()
    await heard.until("disconnected")
    with pytest.raises(LinkLost):
        await heard.connections[0].notify(b"late")
    await heard.connections[0].disconnect()
    assert await heard.connections[0].rssi() is None


async def test_a_renewed_certificate_is_served_from_the_next_read_on(scene: Scene) -> None:
    door = await scene.door(Heard())
    phone = await scene.phone()
    client = (await phone.connect()).gatt_client
    service = (await client.discover_services())[-1]
    certificate = (await client.discover_characteristics([], service))[1]
    door.replace_certificate(b"renewed")
    assert await client.read_value(certificate) == b"renewed"
    with pytest.raises(ValueError, match="at most 512 bytes"):
        door.replace_certificate(bytes(513))


async def test_two_readers_of_one_controller_are_two_peripherals(scene: Scene) -> None:
    first, second = Heard(), Heard()
    await scene.door(first)
    await scene.door(second, OTHER_READER)
    phone = await scene.phone()
    await phone.connect(OTHER_READER)
    await second.until("connected")
    assert first.events == []


async def test_a_radio_that_goes_away_is_reported_and_its_phones_are_gone(scene: Scene) -> None:
    heard = Heard()
    door = await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    await heard.until("connected")
    await scene.air.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await door.wait_lost()
    await heard.until("disconnected")


async def test_a_radio_that_is_not_there_is_radio_lost(tmp_path: object) -> None:
    door = BumblePeripheral(hci_opener(f"unix:{tmp_path}/none.sock"))
    with pytest.raises(RadioLost):
        await door.start(DoorService(READER, CERTIFICATE), Heard())


@pytest.mark.parametrize("radio", ["", "unix:", "usb", "usb:x", "bluetooth:0", "serial:"])
def test_a_radio_that_cannot_be_named_is_refused(radio: str) -> None:
    with pytest.raises(ValueError, match="expected radio as"):
        hci_opener(radio)


def test_one_serial_adapter_serves_one_reader() -> None:
    hci_opener("serial:/dev/ttyACM0")
    with pytest.raises(ValueError, match="expected one reader"):
        hci_opener("serial:/dev/ttyACM0", 1)


def test_a_readers_address_is_static_random_and_its_own() -> None:
    address = reader_address(READER)
    assert address.is_static
    assert address == reader_address(READER)
    assert address != reader_address(ReaderId(b"\x00\x00\x00\x01"))
