"""Sets of people as bits: one bit a person, packed, or one boolean each of chosen people.

Rules kept here:
- a `Bitmap` has one bit for each number of a population, the lowest first, in words of 64; bits
  beyond the last person are 0, so nothing here complements a set by itself: what is not in one set
  is always taken from another (`first & ~second`);
- `&`, `|` and `& ~` mean the same of a bitmap and of an array of booleans, so that what is told of
  a condition is written once for all people at an instant and for chosen people at many.

Why packed words rather than compressed sets: docs/adr/0009. Pure.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.grant import Window

Bitmap = NDArray[np.uint64]
"""A set of people by number."""
Bits = NDArray[Any]
"""A bitmap, or booleans that go with an array of people."""
Numbers = NDArray[np.uint32]
"""People by number: 0 is the eldest."""
Instants = NDArray[np.int64]
"""Instants as `policies.vocabulary` has them."""

_WORD = 64
_FULL = np.uint64(2**64 - 1)


class Told(NamedTuple):
    """Of whom something surely holds, and of whom possibly; surely ⊆ possibly."""

    surely: Bits
    possibly: Bits

    def and_(self, other: "Told") -> "Told":
        """Of whom both hold."""
        surely = self.surely & other.surely
        if self.is_known() and other.is_known():
            return Told(surely, surely)
        return Told(surely, self.possibly & other.possibly)

    def or_(self, other: "Told") -> "Told":
        """Of whom either holds."""
        surely = self.surely | other.surely
        if self.is_known() and other.is_known():
            return Told(surely, surely)
        return Told(surely, self.possibly | other.possibly)

    def is_known(self) -> bool:
        """Whether there is no doubt of anybody, told cheaply: one value serves as both."""
        return self.surely is self.possibly


def without(first: Bits, second: Bits) -> Bits:
    """Who is in `first` and not in `second`."""
    return first & ~second


def nobody(size: int) -> Bitmap:
    """The empty set, in a population of `size`."""
    return np.zeros(-(-size // _WORD), np.uint64)


def numbered(size: int, first: int, beyond: int) -> Bitmap:
    """The people with numbers in `[first, beyond)`; nobody where there are none."""
    bits = nobody(size)
    if first >= beyond:
        return bits
    first_word, last_word = first // _WORD, (beyond - 1) // _WORD
    bits[first_word : last_word + 1] = _FULL
    bits[first_word] &= _FULL << np.uint64(first % _WORD)
    bits[last_word] &= _FULL >> np.uint64(_WORD - 1 - (beyond - 1) % _WORD)
    return bits


def bitmap_of(size: int, numbers: Numbers) -> Bitmap:
    """The set of `numbers`, which may come in any order and repeat."""
    flags = np.zeros(-(-size // _WORD) * _WORD, np.bool_)
    flags[numbers] = True
    return np.packbits(flags, bitorder="little").view(np.uint64)


def toggled(bits: Bitmap, numbers: Numbers) -> Bitmap:
    """A new set, in which each of `numbers` is in or out anew as often as it comes."""
    if len(numbers) > len(bits):
        odd = np.bincount(numbers, minlength=len(bits) * _WORD) & 1
        return bits ^ np.packbits(odd.astype(np.bool_), bitorder="little").view(np.uint64)
    changed = bits.copy()
    np.bitwise_xor.at(changed, numbers >> 6, np.uint64(1) << (numbers & 63).astype(np.uint64))
    return changed


def count(bits: Bitmap) -> int:
    """How many people are in the set."""
    return int(np.bitwise_count(bits).sum())


def numbers_of(bits: Bitmap) -> Numbers:
    """The numbers in the set, ascending."""
    words = np.flatnonzero(bits)
    inside = np.unpackbits(bits[words].view(np.uint8), bitorder="little").reshape(-1, _WORD)
    rows, columns = np.nonzero(inside)
    return (words[rows] * _WORD + columns).astype(np.uint32)


def has_each(bits: Bitmap, numbers: Numbers) -> NDArray[np.bool_]:
    """For each of `numbers`, whether it is in the set."""
    shifted = bits[numbers >> 6] >> (numbers & 63).astype(np.uint64)
    inside: NDArray[np.bool_] = (shifted & np.uint64(1)).astype(np.bool_)
    return inside


def on_a_line(people: Numbers, instants: Instants, span: Window) -> NDArray[np.int64]:
    """Each person and instant of the span as one number, by person and then by instant."""
    line: NDArray[np.int64] = people.astype(np.int64) * (span.end - span.start + 1)
    return line + (instants - span.start)
