"""The real application on a loopback port, and callers that sign for real.

A `Caller` keeps what a phone or a controller keeps between calls (`ClientSession`), signs with its
own key, and repeats a call once where the server asks for a nonce. Every header and claim can be
replaced, so that a test spoils exactly one.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from keyserver.app import create_app, runner_of
from keyserver.http.callers import ADDRESS_RATE, CLIENT_RATE
from keyserver.http.connections import Bounds
from keyserver.http.limits import Rate
from lockagent.protocol.client_proof import (
    ClientSession,
    asks_for_nonce,
    client_assertion,
    dpop_proof,
    key_attestation,
)
from lockagent.protocol.door_settings import parse_settings
from lockagent.protocol.keys import SoftwareKey, VerifyingKey
from lockagent.protocol.time_source import instant_of
from lockagent.protocol.trust_bundle import parse_bundle
from lockagent.protocol.update_answer import decode_update_answer
from policies.vocabulary import Instant
from tests.keyserver.town_hall import LIBRARY_CONTROLLER, LIBRARY_POINTS, TownHall, open_town_hall

DEVICES = "/v1/devices"
TOKEN = "/v1/token"
NONCE = "/v1/nonce"
KEYRING = "/v1/me/keyring"
CREDENTIALS = "/v1/credentials"
CONTROLLERS = "/v1/controllers"
UPDATE = "/v1/controllers/me/update"
JOURNAL = "/v1/controllers/me/journal"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers and body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The parsed JSON, where there is any."""
        return json.loads(self.content)

    @property
    def problem(self) -> str | None:
        """The NAME of a problem+json answer."""
        if not self.headers.get("Content-Type", "").startswith("application/problem+json"):
            return None
        return str(self.body["type"]).removeprefix("/problems/")


@dataclass(frozen=True, slots=True)
class Served:
    """An application that listens at `base`, though its public URL may be another."""

    hall: TownHall
    issuer: str
    prefix: str
    base: str
    http: aiohttp.ClientSession

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return int(self.base.rpartition(":")[2])

    @property
    def at(self) -> Instant:
        """The installation's time."""
        return instant_of(self.hall.installation.clock)

    def caller(self, key: SoftwareKey | None = None, client: str = "") -> "Caller":
        """Somebody with a key of their own, who has not called yet."""
        return Caller(self, key or SoftwareKey.generate(), ClientSession(client, self.issuer))

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """One request to the tenant's `path`, without any proof."""
        async with self.http.request(
            method,
            self.base + self.prefix + path,
            headers=headers,
            data=data,
            allow_redirects=False,
        ) as answer:
            return Answer(answer.status, CIMultiDict(answer.headers), await answer.read())


@dataclass(slots=True)
class Caller:
    """A client under test: its key, what it remembers, and how it calls."""

    served: Served
    key: SoftwareKey
    session: ClientSession
    last_proof: str = field(default="", init=False)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        content_type: str = "application/json",
        token: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call as an honest client does, with a token where `token`."""
        data = json.dumps(body).encode() if body is not None else content
        sent = {"Content-Type": content_type} if data is not None else {}
        for _ in range(2):
            proved = self.proved(method, path, token=token)
            answer = await self.served.send(method, path, sent | proved | dict(headers or {}), data)
            self.session = self.session.heard(answer.headers)
            error = answer.body.get("error") if path == TOKEN else None
            if not asks_for_nonce(answer.status, answer.headers, error):
                break
        return answer

    def proved(self, method: str, path: str, *, token: bool = True) -> dict[str, str]:
        """The headers of one honest request; `path` may carry a query, which is not signed."""
        at, jti = self.served.at, secrets.token_urlsafe(12)
        made = self.session.headers(self.key, method, path.partition("?")[0], at, jti, token=token)
        self.last_proof = made["DPoP"]
        return made

    def proof(self, for_method: str, path: str, **changed: Any) -> str:
        """A proof with some of `dpop_proof`'s arguments replaced."""
        parts: dict[str, Any] = {
            "key": self.key,
            "method": for_method,
            "url": self.served.issuer + path,
            "at": self.served.at,
            "jti": secrets.token_urlsafe(12),
            "nonce": self.session.nonce,
            "access_token": self.session.access_token,
        }
        return dpop_proof(**(parts | changed))

    async def hear(self) -> None:
        """Learn the server's nonce."""
        answer = await self.served.send("GET", "/.well-known/bynokkel")
        self.session = self.session.heard(answer.headers)

    async def log_in(self, client: str | None = None) -> Answer:
        """Ask for a token as `client`, and keep it where one is given."""
        if client is not None:
            self.session = ClientSession(client, self.served.issuer, self.session.nonce)
        form = self.session.token_form(self.key, self.served.at, secrets.token_urlsafe(12))
        answer = await self.ask_for_token(form)
        if answer.status == 200:
            given = answer.body
            self.session = self.session.with_token(
                given["access_token"], given["expires_in"], self.served.at
            )
        return answer

    async def ask_for_token(self, form: Mapping[str, str]) -> Answer:
        """Post a form to the token endpoint."""
        return await self.call(
            "POST",
            TOKEN,
            content=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            token=False,
        )

    def assertion(self, **changed: Any) -> str:
        """A client assertion with some of its parts replaced."""
        parts: dict[str, Any] = {
            "key": self.key,
            "client": self.session.client,
            "issuer": self.served.issuer,
            "at": self.served.at,
            "jti": secrets.token_urlsafe(12),
        }
        return client_assertion(**(parts | changed))

    async def enrol(self, person: str) -> Answer:
        """Redeem a new code of `person`, then log in."""
        code = await self.served.hall.enrol_code(person)
        answer = await self.call(
            "POST",
            DEVICES,
            body={"code": code, "name": "Telefonen min", "platform": "test"},
            token=False,
        )
        if answer.status == 201:
            await self.log_in(answer.body["device_id"])
        return answer

    async def provisioning(self) -> dict[str, Any]:
        """The body that makes this key the controller of the library, with a new code."""
        return {
            "code": await self.served.hall.controller_code(LIBRARY_CONTROLLER),
            "software": "test",
            "readers": [
                {"access_point": point, "public_key": SoftwareKey.generate().public.jwk()}
                for point in LIBRARY_POINTS
            ],
        }

    async def provision(self) -> Answer:
        """Redeem a new code of the controller, then log in."""
        body = await self.provisioning()
        answer = await self.call("POST", CONTROLLERS, body=body, token=False)
        if answer.status == 201:
            await self.log_in(answer.body["controller_id"])
        return answer

    async def c_nonce(self) -> str:
        """A nonce to attest with."""
        return str((await self.call("POST", NONCE)).body["c_nonce"])

    async def attestation(self, keys: list[VerifyingKey], **changed: Any) -> str:
        """An attestation with some of its parts replaced."""
        parts: dict[str, Any] = {
            "key": self.key,
            "device": self.session.client,
            "issuer": self.served.issuer,
            "at": self.served.at,
            "presentation_keys": keys,
        }
        if "c_nonce" not in changed:
            parts["c_nonce"] = await self.c_nonce()
        return key_attestation(**(parts | changed))


async def up_to_date(controller: Caller) -> str:
    """The query of a controller that has all there is."""
    answer = decode_update_answer((await controller.call("GET", UPDATE)).content)
    assert answer.bundle is not None
    assert answer.settings is not None
    root, counter = parse_bundle(answer.bundle).claims.version
    settings = parse_settings(answer.settings).claims.version
    return f"bundle={root}.{counter}&settings={settings}"


@asynccontextmanager
async def served_at(hall: TownHall, port: int) -> AsyncIterator[Served]:
    """What a test needs to call an application that listens at `port`."""
    tenant = next(iter(hall.installation.tenants.values()))
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        base = f"http://127.0.0.1:{port}"
        yield Served(hall, tenant.issuer, f"/t/{tenant.id}", base, http)


@asynccontextmanager
async def served_hall(
    folder: Path,
    address_rate: Rate = ADDRESS_RATE,
    client_rate: Rate = CLIENT_RATE,
    bounds: Bounds | None = None,
) -> AsyncIterator[Served]:
    """A town hall's installation, served on a free loopback port until the block ends."""
    async with open_town_hall(folder) as hall:
        application = create_app(hall.installation, address_rate, client_rate)
        runner = runner_of(application, bounds)
        await runner.setup()
        watching = asyncio.create_task(hall.installation.changes.watch())
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            async with served_at(hall, runner.addresses[0][1]) as served:
                yield served
        finally:
            watching.cancel()
            hall.installation.changes.close()
            await runner.cleanup()
