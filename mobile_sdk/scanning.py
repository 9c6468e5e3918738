"""Finding the reader that was asked for: by the id in its advertisement, the loudest first.

An advertisement proves nothing: whoever repeats a reader's id may be chosen here, and is found
out by the handshake (SPEC.md section 5). Several readers may stand for one access point, and a
phone in a corridor hears more than one door, so the phone listens on for a moment after the
first match and takes the loudest.
"""

import asyncio
from collections.abc import Collection
from contextlib import aclosing

from lockagent.protocol.gatt import ReaderId
from mobile_sdk.errors import DoorNotFound
from mobile_sdk.link import Radio, Sighting

SETTLE_SECONDS = 0.08
"""Four advertising intervals of 20 ms: each reader in range has been heard in that time."""


async def find_reader(
    radio: Radio, reader_ids: Collection[ReaderId], timeout: float, settle: float = SETTLE_SECONDS
) -> Sighting:
    """The loudest of `reader_ids`, or DoorNotFound when none is heard within `timeout` seconds."""
    return (await find_readers(radio, reader_ids, timeout, settle))[0]


async def find_readers(
    radio: Radio, reader_ids: Collection[ReaderId], timeout: float, settle: float = SETTLE_SECONDS
) -> tuple[Sighting, ...]:
    """Everyone who says to be one of `reader_ids`, loudest first, each as last heard.

    `settle` seconds after the first match the search ends. DoorNotFound when none is heard.
    """
    now = asyncio.get_running_loop().time
    wanted = frozenset(reader_ids)
    heard: dict[object, Sighting] = {}
    try:
        async with asyncio.timeout(timeout) as limit, aclosing(radio.sightings()) as sightings:
            async for sighting in sightings:
                if sighting.reader_id not in wanted:
                    continue
                if not heard:
                    limit.reschedule(min(limit.when() or now(), now() + settle))
                heard[sighting.address] = sighting
    except TimeoutError:
        pass
    if not heard:
        names = ", ".join(sorted(one.hex() for one in wanted)) or "none"
        raise DoorNotFound(f"expected to hear reader {names} within {timeout:g} s, got nothing")
    return by_loudness(heard.values())


def by_loudness(sightings: Collection[Sighting]) -> tuple[Sighting, ...]:
    """Loudest first; equals in the order given."""
    return tuple(sorted(sightings, key=lambda one: -one.rssi))
