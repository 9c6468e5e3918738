"""What a document may not exceed, so that reading it and deciding by it stay cheap."""

import pytest

from policies.documents.source_tree import MAX_HINTS
from tests.policies.test_document import CALENDAR, HEAD, RULE, faults, only_fault


def test_only_the_first_faults_get_a_hint() -> None:
    rules = "".join(
        f"- {{id: r{n}, doors: 'building:twn', allow: anyone, during: always}}\n"
        for n in range(MAX_HINTS + 5)
    )
    told = faults(f"{HEAD}policies:\n{rules}")
    assert sum("nearest: building:town" in fault.sentence for fault in told) == MAX_HINTS
    assert len(told) == MAX_HINTS + 5


def many(count: int, line: str) -> str:
    return "".join(line.replace("N", str(n)) for n in range(count))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            HEAD + "policies:\n"
            + many(2_001, "- {id: rN, doors: 'door:town/side', deny: anyone}\n"),
            "at most 2000 rules, got 2001",
        ),
        (
            HEAD + "policies:\n"
            + many(501, "- {id: rN, doors: 'door:town/side', deny: anyone}\n"),
            "at most 500 hours a day for town/side, got 501",
        ),
        (
            HEAD + "days:\n" + many(201, "  dN: {covers: 2026-01-01, on: [2026-01-01]}\n")
            + "policies:\n" + RULE,
            "at most 200 day lists",
        ),
        (
            HEAD + "days:\n"
            + many(6, "  dN: {covers: 2020-01-01..2029-12-31, on: [2020-01-01..2029-12-31]}\n")
            + "policies:\n" + RULE,
            "at most 20000 days",
        ),
        (
            HEAD + "calendars:\n" + many(201, "  cN: {holidays: closed, open: closed}\n")
            + "policies:\n" + RULE,
            "at most 200 calendars",
        ),
        (
            HEAD + "calendars:\n  c: {holidays: closed" + many(51, ", oN: closed") + "}\n"
            + "policies:\n" + RULE,
            "at most 50, got 51",
        ),
        (
            HEAD + CALENDAR + "policies:\n- {id: a, doors: 'building:town', allow: anyone,"
            " during: {any: [" + ", ".join(["c.open"] * 21) + "]}}\n",
            "at most 20 openings in a rule, got 21",
        ),
        (
            HEAD + "policies:\n- {id: a, doors: 'building:town', during: always,"
            " allow: {any: [" + ", ".join(["{age: 15+}"] * 101) + "]}}\n",
            "at most 100 conditions in a rule, got 101",
        ),
    ],
)  # fmt: skip
def test_a_document_is_bounded(text: str, says: str) -> None:
    assert says in only_fault(text).sentence
