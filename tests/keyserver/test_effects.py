"""Approval is asked by effect, also where windows alone do not show the effect of an edit."""

from collections.abc import Sequence

import pytest

from tests.keyserver.test_records import records
from tests.keyserver.town_hall import TownHall, example, places_with

TECHNICIANS = (
    '{id: plant, doors: "door:frogner-pool/plant-room", allow: {role: pool-technician}, '
    "during: always}"
)
LIMITED = TECHNICIANS.replace(
    "during: always", "during: always, limits: {visits: 1 per day, offline: refuse}"
)
CLOSED = (
    '{id: closed, doors: "building:frogner-pool", deny: anyone, active: {switch: closed/pool}, '
    "reason: maintenance}"
)
LIFTED = CLOSED.replace("deny: anyone,", "deny: anyone, except: {role: pool-technician},")
WAITING = (
    '{id: foyer, doors: "door:frogner-pool/turnstile/main", '
    "unlock: {after: {role: pool-technician}}, during: always}"
)
FOYER = WAITING.replace("{after: {role: pool-technician}}", "anyone")


def pool(*rules: str) -> dict[str, str]:
    """A document of the pool with these rules, an item of YAML each."""
    written = "".join(f"- {rule}\n" for rule in rules)
    return {
        "pool.yaml": f"for: building:frogner-pool\ntime_zone: Europe/Oslo\npolicies:\n{written}"
    }


async def reasons(hall: TownHall, before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Why the edit needs approval, a switch of the pool being off."""
    await hall.import_places(places_with(switches="closed/pool"))
    await hall.import_records(records(switches="closed/pool: off"))
    await hall.publish(pool(*before))
    effect = await hall.weigh((await hall.draft(pool(*after))).id)
    return [str(reason) for reason in effect.reasons]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((TECHNICIANS, CLOSED), (TECHNICIANS,)),
        ((TECHNICIANS, CLOSED), (TECHNICIANS, LIFTED)),
        ((LIMITED,), (TECHNICIANS,)),
    ],
    ids=["a switched deny goes", "its except widens", "a limit goes"],
)
async def test_doing_away_with_what_windows_do_not_hold_is_a_gain(
    hall: TownHall, before: Sequence[str], after: Sequence[str]
) -> None:
    (said,) = await reasons(hall, before, after)
    assert said.endswith("gain at frogner-pool/plant-room, which is sensitive")


async def test_an_unlock_that_no_longer_waits_for_anybody_needs_approval(hall: TownHall) -> None:
    (said,) = await reasons(hall, (TECHNICIANS, WAITING), (TECHNICIANS, FOYER))
    assert said == "frogner-pool/turnstile/main comes to stand unlocked, to everybody"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((TECHNICIANS,), (TECHNICIANS, CLOSED)),
        ((TECHNICIANS,), (LIMITED,)),
    ],
    ids=["a switched deny comes", "a limit comes"],
)
async def test_a_proviso_that_is_added_gains_nobody_anything(
    hall: TownHall, before: Sequence[str], after: Sequence[str]
) -> None:
    assert [said for said in await reasons(hall, before, after) if "gain" in said] == []


async def test_whom_a_stale_register_hides_counts_as_if_it_had_been_read(hall: TownHall) -> None:
    stale = "registers: {role: {fresh_until: 2026-10-01T00:00:00Z}}\n"
    await hall.import_people(stale + example("people.yaml"))
    (said,) = await reasons(
        hall, (TECHNICIANS.replace("role: pool-technician", "age: 99+"),), (TECHNICIANS,)
    )
    assert said.endswith("gain at frogner-pool/plant-room, which is sensitive")
