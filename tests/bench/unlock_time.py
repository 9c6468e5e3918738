"""Milliseconds from connecting to the strike, over simulated connection events.

The real stack at both ends: bleak over bumble at the phone, bumble at the door, whole sessions and
a journal on the disk. The phone knows the door's attribute handles from an unlock before. Finding
the door is not counted: a phone scans while its owner walks up.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from firmware_stubs.simulated_radio import Air, Conditions
from lockagent.bumble_peripheral import BumblePeripheral
from lockagent.reader import Reader
from mobile_sdk.link import Link
from mobile_sdk.unlock import Attempt, unlock
from mobile_sdk.virtual_bleak import GattCache, open_virtual_radio
from tests.bench.measuring import Measure, fresh
from tests.lockagent.door_rig import DoorRig
from tests.town import NOW, READER_ID

ROUNDS = 11
FIND_SECONDS = 5.0


async def measure(folder: Path) -> list[Measure]:
    """`unlock_ms_interval_15` and `unlock_ms_interval_30`."""
    measures = []
    for interval_ms, goal in ((15, 150), (30, 300)):
        taken = await _unlocks_ms(folder / str(interval_ms), interval_ms)
        note = f"{min(taken):.0f} to {max(taken):.0f} ms in {len(taken)} unlocks"
        measures.append(Measure(f"unlock_ms_interval_{interval_ms}", median(taken), goal, note))
    return measures


async def _unlocks_ms(folder: Path, interval_ms: int) -> list[float]:
    """The unlocks after the first, in which the phone learns the handles."""
    folder.mkdir()
    air = Air(Conditions(interval_seconds=interval_ms / 1000))
    rig = DoorRig(folder)
    reader = Reader(
        rig.town.identity,
        BumblePeripheral(air.open_hci),
        rig.access,
        rig.driver,
        rig.beliefs,
        rig.told,
    )
    await reader.start()
    radio = await open_virtual_radio(air.open_hci, GattCache())
    try:
        taken = []
        for _ in range(ROUNDS + 1):
            watch = _Watch()
            town = fresh(rig.town)
            attempt = Attempt(town.held, town.request, (READER_ID,), NOW)
            await unlock(radio, attempt, FIND_SECONDS, watch.progress, watch.links.append)
            taken.append((_released_ns(rig) - watch.connecting_ns) / 1e6)
            for link in watch.links:
                await link.close()
        return taken[1:]
    finally:
        await radio.close()
        await reader.stop()
        rig.stop()
        await air.close()


@dataclass(slots=True)
class _Watch:
    """When the phone began to connect, and the links it is done with."""

    connecting_ns: int = 0
    links: list[Link] = field(default_factory=list)

    def progress(self, step: str) -> None:
        if step == "connecting":
            self.connecting_ns = time.monotonic_ns()


def _released_ns(rig: DoorRig) -> int:
    """When the door says its strike was released last, on the same clock."""
    told = [facts["strike_monotonic_ns"] for event, facts in rig.told.events if event == "granted"]
    if not told or not isinstance(told[-1], int):
        raise RuntimeError("expected the door to tell of a strike, it did not")
    return told[-1]
