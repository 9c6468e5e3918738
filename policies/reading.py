"""One subject's reading of the rules within a span: the windows each rule gives or takes.

The meaning (policies.md): granted = ⋃ allow(who ∩ when ∩ validity) − ⋃ deny(…). `allow` reads what
surely holds, `deny` what possibly does, and `except` lifts that one deny where it surely holds. So
the unknown never opens, and no deny makes another rule open anything.

`policies.engine` and `policies.granting` both read here, so that a decision and a credential cannot
come apart. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from policies.conditions import tell_when, tell_who
from policies.grant import Window
from policies.model import Effect, Rule, Subject
from policies.vocabulary import Action, Instant
from policies.windows import (
    HOLDS_NEVER,
    NEVER,
    Telling,
    Windows,
    clip,
    difference,
    known,
    union,
    window,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The rules as they stand to `subject` within `span`; each is read once and kept."""

    subject: Subject
    span: Window
    _told: dict[Rule, Telling] = field(default_factory=dict, repr=False)

    def rule(self, rule: Rule) -> Telling:
        """Where `rule` applies within the span: the people, the hours, its validity, its except."""
        told = self._told.get(rule)
        if told is None:
            told = self._told[rule] = self._read(rule)
        return told

    def _read(self, rule: Rule) -> Telling:
        within = known(clip(window(rule.start, rule.end), self.span))
        told = within.and_(tell_who(rule.who, self.subject, rule.zone))
        if not told.possibly:
            return HOLDS_NEVER
        start = max(told.possibly[0].start, self.span.start)
        end = min(told.possibly[-1].end, self.span.end)
        told = told.and_(tell_when(rule.when, Window(start, end)))
        if rule.lifts is not None:
            told = told.but_not(tell_who(rule.lifts, self.subject, rule.zone))
        return told

    def allowed(self, rule: Rule, latest_end: Instant) -> Windows:
        """What an allow rule gives before `latest_end`."""
        surely = self.rule(rule).surely
        if latest_end >= self.span.end or not surely:
            return surely
        return clip(surely, Window(self.span.start, latest_end))

    def denied(self, rules: Iterable[Rule]) -> Windows:
        """What the deny rules among `rules` take, together."""
        return union(*(self.rule(r).possibly for r in rules if r.effect is Effect.DENY))

    def granted(self, rules: Iterable[Rule], action: Action) -> Windows:
        """Where `action` is granted by `rules`, all of one access point."""
        rules = tuple(rules)
        denied = self.denied(rules)
        if denied == (self.span,):
            return NEVER
        return difference(union(*(self.rule(r).surely for r in allowing(rules, action))), denied)


def allowing(rules: Iterable[Rule], action: Action) -> Iterable[Rule]:
    """The rules among `rules` that allow `action` to somebody."""
    return (r for r in rules if r.effect is Effect.ALLOW and action in r.actions)
