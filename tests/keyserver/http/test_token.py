"""`POST /v1/token`: client credentials by assertion and DPoP proof, errors as RFC 6749, 5.2."""

from collections.abc import Mapping

import pytest

from keyserver.jose import TOKEN_SECONDS
from lockagent.protocol.client_proof import ASSERTION_TYPE
from lockagent.protocol.keys import SoftwareKey
from tests.keyserver.http.served import NONCE, TOKEN, Answer, Caller, Served

FORM_TYPE = "application/x-www-form-urlencoded"


def form(caller: Caller, **changed: str) -> Mapping[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": caller.assertion(),
    } | changed


def assert_oauth_error(answer: Answer, status: int, error: str) -> None:
    assert answer.status == status
    assert answer.body["error"] == error
    assert set(answer.body) == {"error", "error_description"}


async def test_a_phone_gets_a_token_bound_to_its_key(phone: Caller) -> None:
    answer = await phone.ask_for_token(form(phone))
    assert answer.status == 200
    assert {name: answer.body[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "DPoP",
        "expires_in": TOKEN_SECONDS,
        "scope": "device",
    }
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_controller_s_scope_is_its_own(controller: Caller) -> None:
    assert (await controller.ask_for_token(form(controller))).body["scope"] == "controller"


async def test_the_first_call_learns_the_nonce_by_400(served: Served) -> None:
    caller = served.caller(client="dev_0123456789ABCDEF")
    answer = await served.send(
        "POST",
        TOKEN,
        {"DPoP": caller.proof("POST", TOKEN), "Content-Type": FORM_TYPE},
        b"grant_type=client_credentials",
    )
    assert_oauth_error(answer, 400, "use_dpop_nonce")
    assert answer.headers["DPoP-Nonce"]


async def test_an_unknown_client_is_refused(served: Served) -> None:
    caller = served.caller(client="dev_0123456789ABCDEF")
    assert_oauth_error(await caller.ask_for_token(form(caller)), 401, "invalid_client")


async def test_a_client_s_name_with_another_s_key_is_refused(phone: Caller) -> None:
    thief = phone.served.caller(client=phone.session.client)
    assert_oauth_error(await thief.ask_for_token(form(thief)), 401, "invalid_client")


async def test_an_assertion_by_another_key_than_the_proof_s_is_refused(phone: Caller) -> None:
    stray = phone.assertion(key=SoftwareKey.generate())
    answer = await phone.ask_for_token(form(phone, client_assertion=stray))
    assert_oauth_error(answer, 401, "invalid_client")


async def test_C04_an_assertion_is_used_once(phone: Caller) -> None:
    once = form(phone)
    assert (await phone.ask_for_token(once)).status == 200
    assert_oauth_error(await phone.ask_for_token(once), 401, "invalid_client")


async def test_an_assertion_for_another_tenant_is_refused(phone: Caller) -> None:
    stray = phone.assertion(issuer=phone.served.issuer + "x")
    answer = await phone.ask_for_token(form(phone, client_assertion=stray))
    assert_oauth_error(answer, 401, "invalid_client")


@pytest.mark.parametrize("grant", ["refresh_token", "authorization_code", "password", ""])
async def test_C12_there_is_one_way_to_a_token(phone: Caller, grant: str) -> None:
    answer = await phone.ask_for_token(form(phone, grant_type=grant))
    assert_oauth_error(answer, 400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": ""},
        {"client_id": "dev_FFFFFFFFFFFFFFFF"},
    ],
    ids=str,
)
async def test_a_form_that_is_not_right_is_refused(phone: Caller, changed: dict[str, str]) -> None:
    answer = await phone.ask_for_token(form(phone, **changed))
    assert_oauth_error(answer, 401, "invalid_client")


async def test_a_field_that_is_unknown_or_without_a_value_is_none(phone: Caller) -> None:
    more = {"client_id": "", "resource": "https://elsewhere.example", "scope": "controller"}
    answer = await phone.ask_for_token(form(phone, **more))
    assert (answer.status, answer.body["scope"]) == (200, "device")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM_TYPE),
        (b"\xff\xfe", FORM_TYPE),
        (b"no equals sign", FORM_TYPE),
        (b"&".join(b"a%d=1" % i for i in range(17)), FORM_TYPE),
    ],
)
async def test_a_form_that_is_no_form_is_an_invalid_request(
    phone: Caller, content: bytes, content_type: str
) -> None:
    answer = await phone.call(
        "POST", TOKEN, content=content, content_type=content_type, token=False
    )
    assert_oauth_error(answer, 400, "invalid_request")


async def test_C13_nothing_is_read_from_the_query(phone: Caller) -> None:
    answer = await phone.call(
        "POST",
        f"{TOKEN}?client_assertion=x",
        content=b"grant_type=client_credentials",
        content_type=FORM_TYPE,
        token=False,
    )
    assert_oauth_error(answer, 400, "invalid_request")


async def test_C07_a_stolen_token_with_another_s_proof_is_refused(phone: Caller) -> None:
    thief = phone.served.caller()
    thief.session = phone.session
    answer = await thief.call("POST", NONCE)
    assert (answer.status, answer.problem) == (401, "invalid-token")


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", ""])
async def test_C07_a_bound_token_is_not_taken_by_another_scheme(phone: Caller, scheme: str) -> None:
    carried = f"{scheme} {phone.session.access_token}".strip()
    answer = await phone.call("POST", NONCE, headers={"Authorization": carried})
    assert (answer.status, answer.problem) == (401, "invalid-token")
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")


async def test_C07_a_bound_token_without_a_proof_is_refused(phone: Caller) -> None:
    headers = {"Authorization": f"DPoP {phone.session.access_token}"}
    answer = await phone.served.send("POST", NONCE, headers)
    assert (answer.status, answer.problem) == (401, "invalid-dpop-proof")


async def test_C04_a_proof_or_an_assertion_is_no_access_token(phone: Caller) -> None:
    for stray in (phone.last_proof, phone.assertion()):
        proof = phone.proof("POST", NONCE, access_token=stray)
        headers = {"Authorization": f"DPoP {stray}", "DPoP": proof}
        answer = await phone.served.send("POST", NONCE, headers)
        assert (answer.status, answer.problem) == (401, "invalid-token")


async def test_a_token_lapses_after_300_s(phone: Caller) -> None:
    phone.served.hall.clock.at += TOKEN_SECONDS
    answer = await phone.call("POST", NONCE)
    assert (answer.status, answer.problem) == (401, "invalid-token")


async def test_a_revoked_phone_s_token_stops_at_once(phone: Caller) -> None:
    assert (await phone.call("POST", NONCE)).status == 200
    await phone.served.hall.revoke_device(phone.session.client)
    answer = await phone.call("POST", NONCE)
    assert (answer.status, answer.problem) == (401, "invalid-token")
    assert_oauth_error(await phone.ask_for_token(form(phone)), 401, "invalid_client")
