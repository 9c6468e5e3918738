"""`who` and `what`: who can open a door, and what doors somebody can open.

Rules kept here (policies.md, "Life of a rule"):
- people are counted, and a count below three is told as "fewer than 3";
- ids are listed only when asked for, and whoever asks is reminded that this is to be logged;
- somebody with a protected address is counted, never named.
"""

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence

from policies.analysis.population import Population
from policies.analysis.what import Opening, what
from policies.analysis.who import WhoAnswer, who
from policies.discretion import shown, shown_of
from policies.model import Effect
from policies.places import AccessPoint
from policies.verbs.console import Console
from policies.verbs.moments import day_windows_text, moment_text, told_windows
from policies.verbs.outcome import YES
from policies.verbs.progress import under_way
from policies.verbs.provisos import proviso_texts, told_provisos
from policies.verbs.rules_now import provisos_now
from policies.verbs.sources import Town, read_town, the_access_point, the_moment, the_person
from policies.vocabulary import ACTION_NAMES, Action, instant_text


def tell_who(options: Namespace, console: Console) -> int:
    """`who ACCESS_POINT`: how many may, by rule; with `--names` also their ids."""
    town = read_town(options)
    at = the_moment(options.at, town.places)
    point = the_access_point(town.places, options.access_point, options.places)
    with under_way(f"counting {len(town.people):,} people"):
        population = Population.of(town.people.values())
        answer = who(town.policies, population, point.number, ACTION_NAMES[options.action], at)
    provisos = provisos_now(town.policies, point.number, answer.action, at)
    told = _told_who(answer, point, is_named=options.names)
    console.tell({**told, "subject_to": told_provisos(provisos, town.switches)})
    zone = town.places.tenant.time_zone
    done = "open" if answer.action is Action.OPEN else answer.action.name.lower().replace("_", " ")
    closing = [
        each.rule.switch for each in provisos if town.switches.get(each.rule.switch or "", False)
    ]
    unless = f"closed while {closing[0]} is on, as it is now; when it is off: " if closing else ""
    console.say(f"{unless}{_people(answer)} can {done} {point.id}")
    subject_to = proviso_texts(provisos, town.switches)
    unlocked = "nobody is asked for a key"
    if any(each.rule.effect is not Effect.ALLOW for each in provisos):
        unlocked += ", subject to what is said below"
    unsure = (
        f"{shown(len(answer.uncertain))} more, who are not let in" if len(answer.uncertain) else ""
    )
    console.details(
        [
            ("name", point.name),
            ("at", moment_text(at, zone, options.at or "")),
            ("cannot be told of", unsure),
            ("stands unlocked", unlocked if answer.stands_unlocked else ""),
            ("by the registers", ", ".join(sorted(answer.sources))),
            *(("subject to" if n == 0 else "", said) for n, said in enumerate(subject_to)),
        ]
    )
    if answer.rules:
        console.say()
        _show_rules(answer, console)
    if options.names:
        _show_names(answer, console)
    return YES


def _people(answer: WhoAnswer) -> str:
    number = len(answer.granted)
    return f"{shown_of(number, answer.granted.population.size)} people" if number else "nobody"


def _told_who(answer: WhoAnswer, point: AccessPoint, is_named: bool) -> dict[str, object]:
    everybody = answer.granted.population.size
    told: dict[str, object] = {
        "access_point": point.id,
        "action": answer.action.name.lower(),
        "at": instant_text(answer.at),
        "stands_unlocked": answer.stands_unlocked,
        "people": told_count(len(answer.granted), everybody),
        "uncertain": told_count(len(answer.uncertain)),
        "rules": [
            {
                "document": each.rule.place,
                "rule": each.rule.rule,
                "does": each.effect.value,
                "people": told_count(each.surely, everybody),
                "uncertain": told_count(each.possibly - each.surely),
            }
            for each in answer.rules
        ],
        "sources": sorted(answer.sources),
    }
    if is_named:
        told |= {"named": list(answer.granted.named()), "unnamed": answer.granted.unnamed()}
    return told


def told_count(number: int, everybody: int | None = None) -> int | str:
    """A number of people as programs read it: a number, or the words of `policies.discretion`."""
    said = shown(number) if everybody is None else shown_of(number, everybody)
    return int(said) if said.isdecimal() else said


def _show_rules(answer: WhoAnswer, console: Console) -> None:
    everybody = answer.granted.population.size
    console.table(
        ("rule", "of", "does", "people", "uncertain"),
        [
            (
                each.rule.rule,
                each.rule.place,
                each.effect.value,
                shown_of(each.surely, everybody),
                shown(each.possibly - each.surely) if each.possibly > each.surely else "",
            )
            for each in answer.rules
        ],
        frozenset({"people", "uncertain"}),
    )


def _show_names(answer: WhoAnswer, console: Console) -> None:
    unnamed = answer.granted.unnamed()
    console.say()
    for person in answer.granted.named():
        console.line(f"  {person}")
    if unnamed:
        console.say(f"  and {shown(unnamed)} with a protected address, who are not named")
    print(
        "policies: whoever lists people logs that they looked, and why; nothing is logged here",
        file=sys.stderr,
    )


def tell_what(options: Namespace, console: Console) -> int:
    """`what PERSON`: what somebody can open within 24 hours, with a key or without."""
    town = read_town(options)
    at = the_moment(options.at, town.places)
    subject = the_person(town, options.person, options.people)
    openings = [
        (town.places.by_number[number], opening)
        for opening in what(town.policies, subject, at)
        for number in opening.points
    ]
    openings.sort(key=lambda named: named[0].id)
    for point, opening in openings:
        console.tell(_told_what(point, opening, town))
    zone = town.places.tenant.time_zone
    console.say(f"{subject.id} at {moment_text(at, zone, options.at or '')}, and 24 hours on")
    if not openings:
        console.say("no door opens, with a key or without")
        return YES
    console.say()
    _show_openings(openings, town, console)
    return YES


def _show_openings(
    openings: Sequence[tuple[AccessPoint, Opening]], town: Town, console: Console
) -> None:
    """A table, and beneath it what the openings are subject to, each once and by its number."""
    zone = town.places.tenant.time_zone
    notes: dict[str, int] = {}
    rows = []
    for point, opening in openings:
        said = proviso_texts(opening.subject_to, town.switches)
        numbers = [str(notes.setdefault(each, len(notes) + 1)) for each in said]
        rows.append(
            (
                point.id,
                point.name,
                _actions(opening.actions),
                day_windows_text(opening.windows, zone),
                day_windows_text(opening.unlocked, zone),
                ", ".join(numbers),
            )
        )
    titles = ("access point", "name", "to", "with a key", "stands unlocked", "see")
    console.table(titles, rows)
    if notes:
        console.say()
    for said_once, number in notes.items():
        console.say(f"{number}  {said_once}", "   ")


def _actions(actions: Iterable[Action]) -> str:
    """Empty for the usual one, to open."""
    named = [action.name.lower().replace("_", " ") for action in actions]
    return "" if named == ["open"] else ", ".join(named)


def _told_what(point: AccessPoint, opening: Opening, town: Town) -> dict[str, object]:
    return {
        "access_point": point.id,
        "actions": [action.name.lower() for action in opening.actions],
        "windows": told_windows(opening.windows),
        "unlocked": told_windows(opening.unlocked),
        "subject_to": told_provisos(opening.subject_to, town.switches),
    }
