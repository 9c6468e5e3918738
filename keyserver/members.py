"""The members of a JSON body, taken by name and type.

A missing, an unknown or a wrongly typed member is a sentence with a JSON pointer (RFC 6901). The
text itself is read by `lockagent.protocol.strict_json`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lockagent.protocol.strict_json import MOST_INTEGER, JsonValue, kind_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class BadMember(ValueError):
    """A member that is missing, unknown or of the wrong type; `pointer` says which (RFC 6901)."""

    def __init__(self, pointer: str, detail: str) -> None:
        """Say where, as a fragment such as `#/requests/0/key`, and what."""
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one object, taken by name and type; `pointer` is where the object stands."""

    values: Mapping[str, JsonValue]
    pointer: str = "#"

    @classmethod
    def of(
        cls,
        value: JsonValue,
        pointer: str,
        required: Iterable[str],
        optional: Iterable[str] = (),
    ) -> "Members":
        """The members of `value`: every required one there, and none beyond the optional ones."""
        if not isinstance(value, dict):
            raise BadMember(pointer, f"expected an object, got {kind_of(value)}")
        required = frozenset(required)
        for name in sorted(required - value.keys()):
            raise BadMember(_at(pointer, name), "expected this member, got none")
        for name in sorted(value.keys() - required - frozenset(optional)):
            raise BadMember(_at(pointer, name), "expected no such member, got one")
        return cls(value, pointer)

    def __contains__(self, name: str) -> bool:
        """Whether the member is there."""
        return name in self.values

    def text(self, name: str, most: int, least: int = 1) -> str:
        """A text of `least` to `most` characters, none of them a control character."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise BadMember(self.at(name), f"expected text, got {kind_of(value)}")
        if not least <= len(value) <= most:
            raise BadMember(
                self.at(name), f"expected {least} to {most} characters, got {len(value)}"
            )
        if _CONTROL.search(value):
            raise BadMember(self.at(name), "expected text, got a control character")
        return value

    def integer(self, name: str, least: int = 0, most: int = MOST_INTEGER) -> int:
        """A whole number from `least` to `most`; a boolean or `1.0` is none."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadMember(self.at(name), f"expected a whole number, got {kind_of(value)}")
        if not least <= value <= most:
            raise BadMember(self.at(name), f"expected {least} to {most}, got {value}")
        return value

    def array(self, name: str, most: int, least: int = 1) -> list[JsonValue]:
        """An array of `least` to `most` entries."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise BadMember(self.at(name), f"expected an array, got {kind_of(value)}")
        if not least <= len(value) <= most:
            raise BadMember(self.at(name), f"expected {least} to {most} entries, got {len(value)}")
        return value

    def members(
        self, name: str, required: Iterable[str], optional: Iterable[str] = ()
    ) -> "Members":
        """The members of an object in this one."""
        return Members.of(self.values.get(name), self.at(name), required, optional)

    def at(self, name: str) -> str:
        """The pointer of a member."""
        return _at(self.pointer, name)


def _at(pointer: str, name: str) -> str:
    """The pointer of a member; its name is cut, since an unknown one is the caller's text."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{escaped[:64]}"
