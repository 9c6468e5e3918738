"""How every error looks: `application/problem+json` (RFC 9457), from one function.

`/v1/token` alone answers as RFC 6749, 5.2 demands; the same `Problem` is rendered for it by
`oauth_error_response`. A problem says one sentence, expected then got, with ids and never secrets;
`instance` is the request id that the log carries too.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

from aiohttp import web

from keyserver.http.problem_texts import LANGUAGES, PROBLEMS

_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}"
    "main{max-width:40rem;margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.25rem;margin:1.5rem 0 .25rem}p{margin:0}"
    "footer{margin-top:2rem;color:#595959;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}footer{color:#b0b0b0}}"
)
PAGE_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)
"""The Content-Security-Policy of a page: nothing but its own style, by its hash."""

_OAUTH_ERRORS = {
    "use-dpop-nonce": (400, "use_dpop_nonce"),
    "invalid-dpop-proof": (400, "invalid_dpop_proof"),
    "invalid-client": (401, "invalid_client"),
    "unsupported-grant-type": (400, "unsupported_grant_type"),
    "too-many-requests": (429, "temporarily_unavailable"),
    "not-available": (503, "temporarily_unavailable"),
    "server-error": (500, "server_error"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One member of a body that is not as expected: where (RFC 6901, as a fragment) and what."""

    pointer: str
    detail: str


@dataclass(eq=False)
class Problem(Exception):
    """A refusal on its way to the caller; `name` is one of `PROBLEMS`."""

    name: str
    detail: str
    errors: tuple[Fault, ...] = ()
    retry_after_seconds: int | None = None
    expected_sequence: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of its kind."""
        return PROBLEMS[self.name].status


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """The answer of every route but `/v1/token`."""
    kind = PROBLEMS[problem.name]
    body: dict[str, object] = {
        "type": f"/problems/{problem.name}",
        "title": kind.title.en,
        "status": kind.status,
        "detail": problem.detail,
        "instance": request_id,
    }
    if problem.errors:
        body["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in problem.errors]
    if problem.retry_after_seconds is not None:
        body["retry_after_seconds"] = problem.retry_after_seconds
    if problem.expected_sequence is not None:
        body["expected_sequence"] = problem.expected_sequence
    return web.json_response(
        body,
        status=kind.status,
        content_type="application/problem+json",
        headers=_headers(problem),
    )


def oauth_error_response(problem: Problem) -> web.Response:
    """The answer of `/v1/token`: RFC 6749, 5.2, with DPoP's codes (RFC 9449, 5 and 8)."""
    status, error = _OAUTH_ERRORS.get(problem.name, (problem.status, "invalid_request"))
    return web.json_response(
        {"error": error, "error_description": _description(problem.detail)},
        status=status,
        headers=_headers(problem),
    )


def problem_page(name: str, languages: Iterable[str] = LANGUAGES) -> str:
    """The page at `/problems/NAME`, one section for each language; `name` is one of `PROBLEMS`."""
    kind = PROBLEMS[name]
    sections = "".join(
        f'<section lang="{language}"><h1>{escape(kind.title.in_language(language))}</h1>'
        f"<p>{escape(kind.advice.value.in_language(language))}</p></section>"
        for language in languages
    )
    return (
        '<!doctype html><html lang="nb"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(kind.title.nb)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{sections}<footer><code>{name}</code></footer></main></body></html>"
    )


def _headers(problem: Problem) -> dict[str, str]:
    headers = dict(problem.headers)
    if problem.retry_after_seconds is not None:
        headers["Retry-After"] = str(problem.retry_after_seconds)
    return headers


def _description(detail: str) -> str:
    """`detail` within the characters that RFC 6749, 5.2 allows: no quote, no backslash, ASCII."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in detail)
