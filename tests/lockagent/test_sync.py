"""In step with a real HTTP server that refuses, forgets and goes away."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

import lockagent.sync
from lockagent.clock import WIDEST_SENSITIVE_SECONDS
from lockagent.journal import Happening
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from lockagent.protocol.update_answer import UpdateAnswer
from lockagent.server_link import ServerLink, ServerRefused, ServerUnavailable
from lockagent.sync import LONGEST_PAUSE_SECONDS, AnswerNotBelieved, Sync, pause_after
from tests import town
from tests.lockagent.cabinet import CONTROLLER, Cabinet, signed_bundle, signed_settings
from tests.lockagent.key_server import KeyServer

AGENT_KEY: SoftwareKey = town.fixed_key(501)
FULL_DISK = "expected the disk to take a certificate, got: no space left on device"
UNWRITABLE = b"certificate no disk takes"
HAPPENED = Happening(EventKind.FORCED_OPEN, town.MAIN)


@dataclass
class InStep:
    """A controller and a key server."""

    cabinet: Cabinet
    server: KeyServer
    sync: Sync
    renewed: list[bytes]
    refused_certificates: set[bytes]

    async def fetched(self) -> None:
        async with asyncio.timeout(10):
            await self.sync.fetch_update()

    async def until_acknowledged(self, sequence: int) -> None:
        """Send until the server has everything up to `sequence`."""
        sending = asyncio.ensure_future(self.sync.send_journal())
        async with asyncio.timeout(10):
            while self.cabinet.journal.acknowledged < sequence:
                await asyncio.wait({sending}, timeout=0.01)
                if sending.done():
                    await sending
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


@pytest.fixture
async def in_step(tmp_path: Path) -> AsyncIterator[InStep]:
    cabinet = Cabinet.at(tmp_path, is_informed=False)
    server = KeyServer(agent_key=AGENT_KEY.public)
    issuer = await server.start()
    renewed, refused = list[bytes](), set[bytes]()

    def renew(received: bytes) -> bool:
        if received in refused:
            raise TrustRefused(TrustFault.SIGNATURE, "expected another signature")
        if received == UNWRITABLE:
            raise OSError(errno.ENOSPC, "No space left on device")
        renewed.append(received)
        return True

    async with aiohttp.ClientSession() as http:
        link = ServerLink(http, AGENT_KEY, CONTROLLER, issuer, cabinet.clock)
        sync = Sync(
            link,
            cabinet.beliefs,
            cabinet.journal,
            cabinet.recorder,
            cabinet.told,
            AGENT_KEY,
            renew,
        )
        yield InStep(cabinet, server, sync, renewed, refused)
    await server.stop()


async def test_a_first_answer_brings_trust_time_and_settings(in_step: InStep) -> None:
    in_step.server.update = UpdateAnswer(
        bundle=signed_bundle(), settings=signed_settings(), reader_certificates=(b"renewed",)
    )
    await in_step.fetched()
    beliefs = in_step.cabinet.beliefs
    assert beliefs.trust.version == TrustVersion(1, 1)
    assert beliefs.settings is not None
    assert beliefs.reading().is_narrow(WIDEST_SENSITIVE_SECONDS)
    assert in_step.renewed == [b"renewed"]
    assert in_step.cabinet.kinds() == [
        EventKind.TRUST_UPDATED,
        EventKind.CLOCK_CHANGED,
        EventKind.SETTINGS_UPDATED,
        EventKind.CERTIFICATE_RENEWED,
    ]
    assert in_step.cabinet.told.names()[0] == "online"
    assert ("bundle", {"version": "1.1"}) in in_step.cabinet.told.events


async def test_the_next_question_confirms_what_is_held(in_step: InStep) -> None:
    in_step.server.update = UpdateAnswer(bundle=signed_bundle(), settings=signed_settings(7))
    await in_step.fetched()
    await in_step.fetched()
    first, second = in_step.server.queries
    assert first["bundle"] == "1.0"
    assert "settings" not in first
    assert "nonce" in first
    assert second == {"bundle": "1.1", "settings": "7"}


async def test_time_is_asked_for_again_within_the_hour_only_where_it_is_wide(
    in_step: InStep,
) -> None:
    in_step.server.tells_time = False
    await in_step.fetched()
    await in_step.fetched()
    assert ["nonce" in query for query in in_step.server.queries] == [True, False]


async def test_F06_a_refused_bundle_is_told_and_the_old_one_kept(in_step: InStep) -> None:
    in_step.server.update = UpdateAnswer(bundle=signed_bundle(version=TrustVersion(1, 5)))
    await in_step.fetched()
    in_step.server.update = UpdateAnswer(bundle=signed_bundle(version=TrustVersion(1, 4)))
    await in_step.fetched()
    assert in_step.cabinet.beliefs.trust.version == TrustVersion(1, 5)
    assert in_step.cabinet.kinds()[-1] is EventKind.UPDATE_REFUSED
    assert in_step.cabinet.told.names()[-1] == "update_refused"


async def test_a_refused_object_does_not_hold_the_others_back(in_step: InStep) -> None:
    in_step.server.update = UpdateAnswer(roots=(b"\x80",), bundle=signed_bundle())
    await in_step.fetched()
    assert in_step.cabinet.beliefs.trust.bundle is not None
    assert "update_refused" in in_step.cabinet.told.names()


async def test_what_the_disk_does_not_take_holds_nothing_else_back(
    in_step: InStep, tmp_path: Path
) -> None:
    (tmp_path / "trust.cbor.new").mkdir()  # a place that no file can be written to
    (tmp_path / "clock.cbor.new").mkdir()
    in_step.server.update = UpdateAnswer(
        bundle=signed_bundle(lockdown=True),
        settings=signed_settings(),
        reader_certificates=(UNWRITABLE, b"renewed"),
    )
    await in_step.fetched()
    beliefs = in_step.cabinet.beliefs
    assert beliefs.trust.lockdown
    assert beliefs.trust.bundle is not None
    assert beliefs.settings is not None
    assert beliefs.reading().is_narrow(WIDEST_SENSITIVE_SECONDS)
    assert in_step.renewed == [b"renewed"]
    assert in_step.cabinet.kinds().count(EventKind.FAULT) == 1
    assert ("fault", {"detail": FULL_DISK}) in in_step.cabinet.told.events


async def test_the_same_refused_object_is_journalled_once_and_asked_for_ever_more_slowly(
    in_step: InStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_step.server.tells_time = False
    fruitless: list[int] = []
    four = asyncio.Event()

    def no_pause(failures: int, _jitter: float) -> float:
        fruitless.append(failures)
        in_step.server.update = refused
        if len(fruitless) == 4:
            four.set()
        return 0.0

    refused = in_step.server.update = UpdateAnswer(bundle=b"not a bundle")
    monkeypatch.setattr(lockagent.sync, "pause_after", no_pause)
    following = asyncio.ensure_future(in_step.sync.run())
    async with asyncio.timeout(10):
        await four.wait()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert fruitless[:4] == [1, 2, 3, 4]
    assert in_step.cabinet.kinds() == [EventKind.UPDATE_REFUSED]
    assert in_step.cabinet.told.names().count("update_refused") == 1
    in_step.sync.take(UpdateAnswer(bundle=b"another that is none"))
    assert in_step.cabinet.kinds() == [EventKind.UPDATE_REFUSED] * 2


@pytest.mark.parametrize("said", [-1, 0, 1, 4, 2**40, True, "3", None])
async def test_an_acknowledgement_of_what_was_not_sent_is_not_believed(
    in_step: InStep, said: object
) -> None:
    in_step.server.says_next = [said]
    for _ in range(2):
        in_step.cabinet.recorder.record(HAPPENED)
    with pytest.raises(AnswerNotBelieved, match="expected a next sequence from 2 to 3"):
        await in_step.until_acknowledged(2)
    assert in_step.cabinet.journal.acknowledged == 0
    await in_step.until_acknowledged(2)


async def test_an_answer_not_believed_is_a_fault(in_step: InStep) -> None:
    in_step.server.says_next = [99]
    in_step.cabinet.recorder.record(HAPPENED)
    running = asyncio.ensure_future(in_step.sync.run())
    fault = await in_step.cabinet.told.until("fault")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert "expected a next sequence from 2 to 2" in str(fault["detail"])


async def test_a_lapsed_token_is_fetched_anew_once(in_step: InStep) -> None:
    await in_step.fetched()
    in_step.server.accepted_token = "the server has forgotten"
    await in_step.fetched()
    assert in_step.server.tokens == 2
    in_step.cabinet.clock.pass_time(300)
    await in_step.fetched()
    assert in_step.server.tokens == 3


async def test_journal_entries_arrive_and_are_acknowledged(in_step: InStep) -> None:
    for _ in range(3):
        in_step.cabinet.recorder.record(HAPPENED)
    await in_step.until_acknowledged(3)
    _, held = in_step.cabinet.journal.entries_from(1)
    assert in_step.server.entries == held


async def test_F03_a_long_offline_journal_goes_in_batches(in_step: InStep) -> None:
    for _ in range(1203):
        in_step.cabinet.journal.append(in_step.cabinet.beliefs.stamp(), HAPPENED)
    await in_step.until_acknowledged(1203)
    assert len(in_step.server.entries) == 1203


async def test_F02_a_server_that_lost_entries_gets_them_again(in_step: InStep) -> None:
    for _ in range(4):
        in_step.cabinet.recorder.record(HAPPENED)
    await in_step.until_acknowledged(4)
    del in_step.server.entries[2:]
    in_step.cabinet.recorder.record(HAPPENED)
    with pytest.raises(ServerRefused, match="journal-gap"):
        await in_step.until_acknowledged(5)
    await in_step.until_acknowledged(5)
    assert len(in_step.server.entries) == 5


async def test_a_server_that_is_down_is_one_line_and_then_another(in_step: InStep) -> None:
    in_step.server.answers = [503, 503]
    running = asyncio.ensure_future(in_step.sync.run())
    await in_step.cabinet.told.until("offline")
    await in_step.cabinet.told.until("online")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    names = in_step.cabinet.told.names()
    assert (names.count("offline"), names.count("online")) == (1, 1)


async def test_a_server_that_is_gone_is_the_worlds_fault(in_step: InStep) -> None:
    await in_step.server.stop()
    with pytest.raises(ServerUnavailable, match="expected an answer of the key server"):
        await in_step.fetched()


async def test_a_bundle_that_is_none_is_told(in_step: InStep) -> None:
    in_step.server.tells_time = False
    in_step.server.update = UpdateAnswer(bundle=b"not a bundle")
    await in_step.fetched()
    assert in_step.cabinet.told.names()[-1] == "update_refused"


async def test_a_refused_certificate_is_told(in_step: InStep) -> None:
    in_step.refused_certificates.add(b"\x80")
    in_step.sync.take(UpdateAnswer(reader_certificates=(b"\x80",)))
    assert in_step.cabinet.kinds() == [EventKind.UPDATE_REFUSED]


def test_F09_pauses_grow_to_a_bound_and_are_spread() -> None:
    assert [pause_after(n, 1.0) for n in range(1, 6)] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert pause_after(1000, 1.0) == LONGEST_PAUSE_SECONDS
    assert pause_after(3, 0.0) == 2.0
