"""What a request may bring: bodies, queries and the few headers that mean something here.

Rules kept here (interfaces.md 1):
- a body is read to a bound and within a time, whatever its Content-Length says, never unpacked
  (a Content-Encoding is refused), and has the one media type its route reads;
- an unknown or repeated query name or member is refused, so an access token in a query reaches no
  route; only a form is read as RFC 6749 demands, where what is unknown is left aside;
- a fault names its place with a JSON pointer, or the name of the header or query.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from keyserver.http.problem_texts import LANGUAGES
from keyserver.http.problems import Fault, Problem
from keyserver.members import BadMember, Members
from keyserver.services.idempotency import Idempotency
from lockagent.protocol.strict_json import BadJson, parse_object

MOST_BODY_BYTES = 64 * 1024
MOST_JOURNAL_BYTES = 1024 * 1024
MOST_BODY_SECONDS = 20.0
MOST_WAIT_SECONDS = 25
MOST_FORM_FIELDS = 16

_IDEMPOTENCY_KEY = re.compile(r'"?([A-Za-z0-9._~:-]{1,64})"?')
_WAIT = re.compile(r"wait=(\d{1,4})", re.IGNORECASE)


def bad_request(detail: str, *faults: Fault) -> Problem:
    """A request this server does not read, and where it fails."""
    return Problem("invalid-request", detail, errors=faults)


def bad_member(error: BadMember) -> Problem:
    """The problem of one member of a body."""
    return bad_request(str(error), Fault(error.pointer, error.detail))


async def read_body(request: web.Request, media_type: str, most: int = MOST_BODY_BYTES) -> bytes:
    """The whole body of `media_type`, at most `most` bytes."""
    received = await _receive(request, most)
    if len(request.headers.getall("Content-Type", [])) != 1 or request.content_type != media_type:
        raise Problem("unsupported-media-type", f"expected {media_type}, got another type")
    return received


async def read_nothing(request: web.Request) -> None:
    """A POST that says nothing: no body, or an empty object."""
    received = await _receive(request, MOST_BODY_BYTES)
    if received not in (b"", b"{}"):
        raise bad_request("expected no body, got one")


async def read_members(
    request: web.Request, required: Iterable[str], optional: Iterable[str] = ()
) -> tuple[Members, bytes]:
    """The members of a JSON body, and its bytes (what an idempotency key is held against)."""
    received = await read_body(request, "application/json")
    if (request.charset or "utf-8").lower() != "utf-8":
        raise Problem("unsupported-media-type", "expected UTF-8, got another charset")
    try:
        return Members.of(parse_object(received), "#", required, optional), received
    except BadJson as error:
        raise bad_request(str(error)) from error
    except BadMember as error:
        raise bad_member(error) from error


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form, each once; one without a value is none (RFC 6749, 3.2).

    Unknown ones are there too and mean nothing: clients of OAuth are told that servers ignore them.
    """
    received = await read_body(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(
            received.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FORM_FIELDS,
        )
    except ValueError as error:
        raise bad_request("expected a form, got other text") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise bad_request("expected every field once, got one twice")
    return {name: value for name, value in fields.items() if value}


def read_query(request: web.Request, *names: str) -> Mapping[str, str]:
    """The query, which may hold each of `names` once and nothing else."""
    query = request.query
    for name in query:
        if name not in names:
            raise bad_request("expected no such query parameter", Fault(f"?{name[:64]}", "unknown"))
    if len(set(query)) != len(query):
        raise bad_request("expected every query parameter once, got one twice")
    return {name: query[name] for name in names if name in query}


def read_language(request: web.Request, query: Mapping[str, str]) -> str:
    """The language of sentences: `?lang=`, else the first known one of Accept-Language, else nb."""
    asked = query.get("lang")
    if asked is not None:
        if asked not in LANGUAGES:
            raise bad_request(f"expected lang to be one of {', '.join(LANGUAGES)}, got another")
        return asked
    for part in request.headers.get("Accept-Language", "").split(",")[:16]:
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
        if language == "no":
            break
    return "nb"


def read_idempotency(request: web.Request, body: bytes) -> Idempotency | None:
    """The Idempotency-Key of a POST that creates, with the hash of what it came with."""
    values = request.headers.getall("Idempotency-Key", [])
    if not values:
        return None
    found = _IDEMPOTENCY_KEY.fullmatch(values[0])
    if found is None or len(values) != 1:
        raise bad_request("expected one Idempotency-Key of 1 to 64 characters, got another")
    return Idempotency(found[1], hashlib.sha256(body).digest())


def read_wait(request: web.Request) -> int:
    """The seconds that `Prefer: wait=N` allows (RFC 7240, 4.3), at most 25; 0 without."""
    for preference in ",".join(request.headers.getall("Prefer", [])).split(",")[:16]:
        found = _WAIT.fullmatch(preference.strip())
        if found is not None:
            return min(int(found[1]), MOST_WAIT_SECONDS)
    return 0


async def _receive(request: web.Request, most: int) -> bytes:
    too_large = Problem(
        "too-large", f"expected at most {most} bytes, got more", headers={"Connection": "close"}
    )
    if request.headers.getall("Content-Encoding", []):
        raise Problem("unsupported-media-type", "expected no content encoding, got one")
    if request.content_length is not None and request.content_length > most:
        raise too_large
    received = bytearray()
    try:
        async with asyncio.timeout(MOST_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                received += chunk
                if len(received) > most:
                    raise too_large
    except TimeoutError as error:
        raise Problem(
            "request-timeout",
            f"expected the body within {MOST_BODY_SECONDS:.0f} s, got a part of it",
            headers={"Connection": "close"},
        ) from error
    return bytes(received)
