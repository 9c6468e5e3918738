"""A program's TOML file, read strictly: every fault names file, line and key.

Rules kept here:
- a key that is missing, unknown, of another type or out of range is refused, never guessed;
- a table is opened key by key and then closed: what nobody asked for is unknown;
- a path is relative to the folder of the file that names it;
- a sentence tells the key and what was expected, and no value that could be a secret.

What the keys mean is said by each program's own `config.py`. TOML 1.0 by the standard library,
which keeps no line numbers: they are found again in the text, by header and key.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""Where a key stands: names of tables and keys, and positions in an array of tables."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-\"' ]+?)\s*=")


class ConfigurationError(Exception):
    """A configuration that cannot be used: `file:line: key: expected …, got …`."""


@dataclass(slots=True)
class Table:
    """One table of a TOML file while it is read; `close` says that nothing is left over."""

    file: Path
    place: Place
    values: Mapping[str, object]
    lines: Mapping[Place, int]
    asked: set[str] = field(default_factory=set)

    def text(self, key: str, default: str | None = None) -> str:
        """The text under `key`, not empty; `default` where the key may be left out."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self.fault(key, f"expected a text, got {_kind(value)}")
        if not value:
            raise self.fault(key, "expected a text, got an empty one")
        return value

    def optional_text(self, key: str) -> str | None:
        """The text under `key`, or None where it is left out."""
        return self.text(key) if key in self.values else None

    def number(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """The whole number under `key`, from `least` to `most`."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(key, f"expected a whole number, got {_kind(value)}")
        if not least <= value <= most:
            raise self.fault(key, f"expected a whole number from {least} to {most}, got {value}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """The true or false under `key`."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, f"expected true or false, got {_kind(value)}")
        return value

    def path(self, key: str, default: str | None = None) -> Path:
        """The path under `key`, made absolute from the folder of this file."""
        return self.beside(self.text(key, default))

    def optional_path(self, key: str) -> Path | None:
        """The path under `key`, or None where it is left out."""
        return self.path(key) if key in self.values else None

    def beside(self, written: str) -> Path:
        """A path as written in this file, made absolute from the file's folder."""
        return self.file.resolve().parent / Path(written).expanduser()

    def table(self, key: str) -> "Table":
        """The table under `key`."""
        value = self._value(key, None)
        if not isinstance(value, dict):
            raise self.fault(key, f"expected a table [{key}], got {_kind(value)}")
        return Table(self.file, (*self.place, key), value, self.lines)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """The tables of the array `[[key]]`, at least one."""
        value = self._value(key, None)
        if not isinstance(value, list) or not value:
            raise self.fault(key, f"expected one or more [[{key}]], got {_kind(value)}")
        for item in value:
            if not isinstance(item, dict):
                raise self.fault(key, f"expected tables [[{key}]], got {_kind(item)}")
        return tuple(
            Table(self.file, (*self.place, key, at), item, self.lines)
            for at, item in enumerate(value)
        )

    def names(self) -> tuple[str, ...]:
        """The keys of a table whose keys are names, in the order of the file."""
        return tuple(self.values)

    def close(self) -> None:
        """Refuse the first key that was not asked for, with the nearest known one."""
        for key in self.values:
            if key not in self.asked:
                near = difflib.get_close_matches(key, sorted(self.asked), 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self.fault(key, f"expected a known key, got an unknown one{hint}")

    def fault(self, key: str, sentence: str) -> ConfigurationError:
        """The error that says `sentence` of `key`, with file and line."""
        place: Place = (*self.place, key)
        while place not in self.lines and place:
            place = place[:-1]
        dotted = ".".join(str(part) for part in (*self.place, key))
        return ConfigurationError(f"{self.file}:{self.lines.get(place, 1)}: {dotted}: {sentence}")

    def _value(self, key: str, default: object) -> object:
        self.asked.add(key)
        value = self.values.get(key, default)
        if value is None:
            near = difflib.get_close_matches(key, sorted(self.values.keys() - self.asked), 1)
            line = self.lines.get((*self.place, *near)) if near else None
            hint = f"; did you mean it by {near[0]} in line {line}?" if line else ""
            raise self.fault(key, f"expected this key, got none{hint}")
        return value


def read_table(path: Path) -> Table:
    """The whole of the TOML file at `path`; ConfigurationError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}:1: expected UTF-8, got other bytes") from error
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise ConfigurationError(f"{path}: expected a configuration file, got: {reason}") from error
    return parse_table(text, path)


def parse_table(text: str, file: Path) -> Table:
    """The whole of a TOML text that came from `file`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        said = str(error).split(" (at ")[0]
        raise ConfigurationError(
            f"{file}:{line[1] if line else len(text.splitlines())}: expected TOML, got: "
            f"{said[:1].lower()}{said[1:]}"
        ) from error
    return Table(file, (), values, _lines_of(text))


def _lines_of(text: str) -> dict[Place, int]:
    """The line of every header and key; a key inside a longer value has its value's line."""
    lines: dict[Place, int] = {}
    seen: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[2])
            lines.setdefault(table, number)
            if header[1] == "[[":
                seen[table] = seen.get(table, -1) + 1
                table = (*table, seen[table])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def _parts(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _kind(value: object) -> str:
    names: dict[type, str] = {str: "a text", bool: "true or false", int: "a whole number"}
    names |= {float: "a number with a fraction", list: "an array", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")
