"""How a key becomes a client: `POST /v1/devices` and `POST /v1/controllers`."""

from typing import Any

import pytest

from lockagent.protocol.keys import SoftwareKey, from_base64url
from tests.keyserver.http.served import CONTROLLERS, DEVICES, Answer, Caller, Served
from tests.keyserver.town_hall import NORA


async def enrol(caller: Caller, typed: str, **changed: Any) -> Answer:
    """Redeem the code `typed`; `headers` join the honest ones, the rest the body."""
    headers = changed.pop("headers", None)
    body = {"code": typed, "name": "Telefonen min", "platform": "test"} | changed
    return await caller.call("POST", DEVICES, body=body, token=False, headers=headers)


async def test_a_code_makes_a_key_a_device(served: Served) -> None:
    answer = await enrol(served.caller(), await served.hall.enrol_code(NORA))
    assert answer.status == 201
    assert set(answer.body) == {"device_id", "issuer", "root"}
    assert answer.body["device_id"].startswith("dev_")
    assert answer.body["issuer"] == served.issuer
    assert from_base64url(answer.body["root"])


async def test_a_code_is_used_once(served: Served) -> None:
    code = await served.hall.enrol_code(NORA)
    assert (await enrol(served.caller(), code)).status == 201
    answer = await enrol(served.caller(), code)
    assert (answer.status, answer.problem) == (400, "code-not-accepted")


async def test_an_unknown_code_and_a_used_one_are_answered_alike(served: Served) -> None:
    used = await served.hall.enrol_code(NORA)
    await enrol(served.caller(), used)
    answers = [(await enrol(served.caller(), code)).body for code in (used, "0000-0000-0000")]
    for answer in answers:
        del answer["instance"]
    assert answers[0] == answers[1]


async def test_a_key_is_enrolled_once(served: Served) -> None:
    caller = served.caller()
    await enrol(caller, await served.hall.enrol_code(NORA))
    answer = await enrol(caller, await served.hall.enrol_code(NORA))
    assert (answer.status, answer.problem) == (409, "key-already-enrolled")


async def test_an_eleventh_device_is_refused(served: Served) -> None:
    for _ in range(10):
        answer = await enrol(served.caller(), await served.hall.enrol_code(NORA))
        assert answer.status == 201
    answer = await enrol(served.caller(), await served.hall.enrol_code(NORA))
    assert (answer.status, answer.problem) == (403, "device-limit")


async def test_wrong_codes_are_limited_by_address_and_the_wait_is_named(served: Served) -> None:
    answers = [await enrol(served.caller(), "0000-0000-0000") for _ in range(11)]
    assert [answer.status for answer in answers] == [400] * 10 + [429]
    assert answers[-1].problem == "too-many-requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].body["retry_after_seconds"] == int(answers[-1].headers["Retry-After"])


async def test_the_same_call_again_is_answered_the_same(served: Served) -> None:
    caller, code = served.caller(), await served.hall.enrol_code(NORA)
    first, again = [
        await enrol(caller, code, headers={"Idempotency-Key": '"once"'}) for _ in range(2)
    ]
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert await served.hall.rows("device") == 1


async def test_an_idempotency_key_with_another_body_is_a_conflict(served: Served) -> None:
    caller, code = served.caller(), await served.hall.enrol_code(NORA)
    await enrol(caller, code, headers={"Idempotency-Key": "once"})
    answer = await enrol(caller, code, name="En annen", headers={"Idempotency-Key": "once"})
    assert (answer.status, answer.problem) == (409, "idempotency-conflict")


@pytest.mark.parametrize("key", ["", "x" * 65, "a b", "å"])
async def test_an_idempotency_key_of_another_form_is_refused(served: Served, key: str) -> None:
    headers = {"Idempotency-Key": key}
    answer = await enrol(served.caller(), "0000-0000-0000", headers=headers)
    assert (answer.status, answer.problem) == (400, "invalid-request")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"name": "x" * 65}, "#/name"),
        ({"name": "a\u0000b"}, "#/name"),
        ({"name": None}, "#/name"),
        ({"platform": 1}, "#/platform"),
        ({"code": ["7KQ2"]}, "#/code"),
        ({"admin": True}, "#/admin"),
    ],
    ids=str,
)
async def test_a_body_that_is_not_right_names_its_member_and_writes_nothing(
    served: Served, changed: dict[str, Any], pointer: str
) -> None:
    answer = await enrol(served.caller(), await served.hall.enrol_code(NORA), **changed)
    assert (answer.status, answer.problem) == (400, "invalid-request")
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]
    assert await served.hall.rows("device") == 0


async def test_a_verifier_may_come_with_a_typed_code(served: Served) -> None:
    for length in (43, 128):
        code = await served.hall.enrol_code(NORA)
        answer = await enrol(served.caller(), code, code_verifier=("-._~aZ09" * 16)[:length])
        assert answer.status == 201


@pytest.mark.parametrize("verifier", ["", "x" * 42, "x" * 129, "x" * 42 + "=", "å" * 43])
async def test_C08_a_verifier_of_another_form_is_refused_and_uses_no_code(
    served: Served, verifier: str
) -> None:
    code = await served.hall.enrol_code(NORA)
    answer = await enrol(served.caller(), code, code_verifier=verifier)
    assert (answer.status, answer.problem) == (400, "code-not-accepted")
    assert (await enrol(served.caller(), code)).status == 201


@pytest.mark.parametrize("verifier", [None, 1, ["x"]])
async def test_a_verifier_that_is_no_text_is_named(served: Served, verifier: object) -> None:
    answer = await enrol(served.caller(), "0000-0000-0000", code_verifier=verifier)
    assert (answer.status, answer.problem) == (400, "invalid-request")
    assert [one["pointer"] for one in answer.body["errors"]] == ["#/code_verifier"]


async def test_a_token_has_no_business_where_a_key_is_enrolled(phone: Caller) -> None:
    answer = await phone.call("POST", DEVICES, body={"code": "x", "name": "x", "platform": "x"})
    assert answer.status in (400, 401)


async def test_a_code_makes_a_key_a_controller_with_a_certificate_a_reader(
    served: Served,
) -> None:
    answer = await served.caller().provision()
    assert answer.status == 201
    assert set(answer.body) == {"controller_id", "issuer", "root", "readers"}
    assert answer.body["readers"]
    for reader in answer.body["readers"]:
        assert set(reader) == {"access_point", "number", "reader_id", "certificate"}
        assert len(bytes.fromhex(reader["reader_id"])) == 4
        assert from_base64url(reader["certificate"])


async def test_a_lost_answer_to_a_controller_is_given_again(served: Served) -> None:
    caller = served.caller()
    body = await caller.provisioning()
    headers = {"Idempotency-Key": "once"}
    first, again = [
        await caller.call("POST", CONTROLLERS, body=body, token=False, headers=headers)
        for _ in range(2)
    ]
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body


async def test_readers_that_are_not_the_controller_s_are_refused(served: Served) -> None:
    caller = served.caller()
    body = await caller.provisioning()
    body["readers"][1]["access_point"] = "elsewhere/door"
    answer = await caller.call("POST", CONTROLLERS, body=body, token=False)
    assert (answer.status, answer.problem) == (409, "readers-mismatch")


@pytest.mark.parametrize(
    ("readers", "pointer"),
    [
        ([], "#/readers"),
        ([{}] * 17, "#/readers"),
        ([{"access_point": "a"}], "#/readers/0/public_key"),
        ([{"access_point": "A b", "public_key": {}}], "#/readers/0/access_point"),
        ([{"access_point": "a", "public_key": {"kty": "EC"}}], "#/readers/0/public_key"),
    ],
    ids=str,
)
async def test_a_reader_that_is_not_right_is_named(
    served: Served, readers: list[Any], pointer: str
) -> None:
    body = {"code": "0000-0000-0000", "software": "test", "readers": readers}
    answer = await served.caller().call("POST", CONTROLLERS, body=body, token=False)
    assert answer.status == 400
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]


async def test_a_private_reader_key_is_refused_and_not_quoted(served: Served) -> None:
    key = SoftwareKey.generate().public.jwk() | {"d": "c2VjcmV0"}
    body = {
        "code": "0000-0000-0000",
        "software": "test",
        "readers": [{"access_point": "a", "public_key": key}],
    }
    answer = await served.caller().call("POST", CONTROLLERS, body=body, token=False)
    assert answer.status == 400
    assert b"c2VjcmV0" not in answer.content
