"""How many may wait, and who gives way."""

import asyncio

import pytest

from keyserver.http.problems import Problem
from keyserver.http.waiting import WaitingRoom


async def wait(room: WaitingRoom, caller: str, until: asyncio.Event) -> str:
    """How a call ended: by the event, or by the name of a problem."""
    try:
        async with room.place(caller):
            await until.wait()
    except Problem as problem:
        return problem.name
    return "news"


async def outcomes(room: WaitingRoom, callers: list[str]) -> list[str]:
    """How calls end that begin in this order, with news once all have begun."""
    news = asyncio.Event()
    calls = []
    for caller in callers:
        calls.append(asyncio.create_task(wait(room, caller, news)))
        await asyncio.sleep(0)
    news.set()
    return await asyncio.gather(*calls)


async def test_the_call_that_has_waited_longest_gives_way_to_a_newer_of_its_controller() -> None:
    room = WaitingRoom(most=9, most_of_one=2)
    ended = await outcomes(room, ["one", "other", "one", "one"])
    assert ended == ["too-many-requests", "news", "news", "news"]


async def test_where_as_many_wait_as_may_the_next_is_told_when_to_come_back() -> None:
    room = WaitingRoom(most=2, most_of_one=2)
    assert await outcomes(room, ["a", "b", "c"]) == ["news", "news", "not-available"]
    with pytest.raises(Problem) as refused:
        async with WaitingRoom(most=0).place("a"):
            pass
    assert refused.value.retry_after_seconds


async def test_a_full_room_lets_a_controller_take_the_place_of_its_own_call() -> None:
    room = WaitingRoom(most=2, most_of_one=1)
    assert await outcomes(room, ["a", "b", "a"]) == ["too-many-requests", "news", "news"]


async def test_places_are_given_back_however_a_call_ends() -> None:
    room = WaitingRoom(most=1, most_of_one=1)
    for _ in range(3):
        given_up = asyncio.create_task(wait(room, "a", asyncio.Event()))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await outcomes(room, ["b", "b"]) == ["too-many-requests", "news"]
