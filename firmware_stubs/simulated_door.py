"""Doors with physics and no hardware: they can be pushed, held, forced and left without power.

A simulated cabinet runs inside the program that owns it, as the pins of a real one would, and opens
a control socket for whoever plays the people at the door. What is kept of the real thing:
- a push opens a door only while its strike is released, or where it stands open already;
- the strike secures itself when its seconds are over, whatever the program does;
- a door let go of closes by itself a little later, and its switch tells both changes;
- force opens it without the strike; REX frees it in hardware before the program is told;
- a position switch can stick: the door then moves unseen, and only the fault is told;
- without power a fail-secure lock holds and a fail-safe one lets go; the switch still works.

The control socket takes JSON lines, `{"verb": VERB, "access_point": ID}`, and answers each with one
line: the state of the door, or `{"error": sentence}`. Verbs: push, hold, force, release (let go),
exit (press REX), presence (press the reader's button), status. Time is the event loop's.
"""

import asyncio
import contextlib
import errno
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware_stubs.interfaces import DoorListener, FailMode, HardwareFault
from firmware_stubs.unix_socket import LONGEST_PATH_BYTES, excess_bytes

CLOSES_AFTER_SECONDS = 2.0
REX_SECONDS = 5.0
_LONGEST_LINE = 1024
_FAREWELL_SECONDS = 1.0


class SimulatedDoor:
    """One door: strike, switch, REX and button in one, with a body of its own."""

    def __init__(
        self, fail_mode: FailMode = FailMode.SECURE, closes_after: float = CLOSES_AFTER_SECONDS
    ) -> None:
        """A closed door with power; `closes_after` seconds after being let go it closes."""
        self.fail_mode = fail_mode
        self.stands_open = False
        self.is_held = False
        self.has_power = True
        self.is_stuck = False
        self._released = False
        self._stuck_at: bool | None = None
        self._closes_after = closes_after
        self._securing: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._listener: DoorListener | None = None

    # What the program sees (firmware_stubs.interfaces).

    @property
    def strike(self) -> "SimulatedDoor":
        """This object: door and strike are one here."""
        return self

    @property
    def is_released(self) -> bool:
        """Whether a push would open it."""
        return self._released if self.has_power else self.fail_mode is FailMode.SAFE

    @property
    def is_open(self) -> bool:
        """What the position switch says: where a stuck one stopped, else how the door stands."""
        return self.stands_open if self._stuck_at is None else self._stuck_at

    def release(self, seconds: float) -> None:
        """Free the door for `seconds`; a stuck strike is a HardwareFault."""
        until = asyncio.get_running_loop().time() + seconds
        stands_longer = self._securing is None or self._securing.when() > until
        if self._released and stands_longer:
            return
        self.stand_released()
        self._securing = asyncio.get_running_loop().call_at(until, self.secure)

    def stand_released(self) -> None:
        """Free the door until it is secured."""
        if self.is_stuck or not self.has_power:
            raise HardwareFault("expected the strike to release, got no movement")
        self._cancel_securing()
        self._released = True

    def secure(self) -> None:
        """Lock the door; a stuck strike stays where it is."""
        self._cancel_securing()
        if not self.is_stuck:
            self._released = False

    def set_fail_mode(self, fail_mode: FailMode) -> None:
        """Have a lock of this kind from now on."""
        self.fail_mode = fail_mode

    def listen(self, listener: DoorListener) -> None:
        """Tell `listener` of every change from now on."""
        self._listener = listener

    # What people do.

    def push(self) -> bool:
        """Lean on it once and walk on; whether it gave way."""
        gave_way = self.stands_open or self.is_released
        if gave_way:
            self._open()
            self._let_go()
        return gave_way

    def hold(self) -> bool:
        """Push, and stand in the way; whether it gave way."""
        gave_way = self.stands_open or self.is_released
        if gave_way:
            self.is_held = True
            self._open()
        return gave_way

    def force(self) -> bool:
        """Break it open."""
        self._open()
        self._let_go()
        return True

    def let_go(self) -> bool:
        """Step out of the way; whether somebody stood there."""
        was_held = self.is_held
        self.is_held = False
        if was_held:
            self._let_go()
        return was_held

    def press_exit(self) -> bool:
        """Press REX: the hardware frees the door, then tells."""
        with contextlib.suppress(HardwareFault):
            self.release(REX_SECONDS)
        if self._listener is not None:
            self._listener.exit_requested()
        return True

    def press_presence(self) -> bool:
        """Press the button at the reader."""
        if self._listener is not None:
            self._listener.presence_pressed()
        return True

    def cut_power(self) -> None:
        """Take the power away: what is released falls to what the lock does without it."""
        self._cancel_securing()
        self._released = False
        self.has_power = False

    def return_power(self) -> None:
        """Give the power back; the strike is secured until it is told otherwise."""
        self.has_power = True

    def jam_switch(self) -> None:
        """Have the position switch stay where it is; its line is supervised, and tells."""
        if self._stuck_at is None:
            self._stuck_at = self.stands_open
            if self._listener is not None:
                self._listener.fault_found("expected a position switch that moves, got one stuck")

    def free_switch(self) -> None:
        """Mend the switch, which says how the door stands now."""
        stuck_at, self._stuck_at = self._stuck_at, None
        if stuck_at not in (None, self.stands_open):
            self._tell_position()

    def stop(self) -> None:
        """Drop what is still to come."""
        self.secure()
        if self._closing is not None:
            self._closing.cancel()

    def _open(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        if not self.stands_open:
            self.stands_open = True
            self._tell_position()

    def _let_go(self) -> None:
        if self.is_held or not self.stands_open:
            return
        self._closing = asyncio.get_running_loop().call_later(self._closes_after, self._close)

    def _close(self) -> None:
        self.stands_open = False
        self._tell_position()

    def _tell_position(self) -> None:
        if self._listener is not None and self._stuck_at is None:
            self._listener.door_moved(self.is_open)

    def _cancel_securing(self) -> None:
        if self._securing is not None:
            self._securing.cancel()
            self._securing = None


class SimulatedCabinet:
    """The doors of one controller, and the socket on which people act."""

    def __init__(
        self,
        access_points: Sequence[str],
        control: Path | None = None,
        closes_after: float = CLOSES_AFTER_SECONDS,
    ) -> None:
        """Doors by access point; a fresh boot, since this process is the cabinet's power."""
        self.boot_id = os.urandom(16)
        self._doors = {name: SimulatedDoor(closes_after=closes_after) for name in access_points}
        self._control = control
        self._server: asyncio.Server | None = None
        self._people: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    def door(self, access_point: str) -> SimulatedDoor:
        """The door of an access point; KeyError where there is none."""
        return self._doors[access_point]

    async def start(self) -> None:
        """Open the control socket; OSError where its folder is missing or its name too long."""
        if self._control is None:
            return
        if excess_bytes(self._control) > 0:
            raise OSError(f"expected a socket path of at most {LONGEST_PATH_BYTES} bytes")
        if not self._control.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(self._control.parent))
        self._control.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, self._control, limit=_LONGEST_LINE
        )

    async def stop(self) -> None:
        """Secure every strike and close the socket."""
        for door in self._doors.values():
            door.stop()
        if self._server is not None and self._control is not None:
            self._server.close()
            visits = [visit for visit in self._people.values() if visit is not None]
            for writer in self._people:
                writer.close()
            if visits:
                await asyncio.wait(visits, timeout=_FAREWELL_SECONDS)
            self._control.unlink(missing_ok=True)

    def act(self, line: bytes) -> dict[str, object]:
        """What one line of the control socket asks for, done, and the answer to it."""
        try:
            asked = json.loads(line)
        except ValueError:
            return {"error": "expected one JSON object a line, got something else"}
        if not isinstance(asked, dict):
            return {"error": "expected a JSON object, got something else"}
        name = asked.get("access_point", next(iter(self._doors)) if len(self._doors) == 1 else None)
        door = self._doors.get(name) if isinstance(name, str) else None
        if door is None:
            known = ", ".join(self._doors)
            return {"error": f"expected an access_point of {known}, got {name!r}"}
        verbs: dict[str, Callable[[], bool]] = {
            "push": door.push,
            "hold": door.hold,
            "force": door.force,
            "release": door.let_go,
            "exit": door.press_exit,
            "presence": door.press_presence,
            "status": lambda: False,
        }
        verb = asked.get("verb")
        if not isinstance(verb, str) or verb not in verbs:
            return {"error": f"expected a verb of {', '.join(verbs)}, got {verb!r}"}
        moved = verbs[verb]()
        return {
            "access_point": name,
            "moved": moved,
            "open": door.stands_open,
            "strike_released": door.is_released,
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._people[writer] = asyncio.current_task()
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.act(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # gone, or a line over the limit: this connection alone ends
        finally:
            self._people.pop(writer)
            writer.close()
