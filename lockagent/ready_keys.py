"""Ephemeral keys made while the door is idle, so that a phone does not wait for one.

Each key is handed out once and lives in memory only (RFC 9528, 9.1). Making one costs about 16 µs,
so a few are enough; when none is ready one is made on the spot.
"""

from collections import deque
from collections.abc import Callable

from lockagent.protocol.keys import AgreementKey, SoftwareKey

READY = 2


class ReadyKeys:
    """A few fresh keys, for one session each."""

    def __init__(self, make: Callable[[], AgreementKey] = SoftwareKey.generate) -> None:
        """Make the first keys with `make`."""
        self._make = make
        self._ready: deque[AgreementKey] = deque()
        self.refill()

    def take(self) -> AgreementKey:
        """A key that no session has had."""
        return self._ready.popleft() if self._ready else self._make()

    def refill(self) -> None:
        """Make what is missing; called when there is time."""
        while len(self._ready) < READY:
            self._ready.append(self._make())
