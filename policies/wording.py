"""What a person reads: one short sentence for every reason, in four languages.

Rules kept here:
- a sentence is made from the decision, never typed by staff; the `reason` of a deny is a message id
  of this catalogue (`DENY_REASONS`), so that it exists in all languages;
- every sentence exists in every language: a test fails on a missing one;
- a sentence names no other person, no rule and no ground of a decision.

Bokmål and English are the texts agreed upon; Nynorsk and Northern Sámi follow them and wait for a
native reader. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.engine import Decision
from policies.model import Accepted, AgeBetween, Resident
from policies.places import MUNICIPALITY
from policies.vocabulary import Instant


class Language(StrEnum):
    """The languages, by their codes: Bokmål, Nynorsk, Northern Sámi, English."""

    BOKMAAL = "nb"
    NYNORSK = "nn"
    NORTHERN_SAMI = "se"
    ENGLISH = "en"


def _said(nb: str, nn: str, se: str, en: str) -> Mapping[Language, str]:
    return dict(zip(Language, (nb, nn, se, en), strict=True))


_DENIES: Mapping[str, Mapping[Language, str]] = {
    "library-exclusion": _said(
        "Du kan ikke bruke biblioteket nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke biblioteket no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit girjerádjosa dál. Don sáhtát váidit mearrádusa.",
        "You cannot use the library now. You may appeal the decision.",
    ),
    "pool-exclusion": _said(
        "Du kan ikke bruke badet nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke badet no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit vuojadanhálla dál. Don sáhtát váidit mearrádusa.",
        "You cannot use the pool now. You may appeal the decision.",
    ),
    "exclusion": _said(
        "Du kan ikke bruke dette stedet nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke denne staden no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit dán báikki dál. Don sáhtát váidit mearrádusa.",
        "You cannot use this place now. You may appeal the decision.",
    ),
    "adults-only": _said(
        "Nå er det bare for voksne.",
        "No er det berre for vaksne.",
        "Dál lea dušše rávisolbmuid várás.",
        "It is for adults only now.",
    ),
    "event": _said(
        "Stedet er stengt for et arrangement.",
        "Staden er stengd for eit arrangement.",
        "Báiki lea giddejuvvon lágideami dihte.",
        "This place is closed for an event.",
    ),
    "flood": _said(
        "Stedet er stengt på grunn av vannskade.",
        "Staden er stengd på grunn av vasskade.",
        "Báiki lea giddejuvvon čáhcevahága dihte.",
        "This place is closed because of water damage.",
    ),
    "lockdown": _said(
        "Stedet er stengt av hensyn til sikkerheten.",
        "Staden er stengd av omsyn til tryggleiken.",
        "Báiki lea giddejuvvon sihkarvuođa dihte.",
        "This place is closed for safety.",
    ),
    "maintenance": _said(
        "Stedet er stengt for vedlikehold.",
        "Staden er stengd for vedlikehald.",
        "Báiki lea giddejuvvon divvuma dihte.",
        "This place is closed for maintenance.",
    ),
}

DENY_REASONS = tuple(_DENIES)
"""The message ids a deny rule may give as its `reason`."""

_REASONS: Mapping[str, Mapping[Language, str]] = {
    "granted": _said(
        "Du kan låse opp.", "Du kan låse opp.", "Don sáhtát rahpat.", "You may unlock."
    ),
    "age": _said(
        "Du må ha fylt {lowest} år.",
        "Du må ha fylt {lowest} år.",
        "Don galggat leat deavdán {lowest} jagi.",
        "You must be {lowest} or older.",
    ),
    "age-range": _said(
        "Dette er for deg som er {lowest} til {highest} år.",
        "Dette er for deg som er {lowest} til {highest} år.",
        "Dát lea sidjiide geat leat {lowest}–{highest} jagi boarrásat.",
        "This is for people aged {lowest} to {highest}.",
    ),
    "member": _said(
        "Du må være medlem.",
        "Du må vere medlem.",
        "Don galggat leat miellahttu.",
        "You must be a member.",
    ),
    "role": _said(
        "Dette er bare for dem som har en oppgave her.",
        "Dette er berre for dei som har ei oppgåve her.",
        "Dát lea dušše sidjiide geain lea bargu dáppe.",
        "This is only for people who have a task here.",
    ),
    "list": _said(
        "Du står ikke på lista for dette stedet.",
        "Du står ikkje på lista for denne staden.",
        "Du namma ii leat dán báikki listtus.",
        "You are not on the list for this place.",
    ),
    "resident": _said(
        "Dette er bare for dem som bor her.",
        "Dette er berre for dei som bur her.",
        "Dát lea dušše sidjiide geat orrot dáppe.",
        "This is only for people who live here.",
    ),
    "resident-municipality": _said(
        "Du må bo i kommunen.",
        "Du må bu i kommunen.",
        "Don galggat orrut gielddas.",
        "You must live in the municipality.",
    ),
    "terms": _said(
        "Du må godta vilkårene ({terms}) først.",
        "Du må godta vilkåra ({terms}) først.",
        "Don galggat vuos dohkkehit eavttuid ({terms}).",
        "You must accept the terms ({terms}) first.",
    ),
    "guardian": _said(
        "En foresatt må også godta vilkårene ({terms}) for deg.",
        "Ein føresett må òg godta vilkåra ({terms}) for deg.",
        "Maiddái du fuolaheaddji galgá dohkkehit eavttuid ({terms}).",
        "A guardian must accept the terms ({terms}) for you as well.",
    ),
    "during": _said(
        "Det er ikke åpent for deg nå.",
        "Det er ikkje ope for deg no.",
        "Dál ii leat rabas dutnje.",
        "It is not open for you now.",
    ),
    "from": _said(
        "Adgangen din gjelder ikke ennå.",
        "Tilgjenget ditt gjeld ikkje enno.",
        "Du beassan ii leat vel fámus.",
        "Your access does not apply yet.",
    ),
    "until": _said(
        "Adgangen din gjelder ikke lenger.",
        "Tilgjenget ditt gjeld ikkje lenger.",
        "Du beassan ii leat šat fámus.",
        "Your access no longer applies.",
    ),
    "unknown": _said(
        "Vi får ikke sjekket opplysningene om deg nå. Det er ikke din feil.",
        "Vi får ikkje sjekka opplysningane om deg no. Det er ikkje din feil.",
        "Mii eat sáhte dál dárkkistit du dieđuid. Dat ii leat du sivva.",
        "We cannot check what we need to know about you now. It is not your fault.",
    ),
    "no-rule": _said(
        "Ingen slipper inn her med nøkkel på telefonen.",
        "Ingen slepp inn her med nøkkel på telefonen.",
        "Dáppe ii beasa oktage sisa telefovdnačoavdagiin.",
        "Nobody is let in here with a key on the phone.",
    ),
    "denied": _said(
        "Du kan ikke bruke dette stedet nå.",
        "Du kan ikkje bruke denne staden no.",
        "Don it sáhte geavahit dán báikki dál.",
        "You cannot use this place now.",
    ),
    **_DENIES,
}

_OPENS = _said(
    "Åpner for deg {weekday} {day}. {month} kl. {hour:02}.{minute:02}.",
    "Opnar for deg {weekday} {day}. {month} kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje {weekday}, {month} {day}. beaivvi, dii. {hour:02}.{minute:02}.",
    "Opens for you on {weekday} {day} {month} at {hour:02}:{minute:02}.",
)
_WEEKDAYS = _said(
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "måndag tysdag onsdag torsdag fredag laurdag sundag",
    "vuossárgga maŋŋebárgga gaskavahku duorastaga bearjadaga lávvardaga sotnabeaivvi",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
)
_MONTHS = _said(
    "januar februar mars april mai juni juli august september oktober november desember",
    "januar februar mars april mai juni juli august september oktober november desember",
    "ođđajagimánu guovvamánu njukčamánu cuoŋománu miessemánu geassemánu suoidnemánu borgemánu"
    " čakčamánu golggotmánu skábmamánu juovlamánu",
    "January February March April May June July August September October November December",
)


def reason_sentence(decision: Decision, language: Language) -> str:
    """The reason of `decision`, as a sentence that ends in a full stop."""
    name = decision.reason
    fields: dict[str, object] = {}
    match decision.lacking:
        case AgeBetween(lowest, highest):
            fields = {"lowest": lowest, "highest": highest}
            if name == "age" and highest is not None:
                name = "age-range"
        case Resident(place) if name == "resident" and place == MUNICIPALITY:
            name = "resident-municipality"
        case Accepted(terms, _):
            fields = {"terms": terms}
        case _:
            pass
    return _REASONS[name][language].format(**fields)


def opening_sentence(opens_at: Instant, language: Language, zone: ZoneInfo) -> str:
    """When it opens next, in the local time of `zone`."""
    local = datetime.fromtimestamp(opens_at, zone)
    return _OPENS[language].format(
        weekday=_WEEKDAYS[language].split()[local.weekday()],
        month=_MONTHS[language].split()[local.month - 1],
        day=local.day,
        hour=local.hour,
        minute=local.minute,
    )
