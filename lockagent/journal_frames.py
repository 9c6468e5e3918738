"""How journal entries lie in a file: frames that a torn write cannot be taken for.

`frame = kind (1 byte) || length (4) || CRC-32 of kind, length and content (4) || content`. Kind
`E` is an entry as written by `access_event`; kind `S` a stub, the 32-byte SHA-256 of an entry that
gave way to newer ones, so that the chain can still be recomputed around it.

The CRC finds what a power cut tore; tampering is found by the hash chain and the agent's signature.
Pure: bytes in, frames out.
"""

import hashlib
import zlib
from dataclasses import dataclass
from enum import IntEnum

HASH_BYTES = 32
_HEAD_BYTES = 9
_LONGEST_CONTENT = 4096


class FrameKind(IntEnum):
    """What a frame holds."""

    ENTRY = ord("E")
    STUB = ord("S")


@dataclass(frozen=True, slots=True)
class Frame:
    """One entry, or the hash that stands for it."""

    kind: FrameKind
    content: bytes

    @property
    def entry_hash(self) -> bytes:
        """The hash that the next entry of the chain names."""
        if self.kind is FrameKind.STUB:
            return self.content
        return hashlib.sha256(self.content).digest()

    def encode(self) -> bytes:
        """The frame as it lies in the file."""
        head = bytes((self.kind,)) + len(self.content).to_bytes(4, "big")
        return head + zlib.crc32(head + self.content).to_bytes(4, "big") + self.content

    def stub(self) -> "Frame":
        """The frame that keeps this one's place in the chain and nothing else."""
        return Frame(FrameKind.STUB, self.entry_hash)


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
        frames.append(Frame(FrameKind(head[0]), content))
        at = end
    return frames, at
