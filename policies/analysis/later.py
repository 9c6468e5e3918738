"""From which later instants an edit is weighed as well, where an approval hangs on it.

Impact is counted over the days from the first change. Alone, a small change today would hide a
large one next winter. So an edit is weighed again from each instant that these rules name:
- each `from` and `until` of a rule that is not the same;
- each week of the coming 400 days in which such a rule has other hours than it had, where they
  differ in another way than in the weeks before: a date, a day list, a season, a holiday.

What people gain there is `policies.analysis.impact`. Pure.
"""

from policies.analysis.impact import edited_rules
from policies.compiled import CompiledRule, compiled
from policies.grant import Window
from policies.model import PolicySet
from policies.reading import LOOK_AHEAD_DAYS, times
from policies.vocabulary import DAY_SECONDS, Instant
from policies.windows import NEVER, Windows

_WEEK_SECONDS = 7 * DAY_SECONDS


def later_edges(before: PolicySet, after: PolicySet, at: Instant) -> tuple[Instant, ...]:
    """The instants after `at` from which the edit is to be weighed as well, ascending."""
    was, becomes = before.derived(compiled).rules, after.derived(compiled).rules
    edges: set[Instant] = set()
    for name in edited_rules(before, after):
        rules = was.get(name), becomes.get(name)
        for rule in rules:
            if rule is not None:
                edges.update(edge for edge in (rule.rule.start, rule.rule.end) if edge is not None)
        edges |= _weeks_that_differ(rules, at)
    return tuple(sorted(edge for edge in edges if edge > at))


def _weeks_that_differ(
    rules: tuple[CompiledRule | None, CompiledRule | None], at: Instant
) -> set[Instant]:
    """The first week of each way in which the hours of a rule before and after differ."""
    first_of: dict[tuple[Windows, ...], Instant] = {}
    for days in range(0, LOOK_AHEAD_DAYS, 7):
        start = Instant(at + days * DAY_SECONDS)
        week = Window(start, Instant(start + _WEEK_SECONDS))
        hours = tuple(_hours(rule, week) for rule in rules)
        if hours[0] != hours[1]:
            first_of.setdefault(hours, start)
    return set(first_of.values())


def _hours(rule: CompiledRule | None, week: Window) -> Windows:
    """The hours `rule` possibly has in `week`, counted from its start."""
    if rule is None:
        return NEVER
    start = week.start
    return tuple(
        Window(Instant(begin - start), Instant(end - start))
        for begin, end in times(rule, week).possibly
    )
