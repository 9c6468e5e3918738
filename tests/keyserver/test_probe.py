"""The probe behind `/health`: a row that is really written, and nothing believed for long."""

import sqlite3
from dataclasses import dataclass

from keyserver.services.probe import BUNDLE_LATE_SECONDS, STALE_AFTER_SECONDS
from tests.keyserver.town_hall import NOW, TownHall


@dataclass(slots=True)
class _Clock:
    at: float = float(NOW)
    elapsed: float = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed


def _probes(hall: TownHall) -> int:
    with sqlite3.connect(hall.config.database) as database:
        row = database.execute("SELECT value FROM counter WHERE name = 'probes'").fetchone()
    return 0 if row is None else int(row[0])


async def test_a_probe_commits_a_row(hall: TownHall) -> None:
    probe = hall.installation.probe
    await probe.look(_Clock())
    await probe.look(_Clock())
    assert _probes(hall) == 2


async def test_asking_writes_nothing_once_somebody_has_looked(hall: TownHall) -> None:
    clock, probe = _Clock(), hall.installation.probe
    for _ in range(50):
        assert await probe.found(clock) == {"database": True, "bundles": True}
    assert _probes(hall) == 1


async def test_what_was_found_too_long_ago_counts_for_nothing(hall: TownHall) -> None:
    clock, probe = _Clock(), hall.installation.probe
    await probe.look(clock)
    clock.elapsed += STALE_AFTER_SECONDS
    assert all((await probe.found(clock)).values())
    clock.elapsed += 1
    assert not any((await probe.found(clock)).values())


async def test_a_bundle_not_signed_for_two_days_is_a_failure(hall: TownHall) -> None:
    clock, probe = _Clock(), hall.installation.probe
    clock.at += BUNDLE_LATE_SECONDS
    assert await probe.found(clock) == {"database": True, "bundles": False}


async def test_a_store_that_cannot_be_written_fails_the_probe(hall: TownHall) -> None:
    clock, probe = _Clock(), hall.installation.probe
    hall.installation.store.close()
    assert await probe.found(clock) == {"database": False, "bundles": False}
