"""How all tests run: hypothesis prints what repeats a failure and has no deadline of its own.

These machines are shared, so a slow example says nothing about the code; timing is `make bench`'s.
The short form draws the same examples every time, so that a red run is the change's fault; `make
campaign` (`HYPOTHESIS_PROFILE=long`) draws new ones, and more where a property sets no count. `make
mutation` draws the first of the short form's, and does not look for smaller ones of a failure.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from hypothesis import HealthCheck, Phase, settings

from tests.lockagent.door_rig import DoorRig

settings.register_profile(
    "short",
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # why: the machine's slowness, not the strategy's
)
settings.register_profile(
    "long", settings.get_profile("short"), derandomize=False, max_examples=5_000
)
settings.register_profile(
    "mutation",
    settings.get_profile("short"),
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[DoorRig]:
    """A whole door in one process."""
    rig = DoorRig(tmp_path)
    yield rig
    rig.stop()
