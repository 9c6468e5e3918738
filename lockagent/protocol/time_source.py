"""Where a program takes time from: the system, or the town's one clock (interfaces.md 9).

The only module of this room that reads a clock; the cores take instants as arguments. A town's
clock is a file `{"utc": "...Z", "monotonic_ns": N}`: a program's time is utc plus what
CLOCK_MONOTONIC has gone since N, one clock for all processes of a machine, at its true rate.
It is for development only, and for a machine that is not suspended meanwhile; the program that
reads the setting refuses it elsewhere.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policies.vocabulary import Environment, Instant, parse_instant

_SINCE_START: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """A source of UTC and of a monotonic time that no setting moves."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, with fractions."""

    def monotonic(self) -> float:
        """Seconds since some start."""


class SystemClock:
    """The operating system's clock; its monotonic time goes on while the machine is suspended."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, with fractions."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since the machine started, suspension included where the platform counts it.

        CLOCK_MONOTONIC stands still in a suspend: the latest that it can be would then be too early
        and rights would outlast their end.
        """
        return time.clock_gettime(_SINCE_START)


@dataclass(frozen=True, slots=True)
class TownClock:
    """A clock that showed `utc` when CLOCK_MONOTONIC was `monotonic_ns`."""

    utc: Instant
    monotonic_ns: int

    @classmethod
    def read(cls, path: Path) -> "TownClock":
        """Read a town's clock file; ValueError where it is not one, OSError where it is not."""
        try:
            written = json.loads(path.read_text())
            return cls(parse_instant(written["utc"]), int(written["monotonic_ns"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'expected {path} as {{"utc": "…Z", "monotonic_ns": N}}, got {error}'
            ) from error

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, with fractions."""
        return self.utc + (time.monotonic_ns() - self.monotonic_ns) / 1e9

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()


def clock_of(setting: str, environment: Environment) -> Clock:
    """The clock that a config's `clock` names: `system`, or `town:PATH` in development only."""
    if setting == "system":
        return SystemClock()
    if setting.startswith("town:"):
        if environment is not Environment.DEVELOPMENT:
            raise ValueError(
                f'expected clock = "system" in environment {environment}, got a town\'s clock'
            )
        return TownClock.read(Path(setting.removeprefix("town:")))
    raise ValueError(f'expected clock = "system" or "town:PATH", got {setting!r}')


def instant_of(clock: Clock) -> Instant:
    """The whole second that has begun."""
    return Instant(int(clock.now()))
