"""JSON from outside has one meaning or none (E01, E02)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyserver.members import BadMember, Members
from lockagent.protocol.strict_json import BadJson, parse_json, parse_object, pieces_of

REFUSED = {
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a cut text": b'{"a":',
    "a duplicate member": b'{"a":1,"a":1}',
    "a duplicate member by escape": b'{"a":1,"\\u0061":1}',
    "a duplicate member deep inside": b'[{"b":[{"a":1,"a":2}]}]',
    "a leading zero": b"[01]",
    "a lone surrogate": b'"\\ud800"',
    "a lone surrogate as a name": b'{"\\udfff":1}',
    "a raw control character": b'"\x00"',
    "a number beyond a double": b"1e400",
    "a number beyond a double, negative": b"-1e400",
    "a second value": b"{} {}",
    "a trailing comma": b"[1,]",
    "a very long integer": b"1" * 5000,
    "an integer beyond 2^53 - 1": b"9007199254740992",
    "an unknown escape": b'"\\x"',
    "bare NaN": b"NaN",
    "bare Infinity": b"-Infinity",
    "bytes that are not UTF-8": b'"\xff"',
    "a very long number": b"1." + b"3" * 63,
    "a string that is never closed": b'"' + b'\\"' * 32_000,
    "a string that is never closed and ends in an escape": b'"' + b'\\"' * 32_000 + b"\\",
    "deep nesting": b"[" * 100_000,
    "nothing": b"",
    "overlong UTF-8": b'"\xc0\xaf"',
    "single quotes": b"{'a':1}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("received", REFUSED.values(), ids=REFUSED)
def test_E02_a_text_that_may_be_read_in_two_ways_is_refused(received: bytes) -> None:
    with pytest.raises(BadJson, match="expected"):
        parse_json(received)


@given(VALUES)
def test_what_json_writes_is_read_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), most_depth=64) == value


@given(st.binary(max_size=64) | st.text(alphabet='[]{}":,\\u0dtfe1-', max_size=40).map(str.encode))
def test_E01_any_bytes_are_read_or_refused_by_one_error(received: bytes) -> None:
    try:
        parse_json(received)
    except BadJson:
        return
    json.loads(received)


def test_brackets_within_text_are_no_nesting() -> None:
    assert parse_json(b'"[[[[[[[[[[[[\\"[["', most_depth=1) == '[[[[[[[[[[[["[['


@given(st.text() | st.text(alphabet='[]{}"\\\\ \n1'))
def test_E02_every_character_is_looked_at_once(text: str) -> None:
    assert "".join(pieces_of(text)) == text


@pytest.mark.parametrize("end", ["", "\\", "x", "[", "\\u"])
def test_E02_a_string_that_is_never_closed_is_looked_at_once(end: str) -> None:
    text = '"' + '\\"' * 32_000 + end
    assert list(pieces_of(text)) == [text]


def test_an_object_is_asked_for_where_one_is_needed() -> None:
    with pytest.raises(BadJson, match="expected a JSON object, got an array"):
        parse_object(b"[]")


def test_an_unknown_member_is_refused_by_its_pointer() -> None:
    with pytest.raises(BadMember) as refused:
        Members.of({"a": 1, "b/~": 2}, "#", {"a"})
    assert refused.value.pointer == "#/b~1~0"


def test_a_missing_member_is_refused_by_its_pointer() -> None:
    with pytest.raises(BadMember) as refused:
        Members.of({}, "#/readers/0", {"access_point"})
    assert refused.value.pointer == "#/readers/0/access_point"


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 17])
def test_a_whole_number_is_neither_a_boolean_nor_a_float_nor_text(value: object) -> None:
    with pytest.raises(BadMember):
        Members({"n": value}).integer("n", most=16)  # type: ignore[dict-item] # why: any value


@pytest.mark.parametrize("text", ["", "x" * 65, "a\u0000b", "a\u0085b", "a\nb"])
def test_a_text_is_bounded_and_without_control_characters(text: str) -> None:
    with pytest.raises(BadMember):
        Members({"name": text}).text("name", 64)
