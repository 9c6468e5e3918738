"""Deterministic CBOR (RFC 8949, 4.2.1), and nothing else. SPEC.md section 1.

`decode` accepts exactly what `encode` would write: shortest integers and lengths, definite
lengths, map keys unique and in bytewise order, no floats, no tags, no simple values but false,
true and null, nesting at most 6, nothing after the item. `encode(decode(b)) == b`, or
`MalformedMessage`. A declared length is compared with the bytes at hand before anything is
allocated, so the work is bounded by the size of the input.

Values: int (-2^64 to 2^64 - 1), bytes, str, bool, None, list, dict with int, str or bytes keys.
What the items mean is left to the modules that read them; `take_*` are their typed openers.
"""

from typing import TypeAlias

from lockagent.protocol.errors import MalformedMessage

Key: TypeAlias = int | str | bytes
Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[Key, Value] | None"

MAX_NESTING = 6

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _OTHER = range(8)
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_STRINGS, _CONTAINERS, _KEY_TYPES = (_BYTES, _TEXT), (_ARRAY, _MAP), (int, str, bytes)
_SIMPLE: dict[int, bool | None] = {_FALSE: False, _TRUE: True, _NULL: None}
_DIRECT_LIMIT = 24
# By the low bits of a head: in how many bytes the argument follows, and the least that needs them.
_ARGUMENTS = {24: (1, _DIRECT_LIMIT), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
# Every head of one byte, made once: most heads of the protocol are such.
_SHORT_HEADS = [[bytes((major << 5 | n,)) for n in range(_DIRECT_LIMIT)] for major in range(_TAG)]


def encode(value: Value) -> bytes:
    """The one encoding of `value`; TypeError or ValueError for what the format cannot hold."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def encode_sequence(*values: Value) -> bytes:
    """The items one after the other: a CBOR sequence (RFC 8742)."""
    out = bytearray()
    for value in values:
        _write(out, value)
    return bytes(out)


def decode(received: bytes) -> Value:
    """The value of exactly one item, or MalformedMessage."""
    value, end = decode_item(received, 0)
    if end != len(received):
        raise MalformedMessage(f"expected one item, got {len(received) - end} bytes after it")
    return value


def decode_item(received: bytes, start: int) -> tuple[Value, int]:
    """The item that begins at `start`, and where it ends: a slice of it is what was received."""
    return _read(received, start, MAX_NESTING)


def decode_sequence(received: bytes, most: int = 16) -> list[Value]:
    """The items of a CBOR sequence, at most `most` of them."""
    values: list[Value] = []
    at = 0
    while at < len(received):
        if len(values) == most:
            raise MalformedMessage(f"expected at most {most} items, got more")
        value, at = decode_item(received, at)
        values.append(value)
    return values


def _write(out: bytearray, value: Value) -> None:
    if isinstance(value, bytes):
        out += _head(_BYTES, len(value))
        out += value
    elif isinstance(value, bool) or value is None:
        out.append(_NULL if value is None else _TRUE if value else _FALSE)
    elif isinstance(value, int):
        out += _head(_UINT, value) if value >= 0 else _head(_NINT, -1 - value)
    elif isinstance(value, str):
        text = value.encode()
        out += _head(_TEXT, len(text))
        out += text
    elif isinstance(value, list):
        out += _head(_ARRAY, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        out += _head(_MAP, len(value))
        for key, item in sorted((_key(key), item) for key, item in value.items()):
            out += key
            _write(out, item)
    else:
        raise TypeError(f"expected a value of the profile, got {type(value).__name__}")


def _key(key: Key) -> bytes:
    if not isinstance(key, _KEY_TYPES) or isinstance(key, bool):
        raise TypeError(f"expected an int, text or bytes key, got {type(key).__name__}")
    return encode(key)


def _head(major: int, argument: int) -> bytes:
    if argument < _DIRECT_LIMIT:
        return _SHORT_HEADS[major][argument]
    lead = major << 5
    if argument < 1 << 8:
        return bytes((lead | 24, argument))
    if argument < 1 << 16:
        return bytes((lead | 25,)) + argument.to_bytes(2, "big")
    if argument < 1 << 32:
        return bytes((lead | 26,)) + argument.to_bytes(4, "big")
    if argument < 1 << 64:
        return bytes((lead | 27,)) + argument.to_bytes(8, "big")
    raise ValueError("expected an integer or length below 2^64")


def _read(received: bytes, at: int, depth: int) -> tuple[Value, int]:
    # One call an item, the commonest forms first: this is the door's inner loop.
    try:
        lead = received[at]
    except IndexError:
        raise MalformedMessage("expected an item, got the end of the bytes") from None
    at += 1
    if lead < _DIRECT_LIMIT:
        return lead, at
    argument, major = lead & 31, lead >> 5
    if argument >= _DIRECT_LIMIT and major < _TAG:
        argument, at = _read_argument(received, at, argument)
    if major == _UINT:
        return argument, at
    if major in _CONTAINERS:
        left = len(received) - at
        # Every element of an array takes a byte or more, every pair of a map two or more.
        if argument * (major - _ARRAY + 1) > left:
            raise _too_long(argument, left)
        if depth == 0:
            raise MalformedMessage(f"expected a nesting of at most {MAX_NESTING}, got a deeper one")
        if major == _MAP:
            return _read_map(received, at, argument, depth - 1)
        items: list[Value] = []
        for _ in range(argument):
            item, at = _read(received, at, depth - 1)
            items.append(item)
        return items, at
    if major in _STRINGS:
        end = at + argument
        if end > len(received):
            raise _too_long(argument, len(received) - at)
        return (received[at:end] if major == _BYTES else _text(received[at:end])), end
    if major == _NINT:
        return -1 - argument, at
    if lead in _SIMPLE:
        return _SIMPLE[lead], at
    kind = "a tag" if major == _TAG else "a float or a simple value"
    raise MalformedMessage(f"expected an item of the profile, got {kind} (0x{lead:02x})")


def _read_argument(received: bytes, at: int, info: int) -> tuple[int, int]:
    if info not in _ARGUMENTS:
        raise MalformedMessage("expected a definite length, got an indefinite or reserved one")
    size, least = _ARGUMENTS[info]
    end = at + size
    if end > len(received):
        raise MalformedMessage("expected the rest of a number, got the end of the bytes")
    argument = int.from_bytes(received[at:end], "big")
    if argument < least:
        raise MalformedMessage(f"expected the shortest form, got {argument} in {size} bytes")
    return argument, end


def _read_map(received: bytes, at: int, count: int, depth: int) -> tuple[dict[Key, Value], int]:
    pairs: dict[Key, Value] = {}
    previous = b""
    for _ in range(count):
        start = at
        key, at = _read(received, at, depth)
        if not isinstance(key, _KEY_TYPES) or isinstance(key, bool):
            raise MalformedMessage(f"expected an int, text or bytes key, got {type(key).__name__}")
        written = received[start:at]
        if written <= previous:
            raise MalformedMessage(f"expected ascending unique map keys, got {written.hex()} late")
        previous = written
        pairs[key], at = _read(received, at, depth)
    return pairs, at


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("expected UTF-8 in a text, got other bytes") from error


def _too_long(argument: int, left: int) -> MalformedMessage:
    return MalformedMessage(f"expected a length within the {left} bytes left, got {argument}")


def take_uint(value: Value, name: str, most: int = 2**64 - 1, least: int = 0) -> int:
    """`value` as an unsigned integer from `least` to `most`, or MalformedMessage."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedMessage(f"expected {name} as an unsigned integer, got {_kind(value)}")
    if not least <= value <= most:
        raise MalformedMessage(f"expected {name} from {least} to {most}, got {value}")
    return value


def take_bytes(value: Value, name: str, size: int | None = None) -> bytes:
    """`value` as a byte string, of exactly `size` bytes where that is given."""
    if not isinstance(value, bytes):
        raise MalformedMessage(f"expected {name} as a byte string, got {_kind(value)}")
    if size is not None and len(value) != size:
        raise MalformedMessage(f"expected {name} of {size} bytes, got {len(value)}")
    return value


def take_text(value: Value, name: str) -> str:
    """`value` as a text."""
    if not isinstance(value, str):
        raise MalformedMessage(f"expected {name} as a text, got {_kind(value)}")
    return value


def take_bool(value: Value, name: str) -> bool:
    """`value` as false or true."""
    if not isinstance(value, bool):
        raise MalformedMessage(f"expected {name} as false or true, got {_kind(value)}")
    return value


def take_array(value: Value, name: str, size: int | None = None, least: int = 0) -> list[Value]:
    """`value` as an array, of exactly `size` or at least `least` items."""
    if not isinstance(value, list):
        raise MalformedMessage(f"expected {name} as an array, got {_kind(value)}")
    if size is not None and len(value) != size:
        raise MalformedMessage(f"expected {name} of {size} items, got {len(value)}")
    if len(value) < least:
        raise MalformedMessage(f"expected {name} of at least {least} items, got {len(value)}")
    return value


def take_map(value: Value, name: str, keys: frozenset[Key]) -> dict[Key, Value]:
    """`value` as a map with exactly the keys `keys`: none missing, none unknown."""
    if not isinstance(value, dict):
        raise MalformedMessage(f"expected {name} as a map, got {_kind(value)}")
    if value.keys() != keys:
        odd = sorted(map(str, value.keys() ^ keys))
        raise MalformedMessage(
            f"expected {name} with its keys exactly, differs in {', '.join(odd)}"
        )
    return value


def _kind(value: Value) -> str:
    return "null" if value is None else type(value).__name__
