"""A served installation for each test that asks for one, and callers of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.keyserver.http.served import Caller, Served, served_hall
from tests.keyserver.town_hall import NORA


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The example documents, served over a fresh SQLite file."""
    async with served_hall(tmp_path) as running:
        yield running


@pytest.fixture
async def phone(served: Served) -> Caller:
    """An enrolled phone of a person with a key to somewhere, logged in."""
    caller = served.caller()
    assert (await caller.enrol(NORA)).status == 201
    return caller


@pytest.fixture
async def controller(served: Served) -> Caller:
    """A provisioned door controller, logged in."""
    caller = served.caller()
    assert (await caller.provision()).status == 201
    return caller
