"""A sentence for every rule: what staff would misread is said instead, in four languages."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given

from policies.model import During, PolicySet, Rule
from policies.telling.calendar_sentences import hours_sentences
from policies.telling.language import Language
from policies.telling.rule_sentences import offline_text, people_text, rule_sentence, rule_text
from policies.telling.sentences import Sentence
from tests.policies import drawn, written
from tests.policies.drawn import often
from tests.policies.town_documents import POLICIES
from tests.policies.written import Doc, document, instant, rule

NB, NN, SE, EN = Language
TODAY = date(2026, 10, 14)
HOURS = {
    "c": {
        "holidays": {"open": "closed", "self-service": "as-weekday"},
        "open": {"mon-fri": "16:00-22:00"},
        "self-service": {"mon-thu": "07:00-23:00", "fri": "20:00-02:30"},
    }
}


def loaded(**keys: Any) -> tuple[PolicySet, Rule]:
    calendars = keys.pop("calendars", HOURS)
    policies = written.policies(document(rule(**keys), calendars=calendars))
    return policies, policies.documents[0].rules[0]


def said(language: Language, **keys: Any) -> str:
    policies, only = loaded(**keys)
    return rule_text(only, policies.places, language).markdown()


CARETAKER = {"role": "caretaker"}
BOOKED = {"booking": "hall", "early": "15m", "late": "15m"}


@pytest.mark.parametrize(
    ("keys", "nb", "en"),
    [
        ({"allow": "anyone"},
         "**Alle som har nøkkel i kommunen** kan låse opp",
         "**Everybody with a key in the municipality** may unlock"),
        ({"unlock": "anyone"},
         "står **ulåst for alle**, også uten nøkkel og også for utestengte",
         "**stands unlocked for everybody**, also people without a key and people who are"
         " excluded"),
        ({"deny": "anyone", "except": CARETAKER},
         "**Ingen** slipper inn ved **Town hall**, **unntatt vaktmestere – som fortsatt trenger en"
         " egen regel**.",
         "**Nobody** is let in at **Town hall**, **except caretakers, who still need a rule of"
         " their own**."),
        ({"allow": "anyone", "until": "2027-06-30"},
         ", **til og med 30. juni 2027**.", ", **through 30 June 2027**."),
        ({"allow": "anyone", "until": "2027-06-30T22:00"},
         "; kan **gå inn til 22.00** den **30. juni 2027**.",
         "; may **enter until 22:00** on **30 June 2027**."),
        ({"deny": "anyone", "until": "2027-06-30T22:00"},
         ", **til 30. juni 2027 kl. 22.00**.", ", **until 22:00 on 30 June 2027**."),
        ({"allow": "anyone", "from": "2027-06-30T22:00"},
         ", fra **30. juni 2027 kl. 22.00**.", ", from **30 June 2027 at 22:00**."),
        ({"allow": {"age": "13-17"}},
         "De som er **fra 13 år til dagen før 18-årsdagen** kan",
         "People who are **from 13 until the day before turning 18** may"),
        ({"deny": {"age": "0-15"}},
         "De som er **under 16 år (til dagen før 16-årsdagen)** slipper ikke inn",
         "People who are **under 16 (until the day before turning 16)** are not let in"),
        ({"allow": {"terms": "house-3"}},
         "har godtatt **vilkårene house (versjon 3 eller nyere)**",
         "have accepted **the terms house (version 3 or later)**"),
        ({"allow": {"terms": "house-3", "guardian": "18"}},
         "(versjon 3 eller nyere; under 18 år også en foresatt)**",
         "(version 3 or later; under 18 a guardian as well)**"),
        ({"allow": {"booking": "hall"}, "during": {"all": [BOOKED, "c.open"]}},
         "fra **15 min før til 15 min etter bestilt tid**, **men ikke før åpningstiden begynner"
         " 16.00 og ikke etter at den er slutt**.",
         "from **15 min before until 15 min after the booked time**, **but not before the start"
         " of opening hours at 16:00, nor after the end**."),
        ({"deny": "anyone", "active": {"switch": "lockdown/town"}},
         "Gjelder **mens stengningen er på** (lockdown/town).",
         "It holds **while the closure is on** (lockdown/town)."),
        ({"allow": "anyone",
          "limits": {"visits": "18 per calendar-year", "by": "household",
                     "offline": "count-later"}},
         "Høyst **18 besøk i kalenderåret**, talt for **hele husstanden**."
         " Uten nett **slippes folk inn og telles etterpå**.",
         "At most **18 visits a calendar year**, counted for **the whole household**."
         " Without a network people are **let in and counted afterwards**."),
        ({"allow": "anyone", "limits": {"inside": "400", "offline": "refuse"}},
         "Høyst **400 inne samtidig**. Uten nett **slipper ingen inn**.",
         "At most **400 inside at once**. Without a network **nobody is let in**."),
        ({"allow": CARETAKER, "doors": "door:town/vault"},
         "**Krever to personer** å endre.", "**Needs a second person** to change."),
        ({"allow": "anyone", "with": {"brings": "own-children"}},
         "De kan ta med **egne barn**.", "They may bring **their own children**."),
        ({"allow": "anyone", "with": {"brings": "3"}},
         "De kan ta med **inntil 3**.", "They may bring **up to 3**."),
        ({"allow": "anyone", "with": {"share": "2"}},
         "De kan dele adgangen med **inntil 2**.", "They may share their access with **up to 2**."),
        ({"allow": "anyone", "with": {"two-people": "30s"}},
         "**To personer** må vise nøkkel innen **30 sekunder**.",
         "**Two people** must present a key within **30 seconds**."),
        ({"allow": "anyone", "with": {"life": "8h"}},
         "Nøkkelen virker **uten dekning i 8 timer**.",
         "The key works **without coverage for 8 hours**."),
        ({"unlock": {"after": CARETAKER}},
         "Først når en av disse har låst opp: **vaktmestere**.",
         "Only once one of these has unlocked: **caretakers**."),
        ({"allow": "anyone", "with": {"actions": ["open", "hold_open", "lock", "light"]}},
         "kan låse opp, holde åpen, låse og tenne lyset ved **alle dører",
         "may unlock, hold open, lock and turn on the light at **every door"),
        ({"allow": {"any": [{"resident": "building:town"}, CARETAKER]}},
         "**De som bor i Town hall** og **vaktmestere** kan",
         "**People who live at Town hall** and **caretakers** may"),
        ({"allow": {"all": [{"any": [{"member": "club"}, {"resident": "municipality"}]},
                            {"age": "18+"}]}},
         "De som (er **medlemmer av club** eller bor i **kommunen**) og er **fylt 18 år** kan",
         "People who (are **members of club** or live in **the municipality**) and are **18 or"
         " older** may"),
    ],
)  # fmt: skip
def test_what_staff_would_misread_is_said_instead(keys: Doc, nb: str, en: str) -> None:
    assert nb in said(NB, **keys)
    assert en in said(EN, **keys)


def test_a_sentence_has_who_what_where_when_until_when_and_but_in_that_order() -> None:
    keys = {
        "allow": {"all": [{"age": "15+"}, {"member": "club"}, {"terms": "house-3"}]},
        "doors": "zone:town/hall",
        "during": "c.self-service",
        "until": "2027-06-30",
        "with": {"brings": "own-children"},
    }
    assert said(NB, **keys) == (
        "**Medlemmer av club** som er **fylt 15 år** og har godtatt **vilkårene house (versjon 3"
        " eller nyere)** kan låse opp **town/hall/north og town/hall/south ved Town hall** i"
        " **selvbetjent tid**, **til og med 30. juni 2027**. De kan ta med **egne barn**."
    )
    assert said(EN, **keys) == (
        "**Members of club** who are **15 or older** and have accepted **the terms house (version"
        " 3 or later)** may unlock **town/hall/north and town/hall/south at Town hall** during"
        " **self-service**, **through 30 June 2027**. They may bring **their own children**."
    )


RULES = {str(each.id): each for d in POLICIES.documents for each in d.rules}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (NB, "Personer med bibliotekforbud slipper ikke inn ved Deichman Torshov."),
        (NN, "Personar med bibliotekforbod slepp ikkje inn ved Deichman Torshov."),
        (SE, "Olbmot geain lea girjerádjogielddus eai beasa sisa: Deichman Torshov."),
        (EN, "People excluded from the library are not let in at Deichman Torshov."),
    ],
)
def test_names_of_the_town_are_those_people_know(language: Language, sentence: str) -> None:
    assert rule_sentence(RULES["torshov-excluded"], POLICIES, language) == sentence


CARE = {"assigned": "care", "early": "15m", "late": "30m"}


@pytest.mark.parametrize(
    ("keys", "nb"),
    [
        ({"doors": {"booking": "hall.door"},
          "allow": {"booking": "hall", "as": ["holder", "deputy", "invited"]}, "during": BOOKED},
         "**Den som har bestilt hallen, stedfortreder og inviterte** kan låse opp **døra som er"
         " bestilt** fra **15 min før til 15 min etter bestilt tid**."),
        ({"doors": {"booking": "hall.door"}, "allow": {"booking": "hall"},
          "during": {"booking": "hall"}},
         "kan låse opp **døra som er bestilt** i **bestilt tid**."),
        ({"allow": {"booking": "hall", "as": ["invited"]},
          "during": {"booking": "hall", "early": "5m"}},
         "**Inviterte på bestillingen av hallen** kan låse opp **alle dører ved Town hall** fra"
         " **5 min før bestilt tid** til den er slutt."),
        ({"allow": {"all": [{"booking": "hall", "as": ["holder"]}, {"age": "16+"}]},
          "during": {"booking": "hall", "late": "2h"}},
         "De som har **bestilt hallen** og er **fylt 16 år** kan låse opp **alle dører ved Town"
         " hall** fra bestilt tid begynner til **2 timer etter at den er slutt**."),
        ({"doors": {"assigned": "care.door"}, "allow": {"all": [CARETAKER, {"assigned": "care"}]},
          "during": CARE, "with": {"life": "8h"}},
         "**Vaktmestere** som har **oppdraget (care)** kan låse opp **døra på oppdraget** fra"
         " **15 min før til 30 min etter det samme oppdraget**. Nøkkelen virker **uten dekning i 8"
         " timer**."),
        ({"allow": {"assigned": "care"}, "during": {"any": ["c.open", {"all": ["c.open"]}]}},
         "**Den som har oppdraget (care)** kan låse opp **alle dører ved Town hall** i"
         " **åpningstiden** eller i **åpningstiden**."),
        ({"allow": {"booking": "hall"}, "during": {"all": [BOOKED, "c.open", "c.self-service"]}},
         "etter bestilt tid**, **men bare i åpningstiden og samtidig i selvbetjent tid**."),
    ],
)  # fmt: skip
def test_a_rule_that_goes_by_records_says_whose_door_and_time(keys: Doc, nb: str) -> None:
    assert nb in said(NB, **keys)


def test_the_beginning_of_hours_is_named_only_where_it_is_always_the_same() -> None:
    keys = {"allow": {"booking": "hall"}, "during": {"all": [BOOKED, "c.self-service"]}}
    assert "men ikke før selvbetjent tid begynner og ikke" in said(NB, **keys)


def lines(opening: str, calendars: Doc, language: Language) -> list[str]:
    _, only = loaded(allow="anyone", during=f"c.{opening}", calendars=calendars)
    assert isinstance(only.when, During)
    found: tuple[Sentence, ...] = hours_sentences(only.when, only.effect, TODAY, language)
    return [sentence.markdown() for sentence in found]


def test_hours_say_when_one_may_go_in_and_which_night_they_run_into() -> None:
    assert lines("self-service", HOURS, NB)[0] == (
        "**Kan gå inn** mandag–torsdag 07.00–23.00, fredag fra 20.00, **natt til lørdag til"
        " 02.30**."
    )
    assert lines("self-service", HOURS, EN)[0] == (
        "**May enter** Monday–Thursday 07:00–23:00, Friday from 20:00, **the night to Saturday"
        " until 02:30**."
    )


def test_holidays_are_other_than_ordinary_sundays_or_the_day_of_the_week_they_are() -> None:
    assert lines("open", HOURS, NB)[1] == "På **røde dager utenom vanlige søndager**: stengt."
    assert lines("open", HOURS, EN)[1] == (
        "On **public holidays other than ordinary Sundays**: closed."
    )
    assert lines("self-service", HOURS, NB)[1] == (
        "På røde dager: **som ukedagen tilsier** (17. mai 2027 er en mandag)."
    )
    assert lines("self-service", HOURS, EN)[1] == (
        "On public holidays: **the hours of whatever day of the week it is** (17 May 2027 is a"
        " Monday)."
    )


NIGHTS = {
    "c": {
        "holidays": "closed",
        "round": {"mon-sun": "22:00-06:00"},
        "seasons": [{"from": "06-15", "to": "08-14", "holidays": "10:00-16:00", "round": "closed"}],
        "dates": {
            "12-24": "closed", "easter-4": "10:00-14:00", "easter-10": "closed",
            "2027-11-20": "closed",
        },
    }
}  # fmt: skip


def test_a_closed_date_begins_no_opening_and_does_not_cut_the_night_before() -> None:
    assert lines("round", NIGHTS, NB) == [
        "**Kan gå inn** mandag–søndag fra 22.00, **natten etter til 06.00**.",
        "På **røde dager utenom vanlige søndager**: stengt.",
        "**15. juni–14. august**: stengt.",
        "Ingen åpning **begynner** 20. november 2027. Natten fra 19. november 2027 varer til"
        " 06.00.",
        "Ingen åpning **begynner** 10 dager før første påskedag. Natten fra 11 dager før første"
        " påskedag varer til 06.00.",
        "Onsdagen før skjærtorsdag: **10.00–14.00**.",
        "Ingen åpning **begynner** 24. desember. Natten fra 23. desember varer til 06.00.",
    ]
    assert lines("round", NIGHTS, EN)[-1] == (
        "No opening **begins** on 24 December; the night from 23 December lasts until 06:00."
    )


@pytest.mark.parametrize(
    ("count", "nb", "en"),
    [
        (3, "3 dører er uten nett: der virker nøkler som alt er utstedt til senest **14.40**.",
         "3 doors are offline: keys already issued work there until **14:40** at the latest."),
        (1, "1 dør er uten nett: der virker nøkler som alt er utstedt til senest **14.40**.",
         "1 door is offline: keys already issued work there until **14:40** at the latest."),
    ],
)  # fmt: skip
def test_a_switch_says_what_it_does_not_reach_at_once(count: int, nb: str, en: str) -> None:
    until = instant("2026-10-14T12:40")
    for language, sentence in ((NB, nb), (EN, en)):
        assert offline_text(count, until, written.PLACES, language).markdown() == sentence


def sentences(language: Language, *rules: Doc, **more: Any) -> list[str]:
    """What each rule of one document says, with the others beside it."""
    policies = written.policies(document(*rules, **more))
    return [rule_sentence(each, policies, language) for each in policies.documents[0].rules]


EXCLUDED = rule(id="excluded", deny={"list": "excluded"})
UNLOCKED = rule(id="open", doors="zone:town/hall", unlock="anyone", during="c.open")


@pytest.mark.parametrize(
    ("language", "ending"),
    [
        (NB, " I åpningstiden står døra ulåst: da må betjeningen si ifra."
             " Krever to personer å endre."),
        (EN, " During opening hours the door stands unlocked: then it is for the staff to tell"
             " them. Needs a second person to change."),
    ],
)  # fmt: skip
def test_a_personal_deny_says_where_only_the_staff_can_keep_it(
    language: Language, ending: str
) -> None:
    assert sentences(language, EXCLUDED, UNLOCKED, calendars=HOURS)[0].endswith(ending)


def test_a_deny_of_everybody_and_one_at_other_doors_leave_the_staff_nothing() -> None:
    elsewhere = rule(id="side", doors="door:town/side", deny={"list": "excluded"})
    closed = rule(id="closed", deny="anyone")
    for each in sentences(EN, elsewhere, closed, UNLOCKED, calendars=HOURS)[:2]:
        assert "staff" not in each


def test_openings_of_one_name_are_told_with_their_calendars() -> None:
    hall = {"holidays": "closed", "open": {"mon-fri": "16:00-22:00"}}
    rules = [rule(id=name, allow="anyone", during=f"{name}.open") for name in ("cafe", "hall")]
    cafe, other = sentences(EN, *rules, calendars={"cafe": hall, "hall": hall})
    assert "during opening hours (cafe)" in cafe
    assert "during opening hours (hall)" in other
    (alone,) = sentences(EN, rules[0], calendars={"cafe": hall})
    assert "(cafe)" not in alone


def test_doors_of_one_facility_are_told_together() -> None:
    some = rule(allow="anyone", doors=["zone:town/hall", "door:town/side", "door:barn/gate"])
    (said_of_them,) = sentences(EN, some | {"doors": some["doors"][:2]})
    assert "may unlock town/hall/north, town/hall/south and town/side at Town hall" in (
        said_of_them.replace("north and town", "north, town")
    )


def test_few_people_are_not_counted() -> None:
    assert [people_text(count, EN) for count in (0, 2, 3, 412)] == [
        "fewer than 3 today", "fewer than 3 today", "3 people today", "412 people today",
    ]  # fmt: skip
    assert people_text(412, SE) == "412 olbmo odne"


MARKS = re.compile(r"[\ue000\ue001{}]")


@often(25)
@given(drawn.cases())
def test_every_rule_there_can_be_has_a_sentence_in_every_language(case: drawn.Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    for doc in policies.documents:
        for each in doc.rules:
            sentences = [rule_text(each, policies.places, language) for language in Language]
            for sentence in sentences:
                plain = str(sentence)
                assert plain.endswith(".")
                assert plain[0].isupper()
                assert "  " not in plain
                assert MARKS.search(plain) is None
                assert any(part.is_field for part in sentence.parts)
            assert len({str(sentence) for sentence in sentences}) >= 3, "nb and nn may agree"
