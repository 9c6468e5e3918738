"""What the controller's tests share: a clock that is set by hand, a reporter that remembers, parts.

The doors are `firmware_stubs`' simulated ones, the disk is real; nothing is mocked.
"""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

from firmware_stubs.simulated_door import SimulatedDoor
from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs, Identity
from lockagent.door_driver import DoorDriver
from lockagent.journal import Journal, Stamp
from lockagent.protocol.access_event import EventKind, JournalEntry, decode_entry
from lockagent.protocol.door_settings import (
    DoorSettings,
    FailMode,
    PointSettings,
    sign_settings,
)
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.root import parse_root, sign_root
from lockagent.protocol.time_token import TimeToken, sign_time_token
from lockagent.protocol.trust_bundle import TrustBundle, sign_bundle
from lockagent.recorder import Recorder
from policies.grant import Window
from policies.vocabulary import AccessPointId, ControllerId, Instant
from tests import town
from tests.vectors.fixed import ROOT_KEYS

CONTROLLER = ControllerId("ctl_0123456789ABCDEF")
ENTRANCE = AccessPointId("torshov/entrance/main")
BOOT_ID = bytes(16)
PATIENCE_SECONDS = 10.0
STAMP = Stamp(town.NOW, Instant(town.NOW + 2), 1000, 1, None, None)


@dataclass
class HandClock:
    """Shows what it is set to; both hands move together by `pass_time`."""

    utc: float = float(town.NOW)
    seconds: float = 1000.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self.utc

    def monotonic(self) -> float:
        """Seconds since some start."""
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        """Move both hands."""
        self.utc += seconds
        self.seconds += seconds


@dataclass
class Told:
    """A reporter that keeps every event, and can be waited on."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: str, **facts: object) -> None:
        """Keep it."""
        self.events.append((event, facts))
        self._changed.set()

    def names(self) -> list[str]:
        """The events so far."""
        return [event for event, _ in self.events]

    async def until(self, event: str, times: int = 1) -> dict[str, object]:
        """Wait until `event` was told so often; the facts of that time."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.names().count(event) < times:
                self._changed.clear()
                await self._changed.wait()
        return [facts for name, facts in self.events if name == event][times - 1]


def identity() -> Identity:
    """The town's controller at Torshov, with its one reader."""
    return Identity(town.REALM, town.TORSHOV, CONTROLLER, town.root_bytes(), (town.READER_ID,))


def make_beliefs(
    folder: Path, clock: HandClock, boot_id: bytes = BOOT_ID, trusts_rtc: bool = False
) -> Beliefs:
    """Beliefs read from `folder`, which need not hold any."""
    return Beliefs(folder, identity(), clock, boot_id, 20, trusts_rtc)


def signed_bundle(**changes: object) -> bytes:
    """The town's bundle, changed."""
    changed: TrustBundle = replace(town.bundle(), **changes)  # type: ignore[arg-type]
    return sign_bundle(changed, town.REALM, town.BUNDLE_KEY)


def signed_token(nonce: bytes, at: int = town.NOW, reader_id: ReaderId = town.READER_ID) -> bytes:
    """The server's answer to `nonce`."""
    return sign_time_token(TimeToken(reader_id, nonce, Instant(at)), town.REALM, town.TIME_KEY)


def point_settings(windows: tuple[Window, ...] = ()) -> PointSettings:
    """An ordinary entrance: 4 s, 12 s for whoever needs longer, held open after 20 s."""
    return PointSettings(town.MAIN, False, 4, 12, 20, FailMode.SECURE, windows)


def signed_settings(version: int = 1, windows: tuple[Window, ...] = ()) -> bytes:
    """The settings of the controller."""
    settings = DoorSettings(CONTROLLER, version, town.NOW, (point_settings(windows),))
    return sign_settings(settings, town.REALM, town.BUNDLE_KEY)


def next_root(drops_bundle_key: bool = False, issued: int = town.NOW) -> bytes:
    """The town's second root, by the threshold of both; it may name another bundle key."""
    held = parse_root(town.root_bytes()).claims
    bundle_keys = (town.fixed_key(502).public,) if drops_bundle_key else held.bundle_keys
    root = replace(held, version=2, issued=Instant(issued), bundle_keys=bundle_keys)
    return sign_root(root, town.REALM, ROOT_KEYS)


@dataclass
class Cabinet:
    """One access point of a controller with everything but radio and server."""

    clock: HandClock
    told: Told
    beliefs: Beliefs
    journal: Journal
    recorder: Recorder
    door: SimulatedDoor
    driver: DoorDriver
    access: AccessPoint

    @classmethod
    def at(cls, folder: Path, is_informed: bool = True) -> "Cabinet":
        """Power-up in `folder`; informed means trust, time and settings have come."""
        folder.mkdir(exist_ok=True)
        clock, told = HandClock(), Told()
        beliefs = make_beliefs(folder, clock)
        if is_informed:
            beliefs.take_bundle(signed_bundle())
            beliefs.take_time_token(signed_token(beliefs.time_nonce()))
            beliefs.take_settings(signed_settings())
        journal = Journal(folder / "journal")
        recorder = Recorder(journal, beliefs, told)
        door = SimulatedDoor(closes_after=0.01)
        driver = DoorDriver(town.MAIN, ENTRANCE, door, beliefs, recorder, told)
        access = AccessPoint(driver, beliefs, recorder, told, clock.monotonic)
        return cls(clock, told, beliefs, journal, recorder, door, driver, access)

    def entries(self) -> list[JournalEntry]:
        """Everything in the journal, read back from the disk."""
        _, entries = self.journal.entries_from(1)
        return [decode_entry(entry) for entry in entries]

    def kinds(self) -> list[EventKind]:
        """What is in the journal."""
        return [entry.kind for entry in self.entries()]
