"""One phone at one reader: frames and order (SPEC.md 2, 4, 6). Timers: `test_session_timing`."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from lockagent.protocol.access_event import EventKind
from lockagent.protocol.edhoc.refusal import ErrorMessage, encode_error
from lockagent.protocol.errors import CoarseReason, DenialReason
from lockagent.protocol.framing import Channel, Message
from policies.grant import Window
from policies.vocabulary import Instant
from tests.lockagent.door_rig import DoorRig
from tests.town import NOW, bundle, credential, fixed_key, grant_of

FIXED_ERROR = bytes.fromhex("0160")


async def gone(phone_link_gone: asyncio.Event) -> None:
    """Wait until the door has ended the link."""
    await asyncio.wait_for(phone_link_gone.wait(), 5)


async def test_a_phone_with_a_grant_opens_the_door(rig: DoorRig) -> None:
    result = await rig.connect().open()
    assert (result.granted, result.strike_seconds, result.bundle) == (True, 5, (1, 1))
    assert rig.door.is_released
    assert rig.door.push()


async def test_the_entry_is_on_the_disk_before_the_strike_moves(
    rig: DoorRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    release = rig.door.release

    def watch(seconds: float) -> None:
        written.append(len(rig.entries(EventKind.ACCESS_GRANTED)))
        release(seconds)

    monkeypatch.setattr(rig.door, "release", watch)
    await rig.connect().open()
    assert written == [1]


async def test_a_closed_window_is_refused_with_the_next_opening(rig: DoorRig) -> None:
    later = Window(Instant(NOW + 3600), Instant(NOW + 7200))
    town = rig.town.with_credential(replace(credential(), grant=grant_of(windows=(later,))))
    result = await rig.connect(town).open()
    assert (result.granted, result.reason) == (False, CoarseReason.NOT_NOW)
    assert result.next_opening == later.start
    assert not rig.door.is_released
    [entry] = rig.entries(EventKind.ACCESS_DENIED)
    assert entry.reason is DenialReason.OUT_OF_TIME_RANGE


async def test_a_bundle_heard_between_two_openings_refuses_the_second(rig: DoorRig) -> None:
    assert (await rig.connect().open()).granted
    rig.hear(replace(bundle(2), revoked=frozenset({credential().index})))
    result = await rig.connect().open()
    assert (result.granted, result.reason, result.bundle) == (
        False,
        CoarseReason.CREDENTIAL,
        (1, 2),
    )
    [entry] = rig.entries(EventKind.ACCESS_DENIED)
    assert entry.reason is DenialReason.CREDENTIAL_DISABLED


async def test_an_early_message_1_is_answered_when_the_phone_subscribes(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.send(Message(Channel.EDHOC, phone.message_1))
    await asyncio.sleep(0)
    assert phone.link.sent.empty()
    phone.subscribe()
    assert len((await phone.receive()).content) == 53


async def test_a_bad_message_1_gets_the_fixed_error_and_the_link_ends(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.subscribe()
    phone.send(Message(Channel.EDHOC, b"\x00" * 37))
    assert await phone.receive() == Message(Channel.EDHOC_ERROR, FIXED_ERROR)
    await gone(phone.link.gone)


async def test_a_failure_before_message_3_verified_is_counted_and_not_journalled_singly(
    rig: DoorRig,
) -> None:
    thief = replace(rig.town, held=replace(rig.town.held, key=fixed_key(666)))
    for _ in range(3):
        phone = rig.connect(thief)
        phone.subscribe()
        phone.send(Message(Channel.EDHOC, await phone.message_3()))
        assert await phone.receive() == Message(Channel.EDHOC_ERROR, FIXED_ERROR)
        await gone(phone.link.gone)
    assert rig.entries() == []
    rig.access.record_failures()
    [entry] = rig.entries(EventKind.COUNTED_FAILURES)
    assert entry.details == {"INCORRECT_AUTHENTICATION_FACTOR": 3}
    assert not rig.door.is_released


async def test_a_phone_that_gives_up_is_let_go(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.subscribe()
    await phone.message_3()
    phone.send(Message(Channel.EDHOC_ERROR, encode_error(ErrorMessage(1))))
    await gone(phone.link.gone)
    assert rig.entries() == []


async def test_a_second_message_while_the_first_is_concluded_ends_the_link(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.subscribe()
    message_3 = await phone.message_3()
    phone.send(Message(Channel.EDHOC, message_3))
    phone.send(Message(Channel.EDHOC, message_3))
    await gone(phone.link.gone)
    assert len(rig.entries(EventKind.ACCESS_GRANTED)) == 1


async def test_a_door_that_cannot_write_its_journal_denies(rig: DoorRig) -> None:
    rig.journal.close()
    rig.journal_folder.rename(rig.journal_folder.with_name("gone"))
    result = await rig.connect().open()
    assert (result.granted, result.reason) == (False, CoarseReason.DOOR_CANNOT)
    assert not rig.door.is_released
    assert rig.told.count("fault") == 1


async def test_a_door_without_the_time_asks_for_it_with_a_nonce_it_will_take(
    tmp_path: Path,
) -> None:
    rig = DoorRig(tmp_path, knows_time=False)
    result = await rig.connect().open()
    assert (result.granted, result.reason) == (False, CoarseReason.TIME_NEEDED)
    assert result.nonce == rig.beliefs.time_nonce()
    rig.hear_time()
    assert (await rig.connect().open()).granted
    rig.stop()


async def test_a_stuck_strike_is_a_denial_and_a_fault(rig: DoorRig) -> None:
    rig.door.is_stuck = True
    result = await rig.connect().open()
    assert (result.granted, result.reason) == (False, CoarseReason.DOOR_CANNOT)
    assert rig.entries(EventKind.STRIKE_FAILED)


async def test_an_unsubscribed_phone_is_let_go_without_a_word(
    rig: DoorRig, caplog: pytest.LogCaptureFixture
) -> None:
    phone = rig.connect()
    phone.subscribe()
    message_3 = await phone.message_3()
    phone.link.is_subscribed = False
    phone.send(Message(Channel.EDHOC, message_3))
    await asyncio.sleep(0)
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_comes_after_a_failure_is_dropped_and_starts_nothing(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.subscribe()
    tasks = len(asyncio.all_tasks())
    for _ in range(1000):
        phone.session.written(b"\x00")
    assert len(asyncio.all_tasks()) == tasks + 1
    await gone(phone.link.gone)
    rig.access.record_failures()
    [entry] = rig.entries(EventKind.COUNTED_FAILURES)
    assert entry.details == {"MALFORMED": 1}


async def test_a_phone_that_goes_while_message_2_is_sent_leaves_no_timer(rig: DoorRig) -> None:
    phone = rig.connect()
    phone.subscribe()
    phone.send(Message(Channel.EDHOC, phone.message_1))
    phone.session.ended()
    await asyncio.sleep(0)
    assert phone.session._step.cancelled()
    assert phone.session._whole.cancelled()
