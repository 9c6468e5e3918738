"""The director's socket: what `push`, `server stop` and their like reach in a running town."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from firmware_stubs.town.installation import Town
from firmware_stubs.town.layout import SITES
from firmware_stubs.town.processes import Event, ProgramFailed

LEANS = ("push", "hold", "force", "release")
MAX_LINE_BYTES = 4096

Verb = Callable[[str], Awaitable[Event]]


class Control:
    """Carries out the verbs of other terminals on one town, one at a time."""

    def __init__(self, town: Town) -> None:
        """Act on `town`."""
        self._town = town
        self._turn = asyncio.Lock()
        self._verbs: dict[str, Verb] = {
            "power-cut": self._power_cut,
            "server": self._server,
            "status": self._status,
        }

    async def listen(self, socket: Path) -> asyncio.Server:
        """Open the socket."""
        return await asyncio.start_unix_server(self._serve, str(socket), limit=MAX_LINE_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever asks may be gone before the answer: then there is nobody to tell.
        with contextlib.suppress(ConnectionError):
            line = await reader.readline()
            if line:
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> Event:
        try:
            words = json.loads(line)
            async with self._turn:
                return await self._act(str(words["verb"]), str(words.get("on", "")))
        except (KeyError, TypeError, ValueError, ProgramFailed) as error:
            return {"error": str(error)}

    async def _act(self, verb: str, on: str) -> Event:
        if verb in LEANS:
            return await self._town.lean_on(verb, on)
        if verb not in self._verbs:
            raise ProgramFailed(f"expected one of {', '.join((*LEANS, *self._verbs))}, got {verb}")
        return await self._verbs[verb](on)

    async def _power_cut(self, controller: str) -> Event:
        program = self._town.controllers.get(controller)
        if program is None:
            raise ProgramFailed(
                f"expected one of {', '.join(self._town.controllers)}, got {controller!r}"
            )
        await program.cut()
        await program.start()
        return {"controller": controller, "running": program.is_running}

    async def _server(self, wish: str) -> Event:
        server = self._town.server
        if wish == "stop":
            await server.stop()
        elif wish == "start" and not server.is_running:
            await self._town.open_server()
        elif wish != "start":
            raise ProgramFailed(f"expected stop or start, got {wish!r}")
        return {"server": "running" if server.is_running else "stopped"}

    async def _status(self, _: str) -> Event:
        town = self._town
        return {
            "issuer": town.issuer,
            "server": "running" if town.server.is_running else "stopped",
            "controllers": {
                name: "running" if program.is_running else "stopped"
                for name, program in town.controllers.items()
            },
            "doors": {
                door.access_point: await self._state_of(door.access_point)
                for site in SITES
                for door in site.doors
            },
        }

    async def _state_of(self, access_point: str) -> str:
        try:
            door = await self._town.lean_on("status", access_point)
        except ProgramFailed:
            return "not there"
        return ("open" if door["open"] else "closed") + (
            ", unlocked" if door["strike_released"] else ", locked"
        )
