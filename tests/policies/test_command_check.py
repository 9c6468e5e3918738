"""What `check` warns of, and how text is shown on a terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from policies.__main__ import main
from policies.verbs.legible import columns_of
from tests.policies.fossvik import DOCUMENTS, FOLDER
from tests.policies.town_documents import DOCUMENTS as TOWN
from tests.policies.town_documents import PEOPLE_FILE, PLACES_FILE
from tests.policies.written import PLACES_WRITTEN, Doc, document, rule

TOWN_PLACES = ["--places", str(PLACES_FILE)]
TOWN_PEOPLE = ["--people", str(PEOPLE_FILE)]


def told(argv: list[str], capsys: pytest.CaptureFixture[str]) -> list[Doc]:
    """What a command says to programs."""
    assert main([*argv, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def warnings(
    capsys: pytest.CaptureFixture[str], folder: Path, *rules: Doc, people: bool = False
) -> list[Doc]:
    """What is warned of in a document of the town hall of the tests."""
    (folder / "places.yaml").write_text(json.dumps(PLACES_WRITTEN))
    (folder / "people.yaml").write_text(json.dumps({"people": [{"id": "kari"}]}))
    (folder / "town.yaml").write_text(json.dumps(document(*rules), ensure_ascii=False))
    argv = ["check", str(folder), "--places", str(folder / "places.yaml")]
    argv += ["--at", "2026-10-14T19:00"]
    if people:
        argv += ["--people", str(folder / "people.yaml")]
    return [each for each in told(argv, capsys) if each.get("event") == "warning"]


def test_rules_that_never_apply_or_add_nothing_are_named_where_they_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = warnings(
        capsys,
        tmp_path,
        rule(id="staff", allow={"role": "staff"}),
        rule(id="more-staff", doors="zone:town/hall", allow={"role": "staff"}),
        rule(id="past", allow={"role": "caretaker"}, until="2026-01-01"),
    )
    assert {(each["check"], each["rule"], each["key"]) for each in found} == {
        ("ended", "past", "policies[2]"),
        ("shadowed", "more-staff", "policies[1]"),
    }
    assert {each["file"] for each in found} == {str(tmp_path / "town.yaml")}


def test_doors_that_all_or_none_can_open_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = warnings(
        capsys,
        tmp_path,
        rule(id="all", doors="door:town/side", allow="anyone"),
        rule(id="few", doors="zone:town/hall", allow={"role": "staff"}),
        people=True,
    )
    checks = {each["check"]: each["access_points"] for each in found}
    assert checks["open-to-all"] == ["town/side"]
    assert checks["no-rules"] == ["town/vault"]
    empty = [each["access_points"] for each in found if each["check"] == "nobody"]
    assert empty == [["town/hall/north"], ["town/hall/south"]]


def test_rules_that_wait_for_a_register_say_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lockdown = {"active": {"switch": "lockdown/town"}, "reason": "lockdown"}
    found = warnings(
        capsys,
        tmp_path,
        rule(id="hall", allow={"booking": "hall"}, during={"booking": "hall"}),
        rule(id="lockdown", deny="anyone", **lockdown),
    )
    waiting = [each["sentence"] for each in found if "--records" in each["sentence"]]
    assert waiting == [
        "expected the records of booking hall (--records), got none: the rule opens nothing",
        "expected the state of the switch lockdown/town (--records), got none:"
        " the rule counts as holding wherever it may",
    ]


def test_a_register_that_is_no_longer_fresh_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = PEOPLE_FILE.read_text()
    people = tmp_path / "people.yaml"
    people.write_text(f"registers: {{member: {{fresh_until: 2026-10-14T08:12}}}}\n{written}")
    argv = ["check", str(TOWN[0]), *TOWN_PLACES, "--people", str(people), "--at"]
    stale = [e for e in told([*argv, "2026-10-14T19:00"], capsys) if e.get("key")]
    assert [each["sentence"] for each in stale] == [
        "expected a register of member facts that is fresh, got none: the rule opens nothing"
    ]
    fresh = told([*argv, "2026-10-14T08:00"], capsys)
    assert [each for each in fresh if each.get("key")] == []


def test_a_door_of_a_record_outside_the_document_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {
        "id": "b1", "kind": "booking", "name": "hall", "access_points": ["barn/gate"],
        "people": [{"person": "kari", "as": "holder"}],
        "start": "2026-10-14T18:00", "end": "2026-10-14T20:00",
    }  # fmt: skip
    hall = rule(
        doors={"booking": "hall.door"}, allow={"booking": "hall"}, during={"booking": "hall"}
    )
    written = {
        "places": PLACES_WRITTEN,
        "records": {"records": [record]},
        "town": document(hall),
    }
    for name, content in written.items():
        (tmp_path / f"{name}.yaml").write_text(json.dumps(content))
    places, records = (str(tmp_path / f"{name}.yaml") for name in ("places", "records"))
    argv = ["check", str(tmp_path), "--places", places, "--records", records]
    warned = [each for each in told(argv, capsys) if each.get("file") == records]
    assert len(warned) == 1
    assert "barn/gate" in warned[0]["sentence"]


def test_each_rule_says_its_sentence_its_nights_and_how_many_it_speaks_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["check", str(TOWN[0]), "--sentences", "--at", "2027-05-14T12:00"]
    argv += [*TOWN_PLACES, *TOWN_PEOPLE]
    sentences = [e for e in told(argv, capsys) if e.get("event") == "sentence"]
    assert [each["rule"] for each in sentences] == [
        "torshov-staff", "torshov-open", "torshov-self-service", "torshov-excluded",
    ]  # fmt: skip
    nights = sentences[2]["nights"]
    assert len([night for night in nights if night["window"]]) == 7
    (closed,) = [night for night in nights if night["window"] is None]
    assert (closed["day"], closed["is_holiday"]) == ("2027-05-17", True)
    assert sentences[1]["people"] == 11
    assert sentences[2]["people"] == 4
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert "11 people today" in text
    assert "17 May" in text


def test_a_rule_for_everybody_at_the_door_counts_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registers = [f"--{name}={FOLDER / name}.yaml" for name in ("places", "people", "records")]
    argv = ["check", str(DOCUMENTS[20]), "--sentences", "--at", "2026-10-14T19:00", *registers]
    counted = {e["rule"]: "people" in e for e in told(argv, capsys) if e.get("event") == "sentence"}
    assert counted == {
        "flatahallen-open": False, "flatahallen-booked": True, "flatahallen-caretaker": True,
        "flatahallen-drying": True, "flatahallen-flood": False,
    }  # fmt: skip


def test_a_night_of_another_year_says_the_year_once(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["check", str(TOWN[0]), "--sentences", "--at", "2026-12-31T12:00", *TOWN_PLACES]
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert "Fri 1 Jan 2027 07:00–22:00 (New Year's Day) ·" in " ".join(text.split())
    assert "Sat 2 Jan 07:00–10:00" in " ".join(text.split())


def test_no_name_of_a_place_controls_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = tmp_path / "places.yaml"
    written = PLACES_FILE.read_text().replace("name: Hovedinngang", 'name: "A\\e[2J\\nB"')
    places.write_text(written)
    argv = ["who", "torshov/entrance/main", "--places", str(places), *TOWN_PEOPLE, str(TOWN[0])]
    main(argv)
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err


def shown_on_a_terminal(columns: int, argv: list[str]) -> list[str]:
    """The lines a command shows on a terminal of that many columns."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    with subprocess.Popen(
        [sys.executable, "-m", "policies", *argv],
        stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": str(columns), "PYTHONUTF8": "1"},
    ) as program:  # fmt: skip
        os.close(theirs)
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:
            pass  # the other end is closed: the program has ended
        finally:
            os.close(ours)
        assert program.wait(60) == 0
    return b"".join(shown).decode().splitlines()


@pytest.mark.parametrize("columns", [40, 80])
def test_everything_fits_a_narrow_terminal(columns: int) -> None:
    registers = [f"--{name}={FOLDER / name}.yaml" for name in ("places", "people", "records")]
    files = [str(DOCUMENTS[situation]) for situation in (7, 15, 22)]
    argv = ["what", "gerd", "--at", "2026-10-15T10:00", *registers, *files]
    lines = shown_on_a_terminal(columns, argv)
    assert any("elvebadet" in line for line in lines)
    assert max(map(columns_of, lines)) <= columns
