"""The forms of EDHOC's messages and plaintexts (RFC 9528, 5 and 3.8), read strictly.

Reading takes a message apart once, into a frozen value that keeps slices of what was received
wherever a hash, a MAC or a signature will need them. Items too many or too few, an array around a
message, a wrong length or type: `MalformedMessage`. Nothing is decided here: suites, methods and
EAD labels are the handshake's and the application's to judge.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from lockagent.protocol.edhoc.identification import (
    read_id_cred,
    read_identifier,
    write_identifier,
)
from lockagent.protocol.edhoc.refusal import (
    HandshakeRefused,
    RefusalKind,
    read_suites,
    suites_value,
)
from lockagent.protocol.encoding import decode, decode_item, encode, encode_sequence, take_bytes
from lockagent.protocol.errors import MalformedMessage

PADDING_LABEL = 0
NONE_UNDERSTOOD: frozenset[int] = frozenset()


class EadItem(NamedTuple):
    """One item of external authorization data; a negative label is critical (RFC 9528, 3.8)."""

    label: int
    value: bytes | None = None


Ead: TypeAlias = tuple[EadItem, ...]


@dataclass(frozen=True, slots=True)
class Message1:
    """message_1 taken apart: SUITES_I with the selected suite last, C_I as a byte string."""

    method: int
    suites: tuple[int, ...]
    g_x: bytes
    c_i: bytes
    ead: Ead


@dataclass(frozen=True, slots=True)
class Plaintext:
    """PLAINTEXT_2 or PLAINTEXT_3 from ID_CRED_x on; `id_cred` is the encoded map."""

    id_cred: bytes
    signature_or_mac: bytes
    ead: Ead
    ead_bytes: bytes


def write_message_1(message: Message1) -> bytes:
    """message_1 as a CBOR sequence (RFC 9528, 5.2.1)."""
    head = encode_sequence(message.method, suites_value(message.suites), message.g_x)
    return head + write_identifier(message.c_i) + write_ead(message.ead)


def read_message_1(received: bytes) -> Message1:
    """Take message_1 apart; the length of G_X is the suite's to know and not checked here."""
    method, at = decode_item(received, 0)
    if isinstance(method, bool) or not isinstance(method, int):
        raise MalformedMessage("expected METHOD as an integer, got another type")
    suites, at = decode_item(received, at)
    g_x, at = decode_item(received, at)
    c_i, at = read_identifier(received, at)
    return Message1(
        method=method,
        suites=read_suites(suites),
        g_x=take_bytes(g_x, "G_X"),
        c_i=c_i,
        ead=read_ead(received, at),
    )


def read_lone_string(received: bytes, name: str) -> bytes:
    """The content of message_2, message_3 or message_4: exactly one byte string."""
    return take_bytes(decode(received), name)


def read_plaintext_2(received: bytes, size: int) -> tuple[bytes, Plaintext]:
    """C_R and the rest of PLAINTEXT_2, whose Signature_or_MAC_2 has `size` bytes."""
    c_r, at = read_identifier(received, 0)
    return c_r, _read_plaintext(received, at, size)


def read_plaintext_3(received: bytes, size: int) -> Plaintext:
    """PLAINTEXT_3, whose Signature_or_MAC_3 has `size` bytes."""
    return _read_plaintext(received, 0, size)


def _read_plaintext(received: bytes, start: int, size: int) -> Plaintext:
    id_cred, at = read_id_cred(received, start)
    proof, at = decode_item(received, at)
    return Plaintext(
        id_cred=id_cred,
        signature_or_mac=take_bytes(proof, "Signature_or_MAC", size),
        ead=read_ead(received, at),
        ead_bytes=received[at:],
    )


def write_ead(items: Iterable[EadItem]) -> bytes:
    """The items of an EAD field as a CBOR sequence; empty where there are none."""
    out = bytearray()
    for label, value in items:
        out += encode(label)
        if value is not None:
            out += encode(value)
    return bytes(out)


def read_ead(received: bytes, start: int) -> Ead:
    """The EAD items from `start` to the end of the message."""
    if start == len(received):
        return ()
    items: list[EadItem] = []
    at = start
    while at < len(received):
        value, at = decode_item(received, at)
        if isinstance(value, bytes) and items and items[-1].value is None:
            items[-1] = EadItem(items[-1].label, value)
        elif isinstance(value, int) and not isinstance(value, bool):
            items.append(EadItem(value))
        else:
            raise MalformedMessage("expected an EAD label or the value of one, got another item")
    return tuple(items)


def refuse_unknown_critical(ead: Ead, understood: Collection[int]) -> None:
    """HandshakeRefused where a critical item's label is not among `understood` (absolute values).

    The rest of what an item says is the application's (RFC 9528, 3.8): it gets them all.
    """
    for label, _ in ead:
        if label < 0 and -label not in understood:
            raise HandshakeRefused(
                RefusalKind.CRITICAL_EAD, f"expected no critical EAD unknown here, got {label}"
            )
