"""What a phone asks: its keyring, a nonce to attest with, and credentials (interfaces.md 4)."""

from aiohttp import web

from keyserver.http.about_routes import tagged_response
from keyserver.http.callers import Call, Callers
from keyserver.http.problems import Problem
from keyserver.http.reading import (
    MOST_BODY_BYTES,
    bad_member,
    read_language,
    read_members,
    read_nothing,
    read_query,
)
from keyserver.jose import BadToken, KeyAttestation, TooManyKeys, verify_key_attestation
from keyserver.members import BadMember, Members
from keyserver.services.clients import ClientKind
from keyserver.services.issuing.credential_records import CredentialRequest
from keyserver.services.issuing.issuance import IssuanceAnswer
from keyserver.services.nonces import NONCE_SECONDS
from keyserver.services.people.keyring import Keyring
from lockagent.protocol.keys import VerifyingKey, base64url
from lockagent.protocol.strict_json import JsonValue
from policies.vocabulary import Instant, instant_text, is_short_id, is_slug

MOST_ATTESTATION_CHARACTERS = 16 * 1024


class PhoneRoutes:
    """The routes of scope `device`."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def add_to(self, application: web.Application) -> None:
        """Register the routes."""
        router = application.router
        router.add_get("/t/{tenant}/v1/me/keyring", self.keyring, allow_head=False)
        router.add_post("/t/{tenant}/v1/nonce", self.nonce)
        router.add_post("/t/{tenant}/v1/credentials", self.credentials)

    async def keyring(self, request: web.Request) -> web.Response:
        """Every access point she has windows for, and those listed that she has not."""
        call = await self._callers.client(request, ClientKind.DEVICE)
        language = read_language(request, read_query(request, "lang"))
        keyring = await call.tenant.keyring.of(call.client, language, call.at)
        facilities = _facilities(keyring)
        body = {"as_of": instant_text(keyring.as_of), "facilities": facilities}
        return tagged_response(request, body, {"facilities": facilities})

    async def nonce(self, request: web.Request) -> web.Response:
        """A `c_nonce` for the next attestation; nothing is stored."""
        call = await self._callers.client(request, ClientKind.DEVICE)
        read_query(request)
        await read_nothing(request)
        c_nonce = call.tenant.nonces.credential(call.client.id, call.at)
        return web.json_response({"c_nonce": c_nonce, "expires_in_seconds": NONCE_SECONDS})

    async def credentials(self, request: web.Request) -> web.Response:
        """Credentials for fresh presentation keys; a refusal by the rules is an answer."""
        call = await self._callers.client(request, ClientKind.DEVICE)
        language = read_language(request, read_query(request, "lang"))
        members, _ = await read_members(request, {"requests", "attestation"})
        try:
            wanted = members.array("requests", MOST_BODY_BYTES)
            attestation = members.text("attestation", MOST_ATTESTATION_CHARACTERS)
        except BadMember as error:
            raise bad_member(error) from error
        attested = await _attested(call, attestation)
        try:
            requests = [
                _request(value, f"#/requests/{i}", attested.keys) for i, value in enumerate(wanted)
            ]
        except BadMember as error:
            raise bad_member(error) from error
        answer = await call.tenant.issuance.issue_all(call.client, requests, language, call.at)
        return web.json_response(_issuance_body(answer))


async def _attested(call: Call, received: str) -> KeyAttestation:
    """The attestation, by the caller's own device key and over a nonce given to her.

    A key that calls this server is no presentation key, whoever's it is: that one signs EDHOC only.
    """
    try:
        attested = verify_key_attestation(
            received, call.client.key, call.client.id, call.tenant.issuer, call.at
        )
    except TooManyKeys as error:
        raise Problem("too-many-requests-in-batch", str(error)) from error
    except BadToken as error:
        raise Problem("invalid-attestation", str(error)) from error
    if not call.tenant.nonces.is_credential(attested.nonce, call.client.id, call.at):
        raise Problem("invalid-nonce", "expected a c_nonce of the last minutes, got another")
    if await call.tenant.clients.has_enrolled(attested.keys):
        raise Problem("invalid-attestation", "expected fresh keys, got one that is enrolled")
    return attested


def _request(value: JsonValue, pointer: str, keys: tuple[VerifyingKey, ...]) -> CredentialRequest:
    members = Members.of(value, pointer, {"facility", "key"}, {"access_point"})
    facility = members.text("facility", 16)
    if not is_short_id(facility):
        raise BadMember(members.at("facility"), "expected a facility's id, got other text")
    access_point = members.text("access_point", 64) if "access_point" in members else None
    if access_point is not None and not is_slug(access_point):
        raise BadMember(members.at("access_point"), "expected an access point's id, got other text")
    return CredentialRequest(
        facility, keys[members.integer("key", most=len(keys) - 1)], access_point
    )


def _facilities(keyring: Keyring) -> list[dict[str, object]]:
    return [
        {
            "facility": facility.facility,
            "name": facility.name,
            "access_points": [
                {
                    "access_point": point.access_point,
                    "number": point.number,
                    "name": point.name,
                    "reader_ids": [reader_id.hex() for reader_id in point.reader_ids],
                    "open_now": point.open_now,
                    "opens_at": _optional_instant(point.opens_at),
                    "why": [
                        {"rule": why.rule, "reason": why.reason, "sentence": why.sentence}
                        for why in point.why
                    ],
                }
                for point in facility.access_points
            ],
        }
        for facility in keyring.facilities
    ]


def _issuance_body(answer: IssuanceAnswer) -> dict[str, object]:
    return {
        "credentials": [
            {
                "facility": released.facility,
                "credential": base64url(released.credential),
                "not_before": instant_text(released.not_before),
                "expires": instant_text(released.expires),
                "reader_certificates": [base64url(one) for one in released.reader_certificates],
                "trust_bundle": base64url(released.trust_bundle),
            }
            for released in answer.credentials
        ],
        "refused": [
            {
                "facility": refused.facility,
                "reason": refused.reason,
                "why": [
                    {
                        "access_point": why.access_point,
                        "reason": why.reason,
                        "sentence": why.sentence,
                        "opens_at": _optional_instant(why.opens_at),
                    }
                    for why in refused.why
                ],
            }
            for refused in answer.refused
        ],
    }


def _optional_instant(at: Instant | None) -> str | None:
    return None if at is None else instant_text(at)
