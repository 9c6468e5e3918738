"""The verbs of the life of a rule: what is said, in which order, and with which exit code."""

from pathlib import Path
from typing import Any

import pytest

from keyserver.storage import schema
from tests.keyserver.test_verbs import Program
from tests.keyserver.town_hall import DOCUMENTS, EXAMPLES, places_with

FILES = [EXAMPLES / name for name in DOCUMENTS]
SWITCHED = "records: []\nswitches: {lockdown/torshov: on}\n"


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program with the town founded."""
    founded = Program(tmp_path, capsys)
    founded.set_up()
    return founded


@pytest.fixture
def wider(tmp_path: Path) -> list[Path]:
    """The documents with everybody of the pool in its plant room."""
    text = (EXAMPLES / "pool.yaml").read_text()
    file = tmp_path / "pool.yaml"
    allow = "allow: {any: [{role: pool-technician}, {member: swim-pass}]}"
    file.write_text(text.replace("allow: {role: pool-technician}", allow))
    return [file if name.name == "pool.yaml" else name for name in FILES]


def events(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The objects of one kind."""
    return [one for one in told if one["event"] == kind]


def test_the_first_publication_needs_nobody_and_compares_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    founded = Program(tmp_path, capsys)
    founded.init()
    founded.run("import", "places", EXAMPLES / "places.yaml")
    code, told, _ = founded.run("publish", *FILES)
    assert code == 0
    assert not events(told, "impact")
    assert told[-1]["event"] == "published"


def test_an_effect_that_needs_approval_is_refused_with_its_draft_until_it_has_it(
    program: Program, wider: list[Path]
) -> None:
    code, told, said = program.run("publish", *wider)
    assert code == 1
    assert events(told, "impact")[0]["gaining"] == "fewer than 3"
    assert "frogner-pool/plant-room, which is sensitive" in said
    draft = events(told, "impact")[0]["draft"]
    assert draft in told[-1]["detail"]
    assert program.run("publish", draft)[0] == 1
    assert program.run("status")[1][0]["revision"] == 1
    code, told, _ = program.run("approve", draft, "--by", "eva")
    assert (code, told[-1]["approvals"]) == (0, ["eva"])
    code, told, _ = program.run("publish", *wider)
    assert (code, told[-1]["revision"], told[-1]["is_new"]) == (0, 2, True)


def test_the_author_of_a_draft_is_told_no(program: Program, wider: list[Path]) -> None:
    code, told, _ = program.run("draft", *wider, "--by", "odd")
    assert code == 0
    draft = told[-1]["draft"]
    assert told[-1]["approval_needed"]
    code, _, said = program.run("approve", draft, "--by", "odd")
    assert code == 1
    assert "expected another person than the author" in said


def test_a_draft_is_published_from_an_instant_on_and_the_way_back_is_a_revision(
    program: Program, wider: list[Path]
) -> None:
    draft = program.run("draft", *wider, "--by", "odd")[1][-1]["draft"]
    program.run("approve", draft, "--by", "eva")
    code, told, said = program.run("publish", draft, "--from", "2026-10-20T05:00:00Z")
    assert (code, told[-1]["from"]) == (0, "2026-10-20T05:00:00Z")
    assert "from 2026-10-20T05:00:00Z on" in said
    assert program.run("status")[1][0]["revision"] == 1
    code, told, said = program.run("roll-back", "1")
    assert (code, told[-1]["revision"]) == (0, 3)
    assert "Revision 2, which is to come, would never govern." in said
    code, told, _ = program.run("revisions")
    assert [(one["revision"], one["stands"], one["rolled_back_to"]) for one in told] == [
        (1, "past", None),
        (2, "replaced", None),
        (3, "in force", 1),
    ]
    assert [one["author"] for one in told] == ["administrator", "odd", "administrator"]


def test_the_impact_is_counted_over_as_many_days_as_asked(
    program: Program, wider: list[Path]
) -> None:
    draft = program.run("draft", *wider, "--by", "odd")[1][-1]["draft"]
    code, told, _ = program.run("impact", draft, "--days", "3")
    assert code == 0
    first = told[0]
    assert (first["occasion"], first["losing"]) == ("first-days", "0")
    assert first["doors"] == [
        {
            "access_point": "frogner-pool/plant-room",
            "gaining": "fewer than 3",
            "losing": "0",
            "unlocked": False,
            "locked": False,
        }
    ]
    assert first["rules"][0]["rule"] == "pool-plant"
    assert program.run("status")[1][0]["revision"] == 1


def test_a_draft_that_changes_nothing_says_so(program: Program) -> None:
    code, told, said = program.run("draft", *FILES, "--by", "odd")
    assert code == 0
    assert events(told, "impact")[0]["first"] is None
    assert "nobody gains or loses anything" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("impact", "drf_0000000000000000"), "expected a draft, got"),
        (("approve", "drf_0000000000000000", "--by", "eva"), "expected a draft, got"),
        (("publish", "drf_0000000000000000"), "expected a draft, got"),
        (("roll-back", "7"), "expected a revision that was published, got 7"),
        (("roll-back", "one"), "expected the number of a revision"),
        (("publish", str(FILES[0]), "--from", "tomorrow"), "expected an instant like"),
        (
            ("publish", str(FILES[0]), "--from", "9999-12-31T23:59:59Z"),
            "expected an instant before 2036-10-21T",
        ),
        (("publish", str(FILES[0]), "--by", "nobody"), "expected a person of the register"),
        (("draft", str(FILES[0])), "--by"),
        (("impact", "x", "--days", "0"), "expected 1 to 366 days"),
        (("import", "records", "missing.yaml"), "expected a file missing.yaml"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_2(
    program: Program, words: tuple[str, ...], said: str
) -> None:
    code, _, heard = program.run(*words)
    assert code == 2
    assert said in heard


def test_an_instant_that_has_passed_is_told_no(program: Program) -> None:
    code, _, said = program.run("publish", FILES[0], "--from", "2026-10-14T16:00:00Z")
    assert code == 1
    assert "what has been decided is not decided again" in said


def test_records_are_imported_and_said_what_they_switch(program: Program, tmp_path: Path) -> None:
    places, records = tmp_path / "places.yaml", tmp_path / "records.yaml"
    places.write_text(places_with(switches="lockdown/torshov"))
    records.write_text(SWITCHED)
    program.run("import", "places", places)
    code, told, said = program.run("import", "records", records)
    assert code == 0
    assert told == [
        {
            "event": "imported",
            "kind": "records",
            "count": 0,
            "before": 0,
            "switches_on": ["lockdown/torshov"],
            "revoked": 0,
        }
    ]
    assert "on: lockdown/torshov" in said


def test_a_database_of_this_version_is_migrated_to_itself(program: Program) -> None:
    newest = max((Path(schema.__file__).parent / "migrations" / "versions").glob("0*.py")).name[:4]
    assert program.run("migrate")[1] == [{"event": "migrated", "schema": newest}]
    assert program.run("status")[0] == 0
