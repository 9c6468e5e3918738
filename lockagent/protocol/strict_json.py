"""JSON from outside, read strictly: one text has one meaning, or it is refused.

Rules kept here (RFC 8259 as narrowed by I-JSON, RFC 7493):
- UTF-8 without a byte order mark; no lone surrogate, escaped or not;
- no member name twice, no `NaN`, no `Infinity`, no number beyond a double (`1e400`), no integer
  beyond 2^53 - 1;
- nesting no deeper than asked, counted before anything is parsed;
- work in proportion to the text: anyone may send one, so none costs more for how it is made.

The one reader of key server, phone and door (docs/adr/0003). The size of a text is bounded where it
is read, and what members mean is the caller's.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

MOST_DEPTH = 8
MOST_INTEGER = 2**53 - 1
MOST_NUMBER_CHARACTERS = 64

_PIECE = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+"?|[\[{]|[\]}]|[^"\[\]{}]++', re.DOTALL)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class BadJson(ValueError):
    """A text that is not JSON as it is read here; the sentence says expected, then got."""


def parse_json(received: bytes, most_depth: int = MOST_DEPTH) -> JsonValue:
    """The value of one JSON text; BadJson where it breaks a rule of this module."""
    try:
        text = received.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"expected UTF-8, got other bytes at offset {error.start}") from error
    _check_depth(text, most_depth)
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise BadJson(f"expected JSON, got a fault at character {error.pos}") from error
    _check_texts(value)
    return value


def parse_object(received: bytes, most_depth: int = MOST_DEPTH) -> dict[str, JsonValue]:
    """As `parse_json`, where the text has to be an object."""
    value = parse_json(received, most_depth)
    if not isinstance(value, dict):
        raise BadJson(f"expected a JSON object, got {kind_of(value)}")
    return value


def pieces_of(text: str) -> Iterator[str]:
    """`text` cut into strings, brackets and what stands between them; joined, they are `text`.

    A string that is never closed is one piece to the end. Nothing is looked at twice: every piece
    begins where the last one ended, and its pattern cannot give back what it took.
    """
    return (found[0] for found in _PIECE.finditer(text))


def _check_depth(text: str, most_depth: int) -> None:
    depth = 0
    for piece in pieces_of(text):
        if piece in "[{":
            depth += 1
        elif piece in "]}":
            depth -= 1
        if depth > most_depth:
            raise BadJson(f"expected nesting of at most {most_depth}, got more")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in members:
            raise BadJson("expected every member once, got one twice")
        members[name] = value
    return members


def _check_texts(value: JsonValue) -> None:
    match value:
        case str():
            _check_text(value)
        case list():
            for entry in value:
                _check_texts(entry)
        case dict():
            for name, member in value.items():
                _check_text(name)
                _check_texts(member)


def _check_text(text: str) -> None:
    if not text.isascii() and _SURROGATE.search(text):
        raise BadJson("expected Unicode text, got a lone surrogate")


def _integer(digits: str) -> int:
    if len(digits) > len(str(-MOST_INTEGER)) or abs(int(digits)) > MOST_INTEGER:
        raise BadJson("expected an integer within 2^53 - 1, got a larger one")
    return int(digits)


def _float(digits: str) -> float:
    # Reading a float takes time by the square of its digits.
    number = float(digits) if len(digits) <= MOST_NUMBER_CHARACTERS else math.inf
    if not math.isfinite(number):
        raise BadJson("expected a number within a double, got a larger or longer one")
    return number


def _constant(name: str) -> NoReturn:
    raise BadJson(f"expected a JSON number, got {name}")


def kind_of(value: JsonValue) -> str:
    """The type of a value, for a sentence."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "an array"
        case dict():
            return "an object"
