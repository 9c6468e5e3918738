"""How a phone or a controller proves itself over HTTP: three JWS made by a key behind a port.

A DPoP proof (RFC 9449), a client assertion (RFC 7523) and a key attestation (OpenID4VCI,
`attestation` proof type), as interfaces.md 2 and 4 fix them. Only made here, never read: reading
JWTs is the key server's, through one strict PyJWT wrapper. `ClientSession` holds what one client
remembers between calls, the server's nonce and the token, and says when a call is to be repeated;
the calls themselves are the adapter's.

Pure: instants and random identifiers come in as arguments.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lockagent.protocol.keys import SigningKey, VerifyingKey, base64url
from policies.vocabulary import Instant

ASSERTION_SECONDS = 60
TOKEN_MARGIN_SECONDS = 30
MAX_ATTESTED_KEYS = 16
"""Keys under one attestation, and so credentials in one batch (interfaces.md 4)."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def sign_jws(header: Mapping[str, object], claims: Mapping[str, object], key: SigningKey) -> str:
    """A compact JWS (RFC 7515) by ES256; `alg` is set here."""
    parts = ({"alg": "ES256", **header}, claims)
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{base64url(key.sign(signed.encode()))}"


def dpop_proof(
    key: SigningKey,
    method: str,
    url: str,
    at: Instant,
    jti: str,
    nonce: str | None = None,
    access_token: str | None = None,
) -> str:
    """A DPoP proof for one request; `url` is without query and fragment."""
    claims: dict[str, object] = {"htm": method, "htu": url, "iat": at, "jti": jti}
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = base64url(hashlib.sha256(access_token.encode()).digest())
    return sign_jws({"typ": "dpop+jwt", "jwk": key.public.jwk()}, claims, key)


def client_assertion(key: SigningKey, client: str, issuer: str, at: Instant, jti: str) -> str:
    """The client's statement to `/v1/token` that it is itself, for 60 s and once."""
    claims = {
        "iss": client,
        "sub": client,
        "aud": issuer,
        "iat": at,
        "exp": at + ASSERTION_SECONDS,
        "jti": jti,
    }
    return sign_jws({"typ": "client-authentication+jwt", "kid": client}, claims, key)


def key_attestation(
    key: SigningKey,
    device: str,
    issuer: str,
    at: Instant,
    c_nonce: str,
    presentation_keys: list[VerifyingKey],
) -> str:
    """The device key's statement that these fresh presentation keys live beside it."""
    claims = {
        "aud": issuer,
        "iat": at,
        "nonce": c_nonce,
        "attested_keys": [presentation_key.jwk() for presentation_key in presentation_keys],
    }
    return sign_jws({"typ": "key-attestation+jwt", "kid": device}, claims, key)


@dataclass(frozen=True, slots=True)
class ClientSession:
    """What a client remembers between calls: the newest nonce, and a token until it lapses."""

    client: str
    issuer: str
    nonce: str | None = None
    access_token: str | None = None
    token_expires: Instant = Instant(0)

    def has_token(self, at: Instant) -> bool:
        """Whether the token will last the next call."""
        return self.access_token is not None and at + TOKEN_MARGIN_SECONDS < self.token_expires

    def token_form(self, key: SigningKey, at: Instant, jti: str) -> dict[str, str]:
        """The form of `POST /v1/token` (RFC 6749, 4.4; RFC 7523, 2.2)."""
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": client_assertion(key, self.client, self.issuer, at, jti),
        }

    def headers(
        self, key: SigningKey, method: str, path: str, at: Instant, jti: str, *, token: bool
    ) -> dict[str, str]:
        """The headers of one request to `issuer + path`; `path` without query."""
        carried = self.access_token if token else None
        proof = dpop_proof(key, method, self.issuer + path, at, jti, self.nonce, carried)
        return {"DPoP": proof} | ({"Authorization": f"DPoP {carried}"} if carried else {})

    def heard(self, headers: Mapping[str, str]) -> "ClientSession":
        """The session after an answer: every answer renews the nonce."""
        nonce = headers.get("DPoP-Nonce")
        return self if nonce is None else replace(self, nonce=nonce)

    def with_token(self, access_token: str, expires_in: int, at: Instant) -> "ClientSession":
        """The session after a token was given for `expires_in` seconds."""
        return replace(self, access_token=access_token, token_expires=Instant(at + expires_in))


def asks_for_nonce(status: int, headers: Mapping[str, str], body_error: str | None) -> bool:
    """Whether an answer says only that the nonce was missing or old (RFC 9449, 8)."""
    if "DPoP-Nonce" not in headers:
        return False
    challenge = headers.get("WWW-Authenticate", "")
    return (status == 401 and "use_dpop_nonce" in challenge) or (
        status == 400 and body_error == "use_dpop_nonce"
    )
