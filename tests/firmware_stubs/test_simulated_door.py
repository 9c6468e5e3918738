"""The simulated door's physics, and its control socket."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from firmware_stubs.interfaces import FailMode, HardwareFault
from firmware_stubs.simulated_door import SimulatedCabinet, SimulatedDoor
from firmware_stubs.unix_socket import LONGEST_PATH_BYTES

MAIN = "torshov/entrance/main"


class Seen:
    """A listener that keeps what the switch and buttons told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.closed = asyncio.Event()

    def door_moved(self, is_open: bool) -> None:
        self.told.append("open" if is_open else "closed")
        if not is_open:
            self.closed.set()

    def exit_requested(self) -> None:
        self.told.append("exit")

    def presence_pressed(self) -> None:
        self.told.append("presence")

    def fault_found(self, sentence: str) -> None:
        self.told.append(sentence)


async def test_a_locked_door_does_not_give_way() -> None:
    door = SimulatedDoor()
    assert not door.push()
    assert not door.hold()
    assert not door.is_open


async def test_a_released_door_opens_and_closes_by_itself() -> None:
    door, seen = SimulatedDoor(closes_after=0.01), Seen()
    door.listen(seen)
    door.release(5)
    assert door.push()
    async with asyncio.timeout(5):
        await seen.closed.wait()
    assert seen.told == ["open", "closed"]
    assert not door.is_open


async def test_a_stuck_switch_tells_its_fault_once_and_no_movement() -> None:
    door, seen = SimulatedDoor(closes_after=0.01), Seen()
    door.listen(seen)
    door.jam_switch()
    door.jam_switch()
    assert door.force()
    assert door.stands_open
    assert not door.is_open
    assert seen.told == ["expected a position switch that moves, got one stuck"]


async def test_a_mended_switch_says_how_the_door_stands() -> None:
    door, seen = SimulatedDoor(closes_after=60), Seen()
    door.listen(seen)
    door.jam_switch()
    door.force()
    door.free_switch()
    door.free_switch()
    assert door.is_open
    assert seen.told[1:] == ["open"]
    door.stop()


async def test_a_held_door_stays_open_until_it_is_let_go() -> None:
    door, seen = SimulatedDoor(closes_after=0.01), Seen()
    door.listen(seen)
    door.release(5)
    door.hold()
    door.push()
    assert door.let_go()
    async with asyncio.timeout(5):
        await seen.closed.wait()
    assert seen.told == ["open", "closed"]


async def test_the_strike_secures_itself() -> None:
    door = SimulatedDoor()
    door.release(0.01)
    door.release(0.001)  # a shorter one does not cut the longer one off
    assert door.is_released
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, over.set)
    await over.wait()
    assert not door.push()


async def test_rex_frees_the_door_and_does_not_end_a_standing_release() -> None:
    door = SimulatedDoor()
    door.press_exit()
    assert door.push()
    door.stand_released()
    door.press_exit()
    assert door.is_released


@pytest.mark.parametrize(("mode", "is_free"), [(FailMode.SECURE, False), (FailMode.SAFE, True)])
async def test_without_power_a_lock_does_what_its_class_says(mode: FailMode, is_free: bool) -> None:
    door = SimulatedDoor(mode)
    door.release(5)
    door.cut_power()
    assert door.is_released is is_free
    with pytest.raises(HardwareFault):
        door.release(1)
    door.return_power()
    assert not door.is_released


async def test_people_act_over_the_control_socket(tmp_path: Path) -> None:
    cabinet = SimulatedCabinet([MAIN], tmp_path / "door.sock")
    await cabinet.start()
    reader, writer = await asyncio.open_unix_connection(tmp_path / "door.sock")

    async def ask(line: bytes) -> dict[str, object]:
        writer.write(line + b"\n")
        answer: dict[str, object] = json.loads(await reader.readline())
        return answer

    status = {"access_point": MAIN, "moved": False, "open": False, "strike_released": False}
    assert await ask(b'{"verb": "status"}') == status
    assert await ask(b'{"verb": "push", "access_point": "torshov/entrance/main"}') == status
    assert (await ask(b'{"verb": "force"}'))["open"] is True
    assert "error" in await ask(b'{"verb": "explode"}')
    assert "error" in await ask(b'{"verb": "push", "access_point": "ekeberg"}')
    assert "error" in await ask(b"push")
    assert "error" in await ask(b"[1]")
    await cabinet.stop()
    assert await reader.read() == b""
    assert not (tmp_path / "door.sock").exists()


async def test_a_line_over_the_limit_ends_that_connection_alone(tmp_path: Path) -> None:
    cabinet = SimulatedCabinet([MAIN], tmp_path / "door.sock")
    await cabinet.start()
    reader, writer = await asyncio.open_unix_connection(tmp_path / "door.sock")
    writer.write(b"x" * 100_000 + b"\n")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    reader, writer = await asyncio.open_unix_connection(tmp_path / "door.sock")
    writer.write(b'{"verb": "status"}\n')
    assert b"moved" in await reader.readline()
    await cabinet.stop()


async def test_a_socket_path_too_long_is_one_sentence(tmp_path: Path) -> None:
    cabinet = SimulatedCabinet([MAIN], tmp_path / ("x" * LONGEST_PATH_BYTES))
    with pytest.raises(OSError, match="at most 107 bytes"):
        await cabinet.start()
