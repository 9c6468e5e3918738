"""What a decision is subject to: what windows do not hold.

Rules kept here (policies.md, "What windows do not hold"): `limits`, a second person and `after` are
the giving rule's; a switch is that of a deny which would take the windows if it were on. They are
checked when a credential is asked for (`policies.granting`, with `policies.circumstances`) or at
the door; a decision only names them. Pure values.
"""

from dataclasses import dataclass
from enum import Enum

from policies.model import Rule


class Proviso(Enum):
    """The kinds of thing a right may be subject to, by the words of documents."""

    LIMITS = "limits"
    SWITCH = "switch"
    TWO_PEOPLE = "two-people"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class SubjectTo:
    """One proviso and the rule that makes it; what it says is in the rule."""

    kind: Proviso
    rule: Rule


def provisos_of(rule: Rule) -> tuple[SubjectTo, ...]:
    """What `rule` is subject to: of an allow or unlock its own provisos, of a deny its switch."""
    found = (
        (Proviso.LIMITS, rule.limits is not None),
        (Proviso.SWITCH, rule.switch is not None),
        (Proviso.TWO_PEOPLE, rule.manner.two_people_seconds is not None),
        (Proviso.AFTER, rule.after is not None),
    )
    return tuple(SubjectTo(kind, rule) for kind, is_made in found if is_made)
