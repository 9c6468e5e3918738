"""The names of everything this server refuses, in four languages: nb, nn, se, en.

`interfaces.md` 1 gives the form: `type` is `/problems/NAME`, and that path is a page. A page says
what happened and what to do; most problems share a piece of advice. The `title` of an answer is
the English one, since the phone words things for its owner itself.
"""

from dataclasses import dataclass
from enum import Enum

LANGUAGES = ("nb", "nn", "se", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in each language."""

    nb: str
    nn: str
    se: str
    en: str

    def in_language(self, language: str) -> str:
        """The sentence in one of `LANGUAGES`."""
        match language:
            case "nn":
                return self.nn
            case "se":
                return self.se
            case "en":
                return self.en
            case _:
                return self.nb


class Advice(Enum):
    """What somebody who meets a problem can do."""

    WAIT = Text(
        "Vent litt og prøv igjen.",
        "Vent litt og prøv igjen.",
        "Vuordde veaháš ja geahččal ođđasit.",
        "Wait a little and try again.",
    )
    NEW_CODE = Text(
        "Be kommunen om en ny kode.",
        "Be kommunen om ein ny kode.",
        "Bivdde gielddas ođđa koda.",
        "Ask the municipality for a new code.",
    )
    UPDATE = Text(
        "Oppdater programmet. Blir det ikke bedre, si ifra til kommunen.",
        "Oppdater programmet. Vert det ikkje betre, sei ifrå til kommunen.",
        "Ođasmahte prográmma. Jus ii buorrán, dieđit gildii.",
        "Update the program. If that does not help, tell the municipality.",
    )
    CLOCK = Text(
        "Se etter at klokka i telefonen går rett, og prøv igjen.",
        "Sjå etter at klokka i telefonen går rett, og prøv igjen.",
        "Dárkkis ahte telefovnna diibmu lea riekta, ja geahččal ođđasit.",
        "Check that the phone's clock is right, and try again.",
    )
    CONTACT = Text(
        "Ta kontakt med kommunen.",
        "Ta kontakt med kommunen.",
        "Váldde oktavuođa gielddain.",
        "Contact the municipality.",
    )
    INSTALLER = Text(
        "Den som drifter dørene, må se på dette.",
        "Den som driftar dørene, må sjå på dette.",
        "Dat gii doaimmaha uvssaid, ferte dán geahčadit.",
        "Whoever operates the doors has to look at this.",
    )


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem by its name: the HTTP status it comes with, what it says, what to do."""

    status: int
    title: Text
    advice: Advice


PROBLEMS: dict[str, ProblemKind] = {
    "invalid-request": ProblemKind(
        400,
        Text(
            "Forespørselen kan ikke leses",
            "Førespurnaden kan ikkje lesast",
            "Jearaldaga ii sáhte lohkat",
            "The request cannot be read",
        ),
        Advice.UPDATE,
    ),
    "code-not-accepted": ProblemKind(
        400,
        Text(
            "Koden gjelder ikke",
            "Koden gjeld ikkje",
            "Koda ii gusto",
            "The code is not accepted",
        ),
        Advice.NEW_CODE,
    ),
    "invalid-attestation": ProblemKind(
        400,
        Text(
            "Telefonens underskrift på nye nøkler gjelder ikke",
            "Underskrifta til telefonen på nye nøklar gjeld ikkje",
            "Telefovnna vuolláičála ođđa čoavdagiidda ii gusto",
            "The phone's statement about its new keys is not valid",
        ),
        Advice.CLOCK,
    ),
    "invalid-nonce": ProblemKind(
        400,
        Text(
            "Engangstallet er for gammelt",
            "Eingongstalet er for gammalt",
            "Oktii-lohku lea beare boaris",
            "The nonce is too old",
        ),
        Advice.WAIT,
    ),
    "unknown-facility": ProblemKind(
        400,
        Text("Ukjent sted", "Ukjend stad", "Dovdameahttun báiki", "Unknown facility"),
        Advice.UPDATE,
    ),
    "unknown-access-point": ProblemKind(
        400,
        Text("Ukjent dør", "Ukjend dør", "Dovdameahttun uksa", "Unknown access point"),
        Advice.UPDATE,
    ),
    "too-many-requests-in-batch": ProblemKind(
        400,
        Text(
            "For mange nøkler på én gang",
            "For mange nøklar på éin gong",
            "Beare ollu čoavdagat oktanaga",
            "Too many credentials in one request",
        ),
        Advice.UPDATE,
    ),
    "unsupported-grant-type": ProblemKind(
        400,
        Text(
            "Denne innloggingen finnes ikke",
            "Denne innlogginga finst ikkje",
            "Dát sisaloggen ii gávdno",
            "This grant type is not supported",
        ),
        Advice.UPDATE,
    ),
    "use-dpop-nonce": ProblemKind(
        401,
        Text(
            "Serverens engangstall mangler",
            "Eingongstalet frå tenaren manglar",
            "Bálvvá oktii-lohku váilu",
            "The server's nonce is needed",
        ),
        Advice.UPDATE,
    ),
    "invalid-dpop-proof": ProblemKind(
        401,
        Text(
            "Beviset for nøkkelen gjelder ikke",
            "Provet for nøkkelen gjeld ikkje",
            "Čoavdaga duođaštus ii gusto",
            "The proof of the key is not valid",
        ),
        Advice.CLOCK,
    ),
    "invalid-token": ProblemKind(
        401,
        Text(
            "Innloggingen gjelder ikke lenger",
            "Innlogginga gjeld ikkje lenger",
            "Sisaloggen ii gusto šat",
            "The access token is not valid",
        ),
        Advice.WAIT,
    ),
    "invalid-client": ProblemKind(
        401,
        Text(
            "Enheten er ikke innmeldt eller er sperret",
            "Eininga er ikkje innmeld eller er sperra",
            "Ovttadat ii leat dieđihuvvon dahje lea giddejuvvon",
            "The device is not enrolled, or is revoked",
        ),
        Advice.CONTACT,
    ),
    "device-limit": ProblemKind(
        403,
        Text(
            "Du har for mange telefoner",
            "Du har for mange telefonar",
            "Dus leat beare ollu telefovnnat",
            "You have too many devices",
        ),
        Advice.CONTACT,
    ),
    "wrong-scope": ProblemKind(
        403,
        Text(
            "Dette er ikke for denne enheten",
            "Dette er ikkje for denne eininga",
            "Dát ii leat dán ovttadahkii",
            "This is not for this kind of caller",
        ),
        Advice.UPDATE,
    ),
    "not-your-journal": ProblemKind(
        403,
        Text(
            "Journalen tilhører en annen dørstyring",
            "Journalen høyrer til ei anna dørstyring",
            "Beaivegirji gullá eará uksastivrii",
            "The journal belongs to another controller",
        ),
        Advice.INSTALLER,
    ),
    "not-found": ProblemKind(
        404,
        Text("Finnes ikke", "Finst ikkje", "Ii gávdno", "Not found"),
        Advice.UPDATE,
    ),
    "method-not-allowed": ProblemKind(
        405,
        Text(
            "Metoden finnes ikke her",
            "Metoden finst ikkje her",
            "Vuohki ii gávdno dáppe",
            "The method is not for this address",
        ),
        Advice.UPDATE,
    ),
    "request-timeout": ProblemKind(
        408,
        Text(
            "Det tok for lang tid",
            "Det tok for lang tid",
            "Dat bisttii beare guhká",
            "The request took too long to arrive",
        ),
        Advice.WAIT,
    ),
    "key-already-enrolled": ProblemKind(
        409,
        Text(
            "Nøkkelen er alt innmeldt",
            "Nøkkelen er alt innmeld",
            "Čoavdda lea juo dieđihuvvon",
            "The key is already enrolled",
        ),
        Advice.CONTACT,
    ),
    "idempotency-conflict": ProblemKind(
        409,
        Text(
            "Samme merke er brukt om noe annet",
            "Same merke er brukt om noko anna",
            "Seamma mearka lea geavahuvvon earát áššái",
            "The idempotency key was used for another request",
        ),
        Advice.UPDATE,
    ),
    "readers-mismatch": ProblemKind(
        409,
        Text(
            "Leserne stemmer ikke med stedene",
            "Lesarane stemmer ikkje med stadene",
            "Lohkkit eai soaba báikkiiguin",
            "The readers are not those of this controller",
        ),
        Advice.INSTALLER,
    ),
    "key-already-used": ProblemKind(
        409,
        Text(
            "Nøkkelen er brukt til et annet sted",
            "Nøkkelen er brukt til ein annan stad",
            "Čoavdda lea geavahuvvon eará báikái",
            "The presentation key was used for another credential",
        ),
        Advice.UPDATE,
    ),
    "journal-gap": ProblemKind(
        409,
        Text(
            "Det mangler noe i journalen",
            "Det manglar noko i journalen",
            "Beaivegirjjis váilu juoga",
            "Entries of the journal are missing before these",
        ),
        Advice.INSTALLER,
    ),
    "journal-fork": ProblemKind(
        409,
        Text(
            "Journalen er en annen enn før",
            "Journalen er ein annan enn før",
            "Beaivegirji lea earálágan go ovdal",
            "The journal differs from what was received before",
        ),
        Advice.INSTALLER,
    ),
    "too-large": ProblemKind(
        413,
        Text("For mye på én gang", "For mykje på éin gong", "Beare ollu oktanaga", "Too large"),
        Advice.UPDATE,
    ),
    "unsupported-media-type": ProblemKind(
        415,
        Text(
            "Innholdet er av en ukjent type",
            "Innhaldet er av ein ukjend type",
            "Sisdoallu lea dovdameahttun šlája",
            "The content is of another type than this route reads",
        ),
        Advice.UPDATE,
    ),
    "too-many-requests": ProblemKind(
        429,
        Text("For mange forsøk", "For mange forsøk", "Beare ollu geahččaleamit", "Too many tries"),
        Advice.WAIT,
    ),
    "server-error": ProblemKind(
        500,
        Text(
            "Noe gikk galt hos oss",
            "Noko gjekk gale hos oss",
            "Mis manai juoga boastut",
            "Something went wrong on our side",
        ),
        Advice.WAIT,
    ),
    "not-available": ProblemKind(
        503,
        Text(
            "Tjenesten er ikke tilgjengelig nå",
            "Tenesta er ikkje tilgjengeleg no",
            "Bálvalus ii leat dál olamuttos",
            "The service is not available now",
        ),
        Advice.WAIT,
    ),
}
