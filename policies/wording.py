"""What a person reads: one short sentence for every reason, in four languages.

Rules kept here:
- a sentence is made from the decision, never typed by staff; the `reason` of a deny is a message id
  of this catalogue (`DENY_REASONS`), so that it exists in all languages;
- every sentence exists in every language: a test fails on a missing one;
- a refusal says why, and what she may do about it where the next opening alone does not say that;
- a sentence names no other person, no rule and no ground of a decision.

Bokmål and English are the texts agreed upon; Nynorsk and Northern Sámi follow them and wait for a
native reader. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from policies.engine import GRANTED, Decision
from policies.language import Language, Said, said
from policies.model import Accepted, AgeBetween, Listed, Resident
from policies.places import MUNICIPALITY, Place, Places
from policies.reasons import NO_RULE
from policies.vocabulary import Action, FacilityId, Instant

_DENIES: Mapping[str, Said] = {
    "library-exclusion": said(
        "Du kan ikke bruke biblioteket nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke biblioteket no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit girjerádjosa dál. Don sáhtát váidit mearrádusa.",
        "You cannot use the library now. You may appeal the decision.",
    ),
    "pool-exclusion": said(
        "Du kan ikke bruke badet nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke badet no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit vuojadanhálla dál. Don sáhtát váidit mearrádusa.",
        "You cannot use the pool now. You may appeal the decision.",
    ),
    "exclusion": said(
        "Du kan ikke bruke dette stedet nå. Du kan klage på vedtaket.",
        "Du kan ikkje bruke denne staden no. Du kan klage på vedtaket.",
        "Don it sáhte geavahit dán báikki dál. Don sáhtát váidit mearrádusa.",
        "You cannot use this place now. You may appeal the decision.",
    ),
    "adults-only": said(
        "Nå er det bare for voksne.",
        "No er det berre for vaksne.",
        "Dál lea dušše rávisolbmuid várás.",
        "It is for adults only now.",
    ),
    "event": said(
        "Stedet er stengt for et arrangement.",
        "Staden er stengd for eit arrangement.",
        "Báiki lea giddejuvvon lágideami dihte.",
        "This place is closed for an event.",
    ),
    "flood": said(
        "Stedet er stengt på grunn av vannskade.",
        "Staden er stengd på grunn av vasskade.",
        "Báiki lea giddejuvvon čáhcevahága dihte.",
        "This place is closed because of water damage.",
    ),
    "lockdown": said(
        "Stedet er stengt av hensyn til sikkerheten.",
        "Staden er stengd av omsyn til tryggleiken.",
        "Báiki lea giddejuvvon sihkarvuođa dihte.",
        "This place is closed for safety.",
    ),
    "maintenance": said(
        "Stedet er stengt for vedlikehold.",
        "Staden er stengd for vedlikehald.",
        "Báiki lea giddejuvvon divvuma dihte.",
        "This place is closed for maintenance.",
    ),
}

DENY_REASONS = tuple(_DENIES)
"""The message ids a deny rule may give as its `reason`."""

SENTENCES: Mapping[str, Said] = {
    "granted": said(
        "Du kan låse opp.", "Du kan låse opp.", "Don sáhtát rahpat.", "You may unlock."
    ),
    "granted-hold_open": said(
        "Du kan holde døra åpen.",
        "Du kan halde døra open.",
        "Don sáhtát doallat uvssa rabasin.",
        "You may hold the door open.",
    ),
    "granted-lock": said("Du kan låse.", "Du kan låse.", "Don sáhtát lohkkadit.", "You may lock."),
    "granted-light": said(
        "Du kan tenne lyset.",
        "Du kan tenne lyset.",
        "Don sáhtát cahkkehit čuovgga.",
        "You may turn on the light.",
    ),
    "age": said(
        "Du må ha fylt {lowest} år.",
        "Du må ha fylt {lowest} år.",
        "Don galggat leat deavdán {lowest} jagi.",
        "You must be {lowest} or older.",
    ),
    "age-range": said(
        "Dette er for deg som er {lowest} til {highest} år.",
        "Dette er for deg som er {lowest} til {highest} år.",
        "Dát lea sidjiide geat leat {lowest}–{highest} jagi boarrásat.",
        "This is for people aged {lowest} to {highest}.",
    ),
    "member": said(
        "Du må være medlem ({member}). Spør dem som driver stedet hvordan du blir det.",
        "Du må vere medlem ({member}). Spør dei som driv staden korleis du blir det.",
        "Don galggat leat miellahttu ({member}). Jeara báikki jođiheddjiin mo šattat miellahttun.",
        "You must be a member ({member}). Ask those who run the place how to become one.",
    ),
    "role": said(
        "Dette er bare for dem som har en oppgave her. Har du en? Si ifra til den som ga deg den.",
        "Dette er berre for dei som har ei oppgåve her. Har du ei? Sei frå til den som gav deg ho.",
        "Dát lea dušše sidjiide geain lea bargu dáppe. Leago dus bargu? Dieđit bargoaddásat.",
        "This is only for people who have a task here. Do you? Tell whoever gave it to you.",
    ),
    "list": said(
        "Du står ikke på lista for dette stedet. Er det feil? Spør dem som driver det.",
        "Du står ikkje på lista for denne staden. Er det feil? Spør dei som driv han.",
        "Du namma ii leat dán báikki listtus. Leago boastut? Jeara báikki jođiheddjiin.",
        "You are not on the list for this place. Is that wrong? Ask those who run it.",
    ),
    "resident": said(
        "Dette er bare for dem som bor i {place}. Bor du der? Se adressen din i Folkeregisteret.",
        "Dette er berre for dei som bur i {place}. Bur du der? Sjå adressa di i Folkeregisteret.",
        "Dát lea dušše sidjiide geat orrot báikkis {place}. Orutgo doppe? Geahča čujuhusat"
        " Álbmotregistaris.",
        "This is only for people who live at {place}. Do you? See your address in the population"
        " register.",
    ),
    "resident-municipality": said(
        "Du må bo i kommunen. Bor du der? Se adressen din i Folkeregisteret.",
        "Du må bu i kommunen. Bur du der? Sjå adressa di i Folkeregisteret.",
        "Don galggat orrut gielddas. Orutgo doppe? Geahča čujuhusat Álbmotregistaris.",
        "You must live in the municipality. Do you? See your address in the population register.",
    ),
    "terms": said(
        "Du må godta vilkårene ({terms}) først.",
        "Du må godta vilkåra ({terms}) først.",
        "Don galggat vuos dohkkehit eavttuid ({terms}).",
        "You must accept the terms ({terms}) first.",
    ),
    "guardian": said(
        "En foresatt må også godta vilkårene ({terms}) for deg.",
        "Ein føresett må òg godta vilkåra ({terms}) for deg.",
        "Maiddái du fuolaheaddji galgá dohkkehit eavttuid ({terms}).",
        "A guardian must accept the terms ({terms}) for you as well.",
    ),
    "during": said(
        "Det er ikke åpent for deg nå.",
        "Det er ikkje ope for deg no.",
        "Dál ii leat rabas dutnje.",
        "It is not open for you now.",
    ),
    "from": said(
        "Adgangen din gjelder ikke ennå.",
        "Tilgangen din gjeld ikkje enno.",
        "Du beassan ii leat vel fámus.",
        "Your access does not apply yet.",
    ),
    "until": said(
        "Adgangen din gjelder ikke lenger. Er det feil? Spør dem som driver stedet.",
        "Tilgangen din gjeld ikkje lenger. Er det feil? Spør dei som driv staden.",
        "Du beassan ii leat šat fámus. Leago boastut? Jeara báikki jođiheddjiin.",
        "Your access no longer applies. Is that wrong? Ask those who run the place.",
    ),
    "unknown": said(
        "Vi får ikke sjekket opplysningene om deg nå. Det er ikke din feil. Prøv igjen, eller ring"
        " kommunen.",
        "Vi får ikkje sjekka opplysningane om deg no. Det er ikkje din feil. Prøv igjen, eller ring"
        " kommunen.",
        "Mii eat sáhte dál dárkkistit du dieđuid. Dat ii leat du sivva. Geahččal ođđasit, dahje"
        " riŋge gildii.",
        "We cannot check what we need to know about you now. It is not your fault. Try again, or"
        " call the municipality.",
    ),
    "unknown-hours": said(
        "Vi vet ikke åpningstidene her i dag. Det er ikke din feil. Spør dem som driver stedet.",
        "Vi veit ikkje opningstidene her i dag. Det er ikkje din feil. Spør dei som driv staden.",
        "Mii eat dieđe rahpanáiggiid dáppe odne. Dat ii leat du sivva. Jeara báikki jođiheddjiin.",
        "We do not know the opening hours here today. It is not your fault. Ask those who run the"
        " place.",
    ),
    "no-rule": said(
        "Ingen slipper inn her med nøkkel på telefonen.",
        "Ingen slepp inn her med nøkkel på telefonen.",
        "Dáppe ii beasa oktage sisa telefovdnačoavdagiin.",
        "Nobody is let in here with a key on the phone.",
    ),
    "no-rule-action": said(
        "Ingen kan gjøre dette her med nøkkel på telefonen.",
        "Ingen kan gjere dette her med nøkkel på telefonen.",
        "Dáppe ii sáhte oktage dahkat dán telefovdnačoavdagiin.",
        "Nobody can do this here with a key on the phone.",
    ),
    "denied": said(
        "Du kan ikke bruke dette stedet nå. Spør kommunen hvis du vil vite hvorfor.",
        "Du kan ikkje bruke denne staden no. Spør kommunen om du vil vite kvifor.",
        "Don it sáhte geavahit dán báikki dál. Jeara gielddas jus háliidat diehtit manne.",
        "You cannot use this place now. Ask the municipality if you want to know why.",
    ),
    **_DENIES,
}
"""The sentence of every reason; what stands in braces is of what lacks."""

OPENING = said(
    "Åpner for deg {weekday} {day}. {month}{year} kl. {hour:02}.{minute:02}.",
    "Opnar for deg {weekday} {day}. {month}{year} kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje {weekday}, {month} {day}. beaivvi{year}, dii. {hour:02}.{minute:02}.",
    "Opens for you on {weekday} {day} {month}{year} at {hour:02}:{minute:02}.",
)
"""When it opens next; `{year}` is empty where nobody would take it for another."""
_WEEKDAYS = said(
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "måndag tysdag onsdag torsdag fredag laurdag sundag",
    "vuossárgga maŋŋebárgga gaskavahku duorastaga bearjadaga lávvardaga sotnabeaivvi",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
)
_MONTHS = said(
    "januar februar mars april mai juni juli august september oktober november desember",
    "januar februar mars april mai juni juli august september oktober november desember",
    "ođđajagimánu guovvamánu njukčamánu cuoŋománu miessemánu geassemánu suoidnemánu borgemánu"
    " čakčamánu golggotmánu skábmamánu juovlamánu",
    "January February March April May June July August September October November December",
)


_HALF_A_YEAR_SECONDS = 183 * 86_400


def reason_sentence(decision: Decision, language: Language, places: Places) -> str:
    """The reason of `decision`, and what to do; residences by the names that `places` has."""
    name = decision.reason
    fields: dict[str, object] = {}
    match decision.lacking:
        case AgeBetween(lowest, highest):
            fields = {"lowest": lowest, "highest": highest}
            if name == "age" and highest is not None:
                name = "age-range"
        case Resident(place) if name == "resident" and place == MUNICIPALITY:
            name = "resident-municipality"
        case Resident(place):
            fields = {"place": _name_of(place, places)}
        case Accepted(terms, _):
            fields = {"terms": terms}
        case Listed(_, path):
            fields = {"member": path}
        case _:
            pass
    if decision.action is not Action.OPEN and name == GRANTED:
        name = f"{GRANTED}-{decision.action.name.lower()}"
    elif decision.action is not Action.OPEN and name == NO_RULE:
        name = f"{NO_RULE}-action"
    return SENTENCES[name][language].format(**fields)


def _name_of(place: Place, places: Places) -> str:
    """What people call the building that a residence lies in."""
    facility = places.facilities.get(FacilityId(place.path.partition("/")[0]))
    return place.path if facility is None else facility.name


def opening_sentence(opens_at: Instant, at: Instant, language: Language, zone: ZoneInfo) -> str:
    """When it opens next, said at the instant `at` in the local time of `zone`.

    The year is named where it is another, or the day is more than half a year away.
    """
    local, today = datetime.fromtimestamp(opens_at, zone), datetime.fromtimestamp(at, zone)
    is_far = local.year != today.year or opens_at - at > _HALF_A_YEAR_SECONDS
    return OPENING[language].format(
        weekday=_WEEKDAYS[language].split()[local.weekday()],
        month=_MONTHS[language].split()[local.month - 1],
        year=f" {local.year}" if is_far else "",
        day=local.day,
        hour=local.hour,
        minute=local.minute,
    )
