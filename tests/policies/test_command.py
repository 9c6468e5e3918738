"""The program `policies`: `check` and `decide`, their exit codes and what they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from policies.__main__ import main
from tests.policies.command_line import without_progress
from tests.policies.town_documents import DOCUMENTS, PEOPLE_FILE, PLACES_FILE

FILES = [str(path) for path in DOCUMENTS]
PLACES = ["--places", str(PLACES_FILE)]
PEOPLE = ["--people", str(PEOPLE_FILE)]
EVENING = ["--at", "2026-10-14T17:00:00Z"]


def ask(person: str, point: str, *more: str) -> list[str]:
    return ["decide", person, point, *EVENING, *PLACES, *PEOPLE, *more, *FILES]


def test_documents_without_faults_are_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *FILES, *PLACES]) == 0
    assert "4 documents, no faults" in capsys.readouterr().out


def test_check_answers_no_and_names_file_line_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = tmp_path / "torshov.yaml"
    faulty.write_text(DOCUMENTS[0].read_text().replace("during: always", "limits: {}", 1))
    assert main(["check", "--json", str(faulty), *PLACES]) == 1
    captured = capsys.readouterr()
    missing, fault = [json.loads(line) for line in captured.out.splitlines()]
    assert missing["sentence"] == "expected a rule with during, got none"
    assert (fault["file"], fault["key"]) == (str(faulty), "policies[0].limits")
    assert fault["sentence"] == "expected limits, got an empty mapping"
    assert faulty.read_text().splitlines()[fault["line"] - 1].endswith("limits: {}}")
    assert f"{faulty}:{fault['line']}: policies[0].limits: expected limits" in captured.err


def test_decide_answers_yes_and_no_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ask("nora", "torshov/entrance/main")) == 0
    assert main(ask("amund", "torshov/entrance/main")) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "yes: You may unlock."
    assert said[1:5] == [
        "  asked about    nora at torshov/entrance/main, Hovedinngang",
        "  at             Wed 14 Oct 2026 19:00 (2026-10-14T17:00:00Z)",
        "  by rule        torshov-self-service",
        "  next 24 hours  Wed 14 Oct 19:00–22:00, Thu 15 Oct 07:00–19:00",
    ]
    assert said[5].startswith("no (age, torshov-self-service): Self-service is from age 15.")
    assert said[-1] == "  next 24 hours  Thu 15 Oct 10:00–18:00"


def test_decide_in_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ask("amund", "torshov/entrance/main", "--json")) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "person": "amund",
        "access_point": "torshov/entrance/main",
        "action": "open",
        "at": "2026-10-14T17:00:00Z",
        "permitted": False,
        "stands_unlocked": False,
        "reason": "age",
        "rule": "torshov-self-service",
        "until": None,
        "opens_at": "2026-10-15T08:00:00Z",
        "windows": [{"start": "2026-10-15T08:00:00Z", "end": "2026-10-15T16:00:00Z"}],
        "unlocked": [],
        "subject_to": [],
    }
    assert "Self-service is from age 15." in captured.err


def test_decide_asks_for_the_action_given() -> None:
    assert main(ask("odd", "frogner-pool/plant-room", "--action", "light")) == 0
    assert main(ask("odd", "frogner-pool/plant-room", "--action", "lock")) == 1


def test_a_faulty_document_is_exit_code_2_in_any_verb_but_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = tmp_path / "people.yaml"
    faulty.write_text("people:\n- {id: nora, brn: 2010-03-01}\n")
    argv = ["decide", "nora", "torshov/entrance/main", *EVENING, *PLACES, "--people", str(faulty)]
    assert main([*argv, *FILES]) == 2
    assert f"{faulty}:2: people[0].brn: expected one of id, born" in capsys.readouterr().err


def test_a_lapsing_day_list_is_a_warning_and_still_a_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = "days:\n  breaks: {covers: 2026-08-01..2026-12-31, on: [2026-10-05]}\n"
    document = tmp_path / "torshov.yaml"
    document.write_text(DOCUMENTS[0].read_text().replace("calendars:\n", f"{listed}calendars:\n"))
    check = ["check", "--json", str(document), *PLACES, "--at"]
    assert main([*check, "2026-10-14T17:00:00Z"]) == 0
    (done,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert done == {"checked": 1, "faults": 0, "warnings": 0}
    assert main([*check, "2026-11-14T17:00:00Z"]) == 0
    captured = capsys.readouterr()
    warning, _ = [json.loads(line) for line in captured.out.splitlines()]
    assert (warning["event"], warning["key"]) == ("warning", "days.breaks")
    assert document.read_text().splitlines()[warning["line"] - 1].startswith("  breaks:")
    assert without_progress(captured.err).startswith(
        f"warning: {document}:{warning['line']}: days.breaks: expected"
    )


def test_a_console_that_lacks_letters_is_told_all_the_same() -> None:
    argv = ask("amund", "torshov/entrance/main", "--people", "\u00e6")
    run = subprocess.run(
        [sys.executable, "-m", "policies", *argv],
        capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
    )  # fmt: skip
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert "expected to read" in run.stderr


def test_the_module_runs_as_a_program() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "policies", *ask("karim", "storgata-7/waste", "--json")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert json.loads(run.stdout)["reason"] == "resident"
    assert "Traceback" not in run.stderr
