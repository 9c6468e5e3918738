"""OPEN and RESULT, and the records that carry them under the EDHOC exporter. SPEC.md section 4.

Record n of a direction (0 to 3) is `bstr(AES-CCM-16-64-128(K, IV xor n, aad, plaintext))`, the aad
being the two bytes type and n. Rules kept here:
- a record is sealed once: `RecordSender` counts and never goes back;
- OPEN has 32 bytes and RESULT 48, padded by a byte string of zeros that makes the whole exact;
- message_3 and OPEN together have 360, 540, 720 or 900 bytes, so length tells a listener little.

Pure; randomness comes in as arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from lockagent.protocol.edhoc.messages import PADDING_LABEL, Ead, EadItem
from lockagent.protocol.encoding import (
    Value,
    decode,
    decode_item,
    encode,
    take_array,
    take_bytes,
    take_uint,
)
from lockagent.protocol.errors import CoarseReason, MalformedMessage, UnsupportedVersion
from lockagent.protocol.gatt import PROTOCOL_VERSION
from policies.vocabulary import MAX_ACCESS_POINT_NUMBER, AccessPointNumber, Action, Instant

OPEN_BYTES, RESULT_BYTES = 32, 48
ATTEMPT_BYTES, NONCE_BYTES = 8, 16
PRESENTATION_CLASSES = (360, 540, 720, 900)
MAX_RECORDS = 4

ACTIONS = tuple(Action)
"""An action by its number in OPEN."""

_TAG_BYTES = 8
_OPTION_LONGER_STRIKE = 1
# bstr head of message_3 (3), ID_CRED_I around the kcwt (2), Signature (66), tag (8), OPEN (42).
_PRESENTATION_FRAME_BYTES = 3 + 2 + 66 + _TAG_BYTES + 2 + OPEN_BYTES + _TAG_BYTES

Exporter = Callable[[int, bytes, int], bytes]
"""EDHOC_Exporter(label, context, length) of a completed session (RFC 9528, 4.2.1)."""


class RecordType(IntEnum):
    """What a record carries; bound as additional data."""

    OPEN = 0
    RESULT = 1
    BUNDLE = 2
    CHUNK = 3
    ACK = 4
    TIME_TOKEN = 5


class Direction(IntEnum):
    """Who sends; the value is the exporter label of its key, the next one that of its IV."""

    PHONE_TO_DOOR = 32768
    DOOR_TO_PHONE = 32770


class _RecordKey:
    """One direction's key and IV, and the number of the next record."""

    __slots__ = ("_aead", "_iv", "_next")

    def __init__(self, exporter: Exporter, direction: Direction) -> None:
        self._aead = AESCCM(exporter(direction, b"", 16), tag_length=_TAG_BYTES)
        self._iv = exporter(direction + 1, b"", 13)
        self._next = 0

    def _take_number(self, record_type: RecordType) -> tuple[bytes, bytes] | None:
        """Nonce and additional data of the next record; None where all numbers are used."""
        number = self._next
        if number == MAX_RECORDS:
            return None
        self._next += 1
        return self._iv[:-1] + bytes((self._iv[-1] ^ number,)), bytes((record_type, number))


class RecordSender(_RecordKey):
    """Seals the records of one direction, each number once."""

    def seal(self, record_type: RecordType, plaintext: bytes) -> bytes:
        """The next record, as the byte string that is sent."""
        numbered = self._take_number(record_type)
        if numbered is None:
            raise RuntimeError(f"expected at most {MAX_RECORDS} records to seal, got one more")
        nonce, aad = numbered
        return encode(self._aead.encrypt(nonce, plaintext, aad))


class RecordReceiver(_RecordKey):
    """Opens the records of one direction, in order."""

    def open(self, record_type: RecordType, received: bytes) -> bytes:
        """The plaintext of the next record, or MalformedMessage."""
        numbered = self._take_number(record_type)
        if numbered is None:
            raise MalformedMessage(f"expected at most {MAX_RECORDS} records, got one more")
        nonce, aad = numbered
        sealed = take_bytes(decode(received), "a record")
        try:
            return self._aead.decrypt(nonce, sealed, aad)
        except (InvalidTag, ValueError) as error:
            raise MalformedMessage("expected a record of this session, got other bytes") from error


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What the phone asks; `attempt` (8 bytes) is the same in a retry."""

    point: AccessPointNumber
    action: Action
    attempt: bytes
    longer_strike: bool = False

    def encode(self) -> bytes:
        """The 32 bytes of OPEN."""
        options = _OPTION_LONGER_STRIKE if self.longer_strike else 0
        fields: list[Value] = [
            PROTOCOL_VERSION,
            self.point,
            int(self.action),
            self.attempt,
            options,
        ]
        return _padded(fields, OPEN_BYTES)

    @classmethod
    def parse(cls, received: bytes) -> Self:
        """Read OPEN, or MalformedMessage; another version is UnsupportedVersion."""
        version, point, action, attempt, options = _unpadded(received, "OPEN", OPEN_BYTES, 5)
        if take_uint(version, "the version") != PROTOCOL_VERSION:
            raise UnsupportedVersion(f"expected version {PROTOCOL_VERSION}, got {version!r}")
        number = take_uint(point, "the access point", MAX_ACCESS_POINT_NUMBER, least=1)
        return cls(
            point=AccessPointNumber(number),
            action=ACTIONS[take_uint(action, "the action", len(ACTIONS) - 1)],
            attempt=take_bytes(attempt, "the attempt", ATTEMPT_BYTES),
            longer_strike=bool(take_uint(options, "the options", _OPTION_LONGER_STRIKE)),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What the door answers; also the phone's proof that the door has the keys (RFC 9528, 5.5).

    `next_opening` is the start of the next window the credential has here; `bundle` the version
    `(root, counter)` of the door's trust; `nonce` is for a time token, random when none is asked.
    """

    granted: bool
    strike_seconds: int
    reason: CoarseReason
    next_opening: Instant | None
    bundle: tuple[int, int]
    has_chunk: bool
    nonce: bytes

    def __post_init__(self) -> None:
        """A result says one thing: a grant has no reason, a denial no strike time."""
        if self.granted != (self.reason is CoarseReason.NONE):
            raise ValueError("expected a reason if and only if nothing was granted")
        if self.strike_seconds and not self.granted:
            raise ValueError("expected no strike time in a denial, got one")

    def encode(self) -> bytes:
        """The 48 bytes of RESULT."""
        return _padded(
            [
                int(self.granted),
                self.strike_seconds,
                int(self.reason),
                self.next_opening or 0,
                *self.bundle,
                int(self.has_chunk),
                self.nonce,
            ],
            RESULT_BYTES,
        )

    @classmethod
    def parse(cls, received: bytes) -> Self:
        """Read RESULT, or MalformedMessage."""
        granted, strike, reason, opening, root, counter, chunk, nonce = _unpadded(
            received, "RESULT", RESULT_BYTES, 8
        )
        at = take_uint(opening, "the next opening", 2**32 - 1)
        try:
            return cls(
                granted=bool(take_uint(granted, "granted", 1)),
                strike_seconds=take_uint(strike, "the strike time", 2**16 - 1),
                reason=CoarseReason(take_uint(reason, "the reason", max(CoarseReason))),
                next_opening=Instant(at) if at else None,
                bundle=(
                    take_uint(root, "the root", 2**32 - 1),
                    take_uint(counter, "the counter", 2**32 - 1),
                ),
                has_chunk=bool(take_uint(chunk, "chunk", 1)),
                nonce=take_bytes(nonce, "the nonce", NONCE_BYTES),
            )
        except ValueError as error:
            raise MalformedMessage(str(error)) from error


def ead_padding(credential_bytes: int, random_bytes: Callable[[int], bytes]) -> Ead:
    """EAD_3 that fills message_3 and OPEN to the smallest class that holds the credential.

    Label 0 is padding (RFC 9528, 3.8.1); its content is random. ValueError where the credential
    fits no class.
    """
    bare = credential_bytes + _PRESENTATION_FRAME_BYTES
    size = next((size for size in PRESENTATION_CLASSES if size >= bare), None)
    if size is None:
        most = PRESENTATION_CLASSES[-1] - _PRESENTATION_FRAME_BYTES
        raise ValueError(f"expected a credential of at most {most} bytes, got {credential_bytes}")
    return padding_of(size - bare, random_bytes)


def padding_of(count: int, random_bytes: Callable[[int], bytes]) -> Ead:
    """Items of label 0 that take exactly `count` bytes (SPEC.md 4.5)."""
    left, padding = count, list[EadItem]()
    while left:
        # One item has 1, 2 to 25, 27 to 258, or 260 and more bytes: 26 and 259 take two.
        if left in (1, 26, 259):
            padding.append(EadItem(PADDING_LABEL))
            left -= 1
            continue
        head = 2 if left <= 25 else 3 if left <= 258 else 4
        padding.append(EadItem(PADDING_LABEL, random_bytes(left - head)))
        left = 0
    return tuple(padding)


def split_presentation(received: bytes) -> tuple[bytes, bytes]:
    """message_3 and the OPEN record that were framed as one message, or MalformedMessage."""
    if len(received) not in PRESENTATION_CLASSES:
        sizes = ", ".join(map(str, PRESENTATION_CLASSES))
        raise MalformedMessage(f"expected message_3 and OPEN of {sizes} bytes, got {len(received)}")
    _, end = decode_item(received, 0)
    return received[:end], received[end:]


def _padded(fields: list[Value], size: int) -> bytes:
    bare = len(encode([*fields, b""]))
    return encode([*fields, bytes(size - bare)])


def _unpadded(received: bytes, name: str, size: int, count: int) -> list[Value]:
    if len(received) != size:
        raise MalformedMessage(f"expected {name} of {size} bytes, got {len(received)}")
    *fields, pad = take_array(decode(received), name, count + 1)
    if any(take_bytes(pad, "the padding")):
        raise MalformedMessage("expected a padding of zeros, got other bytes")
    return fields
