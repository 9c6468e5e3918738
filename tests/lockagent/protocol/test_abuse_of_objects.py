"""Abuse cases A04 to A08 and A16 on signed objects, by the vectors that drive them.

Each test names the vectors it stands for; what they hold is in `tests/vectors/cases`. A key is
looked for among those held only, so nothing here opens a file, a socket or a database.
"""

import socket

import pytest

from tests.vectors.case import Case
from tests.vectors.cases import SUITES
from tests.vectors.runner import answer_case


def _cases(*names: str) -> list[Case]:
    found = [case for suite in SUITES for case in suite.cases if case.id.startswith(names)]
    if not found:
        raise ValueError(f"expected cases named {names}, got none")
    return found


@pytest.mark.parametrize("case", _cases("envelope/alg-"), ids=lambda case: case.id)
def test_A04_an_algorithm_that_is_not_es256_is_refused_before_any_key_is_used(case: Case) -> None:
    """none, HMAC, other curves, a text, null, absent, or in the unprotected header only."""
    assert answer_case(case) == case.expected == "MALFORMED"


@pytest.mark.parametrize("case", _cases("envelope/hmac"), ids=lambda case: case.id)
def test_A05_an_hmac_by_the_public_key_is_refused(case: Case) -> None:
    """HS256 with what everybody knows as the secret."""
    assert answer_case(case) == case.expected == "MALFORMED"


@pytest.mark.parametrize("case", _cases("envelope/kid-"), ids=lambda case: case.id)
def test_A06_a_kid_is_eight_bytes_and_nothing_else(case: Case) -> None:
    """Paths, SQL, 10 kB, empty, text, a map."""
    assert answer_case(case) == case.expected == "MALFORMED"


@pytest.mark.parametrize(
    "case",
    _cases("envelope/header-x5", "envelope/header-cose", "envelope/unprotected-"),
    ids=lambda case: case.id,
)
def test_A07_a_key_inside_the_object_is_refused_and_never_fetched(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no socket to be had, the answer is the same."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("expected no socket, got a wish for one")

    monkeypatch.setattr(socket, "socket", refuse)
    assert answer_case(case) == case.expected == "MALFORMED"


@pytest.mark.parametrize("case", _cases("envelope/header-crit"), ids=lambda case: case.id)
def test_A08_an_unknown_critical_header_is_refused(case: Case) -> None:
    """RFC 9052, 3.1."""
    assert answer_case(case) == case.expected == "MALFORMED"


@pytest.mark.parametrize(
    "case",
    _cases("envelope/other-", "bundle/other-", "root/first-other-"),
    ids=lambda case: case.id,
)
def test_A16_an_object_of_another_world_is_refused(case: Case) -> None:
    """Another tenant or environment fails at the signature, another facility by name."""
    assert answer_case(case) == case.expected != "accept"


@pytest.mark.parametrize(
    "case",
    [case for case in _cases("") if "(A18)" in case.rule],
    ids=lambda case: case.id,
)
def test_A18_an_object_of_one_type_is_none_of_another(case: Case) -> None:
    """Signed in another context, or with another type's content."""
    assert answer_case(case) == case.expected != "accept"
