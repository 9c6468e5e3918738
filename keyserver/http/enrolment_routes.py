"""`POST /v1/devices` and `POST /v1/controllers`: how a key becomes a client of this server.

Both take a code that somebody was handed, a DPoP proof by the new key and no token. Both create, so
both take an Idempotency-Key: the same call again is answered the same, though its answer was lost.

A `code_verifier` (RFC 7636, 4.1) belongs to a code that was got in a browser with a challenge. A
code typed by a person has none, so the member may be there and has its form checked, and that is
all it does.
"""

import re

from aiohttp import web

from keyserver.errors import CodeNotAccepted
from keyserver.http.callers import Callers
from keyserver.http.problems import Fault
from keyserver.http.reading import (
    MOST_BODY_BYTES,
    bad_member,
    bad_request,
    read_idempotency,
    read_members,
    read_query,
)
from keyserver.jose import BadToken, public_key_of
from keyserver.members import BadMember, Members
from keyserver.services.doors.controllers import Provisioned, ReaderRequest
from lockagent.protocol.keys import base64url
from lockagent.protocol.strict_json import JsonValue
from policies.vocabulary import is_slug

MOST_READERS = 16
MOST_CODE_CHARACTERS = 32
MOST_NAME_CHARACTERS = 64

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class EnrolmentRoutes:
    """The two routes where a code is redeemed."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def add_to(self, application: web.Application) -> None:
        """Register the routes."""
        application.router.add_post("/t/{tenant}/v1/devices", self.device)
        application.router.add_post("/t/{tenant}/v1/controllers", self.controller)

    async def device(self, request: web.Request) -> web.Response:
        """Enrol a phone: 201 with its id, the issuer and the root it pins."""
        read_query(request)
        call = await self._callers.newcomer(request)
        members, body = await read_members(request, {"code", "name", "platform"}, {"code_verifier"})
        try:
            code = members.text("code", MOST_CODE_CHARACTERS)
            name = members.text("name", MOST_NAME_CHARACTERS)
            platform = members.text("platform", MOST_NAME_CHARACTERS)
            _check_verifier(members)
        except BadMember as error:
            raise bad_member(error) from error
        enrolled = await call.tenant.enrolment.enrol(
            code, call.key, name, platform, call.address, read_idempotency(request, body), call.at
        )
        return web.json_response(
            {
                "device_id": enrolled.device,
                "issuer": enrolled.issuer,
                "root": base64url(enrolled.root),
            },
            status=201,
        )

    async def controller(self, request: web.Request) -> web.Response:
        """Provision a door controller: 201 with its id, the root, and a certificate a reader."""
        read_query(request)
        call = await self._callers.newcomer(request)
        members, body = await read_members(request, {"code", "software", "readers"})
        try:
            code = members.text("code", MOST_CODE_CHARACTERS)
            software = members.text("software", MOST_NAME_CHARACTERS)
            wanted = members.array("readers", MOST_READERS)
            readers = [_reader(value, f"#/readers/{i}") for i, value in enumerate(wanted)]
        except BadMember as error:
            raise bad_member(error) from error
        if len({reader.access_point for reader in readers}) != len(readers):
            raise bad_request(
                "expected one reader for each access point, got two",
                Fault("#/readers", "an access point twice"),
            )
        provisioned = await call.tenant.controllers.provision(
            code,
            call.key,
            software,
            readers,
            call.address,
            read_idempotency(request, body),
            call.at,
        )
        return web.json_response(_provisioned_body(provisioned), status=201)


def _check_verifier(members: Members) -> None:
    """Return if there is no verifier or one of the right form; else CodeNotAccepted (C08)."""
    if "code_verifier" in members:
        verifier = members.text("code_verifier", MOST_BODY_BYTES, least=0)
        if _VERIFIER.fullmatch(verifier) is None:
            raise CodeNotAccepted


def _reader(value: JsonValue, pointer: str) -> ReaderRequest:
    members = Members.of(value, pointer, {"access_point", "public_key"})
    access_point = members.text("access_point", 64)
    if not is_slug(access_point):
        raise BadMember(members.at("access_point"), "expected an access point's id, got other text")
    try:
        return ReaderRequest(access_point, public_key_of(members.values["public_key"]))
    except BadToken as error:
        raise BadMember(members.at("public_key"), str(error)) from error


def _provisioned_body(provisioned: Provisioned) -> dict[str, object]:
    return {
        "controller_id": provisioned.controller,
        "issuer": provisioned.issuer,
        "root": base64url(provisioned.root),
        "readers": [
            {
                "access_point": reader.access_point,
                "number": reader.number,
                "reader_id": reader.reader_id.hex(),
                "certificate": base64url(reader.certificate),
            }
            for reader in provisioned.readers
        ],
    }
