"""The timing model, by its properties; and the air's control lines."""

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.simulated_radio import Air, Conditions
from firmware_stubs.simulated_radio.conditions import (
    ConnectionEvents,
    air_seconds,
    arrival,
    retransmissions,
)
from firmware_stubs.simulated_radio.control import answer

INTERVALS = st.sampled_from([0.0075, 0.015, 0.03, 0.045])
MOMENTS = st.floats(0, 1_000, allow_nan=False)


@given(INTERVALS, MOMENTS, MOMENTS, st.integers(0, 517))
def test_a_packet_arrives_after_an_anchor_and_its_air_time(
    interval: float, first_anchor: float, after: float, size: int
) -> None:
    events = ConnectionEvents(first_anchor, interval)
    queued_at = first_anchor + after
    when = arrival(events, queued_at, 0.0, size)
    assert when >= queued_at + air_seconds(size) - 1e-6
    assert when <= queued_at + 2 * interval + air_seconds(size)


@given(INTERVALS, st.lists(st.integers(0, 517), min_size=2, max_size=20))
def test_packets_do_not_overtake_each_other_or_overfill_an_event(
    interval: float, sizes: list[int]
) -> None:
    events = ConnectionEvents(0.0, interval)
    arrivals = list(
        itertools.accumulate(
            sizes, lambda busy, size: arrival(events, 0.001, busy, size), initial=0.0
        )
    )
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] >= sum(air_seconds(size) for size in sizes)


def test_retransmissions_follow_the_dice_and_end() -> None:
    dice = random.Random(3)
    counts = [retransmissions(0.5, dice.random) for _ in range(2_000)]
    assert 0.9 < sum(counts) / len(counts) < 1.1
    assert retransmissions(0.0, dice.random) == 0
    assert retransmissions(1.0, dice.random) == 1_000


@pytest.mark.parametrize(
    "values",
    [
        {"rssi_dbm": 21},
        {"rssi_dbm": -128},
        {"latency_seconds": -0.001},
        {"loss": 1.1},
        {"loss": float("nan")},
        {"interval_seconds": 0.001},
    ],
)
def test_an_air_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Conditions(**values)  # type: ignore[arg-type] # why: bad on purpose


async def test_control_lines_change_the_air() -> None:
    air = Air()
    for line in (
        {"set": "rssi_dbm", "value": -70},
        {"set": "rssi_dbm", "value": -90, "address": "C0:00:00:00:00:01"},
        {"set": "latency_ms", "value": 8},
        {"set": "loss", "value": 0.25},
        {"set": "interval_ms", "value": 30},
    ):
        assert answer(air, json.dumps(line).encode()) == {"ok": True}
    assert air.conditions == Conditions(-70, 0.008, 0.25, 0.03)
    assert answer(air, b'{"show": "links"}') == {"ok": True, "links": []}
    assert answer(air, b'{"break": "C0:00:00:00:00:01"}') == {"ok": True, "broken": 0}


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b'{"set": "loss", "value": 2}', b'{"set": "loss"}', b'{"break": 1}']
)
async def test_a_control_line_not_understood_is_answered_and_changes_nothing(line: bytes) -> None:
    air = Air()
    assert answer(air, line)["ok"] is False
    assert air.conditions == Conditions()
