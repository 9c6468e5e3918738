"""How one rule stands to one person, in words: it applies, or what failed and when that changes.

For staff, and for the person herself: "opens for you today at 18:00", "must accept the terms",
"turns 15 on 3 May". What cannot be told is said so, with the instant since when a register no
longer answers where that is known: "we cannot tell" is never "she has no right".

Pure but for the catalogues.
"""

from policies.explanation.accounts import SWITCH, Account, Applies
from policies.explanation.lacking import UNKNOWN
from policies.explanation.reasons import DURING
from policies.model import (
    Accepted,
    AgeBetween,
    Effect,
    FactKind,
    Listed,
    Recorded,
    Requirement,
    Resident,
    Subject,
)
from policies.places import MUNICIPALITY, Places
from policies.schedule import local_day
from policies.telling.catalogues import Catalogue, catalogue
from policies.telling.language import Language
from policies.telling.naming import facility_name, record_name
from policies.telling.saying_time import near_time_text, time_text, weekday_and_day
from policies.telling.sentences import Sentence, read_sentence
from policies.telling.wording import requirement_word
from policies.vocabulary import Instant


def account_text(
    account: Account, subject: Subject, at: Instant, places: Places, language: Language
) -> Sentence:
    """The rule by its id, how it stands to `subject` at `at`, and when that changes."""
    texts, zone = catalogue(language), account.rule.zone
    told = _told(texts, account, subject, at, places)
    applies_at = account.applies_at
    if applies_at is not None and account.rule.effect is not Effect.DENY:
        time = near_time_text(texts, applies_at, at, zone)
        opens = texts.say("account.opens", time=time)
        is_all = account.failing == DURING
        told = opens if is_all else texts.join("comma", [told, opens])
    return read_sentence(texts.say("account.line", rule=account.rule.id, told=told))


def _told(texts: Catalogue, account: Account, subject: Subject, at: Instant, places: Places) -> str:
    is_deny = account.rule.effect is Effect.DENY
    if account.applies is Applies.SURELY:
        return texts.say("account.surely.deny" if is_deny else "account.surely")
    said = _failing(texts, account, subject, at, places)
    if is_deny and account.applies is Applies.POSSIBLY and account.failing != SWITCH:
        return texts.join("comma", [said, texts.say("account.possibly.deny")])
    return said


def _failing(
    texts: Catalogue, account: Account, subject: Subject, at: Instant, places: Places
) -> str:
    failing, lacking = account.failing, account.lacking
    if failing == UNKNOWN:
        return _unknown(texts, account, subject, at, places)
    if lacking is None:
        possibly = failing == SWITCH and account.applies is Applies.POSSIBLY
        return texts.say("account.switch.unsaid" if possibly else f"account.{failing}")
    said = _lacking(texts, failing or "", lacking, places)
    if account.met_at is None:
        return said
    if isinstance(lacking, AgeBetween):
        zone = account.rule.zone
        day = weekday_and_day(texts, local_day(account.met_at, zone), local_day(at, zone))
        turns = texts.say("account.age.turns", age=lacking.lowest, day=day)
        return texts.join("comma", [said, turns])
    time = time_text(texts, account.met_at, account.rule.zone)
    return texts.say("account.met", failing=said, time=time)


def _lacking(texts: Catalogue, word: str, requirement: Requirement, places: Places) -> str:
    match requirement:
        case AgeBetween(lowest, None):
            return texts.say("account.age", lowest=lowest)
        case AgeBetween(lowest, highest):
            return texts.say("account.age.range", lowest=lowest, highest=highest)
        case Listed(_, path):
            return texts.say(f"account.{word}", name=path)
        case Resident(place) if place == MUNICIPALITY:
            return texts.say("account.resident.municipality")
        case Resident(place):
            return texts.say("account.resident", name=facility_name(place, places))
        case Accepted(terms, _):
            return texts.say(f"account.{word}", terms=terms)
        case Recorded(record, _):
            return texts.say(f"account.{word}", name=record_name(texts, record))


def _unknown(
    texts: Catalogue, account: Account, subject: Subject, at: Instant, places: Places
) -> str:
    """What cannot be told, and since when the register has not answered."""
    lacking = account.lacking
    if lacking is None:
        is_switch = account.rule.switch is not None
        whether = texts.say("whether.switch" if is_switch else "whether.any")
        return texts.say("account.unknown", whether=whether)
    whether = texts.say(f"whether.{requirement_word(lacking)}")
    kind = _kind(lacking)
    since = None if kind is None else subject.fresh_until.get(kind)
    if since is None or since > at:
        return texts.say("account.unknown", whether=whether)
    time = near_time_text(texts, since, at, places.tenant.time_zone)
    return texts.say("account.unknown.since", whether=whether, time=time)


def _kind(requirement: Requirement) -> FactKind | None:
    """The register that tells of a requirement; None for a record's."""
    match requirement:
        case AgeBetween():
            return FactKind.AGE
        case Listed(kind, _):
            return kind
        case Resident():
            return FactKind.RESIDENT
        case Accepted():
            return FactKind.TERMS
        case Recorded():
            return None
