"""A program for the tests: a phone that exchanges one fragment with the reader."""

import asyncio
import sys

from mobile_sdk.scanning import find_reader
from mobile_sdk.virtual_bleak import open_virtual_radio
from tests.radio import PATIENCE_SECONDS, READER


async def main(socket: str, *, dies: bool) -> None:
    """Exchange one fragment; `dies`: then wait for the end with the link open."""
    radio = await open_virtual_radio(socket)
    sighting = await find_reader(radio, [READER], PATIENCE_SECONDS)
    link = await radio.connect(sighting, PATIENCE_SECONDS)
    await link.send(bytes(link.fragment_bytes))
    print(len(await link.receive()), flush=True)
    if dies:
        await link.receive()
    await radio.close()


asyncio.run(main(sys.argv[1], dies="--dies" in sys.argv))
