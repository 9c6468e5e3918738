"""The air keeps its rules: each was broken by the software controller it is built on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bumble import core, hci
from bumble.att import ATT_CID
from bumble.device import Device

from firmware_stubs.simulated_radio import Conditions
from lockagent.bumble_peripheral import reader_address
from tests.radio import PATIENCE_SECONDS, READER, Attacker, Echo, Heard, Scene

OPENED = hci.HCI_LE_Enhanced_Connection_Complete_Event
NOT_ESTABLISHED = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
TIMED_OUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
DOOR_ADDRESS = reader_address(READER).to_string(False)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.close()


async def rssi_heard(phone: Attacker) -> int:
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_advertisement(advertisement: object) -> None:
        if not heard.done():
            heard.set_result(advertisement.rssi)  # type: ignore[attr-defined] # why: bumble's

    phone.device.on(Device.EVENT_ADVERTISEMENT, on_advertisement)
    await phone.device.start_scanning(active=False)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await heard
    finally:
        phone.device.remove_listener(Device.EVENT_ADVERTISEMENT, on_advertisement)
        await phone.device.stop_scanning()


async def test_of_two_phones_that_answer_one_advertisement_the_second_is_told_0x3e(
    scene: Scene,
) -> None:
    phones = [await scene.phone(), await scene.phone()]
    attempts = [asyncio.ensure_future(one.connect()) for one in phones]

    def are_waiting() -> bool:
        return all(one.pending_le_connection for one in scene.air.controllers)

    while not are_waiting():  # noqa: ASYNC110 # why: a controller says nothing when it is asked
        await asyncio.sleep(0)
    await scene.door(Heard())
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    failures = [one for one in outcomes if isinstance(one, BaseException)]
    assert [getattr(one, "error_code", None) for one in failures] == [NOT_ESTABLISHED]
    assert len(scene.air.links()) == 1
    loser = phones[outcomes.index(failures[0])]
    await loser.connect()
    assert len(scene.air.links()) == 2


async def test_an_attempt_given_up_ends_and_another_may_follow(scene: Scene) -> None:
    phone = await scene.phone()
    with pytest.raises(core.TimeoutError):
        await phone.device.connect(reader_address(READER), timeout=0.05)
    await scene.door(Heard())
    await phone.connect()


async def test_a_host_that_dies_without_a_word_frees_the_door(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    await heard.until("connected")
    await phone.close()
    await heard.until("disconnected")
    assert scene.air.links() == ()


async def test_a_host_that_resets_its_controller_has_left_its_links(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    await phone.device.reset()
    await heard.until("disconnected")


async def test_a_phone_that_connects_with_its_public_address_is_understood(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    connection = await phone.connect(own_address_type=hci.OwnAddressType.PUBLIC)
    assert await connection.gatt_client.request_mtu(100) == 100


async def test_the_connection_event_is_the_enhanced_one_where_it_was_asked_for(
    scene: Scene,
) -> None:
    await scene.door(Heard())
    phone = await scene.phone()
    events: list[hci.HCI_LE_Meta_Event] = []
    on_packet = phone.device.host.on_hci_packet

    def note(packet: hci.HCI_Packet) -> None:
        if isinstance(packet, hci.HCI_LE_Meta_Event):
            events.append(packet)
        on_packet(packet)

    phone.device.host.on_hci_packet = note  # type: ignore[method-assign] # why: listening in
    await phone.connect()
    assert [type(one) for one in events if "Connection_Complete" in type(one).__name__] == [OPENED]


async def test_signal_strength_is_the_airs_in_advertisements_and_on_links(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    assert await rssi_heard(phone) == -50
    scene.air.set_rssi(DOOR_ADDRESS, -83)
    assert await rssi_heard(phone) == -83
    scene.air.conditions = replace(scene.air.conditions, rssi_dbm=-61)
    await phone.connect()
    await heard.until("connected")
    assert await heard.connections[0].rssi() == -61


async def test_a_transmitter_out_of_range_is_not_heard_and_its_links_time_out(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    scene.air.set_rssi(DOOR_ADDRESS, -110)
    await heard.until("disconnected")
    await phone.until_gone()
    with pytest.raises(core.TimeoutError):
        await phone.device.connect(reader_address(READER), timeout=0.1)


async def test_total_loss_ends_links_by_the_supervision_timeout(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    reasons: list[int] = []
    connection = await phone.connect()
    connection.on(connection.EVENT_DISCONNECTION, reasons.append)
    scene.air.conditions = replace(scene.air.conditions, loss=1.0)
    await phone.until_gone()
    await heard.until("disconnected")
    assert reasons == [TIMED_OUT]


async def test_a_link_broken_from_outside_ends_at_both_ends(scene: Scene) -> None:
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    await phone.connect()
    await heard.until("connected")
    assert scene.air.break_links(DOOR_ADDRESS) == 1
    await phone.until_gone()
    await heard.until("disconnected")


async def test_loss_delays_packets_and_keeps_their_order() -> None:
    scene = Scene(Conditions(loss=0.4, latency_seconds=0.001), seed=7)
    echo = Echo()
    await scene.door(echo)
    phone = await scene.phone()
    connection = await phone.connect()
    client = connection.gatt_client
    service = (await client.discover_services())[-1]
    exchange = (await client.discover_characteristics([], service))[0]
    received: asyncio.Queue[bytes] = asyncio.Queue()
    await client.subscribe(exchange, received.put_nowait)
    sent = [bytes((number,)) * 8 for number in range(30)]
    for each in sent:
        await client.write_value(exchange, each)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await received.get() for _ in sent] == sent
    await scene.close()


async def test_connection_events_make_an_exchange_cost_two_intervals() -> None:
    scene = Scene(Conditions(interval_seconds=0.05))
    await scene.door(Heard())
    phone = await scene.phone()
    await phone.connect()
    phone.listen_raw()
    await phone.ask(b"\x0a\x01\x00")
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(4):
        await phone.ask(b"\x0a\x01\x00")
    assert 0.35 <= loop.time() - began <= 0.6
    await scene.close()


async def test_what_was_sent_before_a_disconnect_arrives_before_it(scene: Scene) -> None:
    scene.air.conditions = replace(scene.air.conditions, latency_seconds=0.05)
    heard = Heard()
    await scene.door(heard)
    phone = await scene.phone()
    connection = await phone.connect()
    phone.send(bytes.fromhex("0a0100"))
    phone.listen_raw()
    connection.send_l2cap_pdu(ATT_CID, bytes.fromhex("0a0100"))
    await heard.until("connected")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await phone.received.get()
        await heard.connections[0].disconnect()
        await phone.received.get()
    await phone.until_gone()


async def test_a_unix_path_too_long_is_refused_in_one_sentence(scene: Scene) -> None:
    with pytest.raises(ValueError, match="at most 107 bytes, got 120"):
        await scene.air.serve_unix("/" + "x" * 119)
