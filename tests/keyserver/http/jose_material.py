"""Tokens of every kind as a client makes them, their parts apart so that a test can spoil one."""

import base64
import json
from collections.abc import Callable
from typing import Any

from keyserver.jose import (
    make_access_token,
    verify_access_token,
    verify_client_assertion,
    verify_dpop_proof,
    verify_key_attestation,
)
from lockagent.protocol.client_proof import sign_jws
from lockagent.protocol.keys import SoftwareKey, base64url
from policies.vocabulary import Instant

KEY = SoftwareKey.from_private_bytes(b"\x01" * 32)
OTHER = SoftwareKey.from_private_bytes(b"\x02" * 32)
AT = Instant(1_792_000_000)
ISSUER = "https://keys.example.no/t/oslo"
URL = f"{ISSUER}/v1/nonce"
DEVICE = "dev_0123456789ABCDEF"

PROOF_HEADER: dict[str, Any] = {"typ": "dpop+jwt", "jwk": KEY.public.jwk()}
PROOF_CLAIMS: dict[str, Any] = {"htm": "POST", "htu": URL, "iat": AT, "jti": "j", "nonce": "n"}
ASSERTION_HEADER: dict[str, Any] = {"typ": "client-authentication+jwt", "kid": DEVICE}
ASSERTION_CLAIMS: dict[str, Any] = {
    "iss": DEVICE,
    "sub": DEVICE,
    "aud": ISSUER,
    "iat": AT,
    "exp": AT + 60,
    "jti": "j",
}
ATTESTATION_HEADER: dict[str, Any] = {"typ": "key-attestation+jwt", "kid": DEVICE}
ATTESTATION_CLAIMS: dict[str, Any] = {
    "aud": ISSUER,
    "iat": AT,
    "nonce": "n",
    "attested_keys": [OTHER.public.jwk()],
}


def raw_jws(header: bytes, claims: bytes, key: SoftwareKey = KEY) -> str:
    """A JWS over exactly these bytes, signed for real."""
    signed = f"{base64url(header)}.{base64url(claims)}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"


def read_proof(received: str) -> object:
    return verify_dpop_proof(received, "POST", URL, AT, None)


def read_assertion(received: str) -> object:
    return verify_client_assertion(received, KEY.public, ISSUER, AT)


def read_attestation(received: str) -> object:
    return verify_key_attestation(received, KEY.public, DEVICE, ISSUER, AT)


def read_token(received: str) -> object:
    return verify_access_token(received, (KEY.public,), ISSUER, AT)


def access_token(**changed: object) -> str:
    made = make_access_token(KEY, ISSUER, DEVICE, "device", OTHER.public.thumbprint(), AT, "j")
    if not changed:
        return made
    claims = json.loads(base64.urlsafe_b64decode(made.split(".")[1] + "==")) | changed
    return sign_jws({"typ": "at+jwt", "kid": KEY.public.thumbprint()}, claims, KEY)


KINDS: dict[str, tuple[Callable[[str], object], str]] = {
    "proof": (read_proof, sign_jws(PROOF_HEADER, PROOF_CLAIMS, KEY)),
    "assertion": (read_assertion, sign_jws(ASSERTION_HEADER, ASSERTION_CLAIMS, KEY)),
    "attestation": (read_attestation, sign_jws(ATTESTATION_HEADER, ATTESTATION_CLAIMS, KEY)),
    "token": (read_token, access_token()),
}
