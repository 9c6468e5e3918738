"""What stands around every route: request ids, errors rendered once, the nonce renewed.

Rules kept here:
- whatever a route raises becomes an answer here and nowhere else; the unexpected is a 500 whose
  answer says nothing of it, logged once with the request id, by its type and its frames: messages
  of exceptions may quote what a caller sent;
- every answer under a tenant carries a fresh `DPoP-Nonce` (RFC 9449, 8.2), and none is stored.
"""

import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from keyserver.errors import Refusal, SignerUnavailable, StoreUnavailable
from keyserver.http.problems import Problem, oauth_error_response, problem_response
from keyserver.services.installation import Installation
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.time_source import instant_of
from policies.vocabulary import TenantId

RETRY_AFTER_SECONDS = 5

_log = logging.getLogger("keyserver.http")

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


def edge_of(installation: Installation) -> Middleware:
    """The one middleware of an installation's application.

    Its argument has aiohttp's name, which the type of a middleware asks for.
    """

    @web.middleware
    async def edge(request: web.Request, handler: Route) -> web.StreamResponse:
        request_id = new_request_id()
        try:
            answer = await handler(request)
            _stamp(answer, request_id)
        except Exception as error:  # noqa: BLE001  # why: the last boundary before the caller
            problem = problem_of(error)
            if problem.status >= 500:
                _log_failure(request, request_id, error)
            answer = rendered(request, problem, request_id)
        tenant = installation.tenants.get(TenantId(request.match_info.get("tenant", "")))
        if tenant is not None:
            answer.headers["DPoP-Nonce"] = tenant.nonces.dpop(instant_of(installation.clock))
        return answer

    return edge


def problem_of(error: Exception) -> Problem:
    """What a caller is told of whatever a route raised."""
    match error:
        case Problem():
            return error
        case Refusal():
            return Problem(
                error.problem,
                str(error),
                retry_after_seconds=error.retry_after_seconds,
                expected_sequence=error.expected_sequence,
            )
        case MalformedMessage():
            return Problem("invalid-request", str(error))
        case StoreUnavailable() | SignerUnavailable():
            return Problem(
                "not-available",
                "expected the server's store and keys, got no answer from one of them",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        case web.HTTPNotFound():
            return Problem("not-found", "expected a route of this server, got another path")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return Problem(
                "method-not-allowed", f"expected {allowed}, got another", headers={"Allow": allowed}
            )
        case web.HTTPRequestEntityTooLarge():
            return Problem("too-large", "expected a smaller body, got more")
        case web.HTTPClientError() | web.RequestPayloadError():
            return Problem("invalid-request", "expected a request this server reads, got another")
        case _:
            return Problem("server-error", "expected to answer, got a fault of our own")


def new_request_id() -> str:
    """What an answer and the log call one request."""
    return f"req_{secrets.token_hex(8)}"


def rendered(request: web.BaseRequest, problem: Problem, request_id: str) -> web.Response:
    """The answer that tells of `problem`, in the form of the route asked."""
    if request.path.endswith("/v1/token"):
        answer = oauth_error_response(problem)
    else:
        answer = problem_response(problem, request_id)
    _stamp(answer, request_id)
    return answer


def frames_of(error: BaseException | None) -> str:
    """The type of `error` and where it was raised, without its message."""
    if error is None:
        return "no exception"
    frames = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"{type(error).__name__} in {frames}"


def _stamp(answer: web.StreamResponse, request_id: str) -> None:
    answer.headers["X-Request-Id"] = request_id
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Server"] = "bynokkel"


def _log_failure(request: web.Request, request_id: str, error: Exception) -> None:
    resource = request.match_info.route.resource
    _log.error(
        "%s: %s %s: %s",
        request_id,
        request.method,
        resource.canonical if resource is not None else "-",
        frames_of(error),
    )
