"""Programs as processes: started, their JSON lines read as they come, ended with SIGTERM.

Standard library only. A program's standard output is one JSON object a line; its standard error
goes to a file of its own, whose end is shown when the program fails.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
COMMAND_SECONDS = 60.0

Event = dict[str, Any]
"""One JSON line of a program."""


class ProgramFailed(Exception):
    """A program of the town ended or answered as it should not have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command that ended said: its exit code, its JSON lines, its text for people."""

    code: int
    lines: tuple[Event, ...]
    text: str

    @property
    def last(self) -> Event:
        """The last JSON line; an empty object where there was none."""
        return self.lines[-1] if self.lines else {}

    def event(self, name: str) -> Event:
        """The last line of this event; ProgramFailed where there is none."""
        for line in reversed(self.lines):
            if line.get("event") == name:
                return line
        raise ProgramFailed(f"expected a line of the event {name}, got {self.lines}")


async def ask(arguments: Sequence[str | Path], expect: Sequence[int] = (0,)) -> Answer:
    """Run `python -m ARGUMENTS` to its end; ProgramFailed unless its exit code is expected."""
    words = [str(argument) for argument in arguments]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ProgramFailed(
            f"expected {' '.join(words[:2])} to end in {COMMAND_SECONDS:.0f} s, it did not"
        ) from None
    code = process.returncode or 0
    text = err.decode(errors="replace").strip()
    if code not in expect:
        raise ProgramFailed(
            f"expected exit code {' or '.join(map(str, expect))} of {' '.join(words)},"
            f" got {code}: {text[-800:] or out.decode(errors='replace').strip()[-800:]}"
        )
    return Answer(code, tuple(_events(out.decode(errors="replace"))), text)


def _events(text: str) -> list[Event]:
    events = []
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            event = json.loads(line)
            if isinstance(event, dict):
                events.append(event)
    return events


class Program:
    """A long-running program of the town."""

    def __init__(self, name: str, arguments: Sequence[str | Path], log: Path) -> None:
        """Name it for people, say how `python -m` starts it and where its errors go."""
        self.name = name
        self.events: list[Event] = []
        self._arguments = [str(argument) for argument in arguments]
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Event:
        """Start the program and return its `ready` line."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        seen = len(self.events)
        with self._log.open("ab") as log:
            self._process = await self._spawn(log)
        self._reader = asyncio.create_task(self._read(self._process))
        return await self.wait_for(lambda event: event.get("event") == "ready", seen)

    async def _spawn(self, log: IO[bytes]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )

    async def wait_for(
        self, wanted: Callable[[Event], bool], since: int = 0, seconds: float = READY_SECONDS
    ) -> Event:
        """The first line from number `since` on that is `wanted`, waited for if need be."""
        found: list[Event] = []

        def is_there() -> bool:
            found[:] = [event for event in self.events[since:] if wanted(event)][:1]
            return bool(found) or not self.is_running

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(is_there), seconds)
            except TimeoutError:
                raise ProgramFailed(
                    f"expected {self.name} to say what was awaited within {seconds:.0f} s,"
                    f" it did not; see {self._log}"
                ) from None
        if not found:
            tail = self._log.read_text(errors="replace")[-800:].strip()
            raise ProgramFailed(f"expected {self.name} to run, it ended: {tail}")
        return found[0]

    async def stop(self) -> None:
        """Ask the program to end, and wait until it has."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                await self.cut()
        await self._drain()

    async def cut(self) -> None:
        """Take the power away: SIGKILL, nothing is said or written."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self._process.wait()
        await self._drain()

    async def _drain(self) -> None:
        if self._reader is not None:
            await self._reader
            self._reader = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        stream = process.stdout
        while stream is not None and (line := await stream.readline()):
            async with self._changed:
                self.events += _events(line.decode(errors="replace"))
                self._changed.notify_all()
        await process.wait()
        async with self._changed:
            self._changed.notify_all()


async def say(socket: Path, words: Event) -> Event:
    """One JSON line to a unix socket, one back; ProgramFailed where nobody answers."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError as error:
        raise ProgramFailed(f"expected somebody at {socket.name}, got {error.strerror}") from error
    try:
        writer.write(json.dumps(words).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
    answer = next(iter(_events(line.decode(errors="replace"))), None)
    if answer is None:
        raise ProgramFailed(f"expected an answer at {socket.name}, got none")
    if "error" in answer:
        raise ProgramFailed(str(answer["error"]))
    return answer
