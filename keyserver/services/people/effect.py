"""What a draft would change, weighed before anything is saved: its checks, and who gains or loses.

Rules kept here:
- counted on everybody the registers know, as the rules stand at the instant the draft is to govern
  from, against what would govern then without it. Facts end and are renewed, so whether approval is
  needed is asked as if it governed today, too: a distant instant hides no gain. So it is from each
  later instant that `policies.analysis.later` names: an early change hides no later one;
- what windows do not hold counts too: it is weighed again as if every switch were on and every
  limit and wait refused, so that doing away with one of them is a gain; and as if every register
  had been read, so that whom nobody can tell of today is not left out;
- a revision that is to come and would never govern is compared with as well: to do away with a
  coming deny gives as much as to do away with one that holds;
- what looks wrong is told as a warning and refuses nothing; an effect that needs approval is
  `policies.revisions`'s to judge;
- the first revision has nothing to be compared with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from keyserver.errors import AdministratorError
from keyserver.services.people.registers import Registers, all_subjects, freshness
from keyserver.services.people.revision_records import draft_of
from policies.analysis.checks import (
    closed_facilities,
    dead_rules,
    empty_points,
    lockouts,
    open_doors,
)
from policies.analysis.findings import Finding
from policies.analysis.impact import Impact, impact
from policies.analysis.later import later_edges
from policies.analysis.population import Population
from policies.analysis.refusals import where_provisos_refuse
from policies.analysis.shadowing import shadowed_rules
from policies.circumstances import RuleName
from policies.compiled import CompiledRule, compiled
from policies.documents.document import load_policies
from policies.documents.upkeep import lapsing_day_lists
from policies.errors import Fault
from policies.model import Effect as RuleEffect
from policies.model import PolicySet
from policies.places import Places
from policies.revisions import (
    FOUNDING,
    Draft,
    DraftId,
    Gains,
    Reason,
    RevisionNumber,
    approval_needed,
)
from policies.vocabulary import FacilityId, Instant, TenantId


@dataclass(frozen=True, slots=True)
class Effect:
    """What publishing `draft` from `active_from` on does, with the registers of `generation`.

    `faults` and `findings` are what the checks warn of. `impact` is None for the first revision.
    `reasons` say why it needs approval, `replaced` the revisions that were to come and never will.
    """

    draft: DraftId
    generation: int
    active_from: Instant
    faults: tuple[Fault, ...]
    findings: tuple[Finding, ...]
    places: Places
    impact: Impact | None
    reasons: tuple[Reason, ...]
    replaced: tuple[RevisionNumber, ...]


def weigh_draft(
    connection: sa.Connection,
    tenant: TenantId,
    known: Registers,
    name: DraftId,
    at: Instant,
    active_from: Instant,
    days: int,
) -> Effect:
    """The effect of a draft; AdministratorError where there is none of that name."""
    draft = read_draft(connection, tenant, name)
    after = load_policies(
        dict(draft.content.documents), known.places, draft.content.holidays, known.records
    )
    before = known.in_force(active_from)
    population = Population.of(all_subjects(connection, tenant))
    told_of = [population]
    if freshness(connection, tenant):
        subjects = all_subjects(connection, tenant)
        told_of.append(Population.of(replace(subject, fresh_until={}) for subject in subjects))
    counted = None
    reasons: dict[Reason, None] = {}
    if before.number != FOUNDING:
        counted = impact(before.policies, after, population, active_from, days)
        locked_out = closed_facilities(after, population, active_from) - closed_facilities(
            before.policies, population, active_from
        )
        refused = where_provisos_refuse(before.policies), where_provisos_refuse(after)
        scenarios = ((before.policies, after), refused)
        others = (
            impact(*rules, people, start, days)
            for rules in scenarios
            for people in told_of
            for start in dict.fromkeys((active_from, at, *later_edges(*rules, active_from)))
        )
        for each in (counted, *others):
            gains = _gains(each, locked_out)
            reasons |= dict.fromkeys(approval_needed(gains, known.places))
    replaced = [turn for turn in known.timeline.turns if turn[0] >= active_from and turn[0] > at]
    for start, one in replaced:
        if start > active_from:
            gains = _gains(impact(one.policies, after, population, start, days))
            for reason in approval_needed(gains, known.places):
                said = f"{reason}, compared with revision {one.number}, which is to come"
                reasons[replace(reason, sentence=said)] = None
    return Effect(
        draft=name,
        generation=known.generation,
        active_from=active_from,
        faults=tuple(_faults(after, active_from)),
        findings=_findings(after, population, active_from),
        places=known.places,
        impact=counted,
        reasons=tuple(reasons),
        replaced=tuple(one.number for _, one in replaced),
    )


def _gains(counted: Impact, locked_out: frozenset[FacilityId] = frozenset()) -> Gains:
    unlocked = frozenset(
        door.point for period in counted.periods for door in period.doors if door.unlocked
    )
    return Gains(len(counted.gaining), counted.gaining_by_point(), unlocked, locked_out)


def read_draft(connection: sa.Connection, tenant: TenantId, name: str) -> Draft:
    """A draft by its id; AdministratorError where there is none."""
    draft = draft_of(connection, tenant, name)
    if draft is None:
        raise AdministratorError(f"expected a draft, got {name!r}")
    return draft


def _faults(after: PolicySet, at: Instant) -> Iterator[Fault]:
    """What looks wrong at a line of a document."""
    zone = after.places.tenant.time_zone
    yield from lapsing_day_lists(after, datetime.fromtimestamp(at, zone).date())
    yield from _unread(after)


def _findings(after: PolicySet, population: Population, at: Instant) -> tuple[Finding, ...]:
    """What looks wrong in the rules and doors as a whole."""
    return (
        *dead_rules(after, at),
        *shadowed_rules(after, at),
        *open_doors(after, at),
        *empty_points(after, population, at),
        *lockouts(after, population, at),
    )


def _unread(after: PolicySet) -> Iterator[Fault]:
    """The rules that go by records or switches, of a tenant that has never imported any."""
    if not after.records.unread:
        return
    ready = after.derived(compiled).rules
    for document in after.documents:
        for position, rule in enumerate(document.rules):
            said = _lacking(ready[RuleName(str(document.place), rule.id)])
            if said is not None:
                yield Fault(document.file, rule.line, f"policies[{position}]", said)


def _lacking(rule: CompiledRule) -> str | None:
    if rule.rule.switch is not None:
        return f"expected switches, got no records file yet: {rule.rule.switch} counts as on"
    if rule.record is not None:
        said = (
            "denies whoever may have one"
            if rule.rule.effect is RuleEffect.DENY
            else "gives nothing"
        )
        return (
            f"expected {rule.record.kind} records, got no records file yet: {rule.name.rule} {said}"
        )
    return None
