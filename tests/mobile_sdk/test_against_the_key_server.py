"""The SDK and the key server, which never import each other, hold the same HTTP contract."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from keyserver.app import create_app, runner_of
from keyserver.services.installation import open_installation
from mobile_sdk import EnrolmentRefused, FileKeyStore, Phone, Refused
from mobile_sdk.server import ServerRefused
from tests.keyserver.town_hall import (
    KARIM,
    NORA,
    NOW,
    StandingClock,
    TownHall,
    example,
    example_documents,
    found,
)

Enrol = Callable[[str], Awaitable[Phone]]


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[TownHall]:
    """The example documents and a provisioned library, served where the phones will look."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = await found(tmp_path / "hall", f"http://127.0.0.1:{listening.getsockname()[1]}")
        clock = StandingClock()
        async with open_installation(config, clock) as installation:
            hall = TownHall(installation, config, clock)
            await hall.import_places(example("places.yaml"))
            await hall.import_people(example("people.yaml"))
            await hall.publish(example_documents())
            await hall.provision()
            runner = runner_of(create_app(installation))
            await runner.setup()
            await web.SockSite(runner, listening).start()
            yield hall
            installation.changes.close()
            await runner.cleanup()


@pytest.fixture
def enrol(hall: TownHall, tmp_path: Path, clock: str) -> Enrol:
    """Enrol a phone for a person, each in a home of its own."""

    async def enrol(person: str) -> Phone:
        store = FileKeyStore(tmp_path / person)
        code = await hall.enrol_code(person)
        return await Phone.enrol(hall.tenant.issuer, code, store, clock=clock, language="en")

    return enrol


async def test_a_member_gets_a_credential_that_the_phone_accepts(enrol: Enrol) -> None:
    nora = await enrol(NORA)
    report = await nora.refresh()
    assert "torshov" in report.credentials
    library = next(
        view for view in nora.access_points() if view.access_point == "torshov/entrance/main"
    )
    assert (library.has_key, library.open_now, library.sentence) == (True, True, "")


async def test_a_second_refresh_replaces_the_first(enrol: Enrol, hall: TownHall) -> None:
    nora = await enrol(NORA)
    first = await nora.refresh()
    hall.clock.at = NOW + 5
    assert (await nora.refresh()).credentials == first.credentials


async def test_one_who_lives_elsewhere_is_refused_by_her_phone_in_the_servers_words(
    enrol: Enrol,
) -> None:
    karim = await enrol(KARIM)
    await karim.refresh()
    outcome = await karim.open("storgata-7/waste")
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason) == ("phone", "resident")
    assert outcome.sentence.startswith("This is only for people who live at Storgata 7 borettslag.")


async def test_a_code_is_good_once(hall: TownHall, tmp_path: Path, clock: str) -> None:
    code = await hall.enrol_code(NORA)
    await Phone.enrol(hall.tenant.issuer, code, FileKeyStore(tmp_path / "one"), clock=clock)
    with pytest.raises(EnrolmentRefused, match="code-not-accepted"):
        await Phone.enrol(hall.tenant.issuer, code, FileKeyStore(tmp_path / "two"), clock=clock)


async def test_a_revoked_phone_is_told_that_it_is_not_known(
    enrol: Enrol, hall: TownHall, tmp_path: Path
) -> None:
    nora = await enrol(NORA)
    await nora.refresh()
    phone_file = (tmp_path / NORA / "phone.json").read_text()
    device = phone_file.split('"device":"')[1].split('"')[0]
    await hall.revoke_device(device)
    with pytest.raises(ServerRefused) as refused:
        await nora.refresh()
    assert refused.value.problem == "invalid_client"
