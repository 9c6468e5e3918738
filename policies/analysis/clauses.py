"""The rules of one access point as clauses: each rule once, or once for each of its records.

A clause has times that are the same for everybody, and people for whom it applies that are the same
within a stretch in which their facts are. So what many people are granted is told from few windows
and few sets:

    granted = ⋃ windows of allow clauses that apply − ⋃ windows of deny clauses that apply

Rules kept here (policies.md, "Surely and possibly"): an allow has the windows and the people that
are sure, a deny those that are possible, less the people of its `except` that are sure. Times and
records are read by `policies.reading`; that all people at once are granted what each is by herself
is a property test. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from policies.analysis.conditions import View, tell
from policies.analysis.sets import Bits, Told, without
from policies.compiled import CompiledRule, door_at
from policies.grant import Window
from policies.model import Condition, Effect, PolicySet
from policies.reading import times_at
from policies.records import Record
from policies.vocabulary import AccessPointNumber, Action
from policies.windows import Telling, Windows


@dataclass(frozen=True, slots=True)
class Clause:
    """One reading of `rule` within a span: for `record`, or for none where it is read for none."""

    rule: CompiledRule
    record: Record | None
    times: Telling

    @property
    def is_deny(self) -> bool:
        """Whether it takes."""
        return self.rule.rule.effect is Effect.DENY

    @property
    def windows(self) -> Windows:
        """Where it gives or takes from those for whom it applies."""
        return self.times.possibly if self.is_deny else self.times.surely

    @property
    def actions(self) -> frozenset[Action]:
        """What it gives or takes."""
        return ALL_ACTIONS if self.is_deny else self.rule.rule.manner.actions

    def people(self, view: View) -> Told:
        """Of whom the people-conditions surely and possibly hold, its `except` taken off."""
        told = Told(view.everybody, view.everybody)
        if self.rule.who is not None:
            told = tell(self.rule.who.condition, self.rule.who.zone, view, self.record)
        if self.rule.lifts is None:
            return told
        lifted = tell(self.rule.lifts.condition, self.rule.lifts.zone, view, self.record)
        return Told(without(told.surely, lifted.possibly), without(told.possibly, lifted.surely))

    def applies(self, view: View) -> Bits:
        """For whom it gives or takes in its windows."""
        told = self.people(view)
        return told.possibly if self.is_deny else told.surely

    def conditions(self) -> Iterator[tuple[Condition, ZoneInfo]]:
        """What is asked of people, and in which zone birthdays are read."""
        for people in (self.rule.who, self.rule.lifts):
            if people is not None:
                yield people.condition, people.zone


ALL_ACTIONS = frozenset(Action)


def clauses_at(policies: PolicySet, point: AccessPointNumber, span: Window) -> tuple[Clause, ...]:
    """The clauses that may give or take within the span at `point`, in document order.

    A deny with a switch takes nothing from windows. None where the places do not have the point.
    """
    if point not in policies.rules_at:
        return ()
    return tuple(
        Clause(rule, record, times)
        for rule in door_at(policies, point).rules
        if rule.rule.effect is not Effect.UNLOCK and rule.rule.switch is None
        for record, times in times_at(rule, point, span, policies.records)
        if times.possibly
    )
