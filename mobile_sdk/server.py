"""The key server as a phone speaks to it: interfaces.md 2, 3 and 4 over aiohttp.

The phone proves itself with its device key: a DPoP proof with each call, a client assertion for a
token, an attestation over new presentation keys. Rules kept here:
- HTTPS; plain HTTP only to this machine, and then only for an issuer of development;
- a redirect is not followed, a body above 1 MiB not read, a compressed or mistyped one not parsed;
- a call is repeated once, where the server says only that its nonce was missing or old;
- every answer is read into a value, strictly, before anybody relies on it.

Whatever goes wrong is `ServerUnavailable`; where the server itself said no it is `ServerRefused`,
with the name of the problem (RFC 9457). What was asked and what came is no part of any sentence.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeVar
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from lockagent.protocol.client_proof import ClientSession, asks_for_nonce, key_attestation
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.strict_json import JsonValue
from lockagent.protocol.time_source import Clock, instant_of
from mobile_sdk.acceptance import Asked
from mobile_sdk.answers import (
    Enrolled,
    Installation,
    Issuance,
    Keyring,
    read_enrolled,
    read_installation,
    read_issuance,
    read_keyring,
)
from mobile_sdk.documents import BadDocument, Members, parse_document, write_document
from mobile_sdk.errors import ServerUnavailable

MOST_BODY_BYTES = 1 << 20
CALL_SECONDS = 10.0
CONNECT_SECONDS = 4.0
MOST_TOKEN_SECONDS = 300

_JSON, _PROBLEM, _FORM = (
    "application/json",
    "application/problem+json",
    "application/x-www-form-urlencoded",
)
_MOST_RETRY_AFTER_SECONDS = 3600

_NONE: Mapping[str, str] = MappingProxyType({})
_T = TypeVar("_T")


_ABOUT_THE_PHONE: Mapping[str, Literal["phone-unknown", "phone-clock"]] = MappingProxyType(
    {
        "invalid_client": "phone-unknown",
        "invalid_dpop_proof": "phone-clock",
        "invalid-dpop-proof": "phone-clock",
    }
)
"""What a problem says of this very phone; a proof that it makes is at fault in its time alone."""


class ServerRefused(ServerUnavailable):
    """The server said no; `problem` is its name for it, such as `code-not-accepted`."""

    def __init__(self, problem: str, status: int, retry_after_seconds: int | None) -> None:
        """Keep the name, the HTTP status, and how long to wait where that was said."""
        super().__init__(f"expected an answer, got {status} {problem}")
        self.problem = problem
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def about_phone(self) -> Literal["phone-unknown", "phone-clock"] | None:
        """What its owner can mend: the phone is not enrolled any more, or its clock is wrong."""
        return _ABOUT_THE_PHONE.get(self.problem)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, its body read to the end and not yet parsed."""

    status: int
    headers: Mapping[str, str]
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyringAnswer:
    """A keyring as it came, as a value, and the ETag to ask with the next time."""

    document: Mapping[str, JsonValue]
    keyring: Keyring
    etag: str | None


class KeyServer:
    """One phone's conversation with its issuer; made by `open_key_server`."""

    def __init__(
        self, http: aiohttp.ClientSession, issuer: str, device: str, key: SigningKey, clock: Clock
    ) -> None:
        """Speak to `issuer` as `device`, whose key is `key`; empty before the enrolment."""
        self._http = http
        self._issuer = issuer
        self._key = key
        self._clock = clock
        self._session = ClientSession(device, issuer)

    async def describe(self) -> Installation:
        """What the server says of itself; it has to be the issuer asked."""
        answer = await self._send("GET", "/.well-known/bynokkel")
        installation = _read(answer, read_installation)
        self._check_issuer(installation.issuer)
        return installation

    async def enrol(self, code: str, name: str, platform: str, idempotency_key: str) -> Enrolled:
        """Bind the device key to the person the code is for; the proof is by that key itself."""
        body = write_document({"code": code, "name": name, "platform": platform})
        headers = {"Content-Type": _JSON, "Idempotency-Key": idempotency_key}
        answer = await self._prove("POST", "/v1/devices", headers, body)
        enrolled = _read(answer, read_enrolled)
        self._check_issuer(enrolled.issuer)
        return enrolled

    async def fetch_keyring(self, language: str, etag: str | None) -> KeyringAnswer | None:
        """The keyring in `language`; None where the one with this `etag` still stands."""
        headers = {} if etag is None else {"If-None-Match": etag}
        await self._take_token()
        answer = await self._prove("GET", "/v1/me/keyring", headers, query=f"lang={language}")
        if answer.status == 304 and etag is not None:
            return None
        return KeyringAnswer(
            _read(answer, lambda members: members.values),
            _read(answer, read_keyring),
            answer.headers.get("ETag"),
        )

    async def request_credentials(self, asked: Sequence[Asked], language: str) -> Issuance:
        """Ask for a credential for each of `asked` (at most 16), all keys under one attestation."""
        await self._take_token()
        nonce = await self._prove("POST", "/v1/nonce")
        attestation = key_attestation(
            self._key,
            self._session.client,
            self._issuer,
            instant_of(self._clock),
            _read(nonce, lambda members: members.text("c_nonce", 512)),
            [one.key for one in asked],
        )
        requests = [_request(one, position) for position, one in enumerate(asked)]
        body = write_document({"requests": requests, "attestation": attestation})
        headers = {"Content-Type": _JSON, "Accept-Language": language}
        return _read(await self._prove("POST", "/v1/credentials", headers, body), read_issuance)

    async def _take_token(self) -> None:
        """Hold a token that lasts the next call."""
        if self._session.has_token(instant_of(self._clock)):
            return
        self._session = replace(self._session, access_token=None)

        def form() -> bytes:
            at = instant_of(self._clock)
            return urlencode(self._session.token_form(self._key, at, _identifier())).encode()

        answer = await self._prove("POST", "/v1/token", {"Content-Type": _FORM}, form)
        token, seconds = _read(answer, _read_token)
        self._session = self._session.with_token(token, seconds, instant_of(self._clock))

    async def _prove(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NONE,
        body: bytes | Callable[[], bytes] | None = None,
        query: str = "",
    ) -> Answer:
        """One call with a proof, and with the token where one is held; again for a new nonce.

        A `body` that is a function is made anew for each try: an assertion is good once.
        """
        answer = None
        for _ in range(2):
            at, has_token = instant_of(self._clock), self._session.access_token is not None
            proof = self._session.headers(
                self._key, method, path, at, _identifier(), token=has_token
            )
            content = body() if callable(body) else body
            answer = await self._send(method, path, {**headers, **proof}, content, query)
            self._session = self._session.heard(answer.headers)
            if not asks_for_nonce(answer.status, answer.headers, _said(answer, "error")):
                return answer
        raise ServerUnavailable("expected the server to take its own nonce, got asked for another")

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
        query: str = "",
    ) -> Answer:
        """One HTTP exchange, within the bounds of this module."""
        url = URL(f"{self._issuer}{path}" + (f"?{query}" if query else ""), encoded=True)
        try:
            async with self._http.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                received = await _read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServerUnavailable(
                f"expected an answer from {self._issuer}, got {type(error).__name__}"
            ) from error
        if 300 <= response.status < 400 and response.status != 304:
            raise ServerUnavailable(f"expected no redirect, got {response.status}")
        return Answer(response.status, response.headers, response.content_type, received)

    def _check_issuer(self, issuer: str) -> None:
        if issuer != self._issuer:
            raise ServerUnavailable(f"expected issuer {self._issuer}, got another")


@asynccontextmanager
async def open_key_server(
    issuer: str, device: str, key: SigningKey, clock: Clock
) -> AsyncIterator[KeyServer]:
    """A conversation with `issuer` over kept connections; `device` is empty before enrolment."""
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
    async with aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity", "Accept": f"{_JSON}, {_PROBLEM}"},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as http:
        yield KeyServer(http, issuer, device, key, clock)


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ServerUnavailable("expected a body without compression, got another")
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > MOST_BODY_BYTES:
            raise ServerUnavailable(f"expected at most {MOST_BODY_BYTES} bytes, got more")
    return bytes(received)


def _read(answer: Answer, read: Callable[[Members], _T]) -> _T:
    """The value in a good answer; ServerRefused for a no, ServerUnavailable for anything else."""
    if answer.status not in (200, 201):
        raise _refusal(answer)
    if answer.media_type != _JSON:
        raise ServerUnavailable(f"expected {_JSON}, got {answer.media_type[:64]}")
    try:
        return read(parse_document(answer.body))
    except BadDocument as error:
        raise ServerUnavailable(f"in the server's answer: {error}") from error


def _read_token(members: Members) -> tuple[str, int]:
    if members.text("token_type", 16).lower() != "dpop":
        raise BadDocument("expected a DPoP token, got one of another type")
    return members.text("access_token", 8192), members.number("expires_in", 1, MOST_TOKEN_SECONDS)


def _refusal(answer: Answer) -> ServerUnavailable:
    """The server's own no, by its name; the type of a problem is `/problems/NAME`."""
    problem = _said(answer, "error") or (_said(answer, "type") or "").rpartition("/problems/")[2]
    if not problem:
        return ServerUnavailable(f"expected an answer, got status {answer.status}")
    said = answer.headers.get("Retry-After", "")
    seconds = min(int(said[:6]), _MOST_RETRY_AFTER_SECONDS) if said.isdecimal() else None
    return ServerRefused(problem[:64], answer.status, seconds)


def _said(answer: Answer, member: str) -> str | None:
    """One text of an answer that says no, None where it does not say it in JSON."""
    if answer.status < 400 or answer.media_type not in (_JSON, _PROBLEM):
        return None
    try:
        return parse_document(answer.body).optional_text(member)
    except BadDocument:
        return None


def _request(asked: Asked, position: int) -> dict[str, object]:
    request: dict[str, object] = {"facility": asked.facility, "key": position}
    if asked.on_the_way_to is not None:
        request["access_point"] = asked.on_the_way_to.access_point
    return request


def _identifier() -> str:
    return secrets.token_urlsafe(16)
