"""What two readings of one door's rules make different for those for whom the same clauses apply.

A `Term` is a clause as it counts in a comparison. For whichever terms apply to somebody, what she
gains and loses is told from their windows alone, so it is worked out once for each combination that
occurs (`policies.analysis.effect`).

Rules kept here: an edited rule has its part in a gain or a loss where what it gives, or what it
takes, has changed at such an instant. Pure.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from policies.analysis.clauses import Clause
from policies.analysis.conditions import View
from policies.analysis.sets import Bits
from policies.circumstances import RuleName
from policies.vocabulary import Action
from policies.windows import NEVER, Windows, difference, intersection, union

ToldOf = dict[tuple[View, Hashable], Bits]
"""For whom clauses apply, by the view and what they ask of people."""


@dataclass(frozen=True, slots=True)
class Term:
    """A clause as it counts in the comparison, or several that nothing tells apart.

    `edited` is the name of a rule that is not the same on both sides, None otherwise.
    """

    clauses: tuple[Clause, ...]
    windows: Windows
    is_before: bool
    is_after: bool
    edited: RuleName | None

    @property
    def is_deny(self) -> bool:
        """Whether it takes."""
        return self.clauses[0].is_deny

    @property
    def actions(self) -> frozenset[Action]:
        """What it gives or takes."""
        return self.clauses[0].actions

    def applies(self, before: View, after: View, told: ToldOf) -> Bits:
        """For whom any of its clauses applies; `told` keeps what is told of clauses alike."""
        view = before if self.is_before else after
        return reduce(or_, (self._of_clause(clause, view, told) for clause in self.clauses))

    def _of_clause(self, clause: Clause, view: View, told: ToldOf) -> Bits:
        rule = clause.rule.rule
        people = (rule.who, rule.lifts, rule.zone, clause.record, clause.is_deny)
        bits = told.get((view, people))
        if bits is None:
            bits = told[view, people] = clause.applies(view)
        return bits


class Part(NamedTuple):
    """Gaining or losing: at all, or by `rule`."""

    rule: RuleName | None
    is_gain: bool


def told_apart(terms: Sequence[Term]) -> Mapping[Part, Windows]:
    """What differs for those for whom all of `terms`, and no others, apply; where it is anything.

    The windows of a rule's part lie within those of the whole.
    """
    found: dict[Part, Windows] = {}
    edited = {term.edited for term in terms if term.edited is not None}
    for action in Action:
        speaking = [term for term in terms if action in term.actions]
        before = _granted(term for term in speaking if term.is_before)
        after = _granted(term for term in speaking if term.is_after)
        for is_gain, more in (
            (True, difference(after, before)),
            (False, difference(before, after)),
        ):
            if not more:
                continue
            of_rules = (
                (name, intersection(more, _turned(t for t in speaking if t.edited == name)))
                for name in edited
            )
            for name, windows in ((None, more), *of_rules):
                if windows:
                    part = Part(name, is_gain)
                    found[part] = union(found.get(part, NEVER), windows)
    return found


def _turned(terms: Iterable[Term]) -> Windows:
    """Where a rule does not say the same before and after: what it gives, or what it takes."""
    said: dict[tuple[bool, bool], Windows] = {}
    for term in terms:
        side = term.is_deny, term.is_before
        said[side] = union(said.get(side, NEVER), term.windows)
    turned = NEVER
    for takes in (False, True):
        then, now = said.get((takes, True), NEVER), said.get((takes, False), NEVER)
        turned = union(turned, difference(then, now), difference(now, then))
    return turned


def _granted(terms: Iterable[Term]) -> Windows:
    given: list[Windows] = []
    taken: list[Windows] = []
    for term in terms:
        (taken if term.is_deny else given).append(term.windows)
    return difference(union(*given), union(*taken)) if given else NEVER
