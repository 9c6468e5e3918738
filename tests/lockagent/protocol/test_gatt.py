"""The radio's names, byte for byte, and what is refused of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.errors import MalformedMessage, ProtocolError
from lockagent.protocol.gatt import (
    ADVERTISEMENT_BYTES,
    SERVICE_UUID,
    About,
    Advertisement,
    ReaderId,
    ReaderState,
    fragment_bytes,
)

READER = ReaderId(bytes.fromhex("9f31c0aa"))
STATES = st.integers(0, 7).map(ReaderState)


def test_the_advertisement_is_these_31_bytes() -> None:
    expected = "0201061107" + SERVICE_UUID.bytes[::-1].hex() + "09ffffff019f31c0aa05"
    state = ReaderState.BUSY | ReaderState.ASKS_FOR_TIME
    assert Advertisement(READER, state).encode() == bytes.fromhex(expected)


@given(st.binary(min_size=4, max_size=4), STATES, st.integers(1, 255))
def test_an_advertisement_reads_as_it_was_written(
    reader_id: bytes, state: ReaderState, version: int
) -> None:
    one = Advertisement(ReaderId(reader_id), state, version)
    assert len(one.encode()) == ADVERTISEMENT_BYTES
    assert Advertisement.decode(one.encode()) == one


@given(st.binary(max_size=40))
def test_other_bytes_are_no_reader(received: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Advertisement.decode(received)


@pytest.mark.parametrize("size", [0, 5, 7])
def test_manufacturer_data_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedMessage, match=f"got {size}"):
        Advertisement.decode_manufacturer_data(bytes(size))


def test_state_bits_of_a_newer_version_are_dropped() -> None:
    received = b"\x02" + READER + b"\xff"
    every = ReaderState.BUSY | ReaderState.UNLOCKED | ReaderState.ASKS_FOR_TIME
    assert Advertisement.decode_manufacturer_data(received) == Advertisement(READER, every, 2)


def test_a_reader_id_of_another_length_cannot_be_advertised() -> None:
    with pytest.raises(ValueError, match="4 bytes, got 3"):
        Advertisement(ReaderId(b"abc")).encode()


@pytest.mark.parametrize(
    ("att_mtu", "longest"), [(23, 20), (185, 182), (247, 244), (515, 512), (517, 512)]
)
def test_a_fragment_fits_the_mtu_and_an_attribute(att_mtu: int, longest: int) -> None:
    assert fragment_bytes(att_mtu) == longest


def test_about_is_these_bytes() -> None:
    assert About((1,), 247).encode() == bytes.fromhex("82810118f7")
    assert About.decode(bytes.fromhex("82820102190205")) == About((1, 2), 517)


@pytest.mark.parametrize(
    "received",
    ["", "82", "828018f7", "82810018f7", "8282020118f7", "8282010118f7", "82810116", "8101"],
)
def test_about_that_makes_no_sense_is_refused(received: str) -> None:
    with pytest.raises(MalformedMessage):
        About.decode(bytes.fromhex(received))


@given(st.binary(max_size=20))
def test_about_reads_or_refuses_and_nothing_else(received: bytes) -> None:
    try:
        about = About.decode(received)
    except ProtocolError:
        return
    assert about.encode() == received
