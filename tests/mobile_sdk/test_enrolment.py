"""Enrolment: once, with a code, to the server that was typed, and safe against a lost answer."""

from pathlib import Path

import pytest
from aiohttp import web

from mobile_sdk import EnrolmentRefused, FileKeyStore, Phone, ServerUnavailable, StoreUnreadable
from mobile_sdk.enrolment import load_enrolment, read_code
from tests.mobile_sdk.issuer_simulator import CODE, DEVICE, IssuerSimulator


async def test_an_enrolled_phone_is_loaded_without_any_network(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, clock: str
) -> None:
    issuer.calls.clear()
    Phone.load(store, clock=clock)
    enrolment = load_enrolment(store)
    assert (enrolment.issuer.url, enrolment.device) == (issuer.url, DEVICE)
    assert issuer.calls == []


async def test_a_wrong_code_is_refused_and_the_next_one_taken(
    issuer: IssuerSimulator, store: FileKeyStore, clock: str
) -> None:
    with pytest.raises(EnrolmentRefused, match="code-not-accepted"):
        await Phone.enrol(issuer.url, "0000-0000-0000", store, clock=clock)
    await Phone.enrol(issuer.url, CODE, store, clock=clock)


@pytest.mark.parametrize("typed", ["7kq2m9xd4tpa", " 7KQ2 M9XD 4TPA ", "7KQ2-M9XD-4TPA"])
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert read_code(typed) == CODE


@pytest.mark.parametrize(
    "typed", ["", "7KQ2-M9XD", "7KQ2-M9XD-4TPU", "7KQ2-M9XD-4TPA-0000", "ø" * 12]
)
def test_other_text_is_no_code_and_never_sent(typed: str) -> None:
    with pytest.raises(EnrolmentRefused, match="expected a code"):
        read_code(typed)


def test_letters_that_look_alike_are_read_as_digits() -> None:
    assert read_code("OIL2-M9XD-4TPA") == "0112-M9XD-4TPA"


async def test_a_lost_answer_costs_nothing(
    issuer: IssuerSimulator, store: FileKeyStore, clock: str
) -> None:
    def lose(request: web.Request, response: web.Response) -> web.StreamResponse:
        is_enrolment = request.path.endswith("/v1/devices") and response.status == 201
        return web.Response(status=502) if is_enrolment else response

    issuer.twist = lose
    with pytest.raises(ServerUnavailable):
        await Phone.enrol(issuer.url, CODE, store, clock=clock)
    with pytest.raises(StoreUnreadable):
        Phone.load(store, clock=clock)
    issuer.twist = None
    await Phone.enrol(issuer.url, CODE, store, clock=clock)


async def test_an_enrolled_home_is_not_enrolled_again(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, clock: str
) -> None:
    with pytest.raises(EnrolmentRefused, match="forget it first"):
        await Phone.enrol(issuer.url, CODE, store, clock=clock)


async def test_a_key_already_enrolled_is_let_go_so_that_the_next_code_works(
    issuer: IssuerSimulator, phone: Phone, store: FileKeyStore, clock: str, tmp_path: Path
) -> None:
    store.delete("phone.json")
    issuer.codes = {"0123-4567-89AB"}
    with pytest.raises(EnrolmentRefused, match="key-already-enrolled"):
        await Phone.enrol(issuer.url, "0123-4567-89AB", store, clock=clock)
    await Phone.enrol(issuer.url, "0123-4567-89AB", store, clock=clock)


async def test_H01_a_server_that_calls_itself_by_another_issuer_is_refused(
    issuer: IssuerSimulator, store: FileKeyStore, clock: str
) -> None:
    asked, issuer.url = issuer.url, "http://127.0.0.1:1/t/oslo"
    with pytest.raises(ServerUnavailable, match="expected issuer"):
        await Phone.enrol(asked, CODE, store, clock=clock)
    assert store.read("phone.json") is None


async def test_plain_http_is_for_development_only(
    issuer: IssuerSimulator, store: FileKeyStore
) -> None:
    issuer.environment = "production"
    with pytest.raises(ServerUnavailable, match="expected https"):
        await Phone.enrol(issuer.url, CODE, store)


async def test_a_root_that_does_not_hold_is_not_pinned(
    issuer: IssuerSimulator, store: FileKeyStore, clock: str
) -> None:
    def spoil(request: web.Request, response: web.Response) -> web.StreamResponse:
        if request.path.endswith("/v1/devices") and response.status == 201:
            body = {"device_id": DEVICE, "issuer": issuer.url, "root": "gw"}
            return web.json_response(body, status=201)
        return response

    issuer.twist = spoil
    with pytest.raises(ServerUnavailable, match="root to trust"):
        await Phone.enrol(issuer.url, CODE, store, clock=clock)
    assert store.read("phone.json") is None


async def test_a_town_clock_is_refused_outside_development(
    phone: Phone, store: FileKeyStore, clock: str
) -> None:
    changed = (store.read("phone.json") or b"").replace(b'"development"', b'"production"')
    store.write("phone.json", changed.replace(b"http:", b"https:"))
    with pytest.raises((ValueError, StoreUnreadable)):
        Phone.load(store, clock=clock)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"issuer": "https://h/t/oslo"}', b"\x00" * 64]
)
async def test_a_damaged_phone_file_is_unreadable_not_empty(
    phone: Phone, store: FileKeyStore, content: bytes
) -> None:
    store.write("phone.json", content)
    with pytest.raises(StoreUnreadable):
        Phone.load(store)


async def test_an_issuer_is_read_as_people_type_it(
    issuer: IssuerSimulator, store: FileKeyStore, clock: str
) -> None:
    await Phone.enrol(f" {issuer.url}/ ", CODE, store, clock=clock)
    assert load_enrolment(store).issuer.url == issuer.url


@pytest.mark.parametrize(
    "url", ["", "https://nokkel.example.no", "http://nokkel.example.no/t/oslo"]
)
async def test_a_url_that_is_no_issuer_is_refused(
    url: str, store: FileKeyStore, clock: str
) -> None:
    with pytest.raises(ValueError, match="expected https"):
        await Phone.enrol(url, CODE, store, clock=clock)
    assert store.read("phone.json") is None
