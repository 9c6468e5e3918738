"""`diff`: what an edit changes in the rules, and who gains and who loses by it.

Rules kept here (policies.md, "Life of a rule"):
- which rules are edited is told by `policies.verbs.edits`, in their sentences;
- who gains and who loses is counted on the people given, over the days that the law names;
- a count below three is told as "fewer than 3".
"""

from argparse import Namespace

from policies.analysis.impact import DoorChange, Impact, Period, impact
from policies.analysis.occasions import Occasion
from policies.analysis.population import People, Population
from policies.discretion import shown
from policies.model import PolicySet
from policies.telling.language import Language
from policies.telling.rule_sentences import rule_sentence
from policies.verbs.console import Console
from policies.verbs.edits import Edit, edits_between
from policies.verbs.moments import local_text, moment_text, told_windows, windows_text
from policies.verbs.outcome import YES
from policies.verbs.population import told_count
from policies.verbs.progress import under_way
from policies.verbs.sources import (
    documents_of,
    read_people,
    read_places,
    read_policies,
    read_records,
    the_moment,
)
from policies.vocabulary import instant_text

_OCCASIONS = {
    Occasion.FIRST_DAYS: "the days from the first change",
    Occasion.PUBLIC_HOLIDAY: "the next public holiday",
    Occasion.SEASON_CHANGE: "the next season",
    Occasion.CLOCK_CHANGE: "the next night when clocks change",
}


def compare_documents(options: Namespace, console: Console) -> int:
    """`diff --before FILE… --after FILE…`."""
    places = read_places(options.places)
    people = read_people(options.people, places)
    records = read_records(options.records, places, people)
    before = read_policies(documents_of(options.before), places, records)
    after = read_policies(documents_of(options.after), places, records)
    at = the_moment(options.at, places)
    edits = tuple(edits_between(before, after))
    with under_way(f"working out what changes for {len(people):,} people"):
        change = impact(before, after, Population.of(people.values()), at)
    for edit in edits:
        _tell_edit(edit, before, after, options.lang, console)
    if not edits:
        console.say("no rule changes")
    _tell_impact(change, after, console)
    return YES


def _tell_edit(
    edit: Edit, before: PolicySet, after: PolicySet, language: Language, console: Console
) -> None:
    old = None if edit.before is None else rule_sentence(edit.before, before, language)
    new = None if edit.after is None else rule_sentence(edit.after, after, language)
    console.tell(
        {
            "event": "rule",
            "change": edit.change,
            "document": edit.name.place,
            "rule": edit.name.rule,
            "before": old,
            "after": new,
            "differences": list(edit.differences()),
        }
    )
    console.say(f"{edit.change}: {edit.name.rule} of {edit.name.place}")
    if old == new:
        changed = edit.differences()
        details = [("as before", old or "")]
    else:
        changed = edit.hours_changed()
        details = [("before", old or ""), ("after", new or "")]
    console.details([*details, ("changed", "; ".join(changed))])


def _tell_impact(change: Impact, policies: PolicySet, console: Console) -> None:
    zone = policies.places.tenant.time_zone
    for period in change.periods:
        for door in period.doors:
            console.tell(_told_door(period, door, policies))
    console.tell(
        {
            "event": "impact",
            "first": None if change.first is None else instant_text(change.first),
            "gaining": told_count(len(change.gaining)),
            "losing": told_count(len(change.losing)),
        }
    )
    console.say()
    if change.first is None:
        console.say("nothing changes for anybody")
        return
    console.say(f"the first change comes at {moment_text(change.first, zone)}")
    for period in change.periods:
        console.say()
        _show_period(period, policies, console)
    console.say()
    console.say(_in_all(len(change.gaining), len(change.losing)))


def _show_period(period: Period, policies: PolicySet, console: Console) -> None:
    zone = policies.places.tenant.time_zone
    start, end = local_text(period.span.start, zone), local_text(period.span.end, zone)
    span = f"{_OCCASIONS[period.occasion]}, {start} to {end}"
    if not period.doors:
        console.say(f"{span}: nothing changes")
        return
    console.say(f"{span}:")
    console.table(
        ("access point", "gain", "lose", "unlocked then", "no longer unlocked"),
        [
            (
                policies.places.by_number[door.point].id,
                _number(door.gaining),
                _number(door.losing),
                windows_text(door.unlocked, zone) if door.unlocked else "",
                windows_text(door.locked, zone) if door.locked else "",
            )
            for door in period.doors
        ],
        frozenset({"gain", "lose"}),
    )
    if period.rules:
        console.say()
        console.table(
            ("by rule", "of", "gain", "lose"),
            [
                (each.rule.rule, each.rule.place, _number(each.gaining), _number(each.losing))
                for each in period.rules
            ],
            frozenset({"gain", "lose"}),
        )


def _number(people: People) -> str:
    return shown(len(people)) if len(people) else "–"


def _in_all(gaining: int, losing: int) -> str:
    gain = f"{shown(gaining)} people gain" if gaining else "nobody gains"
    lose = f"{shown(losing)} lose" if losing else "nobody loses"
    return f"in all, {gain} and {lose}"


def _told_door(period: Period, door: DoorChange, policies: PolicySet) -> dict[str, object]:
    return {
        "event": "door",
        "occasion": str(period.occasion),
        "start": instant_text(period.span.start),
        "end": instant_text(period.span.end),
        "access_point": policies.places.by_number[door.point].id,
        "gaining": told_count(len(door.gaining)),
        "losing": told_count(len(door.losing)),
        "unlocked": told_windows(door.unlocked),
        "locked": told_windows(door.locked),
    }
