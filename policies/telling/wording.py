"""What a person reads of an answer: the reason, what to do about it, and when it opens.

Rules kept here:
- a sentence is made from the explanation, never typed by staff; the `reason` of a deny is a message
  id of the catalogues (`policies.model.DENY_REASONS`), so that it exists in all languages;
- a refusal says why, and what she may do about it where the next opening alone does not say that;
- a sentence names no other person, no rule and no ground of a decision;
- a door's display tells everybody around it the same: to look at the phone.

The texts stand in `policies.telling.catalogues`. Bokmål and English are the texts agreed upon;
Nynorsk and Northern Sámi follow them and wait for a native reader.
"""

from typing import assert_never
from zoneinfo import ZoneInfo

from policies.explanation.explaining import Explanation
from policies.explanation.lacking import UNKNOWN
from policies.explanation.reasons import GRANTED, NO_RULE, UNLOCKED, UNTIL
from policies.model import (
    Accepted,
    AgeBetween,
    Anyone,
    During,
    DuringAll,
    DuringAny,
    Effect,
    Listed,
    Recorded,
    Requirement,
    Resident,
    When,
)
from policies.places import MUNICIPALITY, Places
from policies.schedule import local_day
from policies.subject_to import Proviso, SubjectTo
from policies.telling.catalogues import Catalogue, catalogue
from policies.telling.language import Language
from policies.telling.naming import facility_name
from policies.telling.saying_time import (
    day_text,
    is_far,
    last_day,
    near_day,
    near_time_text,
    shown_clock,
    weekday_and_day,
)
from policies.telling.sentences import begun
from policies.vocabulary import Action, Instant


def reason_sentence(explanation: Explanation, language: Language, places: Places) -> str:
    """The reason, and what to do; residences by the names that `places` has."""
    return _reason(explanation, catalogue(language), places)


def opening_sentence(opens_at: Instant, at: Instant, language: Language, zone: ZoneInfo) -> str:
    """When it opens next, said at the instant `at` in the local time of `zone`.

    The year is named where it is another, or the day is more than half a year away.
    """
    texts = catalogue(language)
    day = weekday_and_day(texts, local_day(opens_at, zone), local_day(at, zone))
    return texts.say("opens.at", day=day, clock=shown_clock(texts, opens_at, zone))


def answer_text(explanation: Explanation, language: Language, places: Places) -> str:
    """All of it: the reason, what to do, and when it opens next, in the tenant's time zone."""
    texts, zone = catalogue(language), places.tenant.time_zone
    opens_at, at = explanation.opens_at, explanation.at
    if opens_at is None or _is_unwelcome(explanation):
        return _reason(explanation, texts, places)
    if _opens_on_the_birthday(explanation, opens_at, zone):
        return _age_sentence(explanation, texts, zone, shown_clock(texts, opens_at, zone))
    reason = _reason(explanation, texts, places)
    without = _without(explanation, texts)
    if without is None:
        return f"{reason} {opening_sentence(opens_at, at, language, zone)}"
    opening = texts.say(
        "opens.without",
        Without=begun(without),
        day=near_day(texts, opens_at, at, zone),
        clock=shown_clock(texts, opens_at, zone),
    )
    return f"{reason} {opening}"


def display_text(language: Language) -> str:
    """What a door's display says of any refusal."""
    return catalogue(language).say("display.denied")


def provisos_text(explanation: Explanation, language: Language) -> tuple[str, ...]:
    """What the answer is subject to, a sentence for each: what her key is, or else the door."""
    texts = catalogue(language)
    names: dict[str, None] = {}
    of_another = Effect.UNLOCK if explanation.permitted else Effect.ALLOW
    for proviso in explanation.subject_to:
        limits = proviso.rule.limits
        if proviso.rule.effect is of_another or _says_after(explanation, proviso):
            continue
        if proviso.kind is Proviso.LIMITS and limits is not None:
            kinds = {"limits": limits.visits, "inside": limits.inside}
            names |= {kind: None for kind, limit in kinds.items() if limit is not None}
        else:
            names[proviso.kind.value] = None
    return tuple(texts.say(f"subject.{name}") for name in names)


def circumstance_sentence(kind: Proviso, language: Language) -> str:
    """Why a key is not given now though the hours are right: what the answer was subject to."""
    return catalogue(language).say(f"circumstance.{kind.value}")


def requirement_word(requirement: Requirement) -> str:
    """The name of a requirement in the catalogues: `age`, `member`, `booking` …"""
    match requirement:
        case AgeBetween():
            return "age"
        case Listed(kind, _):
            return kind.value
        case Resident():
            return "resident"
        case Accepted():
            return "terms"
        case Recorded(record, _):
            return record.kind.value
        case _:
            assert_never(requirement)


def _reason(explanation: Explanation, texts: Catalogue, places: Places) -> str:
    word, lacking = explanation.reason, explanation.lacking
    if word == UNKNOWN:
        return texts.say("reason.unknown", what=texts.say(_doubted(lacking, texts)))
    if texts.has(f"deny.{word}"):
        return _deny_sentence(explanation, texts, places.tenant.time_zone)
    if word in (GRANTED, NO_RULE) and explanation.action is not Action.OPEN:
        special = explanation.action.name.lower() if word == GRANTED else "action"
        return texts.say(f"reason.{word}.{special}")
    about = explanation.about
    if word == UNLOCKED and about is not None and about.after is not None:
        return texts.say("reason.unlocked.after")
    if word == UNTIL and about is not None and (about.end is None or explanation.at < about.end):
        return texts.say("reason.until.record")
    match lacking:
        case AgeBetween():
            return _age_sentence(explanation, texts, places.tenant.time_zone, None)
        case Resident(place) if place == MUNICIPALITY:
            return texts.say("reason.resident.municipality")
        case Resident(place):
            return texts.say("reason.resident", place=facility_name(place, places))
        case Accepted(terms, _):
            return texts.say(f"reason.{word}", terms=terms)
        case Listed(_, path):
            return texts.say(texts.first(f"reason.{word}:{path}", f"reason.{word}"), name=path)
        case _:
            return texts.say(f"reason.{word}")


def _doubted(lacking: Requirement | None, texts: Catalogue) -> str:
    """The name of the text for what cannot be told."""
    if lacking is None:
        return "unknown.any"
    word = requirement_word(lacking)
    if isinstance(lacking, Listed):
        return texts.first(f"unknown.{word}:{lacking.path}", f"unknown.{word}")
    return f"unknown.{word}"


def _deny_sentence(explanation: Explanation, texts: Catalogue, zone: ZoneInfo) -> str:
    """The reason of a deny, and through which day it holds where that is known and told."""
    name, end = f"deny.{explanation.reason}", explanation.lasts_until
    if end is None or not texts.has(f"{name}.through"):
        return texts.say(name)
    day = last_day(end, zone)
    if day is None:
        return texts.say(f"{name}.until", time=near_time_text(texts, end, explanation.at, zone))
    with_year = is_far(day, local_day(explanation.at, zone))
    return texts.say(f"{name}.through", day=day_text(texts, day, with_year=with_year))


def _age_sentence(
    explanation: Explanation, texts: Catalogue, zone: ZoneInfo, clock: str | None
) -> str:
    """From which age it is, when she turns it, and at which `clock` it then opens."""
    age, birthday = explanation.lacking, explanation.lasts_until
    if not isinstance(age, AgeBetween):
        raise TypeError(f"expected an age that lacks, got {age}")
    name = "reason.age" if age.highest is None else "reason.age.range"
    hours = None if explanation.about is None else _opening(explanation.about.when)
    told = texts.say(texts.first(f"age-hours:{hours}", "hours.this"))
    fields = {"Hours": begun(told), "lowest": age.lowest, "highest": age.highest}
    if birthday is None:
        return texts.say(name, **fields)
    day = weekday_and_day(texts, local_day(birthday, zone), local_day(explanation.at, zone))
    if clock is None:
        return texts.say(f"{name}.turns", **fields, age=age.lowest, day=day)
    return texts.say(f"{name}.opens", **fields, age=age.lowest, day=day, clock=clock)


def _opening(when: When) -> str | None:
    """The first opening of a calendar in `when`."""
    if isinstance(when, During):
        return when.opening
    if isinstance(when, (DuringAll, DuringAny)):
        return next((name for part in when.parts if (name := _opening(part)) is not None), None)
    return None


def _opens_on_the_birthday(explanation: Explanation, opens_at: Instant, zone: ZoneInfo) -> bool:
    birthday = explanation.lasts_until
    return (
        explanation.reason == "age"
        and explanation.action is Action.OPEN
        and birthday is not None
        and birthday <= opens_at
        and local_day(birthday, zone) == local_day(opens_at, zone)
    )


def _is_unwelcome(explanation: Explanation) -> bool:
    """Whether she is denied in person and the next opening is the door's alone: not hers to use."""
    about = explanation.about
    is_denied = about is not None and about.effect is Effect.DENY and about.who != Anyone()
    return is_denied and explanation.opens_unlocked


def _says_after(explanation: Explanation, proviso: SubjectTo) -> bool:
    """Whether the reason itself says that somebody must have unlocked."""
    return explanation.reason == UNLOCKED and proviso.kind is Proviso.AFTER


def _without(explanation: Explanation, texts: Catalogue) -> str | None:
    """How the next opening is told to somebody who lacks what she may get, and lacks it then."""
    word, lacking = explanation.reason, explanation.lacking
    met_at, opens_at = explanation.lasts_until, explanation.opens_at
    is_met = met_at is not None and opens_at is not None and met_at <= opens_at
    if is_met or word not in ("member", "terms", "guardian"):
        return None
    path = lacking.path if isinstance(lacking, Listed) else ""
    return texts.say(texts.first(f"without.{word}:{path}", f"without.{word}"))
