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
from zoneinfo import ZoneInfo

from lockagent.protocol.errors import CoarseReason
from policies.telling.language import Language, Said, said
from policies.vocabulary import Instant

ZONE = ZoneInfo("Europe/Oslo")


DOOR_SAYS: Mapping[CoarseReason, Said] = {
    CoarseReason.NOT_HERE: said(
        "Nøkkelen din gjelder ikke denne døra. Se etter at du står ved riktig dør.",
        "Nøkkelen din gjeld ikkje denne døra. Sjå etter at du står ved rett dør.",
        "Du čoavdda ii gusto dán uksii. Dárkkis ahte leat rievttes uvssa luhtte.",
        "Your key is not for this door. Check that you are at the right one.",
    ),
    CoarseReason.NOT_NOW: said(
        "Døra åpner ikke for deg nå.",
        "Døra opnar ikkje for deg no.",
        "Uksa ii rahpas dutnje dál.",
        "The door does not open for you now.",
    ),
    CoarseReason.CREDENTIAL: said(
        "Nøkkelen din gjelder ikke lenger. Hent nøklene på nytt når du har nett.",
        "Nøkkelen din gjeld ikkje lenger. Hent nøklane på nytt når du har nett.",
        "Du čoavdda ii gusto šat. Viečča čoavdagiid ođđasit go dus lea neahtta.",
        "Your key is no longer valid. Fetch your keys again when you are online.",
    ),
    CoarseReason.DOOR_MODE: said(
        "Stedet er stengt nå, også for dem som har nøkkel. Prøv igjen senere.",
        "Staden er stengd no, også for dei som har nøkkel. Prøv igjen seinare.",
        "Báiki lea dál gitta, maiddái sidjiide geain lea čoavdda. Geahččal maŋŋil.",
        "The place is closed now, also for people with a key. Try again later.",
    ),
    CoarseReason.TIME_NEEDED: said(
        "Døra vet ikke sikkert hva klokka er. Det er ikke din feil. Meld fra til kommunen.",
        "Døra veit ikkje sikkert kva klokka er. Det er ikkje din feil. Meld frå til kommunen.",
        "Uksa ii dieđe sihkkarit man ollu diibmu lea. Dat ii leat du sivva. Dieđit gildii.",
        "The door is not sure what time it is. It is not your fault. Please tell the municipality.",
    ),
    CoarseReason.DOOR_CANNOT: said(
        "Døra virker ikke som den skal. Det er ikke din feil. Meld fra til kommunen.",
        "Døra verkar ikkje som ho skal. Det er ikkje din feil. Meld frå til kommunen.",
        "Uksa ii doaimma nu movt galggašii. Dat ii leat du sivva. Dieđit gildii.",
        "The door is not working as it should. It is not your fault. Please tell the municipality.",
    ),
    CoarseReason.OTHER: said(
        "Døra godtok ikke nøkkelen. Vent litt og prøv igjen.",
        "Døra godtok ikkje nøkkelen. Vent litt og prøv igjen.",
        "Uksa ii dohkkehan čoavdaga. Vuordde veaháš ja geahččal ođđasit.",
        "The door did not accept the key. Wait a little and try again.",
    ),
}
"""What the door answers; `NONE` is a grant and has no sentence here."""

PHONE_UNKNOWN = said(
    "Kommunen kjenner ikke denne telefonen lenger. Be om en ny kode.",
    "Kommunen kjenner ikkje denne telefonen lenger. Be om ein ny kode.",
    "Gielda ii dovdda šat dán telefovnna. Bivdde ođđa koda.",
    "The municipality no longer knows this phone. Ask for a new code.",
)
PHONE_CLOCK = said(
    "Kommunen godtar ikke tida på telefonen. Still klokka på automatisk, og prøv igjen.",
    "Kommunen godtek ikkje tida på telefonen. Still klokka på automatisk, og prøv igjen.",
    "Gielda ii dohkket telefovnna áiggi. Bija diimmu automáhtalažžan, ja geahččal ođđasit.",
    "The municipality does not accept the time on this phone. Set its clock to automatic, and try"
    " again.",
)
"""A phone whose clock is off by more than a minute is given no keys (`mobile_sdk.acceptance`)."""

PHONE_SAYS: Mapping[str, Said] = {
    "unknown-door": said(
        "Du har ingen nøkkel til en dør med dette navnet. Se navnene med «nokkel keys».",
        "Du har ingen nøkkel til ei dør med dette namnet. Sjå namna med «nokkel keys».",
        "Dus ii leat čoavdda uksii mas lea dát namma. Geahča namaid: «nokkel keys».",
        "You have no key to a door of this name. See the names with “nokkel keys”.",
    ),
    "no-grant": said(
        "Du har ingen nøkkel til denne døra. Er det feil? Spør dem som driver stedet.",
        "Du har ingen nøkkel til denne døra. Er det feil? Spør dei som driv staden.",
        "Dus ii leat čoavdda dán uksii. Leago boastut? Jeara báikki jođiheddjiin.",
        "You have no key to this door. Is that wrong? Ask those who run the place.",
    ),
    "offline": said(
        "Nøkkelen til denne døra må hentes, og nå er det ikke kontakt med kommunen. Prøv igjen når"
        " du har nett.",
        "Nøkkelen til denne døra må hentast, og no er det ikkje kontakt med kommunen. Prøv igjen"
        " når du har nett.",
        "Čoavdda dán uksii ferte vižžot, ja dál ii leat oktavuohta gildii. Geahččal ođđasit go dus"
        " lea neahtta.",
        "The key to this door has to be fetched, and the municipality is out of reach. Try again"
        " when you are online.",
    ),
    "phone-unknown": PHONE_UNKNOWN,
    "phone-clock": PHONE_CLOCK,
}
"""Why the phone does not even ask the door, where the server gave no reason of its own."""

OPEN_ON_ASKING = said(
    "Åpent nå; telefonen spør kommunen når du låser opp.",
    "Ope no; telefonen spør kommunen når du låser opp.",
    "Rabas dál; telefovdna jearrá gielddas go don rabat.",
    "Open now; the phone asks the municipality when you open.",
)
"""The keyring has the door open, and what is held does not: the key is fetched on the way."""

PROGRESS_SAYS: Mapping[str, Said] = {
    "asking": said(
        "Spør kommunen …", "Spør kommunen …", "Jearrá gielddas …", "Asking the municipality …"
    ),
    "finding": said(
        "Leter etter døra …", "Leitar etter døra …", "Ohcá uvssa …", "Looking for the door …"
    ),
    "connecting": said("Kobler til …", "Koplar til …", "Laktá …", "Connecting …"),
    "verifying": said(
        "Ser etter at det er riktig dør …",
        "Ser etter at det er rett dør …",
        "Dárkkista ahte lea riekta uksa …",
        "Checking that it is the right door …",
    ),
    "presenting": said(
        "Viser nøkkelen …", "Viser nøkkelen …", "Čájeha čoavdaga …", "Showing the key …"
    ),
    "waiting": said(
        "Venter på svar …", "Ventar på svar …", "Vuordá vástádusa …", "Waiting for the answer …"
    ),
    "retrying": said(
        "Mistet kontakten, prøver én gang til …",
        "Mista kontakten, prøver éin gong til …",
        "Oktavuohta gáhtui, geahččala vel oktii …",
        "Lost contact, trying once more …",
    ),
}

ERROR_SAYS: Mapping[str, Said] = {
    "EnrolmentRefused": said(
        "Koden ble ikke godtatt. Se etter at den er skrevet riktig, eller be kommunen om en ny.",
        "Koden vart ikkje godteken. Sjå etter at han er skriven rett, eller be kommunen om ein ny.",
        "Koda ii dohkkehuvvon. Dárkkis ahte dat lea riekta čállojuvvon, dahje bivdde gielddas"
        " ođđa.",
        "The code was not accepted. Check that it is typed as given, or ask the municipality for a"
        " new one.",
    ),
    "AlreadyEnrolled": said(
        "Telefonen er registrert fra før. Slett den med «nokkel forget» før du bruker en ny kode.",
        "Telefonen er registrert frå før. Slett han med «nokkel forget» før du bruker ein ny kode.",
        "Telefovdna lea juo registrerejuvvon. Sihko dan «nokkel forget» gohččumiin ovdal go"
        " geavahat ođđa koda.",
        "The phone is enrolled already. Delete it with “nokkel forget” before you use a new code.",
    ),
    "TooManyPhones": said(
        "Du har så mange telefoner som en person kan ha. Be kommunen sperre en du ikke bruker.",
        "Du har så mange telefonar som ein person kan ha. Be kommunen sperre ein du ikkje bruker.",
        "Dus leat nu galle telefovnna go olbmos sáhttet leat. Bivdde gieldda giddet ovtta maid it"
        " geavat.",
        "You have as many phones as one person may. Ask the municipality to block one you do not"
        " use.",
    ),
    "PhoneUnknown": PHONE_UNKNOWN,
    "PhoneClockWrong": PHONE_CLOCK,
    "ServerUnavailable": said(
        "Får ikke kontakt med kommunen nå. Nøkler du alt har, virker fortsatt. Prøv igjen senere.",
        "Får ikkje kontakt med kommunen no. Nøklar du har, verkar framleis. Prøv igjen seinare.",
        "Ii leat oktavuohta gildii dál. Čoavdagat mat dus juo leat, doibmet ain. Geahččal maŋŋil.",
        "The municipality is out of reach now. Keys you have already still work. Try again later.",
    ),
    "DoorNotFound": said(
        "Fant ikke døra. Gå nærmere, se etter at Bluetooth er på, og prøv igjen.",
        "Fann ikkje døra. Gå nærare, sjå etter at Bluetooth er på, og prøv igjen.",
        "Uksa ii gávdnon. Mana lagabui, dárkkis ahte Bluetooth lea alde, ja geahččal ođđasit.",
        "The door was not found. Move closer, check that Bluetooth is on, and try again.",
    ),
    "DoorNotAuthentic": said(
        "Det som svarte, er ikke riktig dør. Nøkkelen din ble ikke vist. Meld fra til kommunen.",
        "Det som svara, er ikkje rett dør. Nøkkelen din vart ikkje vist. Meld frå til kommunen.",
        "Mii vástidii, ii leat riekta uksa. Du čoavdda ii čájehuvvon. Dieđit gildii.",
        "What answered is not the right door. Your key was not shown. Tell the municipality.",
    ),
    "LinkLost": said(
        "Mistet kontakten med døra. Stå nær den, og prøv igjen.",
        "Mista kontakten med døra. Stå nær ho, og prøv igjen.",
        "Oktavuohta uksii gáhtui. Čuoččo dan lahka, ja geahččal ođđasit.",
        "Lost contact with the door. Stand close to it, and try again.",
    ),
    "Interrupted": said("Avbrutt.", "Avbrote.", "Gaskkalduvvon.", "Interrupted."),
    "NotEnrolled": said(
        "Telefonen er ikke klar til bruk. Registrer den med en kode fra kommunen.",
        "Telefonen er ikkje klar til bruk. Registrer han med ein kode frå kommunen.",
        "Telefovdna ii leat gárvvis. Registrere dan gieldda kodain.",
        "The phone is not ready. Enrol it with a code from the municipality.",
    ),
    "StoreUnreadable": said(
        "Nøklene på telefonen kan ikke leses. Slett dem med «nokkel forget», og be om en ny kode.",
        "Nøklane på telefonen kan ikkje lesast. Slett dei med «nokkel forget», og be om ein ny"
        " kode.",
        "Telefovnna čoavdagat eai sáhte lohkkot. Sihko daid «nokkel forget» gohččumiin, ja bivdde"
        " ođđa koda.",
        "The keys on the phone cannot be read. Delete them with “nokkel forget”, and ask for a new"
        " code.",
    ),
}
"""What went wrong, by the name of the error's narrowest kind that has a sentence; `PhoneUnknown`
and `PhoneClockWrong` are a server that said so, `Interrupted` is Ctrl-C."""

ENROLLED = said(
    "Telefonen er klar.", "Telefonen er klar.", "Telefovdna lea gárvvis.", "The phone is ready."
)
FORGOTTEN = said(
    "Nøklene er slettet fra telefonen. Si ifra til kommunen, så sperres den der også.",
    "Nøklane er sletta frå telefonen. Sei ifrå til kommunen, så vert han sperra der òg.",
    "Čoavdagat leat sihkkojuvvon telefovnnas. Dieđit gildii, de giddejuvvo dat doppe maid.",
    "The keys are deleted from the phone. Tell the municipality, so that it is blocked there too.",
)
OPEN_NOW = said("åpen for deg nå", "open for deg no", "rabas dutnje dál", "open for you now")
CLOSED_NOW = said("stengt nå", "stengd no", "gitta dál", "closed now")
NO_KEYS = said(
    "Ingen dører ennå. Hent nøklene med «nokkel keys --refresh».",
    "Ingen dører enno. Hent nøklane med «nokkel keys --refresh».",
    "Eai leat uvssat vel. Viečča čoavdagiid: «nokkel keys --refresh».",
    "No doors yet. Fetch the keys with “nokkel keys --refresh”.",
)
OPENED = said(
    "Døra er åpen i {seconds} sekunder. Velkommen!",
    "Døra er open i {seconds} sekund. Velkomen!",
    "Uksa lea rabas {seconds} sekundda. Bures boahtin!",
    "The door is open for {seconds} seconds. Welcome!",
)

_OPENS_TODAY = said(
    "Åpner for deg i dag kl. {hour:02}.{minute:02}.",
    "Opnar for deg i dag kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje odne dii. {hour:02}.{minute:02}.",
    "Opens for you today at {hour:02}:{minute:02}.",
)
_OPENS_TOMORROW = said(
    "Åpner for deg i morgen kl. {hour:02}.{minute:02}.",
    "Opnar for deg i morgon kl. {hour:02}.{minute:02}.",
    "Rahpasa dutnje ihttin dii. {hour:02}.{minute:02}.",
    "Opens for you tomorrow at {hour:02}:{minute:02}.",
)
_OPENS_LATER = said(
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
    near = {today: _OPENS_TODAY, today + timedelta(days=1): _OPENS_TOMORROW}
    return near.get(local.date(), _OPENS_LATER)[language].format(
        day=local.day,
        month=local.month,
        year=local.year,
        hour=local.hour,
        minute=local.minute,
    )


def refusal_sentence(
    reasons: Iterable[str], opens_at: Instant | None, at: Instant, language: Language
) -> str:
    """The sentence of each reason once, and when it opens, where that is known."""
    sentences = list(dict.fromkeys(reasons))
    if opens_at is not None:
        sentences.append(opening_sentence(opens_at, at, language))
    return " ".join(sentences)
