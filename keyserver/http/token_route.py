"""`POST /v1/token`: the one way to an access token, for phones and controllers alike.

Client credentials (RFC 6749, 4.4) by a client assertion (RFC 7523, 2.2) and a DPoP proof of the
same key (RFC 9449, 5). There is no refresh token. Errors are RFC 6749's, 5.2.
"""

import secrets

from aiohttp import web

from keyserver.config import KeyRole
from keyserver.errors import AlreadyUsed
from keyserver.http.callers import Callers, NewcomerCall
from keyserver.http.problems import Problem
from keyserver.http.reading import read_form, read_query
from keyserver.jose import (
    TOKEN_SECONDS,
    BadToken,
    ClientAssertion,
    make_access_token,
    verify_client_assertion,
)
from keyserver.services.clients import Client
from lockagent.protocol.client_proof import ASSERTION_TYPE
from policies.vocabulary import Instant

ASSERTION_JTI_SECONDS = 180
"""An assertion may be 60 s ahead of us and lives 60 s: kept for longer than it can be good."""


class TokenRoute:
    """The token endpoint."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def add_to(self, application: web.Application) -> None:
        """Register the route."""
        application.router.add_post("/t/{tenant}/v1/token", self.token)

    async def token(self, request: web.Request) -> web.Response:
        """Give an access token of 300 s, bound to the key that proved itself."""
        read_query(request)
        call = await self._callers.newcomer(request)
        form = await read_form(request)
        if form.get("grant_type") != "client_credentials":
            raise Problem("unsupported-grant-type", "expected client_credentials, got another")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _invalid_client("expected client_assertion_type jwt-bearer, got another")
        client = await self._client(call, form.get("client_assertion", ""))
        if form.get("client_id", client.id) != client.id:
            raise _invalid_client("expected client_id to be the assertion's, got another")
        scope = str(client.kind)
        token = make_access_token(
            call.tenant.signers.key(KeyRole.TOKEN),
            call.tenant.issuer,
            client.id,
            scope,
            call.key.thumbprint(),
            call.at,
            secrets.token_urlsafe(12),
        )
        return web.json_response(
            {
                "access_token": token,
                "token_type": "DPoP",
                "expires_in": TOKEN_SECONDS,
                "scope": scope,
            }
        )

    async def _client(self, call: NewcomerCall, received: str) -> Client:
        """Who the assertion says is calling, where the key that calls is that client's."""
        try:
            assertion = verify_client_assertion(received, call.key, call.tenant.issuer, call.at)
        except BadToken as error:
            raise _invalid_client(str(error)) from error
        client = await call.tenant.clients.find(assertion.client)
        if client is None or client.key != call.key:
            raise _invalid_client("expected an enrolled client's own key, got another")
        await _take(call, assertion)
        return client


async def _take(call: NewcomerCall, assertion: ClientAssertion) -> None:
    until = Instant(call.at + ASSERTION_JTI_SECONDS)
    try:
        await call.tenant.replays.take(
            "assertion", call.key.thumbprint(), assertion.jti, until, call.at
        )
    except AlreadyUsed as error:
        raise _invalid_client("expected a fresh assertion, got a used one") from error


def _invalid_client(detail: str) -> Problem:
    return Problem("invalid-client", detail)
