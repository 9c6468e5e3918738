"""The hardware of a door, as the program that decides sees it.

One `DoorHardware` is one access point: an electric strike, a door position switch (DPS), a request
to exit (REX) and a presence button. One `ControllerHardware` is the computer in the cabinet: its
doors, its boot and its real-time clock. Adapters for pins, OSDP and the simulated door all have
this face; `lockagent` knows no other.

Rules every adapter keeps:
- a release is one-shot: the strike secures itself when the seconds have passed, even if the program
  that asked is gone (UL 294 asks the same of a relay that sticks);
- whether a release means power or no power (fail secure, fail safe) is the adapter's business;
- the way out does not pass through here: REX frees the door in hardware, and is only told;
- inputs are debounced below: one call for one change, from the event loop's thread.

Standard library only.
"""

from enum import StrEnum
from typing import Protocol


class FailMode(StrEnum):
    """What a lock does without power: `SECURE` stays locked, `SAFE` lets everyone pass."""

    SECURE = "secure"
    SAFE = "safe"


class HardwareFault(Exception):
    """A strike, switch or line that does not do what it was told, in one sentence."""


class Strike(Protocol):
    """The electric release of a door."""

    @property
    def is_released(self) -> bool:
        """Whether the door can be pushed open now, by the strike's own feedback."""
        ...

    def release(self, seconds: float) -> None:
        """Let the door be opened for `seconds` from now; HardwareFault where it does not move."""
        ...

    def stand_released(self) -> None:
        """Let the door be opened until `secure`: an unlock schedule."""
        ...

    def secure(self) -> None:
        """Lock the door as soon as it is closed; harmless where it is locked already."""
        ...


class DoorListener(Protocol):
    """Who is told what happens at a door. Plain calls that return at once."""

    def door_moved(self, is_open: bool) -> None:
        """The position switch has changed."""
        ...

    def exit_requested(self) -> None:
        """Somebody inside asks to leave; the door is free already."""
        ...

    def presence_pressed(self) -> None:
        """Somebody at the reader has pressed its button."""
        ...

    def fault_found(self, sentence: str) -> None:
        """A part does not do what it was told."""
        ...


class DoorHardware(Protocol):
    """One access point."""

    @property
    def strike(self) -> Strike:
        """Its release."""
        ...

    @property
    def is_open(self) -> bool:
        """What the position switch says now."""
        ...

    def set_fail_mode(self, fail_mode: FailMode) -> None:
        """Say what kind of lock hangs here: which way to drive it, and what a power cut does."""
        ...

    def listen(self, listener: DoorListener) -> None:
        """Tell `listener` of every change from now on; one listener a door."""
        ...


class ControllerHardware(Protocol):
    """The cabinet: doors by access point, the boot, the clock that power does not stop."""

    @property
    def boot_id(self) -> bytes:
        """16 bytes, new at every power-up: `monotonic` of two boots cannot be compared."""
        ...

    def door(self, access_point: str) -> DoorHardware:
        """The door of an access point; KeyError where there is none."""
        ...

    async def start(self) -> None:
        """Open the lines; OSError where they are not there."""
        ...

    async def stop(self) -> None:
        """Secure every strike and close the lines."""
        ...
