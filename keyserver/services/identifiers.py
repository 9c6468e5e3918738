"""Identifiers and codes that the server makes, from random bytes that come in as an argument.

Crockford base32: digits and capital letters without I, L, O and U. Ids have 16 characters (80
bits) behind a prefix. Codes typed by people have 12 (60 bits) in three groups; they are read with
the confusions a person makes (lower case, O for 0, I and L for 1, other gaps), and kept as a hash.
"""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

RandomBytes: TypeAlias = Callable[[int], bytes]
"""A source of unpredictable bytes: the number wanted in, that many out."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 12
_GROUP = 4
_AS_READ = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_identifier(prefix: str, random_bytes: RandomBytes) -> str:
    """An id such as `dev_` and 16 characters."""
    return prefix + crockford(random_bytes(10), 16)


def new_code(random_bytes: RandomBytes) -> str:
    """A code such as `7KQ2-M9XD-4TPA`."""
    text = crockford(random_bytes(8), CODE_CHARACTERS)
    return "-".join(text[at : at + _GROUP] for at in range(0, CODE_CHARACTERS, _GROUP))


def code_hash(code: str) -> bytes | None:
    """What is kept of a code as a person typed it; None where it has no code's form."""
    if len(code) > 4 * CODE_CHARACTERS:
        return None
    text = code.upper().translate(_AS_READ)
    if len(text) != CODE_CHARACTERS or not set(text) <= set(ALPHABET):
        return None
    return hashlib.sha256(b"bynokkel code " + text.encode()).digest()


def crockford(data: bytes, characters: int) -> str:
    """The lowest `5 * characters` bits of `data`, most significant first."""
    number = int.from_bytes(data, "big")
    return "".join(ALPHABET[number >> 5 * at & 31] for at in reversed(range(characters)))
