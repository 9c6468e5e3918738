"""The CPU between the last fragment of message_3 and the strike, over one P-256 verify.

A whole door: session, steps 3 to 14, the journal on this machine's disk. It is measured for a
credential the door has not seen, and for one it has; the raw verify takes turns with them, and
so does a bare synchronous write of an entry's size, since what a flush costs is the disk's.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from firmware_stubs.simulated_door import SimulatedDoor
from lockagent.protocol.framing import Channel, Message, split
from tests.bench.measuring import Measure, Samples, fresh
from tests.lockagent.door_rig import DoorRig
from tests.town import Town

ROUNDS = 400
ENTRY = bytes(160)
ATT_MTU = 517
_ECDSA = ec.ECDSA(hashes.SHA256())


class TimedDoor(SimulatedDoor):
    """A door that notes the thread's CPU time when its strike is told to release."""

    released_ns = 0

    def release(self, seconds: float) -> None:
        """Note the time, and release."""
        self.released_ns = time.thread_time_ns()
        super().release(seconds)


async def measure(folder: Path) -> list[Measure]:
    """`after_message_3_over_verify_new` and `after_message_3_over_verify_seen`."""
    folder.mkdir()
    door = TimedDoor()
    rig = DoorRig(folder, door=door)
    new, seen, verify, flush = Samples(), Samples(), Samples(), Samples()
    bare = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_DSYNC, 0o600)
    try:
        for _ in range(ROUNDS):
            town, raw_verify = fresh(rig.town), _raw_verify()
            new.taken.append(await _strike_ns(rig, door, town))
            verify.time(raw_verify)
            flush.time(lambda: os.pwrite(bare, ENTRY, 0))
            again = replace(town.request, attempt=token_bytes(8))
            seen.taken.append(await _strike_ns(rig, door, replace(town, request=again)))
    finally:
        os.close(bare)
        rig.stop()
    return [
        Measure(
            f"after_message_3_over_verify_{name}",
            samples.median_us / verify.median_us,
            goal,
            f"{samples.median_us:.0f} µs over {verify.median_us:.0f} µs;"
            f" a bare flush here takes {flush.median_us:.0f} µs",
        )
        for name, samples, goal in (("new", new, 3.2), ("seen", seen, 1.6))
    ]


async def _strike_ns(rig: DoorRig, door: TimedDoor, town: Town) -> int:
    """One unlock; the thread's nanoseconds from the last fragment to the strike."""
    phone = rig.connect(town, ATT_MTU)
    phone.subscribe()
    message = Message(Channel.EDHOC, await phone.message_3())
    *before, last = split(message, phone.link.fragment_bytes)
    for fragment in before:
        phone.session.written(fragment)
    door.released_ns = 0
    await asyncio.sleep(0)
    begun = time.thread_time_ns()
    phone.session.written(last)
    await phone.receive()
    phone.session.ended()
    if not door.released_ns:
        raise RuntimeError("expected a strike that released, got a denial")
    return door.released_ns - begun


def _raw_verify() -> Callable[[], None]:
    """One verify, with a key and a signature of its own."""
    key, signed, ecdsa = ec.generate_private_key(ec.SECP256R1()), token_bytes(200), _ECDSA
    signature, public = key.sign(signed, ecdsa), key.public_key()
    return lambda: public.verify(signature, signed, ecdsa)
