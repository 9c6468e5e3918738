"""Who is calling, and how that is proved (interfaces.md 2; RFC 9449).

The order of checks for every caller:
1. the address has not called too often without proving itself, which comes before any work on
   signatures: a call that ends proved is given back, and counts for its client alone;
2. exactly one `DPoP` header: a proof for this method and this public URL, now;
3. its nonce is ours and fresh, else `use_dpop_nonce`;
4. the access token, by scheme `DPoP` and in the header only, is ours, lives, and is bound to the
   proof's key; a phone or controller about to enrol has none and may send none;
5. the client is still enrolled with that very key, so that a revoked device's token stops at once,
   and has not called too often;
6. the proof's `jti` is taken, in the database, once for each key;
7. the scope is the route's.

Left to others: what the caller may do.
"""

from dataclasses import dataclass

from aiohttp import web

from keyserver.config import KeyRole
from keyserver.errors import AlreadyUsed
from keyserver.http.limits import Limiter, Rate
from keyserver.http.problems import Problem
from keyserver.jose import BadToken, DpopProof, verify_access_token, verify_dpop_proof
from keyserver.services.clients import Client, ClientKind
from keyserver.services.installation import Installation, Tenant
from lockagent.protocol.keys import VerifyingKey
from lockagent.protocol.time_source import instant_of
from policies.vocabulary import Instant, TenantId

JTI_SECONDS = 300
ADDRESS_RATE = Rate(burst=600, a_minute=3000)
"""Wide, since a proxy or a mobile operator makes one address of many phones: a client of an hour
asks for some 12 tokens, and every other call it proves is given back."""
CLIENT_RATE = Rate(burst=240, a_minute=600)
"""A controller with four busy access points sends its journal some 240 times a minute."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a proved client: its tenant, and the instant everything about it is judged."""

    tenant: Tenant
    client: Client
    at: Instant


@dataclass(frozen=True, slots=True)
class NewcomerCall:
    """A request by a key that is not enrolled yet, from an address."""

    tenant: Tenant
    key: VerifyingKey
    address: str
    at: Instant


class Callers:
    """Proves callers of one installation."""

    __slots__ = ("_addresses", "_clients", "_installation")

    def __init__(self, installation: Installation, address_rate: Rate, client_rate: Rate) -> None:
        """Start with nobody having called."""
        self._installation = installation
        self._addresses = Limiter(address_rate)
        self._clients = Limiter(client_rate)

    def tenant(self, request: web.Request) -> Tenant:
        """The tenant in the path, or `not-found`."""
        tenant = self._installation.tenants.get(TenantId(request.match_info["tenant"]))
        if tenant is None:
            raise Problem("not-found", "expected a tenant of this server, got another")
        return tenant

    async def newcomer(self, request: web.Request) -> NewcomerCall:
        """A key without a token: a phone or a controller about to enrol, or to ask for a token.

        The proof's key is all that is known of it.
        """
        tenant, at = self.tenant(request), instant_of(self._installation.clock)
        address = request.remote or ""
        self._limit(self._addresses, address)
        if "Authorization" in request.headers:
            raise Problem("invalid-request", "expected no Authorization here, got one")
        proof = _proof(request, tenant, at, None)
        await _take(tenant, proof, at)
        return NewcomerCall(tenant, proof.key, address, at)

    async def client(self, request: web.Request, kind: ClientKind) -> Call:
        """A client of `kind`, by its access token and a proof of the key the token is bound to."""
        tenant, at = self.tenant(request), instant_of(self._installation.clock)
        address = request.remote or ""
        self._limit(self._addresses, address)
        sent = _sent_token(request)
        proof = _proof(request, tenant, at, sent)
        try:
            token = verify_access_token(
                sent, (tenant.signers.key(KeyRole.TOKEN).public,), tenant.issuer, at
            )
        except BadToken as error:
            raise unauthorised("invalid-token", str(error)) from error
        if token.jkt != proof.key.thumbprint():
            raise unauthorised(
                "invalid-token", "expected a proof by the key of the token, got another's"
            )
        client = await tenant.clients.find(token.client)
        if client is None or client.key != proof.key or client.kind != token.scope:
            raise unauthorised("invalid-token", "expected an enrolled client, got none such")
        self._limit(self._clients, f"{tenant.id} {client.id}")
        await _take(tenant, proof, at)
        self._addresses.give_back(address)
        if client.kind is not kind:
            raise Problem("wrong-scope", f"expected scope {kind}, got {client.kind}")
        return Call(tenant, client, at)

    def _limit(self, limiter: Limiter, caller: str) -> None:
        wait = limiter.take(caller, self._installation.clock.monotonic())
        if wait is not None:
            raise Problem(
                "too-many-requests", "expected fewer calls, got more", retry_after_seconds=wait
            )


def unauthorised(name: str, detail: str) -> Problem:
    """A 401 with the challenge of RFC 9449, 7.1."""
    error = name.replace("-", "_")
    return Problem(
        name, detail, headers={"WWW-Authenticate": f'DPoP error="{error}", algs="ES256"'}
    )


def _proof(request: web.Request, tenant: Tenant, at: Instant, token: str | None) -> DpopProof:
    sent = request.headers.getall("DPoP", [])
    if len(sent) != 1:
        raise unauthorised("invalid-dpop-proof", f"expected one DPoP header, got {len(sent)}")
    path = request.raw_path.partition("?")[0]
    url = tenant.issuer + path.removeprefix(f"/t/{tenant.id}")
    try:
        proof = verify_dpop_proof(sent[0], request.method, url, at, token)
    except BadToken as error:
        raise unauthorised("invalid-dpop-proof", str(error)) from error
    if proof.nonce is None or not tenant.nonces.is_dpop(proof.nonce, at):
        raise unauthorised("use-dpop-nonce", "expected the newest DPoP-Nonce, got another or none")
    return proof


def _sent_token(request: web.Request) -> str:
    sent = request.headers.getall("Authorization", [])
    if len(sent) != 1:
        raise unauthorised("invalid-token", f"expected one Authorization header, got {len(sent)}")
    scheme, _, token = sent[0].partition(" ")
    if scheme.lower() != "dpop" or not token or not token.isascii():
        raise unauthorised("invalid-token", "expected an access token by scheme DPoP, got none")
    return token


async def _take(tenant: Tenant, proof: DpopProof, at: Instant) -> None:
    try:
        await tenant.replays.take(
            "dpop", proof.key.thumbprint(), proof.jti, Instant(at + JTI_SECONDS), at
        )
    except AlreadyUsed as error:
        raise unauthorised("invalid-dpop-proof", "expected a fresh jti, got a used one") from error
