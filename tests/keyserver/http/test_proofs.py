"""DPoP at the routes: nonces, replays, URLs (C05, C06)."""

import asyncio
from typing import Any

import pytest

from keyserver.services.nonces import NONCE_SECONDS
from lockagent.protocol.keys import SoftwareKey
from tests.keyserver.http.served import NONCE, UPDATE, Answer, Caller


async def sent_with(phone: Caller, **changed: Any) -> Answer:
    """A request with an honest token and a proof spoilt in one part."""
    headers = {
        "Authorization": f"DPoP {phone.session.access_token}",
        "DPoP": phone.proof("POST", NONCE, **changed),
    }
    return await phone.served.send("POST", NONCE, headers)


async def test_an_honest_proof_is_taken(phone: Caller) -> None:
    answer = await sent_with(phone)
    assert answer.status == 200
    assert answer.body["expires_in_seconds"] == NONCE_SECONDS


@pytest.mark.parametrize("nonce", [None, "AAAAAAAAAAAAAAAAAAAAAA", "å"])
async def test_C06_a_proof_without_our_nonce_is_told_to_take_it(
    phone: Caller, nonce: str | None
) -> None:
    answer = await sent_with(phone, nonce=nonce)
    assert (answer.status, answer.problem) == (401, "use-dpop-nonce")
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    assert (await sent_with(phone, nonce=answer.headers["DPoP-Nonce"])).status == 200


async def test_C06_an_old_nonce_is_refused_and_the_newest_given(phone: Caller) -> None:
    old = phone.session.nonce
    phone.served.hall.clock.at += NONCE_SECONDS
    assert (await sent_with(phone, nonce=old)).status == 200
    phone.served.hall.clock.at += NONCE_SECONDS
    answer = await sent_with(phone, nonce=old)
    assert (answer.status, answer.problem) == (401, "use-dpop-nonce")
    assert answer.headers["DPoP-Nonce"] != old


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"method": "post"},
        {"url": "https://other.example/t/oslo/v1/nonce"},
        {"at": 0},
        {"jti": ""},
        {"jti": "x" * 65},
        {"access_token": None},
        {"access_token": "another"},
    ],
    ids=str,
)
async def test_C06_a_proof_for_anything_else_is_refused(
    phone: Caller, changed: dict[str, Any]
) -> None:
    answer = await sent_with(phone, **changed)
    assert (answer.status, answer.problem) == (401, "invalid-dpop-proof")
    assert answer.headers["DPoP-Nonce"]


@pytest.mark.parametrize("spelling", ["{}/", "{}?a=1", "{}#", "{} "])
async def test_C06_another_spelling_of_the_url_is_another_url(phone: Caller, spelling: str) -> None:
    answer = await sent_with(phone, url=spelling.format(phone.served.issuer + NONCE))
    assert (answer.status, answer.problem) == (401, "invalid-dpop-proof")


@pytest.mark.parametrize("skew", [-61, 61])
async def test_C06_a_proof_a_second_beyond_the_minute_is_refused(phone: Caller, skew: int) -> None:
    answer = await sent_with(phone, at=phone.served.at + skew)
    assert (answer.status, answer.problem) == (401, "invalid-dpop-proof")


async def test_C05_a_jti_is_taken_once_for_each_key(phone: Caller) -> None:
    assert (await sent_with(phone, jti="once")).status == 200
    answer = await sent_with(phone, jti="once")
    assert (answer.status, answer.problem) == (401, "invalid-dpop-proof")


async def test_C05_of_two_replays_at_once_exactly_one_is_taken(phone: Caller) -> None:
    answers = await asyncio.gather(*(sent_with(phone, jti="at once") for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 7


async def test_two_proofs_in_one_request_are_refused(phone: Caller) -> None:
    proof = phone.proof("POST", NONCE)
    async with phone.served.http.post(
        phone.served.base + phone.served.prefix + NONCE,
        headers=[
            ("Authorization", f"DPoP {phone.session.access_token}"),
            ("DPoP", proof),
            ("DPoP", phone.proof("POST", NONCE)),
        ],
    ) as answer:
        assert answer.status == 401


async def test_C13_an_access_token_in_the_query_proves_nothing(phone: Caller) -> None:
    path = f"{NONCE}?access_token={phone.session.access_token}"
    answer = await phone.served.send("POST", path, {"DPoP": phone.proof("POST", NONCE)})
    assert answer.status == 401
    answer = await phone.call("POST", path)
    assert (answer.status, answer.problem) == (400, "invalid-request")


async def test_a_phone_is_refused_where_a_controller_is_asked_for(phone: Caller) -> None:
    answer = await phone.call("GET", UPDATE)
    assert (answer.status, answer.problem) == (403, "wrong-scope")


async def test_a_controller_is_refused_where_a_phone_is_asked_for(controller: Caller) -> None:
    answer = await controller.call("POST", NONCE)
    assert (answer.status, answer.problem) == (403, "wrong-scope")


async def test_a_token_of_one_tenant_opens_no_other(phone: Caller) -> None:
    other = phone.served.base + "/t/elsewhere" + NONCE
    async with phone.served.http.post(other, headers=phone.proved("POST", NONCE)) as answer:
        assert answer.status == 404


async def test_a_proof_by_a_key_that_is_not_the_token_s_is_refused(phone: Caller) -> None:
    answer = await sent_with(phone, key=SoftwareKey.generate())
    assert (answer.status, answer.problem) == (401, "invalid-token")
