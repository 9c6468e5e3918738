"""How EDHOC writes names: connection identifiers and ID_CRED fields (RFC 9528, 3.3.2 and 3.5.3).

Both are byte strings with a short form on the air. A byte string that is itself the one-byte CBOR
encoding of an integer (00 to 17, 20 to 37) travels as that byte; `{4: kid}` travels as its kid.
Each has exactly one form on the air, and the other is refused.

An ID_CRED is passed around as the encoded map (`a1 04 48 ...`), which is what MACs and signatures
cover. One received in another form than the kid's is the slice received, never encoded again.
"""

from lockagent.protocol.encoding import decode_item, encode
from lockagent.protocol.errors import MalformedMessage

KID_LABEL = 4


def write_identifier(identifier: bytes) -> bytes:
    """`identifier` as it stands in a message (RFC 9528, 3.3.2)."""
    return identifier if _is_one_byte_integer(identifier) else encode(identifier)


def read_identifier(received: bytes, start: int) -> tuple[bytes, int]:
    """The identifier whose item begins at `start`, and where the item ends."""
    value, end = decode_item(received, start)
    if isinstance(value, bytes):
        if _is_one_byte_integer(value):
            raise MalformedMessage("expected a one-byte identifier as its integer, got a string")
        return value, end
    written = received[start:end]
    if not _is_one_byte_integer(written):
        raise MalformedMessage("expected an identifier as a byte string or -24 to 23, got another")
    return written, end


def kid_id_cred(kid: bytes) -> bytes:
    """The encoded ID_CRED `{4: kid}`."""
    return _KID_MAP + encode(kid)


def write_id_cred(id_cred: bytes) -> bytes:
    """`id_cred`, an encoded map, as it stands in a plaintext (RFC 9528, 3.5.3.2)."""
    value, end = decode_item(id_cred, 0)
    if not isinstance(value, dict) or not value or end != len(id_cred):
        raise ValueError("expected ID_CRED as one encoded map, got something else")
    if value.keys() != {KID_LABEL}:
        return id_cred
    kid = value[KID_LABEL]
    if not isinstance(kid, bytes):
        raise ValueError("expected a kid as a byte string, got another type")
    return write_identifier(kid)


def read_id_cred(received: bytes, start: int) -> tuple[bytes, int]:
    """The ID_CRED, as an encoded map, whose item begins at `start`, and where the item ends."""
    lead = received[start : start + 1]
    if lead and lead[0] >> 5 != 5:
        kid, end = read_identifier(received, start)
        return kid_id_cred(kid), end
    value, end = decode_item(received, start)
    if not isinstance(value, dict) or not value:
        raise MalformedMessage("expected an ID_CRED that names something, got an empty map")
    if value.keys() == {KID_LABEL}:
        raise MalformedMessage("expected a lone kid in its short form, got a map around it")
    return received[start:end], end


def kid_of(id_cred: bytes) -> bytes | None:
    """The kid where `id_cred` is `{4: kid}`, else None."""
    if not id_cred.startswith(_KID_MAP):
        return None
    kid, end = decode_item(id_cred, len(_KID_MAP))
    return kid if isinstance(kid, bytes) and end == len(id_cred) else None


def value_id_cred(label: int, item: bytes) -> bytes:
    """The encoded ID_CRED `{label: item}`, which carries the encoded `item` as it is."""
    return _head_of_one(label) + item


def credential_by_value(id_cred: bytes, label: int) -> bytes | None:
    """The item under `label` where `id_cred` is `{label: item}`, else None: a slice of it.

    With label 13 (kcwt) or 14 (kccs) it is the CRED as the peer wrote it (RFC 9528, 3.5.2).
    """
    head = _head_of_one(label)
    return id_cred[len(head) :] if id_cred.startswith(head) else None


def _head_of_one(label: int) -> bytes:
    return b"\xa1" + encode(label)


_KID_MAP = _head_of_one(KID_LABEL)


def _is_one_byte_integer(item: bytes) -> bool:
    return len(item) == 1 and (item[0] <= 0x17 or 0x20 <= item[0] <= 0x37)
