"""The driver: a real simulated door, the machine, and the journal between them."""

from dataclasses import replace
from pathlib import Path

from firmware_stubs.interfaces import FailMode
from lockagent.door import ForcedOpen, Locked, Released, Unlocked
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.door_settings import DoorSettings, sign_settings
from lockagent.protocol.door_settings import FailMode as SettingsFailMode
from tests import town
from tests.lockagent.cabinet import CONTROLLER, Cabinet, point_settings


async def test_D1_a_forced_door_is_told_once_and_ends_when_it_closes(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.force()
    assert isinstance(cabinet.driver.door, ForcedOpen)
    await cabinet.told.until("forced_open")
    await cabinet.told.until("door_closed")
    assert cabinet.kinds() == [EventKind.FORCED_OPEN, EventKind.DOOR_CLOSED]
    assert isinstance(cabinet.driver.door, Locked)


async def test_D2_the_way_out_works_with_everything_else_broken(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path, is_informed=False)
    (tmp_path / "journal").rmdir()
    cabinet.door.press_exit()
    assert cabinet.door.push()
    assert not isinstance(cabinet.driver.door, ForcedOpen)
    assert "fault" in cabinet.told.names()


async def test_G03_rex_does_not_hide_a_door_forced_before(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.force()
    cabinet.door.press_exit()
    assert isinstance(cabinet.driver.door, ForcedOpen)
    assert cabinet.kinds() == [EventKind.FORCED_OPEN, EventKind.REQUEST_TO_EXIT]


async def test_D3_a_grant_nobody_used_is_told_as_not_taken(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.driver.grant(0, b"attempt1")
    facts = await cabinet.told.until("access_not_taken")
    assert facts["attempt"] == b"attempt1".hex()
    assert not cabinet.door.is_released
    assert isinstance(cabinet.driver.door, Locked)


async def test_a_grant_is_not_undone_by_one_whose_time_is_over(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.driver.grant(-2, b"attempt1")  # over, and the timer has had no turn yet
    cabinet.driver.grant(4, b"attempt2")
    assert cabinet.door.is_released
    assert isinstance(cabinet.driver.door, Released)
    assert [entry.details["attempt"] for entry in cabinet.entries()] == [b"attempt1"]


async def test_a_stuck_position_switch_is_a_fault_and_forces_nothing(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.jam_switch()
    cabinet.door.force()
    assert cabinet.kinds() == [EventKind.FAULT]
    assert cabinet.told.names() == ["fault"]
    assert isinstance(cabinet.driver.door, Locked)


async def test_G01_a_strike_that_stays_released_is_told_once(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.driver.grant(0, b"attempt1")
    cabinet.door.stand_released()
    cabinet.door.is_stuck = True
    await cabinet.told.until("fault")
    assert cabinet.kinds().count(EventKind.STRIKE_FAILED) == 1


async def test_an_unlock_schedule_lets_everyone_through_and_ends(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.driver.follow_schedule(is_unlocked=True)
    assert isinstance(cabinet.driver.door, Unlocked)
    assert cabinet.door.push()
    await cabinet.told.until("door_closed")
    cabinet.driver.follow_schedule(is_unlocked=False)
    assert not cabinet.door.push()


async def test_D4_the_lock_is_driven_as_the_settings_say(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    assert cabinet.door.fail_mode is FailMode.SECURE
    safe = replace(point_settings(), fail_mode=SettingsFailMode.SAFE)
    settings = DoorSettings(CONTROLLER, 2, town.NOW, (safe,))
    cabinet.beliefs.take_settings(sign_settings(settings, town.REALM, town.BUNDLE_KEY))
    cabinet.driver.follow_settings()
    cabinet.door.cut_power()
    assert cabinet.door.push()


async def test_a_button_press_counts_for_a_while(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    assert not cabinet.driver.was_present(15)
    cabinet.door.press_presence()
    assert cabinet.driver.was_present(15)
    assert not cabinet.driver.was_present(-1)
