"""The controller's HTTP: what a hostile or broken server can and cannot make it do."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lockagent.server_link import MOST_ANSWER_BYTES, ServerLink, ServerRefused, ServerUnavailable
from tests import town
from tests.lockagent.cabinet import HandClock

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
Ask = Callable[[Answering], Awaitable[bytes]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """One call, without a token, to a server that answers as the test says."""
    servers: list[TestServer] = []
    async with aiohttp.ClientSession() as http:

        async def call(answering: Answering) -> bytes:
            app = web.Application()
            app.router.add_route("*", "/t/oslo/{rest:.*}", answering)
            server = TestServer(app, host="127.0.0.1")
            servers.append(server)
            await server.start_server()
            issuer = f"http://127.0.0.1:{server.port}/t/oslo"
            link = ServerLink(http, town.fixed_key(501), "", issuer, HandClock())
            return (await link.call("GET", "/v1/thing", with_token=False, seconds=2)).body

        yield call
    for server in servers:
        await server.close()


async def test_an_answer_is_read_whole(ask: Ask) -> None:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(MOST_ANSWER_BYTES))

    assert len(await ask(answering)) == MOST_ANSWER_BYTES


async def test_a_longer_answer_is_not_taken(ask: Ask) -> None:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(MOST_ANSWER_BYTES + 1))

    with pytest.raises(ServerUnavailable, match="got more"):
        await ask(answering)


async def test_a_redirect_is_not_followed(ask: Ask) -> None:
    asked: list[str] = []

    async def answering(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPFound("/t/oslo/elsewhere")

    with pytest.raises(ServerRefused, match="302"):
        await ask(answering)
    assert asked == ["/t/oslo/v1/thing"]


async def test_a_nonce_is_tried_once_not_for_ever(ask: Ask) -> None:
    asked: list[str] = []

    async def answering(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        headers = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": str(len(asked))}
        return web.Response(status=401, headers=headers)

    with pytest.raises(ServerRefused):
        await ask(answering)
    assert len(asked) == 2


async def test_a_server_that_asks_for_patience_is_given_it(ask: Ask) -> None:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "7"})

    with pytest.raises(ServerUnavailable) as caught:
        await ask(answering)
    assert caught.value.retry_after_seconds == 7


async def test_a_page_in_place_of_a_problem_is_a_refusal_all_the_same(ask: Ask) -> None:
    async def answering(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="<html>no</html>", content_type="text/html")

    with pytest.raises(ServerRefused, match=r"refused \(403\)"):
        await ask(answering)
