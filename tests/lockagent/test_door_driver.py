"""The driver: a real simulated door, the machine, and the journal between them."""

from pathlib import Path

from lockagent.door import ForcedOpen, Locked, Unlocked
from lockagent.protocol.access_event import EventKind
from tests.lockagent.cabinet import Cabinet


async def test_d1_a_forced_door_is_told_once_and_ends_when_it_closes(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.force()
    assert isinstance(cabinet.driver.door, ForcedOpen)
    await cabinet.told.until("forced_open")
    await cabinet.told.until("door_closed")
    assert cabinet.kinds() == [EventKind.FORCED_OPEN, EventKind.DOOR_CLOSED]
    assert isinstance(cabinet.driver.door, Locked)


async def test_d2_the_way_out_works_with_everything_else_broken(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path, is_informed=False)
    (tmp_path / "journal").rmdir()
    cabinet.door.press_exit()
    assert cabinet.door.push()
    assert not isinstance(cabinet.driver.door, ForcedOpen)
    assert "fault" in cabinet.told.names()


async def test_g03_rex_does_not_hide_a_door_forced_before(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.door.force()
    cabinet.door.press_exit()
    assert isinstance(cabinet.driver.door, ForcedOpen)
    assert cabinet.kinds() == [EventKind.FORCED_OPEN, EventKind.REQUEST_TO_EXIT]


async def test_d3_a_grant_nobody_used_is_told_as_not_taken(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    cabinet.driver.grant(0, b"attempt1")
    facts = await cabinet.told.until("access_not_taken")
    assert facts["attempt"] == b"attempt1".hex()
    assert not cabinet.door.is_released
    assert isinstance(cabinet.driver.door, Locked)


async def test_g01_a_strike_that_stays_released_is_told_once(tmp_path: Path) -> None:
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


async def test_a_button_press_counts_for_a_while(tmp_path: Path) -> None:
    cabinet = Cabinet.at(tmp_path)
    assert not cabinet.driver.was_present(15)
    cabinet.door.press_presence()
    assert cabinet.driver.was_present(15)
    assert not cabinet.driver.was_present(-1)
