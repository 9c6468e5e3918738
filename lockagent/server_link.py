"""The controller's calls to its key server: proofs, token, nonce, and whose fault a failure is.

Rules kept here:
- every call carries a DPoP proof by the agent key (RFC 9449); a token is fetched when there is
  none that lasts, by client assertion (RFC 7523): interfaces.md 2;
- a call is repeated once for a new nonce and once for a new token, never for anything else;
- redirects are not followed and no more than `MOST_ANSWER_BYTES` are read;
- no answer, 429 and 5xx are the world's fault (`ServerUnavailable`), other refusals the server's
  verdict on us (`ServerRefused`); neither sentence carries a token, key or nonce.

What is asked and when is `lockagent.sync`'s and `lockagent.provisioning`'s.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from lockagent.protocol.client_proof import ClientSession, asks_for_nonce
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.strict_json import BadJson, JsonValue, parse_object
from lockagent.protocol.time_source import Clock, instant_of

MOST_ANSWER_BYTES = 256 * 1024
CALL_SECONDS = 15.0
TOKEN_PATH = "/v1/token"


class ServerUnavailable(Exception):
    """No answer, or one that says to come back later, after `retry_after_seconds` if it says."""

    def __init__(self, sentence: str, retry_after_seconds: int | None = None) -> None:
        """Say what was expected of the server."""
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class ServerRefused(Exception):
    """The server answered no: `problem` is the name at the end of the problem's type."""

    def __init__(self, status: int, problem: str, detail: str, members: Mapping[str, object]):
        """Keep what the problem document said."""
        super().__init__(f"{problem} ({status}): {detail}" if detail else f"{problem} ({status})")
        self.status = status
        self.problem = problem
        self.members = members


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx or 304, its body read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Mapping[str, JsonValue]:
        """The body as a JSON object; ServerUnavailable for a body that is none."""
        members = _json_object(self.body)
        if members is None:
            raise ServerUnavailable("expected a JSON object from the server, got something else")
        return members


class ServerLink:
    """One controller's conversation with one issuer."""

    def __init__(
        self, http: aiohttp.ClientSession, key: SigningKey, client: str, issuer: str, clock: Clock
    ) -> None:
        """Speak as `client` with `key`; `client` is empty before provisioning, without a token."""
        self._http = http
        self._key = key
        self._clock = clock
        self._session = ClientSession(client, issuer)
        self._fetching_token = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        with_token: bool = True,
        seconds: float = CALL_SECONDS,
    ) -> Answer:
        """The answer to one request to `issuer + path`; raises as the module says."""
        if with_token:
            await self._have_token()
        carried = self._session.access_token
        answer = await self._send(method, path, query, headers, body, with_token, seconds)
        if answer.status == 401 and with_token:
            if self._session.access_token == carried:
                await self._have_token(instead_of=carried)
            answer = await self._send(method, path, query, headers, body, with_token, seconds)
        return _accepted(answer)

    async def _have_token(self, instead_of: str | None = None) -> None:
        async with self._fetching_token:
            session, at = self._session, instant_of(self._clock)
            if session.has_token(at) and session.access_token != instead_of:
                return
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = _accepted(await self._send("POST", TOKEN_PATH, None, form, None, False))
            given = answer.json()
            token, expires_in = given.get("access_token"), given.get("expires_in")
            if not isinstance(token, str) or not isinstance(expires_in, int):
                raise ServerUnavailable("expected an access token of the server, got none")
            self._session = self._session.with_token(token, expires_in, at)

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        with_token: bool,
        seconds: float = CALL_SECONDS,
    ) -> Answer:
        """One request, and once more where all it lacked was the server's nonce."""
        answer = await self._send_once(method, path, query, headers, body, with_token, seconds)
        said = (_json_object(answer.body) or {}).get("error")
        if asks_for_nonce(answer.status, answer.headers, said if isinstance(said, str) else None):
            answer = await self._send_once(method, path, query, headers, body, with_token, seconds)
        return answer

    async def _send_once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        with_token: bool,
        seconds: float,
    ) -> Answer:
        at = instant_of(self._clock)
        proof = self._session.headers(
            self._key, method, path, at, secrets.token_hex(16), token=with_token
        )
        form = None
        if path == TOKEN_PATH:
            form = self._session.token_form(self._key, at, secrets.token_hex(16))
        try:
            async with self._http.request(
                method,
                self._session.issuer + path,
                params=query,
                headers={**(headers or {}), **proof},
                data=form if form is not None else body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                received = await response.content.read(MOST_ANSWER_BYTES + 1)
                while len(received) <= MOST_ANSWER_BYTES and not response.content.at_eof():
                    received += await response.content.read(MOST_ANSWER_BYTES + 1 - len(received))
                answer = Answer(response.status, response.headers.copy(), received)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = _what_failed(error)
            raise ServerUnavailable(f"expected an answer of the key server, got {said}") from error
        if len(answer.body) > MOST_ANSWER_BYTES:
            raise ServerUnavailable(f"expected at most {MOST_ANSWER_BYTES} bytes, got more")
        self._session = self._session.heard(answer.headers)
        return answer


def _accepted(answer: Answer) -> Answer:
    if 200 <= answer.status < 300 or answer.status == 304:
        return answer
    members = _json_object(answer.body) or {}
    problem = str(members.get("type") or members.get("error") or "refused").rpartition("/")[2]
    detail = str(members.get("detail") or members.get("error_description") or "")
    if answer.status == 429 or answer.status >= 500:
        raise ServerUnavailable(
            f"expected an answer of the key server, got {answer.status} {problem}",
            _retry_after(answer.headers),
        )
    raise ServerRefused(answer.status, problem, detail, members)


def _what_failed(error: Exception) -> str:
    """What the world did, for a sentence."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return f"a certificate that is not trusted: {error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port}"
    return "none in time" if isinstance(error, TimeoutError) else f"{str(error) or 'a broken one'}"


def _retry_after(headers: Mapping[str, str]) -> int | None:
    said = headers.get("Retry-After", "")
    return int(said) if said.isascii() and said.isdigit() else None


def _json_object(body: bytes) -> Mapping[str, JsonValue] | None:
    try:
        return parse_object(body)
    except BadJson:
        return None
