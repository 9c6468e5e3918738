"""A whole controller in one process: simulated radio and door, a small key server, a real disk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bumble.transport.common import Transport

from firmware_stubs.simulated_door import SimulatedCabinet
from firmware_stubs.simulated_radio import Air
from lockagent.bumble_peripheral import BumblePeripheral
from lockagent.config import DoorConfig, ReaderConfig
from lockagent.controller import AlreadyRunning, Controller
from lockagent.installation import (
    Installation,
    InstalledReader,
    read_installation,
    read_or_make_key,
    write_installation,
)
from lockagent.journal_folder import first_break, frames_from
from lockagent.protocol.access_event import EventKind, decode_entry
from lockagent.protocol.gatt import ReaderId, ReaderState
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.update_answer import UpdateAnswer
from mobile_sdk.link import Sighting
from mobile_sdk.scanning import find_reader
from mobile_sdk.virtual_bleak import open_virtual_radio
from policies.grant import Window
from policies.vocabulary import Environment, Instant, TenantId
from tests import town
from tests.lockagent.cabinet import (
    CONTROLLER,
    ENTRANCE,
    HandClock,
    Told,
    signed_bundle,
    signed_settings,
)
from tests.lockagent.key_server import KeyServer, certificate_for

READER_ID = ReaderId(bytes((0, 0, 0, town.MAIN % 256)))
ALL_DAY = (Window(Instant(town.NOW - town.DAY), Instant(town.NOW + town.DAY)),)


@dataclass
class House:
    """A controller that runs, and the world around it."""

    config: DoorConfig
    installation: Installation
    server: KeyServer
    told: Told
    cabinet: SimulatedCabinet
    airs: list[Air]
    controller: Controller
    stop: asyncio.Event

    async def open_hci(self) -> Transport:
        """The way to the air there is now."""
        return await self.airs[-1].open_hci()

    async def sighting(self) -> Sighting:
        """What a phone hears of the reader."""
        radio = await open_virtual_radio(self.open_hci)
        try:
            return await find_reader(radio, [READER_ID], 10)
        finally:
            await radio.close()

    def kinds(self) -> list[EventKind]:
        """What the journal on the disk holds."""
        frames = frames_from(self.config.state_directory / "journal")
        return [decode_entry(frame.content).kind for _, frame in frames]


def installed(folder: Path, issuer: str) -> tuple[DoorConfig, Installation]:
    """A controller as `lockagent provision` leaves it."""
    config = DoorConfig(
        controller="torshov-1",
        issuer=issuer,
        tenant=TenantId("oslo"),
        environment=Environment.DEVELOPMENT,
        state_directory=folder / "state",
        agent_key=folder / "agent.pem",
        radio="unix:none",
        control_socket=folder / "door.sock",
        clock="system",
        trusted_rtc=False,
        drift_ppm=20,
        readers=(ReaderConfig(ENTRANCE, folder / "main.pem"),),
    )
    read_or_make_key(config.agent_key)
    key = read_or_make_key(config.readers[0].key).public
    certificate = certificate_for({**key.jwk()}, town.MAIN)
    reader = InstalledReader(ENTRANCE, town.MAIN, READER_ID, certificate)
    installation = Installation(CONTROLLER, issuer, town.root_bytes(), (reader,))
    config.state_directory.mkdir()
    write_installation(config.state_directory, installation)
    return config, installation


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    server = KeyServer(update=UpdateAnswer(bundle=signed_bundle(), settings=signed_settings()))
    server.reader_id = READER_ID
    config, installation = installed(tmp_path, await server.start())
    told, cabinet, airs = Told(), SimulatedCabinet([ENTRANCE]), [Air()]
    controller = Controller(
        config,
        installation,
        cabinet,
        lambda _position: BumblePeripheral(lambda: airs[-1].open_hci()),
        HandClock(),
        told,
    )
    stop = asyncio.Event()
    house = House(config, installation, server, told, cabinet, airs, controller, stop)
    running = asyncio.ensure_future(controller.run(stop))
    ready = asyncio.ensure_future(told.until("settings"))
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        await running
    yield house
    stop.set()
    async with asyncio.timeout(20):
        await running
    await server.stop()
    await airs[-1].close()


async def test_an_unlock_schedule_is_followed_and_lockdown_suspends_it(house: House) -> None:
    door = house.cabinet.door(ENTRANCE)
    assert not door.push()
    house.server.update = UpdateAnswer(settings=signed_settings(2, ALL_DAY))
    await house.told.until("settings", 2)
    while not (await house.sighting()).state & ReaderState.UNLOCKED:
        pass
    assert door.is_released
    locked_down = signed_bundle(version=TrustVersion(1, 2), lockdown=True)
    house.server.update = UpdateAnswer(bundle=locked_down)
    await house.told.until("bundle", 2)
    while (await house.sighting()).state & ReaderState.UNLOCKED:
        pass
    assert not door.is_released


async def test_a_renewed_certificate_is_served_and_kept(house: House) -> None:
    key = read_or_make_key(house.config.readers[0].key).public
    renewed = certificate_for({**key.jwk()}, town.MAIN, days=366)
    house.server.update = UpdateAnswer(
        bundle=signed_bundle(version=TrustVersion(1, 2)), reader_certificates=(renewed,)
    )
    await house.told.until("bundle", 2)
    radio = await open_virtual_radio(house.open_hci)
    link = await radio.connect(await find_reader(radio, [READER_ID], 10), 10)
    assert await link.read_reader_certificate() == renewed
    await link.close()
    await radio.close()
    assert read_installation(house.config).readers[0].certificate == renewed
    assert EventKind.CERTIFICATE_RENEWED in house.kinds()


async def test_a_certificate_of_another_key_is_refused(house: House) -> None:
    foreign = certificate_for({**town.READER_KEY.public.jwk()}, town.MAIN)
    house.server.update = UpdateAnswer(reader_certificates=(foreign,))
    assert (await house.told.until("update_refused"))["object"] == "certificate"
    assert read_installation(house.config) == house.installation


async def test_a_radio_that_goes_away_is_told_and_started_again(house: House) -> None:
    await house.sighting()
    gone = house.airs[-1]
    house.airs.append(Air())
    await gone.close()
    await house.told.until("fault")
    await house.told.until("fault_cleared")
    assert (await house.sighting()).reader_id == READER_ID
    assert house.told.names().count("fault") == 1, "a loss that is over is over"


async def test_a_full_disk_is_a_fault_until_the_lockdown_is_down(house: House) -> None:
    obstacle = house.config.state_directory / "trust.cbor.new"
    obstacle.mkdir()
    locked_down = signed_bundle(version=TrustVersion(1, 2), lockdown=True)
    house.server.update = UpdateAnswer(bundle=locked_down)
    await house.told.until("bundle", 2)
    fault = await house.told.until("fault")
    assert "expected the disk to take what is believed" in str(fault["detail"])
    obstacle.rmdir()
    await house.told.until("fault_cleared")
    assert locked_down in (house.config.state_directory / "trust.cbor").read_bytes()
    assert house.kinds().count(EventKind.FAULT) == 1
    assert house.kinds().count(EventKind.FAULT_CLEARED) == 1


async def test_a_certificate_from_the_future_is_refused(house: House) -> None:
    key = read_or_make_key(house.config.readers[0].key).public
    later = certificate_for({**key.jwk()}, town.MAIN, issued_at=Instant(town.NOW + 3600))
    house.server.update = UpdateAnswer(reader_certificates=(later,))
    assert (await house.told.until("update_refused"))["object"] == "certificate"
    assert read_installation(house.config) == house.installation


async def test_a_state_directory_has_one_controller(house: House) -> None:
    with pytest.raises(AlreadyRunning):
        Controller(
            house.config,
            house.installation,
            SimulatedCabinet([ENTRANCE]),
            lambda _position: BumblePeripheral(house.open_hci),
            HandClock(),
            Told(),
        )


async def test_the_server_has_everything_when_the_controller_has_stopped(house: House) -> None:
    house.stop.set()
    await house.told.until("stopped")
    assert house.kinds()[0] is EventKind.BOOT
    assert house.kinds()[-1] is EventKind.SHUTDOWN
    assert first_break(house.config.state_directory / "journal") is None
    held = [frame.content for _, frame in frames_from(house.config.state_directory / "journal")]
    assert house.server.entries == held


async def test_a_port_that_is_not_there_ends_the_controller_and_leaves_the_door_secured(
    tmp_path: Path,
) -> None:
    config, installation = installed(tmp_path, "http://127.0.0.1:9/t/oslo")
    cabinet = SimulatedCabinet([ENTRANCE], tmp_path / "no-such-folder" / "door.sock")
    controller = Controller(
        config,
        installation,
        cabinet,
        lambda _position: BumblePeripheral(Air().open_hci),
        HandClock(),
        Told(),
    )
    with pytest.raises(OSError, match="no-such-folder"):
        await controller.run(asyncio.Event())
    assert not cabinet.door(ENTRANCE).is_released
