"""A whole door in one process: real beliefs, journal, driver and access point on a simulated door.

The clock is turned by hand, the disk is a temporary folder, the air is `simulated_link`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from firmware_stubs.simulated_door import SimulatedDoor
from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs, Identity
from lockagent.door_driver import DoorDriver
from lockagent.journal import Journal
from lockagent.protocol.access_event import EventKind, JournalEntry, decode_entry
from lockagent.protocol.door_settings import DoorSettings, FailMode, PointSettings, sign_settings
from lockagent.protocol.time_token import TimeToken, sign_time_token
from lockagent.protocol.trust_bundle import TrustBundle, sign_bundle
from lockagent.protocol.verification import SeenCredentials
from lockagent.ready_keys import ReadyKeys
from lockagent.recorder import Recorder
from lockagent.session import SPEC_TIMING, DoorSession, SessionTiming
from policies.vocabulary import AccessPointId, ControllerId, Instant
from tests.lockagent.simulated_link import SimulatedLink, SimulatedPhone
from tests.town import (
    BUNDLE_KEY,
    MAIN,
    NOW,
    READER_ID,
    REALM,
    TIME_KEY,
    TORSHOV,
    Town,
    bundle,
    root_bytes,
)

CONTROLLER = ControllerId("ctl_0000000000000001")
DRIFT_PPM = 20


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is turned; UTC in seconds since 1970, monotonic from 1,000."""

    utc: float = float(NOW)
    passed: float = 0.0

    def now(self) -> float:
        """UTC."""
        return self.utc + self.passed

    def monotonic(self) -> float:
        """Since power-up."""
        return 1000.0 + self.passed


@dataclass(slots=True)
class Told:
    """A reporter that keeps what it was told."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def tell(self, event: str, **facts: object) -> None:
        """Keep it."""
        self.events.append((event, facts))

    def count(self, event: str) -> int:
        """How often this was told."""
        return sum(name == event for name, _ in self.events)


def door_settings(sensitive: bool = False, version: int = 1) -> bytes:
    """Signed settings of the main entrance."""
    points = (PointSettings(MAIN, sensitive, 5, 15, 60, FailMode.SECURE),)
    return sign_settings(DoorSettings(CONTROLLER, version, NOW, points), REALM, BUNDLE_KEY)


class DoorRig:
    """One controller's parts for one access point; make it within an event loop."""

    def __init__(
        self,
        folder: Path,
        town: Town | None = None,
        knows_time: bool = True,
        door: SimulatedDoor | None = None,
    ) -> None:
        """A door that knows trust, settings and, if wished, the time."""
        self.town = town or Town.ordinary()
        self.clock = HandClock()
        self.told = Told()
        self.beliefs = Beliefs(
            folder,
            Identity(REALM, TORSHOV, CONTROLLER, root_bytes(), (READER_ID,)),
            self.clock,
            b"boot-1",
            DRIFT_PPM,
        )
        self.hear(bundle())
        if knows_time:
            self.hear_time()
        self.beliefs.take_settings(door_settings())
        self.journal_folder = folder / "journal"
        self.journal = Journal(self.journal_folder)
        self.recorder = Recorder(self.journal, self.beliefs, self.told)
        self.door = door or SimulatedDoor()
        self.driver = DoorDriver(
            MAIN,
            AccessPointId("torshov/entrance/main"),
            self.door,
            self.beliefs,
            self.recorder,
            self.told,
        )
        self.access = AccessPoint(self.driver, self.beliefs, self.recorder, self.told)
        self.seen = SeenCredentials()
        self.beliefs.on_trust_changed(self.seen.forget_all)
        self.ready_keys = ReadyKeys()
        self._links = 0

    def hear(self, news: TrustBundle) -> None:
        """A bundle reaches the door."""
        self.beliefs.take_bundle(sign_bundle(news, REALM, BUNDLE_KEY))

    def hear_time(self) -> None:
        """An answer to the door's nonce: the clock is narrow."""
        token = TimeToken(READER_ID, self.beliefs.time_nonce(), Instant(int(self.clock.now())))
        self.beliefs.take_time_token(sign_time_token(token, REALM, TIME_KEY))

    def connect(
        self,
        town: Town | None = None,
        att_mtu: int = 247,
        timing: SessionTiming = SPEC_TIMING,
    ) -> SimulatedPhone:
        """A phone that has connected; each has an ephemeral key of its own."""
        self._links += 1
        link = SimulatedLink(self._links, att_mtu)
        session = DoorSession(
            link, self.town.identity, self.access, self.beliefs, self.ready_keys, self.seen, timing
        )
        return SimulatedPhone(town or self.town, link, session, seed=1000 + self._links)

    def stop(self) -> None:
        """Drop the timers and close the journal."""
        self.driver.stop()
        self.door.stop()
        self.journal.close()

    def entries(self, kind: EventKind | None = None) -> list[JournalEntry]:
        """The journal as it stands on the disk, all of it or of one kind."""
        _, written = self.journal.entries_from(1)
        entries = [decode_entry(each) for each in written]
        return [entry for entry in entries if kind in (None, entry.kind)]
