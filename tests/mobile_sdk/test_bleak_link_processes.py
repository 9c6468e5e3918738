"""Radio, door and phones as the town runs them: each a process of its own, on one unix socket."""

import asyncio
import json
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.radio import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]


class Stage:
    """Processes of one test; those still running at its end are stopped."""

    def __init__(self, folder: str) -> None:
        self.socket = f"{folder}/radio"
        self.control = f"{folder}/control"
        self._processes: list[Process] = []

    async def start(self, module: str, *arguments: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, stdout=PIPE, cwd=ROOT
        )
        self._processes.append(process)
        return process

    async def radio(self) -> Process:
        process = await self.start(
            "firmware_stubs.simulated_radio", f"unix:{self.socket}", "--control", self.control
        )
        ready = json.loads(await line(process))
        assert ready == {"event": "ready", "listen": [f"unix:{self.socket}"]}
        return process

    async def door(self) -> Process:
        process = await self.start("tests.mobile_sdk.radio_door", f"unix:{self.socket}")
        assert await line(process) == "ready"
        return process

    async def phone(self, *options: str) -> Process:
        return await self.start("tests.mobile_sdk.radio_phone", self.socket, *options)

    async def command(self, **command: object) -> dict[str, object]:
        reader, writer = await asyncio.open_unix_connection(self.control)
        writer.write(json.dumps(command).encode() + b"\n")
        answer: dict[str, object] = json.loads(await reader.readline())
        writer.close()
        return answer

    def has_socket_file(self) -> bool:
        return Path(self.socket).is_socket() or Path(self.control).is_socket()

    async def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def line(process: Process) -> str:
    if process.stdout is None:
        raise RuntimeError("expected a process with a pipe")
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await process.stdout.readline()).decode().strip()


async def ended(process: Process) -> int:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await process.wait()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        made = Stage(folder)
        yield made
        await made.close()


async def test_phones_write_to_a_door_over_the_radio_in_separate_processes(stage: Stage) -> None:
    radio, door = await stage.radio(), await stage.door()
    phones = [await stage.phone(), await stage.phone()]
    assert [await line(each) for each in phones] == ["512", "512"]
    assert [await ended(each) for each in phones] == [0, 0]
    assert sorted([await line(door) for _ in range(4)]) == ["connected"] * 2 + ["disconnected"] * 2
    door.send_signal(signal.SIGTERM)
    assert (await line(door), await ended(door)) == ("ended", 0)
    radio.send_signal(signal.SIGTERM)
    assert await ended(radio) == 0
    assert not stage.has_socket_file()


async def test_a_phone_killed_in_the_middle_frees_the_door(stage: Stage) -> None:
    await stage.radio()
    door, phone = await stage.door(), await stage.phone("--dies")
    assert await line(phone) == "512"
    links = (await stage.command(show="links"))["links"]
    assert isinstance(links, list)
    assert len(links) == 1
    phone.kill()
    assert [await line(door), await line(door)] == ["connected", "disconnected"]
    assert (await stage.command(show="links"))["links"] == []


async def test_a_radio_killed_is_noticed_by_door_and_phone(stage: Stage) -> None:
    radio, door, phone = await stage.radio(), await stage.door(), await stage.phone("--dies")
    assert await line(phone) == "512"
    radio.kill()
    assert [await line(door) for _ in range(3)] == ["connected", "disconnected", "ended"]
    assert await ended(phone) == 1


async def test_a_socket_file_left_by_a_killed_radio_does_not_stop_the_next(stage: Stage) -> None:
    radio = await stage.radio()
    radio.kill()
    await ended(radio)
    assert stage.has_socket_file()
    await stage.radio()


@pytest.mark.parametrize(
    ("argument", "code"),
    [("unix:/" + "x" * 120, 2), ("usb:0", 2), ("unix:/no/such/folder/radio", 3)],
)
async def test_a_radio_that_cannot_listen_says_so_and_ends(
    stage: Stage, argument: str, code: int
) -> None:
    process = await stage.start("firmware_stubs.simulated_radio", argument)
    assert await ended(process) == code
