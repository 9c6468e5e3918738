"""A whole installation in a test's folder: real files, real keys, the example documents.

    async with open_town_hall(tmp_path) as hall: ...

`NORA` may enter the library now, `AMUND` may not (he is 14), `INGRID` lives at storgata-7. The
clock stands still at `NOW` until a test moves `hall.clock.at`.
"""

import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import sqlalchemy as sa

from keyserver.config import FILE_NAME, Config, read_config
from keyserver.errors import Superseded
from keyserver.founding import Foundation, found_installation
from keyserver.services.clients import Client
from keyserver.services.doors.controllers import Provisioned, ReaderRequest
from keyserver.services.installation import Installation, Tenant, open_installation
from keyserver.services.issuing.revocation import RevocationKind, Revoked, revoke
from keyserver.services.people.codes import CODE_MINUTES, Purpose, make_code
from keyserver.services.people.effect import Effect
from keyserver.services.people.importing import (
    ImportedPeople,
    ImportedPlaces,
    import_people,
    import_places,
)
from keyserver.services.people.publishing import (
    ADMINISTRATOR,
    Published,
    approve,
    make_draft,
    publish_draft,
    weigh,
)
from keyserver.services.people.record_importing import ImportedRecords, import_records
from keyserver.storage.tables import metadata
from lockagent.protocol.keys import SoftwareKey
from policies.public_holidays import norwegian_holidays
from policies.revisions import Draft, DraftId
from policies.vocabulary import Environment, Instant, PersonId, TenantId, parse_instant

T = TypeVar("T")

NOW = parse_instant("2026-10-14T17:00:00Z")
"""A Wednesday, 19:00 in Oslo."""
NORA, AMUND, INGRID, KARIM, ODD = (
    PersonId(name) for name in ("nora", "amund", "ingrid", "karim", "odd")
)
TENANT = TenantId("oslo")
LIBRARY, LIBRARY_CONTROLLER = "torshov", "torshov-1"
LIBRARY_POINTS = ("torshov/entrance/main", "torshov/entrance/side")
EXAMPLES = Path(__file__).resolve().parents[2] / "policies" / "examples"
DOCUMENTS = ("torshov.yaml", "storgata-7.yaml", "haraldrud.yaml", "pool.yaml")
ADDRESS = "192.0.2.7"


@dataclass(slots=True)
class StandingClock:
    """A clock that a test sets; what is monotonic runs on."""

    at: float = float(NOW)

    def now(self) -> float:
        """Seconds since 1970, as set."""
        return self.at

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()


@dataclass(slots=True)
class Phone:
    """An enrolled device and its key."""

    client: Client
    key: SoftwareKey


@dataclass(slots=True)
class Door:
    """A provisioned controller and its keys."""

    client: Client
    provisioned: Provisioned
    agent_key: SoftwareKey
    reader_keys: dict[str, SoftwareKey]


@dataclass(slots=True)
class TownHall:
    """The installation, and what an administrator does to it."""

    installation: Installation
    config: Config
    clock: StandingClock = field(default_factory=StandingClock)

    @property
    def tenant(self) -> Tenant:
        """The one municipality of the installation."""
        return self.installation.tenants[TENANT]

    @property
    def at(self) -> Instant:
        """What the clock shows."""
        return Instant(int(self.clock.at))

    async def write(self, unit: Callable[[sa.Connection], T]) -> T:
        """Do something to the database as a verb would."""
        return await self.installation.store.write(unit)

    async def enrol_code(self, person: str) -> str:
        """A code for a person."""
        return await self._code(Purpose.DEVICE, person)

    async def controller_code(self, controller: str) -> str:
        """A code for a controller of the places file."""
        return await self._code(Purpose.CONTROLLER, controller)

    async def enrol(self, person: str) -> Phone:
        """Enrol a fresh phone for a person."""
        key = SoftwareKey.generate()
        code = await self.enrol_code(person)
        enrolled = await self.tenant.enrolment.enrol(
            code, key.public, "phone", "test", ADDRESS, None, self.at
        )
        client = await self.tenant.clients.find(enrolled.device)
        if client is None:
            raise RuntimeError("expected the device just enrolled, got none")
        return Phone(client, key)

    async def provision(
        self, controller: str = LIBRARY_CONTROLLER, points: tuple[str, ...] = LIBRARY_POINTS
    ) -> Door:
        """Provision a controller with fresh keys."""
        agent_key = SoftwareKey.generate()
        reader_keys = {point: SoftwareKey.generate() for point in points}
        provisioned = await self.tenant.controllers.provision(
            await self.controller_code(controller),
            agent_key.public,
            "test 1",
            [ReaderRequest(point, key.public) for point, key in reader_keys.items()],
            ADDRESS,
            None,
            self.at,
        )
        client = await self.tenant.clients.find(provisioned.controller)
        if client is None:
            raise RuntimeError("expected the controller just provisioned, got none")
        return Door(client, provisioned, agent_key, reader_keys)

    async def revoke(self, kind: RevocationKind, target: str) -> Revoked:
        """Revoke as an administrator does."""
        return await self.write(
            lambda connection: revoke(
                connection, self.tenant.authority, kind, target, "test", self.at
            )
        )

    async def revoke_device(self, device: str) -> Revoked:
        """Revoke a device."""
        return await self.revoke(RevocationKind.DEVICE, device)

    async def import_places(self, text: str) -> ImportedPlaces:
        """Import a places file."""
        store, authority = self.installation.store, self.tenant.authority
        return await import_places(store, authority, text, "places.yaml", self.at)

    async def import_people(self, text: str) -> ImportedPeople:
        """Import a people file."""
        store, authority = self.installation.store, self.tenant.authority
        return await import_people(store, authority, text, "people.yaml", self.at)

    async def import_records(self, text: str) -> ImportedRecords:
        """Import a records file."""
        store, authority = self.installation.store, self.tenant.authority
        return await import_records(store, authority, text, "records.yaml", self.at)

    async def draft(self, documents: dict[str, str], author: str = ADMINISTRATOR) -> Draft:
        """Keep documents as a draft."""
        store, authority = self.installation.store, self.tenant.authority
        return await make_draft(store, authority, documents, norwegian_holidays(), author, self.at)

    async def weigh(self, draft: DraftId, active_from: Instant | None = None) -> Effect:
        """What a draft would change, from now on unless told otherwise."""
        start = self.at if active_from is None else active_from
        return await weigh(self.installation.store, self.tenant.id, draft, self.at, start, 7)

    async def publish(
        self, documents: dict[str, str], active_from: Instant | None = None
    ) -> Published:
        """Publish documents; whoever has to agree does."""
        store, authority = self.installation.store, self.tenant.authority
        name = (await self.draft(documents)).id
        while True:
            effect = await self.weigh(name, active_from)
            if effect.reasons:
                await approve(store, authority.tenant, effect, ODD, self.at)
            with suppress(Superseded):
                return await publish_draft(store, authority, effect, self.at)

    async def rows(self, table: str) -> int:
        """How many rows a table has."""
        count = sa.select(sa.func.count()).select_from(metadata.tables[table])
        return await self.installation.store.read(
            lambda connection: connection.execute(count).scalar_one()
        )

    async def _code(self, purpose: Purpose, made_for: str) -> str:
        authority = self.tenant.authority
        code, _ = await self.write(
            lambda connection: make_code(
                connection,
                authority.tenant,
                purpose,
                made_for,
                CODE_MINUTES,
                authority.random_bytes,
                self.at,
            )
        )
        return code


def example(name: str) -> str:
    """The text of an example document."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def places_with(**registers: str) -> str:
    """The example places with a name in each of these registers, all of which they leave empty."""
    text = example("places.yaml")
    for register, name in registers.items():
        text = text.replace(f"{register}: []", f"{register}: [{name}]")
    return text


def torshov(*rules: str) -> dict[str, str]:
    """A document of the library with these rules, an item of YAML each; it never closes."""
    written = "".join(f"- {rule}\n" for rule in rules)
    return {"torshov.yaml": f"for: building:torshov\ntime_zone: Europe/Oslo\npolicies:\n{written}"}


def example_documents() -> dict[str, str]:
    """The example documents, by name."""
    return {name: example(name) for name in DOCUMENTS}


def town_clock(folder: Path) -> Path:
    """The file of a clock that shows a minute before `NOW`: nothing signed comes from later."""
    folder.mkdir(parents=True, exist_ok=True)
    clock_file = folder / "clock.json"
    clock_file.write_text(
        f'{{"utc": "2026-10-14T16:59:00Z", "monotonic_ns": {time.monotonic_ns()}}}'
    )
    return clock_file


async def found(folder: Path, url: str = "http://127.0.0.1:0") -> Config:
    """`keyserver init` in `folder`, its clock standing at `NOW`."""
    clock_file = town_clock(folder)
    home = folder / "keyserver"
    return await found_installation(
        Foundation(home, TENANT, url, Environment.DEVELOPMENT, f"town:{clock_file}", None)
    )


_FOUNDED: dict[bool, TemporaryDirectory[str]] = {}
"""Installations founded once and copied for each test: keys and migrations take their time."""


@asynccontextmanager
async def open_town_hall(folder: Path, *, is_published: bool = True) -> AsyncIterator[TownHall]:
    """A founded installation, opened; with the example documents unless told otherwise."""
    if is_published not in _FOUNDED:
        founded = TemporaryDirectory(prefix="town-hall-")
        config = await found(Path(founded.name))
        if is_published:
            async with _opened(config) as hall:
                await hall.import_places(example("places.yaml"))
                await hall.import_people(example("people.yaml"))
                await hall.publish(example_documents())
        _FOUNDED[is_published] = founded
    home = folder / "keyserver"
    shutil.copytree(Path(_FOUNDED[is_published].name) / "keyserver", home)
    async with _opened(read_config(home / FILE_NAME)) as hall:
        yield hall


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[TownHall]:
    clock = StandingClock()
    async with open_installation(config, clock) as installation:
        yield TownHall(installation, config, clock)
