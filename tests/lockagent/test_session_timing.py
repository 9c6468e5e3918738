"""How long a phone may take at each step, and when a denial leaves (SPEC.md 4.6, 6).

Each limit is tried one millisecond early and one late, on a clock that the tests step.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lockagent.protocol.access_event import EventKind
from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.framing import Channel, Message
from lockagent.session import SPEC_TIMING, SessionTiming
from policies.vocabulary import Action
from tests.lockagent.door_rig import DoorRig
from tests.lockagent.simulated_link import SimulatedPhone
from tests.lockagent.stepped_loop import stepped
from tests.town import Town, fixed_key

MILLISECOND = 0.001
PATIENT = replace(SPEC_TIMING, first_message_seconds=60.0, third_message_seconds=60.0)


@contextmanager
def door(folder: Path) -> Iterator[DoorRig]:
    """A whole door, for as long as the scenario lasts."""
    rig = DoorRig(folder)
    try:
        yield rig
    finally:
        rig.stop()


def refused(town: Town) -> Town:
    """A phone that asks for what its grant does not hold."""
    return replace(town, request=replace(town.request, action=Action.LOCK))


async def sent_message_3(phone: SimulatedPhone) -> float:
    """Speak until message_3 is with the door, and say when that was."""
    phone.subscribe()
    phone.send(Message(Channel.EDHOC, await phone.message_3()))
    return asyncio.get_running_loop().time()


def test_the_timing_is_what_the_specification_says() -> None:
    assert SessionTiming() == SessionTiming(
        first_message_seconds=5,
        third_message_seconds=5,
        whole_seconds=10,
        linger_seconds=5,
        denial_seconds=0.150,
    )


@pytest.mark.parametrize("late", [-MILLISECOND, MILLISECOND], ids=["in time", "late"])
@stepped
async def test_message_1_is_awaited_for_five_seconds(tmp_path: Path, late: float) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect()
        phone.subscribe()
        await asyncio.sleep(5 + late)
        assert phone.link.gone.is_set() == (late > 0)
        phone.send(Message(Channel.EDHOC, phone.message_1))
        await asyncio.sleep(MILLISECOND)
        assert phone.link.sent.empty() == (late > 0)


@pytest.mark.parametrize("late", [-MILLISECOND, MILLISECOND], ids=["in time", "late"])
@stepped
async def test_a_held_message_1_waits_no_longer_for_the_subscription(
    tmp_path: Path, late: float
) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect()
        phone.send(Message(Channel.EDHOC, phone.message_1))
        await asyncio.sleep(5 + late)
        phone.subscribe()
        await asyncio.sleep(MILLISECOND)
        assert phone.link.sent.empty() == (late > 0)


@pytest.mark.parametrize("late", [-MILLISECOND, MILLISECOND], ids=["in time", "late"])
@stepped
async def test_message_3_is_awaited_for_five_seconds_from_message_2(
    tmp_path: Path, late: float
) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect()
        await asyncio.sleep(3)
        phone.subscribe()
        message_3 = await phone.message_3()
        await asyncio.sleep(5 + late)
        assert phone.link.gone.is_set() == (late > 0)
        phone.send(Message(Channel.EDHOC, message_3))
        await asyncio.sleep(MILLISECOND)
        assert len(rig.entries(EventKind.ACCESS_GRANTED)) == (late < 0)


@pytest.mark.parametrize("late", [-MILLISECOND, MILLISECOND], ids=["in time", "late"])
@stepped
async def test_a_session_has_ten_seconds_from_connect_to_result(
    tmp_path: Path, late: float
) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect(timing=PATIENT)
        phone.subscribe()
        message_3 = await phone.message_3()
        await asyncio.sleep(10 + late)
        assert phone.link.gone.is_set() == (late > 0)
        phone.send(Message(Channel.EDHOC, message_3))
        await asyncio.sleep(MILLISECOND)
        assert len(rig.entries(EventKind.ACCESS_GRANTED)) == (late < 0)


@pytest.mark.parametrize("late", [-MILLISECOND, MILLISECOND], ids=["in time", "late"])
@stepped
async def test_a_denial_that_would_leave_after_ten_seconds_is_not_said(
    tmp_path: Path, late: float
) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect(refused(rig.town), timing=PATIENT)
        phone.subscribe()
        message_3 = await phone.message_3()
        await asyncio.sleep(10 - 0.150 + late)
        phone.send(Message(Channel.EDHOC, message_3))
        await asyncio.sleep(0.150 + MILLISECOND)
        assert phone.link.sent.empty() == (late > 0)


@stepped
async def test_a_phone_that_lingers_after_the_result_is_let_go_after_five_seconds(
    tmp_path: Path,
) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect()
        assert (await phone.open()).granted
        await asyncio.sleep(5 - MILLISECOND)
        assert not phone.link.gone.is_set()
        await asyncio.sleep(2 * MILLISECOND)
        assert phone.link.gone.is_set()


@stepped
async def test_a_grant_leaves_at_once(tmp_path: Path) -> None:
    with door(tmp_path) as rig:
        loop = asyncio.get_running_loop()
        connected = loop.time()
        assert (await rig.connect().open()).granted
        assert loop.time() == connected


@stepped
async def test_a_denial_leaves_after_150_milliseconds_and_no_sooner(tmp_path: Path) -> None:
    with door(tmp_path) as rig:
        phone = rig.connect(refused(rig.town))
        arrived = await sent_message_3(phone)
        await asyncio.sleep(0.150 - MILLISECOND)
        assert phone.link.sent.empty()
        result = await phone.result()
        assert result.reason is CoarseReason.NOT_HERE
        assert asyncio.get_running_loop().time() == pytest.approx(arrived + 0.150)


@stepped
async def test_a_proof_that_does_not_hold_is_told_as_late_as_a_denial(tmp_path: Path) -> None:
    with door(tmp_path) as rig:
        thief = replace(rig.town, held=replace(rig.town.held, key=fixed_key(666)))
        phone = rig.connect(thief)
        arrived = await sent_message_3(phone)
        assert (await phone.receive()).channel is Channel.EDHOC_ERROR
        assert asyncio.get_running_loop().time() == pytest.approx(arrived + 0.150)
