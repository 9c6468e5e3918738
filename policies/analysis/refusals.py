"""The rules as they stand where every proviso refuses: the other half of what an edit may change.

Impact speaks of windows, and windows hold no switch, no limit and no `after`. So an edit that does
away with a switched deny, a quota or a wait would gain nobody anything. It is therefore counted a
second time, on what is left where each of them says no (policies.md, "Life of a rule": approval is
asked by effect). Rules kept here:
- a deny by a switch holds as if the switch were on;
- an allow with limits, `after` or two people gives nothing;
- an unlock that waits for somebody stays locked.

Pure.
"""

from collections.abc import Iterator
from dataclasses import replace

from policies.model import Document, Effect, PolicySet, Rule
from policies.policy_set import assemble


def where_provisos_refuse(policies: PolicySet) -> PolicySet:
    """The same places, documents and records, without what a proviso may take away."""
    documents = tuple(
        replace(document, rules=tuple(_rules(document))) for document in policies.documents
    )
    return assemble(policies.places, documents, policies.holidays, policies.records)


def _rules(document: Document) -> Iterator[Rule]:
    for rule in document.rules:
        if rule.effect is Effect.DENY:
            yield rule if rule.switch is None else replace(rule, switch=None)
        elif rule.limits is None and rule.after is None and rule.manner.two_people_seconds is None:
            yield rule
