"""What comes on a connection and is no request, comes too slowly, or too often (E05, E06, P05)."""

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest

from keyserver.http.connections import Bounds
from tests.keyserver.http.served import Served, served_hall

SECRET = "7KQ2M9XD4TPA"
TOKEN_REQUEST = b"POST /t/oslo/v1/token HTTP/1.1\r\nHost: a\r\n"
NO_REQUESTS = {
    "no method": b"GARBAGE %s\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: %s\r\nHost: b\r\n\r\n",
    "two lengths": TOKEN_REQUEST + b"Content-Length: 5\r\nContent-Length: 6\r\nX: %s\r\n\r\nhello",
    "a length and chunks": TOKEN_REQUEST
    + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\nX: %s\r\n\r\n0\r\n\r\n",
    "a signed length": TOKEN_REQUEST + b"X: %s\r\nContent-Length: +1\r\n\r\na",
    "a bare line feed": b"GET /%s HTTP/1.1\nHost: a\n\n",
    "a control character": b"GET /health HTTP/1.1\r\nHost: a\r\nX: %s\x00\r\n\r\n",
    "a path that is no text": b"GET /%s\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nHost: a\r\nX: %s" + b"a" * 20_000 + b"\r\n\r\n",
    "a broken chunk": TOKEN_REQUEST + b"Transfer-Encoding: chunked\r\n\r\n%s\r\n",
    "an expectation": TOKEN_REQUEST + b"Expect: %s\r\nConnection: close\r\n\r\n",
}


async def said_to(served: Served, *sent: bytes) -> bytes:
    """All that is answered to bytes on one connection, until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for part in sent:
        writer.write(part)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


@pytest.mark.parametrize("form", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_E05_what_is_no_request_is_a_problem_that_repeats_none_of_it(
    served: Served, caplog: pytest.LogCaptureFixture, form: bytes
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await said_to(served, form % SECRET.encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] 400 ", head)
    assert b"Server: bynokkel" in head
    assert b"aiohttp" not in head
    told = json.loads(body)
    assert told.get("type", told.get("error")) in ("/problems/invalid-request", "invalid_request")
    assert SECRET.encode() not in answer
    for record in caplog.records:
        assert SECRET not in record.getMessage()
        assert record.exc_info is None
        assert record.levelno < logging.WARNING


async def test_E05_tls_where_none_is_spoken_is_no_request(served: Served) -> None:
    answer = await said_to(served, b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ")


async def test_E06_headers_that_do_not_come_in_time_end_the_connection(tmp_path: Path) -> None:
    async with served_hall(tmp_path, bounds=Bounds(header_seconds=0.2)) as served:
        assert await said_to(served) == b""
        assert await said_to(served, b"GET /health HTT") == b""


async def test_E06_a_second_request_s_headers_have_their_time_too(tmp_path: Path) -> None:
    request = b"GET /problems/too-large HTTP/1.1\r\nHost: a\r\n\r\n"
    async with served_hall(tmp_path, bounds=Bounds(header_seconds=0.2)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for _ in range(2):
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.startswith(b"HTTP/1.1 200 ")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
        writer.write(request[:-2])
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_one_address_has_a_bounded_number_of_connections(tmp_path: Path) -> None:
    async with served_hall(tmp_path, bounds=Bounds(most_of_one_address=2)) as served:
        held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2)]
        # Those two have been accepted once a third, accepted after them, is closed.
        assert await said_to(served) == b""
        held[0][1].close()
        await held[0][1].wait_closed()
        request = b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answers = [await said_to_if_open(served, request) for _ in range(20)]
        assert any(answer.startswith(b"HTTP/1.1 404 ") for answer in answers)
        held[1][1].close()


async def said_to_if_open(served: Served, sent: bytes) -> bytes:
    """As `said_to`; nothing where the server closed before it read."""
    try:
        return await said_to(served, sent)
    except ConnectionError:
        return b""
