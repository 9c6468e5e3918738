"""The whole controller: its doors, readers, journal and server, from start to the last entry.

Put together here and nowhere else. Rules kept here:
- one process a state directory: a second one is refused, since two would write one journal;
- the first entry of a run is BOOT, with what was found amiss; the last is SHUTDOWN;
- doors are secured before the first phone can connect and after the last one has gone;
- what was written last is sent before the end, where the server is within reach;
- an unlock schedule holds only while time is known, trust has not expired and nothing is locked
  down: SPEC.md 7 and 8.

What each part does is its own module's.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import aiohttp

from firmware_stubs.interfaces import ControllerHardware
from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs, Identity
from lockagent.clock import WIDEST_SECONDS
from lockagent.config import DoorConfig
from lockagent.door_driver import DoorDriver
from lockagent.exchange import ReaderIdentity
from lockagent.installation import Installation, InstalledReader, read_key, write_installation
from lockagent.journal import Happening, Journal
from lockagent.link import Peripheral
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.keys import BadSignature, SoftwareKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.time_source import Clock
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from lockagent.reader import Reader
from lockagent.recorder import Recorder
from lockagent.reporting import Reporter
from lockagent.server_link import ServerLink
from lockagent.sync import Sync

JOURNAL_FOLDER = "journal"
_LOCK = "lock"
_TICK_SECONDS = 1.0
_FAILURES_EVERY_TICKS = 60
_CLOCK_EVERY_TICKS = 3600

PeripheralOpener = Callable[[int], Peripheral]
"""The radio of the reader at a position of `door.toml`."""


class AlreadyRunning(Exception):
    """Another process has this state directory."""


class Controller:
    """One controller, installed and configured."""

    def __init__(
        self,
        config: DoorConfig,
        installation: Installation,
        hardware: ControllerHardware,
        open_peripheral: PeripheralOpener,
        clock: Clock,
        reporter: Reporter,
    ) -> None:
        """Read keys and beliefs; NotInstalled, AlreadyRunning, OSError, MalformedMessage."""
        self._config = config
        self._installation = installation
        self._hardware = hardware
        self._open_peripheral = open_peripheral
        self._clock = clock
        self._reporter = reporter
        self._agent_key = read_key(config.agent_key)
        self._reader_keys = {reader.access_point: read_key(reader.key) for reader in config.readers}
        self._lock = _lock(config.state_directory)
        self._beliefs = Beliefs(
            config.state_directory,
            Identity(
                realm=Realm(config.environment, config.tenant),
                facility=installation.facility,
                controller=installation.controller,
                root=installation.root,
                reader_ids=tuple(reader.reader_id for reader in installation.readers),
            ),
            clock,
            hardware.boot_id,
            config.drift_ppm,
            config.trusted_rtc,
        )
        self._journal = Journal(config.state_directory / JOURNAL_FOLDER)
        self._recorder = Recorder(self._journal, self._beliefs, reporter)
        self._access_points: list[AccessPoint] = []
        self._drivers: list[DoorDriver] = []
        self._readers: list[Reader] = []
        self._is_secured = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; RadioLost or OSError where it cannot begin."""
        self._record_boot()
        try:
            await self._hardware.start()
            for position, installed in enumerate(self._in_order()):
                self._build(position, installed)
            for reader in self._readers:
                await reader.start()
            self._reporter.tell(
                "ready",
                controller=self._installation.controller,
                readers=[
                    {
                        "access_point": installed.access_point,
                        "number": installed.number,
                        "reader_id": installed.reader_id.hex(),
                    }
                    for installed in self._in_order()
                ],
            )
            await self._work_until(stop)
        finally:
            await self._end()

    async def _work_until(self, stop: asyncio.Event) -> None:
        """Everything that goes on side by side; one that fails ends all, and goes up."""
        async with aiohttp.ClientSession() as http:
            link = ServerLink(
                http,
                self._agent_key,
                self._installation.controller,
                self._installation.issuer,
                self._clock,
            )
            sync = Sync(
                link,
                self._beliefs,
                self._journal,
                self._recorder,
                self._reporter,
                self._agent_key,
                self._renew_certificate,
            )
            async with asyncio.TaskGroup() as work:
                going_on = [
                    work.create_task(sync.run()),
                    work.create_task(self._tick()),
                    *(work.create_task(reader.stay()) for reader in self._readers),
                ]
                await stop.wait()
                for task in going_on:
                    task.cancel()
            await self._secure()
            await sync.send_rest()

    async def _secure(self) -> None:
        """Leave the air, secure the doors, write the last entry; once."""
        if self._is_secured:
            return
        self._is_secured = True
        for reader in self._readers:
            await reader.stop()
        for access_point in self._access_points:
            access_point.record_failures()
        for driver in self._drivers:
            driver.stop()
        await self._hardware.stop()
        self._recorder.note(Happening(EventKind.SHUTDOWN))

    async def _end(self) -> None:
        await self._secure()
        self._journal.close()
        self._keep_clock()
        os.close(self._lock)
        self._reporter.tell("stopped")

    def _build(self, position: int, installed: InstalledReader) -> None:
        """One access point: its door, its decisions, its reader."""
        driver = DoorDriver(
            installed.number,
            installed.access_point,
            self._hardware.door(installed.access_point),
            self._beliefs,
            self._recorder,
            self._reporter,
        )
        access = AccessPoint(driver, self._beliefs, self._recorder, self._reporter)
        reader = Reader(
            self._identity_of(installed),
            self._open_peripheral(position),
            access,
            driver,
            self._beliefs,
            self._reporter,
        )
        self._drivers.append(driver)
        self._access_points.append(access)
        self._readers.append(reader)

    def _record_boot(self) -> None:
        """The first entry, and one for each thing found amiss."""
        self._recorder.note(Happening(EventKind.BOOT, details={"boot": self._beliefs.boot}))
        doubts = list(self._beliefs.doubts)
        if self._journal.cut_bytes:
            doubts.append(f"the journal ended in {self._journal.cut_bytes} bytes of no entry")
        if self._journal.is_behind:
            doubts.append("the journal ends before what the server has acknowledged")
        for doubt in doubts:
            self._recorder.note(Happening(EventKind.FAULT, details={"detail": doubt[:120]}))
            self._reporter.tell("fault", detail=doubt)

    async def _tick(self) -> None:
        """What is due every second, minute and hour."""
        ticks = 0
        while True:
            for driver in self._drivers:
                driver.follow_schedule(self._stands_unlocked(driver))
            if ticks % _FAILURES_EVERY_TICKS == 0:
                for access_point in self._access_points:
                    access_point.record_failures()
            if ticks % _CLOCK_EVERY_TICKS == 0:
                self._keep_clock()
            ticks += 1
            await asyncio.sleep(_TICK_SECONDS)

    def _stands_unlocked(self, driver: DoorDriver) -> bool:
        reading, trust = self._beliefs.reading(), self._beliefs.trust
        settings = self._beliefs.settings_of(driver.number)
        if settings is None or trust.lockdown or trust.is_expired(reading.hi):
            return False
        hi = reading.hi
        if hi is None or not reading.is_narrow(WIDEST_SECONDS):
            return False
        return any(start <= hi < end for start, end in settings.unlock_windows)

    def _keep_clock(self) -> None:
        try:
            self._beliefs.persist_clock()
        except OSError as error:
            self._reporter.tell("fault", detail=f"expected to write the clock, got: {error}")

    def _renew_certificate(self, received: bytes) -> None:
        """Take a renewed reader certificate; TrustRefused or MalformedMessage."""
        parsed = parse_reader_certificate(received)
        claims, trust = parsed.claims, self._beliefs.trust
        key = trust.issuer_key(parsed.sign1.kid, Role.READER, claims.issued_at)
        try:
            parsed.verify(ObjectType.READER, trust.realm, key)
        except BadSignature as error:
            detail = "expected a certificate by the issuer's reader key, got another"
            raise TrustRefused(TrustFault.SIGNATURE, detail) from error
        for reader, installed in zip(self._readers, self._in_order(), strict=True):
            if installed.reader_id == claims.reader_id:
                if (
                    claims.reader_key != self._reader_keys[installed.access_point].public
                    or installed.number not in claims.points
                    or claims.facility != installed.access_point.partition("/")[0]
                ):
                    break
                renewed = self._installation.with_certificate(installed.reader_id, received)
                write_installation(self._config.state_directory, renewed)
                self._installation = renewed
                reader.renew(
                    ReaderIdentity(
                        installed.reader_id, self._reader_keys[installed.access_point], received
                    )
                )
                return
        detail = f"expected a certificate of a reader here, got {claims.reader_id.hex()}"
        raise TrustRefused(TrustFault.OTHER_CONTROLLER, detail)

    def _in_order(self) -> list[InstalledReader]:
        """The installed readers in the order of `door.toml`, which says their radios."""
        by_point = {reader.access_point: reader for reader in self._installation.readers}
        return [by_point[reader.access_point] for reader in self._config.readers]

    def _identity_of(self, installed: InstalledReader) -> ReaderIdentity:
        key: SoftwareKey = self._reader_keys[installed.access_point]
        return ReaderIdentity(installed.reader_id, key, installed.certificate)


def _lock(state_directory: Path) -> int:
    """An open file that no other process can lock while this one lives."""
    state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(state_directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(opened)
        sentence = f"expected to be alone with {state_directory}, got another lockagent there"
        raise AlreadyRunning(sentence) from error
    return opened
