"""The stored cases of `corpus/`: questions on the edges, each decided by hand, and why it is there.

A case says documents, a person and a book of records (as `written` takes them), an access point, an
action or `stand_unlocked`, and the answer at each of some instants. The naive oracle must agree
with the hand as well: a case is no better than its answers.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from policies.engine import decide, granted_windows
from policies.grant import Window
from policies.unlocking import unlocked_windows
from policies.vocabulary import ACTION_NAMES, Action, Instant
from policies.windows import contains
from tests.policies import naive_oracle, written
from tests.policies.written import Doc

CORPUS = Path(__file__).parent / "corpus"
CASES = [
    pytest.param(case, id=f"{file.stem}-{case['id']}")
    for file in sorted(CORPUS.glob("*.json"))
    for case in json.loads(file.read_text())
]
UNLOCKED = "stand_unlocked"
STRANGER: Doc = {"id": "kari", "facts": []}
DAY = 86_400


def at(stated: str) -> Instant:
    """An instant with its offset."""
    return Instant(int(datetime.fromisoformat(stated).timestamp()))


@pytest.mark.parametrize("case", CASES)
def test_the_engine_answers_as_was_decided_by_hand(case: Doc) -> None:
    policies = written.policies(*case["documents"], book=case.get("book"))
    subject = written.subject(case.get("person", STRANGER))
    point = written.number(case["point"])
    action = ACTION_NAMES.get(case["action"], Action.OPEN)
    for stated, expected in case["answers"].items():
        instant = at(stated)
        decision = decide(policies, subject, point, action, instant)
        span = Window(Instant(instant - DAY), Instant(instant + DAY))
        if case["action"] == UNLOCKED:
            answers = (
                decision.stands_unlocked,
                contains(unlocked_windows(policies, point, span), instant),
            )
        else:
            answers = (
                decision.permitted,
                contains(granted_windows(policies, subject, point, action, span), instant),
            )
        assert answers == (expected, expected), stated


@pytest.mark.parametrize("case", CASES)
def test_the_oracle_answers_as_was_decided_by_hand(case: Doc) -> None:
    docs, point, book = case["documents"], case["point"], case.get("book", naive_oracle.UNREAD)
    for stated, expected in case["answers"].items():
        if case["action"] == UNLOCKED:
            told = naive_oracle.stands_unlocked(docs, point, at(stated), book)
        else:
            person = case.get("person", STRANGER)
            told = naive_oracle.permitted(docs, person, point, case["action"], at(stated), book)
        assert told == expected, stated


def test_the_corpus_is_a_corpus() -> None:
    cases = [case.values[0] for case in CASES]
    assert len(cases) >= 60
    for case in cases:
        assert isinstance(case, dict)
        assert case["why"]
        assert case["answers"]
