"""A phone's surroundings: the town's clock as a file, an issuer on a free port, an empty home."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lockagent.protocol.time_source import TownClock
from mobile_sdk.device_key import FileKeyStore
from mobile_sdk.phone import Phone
from policies.vocabulary import Instant, instant_text
from tests.mobile_sdk.issuer_simulator import CODE, IssuerSimulator, serve
from tests.town import DAY, NOW


def write_clock(path: Path, at: Instant) -> Path:
    """A town's clock that shows `at` now, and runs."""
    written = {"utc": instant_text(at), "monotonic_ns": time.monotonic_ns()}
    path.write_text(json.dumps(written))
    return path


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    """A clock that shows NOW."""
    return write_clock(tmp_path / "clock.json", NOW)


@pytest.fixture
def late_clock(tmp_path: Path) -> str:
    """The setting of a clock that is two days ahead."""
    return f"town:{write_clock(tmp_path / 'late.json', Instant(NOW + 2 * DAY))}"


@pytest.fixture
def clock(clock_file: Path) -> str:
    """The setting that names the town's clock."""
    return f"town:{clock_file}"


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    """A home where nothing was written yet."""
    return FileKeyStore(tmp_path / "home")


@pytest_asyncio.fixture
async def issuer(clock_file: Path) -> AsyncIterator[IssuerSimulator]:
    """A key server with one door and one person."""
    async with serve(IssuerSimulator(TownClock.read(clock_file))) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def phone(issuer: IssuerSimulator, store: FileKeyStore, clock: str) -> Phone:
    """A phone that is enrolled and has fetched nothing."""
    return await Phone.enrol(issuer.url, CODE, store, clock=clock, language="en")
