"""What the air is like, and when a packet arrives: a pure model of LE connection events.

LE is reliable below the host: a packet that is not acknowledged is sent again in the next
connection event, until the supervision timeout ends the link (Core 5.4, Vol 6 Part B, 4.5). So
loss shows as delay, by whole intervals, and only total loss shows as a lost link.

With an interval, a packet leaves at the first anchor after the host queued it, as real
controllers do, and takes its air time; both directions share the event. Without one
(`interval_seconds` None) packets arrive at once, for tests that do not measure.

Times are seconds on the caller's monotonic clock; randomness comes in as an argument.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

NOMINAL_INTERVAL_SECONDS = 0.015
"""What a lost packet costs where connection events are not simulated."""
DEAF_DBM = -100
"""At or below this signal strength nothing is received: below the sensitivity of any phone."""

_SECONDS_PER_BYTE = 8e-6  # LE 1M PHY
_PDU_BYTES = 251  # with data length extension
_PDU_OVERHEAD_BYTES = 14  # preamble, access address, header, MIC, CRC
_ACKNOWLEDGEMENT_BYTES = 10
_INTER_FRAME_SECONDS = 150e-6
_EVENT_GUARD_SECONDS = 500e-6
_MOST_RETRANSMISSIONS = 1_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """The air for everyone: the same for all links, but for signal strength by transmitter."""

    rssi_dbm: int = -50
    latency_seconds: float = 0.0
    loss: float = 0.0
    interval_seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no air can be."""
        if not -127 <= self.rssi_dbm <= 20:
            raise ValueError(f"expected a signal strength of -127 to 20 dBm, got {self.rssi_dbm}")
        if not 0 <= self.latency_seconds <= 60:
            raise ValueError(f"expected a latency of 0 to 60 s, got {self.latency_seconds}")
        if not 0 <= self.loss <= 1:
            raise ValueError(f"expected a loss of 0 to 1, got {self.loss}")
        if self.interval_seconds is not None and not 0.0075 <= self.interval_seconds <= 4:
            raise ValueError(f"expected an interval of 0.0075 to 4 s, got {self.interval_seconds}")


@dataclass(frozen=True, slots=True)
class ConnectionEvents:
    """The rhythm of one link: an anchor every `interval` seconds from `first_anchor` on."""

    first_anchor: float
    interval: float

    def next_anchor(self, after: float) -> float:
        """The first anchor at or after `after`."""
        passed = max(0, math.ceil((after - self.first_anchor) / self.interval - 1e-9))
        return self.first_anchor + passed * self.interval

    def end_of_event(self, at: float) -> float:
        """When the event that runs at `at` must be over."""
        passed = math.floor((at - self.first_anchor) / self.interval + 1e-9)
        return self.first_anchor + (passed + 1) * self.interval - _EVENT_GUARD_SECONDS


def air_seconds(payload_bytes: int) -> float:
    """How long a payload and its acknowledgements occupy the air."""
    packets = max(1, math.ceil(payload_bytes / _PDU_BYTES))
    overhead = (_PDU_OVERHEAD_BYTES + _ACKNOWLEDGEMENT_BYTES) * _SECONDS_PER_BYTE
    each = overhead + 2 * _INTER_FRAME_SECONDS
    return packets * each + payload_bytes * _SECONDS_PER_BYTE


def arrival(
    events: ConnectionEvents, queued_at: float, busy_until: float, payload_bytes: int
) -> float:
    """When a payload queued at `queued_at` has arrived, behind what already fills the events."""
    start = max(events.next_anchor(queued_at), busy_until)
    left = air_seconds(payload_bytes)
    while True:
        room = max(0.0, events.end_of_event(start) - start)
        if left <= room:
            return start + left
        left -= room
        start = events.next_anchor(start + room + _EVENT_GUARD_SECONDS)


def retransmissions(loss: float, random: Callable[[], float]) -> int:
    """How often a packet had to be sent again; `random` gives floats in [0, 1)."""
    again = 0
    while again < _MOST_RETRANSMISSIONS and random() < loss:
        again += 1
    return again
