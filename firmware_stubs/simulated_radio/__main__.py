"""`python -m firmware_stubs.simulated_radio unix:PATH tcp:HOST:PORT …`: one air on these sockets.

Prints `{"event": "ready", "listen": [...]}` when hosts may connect, and ends on SIGTERM or SIGINT.
Exit: 0 ended when told · 2 wrong command · 3 a socket could not be made.
"""

import argparse
import asyncio
import json
import signal
import sys

from firmware_stubs.simulated_radio.air import Air
from firmware_stubs.simulated_radio.conditions import Conditions
from firmware_stubs.simulated_radio.control import close_control, serve_control


def main() -> int:
    """Read the command line and run until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.simulated_radio")
    parser.add_argument("listen", nargs="+", metavar="unix:PATH|tcp:HOST:PORT")
    parser.add_argument("--control", metavar="PATH", help="unix socket for commands, JSON lines")
    parser.add_argument("--rssi-dbm", type=int, default=-50)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--interval-ms", type=float, help="simulate connection events")
    parser.add_argument("--seed", type=int, default=1, help="of the losses")
    arguments = parser.parse_args()
    try:
        conditions = Conditions(
            arguments.rssi_dbm,
            arguments.latency_ms / 1000,
            arguments.loss,
            None if arguments.interval_ms is None else arguments.interval_ms / 1000,
        )
        return asyncio.run(_run(arguments, conditions))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"expected a free socket, got {error}", file=sys.stderr)
        return 3


async def _run(arguments: argparse.Namespace, conditions: Conditions) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    air = Air(conditions, arguments.seed)
    control: asyncio.Server | None = None
    try:
        listening = [await _listen(air, each) for each in arguments.listen]
        if arguments.control:
            control = await serve_control(air, arguments.control)
        print(json.dumps({"event": "ready", "listen": listening}), flush=True)
        await stopped.wait()
    finally:
        if control is not None:
            close_control(control)
        await air.close()
    return 0


async def _listen(air: Air, where: str) -> str:
    kind, _, rest = where.partition(":")
    if kind == "unix" and rest:
        await air.serve_unix(rest)
        return where
    host, _, port = rest.rpartition(":")
    if kind == "tcp" and host and port.isdecimal():
        return f"tcp:{host}:{await air.serve_tcp(host, int(port))}"
    raise ValueError(f"expected unix:PATH or tcp:HOST:PORT, got {where!r}")


if __name__ == "__main__":
    sys.exit(main())
