"""Every reason has a sentence in every language, and its fields are filled."""

from string import Formatter

import pytest

from policies.engine import Decision
from policies.language import Language
from policies.model import Accepted, AgeBetween, FactKind, Requirement, Resident, Terms
from policies.places import MUNICIPALITY, Place
from policies.reasons import DENIED, NO_RULE, UNKNOWN
from policies.wording import (
    DENY_REASONS,
    OPENING,
    SENTENCES,
    opening_sentence,
    reason_sentence,
)
from tests.policies.town_documents import PLACES
from tests.policies.written import instant

WORDS = (
    "granted", "during", "from", "until", DENIED, NO_RULE, UNKNOWN, *DENY_REASONS,
    *(kind.value for kind in FactKind),
)  # fmt: skip


def refused(reason: str, lacking: Requirement | None = None) -> Decision:
    return Decision(False, reason, None, None, None, lacking)


LACKING: dict[str, Requirement] = {
    "age": AgeBetween(15, None),
    "terms": Accepted(Terms("meråpent", 3), None),
    "guardian": Accepted(Terms("meråpent", 3), 18),
    "resident": Resident(Place("building", "storgata-7")),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("word", WORDS)
def test_every_reason_has_a_sentence_in_every_language(word: str, language: Language) -> None:
    sentence = reason_sentence(refused(word, LACKING.get(word)), language, PLACES)
    assert sentence.endswith(".")
    assert "{" not in sentence


def fields_of(text: str) -> list[str]:
    return sorted(field.split(":")[0] for _, field, _, _ in Formatter().parse(text) if field)


@pytest.mark.parametrize("said", [*SENTENCES.values(), OPENING])
def test_every_language_fills_the_same_fields(said: dict[Language, str]) -> None:
    assert list(said) == list(Language)
    assert len({tuple(fields_of(text)) for text in said.values()}) == 1


def test_sentences_name_the_age_and_the_terms() -> None:
    age = refused("age", AgeBetween(15, None))
    assert reason_sentence(age, Language.BOKMAAL, PLACES) == "Du må ha fylt 15 år."
    between = refused("age", AgeBetween(13, 17))
    assert reason_sentence(between, Language.ENGLISH, PLACES) == "This is for people aged 13 to 17."
    terms = refused("terms", LACKING["terms"])
    assert "meråpent-3" in reason_sentence(terms, Language.NYNORSK, PLACES)


def test_a_resident_of_the_municipality_is_not_said_to_live_here() -> None:
    anywhere = refused("resident", Resident(MUNICIPALITY))
    said = reason_sentence(anywhere, Language.ENGLISH, PLACES)
    assert said.startswith("You must live in the municipality.")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place("building", "torshov"), "Deichman Torshov"),
        (Place("zone", "torshov/entrance"), "Deichman Torshov"),
        (Place("building", "gone"), "gone"),
    ],
)
def test_a_residence_is_told_by_the_name_people_know(place: Place, name: str) -> None:
    said = reason_sentence(refused("resident", Resident(place)), Language.ENGLISH, PLACES)
    assert said.startswith(f"This is only for people who live at {name}.")


def test_what_cannot_be_told_is_never_said_to_be_lacking() -> None:
    doubted = refused("unknown", AgeBetween(15, None))
    assert reason_sentence(doubted, Language.ENGLISH, PLACES).startswith("We cannot check")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.BOKMAAL, "Åpner for deg torsdag 15. oktober kl. 10.00."),
        (Language.NYNORSK, "Opnar for deg torsdag 15. oktober kl. 10.00."),
        (Language.NORTHERN_SAMI, "Rahpasa dutnje duorastaga, golggotmánu 15. beaivvi, dii. 10.00."),
        (Language.ENGLISH, "Opens for you on Thursday 15 October at 10:00."),
    ],
)
def test_the_next_opening_is_said_in_local_time(language: Language, sentence: str) -> None:
    opens_at = instant("2026-10-15T08:00")
    assert opening_sentence(opens_at, language, PLACES.tenant.time_zone) == sentence
