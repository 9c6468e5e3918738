"""How things are measured: CPU time of this thread, medians, and alternation.

A ratio is of two medians of one run in which both sides took turns, so that a busy machine slows
both. CPU time is CLOCK_THREAD_CPUTIME_ID: waiting for the disk or the radio does not count, the
kernel's work for us does.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_bytes
from typing import TypeVar

from lockagent.protocol.credential import sign_credential
from lockagent.protocol.keys import SoftwareKey
from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import AccessPointNumber, Instant
from tests.town import CREDENTIAL_KEY, MAIN, NOW, REALM, Town, credential

_T = TypeVar("_T")

THREE_GRANTS = Grant(
    tuple(
        GrantEntry((point,), (Window(NOW, Instant(NOW + hours * 3600)),), GrantFlags.OPEN)
        for point, hours in ((AccessPointNumber(24), 1), (AccessPointNumber(255), 2), (MAIN, 3))
    )
)
"""What an ordinary phone presents; the door it stands at comes last."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table; `note` says what it is made of.

    At most `goal` is wished for; of a ratio where more is better (`at_least`), at least that.
    """

    name: str
    measured: float
    goal: float
    note: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the goal was reached."""
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal


@dataclass(slots=True)
class Samples:
    """CPU times of one thing, in nanoseconds."""

    taken: list[int] = field(default_factory=list)

    def time(self, work: Callable[[], _T]) -> _T:
        """Do `work` and keep what it cost as one sample."""
        begun = time.thread_time_ns()
        done = work()
        self.taken.append(time.thread_time_ns() - begun)
        return done

    @property
    def median_us(self) -> float:
        """The median in microseconds."""
        return statistics.median(self.taken) / 1000


def fresh(town: Town) -> Town:
    """`town` with a credential, a presentation key and an attempt that nobody has seen."""
    key = SoftwareKey.generate()
    claims = replace(
        credential(), presentation_key=key.public, cti=token_bytes(8), grant=THREE_GRANTS
    )
    received = sign_credential(claims, REALM, CREDENTIAL_KEY)
    held = replace(town.held, received=received, claims=claims, key=key)
    return replace(town, held=held, request=replace(town.request, attempt=token_bytes(8)))
