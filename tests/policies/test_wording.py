"""Every reason has a sentence in every language, and its fields are filled."""

from string import Formatter

import pytest

from policies.engine import GRANTED, Decision
from policies.language import Language
from policies.model import Accepted, AgeBetween, FactKind, Listed, Requirement, Resident, Terms
from policies.places import MUNICIPALITY, Place
from policies.reasons import DENIED, NO_RULE, UNKNOWN, UNKNOWN_HOURS
from policies.vocabulary import Action
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
    "granted", "during", "from", "until", DENIED, NO_RULE, UNKNOWN, UNKNOWN_HOURS, *DENY_REASONS,
    *(kind.value for kind in FactKind),
)  # fmt: skip


def refused(reason: str, lacking: Requirement | None = None) -> Decision:
    return Decision(False, reason, None, None, None, lacking)


LACKING: dict[str, Requirement] = {
    "age": AgeBetween(15, None),
    "member": Listed(FactKind.MEMBER, "deichman"),
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
    said_at = instant("2026-10-14T17:00")
    assert opening_sentence(opens_at, said_at, language, PLACES.tenant.time_zone) == sentence


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.BOKMAAL, "Åpner for deg fredag 15. oktober 2027 kl. 10.00."),
        (Language.NYNORSK, "Opnar for deg fredag 15. oktober 2027 kl. 10.00."),
        (
            Language.NORTHERN_SAMI,
            "Rahpasa dutnje bearjadaga, golggotmánu 15. beaivvi 2027, dii. 10.00.",
        ),
        (Language.ENGLISH, "Opens for you on Friday 15 October 2027 at 10:00."),
    ],
)
def test_an_opening_far_off_or_in_another_year_names_the_year(
    language: Language, sentence: str
) -> None:
    opens_at, zone = instant("2027-10-15T08:00"), PLACES.tenant.time_zone
    for said_at in ("2026-10-14T17:00", "2027-02-01T12:00"):
        assert opening_sentence(opens_at, instant(said_at), language, zone) == sentence
    near = opening_sentence(opens_at, instant("2027-09-01T12:00"), language, zone)
    assert "2027" not in near


def test_a_sentence_speaks_of_the_action_asked_for() -> None:
    def english(reason: str, action: Action) -> str:
        told = Decision(reason == GRANTED, reason, None, None, None, None, action)
        return reason_sentence(told, Language.ENGLISH, PLACES)

    assert [english(GRANTED, action) for action in Action] == [
        "You may unlock.", "You may hold the door open.", "You may lock.",
        "You may turn on the light.",
    ]  # fmt: skip
    assert english(NO_RULE, Action.OPEN).startswith("Nobody is let in here")
    assert english(NO_RULE, Action.LOCK).startswith("Nobody can do this here")


def test_a_membership_is_named() -> None:
    told = refused("member", LACKING["member"])
    said = reason_sentence(told, Language.ENGLISH, PLACES)
    assert said.startswith("You must be a member (deichman).")
