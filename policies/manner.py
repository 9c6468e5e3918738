"""How a right is used: what a rule says of the credential and of how often, never of who or when.

Rules kept here (policies.md, "The document", the rows `limits` and `with`):
- a life is at most `MAX_LIFE_SECONDS`, and is that when not written;
- `limits` always says what a door without contact does: refuse, or let in and count later;
- none of it is held in windows: `policies.subject_to` names it beside a decision.

Pure values.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from policies.grant import MAX_LIFE_SECONDS
from policies.vocabulary import Action


class Offline(StrEnum):
    """What is done where a count cannot be kept, by the words of a document."""

    REFUSE = "refuse"
    COUNT_LATER = "count-later"


class CountedBy(StrEnum):
    """Whose visits are counted together, by the words of a document."""

    PERSON = "person"
    HOUSEHOLD = "household"


class Period(StrEnum):
    """The civil period within which visits are counted, by the words of a document."""

    DAY = "day"
    WEEK = "calendar-week"
    MONTH = "calendar-month"
    YEAR = "calendar-year"


@dataclass(frozen=True, slots=True)
class Visits:
    """`18 per calendar-year`: at most `most` visits, 1 or more, in each period."""

    most: int
    period: Period

    def __str__(self) -> str:
        """As written."""
        return f"{self.most} per {self.period}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often, and how many at once; at least one of `visits` and `inside` is given."""

    visits: Visits | None
    by: CountedBy
    inside: int | None
    offline: Offline


class Brings(Enum):
    """Whom an adult may bring, where it is not a number."""

    OWN_CHILDREN = "own-children"


@dataclass(frozen=True, slots=True)
class Manner:
    """The `with` of an allow rule, but for `after`, which is a condition and the rule's own.

    `share` is how many the right may be shared with, `brings` whom or how many the person may take
    in, `two_people_seconds` within which a second person must present a key.
    """

    actions: frozenset[Action] = frozenset({Action.OPEN})
    life_seconds: int = MAX_LIFE_SECONDS
    share: int | None = None
    brings: int | Brings | None = None
    two_people_seconds: int | None = None


PLAIN = Manner()
"""What holds where a rule says nothing."""
