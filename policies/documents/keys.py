"""The keys of a policy document, said once: the reader and the schema for editors go by them.

Rules kept here (policies.md, "The document"):
- a mapping has its `required` keys and may have its `optional` ones, no other;
- a key that belongs to one effect is refused on the others;
- the words that a value may be are listed, never guessed.

What the values mean is read by `policies.documents.document` and the modules beside it;
`policies.documents.printing` writes rules in the order of keys here. Pure values.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from policies.model import Effect
from policies.records import RecordKind


class Keys(NamedTuple):
    """The keys a mapping must and may have, in the order they are best written."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every key, the required first."""
        return self.required + self.optional


DOCUMENT = Keys(("for", "time_zone", "policies"), ("days", "calendars"))
DAY_LIST = Keys(("covers", "on"))
CALENDAR = Keys(("holidays",), ("seasons", "dates"))
"""The keys of a calendar that are not the names of its openings."""
SEASON_BY_DATE = Keys(("from", "to"), ("holidays",))
SEASON_BY_LIST = Keys(("days",), ("holidays",))

RULES: Mapping[Effect, Keys] = MappingProxyType(
    {
        Effect.ALLOW: Keys(
            ("id", "doors", "allow", "during"), ("from", "until", "limits", "with")
        ),
        Effect.DENY: Keys(
            ("id", "doors", "deny"),
            ("except", "during", "from", "until", "active", "reason"),
        ),
        Effect.UNLOCK: Keys(("id", "doors", "unlock", "during"), ("from", "until")),
    }
)  # fmt: skip
OF_THE_PLACE = ("sensitive", "owner")
"""What is said of a place, in places.yaml, and never of a rule."""

UNLOCK = Keys(("after",))
ACTIVE = Keys(("switch",))
LIMITS = Keys(("offline",), ("visits", "by", "inside"))
WITH = Keys((), ("life", "actions", "share", "brings", "two-people", "after"))

GROUPS = ("all", "any")
RECORD_KEYS = tuple(kind.value for kind in RecordKind)
CONDITIONS = (
    "age", "member", "role", "list", "resident", "terms", *RECORD_KEYS, *GROUPS,
)  # fmt: skip
"""One of these makes a condition; the list is closed."""
BESIDE: Mapping[str, str] = MappingProxyType({"guardian": "terms", "as": "booking"})
"""What may stand beside a condition, and beside which."""
AROUND_A_RECORD = ("early", "late")
"""What may stand beside a record in `during`."""

RECORD_REGISTERS: Mapping[RecordKind, str] = MappingProxyType(
    {RecordKind.BOOKING: "bookings", RecordKind.ASSIGNED: "assignments"}
)
"""The register of places.yaml that knows the names of a kind of record."""
BOOKING_ROLES = ("holder", "deputy", "invited")
"""The parts somebody may have in a booking."""
DOORS_OF_RECORD = ".door"
"""What follows the name of a record where its doors are meant: `ekeberg-hall.door`."""
