"""`keyserver serve`: the installation behind its HTTP edge, until SIGTERM.

Rules kept here:
- nothing is served with a key that the doors have not been told of, or without one;
- bundles are kept young, the store is probed, and what verbs commit is noticed, as long as it runs;
- SIGTERM and SIGINT drain: what is under way is answered, what waits is let go.
"""

import asyncio
import os
import signal
from functools import partial

from keyserver.app import serve
from keyserver.config import Listen
from keyserver.console import Console
from keyserver.errors import PortUnavailable
from keyserver.services.doors.issuer_keys import check_announced
from keyserver.services.doors.renewal import keep_renewing
from keyserver.services.installation import Installation
from lockagent.protocol.time_source import instant_of
from policies.vocabulary import Environment


async def serve_until_stopped(installation: Installation, console: Console) -> None:
    """Serve; PortUnavailable where the socket cannot be had, SignerUnavailable for a key."""
    installation.open_signers()
    at = instant_of(installation.clock)
    for tenant in installation.tenants.values():
        await installation.store.read(partial(check_announced, authority=tenant.authority, at=at))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keepers = [asyncio.create_task(installation.changes.watch(), name="watch")]
    keepers += [
        asyncio.create_task(
            keep_renewing(
                installation.store, tenant.authority, tenant.registers, installation.clock
            ),
            name=f"renew {tenant.id}",
        )
        for tenant in installation.tenants.values()
    ]
    probing = installation.probe.keep_looking(installation.clock)
    keepers.append(asyncio.create_task(probing, name="probe"))
    for keeper in keepers:
        keeper.add_done_callback(lambda _: stop.set())

    def ready(url: str, listen: Listen) -> None:
        environment = installation.config.environment
        said = f"{url} ready on {listen.host}:{listen.port}, environment {environment}"
        if environment is not Environment.PRODUCTION:
            said += ": production doors refuse what it signs"
        event = {"event": "ready", "url": url, "environment": environment}
        console.tell(event | {"host": listen.host, "port": listen.port}, said)

    try:
        await serve(installation, ready, stop)
    except OSError as error:
        listen = installation.config.listen
        raise PortUnavailable(
            f"expected to listen on {listen.host}:{listen.port}, got: "
            f"{_cause(error)}; stop what holds it, or change listen in keyserver.toml"
        ) from error
    finally:
        for keeper in keepers:
            keeper.cancel()
        ends = await asyncio.gather(*keepers, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            raise end
    console.tell({"event": "stopped"}, "stopped")


def _cause(error: OSError) -> str:
    """What the system said, without Python's wording around it."""
    return (os.strerror(error.errno) if error.errno else "an error of the system").lower()
