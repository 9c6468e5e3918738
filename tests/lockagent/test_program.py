"""The `lockagent` program as an installer and an operator meet it: verbs, sentences, exit codes."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware_stubs.simulated_radio import Air
from lockagent.__main__ import main
from lockagent.journal import Happening, Journal
from lockagent.protocol.access_event import EventKind, first_break, parse_batch
from lockagent.protocol.update_answer import UpdateAnswer
from tests import town
from tests.lockagent.cabinet import CONTROLLER, ENTRANCE, STAMP, signed_bundle, signed_settings
from tests.lockagent.key_server import CODE, KeyServer

PATIENCE_SECONDS = 20.0


@dataclass
class Ended:
    """What a program said, and its exit code."""

    code: int
    out: list[dict[str, object]]
    err: str


@dataclass
class Place:
    """A controller's folder, its radio and its key server."""

    folder: Path
    issuer: str
    server: KeyServer
    said: pytest.CaptureFixture[str]
    programs: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "door.toml"

    def write_config(self, **changes: str) -> None:
        keys = {
            "controller": '"torshov-cabinet"',
            "issuer": f'"{self.issuer}"',
            "environment": '"development"',
            "state_directory": '"state"',
            "agent_key": '"keys/agent.pem"',
            "radio": '"unix:radio.sock"',
            "hardware": '"simulated:door.sock"',
            **changes,
        }
        lines = [f"{key} = {value}" for key, value in keys.items()]
        reader = f'[[reader]]\naccess_point = "{ENTRANCE}"\nkey = "keys/main.pem"\n'
        self.config.write_text("\n".join(lines) + "\n" + reader)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "lockagent", "--json", "--config", str(self.config), *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.programs.append(program)
        return program

    async def run(self, *arguments: str) -> Ended:
        """One verb in this process, in a thread of its own: starting Python anew takes longer."""
        self.said.readouterr()
        code = await asyncio.to_thread(main, ["--json", "--config", str(self.config), *arguments])
        out, err = self.said.readouterr()
        return Ended(code, [json.loads(line) for line in out.splitlines()], err)

    async def run_apart(self, *arguments: str) -> Ended:
        """One verb as a process."""
        program = await self.start(*arguments)
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await program.communicate()
        lines = [json.loads(line) for line in out.splitlines()]
        return Ended(program.returncode or 0, lines, err.decode())

    async def provision(self) -> Ended:
        return await self.run("provision", "--issuer", self.issuer, "--code", CODE)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose sockets have short names, as a unix socket path must."""
    with tempfile.TemporaryDirectory(prefix="door-") as name:
        yield Path(name)


@pytest.fixture
async def place(short_folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Place]:
    server = KeyServer()
    issuer = await server.start()
    place = Place(short_folder, issuer, server, capsys)
    place.write_config()
    yield place
    for program in place.programs:
        if program.returncode is None:
            program.kill()
            await program.wait()
    await server.stop()


def refused(ended: Ended, code: int, said: str) -> None:
    """One sentence on stderr, no stack trace, this exit code."""
    assert said in ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert ended.code == code


async def test_provisioning_makes_keys_and_keeps_what_it_was_given(place: Place) -> None:
    ended = await place.provision()
    assert ended.code == 0, ended.err
    assert ended.out[-1]["event"] == "provisioned"
    assert ended.out[-1]["controller"] == CONTROLLER
    for name in ("keys/agent.pem", "keys/main.pem", "state/installation.json"):
        assert (place.folder / name).stat().st_mode & 0o777 == 0o600
    assert (await place.run("check-config")).out == [
        {"event": "checked", "controller": "torshov-cabinet", "installed": True}
    ]


async def test_a_wrong_code_is_one_sentence_and_exit_1(place: Place) -> None:
    ended = await place.run("provision", "--issuer", place.issuer, "--code", "0000-0000-0000")
    refused(ended, 1, "the code was not accepted")
    assert not (place.folder / "state").exists()


async def test_a_server_that_is_down_is_exit_3(place: Place) -> None:
    await place.server.stop()
    refused(await place.provision(), 3, "expected an answer of the key server")


async def test_another_issuer_than_the_configs_is_exit_2(place: Place) -> None:
    ended = await place.run("provision", "--issuer", "https://else/t/oslo", "--code", CODE)
    refused(ended, 2, "as in door.toml")


async def test_provisioning_twice_is_refused(place: Place) -> None:
    await place.provision()
    refused(await place.provision(), 2, "expected a controller without an installation")


async def test_a_faulty_config_is_1_when_checked_and_2_elsewhere(place: Place) -> None:
    place.write_config(radio='"bluetooth"')
    refused(await place.run("check-config"), 1, "door.toml:6: radio:")
    refused(await place.run("run"), 2, "door.toml:6: radio:")


async def test_running_before_provisioning_says_what_to_do(place: Place) -> None:
    refused_run = await place.run("journal", "export", "out.cbor")
    refused(refused_run, 2, "run lockagent provision first")


async def test_a_key_open_to_others_is_refused(place: Place) -> None:
    await place.provision()
    (place.folder / "keys/main.pem").chmod(0o644)
    refused(await place.run("check-config"), 1, "chmod 600")


async def test_a_missing_clock_file_is_a_fault_of_the_world(place: Place) -> None:
    place.write_config(clock='"town:clock.json"')
    refused(await place.run("check-config"), 3, "clock.json")


async def test_a_radio_that_is_not_there_is_exit_3(place: Place) -> None:
    await place.provision()
    ended = await place.run_apart("run")
    assert ended.code == 3
    assert "Traceback" not in ended.err


async def test_a_bundle_is_inspected_against_the_installed_root(place: Place) -> None:
    await place.provision()
    bundle = place.folder / "bundle.cbor"
    bundle.write_bytes(signed_bundle())
    ended = await place.run("inspect-bundle", str(bundle))
    assert ended.code == 0, ended.err
    assert (ended.out[0]["facility"], ended.out[0]["version"]) == ("torshov", "1.1")
    forged = signed_bundle()
    bundle.write_bytes(forged[:-1] + bytes((forged[-1] ^ 1,)))
    ended = await place.run("inspect-bundle", str(bundle))
    assert (ended.code, ended.out[0]["signed"]) == (1, False)


async def test_the_journal_is_shown_verified_and_exported(place: Place) -> None:
    await place.provision()
    journal = Journal(place.folder / "state/journal")
    for _ in range(3):
        journal.append(STAMP, Happening(EventKind.FORCED_OPEN, town.MAIN))
    shown = await place.run("journal", "show")
    assert [line["sequence"] for line in shown.out] == [1, 2, 3]
    verified = await place.run("journal", "verify")
    assert verified.code == 0
    assert verified.out[0]["head"] == journal.head.hash.hex()
    exported = place.folder / "export.cbor"
    assert (await place.run("journal", "export", str(exported))).code == 0
    batch = parse_batch(exported.read_bytes())
    assert first_break(batch.claims.entries) is None
    segment = next((place.folder / "state/journal").glob("*.segment"))
    segment.write_bytes(segment.read_bytes()[200:])
    assert (await place.run("journal", "verify")).code == 1


async def test_a_controller_runs_from_ready_to_its_last_entry(place: Place) -> None:
    await place.provision()
    place.server.update = UpdateAnswer(bundle=signed_bundle(), settings=signed_settings())
    place.server.tells_time = False
    air = Air()
    await air.serve_unix(str(place.folder / "radio.sock"))
    program = await place.start("run")
    said, complained = program.stdout, program.stderr
    if said is None or complained is None:
        raise RuntimeError("expected pipes")
    lines: list[dict[str, object]] = []

    async def until(event: str) -> dict[str, object]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not lines or lines[-1]["event"] != event:
                lines.append(json.loads(await said.readline()))
        return lines[-1]

    ready = await until("ready")
    assert ready["readers"] == [
        {"access_point": ENTRANCE, "number": town.MAIN, "reader_id": "00000067"}
    ]
    await until("settings")
    reader, writer = await asyncio.open_unix_connection(place.folder / "door.sock")
    writer.write(b'{"verb": "force"}\n')
    assert json.loads(await reader.readline())["open"] is True
    assert (await until("forced_open"))["access_point"] == ENTRANCE
    second = await place.run_apart("run")
    assert second.code == 3
    assert second.err.splitlines()[-1].endswith("got another lockagent there")
    program.send_signal(signal.SIGTERM)
    await until("stopped")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await program.wait() == 0
    err = (await complained.read()).decode()
    assert err == "environment development: not for real doors\n"
    await air.close()
    kinds = [line["kind"] for line in (await place.run("journal", "show")).out]
    assert kinds[0] == "boot"
    assert kinds[-1] == "shutdown"
    assert "forced_open" in kinds
    assert (await place.run("journal", "verify")).code == 0
