"""How often one caller may ask: a bucket of tokens for each, refilled with monotonic time.

Pure: time comes in as an argument, in seconds. The table is bounded: the caller unheard for
longest gives way, which can only forgive, never refuse. One process's memory is enough here, since
what must hold across processes (tries of a code, identifiers used once) is in the database.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` calls at once, and `a_minute` calls a minute in the long run."""

    burst: int
    a_minute: int


class Limiter:
    """The buckets of one kind of caller."""

    __slots__ = ("_buckets", "_rate")

    def __init__(self, rate: Rate) -> None:
        """Start with every bucket full."""
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def give_back(self, caller: str) -> None:
        """Undo a call taken, where it turned out to be one that is counted elsewhere."""
        held = self._buckets.get(caller)
        if held is not None:
            self._buckets[caller] = (min(self._rate.burst, held[0] + 1), held[1])

    def take(self, caller: str, now: float) -> int | None:
        """Take one call: None where it is allowed, else the whole seconds to wait."""
        level, since = self._buckets.pop(caller, (float(self._rate.burst), now))
        a_second = self._rate.a_minute / 60
        level = min(self._rate.burst, level + (now - since) * a_second)
        wait = None if level >= 1 else math.ceil((1 - level) / a_second)
        self._buckets[caller] = (level if wait else level - 1, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return wait
