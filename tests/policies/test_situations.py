"""All 25 situations together: each has its document and its table, and what they need is there."""

import re
from datetime import date
from pathlib import Path

import pytest

from policies.documents.document import load_policies
from policies.documents.record_file import ignored_doors
from policies.documents.upkeep import lapsing_day_lists
from policies.places import MUNICIPALITY
from policies.revisions import unenforced
from tests.policies import (
    test_situations_closures_and_things,
    test_situations_halls,
    test_situations_libraries_and_pools,
    test_situations_work_and_homes,
)
from tests.policies.fossvik import DOCUMENTS, FOLDER, HOLIDAYS, LOADED, PLACES, RECORD_FILE

ROWS = [
    asked
    for module in (
        test_situations_libraries_and_pools,
        test_situations_halls,
        test_situations_work_and_homes,
        test_situations_closures_and_things,
    )
    for rows in module.TABLES
    for asked in rows
]
LIMITS = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text()


def test_there_are_25_documents_and_nothing_else_in_the_folder() -> None:
    assert sorted(DOCUMENTS) == list(range(1, 26))
    others = {"places.yaml", "people.yaml", "records.yaml"}
    assert {path.name for path in FOLDER.iterdir()} == {p.name for p in DOCUMENTS.values()} | others


@pytest.mark.parametrize("situation", sorted(DOCUMENTS))
def test_every_situation_is_asked_for_openings_and_for_refusals(situation: int) -> None:
    answers = [row.answer for row in ROWS if row.situation == situation]
    assert len(answers) >= 6
    opening = [answer for answer in answers if "yes" in answer or "unlocked" in answer]
    assert len(opening) >= 2
    assert len(answers) - len(opening) >= 2


def test_no_line_of_the_tables_stands_twice() -> None:
    asked = [(row.situation, row.person, row.point, row.local, row.action) for row in ROWS]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("situation", sorted(DOCUMENTS))
def test_every_rule_is_asked_about_at_a_door_it_speaks_for(situation: int) -> None:
    (document,) = LOADED[situation].documents
    tried = {row.point for row in ROWS if row.situation == situation}
    numbers = [point.number for point in PLACES.access_points if point.id in tried]
    spoken_for = {rule.id for number in numbers for rule in LOADED[situation].rules_at[number]}
    assert [rule.id for rule in document.rules if rule.id not in spoken_for] == []


def test_the_documents_of_all_buildings_can_be_in_force_together() -> None:
    municipal = [n for n, loaded in LOADED.items() if loaded.documents[0].place == MUNICIPALITY]
    assert municipal == [16, 18, 19]
    files = {p.name: p.read_text() for n, p in DOCUMENTS.items() if n not in municipal}
    together = load_policies(files, PLACES, HOLIDAYS, RECORD_FILE.records)
    assert len(together.documents) == 22


@pytest.mark.parametrize("situation", sorted(DOCUMENTS))
def test_a_document_may_be_published_as_it_stands_but_for_the_one_that_asks_for_two_people(
    situation: int,
) -> None:
    refused = [fault.sentence for fault in unenforced(LOADED[situation])]
    expected = ["two-people is not enforced by this version"] if situation == 9 else []
    assert refused == expected


def test_every_door_of_a_record_lies_where_a_rule_may_speak_of_it() -> None:
    ignored = {
        situation: ignored_doors(RECORD_FILE, policies) for situation, policies in LOADED.items()
    }
    assert {situation: faults for situation, faults in ignored.items() if faults} == {}


def test_staff_are_told_to_renew_the_days_of_the_hall_season() -> None:
    assert lapsing_day_lists(LOADED[10], date(2027, 5, 1)) == ()
    warned = lapsing_day_lists(LOADED[10], date(2027, 6, 1))
    assert [warning.path for warning in warned] == [
        "days.christmas-and-easter", "days.weeks-34-to-22",
    ]  # fmt: skip


def test_the_page_of_limits_names_situations_that_there_are_and_every_key_that_is_refused() -> None:
    named = {int(n) for some in re.findall(r"\(([\d, ]+)\)", LIMITS) for n in some.split(",")}
    assert named
    assert named <= set(DOCUMENTS)
    for key in ("two-people", "inside", "share"):
        assert f"{key}: " in LIMITS
