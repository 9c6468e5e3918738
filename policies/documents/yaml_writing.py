"""Writing YAML as people write it here: short mappings on one line, long ones key by key.

Rules kept here:
- what is written reads back as the same texts, by this reader and by any other: a text that YAML
  would take for a number, a truth value or a key is quoted;
- numbers are for whole numbers alone: every other value is a text.

Which values a document has is left to `policies.documents.printing`. Pure.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from policies.places import PLACE_KINDS

WIDTH = 100

Written = str | int | Sequence["Written"] | Mapping[str, "Written"]
"""A text, a whole number, a list or a mapping, as it is to stand in a document."""

_PLAIN = re.compile(r"[^\W_][\w.+/-]*(?: [\w.+/-]+)*")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_PLACE = re.compile(rf"(?:{'|'.join(PLACE_KINDS)}):[a-z0-9./-]+")
_TYPED = re.compile(
    r"[0-9][0-9_]*|0[xob][0-9a-f_]+|[0-9][0-9_]*\.[0-9_]*|[0-9][0-9_.]*e[+-]?[0-9]+"
    r"|y|n|yes|no|off|true|false|null",
    re.IGNORECASE,
)
"""What YAML 1.1 or 1.2 takes for a number, a truth value or nothing; `on` is a key of day lists."""


def flow(value: Written) -> str:
    """The value on one line: `{all: [{age: 15+}, {member: deichman}]}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str | int):
        return scalar(value)
    return "[" + ", ".join(flow(item) for item in value) + "]"


def entry(key: str, value: Written, indent: int, forced: int = 0) -> Iterator[str]:
    """The lines of `key: value`; the outermost `forced` levels of it are never on one line."""
    margin = " " * indent
    name = scalar(key)
    if isinstance(value, str | int):
        yield f"{margin}{name}: {scalar(value, in_flow=False)}"
        return
    line = f"{margin}{name}: {flow(value)}"
    if not value or (forced <= 0 and len(line) <= WIDTH):
        yield line
        return
    yield f"{margin}{name}:"
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from entry(inner, item, indent + 2, forced - 1)
    else:
        yield from items(value, indent, forced - 1)


def items(values: Sequence[Written], indent: int, forced: int = 0) -> Iterator[str]:
    """The lines of a list, each item after a dash."""
    margin = " " * indent
    for value in values:
        line = f"{margin}- {flow(value)}"
        fits = forced <= 0 and len(line) <= WIDTH
        if isinstance(value, Mapping) and value and not fits:
            lines = (line for k, v in value.items() for line in entry(k, v, indent + 2, forced - 1))
            yield f"{margin}- {next(lines)[indent + 2 :]}"
            yield from lines
        else:
            yield line


def scalar(value: str | int, *, in_flow: bool = True) -> str:
    """A text or a number as YAML writes it; a place stands bare outside of brackets only."""
    if isinstance(value, int):
        return str(value)
    is_bare = _PLAIN.fullmatch(value) or _DATE_TIME.fullmatch(value)
    if not in_flow and _PLACE.fullmatch(value):
        return value
    if is_bare and not _TYPED.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
