"""`POST /v1/credentials` (C13): errors are named, and leave no credential row."""

from typing import Any

import pytest

from lockagent.protocol.client_proof import sign_jws
from lockagent.protocol.credential import parse_credential
from lockagent.protocol.keys import SoftwareKey, VerifyingKey, from_base64url
from policies.vocabulary import instant_text
from tests.keyserver.http.served import CREDENTIALS, Answer, Caller
from tests.keyserver.town_hall import KARIM, LIBRARY, NORA


def fresh(count: int = 1) -> list[VerifyingKey]:
    return [SoftwareKey.generate().public for _ in range(count)]


async def ask(caller: Caller, requests: list[Any], attestation: str, **more: Any) -> Answer:
    body = {"requests": requests, "attestation": attestation} | more
    return await caller.call("POST", CREDENTIALS, body=body)


async def assert_refused(caller: Caller, answer: Answer, status: int, problem: str) -> None:
    assert (answer.status, answer.problem) == (status, problem)
    assert await caller.served.hall.rows("credential") == 0


async def test_a_fresh_key_gets_a_credential_bound_to_it(phone: Caller, controller: Caller) -> None:
    [key] = fresh()
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], await phone.attestation([key]))
    assert answer.status == 200
    assert answer.body["refused"] == []
    [given] = answer.body["credentials"]
    assert set(given) == {
        "facility",
        "credential",
        "not_before",
        "expires",
        "reader_certificates",
        "trust_bundle",
    }
    claims = parse_credential(from_base64url(given["credential"])).claims
    assert (claims.presentation_key, claims.facility) == (key, LIBRARY)
    assert given["expires"] == instant_text(claims.expires)
    assert given["not_before"] == instant_text(claims.not_before)
    assert given["reader_certificates"]
    assert given["trust_bundle"]


async def test_the_same_key_again_is_given_the_stored_credential(phone: Caller) -> None:
    keys = fresh()
    first, again = [
        await ask(phone, [{"facility": LIBRARY, "key": 0}], await phone.attestation(keys))
        for _ in range(2)
    ]
    assert first.body["credentials"][0]["credential"] == again.body["credentials"][0]["credential"]
    assert await phone.served.hall.rows("credential") == 1


async def test_a_key_used_by_another_device_is_refused(phone: Caller) -> None:
    keys, other = fresh(), phone.served.caller()
    await other.enrol(NORA)
    requests = [{"facility": LIBRARY, "key": 0}]
    assert (await ask(other, requests, await other.attestation(keys))).status == 200
    answer = await ask(phone, requests, await phone.attestation(keys))
    assert (answer.status, answer.problem) == (409, "key-already-used")


async def test_a_refusal_by_the_rules_is_an_answer_with_its_reason(phone: Caller) -> None:
    stranger = phone.served.caller()
    await stranger.enrol(KARIM)
    answer = await stranger.call(
        "POST",
        f"{CREDENTIALS}?lang=en",
        body={
            "requests": [{"facility": "storgata-7", "key": 0}],
            "attestation": await stranger.attestation(fresh()),
        },
    )
    assert answer.status == 200
    assert answer.body["credentials"] == []
    [refused] = answer.body["refused"]
    assert set(refused) == {"facility", "reason", "why"}
    assert (refused["facility"], refused["reason"]) == ("storgata-7", "no-grant")
    [why] = refused["why"]
    assert set(why) == {"access_point", "reason", "sentence", "opens_at"}
    assert why["access_point"] == "storgata-7/waste"
    assert why["sentence"].isascii()


async def test_C13_no_proof_at_all(phone: Caller) -> None:
    content_type = {"Content-Type": "application/json"}
    answer = await phone.served.send("POST", CREDENTIALS, content_type, b"{}")
    await assert_refused(phone, answer, 401, "invalid-token")


async def test_C13_an_access_token_in_the_query(phone: Caller) -> None:
    path = f"{CREDENTIALS}?access_token={phone.session.access_token}"
    answer = await phone.call("POST", path, body={})
    await assert_refused(phone, answer, 400, "invalid-request")
    answer = await phone.served.send("POST", path, {"DPoP": phone.last_proof}, b"{}")
    await assert_refused(phone, answer, 401, "invalid-token")


@pytest.mark.parametrize("attestation", ["", "x", "a.b.c", None, 1])
async def test_C13_a_missing_or_unreadable_attestation(phone: Caller, attestation: object) -> None:
    body = {"requests": [{"facility": LIBRARY, "key": 0}], "attestation": attestation}
    answer = await phone.call("POST", CREDENTIALS, body=body)
    named = "invalid-attestation" if attestation in ("x", "a.b.c") else "invalid-request"
    await assert_refused(phone, answer, 400, named)


async def test_C13_an_attestation_for_another_issuer(phone: Caller) -> None:
    stray = await phone.attestation(fresh(), issuer="https://other.example/t/oslo")
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_an_attestation_by_a_key_that_is_not_the_device_s(phone: Caller) -> None:
    stray = await phone.attestation(fresh(), key=SoftwareKey.generate())
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_an_attestation_in_the_name_of_another_device(phone: Caller) -> None:
    stray = await phone.attestation(fresh(), device="dev_FFFFFFFFFFFFFFFF")
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_an_attestation_that_is_too_old(phone: Caller) -> None:
    stray = await phone.attestation(fresh(), at=phone.served.at - 121)
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_an_attestation_past_its_own_exp(phone: Caller) -> None:
    claims = {
        "aud": phone.served.issuer,
        "iat": phone.served.at,
        "exp": phone.served.at,
        "nonce": await phone.c_nonce(),
        "attested_keys": [key.jwk() for key in fresh()],
    }
    header = {"typ": "key-attestation+jwt", "kid": phone.session.client}
    stray = sign_jws(header, claims, phone.key)
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_a_proof_or_an_assertion_is_no_attestation(phone: Caller) -> None:
    for stray in (phone.last_proof, phone.assertion()):
        answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
        await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_a_device_key_as_a_presentation_key(phone: Caller) -> None:
    stray = await phone.attestation([phone.key.public])
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-attestation")


async def test_C13_a_stale_nonce(phone: Caller) -> None:
    c_nonce = await phone.c_nonce()
    phone.served.hall.clock.at += 240
    stray = await phone.attestation(fresh(), c_nonce=c_nonce)
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
    await assert_refused(phone, answer, 400, "invalid-nonce")


async def test_C13_a_nonce_given_to_another_device_or_for_another_use(phone: Caller) -> None:
    other = phone.served.caller()
    await other.enrol(NORA)
    for c_nonce in (await other.c_nonce(), phone.session.nonce):
        stray = await phone.attestation(fresh(), c_nonce=c_nonce)
        answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
        await assert_refused(phone, answer, 400, "invalid-nonce")


async def test_C13_an_unknown_facility(phone: Caller) -> None:
    answer = await ask(
        phone, [{"facility": "atlantis", "key": 0}], await phone.attestation(fresh())
    )
    await assert_refused(phone, answer, 400, "unknown-facility")


async def test_C13_an_unknown_access_point(phone: Caller) -> None:
    request = {"facility": LIBRARY, "key": 0, "access_point": f"{LIBRARY}/no/such/door"}
    answer = await ask(phone, [request], await phone.attestation(fresh()))
    await assert_refused(phone, answer, 400, "unknown-access-point")


async def test_C13_one_unknown_facility_among_good_ones_issues_nothing(phone: Caller) -> None:
    requests = [{"facility": LIBRARY, "key": 0}, {"facility": "atlantis", "key": 1}]
    answer = await ask(phone, requests, await phone.attestation(fresh(2)))
    await assert_refused(phone, answer, 400, "unknown-facility")


async def test_C13_a_batch_over_its_limit(phone: Caller) -> None:
    answer = await ask(
        phone, [{"facility": LIBRARY, "key": 0}] * 17, await phone.attestation(fresh())
    )
    await assert_refused(phone, answer, 400, "too-many-requests-in-batch")


async def test_C13_an_attestation_over_more_keys_than_a_batch_has(phone: Caller) -> None:
    answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], await phone.attestation(fresh(17)))
    await assert_refused(phone, answer, 400, "too-many-requests-in-batch")


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"facility": LIBRARY, "key": 1}, "#/requests/0/key"),
        ({"facility": LIBRARY, "key": -1}, "#/requests/0/key"),
        ({"facility": LIBRARY, "key": True}, "#/requests/0/key"),
        ({"facility": "Not A Slug", "key": 0}, "#/requests/0/facility"),
        ({"facility": LIBRARY}, "#/requests/0/key"),
        ({"facility": LIBRARY, "key": 0, "windows": []}, "#/requests/0/windows"),
        ({"facility": LIBRARY, "key": 0, "access_point": "X"}, "#/requests/0/access_point"),
        ("torshov", "#/requests/0"),
    ],
    ids=str,
)
async def test_C13_a_request_that_is_not_right_is_named(
    phone: Caller, request_: object, pointer: str
) -> None:
    answer = await ask(phone, [request_], await phone.attestation(fresh()))
    await assert_refused(phone, answer, 400, "invalid-request")
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]


async def test_C13_one_key_for_two_facilities_is_refused(phone: Caller) -> None:
    requests = [{"facility": LIBRARY, "key": 0}, {"facility": "ekeberg", "key": 0}]
    answer = await ask(phone, requests, await phone.attestation(fresh()))
    await assert_refused(phone, answer, 409, "key-already-used")


async def test_C13_a_key_that_calls_this_server_is_no_presentation_key(
    phone: Caller, controller: Caller
) -> None:
    other = phone.served.caller()
    await other.enrol(KARIM)
    await phone.served.hall.revoke_device(other.session.client)
    for enrolled in (phone, controller, other):
        stray = await phone.attestation([*fresh(), enrolled.key.public])
        answer = await ask(phone, [{"facility": LIBRARY, "key": 0}], stray)
        await assert_refused(phone, answer, 400, "invalid-attestation")
