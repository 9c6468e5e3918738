"""A program for the tests: a reader that sends back what it gets, and prints who comes and goes."""

import asyncio
import signal
import sys

from lockagent.bumble_peripheral import BumblePeripheral, hci_opener
from lockagent.link import Connection, DoorService
from tests.radio import CERTIFICATE, READER, Echo


class Talkative(Echo):
    """Says on stdout who came and went."""

    def connected(self, connection: Connection) -> None:
        super().connected(connection)
        print("connected", flush=True)

    def disconnected(self, connection: Connection) -> None:
        super().disconnected(connection)
        print("disconnected", flush=True)


async def main(radio: str) -> None:
    """Serve until the radio goes or SIGTERM comes."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    door = BumblePeripheral(hci_opener(radio))
    await door.start(DoorService(READER, CERTIFICATE), Talkative())
    print("ready", flush=True)
    ends = [asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(door.wait_lost())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await door.stop()
    print("ended", flush=True)


asyncio.run(main(sys.argv[1]))
