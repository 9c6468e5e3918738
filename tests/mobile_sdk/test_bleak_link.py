"""A bleak phone and a bumble door on one air: what the SDK's `Radio` and `Link` promise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from bleak.backends.scanner import BaseBleakScanner

from firmware_stubs.simulated_radio import Conditions
from lockagent.bumble_peripheral import reader_address
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.gatt import About, ReaderId, ReaderState
from mobile_sdk.bleak_link import BleakRadio
from mobile_sdk.errors import DoorNotFound, LinkLost
from mobile_sdk.link import Sighting
from mobile_sdk.scanning import find_reader, find_readers
from mobile_sdk.virtual_bleak import GattCache, open_virtual_radio
from mobile_sdk.virtual_gatt import GattHandles
from tests.radio import (
    CERTIFICATE,
    OTHER_READER,
    PATIENCE_SECONDS,
    READER,
    Echo,
    Heard,
    Scene,
)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.close()


NO_HANDLES = GattHandles(*(0xFFF0 + number for number in range(5)))
"""Where no reader has an attribute."""


async def sighting_of(radio: BleakRadio, reader_id: ReaderId = READER) -> Sighting:
    return await find_reader(radio, [reader_id], PATIENCE_SECONDS, settle=0.0)


@pytest.mark.parametrize("att_mtu", [23, 185, 247, 517])
async def test_B04_fragments_of_each_mtu_go_there_and_back(scene: Scene, att_mtu: int) -> None:
    await scene.door(Echo())
    radio = await open_virtual_radio(scene.air.open_hci, att_mtu=att_mtu)
    link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
    assert link.fragment_bytes == min(att_mtu - 3, 512)
    fragments = [bytes((number,)) * link.fragment_bytes for number in range(5)]
    for fragment in fragments:
        await link.send(fragment)
    assert [await link.receive() for _ in fragments] == fragments
    assert await link.read_about() == About((1,), att_mtu)
    assert await link.read_reader_certificate() == CERTIFICATE
    with pytest.raises(ValueError, match="expected a fragment of 1 to"):
        await link.send(bytes(link.fragment_bytes + 1))
    await link.close()
    await link.close()


@pytest.mark.parametrize("att_mtu", [23, 185])
async def test_an_about_that_makes_no_sense_is_as_good_as_none(scene: Scene, att_mtu: int) -> None:
    await scene.door(Echo(), versions=(2, 1))
    radio = await open_virtual_radio(scene.air.open_hci, att_mtu=att_mtu)
    link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
    assert link.fragment_bytes == att_mtu - 3
    await link.send(b"x" * link.fragment_bytes)
    assert await link.receive() == b"x" * link.fragment_bytes
    with pytest.raises(MalformedMessage, match="ascending versions"):
        await link.read_about()


async def test_a_connect_that_fails_half_way_leaves_no_connection_behind(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    cache = GattCache()
    radio = await open_virtual_radio(scene.air.open_hci, cache, att_mtu=23)
    sighting = await sighting_of(radio)
    cache.keep(sighting.address, NO_HANDLES)
    with pytest.raises(LinkLost):
        await radio.connect(sighting, PATIENCE_SECONDS)
    await heard.until("disconnected")
    await radio.close()


async def test_two_phones_at_one_door_at_once_are_both_served(scene: Scene) -> None:
    await scene.door(Echo())
    radios = [await open_virtual_radio(scene.air.open_hci) for _ in range(2)]

    async def exchange(radio: BleakRadio, text: bytes) -> bytes:
        link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
        await link.send(text)
        return await link.receive()

    answers = await asyncio.gather(*(exchange(one, b"%d" % n) for n, one in enumerate(radios)))
    assert answers == [b"0", b"1"]


async def test_a_link_that_ends_wakes_who_waits_on_it(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    radio = await open_virtual_radio(scene.air.open_hci)
    link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
    waiting = asyncio.ensure_future(link.receive())
    await heard.until("subscribed")
    await heard.connections[0].disconnect()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LinkLost):
            await waiting
    for work in (link.receive(), link.send(b"x"), link.read_about()):
        with pytest.raises(LinkLost):
            await work


async def test_fragments_that_came_before_the_end_can_still_be_received(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    radio = await open_virtual_radio(scene.air.open_hci)
    link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
    await heard.until("subscribed")
    await heard.connections[0].notify(b"the result")
    await heard.connections[0].disconnect()
    await heard.until("disconnected")
    assert await link.receive() == b"the result"
    with pytest.raises(LinkLost):
        await link.receive()


async def test_a_phone_out_of_range_in_the_middle_is_link_lost_at_both_ends(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    radio = await open_virtual_radio(scene.air.open_hci)
    link = await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)
    waiting = asyncio.ensure_future(link.receive())
    await heard.until("subscribed")
    scene.air.conditions = replace(scene.air.conditions, loss=1.0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LinkLost):
            await waiting
    await heard.until("disconnected")


async def test_a_radio_that_dies_is_link_lost(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    radio = await open_virtual_radio(scene.air.open_hci)
    sighting = await sighting_of(radio)
    link = await radio.connect(sighting, PATIENCE_SECONDS)
    waiting = asyncio.ensure_future(link.receive())
    await heard.until("subscribed")
    await scene.air.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LinkLost):
            await waiting
    with pytest.raises(LinkLost):
        await radio.connect(sighting, 0.2)
    with pytest.raises(DoorNotFound):
        await sighting_of(radio)


async def test_a_reader_that_left_is_link_lost_within_the_timeout(scene: Scene) -> None:
    door = await scene.door(Heard())
    radio = await open_virtual_radio(scene.air.open_hci)
    sighting = await sighting_of(radio)
    await door.stop()
    with pytest.raises(LinkLost, match=r"9f31c0aa within 0\.2 s"):
        await radio.connect(sighting, 0.2)
    await scene.door(Heard())
    await radio.connect(await sighting_of(radio), PATIENCE_SECONDS)


async def test_a_reader_not_there_is_door_not_found(scene: Scene) -> None:
    await scene.door(Heard(), OTHER_READER)
    radio = await open_virtual_radio(scene.air.open_hci)
    with pytest.raises(DoorNotFound, match=r"expected to hear reader 9f31c0aa within 0\.2 s"):
        await find_reader(radio, [READER], 0.2)


async def test_no_radio_is_door_not_found(tmp_path: Path) -> None:
    with pytest.raises(DoorNotFound, match="nobody listens at"):
        await open_virtual_radio(str(tmp_path / "none.sock"))


async def test_the_loudest_reader_comes_first(scene: Scene) -> None:
    await scene.door(Heard())
    await scene.door(Heard(), OTHER_READER)
    scene.air.set_rssi(reader_address(READER).to_string(False), -80)
    scene.air.set_rssi(reader_address(OTHER_READER).to_string(False), -60)
    radio = await open_virtual_radio(scene.air.open_hci)
    found = await find_readers(radio, [READER, OTHER_READER], PATIENCE_SECONDS, settle=0.2)
    assert [(one.reader_id, one.rssi) for one in found] == [(OTHER_READER, -60), (READER, -80)]


async def test_a_sighting_carries_the_state_the_door_shows(scene: Scene) -> None:
    door = await scene.door(Heard())
    await door.show_state(ReaderState.BUSY)
    radio = await open_virtual_radio(scene.air.open_hci)
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(radio.sightings()) as sightings:
        async for sighting in sightings:
            if sighting.state == ReaderState.BUSY:
                break
    assert (sighting.reader_id, sighting.version, sighting.rssi) == (READER, 1, -50)


async def test_remembered_handles_save_the_discovery_also_for_a_later_run(tmp_path: Path) -> None:
    scene = Scene(Conditions(interval_seconds=0.02))
    await scene.door(Echo())
    path = tmp_path / "gatt.json"
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(2):
        radio = await open_virtual_radio(scene.air.open_hci, GattCache(path))
        sighting = await sighting_of(radio)
        began = loop.time()
        link = await radio.connect(sighting, PATIENCE_SECONDS)
        await link.send(b"x")
        assert await link.receive() == b"x"
        took.append(loop.time() - began)
        await radio.close()
    assert took[0] - took[1] > 5 * 0.02
    await scene.close()


async def test_wrong_handles_are_forgotten_and_found_anew(scene: Scene) -> None:
    await scene.door(Echo())
    cache = GattCache()
    radio = await open_virtual_radio(scene.air.open_hci, cache)
    sighting = await sighting_of(radio)
    cache.keep(sighting.address, GattHandles(1, 2, 3, 4, 5))
    link = await radio.connect(sighting, PATIENCE_SECONDS)
    with pytest.raises(LinkLost):
        await link.receive()
    await link.close()
    assert cache.find(sighting.address) is None
    link = await radio.connect(sighting, PATIENCE_SECONDS)
    await link.send(b"x")
    assert await link.receive() == b"x"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": [1]}', '{"a": [1, 2, 3, 4, "x"]}'])
def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "gatt.json"
    path.write_text(content)
    assert GattCache(path).find("a") is None


def test_what_is_remembered_of_doors_is_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "gatt.json"
    GattCache(path).keep("a", GattHandles(1, 2, 3, 4, 5))
    assert path.stat().st_mode & 0o777 == 0o600
    assert GattCache(path).find("a") == GattHandles(1, 2, 3, 4, 5)


async def test_a_machine_without_bluetooth_is_told_so_in_words() -> None:
    class Absent(BaseBleakScanner):
        def __init__(self, *_: object, **__: object) -> None:
            super().__init__(None, None)

        async def start(self) -> None:
            raise FileNotFoundError

        async def stop(self) -> None:
            return

    with pytest.raises(DoorNotFound, match=r"^no Bluetooth adapter or service found here$"):
        await sighting_of(BleakRadio(Absent))
