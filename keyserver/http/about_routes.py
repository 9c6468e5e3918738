"""What anyone may read: health, what this issuer is, and the pages that errors point at."""

import hashlib
import json
from collections.abc import Mapping

from aiohttp import web

from keyserver.http.callers import Callers
from keyserver.http.problem_texts import PROBLEMS
from keyserver.http.problems import PAGE_POLICY, Problem, problem_page
from keyserver.http.reading import read_query
from keyserver.services.installation import Installation
from lockagent.protocol.gatt import PROTOCOL_VERSION

_PAGE_HEADERS = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "max-age=3600"}


class AboutRoutes:
    """`/health`, `/problems/NAME` and `{issuer}/.well-known/bynokkel`."""

    def __init__(self, installation: Installation, callers: Callers) -> None:
        self._installation = installation
        self._callers = callers

    def add_to(self, application: web.Application) -> None:
        """Register the routes."""
        application.router.add_get("/health", self.health)
        application.router.add_get("/problems/{name}", self.page)
        application.router.add_get("/t/{tenant}/.well-known/bynokkel", self.issuer)

    async def health(self, _request: web.Request) -> web.Response:
        """Whether everything this server needs to answer is there; 503 where it is not."""
        checks = await self._installation.health()
        passed = all(checks.values()) and bool(checks)
        body = {
            "status": "pass" if passed else "fail",
            "checks": {name: "pass" if ok else "fail" for name, ok in checks.items()},
        }
        headers = {} if passed else {"Retry-After": "5"}
        return web.json_response(body, status=200 if passed else 503, headers=headers)

    async def page(self, request: web.Request) -> web.Response:
        """The page of one problem, in four languages."""
        name = request.match_info["name"]
        if name not in PROBLEMS:
            raise Problem("not-found", "expected the name of a problem, got another")
        return web.Response(
            text=problem_page(name), content_type="text/html", headers=_PAGE_HEADERS
        )

    async def issuer(self, request: web.Request) -> web.Response:
        """What a phone or controller learns of an issuer before it trusts it with anything."""
        read_query(request)
        tenant = self._callers.tenant(request)
        body = {
            "issuer": tenant.issuer,
            "name": tenant.name,
            "environment": str(self._installation.config.environment),
            "protocol_versions": [PROTOCOL_VERSION],
        }
        return tagged_response(request, body, body)


def tagged_response(
    request: web.Request, body: Mapping[str, object], tagged: Mapping[str, object]
) -> web.Response:
    """The answer to a read: 304 where the caller has it, by the hash of `tagged` (RFC 9110, 8.8.3).

    `tagged` is what of `body` makes it another answer; an instant of asking does not.
    """
    digest = hashlib.sha256(json.dumps(tagged, sort_keys=True).encode()).hexdigest()
    tag = f'"{digest[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = ",".join(request.headers.getall("If-None-Match", [])).split(",")
    if any(one.strip().removeprefix("W/") in (tag, "*") for one in known):
        return web.Response(status=304, headers=headers)
    return web.json_response(body, headers=headers)
