"""How journal entries lie in a file: frames that a torn write cannot be taken for.

`frame = kind (1 byte) || length (4) || CRC-32 of kind, length and content (4) || content`. Kind
`E` is an entry as written by `access_event`; kind `S` a stub in the place of entries that gave way
to newer ones: how many (4 bytes) and the 32-byte SHA-256 of the last of them, which the entry that
follows names. So the chain can still be recomputed around them.

The CRC finds what a power cut tore; tampering is found by the hash chain and the agent's signature.
Pure: bytes in, frames out.
"""

import hashlib
import zlib
from dataclasses import dataclass
from enum import IntEnum

HASH_BYTES = 32
_COUNT_BYTES = 4
_HEAD_BYTES = 9
_LONGEST_CONTENT = 4096


class FrameKind(IntEnum):
    """What a frame holds."""

    ENTRY = ord("E")
    STUB = ord("S")


@dataclass(frozen=True, slots=True)
class Frame:
    """One entry, or a stub for some that gave way."""

    kind: FrameKind
    content: bytes

    @property
    def entry_hash(self) -> bytes:
        """The hash that the next entry of the chain names."""
        if self.kind is FrameKind.STUB:
            return self.content[_COUNT_BYTES:]
        return hashlib.sha256(self.content).digest()

    @property
    def stands_for(self) -> int:
        """How many entries of the chain this is."""
        if self.kind is FrameKind.STUB:
            return int.from_bytes(self.content[:_COUNT_BYTES], "big")
        return 1

    def encode(self) -> bytes:
        """The frame as it lies in the file."""
        head = bytes((self.kind,)) + len(self.content).to_bytes(4, "big")
        return head + zlib.crc32(head + self.content).to_bytes(4, "big") + self.content

    def stub(self, before: "Frame | None" = None) -> "Frame":
        """The frame that keeps the place of this one in the chain, and of a stub right before."""
        count = self.stands_for + (0 if before is None else before.stands_for)
        return Frame(FrameKind.STUB, count.to_bytes(_COUNT_BYTES, "big") + self.entry_hash)


def read_frames(written: bytes) -> tuple[list[Frame], int]:
    """The whole frames from the beginning of a file, and how many bytes they take.

    What comes after them is a torn write, or damage.
    """
    frames: list[Frame] = []
    at = 0
    while at + _HEAD_BYTES <= len(written):
        head, check = written[at : at + 5], written[at + 5 : at + _HEAD_BYTES]
        length = int.from_bytes(head[1:], "big")
        end = at + _HEAD_BYTES + length
        if length > _LONGEST_CONTENT or end > len(written) or head[0] not in tuple(FrameKind):
            break
        content = written[at + _HEAD_BYTES : end]
        if zlib.crc32(head + content).to_bytes(4, "big") != check:
            break
        if head[0] == FrameKind.STUB and length != _COUNT_BYTES + HASH_BYTES:
            break
        frames.append(Frame(FrameKind(head[0]), content))
        at = end
    return frames, at
