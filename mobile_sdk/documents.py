"""JSON that the phone did not just write itself, read strictly and taken member by member.

Two sources: the key server's answers and the phone's own files. Rules kept here:
- one object, as `lockagent.protocol.strict_json` reads it;
- a member is taken by name and type, and a missing or mistyped one says which;
- a member nobody asks for is left alone, since a server may be newer than a phone.

What the members mean, and whether they are to be believed, is said elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import from_base64url
from lockagent.protocol.strict_json import BadJson, JsonValue, parse_object
from policies.vocabulary import Instant, parse_instant

MOST_ENTRIES = 4096


class BadDocument(ValueError):
    """Not the JSON that was expected; one sentence, expected then got, without any value."""


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one object; `place` is where it stands, for the sentences."""

    values: Mapping[str, JsonValue]
    place: str = "the document"

    def text(self, name: str, most: int = 4096) -> str:
        """A text of 1 to `most` characters."""
        value = self.values.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise self._fault(name, f"a text of 1 to {most} characters")
        return value

    def optional_text(self, name: str, most: int = 4096) -> str | None:
        """As `text`, None where the member is null or not there."""
        return None if self.values.get(name) is None else self.text(name, most)

    def number(self, name: str, least: int = 0, most: int = 2**32 - 1) -> int:
        """A whole number from `least` to `most`; a boolean is none."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._fault(name, f"a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self._fault(name, "true or false")
        return value

    def instant(self, name: str) -> Instant:
        """An RFC 3339 UTC instant with `Z`."""
        try:
            return parse_instant(self.text(name, 20))
        except ValueError as error:
            raise self._fault(name, "an instant like 2026-10-14T17:00:00Z") from error

    def optional_instant(self, name: str) -> Instant | None:
        """As `instant`, None where the member is null or not there."""
        return None if self.values.get(name) is None else self.instant(name)

    def octets(self, name: str, most: int = 65_536) -> bytes:
        """Bytes written as base64url without padding."""
        try:
            return from_base64url(self.text(name, most))
        except MalformedMessage as error:
            raise self._fault(name, "base64url without padding") from error

    def octet_strings(self, name: str) -> tuple[bytes, ...]:
        """An array of bytes, each written as base64url."""
        try:
            return tuple(from_base64url(text) for text in self.texts(name))
        except MalformedMessage as error:
            raise self._fault(name, "an array of base64url texts") from error

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of texts."""
        array = self._array(name)
        if not all(isinstance(entry, str) for entry in array):
            raise self._fault(name, "an array of texts")
        return tuple(entry for entry in array if isinstance(entry, str))

    def objects(self, name: str) -> tuple["Members", ...]:
        """An array of objects."""
        return tuple(
            Members.of(entry, f"{name}[{position}]")
            for position, entry in enumerate(self._array(name))
        )

    def inner(self, name: str) -> "Members":
        """The object under `name`."""
        return Members.of(self.values.get(name), name)

    @classmethod
    def of(cls, value: JsonValue, place: str) -> "Members":
        """The members of `value`, which has to be an object."""
        if not isinstance(value, dict):
            raise BadDocument(f"expected {place} as an object, got another type")
        return cls(value, place)

    def _array(self, name: str) -> list[JsonValue]:
        value = self.values.get(name)
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            raise self._fault(name, f"an array of at most {MOST_ENTRIES}")
        return value

    def _fault(self, name: str, expected: str) -> BadDocument:
        return BadDocument(f"expected {name} in {self.place} as {expected}, got something else")


def parse_document(received: bytes) -> Members:
    """The members of one JSON object, or BadDocument."""
    try:
        return Members(parse_object(received))
    except BadJson as error:
        raise BadDocument(str(error)) from error


def write_document(document: Mapping[str, object]) -> bytes:
    """The one form in which the phone writes JSON, to files and to the server."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
