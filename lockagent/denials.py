"""Which denials get an entry of their own, and which are only counted. SPEC.md 6.

Whoever holds a credential can be refused as often as the radio allows, and every refusal with an
entry would fill the journal. Rules kept here, for one access point and a minute at a time:
- the first three of a credential and reason have their entries;
- all credentials and reasons together have at most thirty;
- what is above is counted by reason and lost as an entry, never as a number.

Pure: monotonic seconds come in as an argument. What the phone is told does not change.
"""

from collections import Counter

from lockagent.protocol.errors import DenialReason

MOST_ALIKE = 3
MOST_IN_ALL = 30
MINUTE_SECONDS = 60.0


class DenialCount:
    """The denials of one access point."""

    __slots__ = ("_alike", "_began", "_repeated")

    def __init__(self) -> None:
        """Begin with none."""
        self._began = float("-inf")
        self._alike: Counter[tuple[bytes, DenialReason]] = Counter()
        self._repeated: Counter[DenialReason] = Counter()

    def has_entry(self, cti: bytes, reason: DenialReason, monotonic: float) -> bool:
        """Whether this denial gets an entry of its own; else it is counted."""
        if monotonic - self._began >= MINUTE_SECONDS:
            self._began = monotonic
            self._alike.clear()
        alike = self._alike[cti, reason]
        if alike >= MOST_ALIKE or self._alike.total() >= MOST_IN_ALL:
            self._repeated[reason] += 1
            return False
        self._alike[cti, reason] = alike + 1
        return True

    def take_repeated(self) -> dict[DenialReason, int]:
        """What was only counted since the last time, by reason."""
        taken = dict(self._repeated)
        self._repeated.clear()
        return taken
