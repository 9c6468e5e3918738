"""How hosts reach the air: unix and TCP sockets that speak HCI (H4), and a pipe in one process.

A host that closes its end, or is killed, has left the air: its controller falls silent. The pipe
is for tests that run a door, a phone and the air in one event loop; it is given out in the form
bumble calls a transport, as its own `open_transport` would.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from bumble.transport.common import (
    BaseSource,
    StreamPacketSink,
    StreamPacketSource,
    Transport,
    TransportSink,
)

from firmware_stubs.simulated_radio.controller import RadioController
from firmware_stubs.unix_socket import LONGEST_PATH_BYTES, excess_bytes

AddHost = Callable[[TransportSink], RadioController]


class Hosting:
    """The sockets of one air."""

    def __init__(self, add_host: AddHost) -> None:
        """Nothing is open yet."""
        self._add_host = add_host
        self._servers: list[asyncio.Server] = []
        self._paths: list[Path] = []
        self._open: set[asyncio.WriteTransport] = set()
        self._pipes: list[_PipeSource] = []

    async def serve_unix(self, path: str) -> None:
        """Listen at `path`; ValueError for one too long, OSError where it cannot be made."""
        if (excess := excess_bytes(path)) > 0:
            raise ValueError(
                f"expected a unix socket path of at most {LONGEST_PATH_BYTES} bytes,"
                f" got {LONGEST_PATH_BYTES + excess}"
            )
        remove_dead_socket(path)
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(self._protocol, path))
        self._paths.append(Path(path))

    async def serve_tcp(self, host: str, port: int) -> int:
        """Listen at `host` and `port`, 0 for any free one; the port in use."""
        server = await asyncio.get_running_loop().create_server(self._protocol, host, port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def open_pipe(self) -> Transport:
        """A host's end of a controller in this process."""
        source = _PipeSource()
        self._pipes.append(source)
        controller = self._add_host(source)
        return Transport(source, _PipeSink(controller))

    async def close(self) -> None:
        """Stop listening, let every host go, remove the socket files."""
        for server in self._servers:
            server.close()
        for transport in tuple(self._open):
            transport.close()
        for pipe in self._pipes:
            with contextlib.suppress(asyncio.InvalidStateError):  # bumble, with a command cancelled
                pipe.on_transport_lost()
        for path in self._paths:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def _protocol(self) -> "_HostProtocol":
        return _HostProtocol(self._add_host, self._open)


class _HostProtocol(StreamPacketSource):
    """One socket: HCI packets of one host."""

    def __init__(self, add_host: AddHost, open_transports: set[asyncio.WriteTransport]) -> None:
        super().__init__()
        self._add_host = add_host
        self._open = open_transports
        self._transport: asyncio.WriteTransport | None = None
        self._controller: RadioController | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A host is here."""
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(f"expected a stream, got {type(transport).__name__}")
        self._transport = transport
        self._open.add(transport)
        self._controller = self._add_host(StreamPacketSink(transport))
        self.set_packet_sink(self._controller)

    def connection_lost(self, exc: Exception | None) -> None:
        """The host is gone, with or without a word."""
        del exc
        if self._transport is not None:
            self._open.discard(self._transport)
        if self._controller is not None:
            self._controller.leave()


class _PipeSource(BaseSource):
    """What the host reads from; also the sink of its controller."""

    def on_packet(self, packet: bytes) -> None:
        if self.sink is not None:
            self.sink.on_packet(packet)


class _PipeSink:
    """What the host writes to."""

    def __init__(self, controller: RadioController) -> None:
        self._controller = controller

    def on_packet(self, packet: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._controller.on_packet, packet)

    def close(self) -> None:
        self._controller.leave()


def remove_dead_socket(path: str) -> None:
    """Remove the socket file a killed radio left; one that still answers stays, and bind fails."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            Path(path).unlink(missing_ok=True)
