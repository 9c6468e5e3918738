"""What the door knows of the time: an interval, never a guess. SPEC.md section 7.

The true time lies in `[lo, hi]`. Rules kept here:
- only an answer to a fresh nonce of the door sets both ends, lo to `iat`, hi to `iat` and the
  seconds since the nonce was made and 2 more;
- both advance with the monotonic clock, lo slower and hi faster by the stated drift;
- a verified object issued in `(lo, hi]` raises lo; one issued after hi is refused and moves
  nothing;
- lo never falls: not by a reboot, not by an answer whose hi lies below it;
- after power loss without a trusted real-time clock hi is unbounded, and nothing opens by time.

Everyone tests the single instant hi, rounded up to a second: windows may open, and credentials
lapse, up to hi - lo early, never late. The nonces are kept here too: nine, each taken once.

Pure: monotonic seconds and random bytes come in as arguments. Writing lo down is the caller's.
"""

import math
from dataclasses import dataclass, replace

from policies.vocabulary import Instant

ANSWER_SLACK_SECONDS = 2
WIDEST_SECONDS = 600
WIDEST_SENSITIVE_SECONDS = 60
NONCE_BYTES = 16
NONCE_LIFE_SECONDS = 60
NONCES_KEPT = 9


def widest_seconds(is_sensitive: bool) -> int:
    """How wide the interval may be where an access point judges by it."""
    return WIDEST_SENSITIVE_SECONDS if is_sensitive else WIDEST_SECONDS


class ClockRefused(Exception):
    """A statement of the time that cannot be true, or that answers no nonce of this door."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The interval at one moment, in whole seconds outwards; `hi` None is unbounded."""

    lo: Instant
    hi: Instant | None

    def is_narrow(self, most_seconds: int) -> bool:
        """Whether the interval is known and at most `most_seconds` wide."""
        return self.hi is not None and self.hi - self.lo <= most_seconds


@dataclass(frozen=True, slots=True)
class ClockInterval:
    """The interval as it was at `monotonic` seconds of this boot."""

    lo: float
    hi: float | None
    monotonic: float
    drift_ppm: int

    @classmethod
    def from_floor(cls, lo: float, monotonic: float, drift_ppm: int) -> "ClockInterval":
        """After power loss: not before `lo`, and no end."""
        return cls(lo, None, monotonic, drift_ppm)

    @classmethod
    def carried_over(
        cls, lo: float, hi: float | None, rtc_elapsed: float, monotonic: float, drift_ppm: int
    ) -> "ClockInterval":
        """After power loss with a trusted clock that counted `rtc_elapsed` seconds meanwhile.

        A count that runs backwards is no count: hi is then unbounded.
        """
        if rtc_elapsed < 0:
            return cls.from_floor(lo, monotonic, drift_ppm)
        return cls(lo, hi, monotonic - rtc_elapsed, drift_ppm).advanced(monotonic)

    def advanced(self, monotonic: float) -> "ClockInterval":
        """The interval at a later `monotonic`; the same one at an earlier, which no clock shows."""
        elapsed = max(0.0, monotonic - self.monotonic)
        drift = self.drift_ppm / 1e6
        hi = None if self.hi is None else self.hi + elapsed * (1 + drift)
        return replace(
            self, lo=self.lo + elapsed * (1 - drift), hi=hi, monotonic=self.monotonic + elapsed
        )

    def reading(self, monotonic: float) -> Reading:
        """What is known at `monotonic`: lo rounded down, hi up."""
        now = self.advanced(monotonic)
        return Reading(
            Instant(math.floor(now.lo)), None if now.hi is None else Instant(math.ceil(now.hi))
        )

    def answered(self, iat: Instant, asked: float, monotonic: float) -> "ClockInterval":
        """The interval after a time token of `iat` for a nonce that was made at `asked`.

        ClockRefused where its hi lies below what is known already. lo stays where it is higher.
        """
        now = self.advanced(monotonic)
        hi = iat + max(0.0, monotonic - asked) + ANSWER_SLACK_SECONDS
        if hi < now.lo:
            raise ClockRefused(f"expected a time of {math.floor(now.lo)} or later, got {iat}")
        return replace(now, lo=max(now.lo, float(iat)), hi=hi)

    def raised(self, iat: Instant, monotonic: float) -> "ClockInterval":
        """The interval after a verified object issued at `iat`: it cannot be earlier than that."""
        now = self.advanced(monotonic)
        if now.hi is not None and iat > math.ceil(now.hi):
            raise ClockRefused(f"expected an object issued by {math.ceil(now.hi)}, got {iat}")
        return now if iat <= now.lo else replace(now, lo=float(iat))


@dataclass(frozen=True, slots=True)
class NonceWindow:
    """The door's last nonces, newest last, each with the monotonic second of its making."""

    nonces: tuple[tuple[bytes, float], ...] = ()

    def needs_new(self, monotonic: float) -> bool:
        """Whether the newest is missing, taken or a minute old."""
        return not self.nonces or monotonic - self.nonces[-1][1] >= NONCE_LIFE_SECONDS

    def with_new(self, nonce: bytes, monotonic: float) -> "NonceWindow":
        """The window with a fresh nonce; the oldest gives way."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"expected a nonce of {NONCE_BYTES} bytes, got {len(nonce)}")
        return NonceWindow((*self.nonces, (nonce, monotonic))[-NONCES_KEPT:])

    @property
    def newest(self) -> bytes:
        """The nonce to ask with; IndexError where none was made."""
        return self.nonces[-1][0]

    def taken(self, nonce: bytes) -> tuple["NonceWindow", float]:
        """The window without `nonce`, and when that was made; ClockRefused where it is not ours."""
        for kept, made in self.nonces:
            if kept == nonce:
                return NonceWindow(tuple(pair for pair in self.nonces if pair[0] != nonce)), made
        raise ClockRefused("expected an answer to one of the last nine nonces, got another")
