"""`check --sentences`: what each rule says in plain words, and the next nights that it means.

The sentence is made from the rule by `policies.telling.rule_sentences`, the nights by
`policies.telling.nights`. With people given, how many the rule speaks of now is told as well;
"fewer than 3" below three.
"""

from datetime import date
from zoneinfo import ZoneInfo

from policies.analysis.conditions import Moment, tell
from policies.analysis.population import People, Population
from policies.analysis.sets import nobody
from policies.compiled import Shared, compile_rule
from policies.grant import Window
from policies.model import Anyone, Effect, Rule
from policies.places import MUNICIPALITY
from policies.reading import records_around
from policies.records import Record
from policies.schedule import DAY, local_day, start_of_day
from policies.telling.language import Language
from policies.telling.nights import Night, next_nights, night_text
from policies.telling.rule_sentences import people_text, rule_sentence
from policies.verbs.console import Console
from policies.verbs.legible import UNBREAKABLE, unbroken
from policies.verbs.moments import told_windows
from policies.verbs.population import told_count
from policies.verbs.sources import Town
from policies.vocabulary import Instant

NIGHTS = 7


def tell_sentences(town: Town, at: Instant, language: Language, console: Console) -> None:
    """Every rule of every document, in order, as seen from the instant `at`."""
    population = Population.of(town.people.values()) if town.people else None
    for document in town.policies.documents:
        console.say(f"{document.file}, for {document.place}:")
        console.say()
        for rule in document.rules:
            sentence = rule_sentence(rule, town.policies, language)
            nights = next_nights(town.policies, rule, at, NIGHTS)
            count = None if population is None else _people(rule, town, population, at)
            told = _told(str(document.place), rule, sentence, nights)
            console.tell(told if count is None else {**told, "people": told_count(count)})
            console.say(f"{rule.id}: {sentence}", "  ")
            if nights:
                told_nights = _night_texts(nights, local_day(at, rule.zone), rule.zone, language)
                said = f"{UNBREAKABLE}· ".join(told_nights)
                console.say(f"  {said}", "    ")
            if count is not None:
                console.say(f"  {people_text(count, language)}")
            console.say()


def _night_texts(
    nights: tuple[Night, ...], today: date, zone: ZoneInfo, language: Language
) -> list[str]:
    """Each night, and its year where that is not the year told before."""
    before = (today, *(night.day for night in nights))
    return [
        unbroken(night_text(night, zone, language, day))
        for night, day in zip(nights, before, strict=False)
    ]


def _people(rule: Rule, town: Town, population: Population, at: Instant) -> int | None:
    """How many `rule` speaks of today.

    None where the records that say so were not read, and where it speaks of everybody at the door:
    an unlock, or a deny of anyone.
    """
    if rule.effect is Effect.UNLOCK or (rule.effect is Effect.DENY and rule.who == Anyone()):
        return None
    ready = compile_rule(rule, MUNICIPALITY, Shared())
    day = local_day(at, rule.zone)
    today = Window(start_of_day(day, rule.zone), start_of_day(day + DAY, rule.zone))
    records: tuple[Record | None, ...] = (None,)
    if ready.record is not None:
        if ready.record.kind in town.policies.records.unread:
            return None
        records = tuple(records_around(ready, today, town.policies.records))
    moment = Moment(population, at)
    bits = nobody(population.size)
    for record in records:
        bits = bits | tell(rule.who, rule.zone, moment, record).surely
    return len(People(population, bits))


def _told(place: str, rule: Rule, sentence: str, nights: tuple[Night, ...]) -> dict[str, object]:
    return {
        "event": "sentence",
        "document": place,
        "rule": rule.id,
        "sentence": sentence,
        "nights": [
            {
                "day": night.day.isoformat(),
                "is_holiday": night.is_red,
                "window": told_windows([night.window])[0] if night.window else None,
            }
            for night in nights
        ],
    }
