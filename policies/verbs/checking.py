"""`check`: the faults of documents, what staff should look at, and what each rule says.

Rules kept here:
- a fault is a no; a warning is not: the documents mean what they say;
- what needs people to be counted is looked at only where people were given;
- a register that was not given, or is no longer fresh, is named with the rules that wait for it.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from policies.analysis.checks import dead_rules, empty_points, lockouts, open_doors
from policies.analysis.findings import Check, Finding
from policies.analysis.population import Population
from policies.analysis.shadowing import shadowed_rules
from policies.circumstances import RuleName
from policies.documents.record_file import ignored_doors
from policies.documents.upkeep import lapsing_day_lists
from policies.errors import Fault
from policies.model import PolicySet
from policies.places import MUNICIPALITY, Places
from policies.schedule import local_day
from policies.verbs.console import Console, counted, told_fault
from policies.verbs.outcome import YES
from policies.verbs.progress import under_way
from policies.verbs.sentences import tell_sentences
from policies.verbs.sources import Town, read_town, the_moment
from policies.verbs.waiting import waiting_rules
from policies.vocabulary import AccessPointNumber, Instant


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing to look at, for programs and for people."""

    told: Mapping[str, object]
    text: str


def check_documents(options: Namespace, console: Console) -> int:
    """`check FILE…`; faults come up as a PolicyError."""
    town = read_town(options)
    at = the_moment(options.at, town.places)
    with under_way("looking at the rules"):
        warnings = [*_of_documents(town, at), *_of_rules(town, at)]
    for warning in warnings:
        console.warn(warning.told, warning.text)
    if options.sentences:
        tell_sentences(town, at, options.lang, console)
    console.tell({"checked": town.files, "faults": 0, "warnings": len(warnings)})
    said = f"{counted(town.files, 'document')}, no faults"
    console.say(f"{said}, {counted(len(warnings), 'warning')}" if warnings else said)
    return YES


def _of_documents(town: Town, at: Instant) -> Iterator[Warned]:
    """What is to be renewed, given or mended in a file."""
    policies = town.policies
    faults = list(lapsing_day_lists(policies, local_day(at, town.places.tenant.time_zone)))
    if town.records is not None:
        faults += ignored_doors(town.records, policies)
    faults += waiting_rules(policies, town.people.values(), town.switches, at)
    for fault in faults:
        yield Warned(told_fault(fault), str(fault))


def _of_rules(town: Town, at: Instant) -> Iterator[Warned]:
    """What the rules come to."""
    policies, places = town.policies, town.places
    findings = [*dead_rules(policies, at), *shadowed_rules(policies, at), *open_doors(policies, at)]
    if town.people:
        population = Population.of(town.people.values())
        findings += empty_points(policies, population, at)
        findings += lockouts(policies, population, at)
    where = _places_of_rules(policies)
    ours = _spoken_for(policies)
    others: list[str] = []
    for finding in findings:
        if finding.check is Check.NO_RULES and not ours.issuperset(finding.points):
            others += (places.by_number[point].id for point in finding.points)
        else:
            yield _found(finding, None if finding.rule is None else where[finding.rule], places)
    if others and len(policies.documents) > 1:
        sentence = f"No document given is for {', '.join(sorted(others))}."
        told = {"check": Check.NO_RULES.value, "access_points": sorted(others)}
        yield Warned({**told, "sentence": sentence}, sentence)


def _found(finding: Finding, fault: Fault | None, places: Places) -> Warned:
    """A finding; `fault` is where its rule is written."""
    sentence = finding.sentence(places)
    told: dict[str, object] = {
        "check": finding.check.value,
        "document": finding.rule.place if finding.rule else None,
        "rule": finding.rule.rule if finding.rule else None,
        "by": finding.by.rule if finding.by else None,
        "access_points": [places.by_number[point].id for point in finding.points],
        "facility": finding.facility,
    }
    if fault is None:
        return Warned({**told, "sentence": sentence}, sentence)
    written = replace(fault, sentence=sentence)
    return Warned({**told, **told_fault(written)}, str(written))


def _spoken_for(policies: PolicySet) -> frozenset[AccessPointNumber]:
    """The access points beneath the place of a document, but for the whole municipality."""
    return frozenset(
        point.number
        for document in policies.documents
        if document.place != MUNICIPALITY
        for point in policies.places.beneath[str(document.place)]
    )


def _places_of_rules(policies: PolicySet) -> Mapping[RuleName, Fault]:
    """Where every rule is written: a fault that says nothing yet."""
    return {
        RuleName(str(document.place), rule.id): Fault(
            document.file, rule.line, f"policies[{index}]", ""
        )
        for document in policies.documents
        for index, rule in enumerate(document.rules)
    }
