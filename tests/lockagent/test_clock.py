"""The interval of time: SPEC.md section 7, at both edges by one second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.clock import (
    NONCES_KEPT,
    WIDEST_SECONDS,
    WIDEST_SENSITIVE_SECONDS,
    ClockInterval,
    ClockRefused,
    NonceWindow,
    Reading,
)
from policies.vocabulary import Instant

IAT = Instant(1_790_000_000)
DAY = 86_400
PPM = 20


def answered(asked: float = 100.0, at: float = 101.0) -> ClockInterval:
    return ClockInterval.from_floor(0, 100.0, PPM).answered(IAT, asked, at)


def test_without_an_answer_hi_is_unbounded() -> None:
    reading = ClockInterval.from_floor(IAT, 0.0, PPM).reading(3600.0)
    assert reading.hi is None
    assert not reading.is_narrow(WIDEST_SECONDS)


def test_an_answer_sets_both_ends() -> None:
    assert answered(asked=100.0, at=105.0).reading(105.0) == Reading(IAT, Instant(IAT + 7))


def test_the_interval_widens_by_the_drift() -> None:
    reading = answered().reading(101.0 + 30 * DAY)
    assert reading.hi is not None
    width = reading.hi - reading.lo
    assert 30 * DAY * 2 * PPM / 1e6 <= width - 3 <= 30 * DAY * 2 * PPM / 1e6 + 2


def test_hi_is_rounded_up_and_lo_down() -> None:
    interval = ClockInterval(10.9, 20.1, 0.0, 0)
    assert interval.reading(0.0) == Reading(Instant(10), Instant(21))


@pytest.mark.parametrize("most", [WIDEST_SECONDS, WIDEST_SENSITIVE_SECONDS])
def test_an_interval_is_narrow_up_to_the_second(most: int) -> None:
    assert Reading(IAT, Instant(IAT + most)).is_narrow(most)
    assert not Reading(IAT, Instant(IAT + most + 1)).is_narrow(most)


def test_at_20_ppm_a_sensitive_door_asks_for_time_after_16_days() -> None:
    assert answered().reading(101.0 + 16 * DAY).is_narrow(WIDEST_SENSITIVE_SECONDS)
    assert not answered().reading(101.0 + 17 * DAY).is_narrow(WIDEST_SENSITIVE_SECONDS)


def test_an_object_issued_within_the_interval_raises_lo() -> None:
    interval = ClockInterval(IAT, IAT + 500.0, 0.0, PPM)
    assert interval.raised(Instant(IAT + 300), 0.0).reading(0.0).lo == IAT + 300


def test_an_object_issued_at_hi_is_taken_and_a_second_later_is_refused() -> None:
    interval = ClockInterval(IAT, IAT + 500.0, 0.0, PPM)
    assert interval.raised(Instant(IAT + 500), 0.0).lo == IAT + 500
    with pytest.raises(ClockRefused):
        interval.raised(Instant(IAT + 501), 0.0)


def test_an_older_object_moves_nothing() -> None:
    interval = ClockInterval(IAT, IAT + 500.0, 0.0, PPM)
    assert interval.raised(Instant(IAT - 1), 0.0) == interval


def test_an_unbounded_clock_takes_its_floor_from_any_verified_object() -> None:
    interval = ClockInterval.from_floor(0, 0.0, PPM).raised(IAT, 0.0)
    assert interval.reading(0.0) == Reading(IAT, None)


def test_a_token_whose_hi_lies_below_lo_is_refused() -> None:
    interval = ClockInterval.from_floor(IAT + 4, 100.0, PPM)
    with pytest.raises(ClockRefused):
        interval.answered(IAT, 100.0, 101.0)
    assert interval.answered(IAT, 98.0, 101.0).reading(101.0).lo == IAT + 4


def test_a_slow_answer_makes_a_wide_interval() -> None:
    reading = answered(asked=100.0, at=160.0).reading(160.0)
    assert reading == Reading(IAT, Instant(IAT + 62))


def test_power_loss_with_a_trusted_clock_counts_the_time_between() -> None:
    interval = ClockInterval.carried_over(IAT, IAT + 2.0, DAY, 7.0, PPM)
    reading = interval.reading(7.0)
    assert reading.hi is not None
    assert reading.lo <= IAT + DAY <= reading.hi
    assert reading.is_narrow(10)


def test_a_trusted_clock_that_ran_backwards_is_not_believed() -> None:
    interval = ClockInterval.carried_over(IAT, IAT + 2.0, -1.0, 7.0, PPM)
    assert interval.reading(7.0) == Reading(IAT, None)


@given(st.lists(st.tuples(st.floats(0, DAY), st.booleans(), st.integers(-DAY, DAY)), max_size=20))
def test_lo_never_falls_and_the_truth_stays_inside(
    moves: list[tuple[float, bool, int]],
) -> None:
    now, interval = 0.0, ClockInterval.from_floor(IAT, 0.0, PPM)
    floor = interval.reading(0.0).lo
    for gap, is_answer, offset in moves:
        now += gap
        truth = IAT + now
        if is_answer:
            # The server's answer is true: made between the question and now.
            interval = interval.answered(Instant(int(truth)), now, now)
        else:
            try:
                interval = interval.raised(Instant(int(truth - abs(offset))), now)
            except ClockRefused:
                pytest.fail("an object from the past was refused")
        reading = interval.reading(now)
        assert reading.lo >= floor
        assert reading.lo <= truth
        assert reading.hi is None or truth <= reading.hi
        floor = reading.lo


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_a_nonce_is_renewed_after_a_minute() -> None:
    window = NonceWindow()
    assert window.needs_new(0.0)
    window = window.with_new(nonce(1), 0.0)
    assert not window.needs_new(59.9)
    assert window.needs_new(60.0)


def test_a_nonce_is_taken_once() -> None:
    window = NonceWindow().with_new(nonce(1), 5.0)
    window, asked = window.taken(nonce(1))
    assert asked == 5.0
    with pytest.raises(ClockRefused):
        window.taken(nonce(1))


def test_the_last_nine_nonces_count_and_the_tenth_does_not() -> None:
    window = NonceWindow()
    for number in range(NONCES_KEPT + 1):
        window = window.with_new(nonce(number), float(number))
    with pytest.raises(ClockRefused):
        window.taken(nonce(0))
    for number in range(1, NONCES_KEPT + 1):
        assert window.taken(nonce(number))[1] == float(number)
