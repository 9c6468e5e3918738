"""Messages in fragments that fit any ATT MTU. SPEC.md section 4.1.

A fragment is a header byte and at least one byte more. Header: bit 7 FIRST, bit 6 LAST, bits 5-4
the channel, bits 3-0 a counter, 0 at FIRST and +1 mod 16. Rules kept here:
- all fragments of a message carry one channel; a channel that is not expected now is refused;
- FIRST inside a message, a missing FIRST, a gap or an empty fragment is refused;
- no message has more than 1,024 bytes, and nothing above that is ever held.

After a refusal the buffer is empty and the caller disconnects; nothing is sent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from lockagent.protocol.errors import MalformedMessage

MAX_MESSAGE_BYTES = 1024

_FIRST, _LAST = 0x80, 0x40
_COUNTER_MASK = 0x0F
_CHANNEL_SHIFT = 4


class Channel(IntEnum):
    """What a message is; 3 is refused."""

    EDHOC = 0
    EDHOC_ERROR = 1
    RECORD = 2


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message and the channel it came on."""

    channel: Channel
    content: bytes


def split(message: Message, fragment_bytes: int) -> list[bytes]:
    """The fragments of `message`, each of at most `fragment_bytes` (2 or more) with its header."""
    content, room = message.content, fragment_bytes - 1
    if room < 1:
        raise ValueError(f"expected fragments of at least 2 bytes, got {fragment_bytes}")
    if not 1 <= len(content) <= MAX_MESSAGE_BYTES:
        raise ValueError(f"expected a message of 1 to {MAX_MESSAGE_BYTES}, got {len(content)}")
    fragments = []
    for number, start in enumerate(range(0, len(content), room)):
        header = message.channel << _CHANNEL_SHIFT | number & _COUNTER_MASK
        header |= _FIRST if start == 0 else 0
        header |= _LAST if start + room >= len(content) else 0
        fragments.append(bytes((header,)) + content[start : start + room])
    return fragments


class Reassembly:
    """The one message in flight of one direction of one connection."""

    __slots__ = ("_buffer", "_channel", "_count")

    def __init__(self) -> None:
        """Start with nothing held."""
        self._buffer = bytearray()
        self._channel: Channel | None = None
        self._count = 0

    def take(self, fragment: bytes, expected: Collection[Channel]) -> Message | None:
        """Add a fragment; the message if it was the last, None if more is to come.

        `expected` are the channels the state of the session allows now. MalformedMessage frees
        what was held.
        """
        try:
            return self._take(fragment, expected)
        except MalformedMessage:
            self._free()
            raise

    @property
    def held_bytes(self) -> int:
        """How much of a message is held."""
        return len(self._buffer)

    def _take(self, fragment: bytes, expected: Collection[Channel]) -> Message | None:
        if len(fragment) < 2:
            raise MalformedMessage(f"expected a header and a byte or more, got {len(fragment)}")
        header = fragment[0]
        is_first, is_inside = bool(header & _FIRST), self._channel is not None
        if is_first == is_inside:
            got = "another FIRST" if is_first else "no FIRST"
            raise MalformedMessage(f"expected the message's next fragment, got {got}")
        channel = self._channel_of(header >> _CHANNEL_SHIFT & 3, expected)
        if header & _COUNTER_MASK != self._count & _COUNTER_MASK:
            raise MalformedMessage(
                f"expected fragment {self._count & _COUNTER_MASK}, got {header & _COUNTER_MASK}"
            )
        if len(self._buffer) + len(fragment) - 1 > MAX_MESSAGE_BYTES:
            raise MalformedMessage(f"expected at most {MAX_MESSAGE_BYTES} bytes, got more")
        self._channel = channel
        self._count += 1
        self._buffer += fragment[1:]
        if not header & _LAST:
            return None
        message = Message(channel, bytes(self._buffer))
        self._free()
        return message

    def _channel_of(self, bits: int, expected: Collection[Channel]) -> Channel:
        if self._channel is not None:
            if bits != self._channel:
                raise MalformedMessage(f"expected channel {self._channel:d}, got {bits}")
            return self._channel
        for channel in expected:
            if bits == channel:
                return channel
        raise MalformedMessage(f"expected a channel the session awaits, got {bits}")

    def _free(self) -> None:
        self._buffer.clear()
        self._channel = None
        self._count = 0
