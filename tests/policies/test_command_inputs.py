"""What is wrong with a command is one sentence, the right exit code, and no stack trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from policies.__main__ import main
from tests.policies.command_line import without_progress
from tests.policies.town_documents import DOCUMENTS, EXAMPLES, PEOPLE_FILE, PLACES_FILE

FILES = [str(path) for path in DOCUMENTS]
PLACES = ["--places", str(PLACES_FILE)]
PEOPLE = ["--people", str(PEOPLE_FILE)]
AT = ["--at", "2026-10-14T17:00:00Z"]
WRONG, WORLD_FAILED = 2, 3

VERBS = {
    "check": ["check", *FILES, *PLACES],
    "decide": ["decide", "nora", "torshov/entrance/main", *AT, *PLACES, *PEOPLE, *FILES],
    "explain": ["explain", "nora", "torshov/entrance/main", *AT, *PLACES, *PEOPLE, *FILES],
    "who": ["who", "torshov/entrance/main", *AT, *PLACES, *PEOPLE, *FILES],
    "what": ["what", "nora", *AT, *PLACES, *PEOPLE, *FILES],
    "diff": ["diff", *AT, *PLACES, *PEOPLE, "--before", *FILES, "--after", *FILES],
    "calendar": ["calendar", "torshov.staffed", "--from", "2026-10-14", *PLACES, *FILES],
    "export-cedar": ["export-cedar", *PLACES, *FILES],
}


def without(argv: list[str], option: str, instead: str) -> list[str]:
    """The command with another value of `option`."""
    at = argv.index(option) + 1
    return [*argv[:at], instead, *argv[at + 1 :]]


def wrong(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence of a command that cannot be carried out."""
    assert main(argv) == WRONG
    captured = capsys.readouterr()
    assert captured.out == ""
    (said,) = without_progress(captured.err).splitlines()
    return said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_on_the_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(VERBS[verb]) == 0
    captured = capsys.readouterr()
    assert captured.out
    assert without_progress(captured.err) == ""


@pytest.mark.parametrize("verb", VERBS)
def test_with_json_stdout_is_one_object_a_line_and_nothing_else(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*VERBS[verb], "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told
    assert all(isinstance(each, dict) for each in told)


@pytest.mark.parametrize("verb", VERBS)
def test_json_may_be_asked_for_before_the_verb(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--json", *VERBS[verb]])
    before = capsys.readouterr().out
    main([*VERBS[verb], "--json"])
    assert capsys.readouterr().out == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("option", ["--places", "--people"])
def test_a_missing_file_is_named(
    verb: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if option not in VERBS[verb]:
        return
    said = wrong(without(VERBS[verb], option, "nowhere.yaml"), capsys)
    assert said == "policies: expected to read nowhere.yaml, got: No such file or directory"


@pytest.mark.parametrize("verb", VERBS)
def test_a_document_that_is_not_text_is_a_fault_with_its_line(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binary = tmp_path / "town.yaml"
    binary.write_bytes("for: x\n# b\u00e5t\n".encode("latin-1"))
    argv = [word if word != FILES[0] else str(binary) for word in VERBS[verb]]
    assert main(argv) == (1 if verb == "check" else WRONG)
    captured = capsys.readouterr()
    fault = f"{binary}:2: expected UTF-8 text, got the byte 0xe5\n"
    assert without_progress(captured.err) == fault
    assert captured.out == ""


@pytest.mark.parametrize("verb", ["decide", "explain", "who", "what", "diff"])
def test_an_instant_that_is_none_is_refused(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    for instant in ("yesterday", "2026-10-14", "2026-02-30T10:00", "2026-10-14T17:00:00+02:00"):
        said = wrong(without(VERBS[verb], "--at", instant), capsys)
        assert said.startswith("policies: expected ")
        assert instant in said


@pytest.mark.parametrize("verb", ["decide", "explain", "what"])
def test_a_person_nobody_knows_is_told_with_the_nearest_one(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [word if word != "nora" else "norra" for word in VERBS[verb]]
    said = wrong(argv, capsys)
    assert said.startswith(f"policies: expected a person of {PEOPLE_FILE}, got 'norra'")
    assert "nora" in said.partition("'norra'")[2]


@pytest.mark.parametrize("verb", ["decide", "explain", "who"])
def test_an_access_point_nobody_knows_is_told_with_the_nearest_one(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [w if w != "torshov/entrance/main" else "torshov/entrance/man" for w in VERBS[verb]]
    said = wrong(argv, capsys)
    assert said.startswith(f"policies: expected an access point of {PLACES_FILE}")
    assert "torshov/entrance/main" in said


def test_what_a_calendar_is_asked_of_is_told_with_the_nearest_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = [w if w != "torshov.staffed" else "torshov.stafed" for w in VERBS["calendar"]]
    said = wrong(argv, capsys)
    assert "CALENDAR.OPENING" in said
    assert "torshov.staffed" in said


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--from", "14.10.2026", "expected a date such as 2027-06-30"),
        ("--from", "2199-12-31", "expected a day before 2199"),
        ("--days", "0", "expected 1 to 800 days, got 0"),
        ("--days", "801", "expected 1 to 800 days, got 801"),
    ],
)
def test_days_out_of_bounds_are_refused(
    option: str, value: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in wrong([*VERBS["calendar"], option, value], capsys)


@pytest.mark.parametrize(
    "argv",
    [[], ["dance"], ["check"], [*VERBS["check"], "--lang", "de"], ["calendar", "--days", "many"]],
)
def test_a_command_that_cannot_be_read_is_exit_code_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == WRONG
    assert "usage: policies" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert "exit codes:" in capsys.readouterr().out


def test_a_folder_stands_for_the_documents_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(EXAMPLES), *PLACES, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["checked"] == len(DOCUMENTS)
    said = wrong(["check", str(tmp_path), *PLACES], capsys)
    assert said == f"policies: expected documents (*.yaml) in {tmp_path}, got none"


def test_a_file_the_system_does_not_give_is_the_worlds_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    circle = tmp_path / "circle.yaml"
    circle.symlink_to(circle)
    assert main(["check", str(circle), *PLACES]) == WORLD_FAILED
    said = without_progress(capsys.readouterr().err)
    assert said.startswith(f"policies: {circle}: expected the system to allow")


def test_nobody_reading_the_answers_is_no_stack_trace() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "policies", *VERBS["calendar"], "--days", "800"],
            stdout=nobody, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == WORLD_FAILED
    assert without_progress(ended.stderr.decode()) == ""


def test_a_console_without_our_letters_is_told_all_the_same() -> None:
    argv = ["who", "haraldrud/gate/vehicles", *AT, *PLACES, *PEOPLE, *FILES]
    said = subprocess.run(
        [sys.executable, "-m", "policies", *argv],
        capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert rb"Kj\xf8report" in said.stdout
    assert without_progress(said.stderr.decode()) == ""
