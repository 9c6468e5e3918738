"""The update route and the journal's: what a door controller asks."""

import asyncio

import pytest

from lockagent.protocol.keys import SoftwareKey, base64url
from lockagent.protocol.update_answer import decode_update_answer
from tests.keyserver.http.served import CREDENTIALS, JOURNAL, UPDATE, Answer, Caller, up_to_date
from tests.keyserver.town_hall import LIBRARY


async def first_update(controller: Caller) -> Answer:
    return await controller.call("GET", UPDATE)


async def take_credential(phone: Caller) -> None:
    """Have something that a revocation of the phone revokes."""
    attestation = await phone.attestation([SoftwareKey.generate().public])
    body = {"requests": [{"facility": LIBRARY, "key": 0}], "attestation": attestation}
    assert (await phone.call("POST", CREDENTIALS, body=body)).body["credentials"]


async def test_a_controller_that_has_nothing_is_given_bundle_and_settings(
    controller: Caller,
) -> None:
    answer = await first_update(controller)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/cbor")
    update = decode_update_answer(answer.content)
    assert update.bundle is not None
    assert update.settings is not None
    assert update.time_token is None


async def test_a_controller_that_has_all_is_answered_304(controller: Caller) -> None:
    answer = await controller.call("GET", f"{UPDATE}?{await up_to_date(controller)}")
    assert (answer.status, answer.content) == (304, b"")
    assert "Preference-Applied" not in answer.headers


async def test_a_controller_may_wait_and_is_answered_304_after_the_wait(
    controller: Caller,
) -> None:
    path = f"{UPDATE}?{await up_to_date(controller)}"
    answer = await controller.call("GET", path, headers={"Prefer": "respond-async, wait=1"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (304, "wait=1")


async def test_a_revocation_wakes_the_controller_that_waits(
    controller: Caller, phone: Caller
) -> None:
    await take_credential(phone)
    path = f"{UPDATE}?{await up_to_date(controller)}"
    waiting = asyncio.create_task(controller.call("GET", path, headers={"Prefer": "wait=25"}))
    await controller.served.hall.revoke_device(phone.session.client)
    answer = await asyncio.wait_for(waiting, 5)
    assert answer.status == 200
    assert decode_update_answer(answer.content).bundle is not None


async def test_a_question_with_a_nonce_is_answered_at_once_with_a_time_token(
    controller: Caller,
) -> None:
    path = f"{UPDATE}?{await up_to_date(controller)}&nonce={base64url(bytes(16))}"
    answer = await controller.call("GET", path, headers={"Prefer": "wait=25"})
    assert answer.status == 200
    assert decode_update_answer(answer.content).time_token is not None


async def test_more_calls_than_four_of_a_controller_do_not_wait(controller: Caller) -> None:
    path = f"{UPDATE}?{await up_to_date(controller)}"
    calls = [
        asyncio.create_task(controller.call("GET", path, headers={"Prefer": "wait=2"}))
        for _ in range(5)
    ]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers) == [304, 304, 304, 304, 429]


async def test_E06_calls_that_were_given_up_do_not_keep_a_controller_from_waiting(
    controller: Caller,
) -> None:
    path = f"{UPDATE}?{await up_to_date(controller)}"
    for _ in range(4):
        headers = {"Prefer": "wait=25"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(controller.call("GET", path, headers=headers), 0.1)
    answer = await controller.call("GET", path, headers={"Prefer": "wait=1"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (304, "wait=1")


@pytest.mark.parametrize(
    "query",
    [
        "bundle=1",
        "bundle=1.2.3",
        "bundle=-1.2",
        "bundle=1.٢",
        "settings=x",
        "settings=1&settings=2",
        "nonce=AAAA",
        "nonce=%20",
        "nonce=" + "A" * 22 + "==",
        "controller=ctl_0123456789ABCDEF",
    ],
)
async def test_a_query_that_is_not_right_is_refused(controller: Caller, query: str) -> None:
    answer = await controller.call("GET", f"{UPDATE}?{query}")
    assert (answer.status, answer.problem) == (400, "invalid-request")


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x84\x40\xa0\x40\x40", b"\xff" * 100])
async def test_a_journal_that_is_none_is_refused(controller: Caller, content: bytes) -> None:
    answer = await controller.call(
        "POST", JOURNAL, content=content, content_type="application/cbor"
    )
    assert (answer.status, answer.problem) == (400, "invalid-request")


async def test_a_journal_of_another_media_type_is_refused(controller: Caller) -> None:
    answer = await controller.call("POST", JOURNAL, content=b"\x00")
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")


async def test_a_journal_over_a_mebibyte_is_refused(controller: Caller) -> None:
    content = bytes(1024 * 1024 + 1)
    answer = await controller.call(
        "POST", JOURNAL, content=content, content_type="application/cbor"
    )
    assert (answer.status, answer.problem) == (413, "too-large")
