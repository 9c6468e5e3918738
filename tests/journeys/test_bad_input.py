"""Bad input gets one sentence that says what to do, the right exit code, and no stack trace."""

import json
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journeys.programs import EXAMPLES, Said, run

PLACES = EXAMPLES / "places.yaml"
NO, WRONG, WORLD = 1, 2, 3


def told(said: Said, code: int, *fragments: str) -> None:
    """The exit code, one sentence with every fragment, and nothing of Python's."""
    assert said.code == code, said.text
    assert "Traceback" not in said.text
    lines = [line for line in said.err.splitlines() if not line.startswith("environment ")]
    assert len(lines) == 1, said.err
    for fragment in fragments:
        assert fragment in lines[0]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Path]:
    """The config of an installed key server that does not run."""
    port = free_port()
    folder = tmp_path / "server"
    said = await run(
        *("keyserver", "init", folder, "--tenant", "oslo"),
        *("--url", f"http://127.0.0.1:{port}", "--environment", "development"),
    )
    assert said.code == 0, said.text
    yield folder / "keyserver.toml"


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def revision(config: Path) -> object:
    """The revision in force."""
    said = await run("keyserver", "--config", config, "--json", "status")
    return json.loads(said.out.splitlines()[0])["revision"]


def door_toml(folder: Path, **changed: str) -> Path:
    """A controller's config that would do, but for what is changed."""
    keys = {
        "controller": '"torshov-1"',
        "issuer": f'"http://127.0.0.1:{free_port()}/t/oslo"',
        "environment": '"development"',
        "state_directory": f'"{folder / "state"}"',
        "agent_key": f'"{folder / "agent.pem"}"',
        "radio": f'"unix:{folder / "radio"}"',
        "hardware": f'"simulated:{folder / "door"}"',
    } | changed
    lines = [f"{key} = {value}" for key, value in keys.items()]
    reader = ["[[reader]]", 'access_point = "torshov/entrance/main"', 'key = "reader.pem"']
    path = folder / "door.toml"
    path.write_text("\n".join(lines + reader) + "\n")
    return path


async def test_a_broken_server_config_names_file_line_and_key(server: Path) -> None:
    written = server.read_text()
    server.write_text(written.replace("environment =", "enviroment ="))
    told(await run("keyserver", "--config", server, "status"), WRONG, str(server), "enviroment")


async def test_a_server_config_that_is_no_toml_names_its_line(server: Path) -> None:
    server.write_text('environment = "development"\nlisten = \n')
    told(await run("keyserver", "--config", server, "status"), WRONG, f"{server}:2")


async def test_a_missing_config_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.toml"
    told(await run("keyserver", "--config", missing, "serve"), WRONG, str(missing))
    told(await run("lockagent", "--config", missing, "run"), WRONG, str(missing))


async def test_a_port_in_use_is_said_and_is_the_worlds_fault(server: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        lines = [
            f'listen = "127.0.0.1:{port}"' if line.startswith("listen") else line
            for line in server.read_text().splitlines()
        ]
        server.write_text("\n".join(lines) + "\n")
        told(await run("keyserver", "--config", server, "serve"), WORLD, str(port))


async def test_a_missing_signing_key_is_named(server: Path) -> None:
    key = next(server.parent.rglob("*credential*.pem"))
    key.unlink()
    told(await run("keyserver", "--config", server, "serve"), WRONG, key.name)


async def test_a_folder_that_is_founded_already_is_not_founded_again(server: Path) -> None:
    before = server.read_bytes()
    said = await run(
        *("keyserver", "init", server.parent, "--tenant", "oslo"),
        *("--url", "http://127.0.0.1:1", "--environment", "development"),
    )
    told(said, WRONG, str(server.parent))
    assert server.read_bytes() == before


async def test_a_broken_document_names_file_line_and_key(tmp_path: Path) -> None:
    document = tmp_path / "torshov.yaml"
    shutil.copy(EXAMPLES / "torshov.yaml", document)
    document.write_text(document.read_text().replace("member: deichman", "membr: deichman"))
    said = await run("policies", "check", document, "--places", PLACES)
    assert said.code == NO
    assert "Traceback" not in said.text
    assert "torshov.yaml:" in said.text
    assert "member" in said.text


async def test_a_key_of_the_language_that_is_not_enforced_is_refused_by_name(
    server: Path, tmp_path: Path
) -> None:
    document = tmp_path / "haraldrud.yaml"
    written = (EXAMPLES / "haraldrud.yaml").read_text()
    rule = written.index("- id:")
    document.write_text(
        written[:rule]
        + written[rule:].replace("\n", "\n  limits: {inside: 18, offline: refuse}\n", 1)
    )
    assert (await run("policies", "check", document, "--places", PLACES)).code == 0
    await run("keyserver", "--config", server, "import", "places", PLACES)
    said = await run("keyserver", "--config", server, "publish", document)
    told(said, WRONG, f"{document}:", "inside is not enforced by this version")
    assert await revision(server) == 0


async def test_a_broken_document_is_not_published_and_nothing_is_lost(
    server: Path, tmp_path: Path
) -> None:
    assert (await run("keyserver", "--config", server, "import", "places", PLACES)).code == 0
    good = EXAMPLES / "torshov.yaml"
    assert (await run("keyserver", "--config", server, "publish", good)).code == 0
    before = await revision(server)
    bad = tmp_path / "torshov.yaml"
    bad.write_text("for: building:torshov\nfor: building:torshov\n")
    said = await run("keyserver", "--config", server, "publish", bad)
    assert said.code == WRONG
    assert "torshov.yaml:2" in said.err
    assert await revision(server) == before


async def test_an_unknown_person_gets_no_code(server: Path) -> None:
    said = await run("keyserver", "--config", server, "enrol-code", "nobody")
    told(said, WRONG, "nobody")


async def test_a_broken_door_config_names_file_line_and_key(tmp_path: Path) -> None:
    config = door_toml(tmp_path, drift_ppm='"twenty"')
    said = await run("lockagent", "--config", config, "check-config")
    assert said.code == NO
    assert "Traceback" not in said.text
    assert f"{config}:8" in said.text
    assert "drift_ppm" in said.text


async def test_a_door_that_was_not_provisioned_says_so(tmp_path: Path) -> None:
    told(await run("lockagent", "--config", door_toml(tmp_path), "run"), WRONG, "provision")


async def test_a_door_whose_server_is_down_cannot_be_provisioned_now(tmp_path: Path) -> None:
    config = door_toml(tmp_path)
    said = await run(
        *("lockagent", "--config", config, "provision"),
        *("--issuer", f"http://127.0.0.1:{free_port()}/t/oslo", "--code", "7KQ2-M9XD-4TPA"),
    )
    assert said.code in (WRONG, WORLD)
    assert "Traceback" not in said.text


async def test_a_phone_whose_server_is_down_says_so(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/t/oslo"
    said = await run(
        *("mobile_sdk", "--lang", "en", "--home", tmp_path / "phone"),
        *("enrol", url, "7KQ2-M9XD-4TPA"),
    )
    assert said.code == WORLD
    assert "Traceback" not in said.text
    assert not (tmp_path / "phone" / "phone.json").exists()


async def test_a_phone_that_was_not_enrolled_says_so(tmp_path: Path) -> None:
    said = await run("mobile_sdk", "--home", tmp_path / "phone", "open", "torshov/entrance/main")
    assert said.code == WRONG
    assert "Traceback" not in said.text


@pytest.mark.parametrize("program", ["keyserver", "lockagent", "mobile_sdk", "policies"])
async def test_a_wrong_command_is_the_callers_fault(program: str) -> None:
    said = await run(program, "dance")
    assert said.code == WRONG
    assert "Traceback" not in said.text
