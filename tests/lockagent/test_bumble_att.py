"""What a hostile phone gets from the ATT server: an error or nothing, and never a hold of it."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest
from bumble import att, l2cap
from bumble.gatt_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.radio import PATIENCE_SECONDS, Attacker, Heard, Scene

ERROR = att.Opcode.ATT_ERROR_RESPONSE
WRITE, WRITE_COMMAND = att.Opcode.ATT_WRITE_REQUEST, att.Opcode.ATT_WRITE_COMMAND
MTU_REQUEST = att.Opcode.ATT_EXCHANGE_MTU_REQUEST


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.close()


async def connected(scene: Scene, heard: Heard) -> tuple[Attacker, int]:
    """A raw attacker on a fresh door, and the handle of `exchange`."""
    await scene.door(heard)
    attacker = await scene.phone()
    client: Client = (await attacker.connect()).gatt_client
    service = (await client.discover_services())[-1]
    exchange = (await client.discover_characteristics([], service))[0]
    attacker.listen_raw()
    return attacker, exchange.handle


def refusal(request: int, handle: int, code: att.ErrorCode) -> bytes:
    return struct.pack("<BBHB", ERROR, request, handle, code)


async def test_B17_every_handle_but_two_refuses_to_be_written(scene: Scene) -> None:
    heard = Heard()
    attacker, exchange = await connected(scene, heard)
    before = await attacker.ask(b"\x10\x01\x00\xff\xff\x00\x28")
    accepted = []
    for handle in range(1, 64):
        answer = await attacker.ask(struct.pack("<BH", WRITE, handle) + b"\x01\x00")
        if answer == bytes((att.Opcode.ATT_WRITE_RESPONSE,)):
            accepted.append(handle)
        else:
            assert answer[:2] == bytes((ERROR, WRITE))
            attacker.send(struct.pack("<BH", WRITE_COMMAND, handle) + b"\x01\x00")
    assert accepted == [exchange, exchange + 1]
    assert await attacker.ask(b"\x10\x01\x00\xff\xff\x00\x28") == before
    assert heard.written_by(heard.connections[0].id) == [b"\x01\x00"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", att.ErrorCode.INVALID_ATTRIBUTE_LENGTH),
        (b"\x01", att.ErrorCode.INVALID_ATTRIBUTE_LENGTH),
        (b"\x01\x00\x00", att.ErrorCode.INVALID_ATTRIBUTE_LENGTH),
        (b"\x02\x00", att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED),
        (b"\x03\x00", att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED),
        (b"\xff\xff", att.ErrorCode.CCCD_IMPROPERLY_CONFIGURED),
    ],
)
async def test_B17_a_client_configuration_abused_is_refused(
    scene: Scene, value: bytes, code: att.ErrorCode
) -> None:
    heard = Heard()
    attacker, exchange = await connected(scene, heard)
    answer = await attacker.ask(struct.pack("<BH", WRITE, exchange + 1) + value)
    assert answer == refusal(WRITE, exchange + 1, code)
    assert heard.count("subscribed") == 0


async def test_B17_prepared_writes_are_not_taken_so_a_flood_holds_nothing(scene: Scene) -> None:
    attacker, exchange = await connected(scene, Heard())
    for _ in range(100):
        answer = await attacker.ask(struct.pack("<BHH", 0x16, exchange, 0) + bytes(18))
        assert answer == refusal(0x16, 0, att.ErrorCode.REQUEST_NOT_SUPPORTED)
    assert await attacker.ask(b"\x18\x01") == refusal(0x18, 0, att.ErrorCode.REQUEST_NOT_SUPPORTED)


@pytest.mark.parametrize(
    "request_pdu",
    [
        struct.pack("<BHH", 0x0E, 1, 2),  # read multiple
        struct.pack("<BHH", 0x20, 1, 2),  # read multiple variable
        b"\x3e\x00",  # an opcode that is none
    ],
)
async def test_B17_what_is_not_served_is_said_to_be_so(scene: Scene, request_pdu: bytes) -> None:
    attacker, _ = await connected(scene, Heard())
    answer = await attacker.ask(request_pdu)
    assert answer == refusal(request_pdu[0], 0, att.ErrorCode.REQUEST_NOT_SUPPORTED)


async def test_exchange_cannot_be_read_by_handle_or_by_type(scene: Scene) -> None:
    attacker, exchange = await connected(scene, Heard())
    await attacker.ask(struct.pack("<BH", MTU_REQUEST, 100))
    code = att.ErrorCode.READ_NOT_PERMITTED
    assert await attacker.ask(struct.pack("<BH", 0x0A, exchange)) == refusal(0x0A, exchange, code)
    blob = await attacker.ask(struct.pack("<BHH", 0x0C, exchange, 0))
    assert blob == refusal(0x0C, exchange, code)
    kind = (await attacker.ask(struct.pack("<BHH", 0x04, exchange, exchange)))[4:20]
    by_type = await attacker.ask(struct.pack("<BHH", 0x08, 1, 0xFFFF) + kind)
    assert by_type == refusal(0x08, exchange, code)
    by_value = await attacker.ask(struct.pack("<BHH", 0x06, 1, 0xFFFF) + b"\x02\x29\x00\x00")
    assert by_value == refusal(0x06, 1, att.ErrorCode.ATTRIBUTE_NOT_FOUND)


async def test_B04_the_mtu_is_agreed_once_and_never_in_a_message(scene: Scene) -> None:
    heard = Heard()
    attacker, exchange = await connected(scene, heard)
    assert (await attacker.ask(struct.pack("<BH", MTU_REQUEST, 185)))[0] == MTU_REQUEST + 1
    attacker.send(struct.pack("<BH", WRITE_COMMAND, exchange) + bytes(182))
    again = await attacker.ask(struct.pack("<BH", MTU_REQUEST, 23))
    assert again == refusal(MTU_REQUEST, 0, att.ErrorCode.REQUEST_NOT_SUPPORTED)
    assert heard.connections[0].att_mtu == 185


async def test_a_packet_longer_than_the_mtu_is_an_invalid_one(scene: Scene) -> None:
    heard = Heard()
    attacker, exchange = await connected(scene, heard)
    answer = await attacker.ask(struct.pack("<BH", WRITE, exchange) + bytes(21))
    assert answer == refusal(WRITE, 0, att.ErrorCode.INVALID_PDU)
    assert heard.count("written") == 0


async def test_an_enhanced_bearer_is_not_offered(scene: Scene) -> None:
    await scene.door(Heard())
    attacker = await scene.phone()
    connection = await attacker.connect()
    with pytest.raises(l2cap.L2capError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await Client.connect_eatt(connection)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=30))
def test_B17_no_bytes_stop_the_door(packets: list[bytes]) -> None:
    async def attack() -> None:
        scene, heard = Scene(), Heard()
        attacker, _ = await connected(scene, heard)
        for packet in packets:
            attacker.send(packet)
        await attacker.device.disconnect(attacker.connection, 0x13)
        await heard.until("disconnected")
        honest = await scene.phone()
        client = (await honest.connect()).gatt_client
        assert len(await client.discover_services()) == 3
        await scene.close()

    asyncio.run(attack())
