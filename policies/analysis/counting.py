"""What answers about all people share: the rules by name, and how few people are told.

Rules kept here (policies.md, "Life of a rule"): a count below three is shown as "fewer than 3", for
it could be somebody; none is none. Pure.
"""

from collections.abc import Mapping

from policies.circumstances import RuleName
from policies.model import PolicySet, Rule

LEAST_SHOWN = 3
"""The smallest number of people that is told as it is."""


def shown(count: int) -> str:
    """A number of people as staff may see it."""
    return f"fewer than {LEAST_SHOWN}" if 0 < count < LEAST_SHOWN else str(count)


def rules_by_name(policies: PolicySet) -> Mapping[RuleName, Rule]:
    """Every rule by its name in the tenant, in document order."""
    return policies.derived(_rules_by_name)


def _rules_by_name(policies: PolicySet) -> Mapping[RuleName, Rule]:
    return {
        RuleName(str(document.place), rule.id): rule
        for document in policies.documents
        for rule in document.rules
    }
