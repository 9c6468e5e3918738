"""A small key server for the phone's tests: real HTTP, real proofs, real signatures, one person.

It speaks `interfaces.md` 2 to 4 for one phone, as strictly as the phone may expect, and can be told
to lie: `forge` changes a credential before it is signed, `twist` an answer before it is sent. The
objects it signs are those of `tests.town`, so a door of that town believes them.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from keyserver.jose import (
    BadToken,
    verify_client_assertion,
    verify_dpop_proof,
    verify_key_attestation,
)
from lockagent.protocol.credential import Credential, sign_credential
from lockagent.protocol.keys import SoftwareKey, VerifyingKey, base64url
from lockagent.protocol.time_source import Clock, instant_of
from lockagent.protocol.trust_bundle import TrustBundle, sign_bundle
from policies.grant import Grant
from policies.vocabulary import FacilityId, Instant, instant_text
from tests.town import (
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    REALM,
    bundle,
    grant_of,
    reader_identity,
    root_bytes,
)

CODE = "7KQ2-M9XD-4TPA"
MAIN_DOOR = "torshov/entrance/main"
DEVICE = "dev_0000000000000001"
WHY_AGE = {"rule": "torshov-self-service", "reason": "age", "sentence": "Du må ha fylt 15 år."}

Twist = Callable[[web.Request, web.Response], web.StreamResponse]


class Refusal(Exception):
    """The simulator says no: an HTTP status and the name of the problem."""

    def __init__(self, status: int, name: str) -> None:
        super().__init__(name)
        self.status = status
        self.name = name


@dataclass(slots=True)
class IssuerSimulator:
    """One tenant with one door and one person; every field may be changed by a test."""

    clock: Clock
    url: str = ""
    environment: str = "development"
    codes: set[str] = field(default_factory=lambda: {CODE})
    device_key: VerifyingKey | None = None
    grants: dict[str, Grant] = field(default_factory=lambda: {"torshov": grant_of()})
    on_the_way: dict[str, Grant] = field(default_factory=dict)
    keyring_points: list[dict[str, object]] = field(
        default_factory=lambda: [keyring_point(MAIN_DOOR, 4711)]
    )
    more_facilities: tuple[str, ...] = ()
    bundles: dict[str, TrustBundle] = field(default_factory=dict)
    forge: Callable[[Credential], Credential] = lambda credential: credential
    twist: Twist | None = None
    signer: SoftwareKey = CREDENTIAL_KEY
    answers_credentials: bool = True
    calls: list[str] = field(default_factory=list)
    issued: dict[VerifyingKey, dict[str, object]] = field(default_factory=dict)
    _signed_bundles: dict[TrustBundle, bytes] = field(default_factory=dict)
    _nonce: str = "nonce-1"
    _token: str = ""
    _seen: set[str] = field(default_factory=set)
    _enrolments: dict[str, tuple[bytes, VerifyingKey]] = field(default_factory=dict)

    def application(self) -> web.Application:
        """The routes, each behind the twist."""
        application = web.Application(middlewares=[self._answering()])
        for method, path, answer in (
            ("GET", "/.well-known/bynokkel", self._describe),
            ("POST", "/v1/devices", self._enrol),
            ("POST", "/v1/token", self._give_token),
            ("GET", "/v1/me/keyring", self._keyring),
            ("POST", "/v1/nonce", self._c_nonce),
            ("POST", "/v1/credentials", self._credentials),
        ):
            application.router.add_route(method, f"/t/oslo{path}", answer)
        return application

    def _answering(self) -> Middleware:
        @web.middleware
        async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.calls.append(request.path.removeprefix("/t/oslo"))
            try:
                response: web.Response = await handler(request)  # type: ignore[assignment]  # why: all routes here are plain
            except Refusal as refusal:
                challenge = f'DPoP error="{refusal.name.replace("-", "_")}"'
                response = web.json_response(
                    {"type": f"/problems/{refusal.name}", "detail": "expected, got"},
                    status=refusal.status,
                    content_type="application/problem+json",
                    headers={"WWW-Authenticate": challenge} if refusal.status == 401 else {},
                )
            response.headers["DPoP-Nonce"] = self._nonce
            return response if self.twist is None else self.twist(request, response)

        return answering

    def renew_nonce(self) -> None:
        """What every two minutes do."""
        self._nonce = f"nonce-{secrets.token_hex(4)}"

    async def _describe(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "name": "Oslo",
                "environment": self.environment,
                "protocol_versions": [1],
            }
        )

    async def _enrol(self, request: web.Request) -> web.Response:
        key = self._proved(request, None)
        body = await request.read()
        members = await request.json()
        idempotency = request.headers["Idempotency-Key"]
        if idempotency in self._enrolments:
            if self._enrolments[idempotency] != (body, key):
                raise Refusal(409, "idempotency-conflict")
        elif self.device_key == key:
            raise Refusal(409, "key-already-enrolled")
        elif members["code"] not in self.codes:
            raise Refusal(400, "code-not-accepted")
        self.codes.discard(members["code"])
        self._enrolments[idempotency] = (body, key)
        self.device_key = key
        return web.json_response(
            {"device_id": DEVICE, "issuer": self.url, "root": base64url(root_bytes())}, status=201
        )

    async def _give_token(self, request: web.Request) -> web.Response:
        try:
            key = self._proved(request, None)
        except Refusal as refusal:
            return web.json_response({"error": refusal.name.replace("-", "_")}, status=400)
        form = await request.post()
        if key != self.device_key:
            return web.json_response({"error": "invalid_client"}, status=401)
        assertion = verify_client_assertion(
            str(form["client_assertion"]), key, self.url, instant_of(self.clock)
        )
        self._take_once(assertion.jti)
        self._token = secrets.token_urlsafe(16)
        return web.json_response(
            {
                "access_token": self._token,
                "token_type": "DPoP",
                "expires_in": 300,
                "scope": "device",
            }
        )

    async def _keyring(self, request: web.Request) -> web.Response:
        self._proved(request, self._token)
        points = {"torshov": self.keyring_points}
        for facility in self.more_facilities:
            points[facility] = [keyring_point(f"{facility}/door", 1)]
        facilities = [
            {"facility": facility, "name": f"Deichman {facility.title()}", "access_points": each}
            for facility, each in points.items()
        ]
        etag = f'"{hash(str(facilities)) & 0xFFFFFF:x}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        at = instant_text(instant_of(self.clock))
        return web.json_response({"as_of": at, "facilities": facilities}, headers={"ETag": etag})

    async def _c_nonce(self, request: web.Request) -> web.Response:
        self._proved(request, self._token)
        return web.json_response({"c_nonce": "c-nonce", "expires_in_seconds": 120})

    async def _credentials(self, request: web.Request) -> web.Response:
        key = self._proved(request, self._token)
        members = await request.json()
        if len(members["requests"]) > 16:
            raise Refusal(400, "too-many-requests-in-batch")
        attestation = verify_key_attestation(
            members["attestation"], key, DEVICE, self.url, instant_of(self.clock)
        )
        released: list[dict[str, object]] = []
        refused: list[dict[str, object]] = []
        for one in members["requests"]:
            presentation_key = attestation.keys[one["key"]]
            if presentation_key not in self.issued:
                self._issue(one["facility"], one.get("access_point"), presentation_key)
            answer = self.issued[presentation_key]
            (released if "credential" in answer else refused).append(answer)
        if not self.answers_credentials:
            raise Refusal(503, "not-available")
        return web.json_response({"credentials": released, "refused": refused})

    def _issue(self, facility: str, access_point: str | None, key: VerifyingKey) -> None:
        grant = (
            self.grants.get(facility) if access_point is None else self.on_the_way.get(access_point)
        )
        if grant is None:
            self.issued[key] = self._refusal(facility)
            return
        at = instant_of(self.clock)
        step, life = (900, DAY) if access_point is None else (60, 900)
        start = Instant(at - at % step)
        credential = self.forge(
            Credential(
                facility=FacilityId(facility),
                issued_at=start,
                not_before=start,
                expires=Instant(start + life),
                cti=secrets.token_bytes(8),
                presentation_key=key,
                epoch=1,
                revision=1,
                index=len(self.issued),
                grant=grant,
            )
        )
        held = self.bundles.get(facility) or bundle()
        if held not in self._signed_bundles:
            self._signed_bundles[held] = sign_bundle(held, REALM, BUNDLE_KEY)
        self.issued[key] = {
            "facility": facility,
            "credential": base64url(sign_credential(credential, REALM, self.signer)),
            "not_before": instant_text(credential.not_before),
            "expires": instant_text(credential.expires),
            "reader_certificates": [base64url(reader_identity().certificate)],
            "trust_bundle": base64url(self._signed_bundles[held]),
        }

    def _refusal(self, facility: str) -> dict[str, object]:
        why = [
            {"access_point": point["access_point"], "opens_at": point["opens_at"], **reason}
            for point in self.keyring_points
            for reason in list(point["why"])  # type: ignore[call-overload]  # why: JSON
        ]
        return {"facility": facility, "reason": "no-grant", "why": why}

    def _proved(self, request: web.Request, token: str | None) -> VerifyingKey:
        """The key of the proof; 401 where the nonce, the proof or the token is not right."""
        if token is not None and request.headers.get("Authorization") != f"DPoP {token}":
            raise Refusal(401, "invalid-token")
        url = f"{self.url}{request.path.removeprefix('/t/oslo')}"
        try:
            proof = verify_dpop_proof(
                request.headers["DPoP"], request.method, url, instant_of(self.clock), token
            )
        except BadToken as error:
            raise Refusal(401, "invalid-dpop-proof") from error
        if proof.nonce != self._nonce:
            raise Refusal(401, "use-dpop-nonce")
        self._take_once(proof.jti)
        return proof.key

    def _take_once(self, jti: str) -> None:
        if jti in self._seen:
            raise Refusal(401, "invalid-dpop-proof")
        self._seen.add(jti)


def keyring_point(
    access_point: str,
    number: int,
    *,
    open_now: bool = True,
    opens_at: str | None = None,
    why: tuple[dict[str, str], ...] = (),
) -> dict[str, object]:
    """One access point of the keyring's JSON."""
    return {
        "access_point": access_point,
        "number": number,
        "name": "Hovedinngang",
        "reader_ids": ["9f31c0aa"],
        "open_now": open_now,
        "opens_at": opens_at,
        "why": list(why),
    }


@asynccontextmanager
async def serve(simulator: IssuerSimulator) -> AsyncIterator[IssuerSimulator]:
    """Serve on a free port of this machine; `simulator.url` is the issuer then."""
    runner = web.AppRunner(simulator.application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    simulator.url = simulator.url or f"http://{host}:{port}/t/oslo"
    try:
        yield simulator
    finally:
        await runner.cleanup()
