"""What a resident is told: why, what to do, and when, in four languages."""

from dataclasses import replace

import pytest

from policies.explanation.explaining import Explanation
from policies.explanation.lacking import UNKNOWN
from policies.explanation.reasons import DENIED, GRANTED, NO_RULE, UNKNOWN_HOURS, UNLOCKED
from policies.manner import CountedBy, Limits, Offline, Period, Visits
from policies.model import (
    DENY_REASONS,
    Accepted,
    AgeBetween,
    Always,
    Effect,
    FactKind,
    Listed,
    Recorded,
    Requirement,
    Resident,
    Rule,
    Terms,
)
from policies.places import MUNICIPALITY, Place
from policies.records import RecordKind, RecordName
from policies.subject_to import Proviso, provisos_of
from policies.telling.language import Language
from policies.telling.wording import (
    answer_text,
    circumstance_sentence,
    display_text,
    opening_sentence,
    provisos_text,
    reason_sentence,
)
from policies.vocabulary import Action, Instant, RuleId
from tests.policies import written
from tests.policies.town_documents import PLACES, POLICIES
from tests.policies.written import instant

AT = instant("2026-10-14T17:00")
SELF_SERVICE = next(
    rule for d in POLICIES.documents for rule in d.rules if rule.id == "torshov-self-service"
)
EXCLUDED = next(r for d in POLICIES.documents for r in d.rules if r.id == "torshov-excluded")

WORDS = (
    "granted", "unlocked", "during", "from", "until", "booking", "assigned", DENIED, NO_RULE,
    UNKNOWN, UNKNOWN_HOURS, *DENY_REASONS, *(kind.value for kind in FactKind),
)  # fmt: skip


def refused(reason: str, lacking: Requirement | None = None) -> Explanation:
    return Explanation(False, reason, None, None, None, lacking, at=AT)


LACKING: dict[str, Requirement] = {
    "age": AgeBetween(15, None),
    "member": Listed(FactKind.MEMBER, "deichman/adult"),
    "role": Listed(FactKind.ROLE, "caretaker"),
    "list": Listed(FactKind.LIST, "guests"),
    "terms": Accepted(Terms("meråpent", 3), None),
    "guardian": Accepted(Terms("meråpent", 3), 18),
    "resident": Resident(Place("building", "storgata-7")),
    "booking": Recorded(RecordName(RecordKind.BOOKING, "hall"), ()),
    "assigned": Recorded(RecordName(RecordKind.ASSIGNED, "care-visit"), ()),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("word", WORDS)
def test_every_reason_has_a_sentence_in_every_language(word: str, language: Language) -> None:
    sentence = reason_sentence(refused(word, LACKING.get(word)), language, PLACES)
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert "\ue000" not in sentence


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("lacking", [*LACKING.values(), None])
def test_what_cannot_be_told_is_named_and_never_said_to_be_lacking(
    lacking: Requirement | None, language: Language
) -> None:
    sentence = reason_sentence(refused(UNKNOWN, lacking), language, PLACES)
    general = reason_sentence(refused(UNKNOWN), language, PLACES)
    assert (sentence == general) is (lacking is None)


CARD = Listed(FactKind.MEMBER, "deichman")


@pytest.mark.parametrize(
    ("told", "language", "sentence"),
    [
        (refused(UNKNOWN, CARD), Language.BOKMAAL,
         "Vi får ikke sjekket lånekortet ditt nå. Det er ikke din feil. Prøv igjen, eller ring"
         " kontaktsenteret."),
        (refused(UNKNOWN, CARD), Language.ENGLISH,
         "We cannot check your library card now. It is not your fault. Try again, or call the"
         " contact centre."),
        (refused("member", CARD), Language.BOKMAAL, "Du mangler lånekort. Skaff det på Min side."),
        (refused("age", AgeBetween(15, None)), Language.BOKMAAL, "Dette er fra 15 år."),
        (refused("age", AgeBetween(13, 17)), Language.ENGLISH,
         "This is for people aged 13 to 17."),
        (refused("terms", LACKING["terms"]), Language.NYNORSK,
         "Du må godta vilkåra (meråpent-3) først. Det gjer du på Mi side."),
        (refused("resident", Resident(MUNICIPALITY)), Language.ENGLISH,
         "You must live in the municipality. Do you? See your address in the population"
         " register."),
        (refused("member", LACKING["member"]), Language.ENGLISH,
         "You must be a member (deichman/adult). Ask those who run the place how to become one."),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_what_to_do(
    told: Explanation, language: Language, sentence: str
) -> None:
    assert reason_sentence(told, language, PLACES) == sentence


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


TOO_YOUNG = replace(
    refused("age", AgeBetween(15, None)),
    about=SELF_SERVICE,
    lasts_until=instant("2027-02-28T23:00"),
    opens_at=instant("2027-03-01T06:00"),
)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.BOKMAAL,
         "Selvbetjent tid er fra 15 år. Du fyller 15 mandag 1. mars og kan låse opp fra 07.00."),
        (Language.NYNORSK,
         "Sjølvbetent tid er frå 15 år. Du fyller 15 måndag 1. mars og kan låse opp frå 07.00."),
        (Language.NORTHERN_SAMI,
         "Iešbálvalusáigi: 15 jagi rájes. Don deavddát 15 jagi vuossárgga, njukčamánu 1. beaivvi"
         " ja sáhtát rahpat dii. 07.00 rájes."),
        (Language.ENGLISH,
         "Self-service is from age 15. You turn 15 on Monday 1 March; it opens for you at 07:00."),
    ],
)  # fmt: skip
def test_a_birthday_is_told_with_what_it_opens(language: Language, sentence: str) -> None:
    told = replace(TOO_YOUNG, at=instant("2027-02-20T12:00"))
    assert answer_text(told, language, PLACES) == sentence


def test_an_opening_on_another_day_than_the_birthday_is_told_apart() -> None:
    soon = replace(TOO_YOUNG, opens_at=instant("2026-10-15T08:00"))
    assert answer_text(soon, Language.ENGLISH, PLACES) == (
        "Self-service is from age 15. You turn 15 on Monday 1 March 2027."
        " Opens for you on Thursday 15 October at 10:00."
    )
    unborn = replace(soon, lasts_until=None)
    assert answer_text(unborn, Language.ENGLISH, PLACES) == (
        "Self-service is from age 15. Opens for you on Thursday 15 October at 10:00."
    )


def test_the_light_is_not_said_to_unlock_on_a_birthday() -> None:
    told = answer_text(replace(TOO_YOUNG, action=Action.LIGHT), Language.ENGLISH, PLACES)
    assert "You turn 15 on Monday 1 March 2027. Opens for you" in told


@pytest.mark.parametrize(
    ("opens_at", "language", "sentence"),
    [
        ("2026-10-17T08:00", Language.BOKMAAL,
         "Du mangler lånekort. Skaff det på Min side. Uten kort: lørdag 10.00."),
        ("2026-10-15T08:00", Language.ENGLISH,
         "You need a library card. Get one on My page. Without a card: tomorrow at 10:00."),
        ("2026-10-28T09:00", Language.NYNORSK,
         "Du manglar lånekort. Skaff det på Mi side. Utan kort: onsdag 28. oktober 10.00."),
    ],
)  # fmt: skip
def test_what_opens_without_what_she_lacks_is_told_so(
    opens_at: str, language: Language, sentence: str
) -> None:
    told = replace(refused("member", CARD), opens_at=instant(opens_at))
    assert answer_text(told, language, PLACES) == sentence


def test_what_opens_once_she_has_what_she_lacks_is_not_told_as_without_it() -> None:
    begins = instant("2026-10-20T06:00")
    told = replace(refused("member", CARD), opens_at=begins, lasts_until=begins)
    assert answer_text(told, Language.BOKMAAL, PLACES) == (
        "Du mangler lånekort. Skaff det på Min side. Åpner for deg tirsdag 20. oktober kl. 08.00."
    )


def excluded(until: str | None) -> Explanation:
    end = None if until is None else instant(until)
    return replace(refused("library-exclusion"), about=EXCLUDED, lasts_until=end)


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (None, "Du kan ikke bruke biblioteket nå. Du kan klage på vedtaket."),
        ("2026-11-18T23:00",
         "Du kan ikke bruke biblioteket til og med 18. november. Du kan klage på vedtaket."),
        ("2027-05-18T22:00",
         "Du kan ikke bruke biblioteket til og med 18. mai 2027. Du kan klage på vedtaket."),
        ("2026-10-15T10:00",
         "Du kan ikke bruke biblioteket før i morgen kl. 12.00. Du kan klage på vedtaket."),
    ],
)  # fmt: skip
def test_an_exclusion_is_told_through_its_last_day(until: str | None, sentence: str) -> None:
    assert reason_sentence(excluded(until), Language.BOKMAAL, PLACES) == sentence


def test_the_excluded_are_not_invited_to_the_unlocked_door() -> None:
    told = replace(excluded(None), opens_at=instant("2026-10-15T08:00"))
    assert "Opens for you" in answer_text(told, Language.ENGLISH, PLACES)
    told = replace(told, opens_unlocked=True)
    assert "Opens for you" not in answer_text(told, Language.ENGLISH, PLACES)


@pytest.mark.parametrize("language", Language)
def test_a_doors_display_tells_everybody_the_same(language: Language) -> None:
    assert 0 < len(display_text(language)) < 30


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
    assert opening_sentence(opens_at, AT, language, PLACES.tenant.time_zone) == sentence


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
        told = replace(refused(reason), permitted=reason == GRANTED, action=action)
        return reason_sentence(told, Language.ENGLISH, PLACES)

    assert [english(GRANTED, action) for action in Action] == [
        "You may unlock.", "You may hold the door open.", "You may lock.",
        "You may turn on the light.",
    ]  # fmt: skip
    assert english(NO_RULE, Action.OPEN).startswith("Nobody is let in here")
    assert english(NO_RULE, Action.LOCK).startswith("Nobody can do this here")


STAFF = Listed(FactKind.ROLE, "staff")


def a_rule(effect: Effect, limits: Limits | None = None) -> Rule:
    zone = written.PLACES.tenant.time_zone
    return Rule(
        RuleId("r"), zone, (), frozenset(), effect, STAFF, Always(), limits=limits, after=STAFF,
    )  # fmt: skip


def test_the_provisos_told_are_those_of_the_key_or_else_of_the_door() -> None:
    visits = Limits(Visits(18, Period.YEAR), CountedBy.PERSON, 400, Offline.REFUSE)
    allow, unlock = a_rule(Effect.ALLOW, visits), a_rule(Effect.UNLOCK)
    both = (*provisos_of(allow), *provisos_of(unlock))
    granted = Explanation(
        True, GRANTED, None, None, None, None, at=Instant(0), subject_to=both, about=allow
    )
    assert provisos_text(granted, Language.ENGLISH) == (
        "You must have visits left when you ask for the key; a visit is counted when you go in.",
        "You are let in as long as there is room.",
        "Only once somebody who is responsible has unlocked.",
    )
    waiting = replace(granted, permitted=False, reason=UNLOCKED, about=unlock)
    assert provisos_text(waiting, Language.ENGLISH) == ()
    assert reason_sentence(waiting, Language.ENGLISH, PLACES) == (
        "The door stands unlocked for everybody once somebody who works here has unlocked it."
        " You then need no key."
    )


@pytest.mark.parametrize("kind", Proviso)
def test_what_a_key_was_subject_to_has_a_sentence_where_it_fails(kind: Proviso) -> None:
    said = {circumstance_sentence(kind, language) for language in Language}
    assert len(said) == len(Language)
