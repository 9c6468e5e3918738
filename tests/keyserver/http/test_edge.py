"""What stands around every route: names of errors, bounds, what is never said."""

import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keyserver.http.edge import edge_of
from keyserver.http.limits import Rate
from keyserver.http.problem_texts import PROBLEMS
from lockagent.protocol.strict_json import JsonValue
from tests.keyserver.http.served import (
    CONTROLLERS,
    CREDENTIALS,
    DEVICES,
    NONCE,
    Caller,
    Served,
    served_hall,
)
from tests.keyserver.town_hall import NORA

JSON = {"Content-Type": "application/json"}


async def test_health_names_what_it_checked(served: Served) -> None:
    async with served.http.get(f"{served.base}/health") as answer:
        body = await answer.json()
    assert (answer.status, body["status"]) == (200, "pass")
    assert set(body["checks"].values()) == {"pass"}


async def test_an_issuer_says_who_it_is(served: Served) -> None:
    answer = await served.send("GET", "/.well-known/bynokkel")
    assert answer.body["issuer"] == served.issuer
    assert set(answer.body) == {"issuer", "name", "environment", "protocol_versions"}
    assert answer.headers["DPoP-Nonce"]
    again = await served.send(
        "GET", "/.well-known/bynokkel", {"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status == 304


async def test_an_issuer_does_not_believe_the_host_it_is_asked_by(served: Served) -> None:
    answer = await served.send(
        "GET",
        "/.well-known/bynokkel",
        {"Host": "attacker.example", "X-Forwarded-Host": "attacker.example"},
    )
    assert answer.body["issuer"] == served.issuer


@pytest.mark.parametrize("name", ["invalid-request", "journal-fork"])
async def test_every_problem_has_a_page(served: Served, name: str) -> None:
    async with served.http.get(f"{served.base}/problems/{name}") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert PROBLEMS[name].title.se in await answer.text()


@pytest.mark.parametrize(
    "path",
    ["/", "/t/oslo", "/t/nowhere/v1/nonce", "/problems/none", "/t", "/t/%00/v1/nonce", "/t/%ff/x"],
)
async def test_what_is_not_there_is_a_problem_of_one_form(served: Served, path: str) -> None:
    async with served.http.get(served.base + path) as answer:
        body = json.loads(await answer.read())
    assert answer.content_type == "application/problem+json"
    assert (answer.status, body["status"]) in {(404, 404), (405, 405)}
    assert body["instance"] == answer.headers["X-Request-Id"]


async def test_another_method_is_told_which_there_are(served: Served) -> None:
    answer = await served.send("DELETE", NONCE)
    assert (answer.status, answer.problem) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"code":"a","code":"b","name":"n","platform":"p"}',
        b'{"code":1e400,"name":"n","platform":"p"}',
        b'{"code":"\\ud800","name":"n","platform":"p"}',
        b'{"code":"a\\u0000","name":"n","platform":"p"}',
        b'\xef\xbb\xbf{"code":"a","name":"n","platform":"p"}',
        b'{"code":' + b"[" * 60_000,
        b"\xff\xfe",
    ],
    ids=lambda content: str(content[:24]),
)
async def test_E02_a_body_that_is_not_json_of_one_meaning_is_400(
    served: Served, content: bytes
) -> None:
    answer = await served.caller().call("POST", DEVICES, content=content, token=False)
    assert (answer.status, answer.problem) == (400, "invalid-request")


SHAPES: list[JsonValue] = [None, True, -1, 1.5, "", "å" * 500, "\u202e", [], [[]], {}, {"a": {}}]
ROUTES = {
    DEVICES: ("code", "name", "platform"),
    CONTROLLERS: ("code", "software", "readers"),
    CREDENTIALS: ("requests", "attestation"),
}


@pytest.mark.parametrize("path", ROUTES)
async def test_E01_no_body_of_any_shape_is_a_fault_of_ours(phone: Caller, path: str) -> None:
    for spoilt in ROUTES[path]:
        for shape in SHAPES:
            body: dict[str, JsonValue] = dict.fromkeys(ROUTES[path], "x")
            body[spoilt] = shape
            answer = await phone.call("POST", path, body=body, token=path == CREDENTIALS)
            assert 400 <= answer.status < 500, (spoilt, shape)
            assert answer.problem in PROBLEMS, (spoilt, shape)


async def test_E02_a_body_over_64_kib_is_413_and_the_connection_closed(served: Served) -> None:
    content = b'{"code":"' + b"a" * 64 * 1024 + b'"}'
    answer = await served.caller().call("POST", DEVICES, content=content, token=False)
    assert (answer.status, answer.problem) == (413, "too-large")
    assert answer.headers["Connection"] == "close"


async def test_E02_a_body_without_a_length_is_bounded_too(served: Served) -> None:
    caller = served.caller()
    await caller.hear()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"a" * 1024

    async with served.http.post(
        served.base + served.prefix + DEVICES,
        headers=JSON | caller.proved("POST", DEVICES, token=False),
        data=endless(),
    ) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "multipart/form-data"},
    ],
    ids=str,
)
async def test_E06_another_type_or_encoding_is_not_unpacked(
    served: Served, headers: dict[str, str]
) -> None:
    answer = await served.caller().call(
        "POST", DEVICES, content=b"{}", token=False, headers=headers
    )
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")


async def test_calls_beyond_the_rate_are_429_with_the_wait(tmp_path: Path) -> None:
    async with served_hall(tmp_path, address_rate=Rate(burst=2, a_minute=6)) as served:
        answers = [
            await served.send("POST", DEVICES, {"DPoP": "x"} | JSON, b"{}") for _ in range(3)
        ]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_calls_without_proof_are_429_before_their_signatures_are_read(
    tmp_path: Path,
) -> None:
    async with served_hall(tmp_path, address_rate=Rate(burst=2, a_minute=6)) as served:
        caller = served.caller()
        caller.session = caller.session.with_token("no.token.ours", 300, served.at)
        answers = [await served.send("POST", NONCE, caller.proved("POST", NONCE)) for _ in range(3)]
        unsigned = await served.send("POST", NONCE)
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert unsigned.status == 429


async def test_calls_that_are_proved_do_not_count_for_the_address(tmp_path: Path) -> None:
    async with served_hall(tmp_path, address_rate=Rate(burst=4, a_minute=1)) as served:
        phone = served.caller()
        await phone.hear()
        await phone.enrol(NORA)
        assert {(await phone.call("POST", NONCE)).status for _ in range(6)} == {200}


async def test_one_phone_s_calls_do_not_use_up_another_s(tmp_path: Path) -> None:

    async with served_hall(tmp_path, client_rate=Rate(burst=2, a_minute=1)) as served:
        callers = [served.caller() for _ in range(2)]
        for caller in callers:
            await caller.enrol(NORA)
        statuses = [
            [(await caller.call("POST", NONCE)).status for _ in range(3)] for caller in callers
        ]
    assert statuses == [[200, 200, 429], [200, 200, 429]]


async def test_a_store_that_fails_is_503_with_the_time_to_wait(
    phone: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(phone.served.hall.installation.config.database)) as database:
        database.execute("DROP TABLE used_identifier")
    with caplog.at_level(logging.ERROR):
        answer = await phone.call("POST", NONCE)
    assert (answer.status, answer.problem) == (503, "not-available")
    assert int(answer.headers["Retry-After"]) > 0
    assert_logged_once(caplog, answer.body["instance"])
    assert b"used_identifier" not in answer.content


async def test_a_fault_of_ours_is_500_logged_once_and_says_nothing_of_itself(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(_request: web.Request) -> web.Response:
        raise RuntimeError("INSERT INTO code VALUES ('7KQ2-M9XD-4TPA')")

    application = web.Application(middlewares=[edge_of(served.hall.installation)])
    application.router.add_get("/faulty", faulty)
    async with TestServer(application) as server:
        with caplog.at_level(logging.ERROR):
            async with served.http.get(server.make_url("/faulty")) as answer:
                body = await answer.read()
    assert (answer.status, json.loads(body)["type"]) == (500, "/problems/server-error")
    message = assert_logged_once(caplog, json.loads(body)["instance"])
    assert "RuntimeError" in message
    assert "7KQ2" not in message + body.decode()


def assert_logged_once(caplog: pytest.LogCaptureFixture, request_id: str) -> str:
    [record] = [record for record in caplog.records if record.name == "keyserver.http"]
    assert request_id in record.getMessage()
    assert record.exc_info is None
    return record.getMessage()


async def test_a_caller_s_text_is_not_given_back_in_a_problem(served: Served) -> None:
    body = {"code": "7KQ2-M9XD-4TPA", "name": "<script>", "platform": ["x"]}
    answer = await served.caller().call("POST", DEVICES, body=body, token=False)
    assert answer.status == 400
    assert b"7KQ2" not in answer.content
    assert b"<script>" not in answer.content
