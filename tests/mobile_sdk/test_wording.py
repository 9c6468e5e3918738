"""Every sentence in every language, and the public names exactly those that are promised."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mobile_sdk
from lockagent.protocol.errors import CoarseReason
from mobile_sdk import errors, wording
from mobile_sdk.wording import (
    DOOR_SAYS,
    ERROR_SAYS,
    opening_sentence,
    refusal_sentence,
)
from policies.telling.language import Language
from policies.vocabulary import Instant, parse_instant

AT = parse_instant("2026-10-14T17:00:00Z")


def catalogue() -> Iterator[tuple[str, Mapping[Language, str]]]:
    """Every sentence of the module, by where it stands."""
    for name, value in vars(wording).items():
        if not isinstance(value, Mapping) or name.startswith("__"):
            continue
        if set(value) == set(Language):
            yield name, value
        else:
            yield from ((f"{name}[{key}]", said) for key, said in value.items())


@pytest.mark.parametrize("name", [name for name, _ in catalogue()])
def test_every_sentence_is_said_in_every_language(name: str) -> None:
    said = dict(catalogue())[name]
    assert set(said) == set(Language)
    assert all(sentence.strip() for sentence in said.values())
    assert len(set(said.values())) > 1


def test_every_reason_of_a_door_but_a_grant_has_a_sentence() -> None:
    assert set(DOOR_SAYS) == set(CoarseReason) - {CoarseReason.NONE}


def test_every_error_has_a_sentence() -> None:
    raised = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value is not errors.NokkelError
    }
    narrower = {
        "AlreadyEnrolled",
        "Interrupted",
        "NotEnrolled",
        "PhoneClockWrong",
        "PhoneUnknown",
        "TooManyPhones",
    }
    assert set(ERROR_SAYS) == raised | narrower


@pytest.mark.parametrize(
    ("opens_at", "language", "sentence"),
    [
        ("2026-10-14T20:00:00Z", Language.BOKMAAL, "Åpner for deg i dag kl. 22.00."),
        ("2026-10-14T21:59:59Z", Language.BOKMAAL, "Åpner for deg i dag kl. 23.59."),
        ("2026-10-14T22:00:00Z", Language.BOKMAAL, "Åpner for deg i morgen kl. 00.00."),
        ("2026-10-15T08:00:00Z", Language.ENGLISH, "Opens for you tomorrow at 10:00."),
        ("2026-10-25T08:00:00Z", Language.ENGLISH, "Opens for you on 25/10/2026 at 09:00."),
    ],
)
def test_hours_are_the_doors_own_also_across_the_change_of_time(
    opens_at: str, language: Language, sentence: str
) -> None:
    assert opening_sentence(parse_instant(opens_at), AT, language) == sentence


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.sampled_from(Language))
def test_any_instant_can_be_said(opens_at: int, at: int, language: Language) -> None:
    assert opening_sentence(Instant(opens_at), Instant(at), language)


def test_a_sentence_is_said_once() -> None:
    assert refusal_sentence(["A.", "B.", "A."], None, AT, Language.ENGLISH) == "A. B."


def test_the_public_names_are_those_promised_and_no_other() -> None:
    assert set(mobile_sdk.__all__) == {
        "AccessPointView",
        "DoorNotAuthentic",
        "DoorNotFound",
        "EnrolmentRefused",
        "FileKeyStore",
        "KeyStore",
        "LinkLost",
        "NokkelError",
        "Opened",
        "Phone",
        "RefreshReport",
        "Refused",
        "ServerUnavailable",
        "StoreUnreadable",
    }
