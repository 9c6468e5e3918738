"""The committed vectors are what the cases say, and this implementation answers every one of them.

Other implementations (a browser's, a lock's) run the same JSON; `case.py` says how it is made.
"""

import json
from typing import Any

import pytest

from tests.vectors.case import Suite, compile_suite
from tests.vectors.cases import SUITES
from tests.vectors.make_vectors import FOLDER
from tests.vectors.runner import answer


def _committed() -> list[Any]:
    return [
        pytest.param(suite.kind, case, id=case["id"])
        for suite in SUITES
        for case in json.loads((FOLDER / f"{suite.kind}.json").read_text())["cases"]
    ]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.kind)
def test_the_committed_file_is_what_its_cases_compile_to(suite: Suite) -> None:
    """Drift: run `python -m tests.vectors.make_vectors` and read the difference."""
    assert (FOLDER / f"{suite.kind}.json").read_text() == compile_suite(suite)


@pytest.mark.parametrize(("kind", "case"), _committed())
def test_every_case_is_answered_as_expected(kind: str, case: dict[str, Any]) -> None:
    """The outcome, the reason and what comes out beside it, not just yes or no."""
    assert answer(kind, case["inputs"]) == (case["expected"], case.get("outputs")), case["rule"]


def test_every_suite_accepts_something_and_refuses_something() -> None:
    """A suite that never refuses, or never accepts, tests nothing."""
    for suite in SUITES:
        accepted = {case.expected == "accept" for case in suite.cases}
        assert accepted == {True, False}, suite.kind
