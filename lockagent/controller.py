"""The whole controller: its doors, readers, journal and server, from start to the last entry.

Put together here and nowhere else. Rules kept here:
- one process a state directory: a second one is refused, since two would write one journal;
- the first entry of a run is BOOT, with what was found amiss; the last is SHUTDOWN;
- doors are secured before the first phone can connect and after the last one has gone;
- what was written last is sent before the end, where the server is within reach;
- what the disk does not take of the beliefs is a fault, and tried again every second.

What each part does is its own module's.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import aiohttp

from firmware_stubs.interfaces import ControllerHardware
from lockagent.access import AccessPoint
from lockagent.beliefs import Beliefs, Identity
from lockagent.config import DoorConfig
from lockagent.door_driver import DoorDriver
from lockagent.exchange import ReaderIdentity
from lockagent.installation import Installation, InstalledReader, read_key, write_installation
from lockagent.journal import Happening, Journal, detail_of
from lockagent.link import Peripheral
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.time_source import Clock
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from lockagent.reader import Reader
from lockagent.recorder import Recorder
from lockagent.reporting import Reporter
from lockagent.server_link import ServerLink
from lockagent.sync import Sync
from lockagent.unlock_schedule import stands_unlocked

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
        self._is_disk_refusing = False

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
                await _end_all(going_on)
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
        self._beliefs.persist_clock()
        self._write_beliefs()
        self._journal.close()
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
            self._recorder.note(Happening(EventKind.FAULT, details={"detail": detail_of(doubt)}))
            self._reporter.tell("fault", detail=doubt)

    async def _tick(self) -> None:
        """What is due every second, minute and hour."""
        ticks = 0
        while True:
            for driver in self._drivers:
                driver.follow_settings()
                driver.follow_schedule(self._stands_unlocked(driver))
            if ticks % _FAILURES_EVERY_TICKS == 0:
                for access_point in self._access_points:
                    access_point.record_failures()
            if ticks % _CLOCK_EVERY_TICKS == 0:
                self._beliefs.persist_clock()
            self._write_beliefs()
            ticks += 1
            await asyncio.sleep(_TICK_SECONDS)

    def _stands_unlocked(self, driver: DoorDriver) -> bool:
        settings = self._beliefs.settings_of(driver.number)
        return stands_unlocked(settings, self._beliefs.trust, self._beliefs.reading())

    def _write_beliefs(self) -> None:
        """Try again what the disk did not take; a fault is told when it begins and when it ends."""
        try:
            self._beliefs.write_rest()
        except OSError as error:
            if not self._is_disk_refusing:
                self._is_disk_refusing = True
                said = (error.strerror or "an error").lower()
                detail = f"expected the disk to take what is believed, got: {said}"
                self._recorder.note(Happening(EventKind.FAULT, details={"detail": detail}))
                self._reporter.tell("fault", detail=detail)
        else:
            if self._is_disk_refusing:
                self._is_disk_refusing = False
                detail = "what is believed is on the disk"
                self._recorder.note(Happening(EventKind.FAULT_CLEARED, details={"detail": detail}))
                self._reporter.tell("fault_cleared", detail=detail)

    def _renew_certificate(self, received: bytes) -> bool:
        """Take a renewed reader certificate, and say whether it was new.

        TrustRefused, MalformedMessage; OSError where it cannot be kept: it is then not used.
        """
        if any(installed.certificate == received for installed in self._installation.readers):
            return False
        parsed = parse_reader_certificate(received)
        claims = parsed.claims
        hi = self._beliefs.reading().hi
        if hi is not None and claims.issued_at > hi:
            detail = f"expected a certificate issued by {hi}, got {claims.issued_at}"
            raise TrustRefused(TrustFault.FROM_THE_FUTURE, detail)
        self._beliefs.trust.verified(parsed, ObjectType.READER, Role.READER, claims.issued_at)
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
                return True
        detail = f"expected a certificate of a reader here, got {claims.reader_id.hex()}"
        raise TrustRefused(TrustFault.OTHER_CONTROLLER, detail)

    def _in_order(self) -> list[InstalledReader]:
        """The installed readers in the order of `door.toml`, which says their radios."""
        by_point = {reader.access_point: reader for reader in self._installation.readers}
        return [by_point[reader.access_point] for reader in self._config.readers]

    def _identity_of(self, installed: InstalledReader) -> ReaderIdentity:
        key: SoftwareKey = self._reader_keys[installed.access_point]
        return ReaderIdentity(installed.reader_id, key, installed.certificate)


async def _end_all(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: `wait_for` of Python 3.11 can swallow a cancellation."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_TICK_SECONDS)


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
