"""The radio's names: one service, three characteristics, one advertisement. SPEC.md section 9.

The advertisement is 31 bytes, a full legacy one (Core 5.4, Vol 3 Part C, 11), so nothing is in the
scan response: flags, the complete list with the one service, and manufacturer data that says
protocol version, `reader_id` and state. Everything in it is a hint: a phone chooses whom to
connect to by it and trusts none of it. `about` is read after connecting: `[[+ version], ATT MTU]`,
for phones whose programming interface shows no MTU.

Pure: bytes in, values out. Door and phone share it; neither radio stack is named here.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import NewType
from uuid import UUID

from lockagent.protocol.encoding import Value, decode, encode, take_array, take_uint
from lockagent.protocol.errors import MalformedMessage

ReaderId = NewType("ReaderId", bytes)
"""4 bytes given by the server, unique in the installation; 8 hex digits where people read it."""

SERVICE_UUID = UUID("9e6c0001-3eb4-491b-802e-a63d21a0bc19")
EXCHANGE_UUID = UUID("9e6c0002-3eb4-491b-802e-a63d21a0bc19")
"""Write, write without response, notify: the fragments of SPEC.md 4.1, both ways."""
READER_CERTIFICATE_UUID = UUID("9e6c0003-3eb4-491b-802e-a63d21a0bc19")
"""Read: the reader certificate as issued, for a phone that does not hold it."""
ABOUT_UUID = UUID("9e6c0004-3eb4-491b-802e-a63d21a0bc19")
"""Read: `About`."""

COMPANY = 0xFFFF
"""The company identifier Bluetooth reserves for use before one is assigned."""
PROTOCOL_VERSION = 1
READER_ID_BYTES = 4

MIN_ATT_MTU = 23
MAX_ATT_MTU = 517
"""What both sides ask for: a value of 512 bytes and the 5 bytes the longest ATT header takes."""
MAX_ATTRIBUTE_BYTES = 512
"""Core 5.4, Vol 3 Part F, 3.2.9."""
_ATT_HEADER_BYTES = 3

_FLAGS = bytes((2, 0x01, 0x06))  # LE general discoverable, no BR/EDR
_SERVICES = bytes((17, 0x07)) + SERVICE_UUID.bytes[::-1]
_MANUFACTURER_HEAD = bytes((9, 0xFF)) + COMPANY.to_bytes(2, "little")
ADVERTISEMENT_BYTES = 31


class ReaderState(IntFlag):
    """What a reader says of itself to anyone: a hint, never trusted."""

    NONE = 0
    BUSY = 1
    UNLOCKED = 2
    ASKS_FOR_TIME = 4


_KNOWN_STATES = ReaderState.BUSY | ReaderState.UNLOCKED | ReaderState.ASKS_FOR_TIME


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One reader on the air."""

    reader_id: ReaderId
    state: ReaderState = ReaderState.NONE
    version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """The whole 31 bytes."""
        return _FLAGS + _SERVICES + _MANUFACTURER_HEAD + self.manufacturer_data()

    def manufacturer_data(self) -> bytes:
        """Version, `reader_id`, state: the 6 bytes after the company identifier."""
        if len(self.reader_id) != READER_ID_BYTES:
            raise ValueError(f"expected a reader id of 4 bytes, got {len(self.reader_id)}")
        return bytes((self.version,)) + self.reader_id + bytes((self.state,))

    @classmethod
    def decode(cls, received: bytes) -> "Advertisement":
        """The reader behind 31 bytes, or MalformedMessage for any other advertisement."""
        head = _FLAGS + _SERVICES + _MANUFACTURER_HEAD
        if len(received) != ADVERTISEMENT_BYTES or not received.startswith(head):
            raise MalformedMessage(f"expected a reader's advertisement, got {len(received)} others")
        return cls.decode_manufacturer_data(received[len(head) :])

    @classmethod
    def decode_manufacturer_data(cls, received: bytes) -> "Advertisement":
        """The reader behind the 6 bytes after company `0xFFFF`, as radio stacks hand them over.

        State bits not defined in version 1 are dropped: they are hints to newer phones.
        """
        if len(received) != 2 + READER_ID_BYTES:
            raise MalformedMessage(f"expected 6 bytes after the company, got {len(received)}")
        return cls(ReaderId(received[1:-1]), ReaderState(received[-1] & _KNOWN_STATES), received[0])


@dataclass(frozen=True, slots=True)
class About:
    """What `about` reads as: the versions the door speaks, and the ATT MTU it sees."""

    versions: tuple[int, ...]
    att_mtu: int

    def encode(self) -> bytes:
        """CBOR `[[+ version], ATT MTU]`."""
        if not self.versions:
            raise ValueError("expected at least one version, got none")
        versions: list[Value] = list(self.versions)
        return encode([versions, self.att_mtu])

    @classmethod
    def decode(cls, received: bytes) -> "About":
        """Ascending distinct versions 1 to 255 and an MTU of at least 23, or MalformedMessage."""
        versions_item, mtu_item = take_array(decode(received), "about", 2)
        versions = [
            take_uint(item, "a version", most=255, least=1)
            for item in take_array(versions_item, "versions", least=1)
        ]
        if versions != sorted(set(versions)):
            raise MalformedMessage(f"expected ascending versions, got {versions}")
        return cls(tuple(versions), take_uint(mtu_item, "ATT MTU", 0xFFFF, MIN_ATT_MTU))


def fragment_bytes(att_mtu: int) -> int:
    """The longest fragment, header byte included, that one value of `exchange` takes."""
    return min(att_mtu - _ATT_HEADER_BYTES, MAX_ATTRIBUTE_BYTES)
