"""The demo is a test: an evening in town, told to its end, with every number it reports."""

import json
from pathlib import Path

from tests.journeys.programs import run


async def test_the_town_tells_its_story_to_the_end(tmp_path: Path) -> None:
    said = await run(
        "firmware_stubs.town", "--state", tmp_path / "town", "run", "--once", seconds=300
    )
    assert said.code == 0, said.text
    story = said.out.splitlines()
    summary = json.loads(story[-1])
    assert summary["opened"] >= 20
    assert summary["offline_opened"] >= 8
    assert summary["refused"] == sum(summary["reasons"].values()) == 3
    assert summary["reasons"] == {"CREDENTIAL_DISABLED": 1, "OUT_OF_TIME_RANGE": 2}
    assert summary["refused_by_phone"] == 2
    assert summary["revoked_refused"] == 1
    assert summary["journal_verified"] is True
    assert summary["unlock_ms"]["n"] == summary["opened"]
    assert 0 < summary["unlock_ms"]["p50"] <= summary["unlock_ms"]["p95"]
    assert any("Amund is refused at the library" in line and "15" in line for line in story)


async def test_a_town_does_not_take_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    said = await run("firmware_stubs.town", "--state", tmp_path, "run", "--once")
    assert said.code == 3
    assert "Traceback" not in said.text
    assert (tmp_path / "letters.txt").read_text() == "dear"


async def test_a_verb_without_a_running_town_says_how_to_start_one(tmp_path: Path) -> None:
    said = await run("firmware_stubs.town", "--state", tmp_path / "none", "status")
    assert said.code == 2
    assert "make demo" in said.err
