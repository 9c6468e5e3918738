"""The algebra of windows against sets of whole numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from policies.grant import Window
from policies.vocabulary import Instant
from policies.windows import (
    ALWAYS,
    NEVER,
    Telling,
    Windows,
    canonical,
    clip,
    contains,
    difference,
    intersection,
    union,
    window,
)

small = st.integers(0, 12).map(Instant)
any_windows = st.lists(st.builds(Window, small, small), max_size=6)
sets = any_windows.map(canonical)


def instants(windows: Windows) -> set[int]:
    return {at for start, end in windows for at in range(start, end)}


def assert_canonical(windows: Windows) -> None:
    assert all(start < end for start, end in windows)
    assert all(a.end < b.start for a, b in pairwise(windows))


@given(any_windows)
def test_any_windows_become_canonical_and_keep_their_instants(windows: list[Window]) -> None:
    assert_canonical(canonical(windows))
    assert instants(canonical(windows)) == instants(tuple(windows))


@given(sets, sets)
def test_the_operations_are_those_of_sets(first: Windows, second: Windows) -> None:
    for result, expected in (
        (union(first, second), instants(first) | instants(second)),
        (intersection(first, second), instants(first) & instants(second)),
        (difference(first, second), instants(first) - instants(second)),
    ):
        assert_canonical(result)
        assert instants(result) == expected


@given(sets, small)
def test_a_window_holds_its_start_and_not_its_end(windows: Windows, at: Instant) -> None:
    assert contains(windows, at) == (at in instants(windows))


@given(sets, small, small, small)
def test_clips_that_meet_are_the_clip_of_both(windows: Windows, a: int, b: int, c: int) -> None:
    low, middle, high = (Instant(at) for at in sorted((a, b, c)))
    halves = union(clip(windows, Window(low, middle)), clip(windows, Window(middle, high)))
    assert halves == clip(windows, Window(low, high))


def test_windows_that_touch_are_one_window() -> None:
    first, second = Window(Instant(1), Instant(5)), Window(Instant(5), Instant(9))
    assert union((first,), (second,)) == (Window(Instant(1), Instant(9)),)


def test_a_bound_not_given_is_no_bound() -> None:
    assert window(None, None) == ALWAYS
    assert window(Instant(3), Instant(3)) == NEVER
    assert contains(window(Instant(3), None), Instant(2**40))


@given(sets, sets, sets, sets)
def test_doubt_survives_every_combination(a: Windows, b: Windows, c: Windows, d: Windows) -> None:
    first, second = Telling(a, union(a, b)), Telling(c, union(c, d))
    for told in (first.and_(second), first.or_(second), first.but_not(second)):
        assert not difference(told.surely, told.possibly)
