"""An installation for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.keyserver.town_hall import TownHall, open_town_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[TownHall]:
    """A founded installation with the example documents."""
    async with open_town_hall(tmp_path) as opened:
        yield opened
