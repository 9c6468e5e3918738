"""What hostile bytes may cost a door: time and memory of the worst of them (abuse case A12)."""

import time
import tracemalloc

from lockagent.protocol.encoding import decode
from lockagent.protocol.errors import MalformedMessage
from tests.bench.measuring import Measure

ROUNDS = 20
BOMBS = (
    b"\x81" * 200_000,
    b"\x9a\xff\xff\xff\xff",
    b"\x9b" + b"\xff" * 8,
    b"\x7b\x00\x00\x01\x00\x00\x00\x00\x00",
    b"\xbb" + b"\xff" * 8,
    b"\xc2\x5a\x00\x01\x90\x00" + bytes(102_400),
    b"\x99\x03\xe8" + b"\x18\x18" * 999,
)
"""Nesting, lengths beyond the bytes at hand, a bignum, and as many items as a message holds."""


def measure() -> list[Measure]:
    """`cbor_bomb_ms` and `cbor_bomb_kib`."""
    slowest = max(_refuse_ms(bomb) for bomb in BOMBS for _ in range(ROUNDS))
    tracemalloc.start()
    for bomb in BOMBS:
        _refuse_ms(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    note = f"the worst of {len(BOMBS)}"
    return [
        Measure("cbor_bomb_ms", slowest, 5, note),
        Measure("cbor_bomb_kib", peak / 1024, 1024, note),
    ]


def _refuse_ms(bomb: bytes) -> float:
    begun = time.thread_time_ns()
    try:
        decode(bomb)
    except MalformedMessage:
        return (time.thread_time_ns() - begun) / 1e6
    raise RuntimeError("expected a refusal, got a value")
