"""The algebra of windows against sets of whole numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from policies.grant import Window
from policies.vocabulary import Instant
from policies.windows import (
    ALWAYS,
    HOLDS_ALWAYS,
    HOLDS_NEVER,
    NEVER,
    UNKNOWN,
    Telling,
    Windows,
    canonical,
    clip,
    contains,
    difference,
    intersection,
    known,
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


def test_a_clip_keeps_the_windows_that_lie_inside_it() -> None:
    windows = tuple(Window(Instant(at), Instant(at + 5)) for at in (0, 10, 20, 30))
    assert clip(windows, Window(Instant(0), Instant(35))) is windows
    cut = clip(windows, Window(Instant(4), Instant(31)))
    assert cut == (Window(Instant(4), Instant(5)), *windows[1:3], Window(Instant(30), Instant(31)))
    assert cut[1] is windows[1]
    assert clip(windows, Window(Instant(5), Instant(10))) == NEVER
    for nowhere in (9, 12):
        assert clip(windows, Window(Instant(nowhere), Instant(nowhere))) == NEVER
    assert clip(windows, Window(Instant(10), Instant(33)))[0] is windows[1]
    assert clip(windows, Window(Instant(2), Instant(25)))[-1] is windows[2]


def test_windows_that_are_long_past_take_nothing() -> None:
    past = tuple(Window(Instant(at), Instant(at + 1)) for at in (0, 2, 4))
    first = (Window(Instant(20), Instant(30)),)
    assert difference(first, (*past, Window(Instant(25), Instant(26)))) == (
        Window(Instant(20), Instant(25)),
        Window(Instant(26), Instant(30)),
    )


def test_what_always_and_never_do_not_change_stays_the_same_value() -> None:
    windows = (Window(Instant(1), Instant(2)),)
    for same in (
        intersection(ALWAYS, windows),
        intersection(windows, ALWAYS),
        difference(windows, NEVER),
        union(windows, NEVER),
    ):
        assert same is windows
    told = Telling(NEVER, windows)
    for unchanged in (
        told.and_(HOLDS_ALWAYS),
        HOLDS_ALWAYS.and_(told),
        told.or_(HOLDS_NEVER),
        HOLDS_NEVER.or_(told),
        told.but_not(HOLDS_NEVER),
    ):
        assert unchanged is told
    for never in (told.and_(HOLDS_NEVER), HOLDS_NEVER.and_(told), HOLDS_NEVER.but_not(told)):
        assert never is HOLDS_NEVER
    for always in (told.or_(HOLDS_ALWAYS), HOLDS_ALWAYS.or_(told)):
        assert always is HOLDS_ALWAYS
    assert known(NEVER) is HOLDS_NEVER


tellings = st.one_of(
    st.sampled_from([HOLDS_ALWAYS, HOLDS_NEVER, UNKNOWN]),
    sets.map(known),
    st.builds(lambda a, b: Telling(a, union(a, b)), sets, sets),
)


@given(tellings, tellings)
def test_tellings_combine_by_what_is_sure_and_what_is_possible(
    first: Telling, second: Telling
) -> None:
    small_span = Window(Instant(0), Instant(13))

    def inside(windows: Windows) -> set[int]:
        return instants(clip(windows, small_span))

    surely, possibly = inside(first.surely), inside(first.possibly)
    others_surely, others_possibly = inside(second.surely), inside(second.possibly)
    for told, expected in (
        (first.and_(second), (surely & others_surely, possibly & others_possibly)),
        (first.or_(second), (surely | others_surely, possibly | others_possibly)),
        (first.but_not(second), (surely - others_possibly, possibly - others_surely)),
    ):
        assert (inside(told.surely), inside(told.possibly)) == expected
        assert not difference(told.surely, told.possibly)


@given(sets.map(known), sets.map(known))
def test_what_is_known_of_both_is_known_of_them_together(first: Telling, second: Telling) -> None:
    for told in (first.and_(second), first.or_(second), first.but_not(second)):
        assert told.is_known()
