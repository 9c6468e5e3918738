"""What a door controller asks: what is newer than what it has, and to have its journal taken.

The update route waits (RFC 7240, `Prefer: wait=25`) until something for doors changes, so that a
revocation reaches a connected door at once; a question with a time nonce is answered at once.
"""

import re
from collections.abc import Mapping

from aiohttp import web

from keyserver.http.callers import Call, Callers
from keyserver.http.problems import Fault
from keyserver.http.reading import MOST_JOURNAL_BYTES, bad_request, read_body, read_query, read_wait
from keyserver.http.waiting import WaitingRoom
from keyserver.services.clients import ClientKind
from keyserver.services.installation import Installation
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import from_base64url
from lockagent.protocol.time_source import instant_of

_VERSION = re.compile(r"(\d{1,10})\.(\d{1,18})", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)


class ControllerRoutes:
    """The routes of scope `controller`."""

    def __init__(self, installation: Installation, callers: Callers) -> None:
        self._installation = installation
        self._callers = callers
        self._waiting = WaitingRoom()

    def add_to(self, application: web.Application) -> None:
        """Register the routes."""
        router = application.router
        router.add_get("/t/{tenant}/v1/controllers/me/update", self.update, allow_head=False)
        router.add_post("/t/{tenant}/v1/controllers/me/journal", self.journal)

    async def update(self, request: web.Request) -> web.Response:
        """What is newer than the bundle and settings named, as CBOR; 304 where nothing is."""
        call = await self._callers.client(request, ClientKind.CONTROLLER)
        query = read_query(request, "bundle", "settings", "nonce")
        bundle, settings, nonce = _bundle(query), _settings(query), _nonce(query)
        wait = 0 if nonce is not None else read_wait(request)
        headers = {"Preference-Applied": f"wait={wait}"} if wait else {}
        answer = await self._newer_within(call, bundle, settings, nonce, wait)
        if answer is None:
            return web.Response(status=304, headers=headers)
        return web.Response(body=answer, content_type="application/cbor", headers=headers)

    async def journal(self, request: web.Request) -> web.Response:
        """Take a signed batch of journal entries, once, and say which is expected next."""
        call = await self._callers.client(request, ClientKind.CONTROLLER)
        read_query(request)
        batch = await read_body(request, "application/cbor", MOST_JOURNAL_BYTES)
        expected = await call.tenant.journal.receive(call.client, batch, call.at)
        return web.json_response({"next_sequence": expected})

    async def _newer_within(
        self,
        call: Call,
        bundle: tuple[int, int] | None,
        settings: int | None,
        nonce: bytes | None,
        wait: int,
    ) -> bytes | None:
        """What is newer, at the latest after `wait` seconds; a client revoked meanwhile gets none.

        A change between the question and the wait is not lost: the mark is taken before asking.
        """
        clock, changes = self._installation.clock, self._installation.changes
        deadline = clock.monotonic() + wait
        at = call.at
        while True:
            mark = changes.mark
            answer = await call.tenant.updates.newer(call.client, bundle, settings, nonce, at)
            remaining = deadline - clock.monotonic()
            if answer is not None or remaining <= 0:
                return answer
            async with self._waiting.place(f"{call.tenant.id} {call.client.id}"):
                changed = await changes.wait(mark, remaining)
            if not changed:
                return None
            at = instant_of(clock)
            if await call.tenant.clients.find(call.client.id) is None:
                return None


def _bundle(query: Mapping[str, str]) -> tuple[int, int] | None:
    if "bundle" not in query:
        return None
    found = _VERSION.fullmatch(query["bundle"])
    if found is None:
        raise bad_request("expected bundle as root.counter, got another", Fault("?bundle", "form"))
    return int(found[1]), int(found[2])


def _settings(query: Mapping[str, str]) -> int | None:
    if "settings" not in query:
        return None
    if _COUNT.fullmatch(query["settings"]) is None:
        raise bad_request("expected settings as a number, got another", Fault("?settings", "form"))
    return int(query["settings"])


def _nonce(query: Mapping[str, str]) -> bytes | None:
    if "nonce" not in query:
        return None
    try:
        return from_base64url(query["nonce"])
    except MalformedMessage as error:
        raise bad_request(
            "expected nonce in base64url, got another", Fault("?nonce", "form")
        ) from error
