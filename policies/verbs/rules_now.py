"""What the answer about a door, whoever comes, is subject to at an instant.

A proviso counts where its rule possibly speaks for the door then and there: of an allow that gives
the action, of an unlock, and every deny with a switch. Pure.
"""

from collections.abc import Iterator

from policies.grant import Window
from policies.model import Effect, PolicySet, Rule
from policies.subject_to import SubjectTo, provisos_of
from policies.verbs.days import hours_of_rule
from policies.vocabulary import AccessPointNumber, Action, Instant
from policies.windows import contains


def provisos_now(
    policies: PolicySet, point: AccessPointNumber, action: Action, at: Instant
) -> tuple[SubjectTo, ...]:
    """Every proviso of the rules that may speak for `point` at `at`, in document order."""
    return tuple(_provisos(policies, point, action, at))


def _provisos(
    policies: PolicySet, point: AccessPointNumber, action: Action, at: Instant
) -> Iterator[SubjectTo]:
    now = Window(at, Instant(at + 1))
    for rule in policies.rules_at[point]:
        provisos = provisos_of(rule) if _speaks_of(rule, action) else ()
        if provisos and contains(hours_of_rule(rule, policies.records, now, point).possibly, at):
            yield from provisos


def _speaks_of(rule: Rule, action: Action) -> bool:
    if rule.effect is Effect.ALLOW:
        return action in rule.manner.actions
    return rule.effect is Effect.DENY or action is Action.OPEN
