"""A key server small enough to misbehave on demand: real HTTP, real nonces and tokens, no policy.

It speaks the controllers' routes of interfaces.md 3. What it checks is what the door's side must
get right: the nonce dance, the token, the assertion, the batch's signature and chain.
"""

import base64
import json
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

from lockagent.protocol.access_event import first_break, parse_batch
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import VerifyingKey, base64url, from_base64url
from lockagent.protocol.reader_certificate import ReaderCertificate, sign_reader_certificate
from lockagent.protocol.update_answer import UpdateAnswer, encode_update_answer
from policies.vocabulary import AccessPointNumber, Instant
from tests import town
from tests.lockagent.cabinet import CONTROLLER, signed_token

NONCE = "a-nonce-of-the-server"
CODE = "7KQ2-M9XD-4TPA"


@dataclass
class KeyServer:
    """What it answers next, and what it has been asked."""

    update: UpdateAnswer = field(default_factory=UpdateAnswer)
    tells_time: bool = True
    answers: list[int] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    says_next: list[object] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    tokens: int = 0
    accepted_token: str = ""
    agent_key: VerifyingKey | None = None
    provisioned: dict[str, object] = field(default_factory=dict)
    server: TestServer | None = None
    reader_id: ReaderId = town.READER_ID

    async def start(self) -> str:
        """Serve on a loopback port; the issuer."""
        app = web.Application()
        app.router.add_post("/t/oslo/v1/token", self._token)
        app.router.add_get("/t/oslo/v1/controllers/me/update", self._update)
        app.router.add_post("/t/oslo/v1/controllers/me/journal", self._journal)
        app.router.add_post("/t/oslo/v1/controllers", self._controllers)
        self.server = TestServer(app, host="127.0.0.1")
        await self.server.start_server()
        return f"http://127.0.0.1:{self.server.port}/t/oslo"

    async def stop(self) -> None:
        """Be gone."""
        if self.server is not None:
            await self.server.close()

    async def _token(self, request: web.Request) -> web.Response:
        if _claims(request.headers["DPoP"]).get("nonce") != NONCE:
            return _nonce(web.json_response({"error": "use_dpop_nonce"}, status=400))
        form = await request.post()
        assertion = _claims(str(form["client_assertion"]))
        if assertion["sub"] != CONTROLLER or assertion["iss"] != CONTROLLER:
            return _nonce(web.json_response({"error": "invalid_client"}, status=401))
        self.tokens += 1
        self.accepted_token = f"token-{self.tokens}"
        given = {"access_token": self.accepted_token, "token_type": "DPoP", "expires_in": 300}
        return _nonce(web.json_response(given))

    async def _update(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        self.queries.append(dict(request.query))
        if self.answers:
            status = self.answers.pop(0)
            return _nonce(_problem(status, "service-unavailable"))
        update, self.update = self.update, UpdateAnswer()
        if self.tells_time and "nonce" in request.query:
            nonce = from_base64url(request.query["nonce"])
            token = signed_token(nonce, reader_id=self.reader_id)
            update = UpdateAnswer(
                update.bundle, update.settings, token, update.roots, update.reader_certificates
            )
        if update.is_empty:
            return _nonce(web.Response(status=304))
        body = encode_update_answer(update)
        return _nonce(web.Response(body=body, content_type="application/cbor"))

    async def _journal(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        received = parse_batch(await request.read())
        if self.agent_key is not None:
            received.verify(ObjectType.JOURNAL, town.REALM, self.agent_key)
        expected = len(self.entries) + 1
        if received.claims.first_sequence > expected:
            gap = _problem(409, "journal-gap", expected_sequence=expected)
            return _nonce(gap)
        del self.entries[received.claims.first_sequence - 1 :]
        self.entries.extend(received.claims.entries)
        if first_break(self.entries) is not None:
            return _nonce(_problem(409, "journal-fork"))
        said = self.says_next.pop(0) if self.says_next else len(self.entries) + 1
        return _nonce(web.json_response({"next_sequence": said}))

    async def _controllers(self, request: web.Request) -> web.Response:
        if _claims(request.headers["DPoP"]).get("nonce") != NONCE:
            challenge = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
            return _nonce(web.Response(status=401, headers=challenge))
        asked = await request.json()
        if asked["code"] != CODE:
            return _nonce(_problem(400, "code-not-accepted"))
        self.provisioned = asked
        readers = [
            {
                "access_point": reader["access_point"],
                "number": number,
                "reader_id": bytes((0, 0, 0, number % 256)).hex(),
                "certificate": base64url(certificate_for(reader["public_key"], number)),
            }
            for number, reader in enumerate(asked["readers"], town.MAIN)
        ]
        answer = {
            "controller_id": CONTROLLER,
            "issuer": str(request.url).removesuffix("/v1/controllers"),
            "root": base64url(town.root_bytes()),
            "readers": readers,
        }
        return _nonce(web.json_response(answer, status=201))

    def _refused(self, request: web.Request) -> web.Response | None:
        challenge = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
        if _claims(request.headers["DPoP"]).get("nonce") != NONCE:
            return _nonce(web.Response(status=401, headers=challenge))
        if request.headers.get("Authorization") != f"DPoP {self.accepted_token}":
            return _nonce(_problem(401, "invalid-token"))
        return None


def certificate_for(
    jwk: dict[str, object], number: int, days: int = 365, issued_at: Instant = town.NOW
) -> bytes:
    """A certificate, for so many days, of the reader whose id ends in the number's low byte."""
    certificate = ReaderCertificate(
        facility=town.TORSHOV,
        issued_at=issued_at,
        not_before=issued_at,
        expires=Instant(issued_at + days * town.DAY),
        cti=number.to_bytes(8, "big"),
        reader_key=VerifyingKey.from_jwk(jwk),
        versions=(1,),
        points=(AccessPointNumber(number),),
        reader_id=ReaderId(bytes((0, 0, 0, number % 256))),
    )
    return sign_reader_certificate(certificate, town.REALM, town.READER_ISSUER_KEY)


def _claims(jws: str) -> dict[str, object]:
    payload = jws.split(".")[1]
    claims: dict[str, object] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims


def _nonce(response: web.Response) -> web.Response:
    response.headers["DPoP-Nonce"] = NONCE
    return response


def _problem(status: int, name: str, **members: object) -> web.Response:
    body = {"type": f"/problems/{name}", "title": name, "status": status, **members}
    return web.json_response(body, status=status, content_type="application/problem+json")
