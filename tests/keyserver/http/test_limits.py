"""How often one caller may ask."""

from keyserver.http.limits import MOST_CALLERS, Limiter, Rate


def test_a_burst_is_allowed_and_then_the_wait_is_named() -> None:
    limiter = Limiter(Rate(burst=3, a_minute=30))
    assert [limiter.take("one", 100.0) for _ in range(4)] == [None, None, None, 2]


def test_one_caller_does_not_use_up_another_s_calls() -> None:
    limiter = Limiter(Rate(burst=1, a_minute=1))
    assert limiter.take("one", 0.0) is None
    assert limiter.take("two", 0.0) is None


def test_a_caller_who_waits_as_told_is_allowed() -> None:
    limiter = Limiter(Rate(burst=1, a_minute=7))
    limiter.take("one", 0.0)
    wait = limiter.take("one", 0.0)
    assert wait is not None
    assert limiter.take("one", float(wait)) is None


def test_a_call_given_back_may_be_taken_again_and_no_more_than_the_burst_is_held() -> None:
    limiter = Limiter(Rate(burst=1, a_minute=1))
    limiter.give_back("unheard")
    limiter.take("one", 0.0)
    for _ in range(3):
        limiter.give_back("one")
    assert [limiter.take("one", 0.0) is None for _ in range(2)] == [True, False]


def test_the_table_is_bounded_and_forgets_who_was_unheard_for_longest() -> None:
    limiter = Limiter(Rate(burst=1, a_minute=1))
    for caller in range(MOST_CALLERS + 1):
        limiter.take(str(caller), 0.0)
    assert limiter.take("0", 0.0) is None
    assert limiter.take(str(MOST_CALLERS), 0.0) is not None
