"""What stands before the edge: connections, and what comes on them that is no request.

Rules kept here:
- what aiohttp itself refuses (a request line, a header, a chunk, an expectation) is answered in the
  one form of errors, and neither the answer nor the log repeats a byte of it;
- the headers of a request come within 10 s of its first byte, the first ones within 10 s of
  connecting: a connection that is late is cut without an answer;
- one address holds a bounded number of connections, where an address is a caller's own.

aiohttp makes runner, server and protocol each from the one before: all three are derived here.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from keyserver.http.edge import frames_of, new_request_id, problem_of, rendered
from keyserver.http.problems import Problem

KEEPALIVE_SECONDS = 75.0
HEADER_SECONDS = 10.0
MOST_OF_ONE_ADDRESS = 1000
"""A municipality's doors may all come from one address, each with a call that waits."""

_log = logging.getLogger("keyserver.http")

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take; without `most_of_one_address`, an address may have any number."""

    header_seconds: float = HEADER_SECONDS
    most_of_one_address: int | None = None


class EdgeRunner(web.AppRunner):
    """Runs an application on connections that keep the rules of this module."""

    __slots__ = ("_bounds",)

    def __init__(self, application: web.Application, bounds: Bounds, drain_seconds: float) -> None:
        """Run `application`; on stopping, what is under way has `drain_seconds`."""
        super().__init__(application, shutdown_timeout=drain_seconds)
        self._bounds = bounds

    async def _make_server(self) -> web.Server:
        return Entrance(await super()._make_server(), self._bounds)


class Entrance(web.Server):
    """Makes a connection of each socket accepted, and knows how many each address has."""

    def __init__(self, made: web.Server, bounds: Bounds) -> None:
        """Answer as `made` does, with nobody connected."""
        super().__init__(_watched(made.request_handler), request_factory=made.request_factory)
        self._bounds = bounds
        self._open: Counter[str] = Counter()

    def __call__(self) -> web.RequestHandler:
        """The protocol of a new connection."""
        return Connection(self, self._bounds.header_seconds)

    def admit(self, address: str) -> bool:
        """Count one more connection of `address`; whether it may have that many."""
        self._open[address] += 1
        most = self._bounds.most_of_one_address
        return most is None or self._open[address] <= most

    def release(self, address: str) -> None:
        """Count one connection of `address` less."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class Connection(web.RequestHandler):
    """One connection: requests one after another, each in time."""

    __slots__ = ("_address", "_entrance", "_header_seconds", "_is_answering", "_late")

    def __init__(self, entrance: Entrance, header_seconds: float) -> None:
        """No access log of who opened what, and no body unpacked."""
        super().__init__(
            entrance,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEPALIVE_SECONDS,
            access_log=None,  # type: ignore[arg-type] # why: aiohttp's way to say none
            auto_decompress=False,
        )
        self._entrance = entrance
        self._header_seconds = header_seconds
        self._address = ""
        self._is_answering = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or end at once where the address has too many."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        if self._entrance.admit(self._address):
            self._expect_headers()
        else:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        self._headers_came()
        self._entrance.release(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; where no request is being answered, they begin the headers of one."""
        super().data_received(data)
        if data and not self._is_answering:
            self._expect_headers()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The time from a request's headers to its answer: its body has a time of its own."""
        self._headers_came()
        self._is_answering = True
        try:
            yield
        finally:
            self._is_answering = False

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - why: aiohttp's sentence quotes the caller
    ) -> web.StreamResponse:
        """The answer to what is no request, and to a fault that no route caught.

        Its name and arguments are aiohttp's; ConnectionError where an answer has begun already.
        """
        request_id = new_request_id()
        if status < 500:
            _log.info("%s: no request: %s", request_id, type(exc).__name__)
            problem = Problem("invalid-request", "expected a request by HTTP/1.1, got none")
        else:
            _log.error("%s: outside of a route: %s", request_id, frames_of(exc))
            problem = Problem("server-error", "expected to answer, got a fault of our own")
        if request.writer.output_size > 0:
            raise ConnectionError("expected no answer yet, got one begun")
        answer = rendered(request, problem, request_id)
        answer.force_close()
        return answer

    def log_exception(self, *_args: Any, **options: Any) -> None:
        """Log a fault by its type and frames; aiohttp would add the message, and it may quote."""
        _log.error("outside of a route: %s", frames_of(options.get("exc_info")))

    def _expect_headers(self) -> None:
        if self._late is None:
            loop = asyncio.get_running_loop()
            self._late = loop.call_later(self._header_seconds, self.force_close)

    def _headers_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _watched(answer: Answer) -> Answer:
    """`answer`, known to its connection, and with what aiohttp refuses before any middleware."""

    async def watched(request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if not isinstance(connection, Connection):
            raise TypeError(f"expected a Connection, got {type(connection).__name__}")
        with connection.answering():
            try:
                return await answer(request)
            except web.HTTPException as error:
                refused = rendered(request, problem_of(error), new_request_id())
                refused.force_close()
                return refused

    return watched
