"""What the pages in `docs` show is what the programs do: examples are read, names are compared."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_stubs.town.__main__ import main as town
from keyserver.__main__ import main as keyserver
from keyserver.http.problem_texts import PROBLEMS
from lockagent.__main__ import main as lockagent
from mobile_sdk.__main__ import main as nokkel
from policies.__main__ import main as policies_program
from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.explanation.explaining import explain
from policies.model import DENY_REASONS
from policies.public_holidays import norwegian_holidays
from policies.vocabulary import AccessPointNumber, Action, PersonId, parse_instant

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "policies" / "examples"
POLICIES = (ROOT / "docs" / "policies.md").read_text()
INTERFACES = (ROOT / "docs" / "interfaces.md").read_text()
MOBILE_SDK = (ROOT / "docs" / "mobile_sdk.md").read_text()
RUNNING = (ROOT / "docs" / "running.md").read_text()
PLACES = parse_places((EXAMPLES / "places.yaml").read_text(), "places.yaml")
EVENING = parse_instant("2026-10-14T17:00:00Z")

YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("person", "reason"), [("nora", "granted"), ("amund", "age")])
def test_the_document_of_policies_md_decides_as_it_says(person: str, reason: str) -> None:
    people = parse_people((EXAMPLES / "people.yaml").read_text(), "people.yaml", PLACES)
    document = YAML.findall(POLICIES)[0]
    policies = load_policies({"torshov.yaml": document}, PLACES, norwegian_holidays())
    subject = people[PersonId(person)]
    told = explain(policies, subject, AccessPointNumber(4711), Action.OPEN, EVENING)
    assert told.reason == reason


def test_policies_md_names_every_reason_a_deny_may_give() -> None:
    assert [reason for reason in DENY_REASONS if f"`{reason}`" not in POLICIES] == []


def test_interfaces_md_names_every_problem_with_its_status() -> None:
    rows = re.findall(r"^\| ([45]\d\d[\d, ]*) \| (.+) \|$", INTERFACES, re.MULTILINE)
    named = {name for _, names in rows for name in re.findall(r"`([a-z-]+)`", names)}
    assert named == set(PROBLEMS)
    wrong = {
        name
        for statuses, names in rows
        for name in re.findall(r"`([a-z-]+)`", names)
        if str(PROBLEMS[name].status) not in statuses
    }
    assert wrong == set()


def test_the_three_files_of_running_md_agree() -> None:
    written, people, document = YAML.findall(RUNNING)
    places = parse_places(written, "places.yaml")
    assert parse_people(people, "people.yaml", places)
    assert load_policies({"brygga.yaml": document}, places, norwegian_holidays()).documents


def test_interfaces_md_has_the_routes_that_are_served() -> None:
    served = {
        (method.upper(), path.replace("{name}", "NAME"))
        for file in (ROOT / "keyserver" / "http").glob("*.py")
        for method, path in re.findall(
            r'\.add_(get|post)\("(?:/t/\{tenant\})?([^"]+)"', file.read_text()
        )
    }
    written = set(re.findall(r"^\| `(GET|POST) ([^`?]+)`", INTERFACES, re.MULTILINE))
    assert written == served


@pytest.mark.parametrize(
    ("program", "page", "verbs"),
    [
        (keyserver, INTERFACES, 9),
        (lockagent, INTERFACES, 5),
        (policies_program, INTERFACES, 2),
        (town, INTERFACES, 8),
        (nokkel, MOBILE_SDK, 5),
    ],
    ids=["keyserver", "lockagent", "policies", "town", "nokkel"],
)
def test_a_page_names_every_verb_of_a_program(
    program: Callable[[list[str]], object],
    page: str,
    verbs: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        program(["--help"])
    offered = re.findall(r"^    ([a-z][a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert len(offered) >= verbs
    assert [verb for verb in offered if not re.search(rf"\b{verb}\b", page)] == []
