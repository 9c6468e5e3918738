"""`GET /v1/me/keyring`: how a phone learns of doors."""

import pytest

from keyserver.http.problem_texts import LANGUAGES
from policies.vocabulary import instant_text
from tests.keyserver.http.served import KEYRING, NONCE, Caller


async def test_a_phone_sees_the_facilities_and_points_of_its_person(phone: Caller) -> None:
    answer = await phone.call("GET", KEYRING)
    assert answer.status == 200
    assert set(answer.body) == {"as_of", "facilities"}
    assert answer.body["as_of"] == instant_text(phone.served.at)
    assert answer.body["facilities"]
    for facility in answer.body["facilities"]:
        assert set(facility) == {"facility", "name", "access_points"}
        for point in facility["access_points"]:
            assert set(point) == {
                "access_point",
                "number",
                "name",
                "reader_ids",
                "open_now",
                "opens_at",
                "why",
            }
            assert all(set(why) == {"rule", "reason", "sentence"} for why in point["why"])


async def test_a_keyring_the_phone_has_is_not_sent_again(phone: Caller) -> None:
    tag = (await phone.call("GET", KEYRING)).headers["ETag"]
    phone.served.hall.clock.at += 1
    answer = await phone.call("GET", KEYRING, headers={"If-None-Match": f'"another", W/{tag}'})
    assert (answer.status, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert answer.headers["DPoP-Nonce"]


async def test_sentences_come_in_the_language_asked_for(phone: Caller) -> None:
    by_query = [
        (await phone.call("GET", f"{KEYRING}?lang={language}")).headers["ETag"]
        for language in LANGUAGES
    ]
    by_header = [
        (await phone.call("GET", KEYRING, headers={"Accept-Language": accepted})).headers["ETag"]
        for accepted in ("nb-NO,nb;q=0.9", "nn", "fr, se;q=0.5", "en-GB")
    ]
    assert by_query == by_header


@pytest.mark.parametrize("query", ["lang=fr", "lang=nb&lang=en", "language=nb", "lang="])
async def test_a_query_that_is_not_right_is_refused(phone: Caller, query: str) -> None:
    answer = await phone.call("GET", f"{KEYRING}?{query}")
    assert (answer.status, answer.problem) == (400, "invalid-request")


@pytest.mark.parametrize("content", [b"", b"{}"])
async def test_a_nonce_is_asked_for_with_nothing(phone: Caller, content: bytes) -> None:
    answer = await phone.call("POST", NONCE, content=content)
    assert set(answer.body) == {"c_nonce", "expires_in_seconds"}


async def test_a_nonce_takes_no_body(phone: Caller) -> None:
    answer = await phone.call("POST", NONCE, body={"device": "another"})
    assert (answer.status, answer.problem) == (400, "invalid-request")
