"""Every error has a name, a page in four languages, and one form."""

import json

import pytest

from keyserver import errors
from keyserver.http.edge import problem_of
from keyserver.http.problem_texts import LANGUAGES, PROBLEMS
from keyserver.http.problems import Fault, Problem, oauth_error_response, problem_page
from keyserver.http.problems import problem_response as rendered

REFUSALS = [
    refusal for refusal in errors.Refusal.__subclasses__() if refusal is not errors.AlreadyUsed
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.problem)
def test_every_refusal_of_the_services_has_a_page_with_its_status(
    refusal: type[errors.Refusal],
) -> None:
    assert PROBLEMS[refusal.problem].status == refusal.status


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_page_says_what_happened_and_what_to_do_in_four_languages(name: str) -> None:
    page = problem_page(name)
    kind = PROBLEMS[name]
    for language in LANGUAGES:
        assert f'<section lang="{language}">' in page
        assert kind.title.in_language(language)
        assert kind.advice.value.in_language(language)
    assert len({kind.advice.value.se, kind.advice.value.nb, kind.advice.value.en}) == 3


def test_a_problem_is_rendered_as_rfc_9457_says() -> None:
    problem = Problem("invalid-request", "expected a name, got none", (Fault("#/name", "none"),))
    answer = rendered(problem, "req_1")
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.text or "") == {
        "type": "/problems/invalid-request",
        "title": "The request cannot be read",
        "status": 400,
        "detail": "expected a name, got none",
        "instance": "req_1",
        "errors": [{"pointer": "#/name", "detail": "none"}],
    }


def test_a_wait_stands_in_the_header_and_in_the_body() -> None:
    answer = rendered(Problem("too-many-requests", "expected less", retry_after_seconds=7), "r")
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(answer.text or "")["retry_after_seconds"] == 7


def test_the_token_route_s_description_keeps_to_the_characters_of_rfc_6749() -> None:
    answer = oauth_error_response(Problem("invalid-client", 'expected "å"\\, got\n'))
    assert json.loads(answer.text or "")["error_description"] == "expected '''', got'"


def test_the_unexpected_says_nothing_of_itself() -> None:
    problem = problem_of(RuntimeError("SELECT code FROM codes WHERE code = '7KQ2-M9XD-4TPA'"))
    assert problem.status == 500
    assert "7KQ2" not in problem.detail


def test_a_gap_in_a_journal_names_the_entry_expected() -> None:
    answer = rendered(problem_of(errors.JournalGap(18, 20)), "r")
    assert answer.status == 409
    assert json.loads(answer.text or "")["expected_sequence"] == 18
