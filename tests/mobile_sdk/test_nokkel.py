"""`nokkel` as a process: its JSON lines, its sentences, its exit codes, and a door over the air."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from firmware_stubs.simulated_radio import Air
from lockagent.bumble_peripheral import BumblePeripheral
from lockagent.protocol.access_event import EventKind
from lockagent.reader import Reader
from tests.lockagent.door_rig import DoorRig
from tests.mobile_sdk.issuer_simulator import (
    CODE,
    MAIN_DOOR,
    WHY_AGE,
    IssuerSimulator,
    keyring_point,
)

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said, and its exit code."""

    code: int
    events: list[dict[str, object]]
    out: str
    err: str

    @property
    def last(self) -> dict[str, object]:
        """The last JSON line."""
        return self.events[-1]

    def named(self, event: str) -> list[dict[str, object]]:
        """The events of this name."""
        return [one for one in self.events if one["event"] == event]


Nokkel = Callable[..., Awaitable[Answer]]


@pytest.fixture
def nokkel(tmp_path: Path, clock: str) -> Nokkel:
    """Run a verb with the home and the clock of this test, and `--json` unless told not to."""

    async def run(*words: str, is_json: bool = True) -> Answer:
        options = ["--home", str(tmp_path / "home"), "--clock", clock]
        process = await start(*options, *(["--json"] if is_json else []), *words)
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        lines = out.decode().splitlines()
        events = [json.loads(line) for line in lines] if is_json else []
        return Answer(process.returncode or 0, events, out.decode(), err.decode())

    return run


async def start(*words: str) -> asyncio.subprocess.Process:
    """`python -m mobile_sdk …`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mobile_sdk",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


@pytest_asyncio.fixture
async def radio(rig: DoorRig) -> AsyncIterator[str]:
    """The rig's door on a simulated air; what `--radio` takes."""
    air = Air()
    with tempfile.TemporaryDirectory(prefix="air-") as folder:
        await air.serve_unix(f"{folder}/radio")
        reader = Reader(
            rig.town.identity,
            BumblePeripheral(air.open_hci),
            rig.access,
            rig.driver,
            rig.beliefs,
            rig.told,
        )
        await reader.start()
        yield f"virtual:{folder}/radio"
        await reader.stop()
        await air.close()


async def test_a_resident_enrols_and_opens_the_door_over_the_air(
    issuer: IssuerSimulator, nokkel: Nokkel, radio: str, rig: DoorRig
) -> None:
    enrolled = await nokkel("enrol", issuer.url, CODE)
    assert (enrolled.code, [one["event"] for one in enrolled.events]) == (
        0,
        ["enrolled", "refreshed"],
    )
    opened = await nokkel("--radio", radio, "open", MAIN_DOOR)
    assert opened.code == 0
    assert (opened.last["event"], opened.last["strike_seconds"]) == ("opened", 5)
    assert len(str(opened.last["attempt"])) == 16
    connecting = opened.named("connecting")
    assert len(connecting) == 1
    assert isinstance(connecting[0]["monotonic_ns"], int)
    assert len(rig.entries(EventKind.ACCESS_GRANTED)) == 1


async def test_a_refusal_by_the_phone_is_one_sentence_and_exit_1(
    issuer: IssuerSimulator, nokkel: Nokkel
) -> None:
    issuer.keyring_points = [
        keyring_point(
            MAIN_DOOR, 4711, open_now=False, opens_at="2026-10-16T08:00:00Z", why=(WHY_AGE,)
        )
    ]
    issuer.grants.clear()
    await nokkel("enrol", issuer.url, CODE)
    told = await nokkel("open", MAIN_DOOR)
    assert told.code == 1
    assert {name: told.last[name] for name in ("event", "by", "reason", "opens_at", "attempt")} == {
        "event": "refused",
        "by": "phone",
        "reason": "age",
        "opens_at": "2026-10-16T08:00:00Z",
        "attempt": "",
    }
    said = await nokkel("open", MAIN_DOOR, is_json=False)
    assert said.out == "Du må ha fylt 15 år. Åpner for deg 16.10.2026 kl. 10.00.\n"


async def test_the_list_of_doors_is_shown_offline_too(
    issuer: IssuerSimulator, nokkel: Nokkel
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    issuer.twist = lambda *_: web.Response(status=503)
    listed = await nokkel("keys")
    assert (listed.code, listed.last) == (0, {"event": "keys", "count": 1})
    assert listed.events[0]["access_point"] == MAIN_DOOR
    refreshed = await nokkel("keys", "--refresh")
    assert (refreshed.code, refreshed.last["event"]) == (3, "keys")
    said = await nokkel("--lang", "en", "keys", is_json=False)
    assert "Deichman Torshov, Hovedinngang: open for you now" in said.out


async def test_an_enrolment_without_keys_yet_is_an_enrolment(
    issuer: IssuerSimulator, nokkel: Nokkel
) -> None:
    def busy(request: web.Request, response: web.Response) -> web.StreamResponse:
        return web.Response(status=503) if request.path.endswith("keyring") else response

    issuer.twist = busy
    enrolled = await nokkel("enrol", issuer.url, CODE)
    assert (enrolled.code, [one["event"] for one in enrolled.events]) == (
        0,
        ["enrolled", "warning"],
    )


async def test_forgetting_leaves_nothing_to_open_with(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    forgotten = await nokkel("forget")
    assert (forgotten.code, forgotten.last) == (0, {"event": "forgotten"})
    assert (await nokkel("open", MAIN_DOOR)).code == 2
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("open", MAIN_DOOR), 2, "NotEnrolled"),
        (("keys",), 2, "NotEnrolled"),
        (("watch",), 2, "NotEnrolled"),
        (("enrol", "https://nokkel.example.no", CODE), 2, "usage"),
        (("enrol", "http://127.0.0.1:1/t/oslo", "nonsense"), 1, "EnrolmentRefused"),
        (("enrol", "http://127.0.0.1:1/t/oslo", CODE), 3, "ServerUnavailable"),
    ],
)
async def test_what_goes_wrong_is_one_sentence_and_its_exit_code(
    nokkel: Nokkel, words: tuple[str, ...], code: int, error: str
) -> None:
    answer = await nokkel(*words)
    assert (answer.code, answer.last["event"], answer.last["error"]) == (code, "failed", error)
    assert "Traceback" not in answer.err
    assert answer.err.strip()


async def test_a_phone_already_enrolled_says_so_and_keeps_what_it_has(
    issuer: IssuerSimulator, nokkel: Nokkel
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    again = await nokkel("enrol", issuer.url, CODE)
    assert (again.code, again.last["error"]) == (1, "AlreadyEnrolled")
    assert (await nokkel("keys")).code == 0


async def test_a_wrong_clock_is_told_by_what_to_do(
    issuer: IssuerSimulator, nokkel: Nokkel, late_clock: str
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    late = await nokkel("--clock", late_clock, "keys", "--refresh")
    assert (late.code, late.named("warning")[0]["error"]) == (3, "PhoneClockWrong")
    assert "klokka på automatisk" in late.err


async def test_a_reader_of_the_output_that_leaves_is_no_traceback(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mobile_sdk", "--home", f"{tmp_path}/home", "keys"),
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert (process.returncode, err) == (3, b"")


async def test_an_interrupt_while_looking_for_a_door_is_one_sentence(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path, clock: str
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    air = Air()
    await air.serve_unix(f"{tmp_path}/radio")
    options = [
        "--home",
        f"{tmp_path}/home",
        "--clock",
        clock,
        "--radio",
        f"virtual:{tmp_path}/radio",
    ]
    process = await start(*options, "--json", "open", MAIN_DOOR, "--timeout", "600")
    stream = process.stdout
    assert stream is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert json.loads(await stream.readline())["event"] == "finding"
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, json.loads(out)["error"]) == (3, "Interrupted")
    assert b"Traceback" not in err
    await air.close()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--radio", "usb"), ("--radio", "virtual:"), ("--clock", "sundial"), ("--clock", "town:/no")],
)
async def test_an_option_that_means_nothing_is_said_by_name_and_exit_2(
    issuer: IssuerSimulator, nokkel: Nokkel, option: str, value: str
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    answer = await nokkel(option, value, "open", MAIN_DOOR)
    assert answer.code == 2
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "words", [(), ("unlock",), ("open",), ("open", "x", "--timeout", "0"), ("--lang", "fr", "keys")]
)
async def test_a_wrong_command_shows_usage_and_exit_2(
    nokkel: Nokkel, words: tuple[str, ...]
) -> None:
    answer = await nokkel(*words, is_json=False)
    assert answer.code == 2
    assert "usage: nokkel" in answer.err


async def test_a_phone_the_server_does_not_know_shows_no_door_and_loses_no_key(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    issuer.device_key = None
    refreshed = await nokkel("--lang", "en", "keys", "--refresh")
    assert (refreshed.code, refreshed.last) == (1, {"event": "keys", "count": 0})
    assert refreshed.named("warning")[0]["error"] == "PhoneUnknown"
    assert "no longer knows this phone. Ask for a new code." in refreshed.err
    assert list((tmp_path / "home/keys").glob("presentation-*"))
    assert "open for you now" not in (await nokkel("--lang", "en", "keys", is_json=False)).out
    opened = await nokkel("open", MAIN_DOOR)
    assert (opened.code, opened.last["reason"]) == (1, "phone-unknown")


async def test_a_name_that_is_no_doors_points_to_the_list(
    issuer: IssuerSimulator, nokkel: Nokkel
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    told = await nokkel("--lang", "en", "open", "nosuch/door")
    assert (told.code, told.last["reason"]) == (1, "unknown-door")
    assert "nokkel keys" in str(told.last["sentence"])


async def test_the_languages_are_explained(nokkel: Nokkel) -> None:
    assert "English (en)" in " ".join((await nokkel("--help", is_json=False)).out.split())


async def test_a_radio_that_is_not_there_is_exit_3(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    answer = await nokkel("--radio", f"virtual:{tmp_path}/none", "open", MAIN_DOOR)
    assert (answer.code, answer.last["error"]) == (3, "DoorNotFound")
    assert answer.last["detail"] == f"nobody listens at {tmp_path}/none; is the town running?"


async def test_watching_refreshes_when_due_and_ends_at_sigterm(
    issuer: IssuerSimulator, nokkel: Nokkel, tmp_path: Path, clock: str
) -> None:
    await nokkel("enrol", issuer.url, CODE)
    (tmp_path / "home/credentials/ring.json").unlink()
    process = await start("--home", f"{tmp_path}/home", "--clock", clock, "--json", "watch")
    stream = process.stdout
    assert stream is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        first, second = [json.loads(await stream.readline()) for _ in range(2)]
        assert (first["event"], second["event"]) == ("ready", "refreshed")
        assert second["credentials"] == ["torshov"]
        assert (await nokkel("keys")).code == 0
        process.send_signal(signal.SIGTERM)
        assert json.loads(await stream.readline()) == {"event": "stopped"}
        assert await process.wait() == 0
