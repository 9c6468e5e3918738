"""The program: verbs, exit codes, one sentence for whatever is wrong, and never a stack trace."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from keyserver.__main__ import main
from tests.keyserver.town_hall import DOCUMENTS, EXAMPLES, town_clock


class Program:
    """`keyserver` as it is run, over one installation."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = folder / "home"
        self._clock = town_clock(folder)
        self._capture = capture

    def run(self, *words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, the objects on stdout, and what people read."""
        config = ("--config", str(self.home / "keyserver.toml"))
        try:
            code = main(["--json", *config, *map(str, words)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self._capture.readouterr()
        assert "Traceback" not in said.err
        return code, [json.loads(line) for line in said.out.splitlines()], said.err

    def init(self, *more: str) -> tuple[int, list[dict[str, Any]], str]:
        """`keyserver init` for development."""
        clock = f"town:{self._clock}"
        words = ("--tenant", "oslo", "--url", "http://127.0.0.1:0", "--environment", "development")
        return self.run("init", self.home, *words, "--clock", clock, *more)

    def set_up(self) -> None:
        """Found it and give it the example documents."""
        assert self.init()[0] == 0
        assert self.run("import", "places", EXAMPLES / "places.yaml")[0] == 0
        assert self.run("import", "people", EXAMPLES / "people.yaml")[0] == 0
        assert self.run("publish", *(EXAMPLES / name for name in DOCUMENTS))[0] == 0


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program with nothing founded yet."""
    return Program(tmp_path, capsys)


def test_what_an_installer_does_works_in_order(program: Program) -> None:
    program.set_up()
    code, told, _ = program.run("enrol-code", "nora")
    assert (code, told[0]["event"], told[0]["person"]) == (0, "code", "nora")
    assert told[0]["issuer"].endswith("/t/oslo")
    code, told, _ = program.run("controller-code", "torshov-1", "--minutes", "5")
    assert (code, len(told[0]["code"])) == (0, 14)
    code, told, _ = program.run("journal", "verify")
    assert (code, told) == (0, [])
    code, told, said = program.run("status")
    assert code == 0
    assert [one["event"] for one in told] == ["status"] + ["facility"] * 4
    assert told[0]["revision"] == 1
    assert "revision 1" in said


def test_init_makes_keys_that_are_the_owners_only(program: Program) -> None:
    program.init()
    keys = sorted((program.home / "keys").iterdir())
    assert [key.stem for key in keys] == sorted(
        ["credential", "reader", "bundle", "time", "ack", "token", "root"]
    )
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert (program.home / "keyserver.db").stat().st_mode & 0o777 == 0o600


def test_init_over_an_installation_is_refused_and_changes_nothing(program: Program) -> None:
    program.init()
    before = {path: path.read_bytes() for path in program.home.rglob("*.pem")}
    code, _, said = program.init()
    assert code == 2
    assert "expected a folder without keyserver.toml" in said
    assert {path: path.read_bytes() for path in program.home.rglob("*.pem")} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tenant", "Oslo!"), "expected a tenant of 1 to 16"),
        (("--url", "http://keys.example.no"), "--url: expected https, or http to loopback"),
        (("--url", "keys"), "--url: expected a URL"),
        (("--environment", "production"), "--url: expected https in environment production"),
        (("--clock", "town:/nowhere"), "--clock: expected a clock file, got: no such file"),
        (("--clock", "sundial"), "--clock: expected clock"),
    ],
)
def test_init_with_a_wrong_word_says_which_and_leaves_no_folder(
    program: Program, words: tuple[str, ...], said: str
) -> None:
    code, _, heard = program.init(*words)
    assert code == 2
    assert said in heard
    assert not program.home.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("enrol-code", "nobody"), 2, "expected a person of the register, got 'nobody'"),
        (("controller-code", "atlantis-1"), 2, "expected a controller of the places (torshov-1"),
        (("revoke", "device", "dev_X", "--reason", "lost"), 2, "something to revoke, got dev_X"),
        (("revoke", "credential", "xyz", "--reason", "lost"), 2, "16 hex digits"),
        (("journal", "verify", "--controller", "x"), 2, "expected a controller that was prov"),
        (("journal", "show", "--controller", "x"), 2, "expected a controller that was prov"),
        (("revoke", "phone", "x", "--reason", "y"), 2, "'device', 'credential', 'person'"),
        (("publish", "missing.yaml"), 2, "expected a file missing.yaml, got: no such file"),
        (("--tenant", "bergen", "status"), 2, "expected --tenant to be one of oslo"),
        (("revoke", "device", "dev_X"), 2, "--reason"),
        (("enrol-code", "nora", "--minutes", "0"), 2, "expected 1 to"),
        (("frobnicate",), 2, "invalid choice"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_2(
    program: Program, words: tuple[str, ...], code: int, said: str
) -> None:
    program.set_up()
    ended, _, heard = program.run(*words)
    assert ended == code
    assert said in heard


def test_a_faulty_document_names_file_line_and_key(program: Program, tmp_path: Path) -> None:
    program.set_up()
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text((EXAMPLES / "torshov.yaml").read_text().replace("allow:", "alow:", 1))
    code, told, said = program.run("publish", faulty)
    assert code == 2
    assert said.startswith(f"{faulty}:")
    assert told[0]["faults"][0]["file"] == str(faulty)
    assert program.run("status")[1][0]["revision"] == 1


def test_a_broken_config_names_line_and_key(program: Program) -> None:
    program.init()
    config = program.home / "keyserver.toml"
    config.write_text(config.read_text().replace("listen", "lissten"))
    code, _, said = program.run("status")
    assert code == 2
    assert f"{config}:1: listen: expected this key, got none" in said


def test_a_missing_key_file_is_said_before_anything_is_served(program: Program) -> None:
    program.set_up()
    (program.home / "keys" / "time.pem").unlink()
    code, told, said = program.run("serve")
    assert code == 2
    assert "expected the time key in" in said
    assert [one["event"] for one in told] == ["error"]


def test_a_key_that_no_door_knows_is_not_served_with(program: Program) -> None:
    program.set_up()
    keys = program.home / "keys"
    (keys / "credential.pem").write_bytes((keys / "token.pem").read_bytes())
    code, _, said = program.run("serve")
    assert code == 2
    assert "`keyserver new-issuer-key credential` makes one" in said


def test_a_new_issuer_key_is_announced_and_can_be_named_in_the_config(program: Program) -> None:
    program.set_up()
    code, told, _ = program.run("new-issuer-key", "credential")
    assert (code, told[0]["role"]) == (0, "credential")
    config = program.home / "keyserver.toml"
    config.write_text(config.read_text().replace("credential.pem", "credential-2.pem"))
    with _Served(program.home) as served:
        assert served.ready["event"] == "ready"


def test_a_database_that_is_gone_is_one_sentence(program: Program) -> None:
    program.init()
    for file in program.home.glob("keyserver.db*"):
        file.unlink()
    code, _, said = program.run("status")
    assert code == 2
    assert "`keyserver init` makes one" in said


class _Served:
    """`keyserver serve` as a process of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> "_Served":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keyserver", "--json", "serve"],
            cwd=self._home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_serve_is_ready_answers_and_ends_at_sigterm(program: Program) -> None:
    program.set_up()
    with _Served(program.home) as served:
        assert served.ready["event"] == "ready"
        with urllib.request.urlopen(f"{served.ready['url']}/health", timeout=20) as answer:
            assert json.load(answer)["status"] == "pass"
        os.kill(served.process.pid, signal.SIGTERM)
        out, err = served.process.communicate(timeout=20)
    assert served.process.returncode == 0
    assert json.loads(out.splitlines()[-1])["event"] == "stopped"
    assert "production doors refuse what it signs" in err


def test_a_port_in_use_is_one_sentence_and_exit_3(program: Program) -> None:
    program.set_up()
    config = (program.home / "keyserver.toml").read_text()
    port = int(config.split('listen = "127.0.0.1:')[1].split('"')[0])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, _, said = program.run("serve")
    assert code == 3
    assert f"expected to listen on 127.0.0.1:{port}, got: address already in use" in said


@pytest.mark.parametrize("role", ["bundle", "root"])
def test_a_key_that_was_not_announced_leaves_no_file(program: Program, role: str) -> None:
    program.set_up()
    (program.home / "keys" / "root.pem").rename(program.home / "root.away")
    before = sorted((program.home / "keys").iterdir())
    code, _, said = program.run("new-issuer-key", role)
    assert code == 2
    assert "expected the root key in" in said
    assert sorted((program.home / "keys").iterdir()) == before


def test_one_key_too_many_leaves_no_file(program: Program) -> None:
    program.set_up()
    assert [program.run("new-issuer-key", "ack")[0] for _ in range(3)] == [0, 0, 2]
    kept = sorted(key.name for key in (program.home / "keys").glob("ack*"))
    assert kept == ["ack-2.pem", "ack-3.pem", "ack.pem"]


def test_an_init_that_was_cut_short_says_what_to_remove(program: Program) -> None:
    (program.home / "keys").mkdir(parents=True)
    code, _, said = program.init()
    assert code == 2
    assert "remove the folder" in said


def test_revoking_a_person_with_only_a_code_is_something_done(program: Program) -> None:
    program.set_up()
    program.run("enrol-code", "nora")
    code, told, _ = program.run("revoke", "person", "nora", "--reason", "lost")
    assert (code, told[0]["codes"], told[0]["devices"]) == (0, 1, 0)
    assert program.run("revoke", "person", "nora", "--reason", "lost")[0] == 2


def test_an_interrupt_ends_with_3_and_says_what_became_of_the_change(
    program: Program, tmp_path: Path
) -> None:
    program.set_up()
    pipe = tmp_path / "people.yaml"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [sys.executable, "-m", "keyserver", "import", "people", str(pipe)],
        cwd=program.home,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with pipe.open("w") as written:  # Waits until the verb reads.
        running.send_signal(signal.SIGINT)
        written.write((EXAMPLES / "people.yaml").read_text())
    _, said = running.communicate(timeout=20)
    assert running.returncode == 3
    assert said == "keyserver: interrupted; import changed nothing\n"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_reader_that_leaves_ends_the_verb_without_a_word(
    program: Program, more: tuple[str, ...]
) -> None:
    program.set_up()
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "keyserver", *more, "status"],
        cwd=program.home,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (3, "")
