"""A sentence for every rule, made from the rule and never typed.

The order: who · may do what · where · when · until when · but. What comes from the rule is a field
(`policies.telling.sentences`), the rest is said around it. Misreadings that staff would fall into
are answered in the sentence itself: an `except` opens nothing, an unlocked door is open to the
excluded as well, an end is the last moment to go in.

What the hours of a calendar are is `policies.telling.calendar_sentences`; the next nights they
make, `policies.telling.nights`. Pure but for the catalogues.
"""

from collections import Counter
from dataclasses import dataclass

from policies.grant import MAX_LIFE_SECONDS
from policies.manner import Brings
from policies.model import (
    Always,
    Anyone,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    Effect,
    PolicySet,
    Rule,
    When,
)
from policies.places import Places
from policies.schedule import local_day
from policies.telling.catalogues import Catalogue, catalogue
from policies.telling.language import Language
from policies.telling.naming import opening_name, where_text
from policies.telling.people_sentences import who_text
from policies.telling.saying_time import (
    clock_text,
    day_text,
    elapsed_text,
    last_day,
    shown_clock,
    time_text,
)
from policies.telling.sentences import Sentence, begun, read_sentence
from policies.vocabulary import Action, Instant


def rule_sentence(rule: Rule, policies: PolicySet, language: Language) -> str:
    """What `rule`, of `policies`, says: plain text, one sentence or a few."""
    beside = Beside(policies.derived(_unlocks), _shared_openings(rule, policies))
    return str(rule_text(rule, policies.places, language, beside))


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a rule and is spoken of in its sentence.

    `unlocks` are the rules by which doors stand unlocked, which no personal deny can stop;
    `shared_openings` the names that several calendars of its document give an opening.
    """

    unlocks: tuple[Rule, ...] = ()
    shared_openings: frozenset[str] = frozenset()


ALONE = Beside()
"""Nothing stands beside the rule."""


def rule_text(rule: Rule, places: Places, language: Language, beside: Beside = ALONE) -> Sentence:
    """What `rule` says, its fields marked; places by the names that `places` has."""
    texts = catalogue(language)
    said = _timed(texts, rule, _core(texts, rule, places, beside.shared_openings))
    if rule.lifts is not None:
        said = texts.say("rule.except", rule=said, who=who_text(texts, rule.lifts, places))
    sentences = [texts.say("rule.sentence", rule=said)]
    sentences += _unlocked(texts, rule, beside)
    sentences += _buts(texts, rule, places)
    return read_sentence(" ".join(begun(sentence) for sentence in sentences))


def _unlocks(policies: PolicySet) -> tuple[Rule, ...]:
    return tuple(
        rule
        for document in policies.documents
        for rule in document.rules
        if rule.effect is Effect.UNLOCK
    )


def _shared_openings(rule: Rule, policies: PolicySet) -> frozenset[str]:
    """The openings that several calendars of the rule's document have by the same name."""
    for document in policies.documents:
        if any(each is rule for each in document.rules):
            calendars = document.calendars.values()
            counted = Counter(name for calendar in calendars for name in calendar.openings())
            return frozenset(name for name, count in counted.items() if count > 1)
    return frozenset()


def _unlocked(texts: Catalogue, rule: Rule, beside: Beside) -> list[str]:
    """What a personal deny leaves to the staff: a door that stands unlocked asks nobody."""
    if rule.effect is not Effect.DENY or isinstance(rule.who, Anyone):
        return []
    met = [unlock for unlock in beside.unlocks if not unlock.points.isdisjoint(rule.points)]
    times = dict.fromkeys(when_text(texts, unlock.when) for unlock in met)
    return [texts.say("but.unlocked", when=texts.join("and", list(times)))] if times else []


def offline_text(doors: int, until: Instant, places: Places, language: Language) -> Sentence:
    """What a switch does not reach at once: `doors` without network, and until when at most."""
    texts = catalogue(language)
    clock = shown_clock(texts, until, places.tenant.time_zone)
    return read_sentence(texts.count("offline.doors", doors, clock=clock))


def people_text(count: int, language: Language) -> str:
    """How many people a rule speaks of today; below three it is not told how many."""
    texts = catalogue(language)
    return texts.say("people.few") if count < 3 else texts.count("people.count", count)


def _core(texts: Catalogue, rule: Rule, places: Places, shared: frozenset[str]) -> str:
    """Who may do what where, and when an allow or an unlock holds."""
    is_denied = rule.effect is Effect.DENY
    where = where_text(texts, rule.doors, places, is_denied=is_denied)
    match rule.effect:
        case Effect.ALLOW:
            return texts.say(
                "rule.allow",
                who=who_text(texts, rule.who, places),
                do=_doing(texts, rule),
                where=where,
                when=when_text(texts, rule.when, shared),
            )
        case Effect.UNLOCK:
            when = when_text(texts, rule.when, shared)
            return texts.say("rule.unlock", where=where, when=when)
        case Effect.DENY:
            said = (
                texts.say("rule.deny.anyone", where=where)
                if isinstance(rule.who, Anyone)
                else texts.say("rule.deny", who=who_text(texts, rule.who, places), where=where)
            )
            if isinstance(rule.when, Always):
                return said
            return texts.say("rule.timed", rule=said, when=when_text(texts, rule.when, shared))


def _doing(texts: Catalogue, rule: Rule) -> str:
    """The actions, the light last: it is turned on at a door, and the others done to it."""
    order = (Action.OPEN, Action.HOLD_OPEN, Action.LOCK, Action.LIGHT)
    actions = [action for action in order if action in rule.manner.actions]
    return texts.join("and", [texts.say(f"do.{action.name.lower()}") for action in actions])


def when_text(texts: Catalogue, when: When, shared: frozenset[str] = frozenset()) -> str:
    """When a rule holds; openings whose names are `shared` are told with their calendar."""
    match when:
        case Always():
            return texts.say("when.always")
        case During():
            return texts.say("when.opening", hours=opening_name(texts, when, shared))
        case DuringRecord():
            return _record_text(texts, when)
        case DuringAll(parts):
            return _all_text(texts, parts, shared)
        case DuringAny(parts):
            return _row(texts, "when.either", [when_text(texts, part, shared) for part in parts])


def _all_text(texts: Catalogue, parts: tuple[When, ...], shared: frozenset[str]) -> str:
    """The time of a record within opening hours, or hours that must hold together."""
    records = [part for part in parts if isinstance(part, DuringRecord)]
    others = [part for part in parts if not isinstance(part, DuringRecord)]
    both = [when_text(texts, part, shared) for part in others]
    if not records:
        return _row(texts, "when.both", both)
    record = _row(texts, "when.both", [_record_text(texts, part) for part in records])
    if not others:
        return record
    hours = others[0]
    if len(others) > 1 or not isinstance(hours, During):
        return texts.say("when.also", record=record, hours=_row(texts, "when.both", both))
    begins = _only_start(hours)
    return texts.say(
        "when.not-outside" if begins is None else "when.not-outside.at",
        record=record,
        hours=opening_name(texts, hours, shared),
        clock="" if begins is None else clock_text(texts, begins),
    )


def _only_start(during: During) -> int | None:
    """The minutes after 00:00 at which the opening always begins; None where that differs."""
    calendar, opening = during.calendar, during.opening
    weeks = [calendar.weeks[opening], *(season.weeks[opening] for season in calendar.seasons)]
    starts = {hours.start for week in weeks for day in week for hours in day}
    return starts.pop() if len(starts) == 1 else None


def _row(texts: Catalogue, how: str, said: list[str]) -> str:
    first, *rest = said
    for last in rest:
        first = texts.say(how, first=first, last=last)
    return first


def _record_text(texts: Catalogue, when: DuringRecord) -> str:
    early, late = when.early_seconds, when.late_seconds
    edges = {(True, True): ".both", (True, False): ".early", (False, True): ".late"}
    return texts.say(
        f"when.{when.record.kind.value}{edges.get((early > 0, late > 0), '')}",
        early=elapsed_text(texts, early),
        late=elapsed_text(texts, late),
    )


def _timed(texts: Catalogue, rule: Rule, said: str) -> str:
    """With the rule's own validity; a date as its end is the last day."""
    if rule.start is not None:
        said = texts.say("rule.from", rule=said, time=time_text(texts, rule.start, rule.zone))
    if rule.end is None:
        return said
    day = last_day(rule.end, rule.zone)
    if day is not None:
        return texts.say("rule.through", rule=said, day=day_text(texts, day))
    return texts.say(
        "rule.until.allow" if rule.effect is Effect.ALLOW else "rule.until",
        rule=said,
        day=day_text(texts, local_day(rule.end, rule.zone)),
        clock=shown_clock(texts, rule.end, rule.zone),
    )


def _buts(texts: Catalogue, rule: Rule, places: Places) -> list[str]:
    """What else must be known of it, a sentence each."""
    said: list[str] = []
    if rule.switch is not None:
        said.append(texts.say("but.active", switch=rule.switch))
    if rule.after is not None:
        said.append(texts.say("but.after", who=who_text(texts, rule.after, places)))
    said += _manner(texts, rule)
    if rule.limits is not None:
        limits = rule.limits
        if limits.visits is not None:
            period, by = texts.say(f"period.{limits.visits.period}"), texts.say(f"by.{limits.by}")
            said.append(texts.count("but.visits", limits.visits.most, period=period, by=by))
        if limits.inside is not None:
            said.append(texts.say("but.inside", count=limits.inside))
        said.append(texts.say(f"but.offline.{limits.offline}"))
    if any(places.by_number[point].sensitive for point in rule.points):
        said.append(texts.say("but.sensitive"))
    return said


def _manner(texts: Catalogue, rule: Rule) -> list[str]:
    """The `with` of an allow."""
    manner, said = rule.manner, list[str]()
    if isinstance(manner.brings, Brings):
        said.append(texts.say(f"but.brings.{manner.brings.value}"))
    elif manner.brings is not None:
        said.append(texts.say("but.brings", count=manner.brings))
    if manner.share is not None:
        said.append(texts.say("but.share", count=manner.share))
    if manner.two_people_seconds is not None:
        within = elapsed_text(texts, manner.two_people_seconds)
        said.append(texts.say("but.two-people", duration=within))
    if manner.life_seconds != MAX_LIFE_SECONDS:
        said.append(texts.say("but.life", duration=elapsed_text(texts, manner.life_seconds)))
    return said
