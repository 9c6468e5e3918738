"""B03, B04, B15, B16: torn frames, odd MTUs, two phones at once, and a lost answer."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.access_event import EventKind
from lockagent.protocol.errors import DenialReason, MalformedMessage
from lockagent.protocol.framing import MAX_MESSAGE_BYTES, Channel, Message, Reassembly, split
from policies.grant import Window
from policies.vocabulary import Instant
from tests.lockagent.door_rig import DoorRig
from tests.lockagent.simulated_link import SimulatedPhone
from tests.town import ATTEMPT, NOW, credential, grant_of

CHANNELS = tuple(Channel)


def mutated(fragments: list[bytes], draw: st.DataObject) -> list[bytes]:
    """The fragments reordered, doubled, dropped, cut or relabelled, once to three times."""
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(fragments) - 1))
        match draw.draw(st.sampled_from(["swap", "double", "drop", "cut", "header", "empty"])):
            case "swap":
                to = draw.draw(st.integers(0, len(fragments) - 1))
                fragments[at], fragments[to] = fragments[to], fragments[at]
            case "double":
                fragments.insert(at, fragments[at])
            case "drop" if len(fragments) > 1:
                del fragments[at]
            case "cut":
                fragments[at] = fragments[at][: draw.draw(st.integers(0, len(fragments[at])))]
            case "header" if fragments[at]:
                head = draw.draw(st.integers(0, 255))
                fragments[at] = bytes((head,)) + fragments[at][1:]
            case _:
                fragments[at] = b""
    return fragments


@given(
    content=st.binary(min_size=1, max_size=MAX_MESSAGE_BYTES),
    room=st.integers(2, 512),
    draw=st.data(),
)
def test_B03_torn_fragments_give_a_whole_message_or_free_everything(
    content: bytes, room: int, draw: st.DataObject
) -> None:
    reassembly = Reassembly()
    for fragment in mutated(split(Message(Channel.EDHOC, content), room), draw):
        try:
            message = reassembly.take(fragment, CHANNELS)
        except MalformedMessage:
            assert reassembly.held_bytes == 0
            break
        assert reassembly.held_bytes <= MAX_MESSAGE_BYTES
        if message is not None:
            assert len(message.content) <= MAX_MESSAGE_BYTES


@given(fragments=st.lists(st.binary(max_size=512), max_size=40))
def test_B03_no_flood_of_fragments_holds_more_than_one_message(fragments: list[bytes]) -> None:
    reassembly = Reassembly()
    for fragment in fragments:
        try:
            reassembly.take(fragment, CHANNELS)
        except MalformedMessage:
            assert reassembly.held_bytes == 0
        assert reassembly.held_bytes <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    "fragments",
    [
        [b""],
        [b"\x80"],
        [b"\x40x"],
        [b"\x80x", b"\x80x"],
        [b"\x80x", b"\x02x"],
        [b"\x80x", b"\x51x"],
        [b"\xb0x"],
        [b"\xe0x"],
        [b"\x80" + b"x" * 511, b"\x01" + b"x" * 511, b"\x02" + b"x" * 3],
    ],
    ids=[
        "empty",
        "header alone",
        "no FIRST",
        "FIRST twice",
        "a gap",
        "another channel",
        "channel 3",
        "an unexpected channel",
        "over 1,024 bytes",
    ],
)
async def test_B03_a_broken_frame_ends_the_link_and_nothing_is_sent(
    rig: DoorRig, fragments: list[bytes]
) -> None:
    phone = rig.connect()
    phone.subscribe()
    for fragment in fragments:
        phone.session.written(fragment)
    await asyncio.wait_for(phone.link.gone.wait(), 5)
    assert phone.link.sent.empty()
    assert not rig.door.is_released


@pytest.mark.parametrize("att_mtu", [23, 24, 185, 247, 517])
async def test_B04_the_verdict_is_the_same_at_any_mtu(rig: DoorRig, att_mtu: int) -> None:
    result = await rig.connect(att_mtu=att_mtu).open()
    assert result.granted


async def test_B04_an_mtu_that_changes_within_a_message_changes_nothing(rig: DoorRig) -> None:
    phone = rig.connect(att_mtu=23)
    phone.subscribe()
    message_3 = await phone.message_3()
    phone.link.att_mtu = 185
    fragments = split(Message(Channel.EDHOC, message_3), 20)
    for fragment in fragments:
        phone.session.written(fragment)
    assert len((await phone.receive()).content) == 58
    assert rig.door.is_released


async def step_by_step(phone: SimulatedPhone, turns: "asyncio.Queue[int]") -> bool:
    """One phone's unlock, which waits for its turn before each write."""
    phone.subscribe()
    message_3 = await phone.message_3()
    for fragment in split(Message(Channel.EDHOC, message_3), 60):
        await turns.get()
        phone.session.written(fragment)
    message = await phone.receive()
    return message.channel is Channel.RECORD


@pytest.mark.parametrize("seed", range(8))
async def test_B15_two_phones_at_once_are_answered_each_for_itself(rig: DoorRig, seed: int) -> None:
    later = Window(Instant(NOW + 3600), Instant(NOW + 7200))
    closed = replace(credential(), cti=b"cti-0002", grant=grant_of(windows=(later,)))
    phones = [rig.connect(), rig.connect(rig.town.with_credential(closed))]
    turns: list[asyncio.Queue[int]] = [asyncio.Queue(), asyncio.Queue()]
    unlocks = [
        asyncio.create_task(step_by_step(phone, turn))
        for phone, turn in zip(phones, turns, strict=True)
    ]
    for n in range(16):
        turns[(seed >> n % 3 ^ n) & 1].put_nowait(n)
        await asyncio.sleep(0)
    for turn in turns:
        for n in range(16):
            turn.put_nowait(n)
    assert await asyncio.gather(*unlocks) == [True, True]
    [granted] = rig.entries(EventKind.ACCESS_GRANTED)
    [denied] = rig.entries(EventKind.ACCESS_DENIED)
    assert (granted.cti, denied.cti) == (b"cti-0001", b"cti-0002")
    assert denied.reason is DenialReason.OUT_OF_TIME_RANGE


async def test_B15_one_phones_message_3_is_nothing_in_the_others_session(rig: DoorRig) -> None:
    first, second = rig.connect(), rig.connect()
    for phone in (first, second):
        phone.subscribe()
    message_3 = await first.message_3()
    await second.message_3()
    second.send(Message(Channel.EDHOC, message_3))
    assert (await second.receive()).channel is Channel.EDHOC_ERROR
    assert not rig.door.is_released


async def test_B16_a_phone_that_lost_the_answer_retries_and_the_strike_pulses_once(
    rig: DoorRig,
) -> None:
    lost = rig.connect()
    lost.subscribe()
    message_3 = await lost.message_3()
    lost.link.fails = True
    lost.send(Message(Channel.EDHOC, message_3))
    lost.session.ended()
    again = rig.connect()
    result = await again.open()
    assert (result.granted, result.strike_seconds) == (True, 5)
    [entry] = rig.entries(EventKind.ACCESS_GRANTED)
    assert entry.details["attempt"] == ATTEMPT
    assert rig.told.count("granted") == 1


async def test_B16_another_attempt_is_another_opening(rig: DoorRig) -> None:
    await rig.connect().open()
    other = replace(rig.town, request=replace(rig.town.request, attempt=b"another!"))
    await rig.connect(other).open()
    assert len(rig.entries(EventKind.ACCESS_GRANTED)) == 2
