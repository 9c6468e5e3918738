"""Deterministic CBOR: one encoding for a value, one value for an encoding, nothing else.

cbor2 is the oracle for what the bytes mean; that it accepts more is why the door has its own
decoder. What is refused, and why, is in the vectors (`tests/vectors/encoding.json`).
"""

import time
import tracemalloc

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockagent.protocol.encoding import (
    MAX_NESTING,
    Value,
    decode,
    decode_sequence,
    encode,
    encode_sequence,
)
from lockagent.protocol.errors import MalformedMessage

KEYS = st.integers(-(2**64), 2**64 - 1) | st.text(max_size=40) | st.binary(max_size=40)
PLAIN = KEYS | st.booleans() | st.none()
# Keys of 1 and True are one key to Python; the profile has no boolean keys.
VALUES: st.SearchStrategy[Value] = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
HEADS = st.sampled_from([0x18, 0x19, 0x1A, 0x1B, 0x58, 0x78, 0x98, 0xB8, 0xC2, 0xD8, 0xF9, 0xFF])
FORGED = st.lists(HEADS | st.integers(0, 255), max_size=24).map(bytes)


def _nesting(value: Value) -> int:
    if isinstance(value, list):
        return 1 + max(map(_nesting, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(_nesting, value.values()), default=0)
    return 0


@given(VALUES)
def test_a_value_comes_back_as_it_went(value: Value) -> None:
    """`decode(encode(v)) == v` up to the nesting allowed; deeper is refused."""
    written = encode(value)
    if _nesting(value) > MAX_NESTING:
        with pytest.raises(MalformedMessage):
            decode(written)
    else:
        assert decode(written) == value


@given(VALUES)
def test_what_is_written_is_the_canonical_form_of_the_oracle(value: Value) -> None:
    """The same bytes as cbor2's where both sorting rules agree, the same value always."""
    written = encode(value)
    assert cbor2.loads(written) == value


@given(FORGED)
@example(bytes.fromhex("a201010102"))
@settings(max_examples=500)
def test_whatever_decodes_was_the_one_encoding_of_its_value(received: bytes) -> None:
    """`encode(decode(b)) == b` or MalformedMessage; no other exception escapes."""
    try:
        value = decode(received)
    except MalformedMessage:
        return
    assert encode(value) == received
    assert cbor2.loads(received) == value


@given(VALUES, st.data())
def test_no_proper_prefix_of_an_item_is_an_item(value: Value, data: st.DataObject) -> None:
    """Every truncation is refused."""
    written = encode(value)
    end = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(MalformedMessage):
        decode(written[:end])


@given(VALUES, st.binary(min_size=1, max_size=4))
def test_A10_nothing_may_follow_an_item(value: Value, more: bytes) -> None:
    """cbor2 reads the first item and says nothing of the rest."""
    with pytest.raises(MalformedMessage):
        decode(encode(value) + more)


@given(st.lists(PLAIN, max_size=5))
def test_a_sequence_is_its_items_one_after_the_other(values: list[Value]) -> None:
    """RFC 8742."""
    written = encode_sequence(*values)
    assert decode_sequence(written) == values
    assert written == b"".join(map(encode, values))


def test_A09_duplicate_map_keys_are_refused() -> None:
    """cbor2 keeps the last of two silently; a second parser might keep the first."""
    received = bytes.fromhex("a201010102")
    assert cbor2.loads(received) == {1: 2}
    with pytest.raises(MalformedMessage, match="ascending unique"):
        decode(received)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0x18, 0x19, 0x1A, 0x1B]))
def test_A11_an_integer_has_its_shortest_form_only(number: int, lead: int) -> None:
    """Of the five ways to write a number, one is read."""
    size = 1 << (lead - 0x18)
    if number < 1 << (8 * size):
        received = bytes((lead,)) + number.to_bytes(size, "big")
        if received == encode(number):
            assert decode(received) == number
        else:
            with pytest.raises(MalformedMessage):
                decode(received)


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(b"\x81" * 200_000, id="nesting 200,000"),
        pytest.param(b"\xa1\x00" * 100_000, id="maps in maps"),
        pytest.param(b"\x9a\xff\xff\xff\xff" + bytes(64), id="array of 2^32 - 1"),
        pytest.param(b"\xba\xff\xff\xff\xff" + bytes(64), id="map of 2^32 - 1"),
        pytest.param(b"\x7b\x00\x00\x01\x00\x00\x00\x00\x00" + bytes(64), id="text of 2^40"),
        pytest.param(b"\xc2\x5a\x00\x01\x86\xa0" + bytes(100_000), id="bignum of 100 kB"),
    ],
)
def test_A12_a_bomb_costs_nothing(bomb: bytes) -> None:
    """Refused in under 5 ms of this thread's time and without a MiB of memory."""
    tracemalloc.start()
    try:
        begun = time.thread_time()
        with pytest.raises(MalformedMessage):
            decode(bomb)
        spent = time.thread_time() - begun
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < 0.005
    assert peak < 1 << 20


@given(st.integers(0, 2**64 - 1), VALUES)
def test_A13_every_tag_is_refused(tag: int, value: Value) -> None:
    """By its lead byte, before anything of what it tags is read."""
    received = bytearray(encode(tag))
    received[0] |= 0xC0
    with pytest.raises(MalformedMessage, match="a tag"):
        decode(bytes(received) + encode(value))


@given(st.floats())
def test_A14_every_float_is_refused(number: float) -> None:
    """In each width that cbor2 writes, NaN and the infinities included."""
    for canonical in (False, True):
        with pytest.raises(MalformedMessage, match="a float"):
            decode(cbor2.dumps(number, canonical=canonical))


@pytest.mark.parametrize("value", [1.0, {True: 1}, {None: 1}, (1, 2), object(), {1: {1.5}}])
def test_what_the_format_cannot_hold_is_not_written(value: object) -> None:
    """TypeError, so that no caller writes what no peer reads."""
    with pytest.raises(TypeError):
        encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [2**64, -(2**64) - 1])
def test_an_integer_beyond_64_bits_is_not_written(number: int) -> None:
    """There is no form for it without a tag."""
    with pytest.raises(ValueError, match="2\\^64"):
        encode(number)
