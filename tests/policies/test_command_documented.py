"""Every command in docs/policies.md, *The program*, prints today what the page shows.

The commands are run in a copy of `policies/examples`, with the edit that the page speaks of. An
output may leave lines out: `…` on a line of its own stands for any lines.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from policies.__main__ import main
from tests.policies.command_line import without_progress
from tests.policies.town_documents import EXAMPLES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies.md").read_text()
SECTION = PAGE[PAGE.index("\n## The program\n") :]
BLOCKS = re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Each command, its lines joined, and what the page shows of its output."""
    shown = []
    for block in BLOCKS:
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = re.sub(r" \\\n +", " ", example).partition("\n")
            shown.append((command, output))
    return shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples, and in `new` the library as it would be staffed until 16:00 on Saturdays."""
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy)
    written = (copy / "torshov.yaml").read_text()
    edited = written.replace('sat: "10:00-15:00"', 'sat: "10:00-16:00"')
    assert edited != written
    (copy / "new").mkdir()
    (copy / "new" / "torshov.yaml").write_text(edited)
    return copy


@pytest.mark.parametrize(("command", "shown"), examples())
def test_a_command_of_the_page_prints_what_the_page_shows(
    command: str,
    shown: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    program, *argv = shlex.split(command)
    assert program == "policies"
    main(argv)
    captured = capsys.readouterr()
    printed = (without_progress(captured.err) + captured.out).strip("\n")
    parts = re.split(r"^…$", shown.strip("\n"), flags=re.MULTILINE)
    assert re.fullmatch(".*".join(map(re.escape, parts)), printed, re.DOTALL), printed


def test_the_page_shows_every_verb() -> None:
    verbs = {command.split()[1] for command, _ in examples()}
    assert verbs == {
        "check", "decide", "explain", "who", "what", "diff", "calendar", "export-cedar",
    }  # fmt: skip
