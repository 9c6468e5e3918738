"""Who can open this door now: everybody at once.

Granted are those whom an allow surely lets in and no deny possibly stops, the same people as
`policies.engine` permits one by one, which is a property test. Uncertain are those for whom it is
possible and not sure: a fact of theirs cannot be told, or a day list does not cover the day. A door
that stands unlocked asks nobody for a key, and is said beside. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.analysis.clauses import Clause, clauses_at
from policies.analysis.conditions import Moment, asked_of
from policies.analysis.population import People, Population
from policies.analysis.sets import Told, count, nobody, without
from policies.circumstances import RuleName
from policies.compiled import CompiledRule
from policies.grant import Window
from policies.model import Effect, PolicySet, requirements_of
from policies.unlocking import unlocked_windows
from policies.vocabulary import AccessPointNumber, Action, Instant
from policies.windows import contains


@dataclass(frozen=True, slots=True)
class RuleCount:
    """For how many people one rule holds now, surely and possibly, whatever other rules say."""

    rule: RuleName
    effect: Effect
    surely: int
    possibly: int


@dataclass(frozen=True, slots=True)
class WhoAnswer:
    """Who may do `action` at `point` at the instant `at`.

    `rules` are those that give or take there and then, in document order. `sources` are the
    registers the answer relies upon.
    """

    point: AccessPointNumber
    action: Action
    at: Instant
    granted: People
    uncertain: People
    rules: tuple[RuleCount, ...]
    stands_unlocked: bool
    sources: frozenset[str]


def who(
    policies: PolicySet,
    population: Population,
    point: AccessPointNumber,
    action: Action,
    at: Instant,
) -> WhoAnswer:
    """Who may do `action` at `point` at the instant `at`.

    Raises ValueError for a point the places do not have.
    """
    if point not in policies.rules_at:
        raise ValueError(f"expected a known access point, got {point}")
    now = Window(at, Instant(at + 1))
    clauses = [each for each in clauses_at(policies, point, now) if action in each.actions]
    moment = Moment(population, at)
    given = taken = _none(population)
    by_rule: dict[RuleName, tuple[CompiledRule, Told]] = {}
    for clause in clauses:
        told = _told_now(clause, moment)
        if clause.is_deny:
            taken = taken.or_(told)
        else:
            given = given.or_(told)
        rule, so_far = by_rule.get(clause.rule.name, (clause.rule, told))
        by_rule[rule.name] = rule, so_far if so_far is told else so_far.or_(told)
    granted = without(given.surely, taken.possibly)
    uncertain = without(without(given.possibly, taken.surely), granted)
    return WhoAnswer(
        point,
        action,
        at,
        People(population, granted),
        People(population, uncertain),
        tuple(
            RuleCount(name, rule.rule.effect, count(told.surely), count(told.possibly))
            for name, (rule, told) in by_rule.items()
        ),
        bool(unlocked_windows(policies, point, now)),
        _sources(clauses, population),
    )


def _told_now(clause: Clause, moment: Moment) -> Told:
    """Of whom the clause, whose hours possibly hold at the instant, does."""
    told = clause.people(moment)
    if contains(clause.times.surely, moment.at):
        return told
    return Told(_none(moment.population).surely, told.possibly)


def _none(population: Population) -> Told:
    none = nobody(population.size)
    return Told(none, none)


def _sources(clauses: Iterable[Clause], population: Population) -> frozenset[str]:
    """Who tells the facts that the clauses turn on."""
    return frozenset().union(
        *(
            population.sources(kind, asked)
            for clause in clauses
            for condition, _ in clause.conditions()
            for requirement in requirements_of(condition)
            for kind, asked in asked_of(requirement)
        )
    )
