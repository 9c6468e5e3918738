"""What the phone itself says to a person: one short sentence each, in four languages.

The server words its own reasons in the keyring; here stands what only a phone can know: what the
door answered, that it is out of reach, that there is no network. Rules kept here:
- every sentence exists in every language: a test fails on a missing one;
- a sentence says what happened and what to do, and never whose fault it is unless it is ours;
- hours are the door's own local time, and Norway has one.

Bokmål and English lead; Nynorsk and Northern Sámi follow them and wait for a native reader. Pure.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from lockagent.protocol.errors import CoarseReason
from policies.vocabulary import Instant

ZONE = ZoneInfo("Europe/Oslo")


class Language(StrEnum):
    """The languages, by their codes: Bokmål, Nynorsk, Northern Sámi, English."""

    BOKMAAL = "nb"
    NYNORSK = "nn"
    NORTHERN_SAMI = "se"
    ENGLISH = "en"


Said = Mapping[Language, str]


def _said(nb: str, nn: str, se: str, en: str) -> Said:
    return MappingProxyType(dict(zip(Language, (nb, nn, se, en), strict=True)))


DOOR_SAYS: Mapping[CoarseReason, Said] = {
    CoarseReason.NOT_HERE: _said(
        "Nøkkelen din gjelder ikke denne døra.",
        "Nøkkelen din gjeld ikkje denne døra.",
        "Du čoavdda ii gusto dán uksii.",
        "Your key is not for this door.",
    ),
    CoarseReason.NOT_NOW: _said(
        "Døra åpner ikke for deg nå.",
        "Døra opnar ikkje for deg no.",
        "Uksa ii rahpas dutnje dál.",
        "The door does not open for you now.",
    ),
    CoarseReason.CREDENTIAL: _said(
        "Nøkkelen din gjelder ikke lenger. Hent nøklene på nytt når du har nett.",
        "Nøkkelen din gjeld ikkje lenger. Hent nøklane på nytt når du har nett.",
        "Du čoavdda ii gusto šat. Viečča čoavdagiid ođđasit go dus lea neahtta.",
        "Your key is no longer valid. Fetch your keys again when you are online.",
    ),
    CoarseReason.DOOR_MODE: _said(
        "Stedet er stengt nå.",
        "Staden er stengd no.",
        "Báiki lea dál gitta.",
        "The place is closed now.",
    ),
    CoarseReason.TIME_NEEDED: _said(
        "Døra vet ikke sikkert hva klokka er. Meld fra til kommunen.",
        "Døra veit ikkje sikkert kva klokka er. Meld frå til kommunen.",
        "Uksa ii dieđe sihkkarit man ollu diibmu lea. Dieđit gildii.",
        "The door is not sure what time it is. Please tell the municipality.",
    ),
    CoarseReason.DOOR_CANNOT: _said(
        "Døra virker ikke som den skal. Meld fra til kommunen.",
        "Døra verkar ikkje som ho skal. Meld frå til kommunen.",
        "Uksa ii doaimma nu movt galggašii. Dieđit gildii.",
        "The door is not working as it should. Please tell the municipality.",
    ),
    CoarseReason.OTHER: _said(
        "Døra godtok ikke nøkkelen. Vent litt og prøv igjen.",
        "Døra godtok ikkje nøkkelen. Vent litt og prøv igjen.",
        "Uksa ii dohkkehan čoavdaga. Vuordde veaháš ja geahččal ođđasit.",
        "The door did not accept the key. Wait a little and try again.",
    ),
}
"""What the door answers; `NONE` is a grant and has no sentence here."""

PHONE_SAYS: Mapping[str, Said] = {
    "unknown-door": _said(
        "Du har ingen nøkkel til en dør med dette navnet.",
        "Du har ingen nøkkel til ei dør med dette namnet.",
        "Dus ii leat čoavdda uksii mas lea dát namma.",
        "You have no key to a door of this name.",
    ),
    "no-grant": _said(
        "Du har ingen nøkkel til denne døra.",
        "Du har ingen nøkkel til denne døra.",
        "Dus ii leat čoavdda dán uksii.",
        "You have no key to this door.",
    ),
    "offline": _said(
        "Nøkkelen til denne døra må hentes, og nå er det ikke kontakt med kommunen. Prøv igjen.",
        "Nøkkelen til denne døra må hentast, og no er det ikkje kontakt med kommunen. Prøv igjen.",
        "Čoavdda dán uksii ferte vižžot, ja dál ii leat oktavuohta gildii. Geahččal ođđasit.",
        "The key to this door has to be fetched, and the municipality is out of reach. Try again.",
    ),
}
"""Why the phone does not even ask the door, where the server gave no reason of its own."""

PROGRESS_SAYS: Mapping[str, Said] = {
    "asking": _said(
        "Spør kommunen …", "Spør kommunen …", "Jearrá gielddas …", "Asking the municipality …"
    ),
    "finding": _said(
        "Leter etter døra …", "Leitar etter døra …", "Ohcá uvssa …", "Looking for the door …"
    ),
    "connecting": _said("Kobler til …", "Koplar til …", "Laktá …", "Connecting …"),
    "verifying": _said(
        "Ser etter at det er riktig dør …",
        "Ser etter at det er rett dør …",
        "Dárkkista ahte lea riekta uksa …",
        "Checking that it is the right door …",
    ),
    "presenting": _said(
        "Viser nøkkelen …", "Viser nøkkelen …", "Čájeha čoavdaga …", "Showing the key …"
    ),
    "waiting": _said(
        "Venter på svar …", "Ventar på svar …", "Vuordá vástádusa …", "Waiting for the answer …"
    ),
    "retrying": _said(
        "Mistet kontakten, prøver én gang til …",
        "Mista kontakten, prøver éin gong til …",
        "Oktavuohta gáhtui, geahččala vel oktii …",
        "Lost contact, trying once more …",
    ),
}

ERROR_SAYS: Mapping[str, Said] = {
    "EnrolmentRefused": _said(
        "Koden ble ikke godtatt. Be kommunen om en ny kode.",
        "Koden vart ikkje godteken. Be kommunen om ein ny kode.",
        "Koda ii dohkkehuvvon. Bivdde gielddas ođđa koda.",
        "The code was not accepted. Ask the municipality for a new one.",
    ),
    "PhoneUnknown": _said(
        "Kommunen kjenner ikke denne telefonen lenger. Be om en ny kode.",
        "Kommunen kjenner ikkje denne telefonen lenger. Be om ein ny kode.",
        "Gielda ii dovdda šat dán telefovnna. Bivdde ođđa koda.",
        "The municipality no longer knows this phone. Ask for a new code.",
    ),
    "ServerUnavailable": _said(
        "Får ikke kontakt med kommunen nå. Nøklene du har, virker fortsatt. Prøv igjen senere.",
        "Får ikkje kontakt med kommunen no. Nøklane du har, verkar framleis. Prøv igjen seinare.",
        "Ii leat oktavuohta gildii dál. Čoavdagat mat dus leat, doibmet ain. Geahččal maŋŋil.",
        "The municipality is out of reach now. The keys you have still work. Try again later.",
    ),
    "DoorNotFound": _said(
        "Fant ikke døra. Gå nærmere, se etter at Bluetooth er på, og prøv igjen.",
        "Fann ikkje døra. Gå nærare, sjå etter at Bluetooth er på, og prøv igjen.",
        "Uksa ii gávdnon. Mana lagabui, dárkkis ahte Bluetooth lea alde, ja geahččal ođđasit.",
        "The door was not found. Move closer, check that Bluetooth is on, and try again.",
    ),
    "DoorNotAuthentic": _said(
        "Det som svarte, er ikke riktig dør. Nøkkelen din ble ikke vist. Meld fra til kommunen.",
        "Det som svara, er ikkje rett dør. Nøkkelen din vart ikkje vist. Meld frå til kommunen.",
        "Mii vástidii, ii leat riekta uksa. Du čoavdda ii čájehuvvon. Dieđit gildii.",
        "What answered is not the right door. Your key was not shown. Tell the municipality.",
    ),
    "LinkLost": _said(
        "Mistet kontakten med døra. Prøv igjen.",
        "Mista kontakten med døra. Prøv igjen.",
        "Oktavuohta uksii gáhtui. Geahččal ođđasit.",
        "Lost contact with the door. Try again.",
    ),
    "StoreUnreadable": _said(
        "Telefonen er ikke klar til bruk. Registrer den med en kode fra kommunen.",
        "Telefonen er ikkje klar til bruk. Registrer han med ein kode frå kommunen.",
        "Telefovdna ii leat gárvvis. Registrere dan gieldda kodain.",
        "The phone is not ready. Enrol it with a code from the municipality.",
    ),
}
"""What went wrong with the world, by the error's name; `PhoneUnknown` is a server that said so."""

ENROLLED = _said(
    "Telefonen er klar.", "Telefonen er klar.", "Telefovdna lea gárvvis.", "The phone is ready."
)
FORGOTTEN = _said(
    "Nøklene er slettet fra telefonen. Si ifra til kommunen, så sperres den der også.",
    "Nøklane er sletta frå telefonen. Sei ifrå til kommunen, så vert han sperra der òg.",
    "Čoavdagat leat sihkkojuvvon telefovnnas. Dieđit gildii, de giddejuvvo dat doppe maid.",
    "The keys are deleted from the phone. Tell the municipality, so that it is blocked there too.",
)
OPEN_NOW = _said("åpen for deg nå", "open for deg no", "rabas dutnje dál", "open for you now")
CLOSED_NOW = _said("stengt nå", "stengd no", "gitta dál", "closed now")
NO_KEYS = _said(
    "Ingen dører ennå. Hent nøklene med «nokkel keys --refresh».",
    "Ingen dører enno. Hent nøklane med «nokkel keys --refresh».",
    "Eai leat uvssat vel. Viečča čoavdagiid: «nokkel keys --refresh».",
    "No doors yet. Fetch the keys with “nokkel keys --refresh”.",
)
OPENED = _said(
    "Døra er åpen i {seconds} sekunder. Velkommen!",
    "Døra er open i {seconds} sekund. Velkomen!",
    "Uksa lea rabas {seconds} sekundda. Bures boahtin!",
    "The door is open for {seconds} seconds. Welcome!",
)

_OPENS_TODAY = _said(
    "Åpner for deg i dag kl. {hour:02}.{minute:02}.",
    "Opnar for deg i dag kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje odne dii. {hour:02}.{minute:02}.",
    "Opens for you today at {hour:02}:{minute:02}.",
)
_OPENS_TOMORROW = _said(
    "Åpner for deg i morgen kl. {hour:02}.{minute:02}.",
    "Opnar for deg i morgon kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje ihttin dii. {hour:02}.{minute:02}.",
    "Opens for you tomorrow at {hour:02}:{minute:02}.",
)
_OPENS_LATER = _said(
    "Åpner for deg {day}.{month}.{year} kl. {hour:02}.{minute:02}.",
    "Opnar for deg {day}.{month}.{year} kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje {day}.{month}.{year} dii. {hour:02}.{minute:02}.",
    "Opens for you on {day}/{month}/{year} at {hour:02}:{minute:02}.",
)


def opening_sentence(
    opens_at: Instant, at: Instant, language: Language, zone: ZoneInfo = ZONE
) -> str:
    """When it opens next, said at the instant `at` in the local time of `zone`."""
    local, today = datetime.fromtimestamp(opens_at, zone), datetime.fromtimestamp(at, zone).date()
    said = {today: _OPENS_TODAY, today + timedelta(days=1): _OPENS_TOMORROW}
    return said.get(local.date(), _OPENS_LATER)[language].format(
        day=local.day,
        month=local.month,
        year=local.year,
        hour=local.hour,
        minute=local.minute,
    )


def refusal_sentence(
    said: Iterable[str], opens_at: Instant | None, at: Instant, language: Language
) -> str:
    """What was said, each sentence once, and when it opens, where that is known."""
    sentences = list(dict.fromkeys(said))
    if opens_at is not None:
        sentences.append(opening_sentence(opens_at, at, language))
    return " ".join(sentences)
