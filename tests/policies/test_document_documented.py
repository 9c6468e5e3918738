"""The documents of docs/policies.md are documents, and the page has the bounds of the reader."""

import json
import re
from pathlib import Path

import pytest

from policies.documents.calendars import (
    MAX_CALENDARS,
    MAX_DATES,
    MAX_DAY_LISTS,
    MAX_DAYS_LISTED,
    MAX_OPENINGS,
)
from policies.documents.conditions import MAX_CONDITIONS, MAX_OPENINGS_OF_A_RULE
from policies.documents.document import MAX_RULES, parse_document
from policies.documents.keys import CONDITIONS, RULES, WITH
from policies.documents.place_file import parse_places
from policies.documents.printing import print_document
from policies.documents.source_tree import MAX_DEPTH, MAX_VALUES
from policies.policy_set import MAX_HOURS_AT_A_POINT
from tests.policies import town_documents
from tests.policies.written import HOLIDAYS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies.md").read_text()
TORSHOV, EKEBERG = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PLACES_OF_EKEBERG = {
    "tenant": {"id": "oslo", "name": "Oslo", "time_zone": "Europe/Oslo"},
    "facilities": [{"id": "ekeberg", "name": "Ekeberghallen"}],
    "access_points": [
        {"id": f"ekeberg/hall/{name}", "number": str(number), "controller": "ekeberg-1",
         "name": name, "listed": "true"}
        for number, name in enumerate(("north", "weights"), start=1)
    ],
    "registers": {
        "roles": ["home-care", "emergency-services"], "residences": ["municipality"],
        "bookings": ["ekeberg-hall", "equipment"], "assignments": ["care-visit"],
        "switches": ["lockdown/ekeberg"],
    },
}  # fmt: skip
PLACES = {
    TORSHOV: town_documents.PLACES,
    EKEBERG: parse_places(json.dumps(PLACES_OF_EKEBERG), "places.yaml"),
}


@pytest.mark.parametrize("text", [TORSHOV, EKEBERG], ids=["torshov", "ekeberg"])
def test_a_document_of_the_page_is_read_and_printed(text: str) -> None:
    document = parse_document(text, "page.yaml", PLACES[text], HOLIDAYS)
    printed = print_document(document)
    assert parse_document(printed, "printed.yaml", PLACES[text], HOLIDAYS) == document


def test_the_page_names_every_key_of_a_rule_and_every_condition() -> None:
    keys = {key for of_effect in RULES.values() for key in of_effect.all} | {*WITH.all, *CONDITIONS}
    assert [key for key in sorted(keys) if f"`{key}" not in PAGE] == []


def test_the_page_has_the_bounds_of_the_reader() -> None:
    bounds = PAGE[PAGE.index("**Bounds**") : PAGE.index("**For editors**")].replace("\n", " ")
    for said in (
        f"{MAX_VALUES:,} values", f"{MAX_DEPTH} levels", f"{MAX_RULES:,} rules",
        f"{MAX_CALENDARS} calendars of {MAX_OPENINGS} openings and {MAX_DATES:,} dates",
        f"{MAX_DAY_LISTS} day lists of {MAX_DAYS_LISTED:,} days",
        f"{MAX_CONDITIONS} conditions and {MAX_OPENINGS_OF_A_RULE} openings",
        f"{MAX_HOURS_AT_A_POINT} hours",
    ):  # fmt: skip
        assert said in bounds
