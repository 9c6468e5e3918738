"""H01: a server that is hostile, broken or another one gets nothing out of the phone."""

import gzip
import json

import pytest
from aiohttp import web

from lockagent.protocol.time_source import clock_of
from mobile_sdk import FileKeyStore, Phone, ServerUnavailable
from mobile_sdk.device_key import DEVICE_KEY, StoredKey
from mobile_sdk.server import MOST_BODY_BYTES, KeyServer, ServerRefused, open_key_server
from policies.vocabulary import Environment
from tests.mobile_sdk.issuer_simulator import DEVICE, IssuerSimulator, Twist

KEYRING = "/v1/me/keyring"


def on_keyring(answer: web.StreamResponse) -> Twist:
    """The keyring is answered with this instead."""

    def twist(request: web.Request, response: web.Response) -> web.StreamResponse:
        return answer if request.path.endswith(KEYRING) and response.status == 200 else response

    return twist


HOSTILE = {
    "html": web.Response(text="<html>login</html>", content_type="text/html"),
    "html that says it is json": web.Response(text="<html>", content_type="application/json"),
    "no type": web.Response(body=b"{}"),
    "a list": web.json_response([]),
    "an empty object": web.json_response({}),
    "a member twice": web.Response(
        text='{"as_of": "2026-10-14T17:00:00Z", "facilities": [], "facilities": []}',
        content_type="application/json",
    ),
    "50 MB": web.Response(body=b" " * (50 << 20), content_type="application/json"),
    "a byte too much": web.Response(
        body=b" " * (MOST_BODY_BYTES + 1), content_type="application/json"
    ),
    "compressed": web.Response(
        body=gzip.compress(b"{}"),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    ),
    "a redirect to http": web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "a redirect that keeps the method": web.Response(
        status=307, headers={"Location": "http://127.0.0.1:1/"}
    ),
    "no content": web.Response(status=204),
    "teapot": web.Response(status=418),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_H01_an_answer_out_of_bounds_is_no_answer_and_the_keyring_is_kept(
    issuer: IssuerSimulator, phone: Phone, kind: str
) -> None:
    await phone.refresh()
    kept = phone.access_points()
    issuer.keyring_points[0]["name"] = "changed, so that the answer is not 304"
    issuer.twist = on_keyring(HOSTILE[kind])
    with pytest.raises(ServerUnavailable):
        await phone.refresh()
    assert phone.access_points() == kept


async def test_a_nonce_that_has_lapsed_is_renewed_once(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    lapses = iter((True,))

    def lapse_after_the_token(request: web.Request, response: web.Response) -> web.StreamResponse:
        if request.path.endswith("/v1/token") and response.status == 200 and next(lapses, False):
            issuer.renew_nonce()
        return response

    issuer.twist = lapse_after_the_token
    issuer.calls.clear()
    await phone.refresh()
    assert issuer.calls[:4] == ["/v1/token", "/v1/token", KEYRING, KEYRING]


async def test_a_server_that_takes_no_nonce_is_not_asked_for_ever(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    def renew(_: web.Request, response: web.Response) -> web.StreamResponse:
        issuer.renew_nonce()
        return response

    issuer.twist = renew
    issuer.calls.clear()
    with pytest.raises(ServerUnavailable, match="nonce"):
        await phone.refresh()
    assert len(issuer.calls) == 2


async def test_a_problem_is_known_by_its_name_and_says_how_long_to_wait(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    body = {"type": "/problems/too-many-requests", "detail": "expected fewer, got more"}
    issuer.twist = on_keyring(
        web.json_response(
            body,
            status=429,
            content_type="application/problem+json",
            headers={"Retry-After": "17"},
        )
    )
    with pytest.raises(ServerRefused) as refused:
        await phone.refresh()
    assert (refused.value.problem, refused.value.retry_after_seconds) == ("too-many-requests", 17)


@pytest.mark.parametrize("said", ["-1", "tomorrow", "9" * 5000, "1e3", ""])
async def test_a_wait_that_makes_no_sense_is_left_out_or_bounded(
    issuer: IssuerSimulator, phone: Phone, said: str
) -> None:
    answer = web.json_response({"error": "x"}, status=503, headers={"Retry-After": said})
    issuer.twist = on_keyring(answer)
    with pytest.raises(ServerRefused) as refused:
        await phone.refresh()
    assert (refused.value.retry_after_seconds or 0) <= 3600


async def test_a_phone_the_server_does_not_know_is_told_so(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    issuer.device_key = None
    with pytest.raises(ServerRefused) as refused:
        await phone.refresh()
    assert refused.value.problem == "invalid_client"


@pytest.mark.parametrize(
    "token",
    [
        {"access_token": "t", "token_type": "Bearer", "expires_in": 300},
        {"access_token": "t", "token_type": "DPoP", "expires_in": 10**9},
        {"access_token": "", "token_type": "DPoP", "expires_in": 300},
        {"token_type": "DPoP", "expires_in": 300},
    ],
)
async def test_a_token_of_another_kind_is_not_used(
    issuer: IssuerSimulator, phone: Phone, token: dict[str, object]
) -> None:
    def twist(request: web.Request, response: web.Response) -> web.StreamResponse:
        is_token = request.path.endswith("/v1/token") and response.status == 200
        return web.json_response(token) if is_token else response

    issuer.twist = twist
    with pytest.raises(ServerUnavailable):
        await phone.refresh()


async def test_nobody_at_the_address_is_said_without_a_stack_trace(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, clock: str
) -> None:
    clock_now = clock_of(clock, Environment.DEVELOPMENT)
    nowhere = "http://127.0.0.1:1/t/oslo"
    async with open_key_server(nowhere, DEVICE, StoredKey(store, DEVICE_KEY), clock_now) as server:
        assert isinstance(server, KeyServer)
        with pytest.raises(ServerUnavailable, match="expected an answer from http"):
            await server.describe()


async def test_no_error_carries_what_was_sent_or_received(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    issuer.twist = on_keyring(
        web.json_response({"as_of": "secret-of-the-server", "facilities": []})
    )
    with pytest.raises(ServerUnavailable) as error:
        await phone.refresh()
    assert "secret" not in json.dumps(str(error.value))
