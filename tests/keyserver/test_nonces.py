"""Nonces, identifiers that count once, and news for long-polls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyserver.errors import AlreadyUsed
from keyserver.services.installation import open_installation
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.services.nonces import KEY_BYTES, NONCE_SECONDS, Nonces
from policies.vocabulary import Instant
from tests.keyserver.test_issuance import ask, request
from tests.keyserver.town_hall import NORA, NOW, StandingClock, TownHall

NONCES = Nonces(bytes(range(KEY_BYTES)))


@given(st.integers(0, 2**33), st.integers(-1_000, 1_000))
def test_a_nonce_holds_in_its_bucket_and_the_next(made: int, later: int) -> None:
    at = max(0, made + later)
    buckets = at // NONCE_SECONDS - made // NONCE_SECONDS
    nonce = NONCES.dpop(Instant(made))
    assert NONCES.is_dpop(nonce, Instant(at)) == (buckets in (0, 1))


@given(st.text())
def test_a_text_that_is_no_nonce_is_none(text: str) -> None:
    assert not NONCES.is_dpop(text, NOW)


def test_a_credential_nonce_is_for_one_device_and_no_proof() -> None:
    nonce = NONCES.credential("dev_A", NOW)
    assert NONCES.is_credential(nonce, "dev_A", NOW)
    assert not NONCES.is_credential(nonce, "dev_B", NOW)
    assert not NONCES.is_dpop(nonce, NOW)
    assert not NONCES.is_credential(NONCES.dpop(NOW), "dev_A", NOW)


def test_another_key_makes_other_nonces() -> None:
    assert not NONCES.is_dpop(Nonces(bytes(KEY_BYTES)).dpop(NOW), NOW)


async def test_nonces_of_before_a_restart_hold_after_it(hall: TownHall) -> None:
    nonce = hall.tenant.nonces.dpop(hall.at)
    async with open_installation(hall.config, StandingClock()) as again:
        assert again.tenants[hall.tenant.id].nonces.is_dpop(nonce, hall.at)


async def test_C05_an_identifier_counts_once_among_many_at_once(hall: TownHall) -> None:
    until = Instant(hall.at + 300)
    takes = [hall.tenant.replays.take("dpop", "key", "jti", until, hall.at) for _ in range(16)]
    answers = await asyncio.gather(*takes, return_exceptions=True)
    assert answers.count(None) == 1
    assert sum(isinstance(answer, AlreadyUsed) for answer in answers) == 15


async def test_C05_an_identifier_is_remembered_over_a_restart(hall: TownHall) -> None:
    until = Instant(hall.at + 300)
    await hall.tenant.replays.take("dpop", "key", "jti", until, hall.at)
    async with open_installation(hall.config, StandingClock()) as again:
        replays = again.tenants[hall.tenant.id].replays
        with pytest.raises(AlreadyUsed):
            await replays.take("dpop", "key", "jti", until, hall.at)


async def test_an_identifier_is_one_keys_and_one_uses(hall: TownHall) -> None:
    until = Instant(hall.at + 300)
    for use, key in (("dpop", "a"), ("dpop", "b"), ("assertion", "a")):
        await hall.tenant.replays.take(use, key, "jti", until, hall.at)


async def test_identifiers_are_forgotten_when_their_proofs_are_too_old(hall: TownHall) -> None:
    for number in range(5):
        await hall.tenant.replays.take("dpop", "a", f"{number}", Instant(hall.at + 60), hall.at)
    later = Instant(hall.at + 120)
    await hall.tenant.replays.take("dpop", "a", "last", Instant(later + 60), later)
    assert await hall.rows("used_identifier") == 1


@pytest.fixture
async def watched(hall: TownHall) -> AsyncIterator[TownHall]:
    """A hall whose server looks for changes."""
    watcher = asyncio.create_task(hall.installation.changes.watch())
    yield hall
    watcher.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watcher


async def test_a_change_of_another_process_wakes_who_waits(
    watched: TownHall, tmp_path: Path
) -> None:
    nora = await watched.enrol(NORA)
    await ask(watched, nora, [request()])
    changes = watched.installation.changes
    since = changes.mark
    waiting = asyncio.create_task(changes.wait(since, 20))
    async with open_installation(watched.config, StandingClock()) as verb:
        other = TownHall(verb, watched.config)
        await other.revoke(RevocationKind.DEVICE, nora.client.id)
    assert await waiting
    assert changes.mark > since


async def test_a_change_that_doors_do_not_fetch_wakes_nobody(watched: TownHall) -> None:
    changes = watched.installation.changes
    since = changes.mark
    waiting = asyncio.create_task(changes.wait(since, 1))
    await watched.enrol_code(NORA)
    assert not await waiting
    assert changes.mark == since


async def test_draining_lets_everybody_who_waits_go(watched: TownHall) -> None:
    changes = watched.installation.changes
    waiting = [asyncio.create_task(changes.wait(changes.mark, 600)) for _ in range(3)]
    await asyncio.sleep(0)
    changes.close()
    assert await asyncio.gather(*waiting) == [False] * 3
