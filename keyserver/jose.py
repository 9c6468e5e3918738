"""The one place that reads a JWT: PyJWT behind the rules it leaves open.

Rules kept here, for every JWS (RFC 7515, RFC 8725):
- compact, ASCII, at most 16 KiB, each part canonical base64url without padding;
- `alg` is exactly ES256, whatever the key; the header's members are a closed set for each kind, so
  `crit`, `jku`, `x5u`, `zip` and a stray `jwk` are refused, and nothing is ever fetched;
- header and claims are strict JSON (`keyserver.strict_json`): no name twice, no `exp` as text;
- `typ` is the kind's own, so one kind cannot be taken for another; every claim the kind needs is
  there, and a claim the kind does not know is refused;
- a JWK is public, on P-256, and not marked for anything but verifying signatures.

PyJWT reads the system clock itself and accepts a wrong `typ`, a missing `exp`, a claim given twice
and a key with `use: enc`: so it only opens the signature here, and instants come in as arguments.

Left to others: whether an identifier was seen before, whether a nonce is ours, who a key belongs
to. Errors say what was expected and never carry a token or a claim's value.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import jwt

from keyserver.members import BadMember, Members
from lockagent.protocol.client_proof import ASSERTION_SECONDS, MAX_ATTESTED_KEYS, sign_jws
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SigningKey, VerifyingKey, base64url, from_base64url
from lockagent.protocol.strict_json import BadJson, JsonValue, parse_object
from policies.vocabulary import Instant

MOST_JWS_CHARACTERS = 16 * 1024
MOST_SKEW_SECONDS = 60
MOST_ATTESTATION_AGE_SECONDS = 120
TOKEN_SECONDS = 300
MOST_JTI_CHARACTERS = 64
MOST_URL_CHARACTERS = 2048

_ALGORITHM = "ES256"
_PYJWS = jwt.PyJWS(algorithms=[_ALGORITHM])
_JWK_REQUIRED = frozenset({"kty", "crv", "x", "y"})
_JWK_OPTIONAL = frozenset({"use", "key_ops", "alg", "kid", "ext"})


class BadToken(Exception):
    """A JWT that is not what was expected; one sentence, without any of its bytes."""


class TooManyKeys(BadToken):
    """A key attestation, otherwise well signed, over more keys than one batch may have."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A JWS whose signature verified: its header, and the bytes that were signed as payload."""

    header: Mapping[str, JsonValue]
    payload: bytes


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A verified DPoP proof (RFC 9449, 4.3), but for its nonce and its being used once."""

    key: VerifyingKey
    jti: str
    nonce: str | None


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """A verified client assertion (RFC 7523, 3), but for its being used once."""

    client: str
    jti: str
    expires: Instant


@dataclass(frozen=True, slots=True)
class KeyAttestation:
    """A device key's verified statement over fresh presentation keys, but for its nonce."""

    nonce: str
    keys: tuple[VerifyingKey, ...]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified access token (RFC 9068) and the thumbprint of the key it is bound to."""

    client: str
    scope: str
    jkt: str
    expires: Instant


def verify_jws(received: str, key: VerifyingKey) -> Jws:
    """Open a compact JWS by ES256 under `key`; BadToken where a rule of this module is broken."""
    header = _read_header(received)
    try:
        opened = _PYJWS.decode_complete(received, key.loaded, algorithms=[_ALGORITHM])
    except jwt.PyJWTError as error:
        raise BadToken("expected a signature by the key named, got another") from error
    return Jws(header, opened["payload"])


def public_key_of(jwk: JsonValue) -> VerifyingKey:
    """The key of a public P-256 JWK that may verify signatures (RFC 7517, 4.2 and 4.3)."""
    try:
        members = Members.of(jwk, "#", _JWK_REQUIRED, _JWK_OPTIONAL)
        key = VerifyingKey.from_jwk(members.values)
    except (BadMember, MalformedMessage) as error:
        raise BadToken("expected a public JWK on P-256, got another") from error
    values = members.values
    if values.get("use", "sig") != "sig" or values.get("alg", _ALGORITHM) != _ALGORITHM:
        raise BadToken("expected a JWK for ES256 signatures, got one for another use")
    operations = values.get("key_ops", ["verify"])
    if not isinstance(operations, list) or operations != ["verify"]:
        raise BadToken("expected a JWK for verifying, got one with other key_ops")
    return key


def verify_dpop_proof(
    received: str, method: str, url: str, at: Instant, access_token: str | None
) -> DpopProof:
    """A proof for this request: `url` as the server publishes it, without query (RFC 9449, 4.3).

    With an access token the proof has to carry its hash, without one it may not.
    """
    header = _read_header(received)
    _check_header(header, "dpop+jwt", {"jwk"})
    key = public_key_of(header["jwk"])
    claims = _claims(verify_jws(received, key), {"htm", "htu", "iat", "jti"}, {"nonce", "ath"})
    try:
        if claims.text("htm", 16) != method:
            raise BadToken("expected htm to be this request's method, got another")
        if claims.text("htu", MOST_URL_CHARACTERS) != url:
            raise BadToken("expected htu to be this route's public URL, got another")
        _check_issued(claims, at, MOST_SKEW_SECONDS)
        jti = claims.text("jti", MOST_JTI_CHARACTERS)
        nonce = claims.text("nonce", 256) if "nonce" in claims else None
        ath = claims.text("ath", 64) if "ath" in claims else None
    except BadMember as error:
        raise BadToken(str(error)) from error
    _check_token_hash(ath, access_token)
    return DpopProof(key, jti, nonce)


def verify_client_assertion(
    received: str, key: VerifyingKey, issuer: str, at: Instant
) -> ClientAssertion:
    """A client's statement that it is itself, signed by `key` (interfaces.md 2).

    `aud` is the issuer as one string: a list would let one assertion serve two servers.
    """
    jws = verify_jws(received, key)
    _check_header(jws.header, "client-authentication+jwt", (), {"kid"})
    claims = _claims(jws, {"iss", "sub", "aud", "iat", "exp", "jti"}, {"nbf"})
    try:
        client = claims.text("sub", 64)
        if claims.text("iss", 64) != client or jws.header.get("kid", client) != client:
            raise BadToken("expected iss, sub and kid to be one client, got two")
        if claims.text("aud", MOST_URL_CHARACTERS) != issuer:
            raise BadToken("expected aud to be this issuer, got another")
        issued = _check_issued(claims, at, MOST_SKEW_SECONDS)
        expires = _check_expiry(claims, at)
        if not 0 < expires - issued <= ASSERTION_SECONDS:
            raise BadToken(f"expected a life of at most {ASSERTION_SECONDS} s, got another")
        if "nbf" in claims and claims.integer("nbf") > at + MOST_SKEW_SECONDS:
            raise BadToken("expected nbf to have passed, got a later one")
        return ClientAssertion(client, claims.text("jti", MOST_JTI_CHARACTERS), expires)
    except BadMember as error:
        raise BadToken(str(error)) from error


def verify_key_attestation(
    received: str, key: VerifyingKey, device: str, issuer: str, at: Instant
) -> KeyAttestation:
    """A device key's statement over fresh presentation keys (interfaces.md 4; OpenID4VCI, D.1).

    The keys are distinct, and none is the device key: a presentation key signs EDHOC only. An
    attestation is good for as long as the nonce it carries.
    """
    jws = verify_jws(received, key)
    _check_header(jws.header, "key-attestation+jwt", {"kid"})
    if jws.header["kid"] != device:
        raise BadToken("expected kid to be this device, got another")
    claims = _claims(jws, {"aud", "iat", "nonce", "attested_keys"}, {"exp"})
    try:
        if claims.text("aud", MOST_URL_CHARACTERS) != issuer:
            raise BadToken("expected aud to be this issuer, got another")
        _check_issued(claims, at, MOST_ATTESTATION_AGE_SECONDS)
        if "exp" in claims:
            _check_expiry(claims, at)
        nonce = claims.text("nonce", 256)
        attested = claims.array("attested_keys", MOST_JWS_CHARACTERS)
    except BadMember as error:
        raise BadToken(str(error)) from error
    if len(attested) > MAX_ATTESTED_KEYS:
        raise TooManyKeys(f"expected at most {MAX_ATTESTED_KEYS} keys, got {len(attested)}")
    keys = tuple(public_key_of(jwk) for jwk in attested)
    if len({key, *keys}) != 1 + len(keys):
        raise BadToken("expected fresh keys, each its own, got one twice or the device key")
    return KeyAttestation(nonce, keys)


def make_access_token(
    signer: SigningKey, issuer: str, client: str, scope: str, jkt: str, at: Instant, jti: str
) -> str:
    """An access token (RFC 9068) bound to the key of thumbprint `jkt` (RFC 9449, 6.1)."""
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": client,
        "client_id": client,
        "scope": scope,
        "iat": at,
        "exp": at + TOKEN_SECONDS,
        "jti": jti,
        "cnf": {"jkt": jkt},
    }
    return sign_jws({"typ": "at+jwt", "kid": signer.public.thumbprint()}, claims, signer)


def verify_access_token(
    received: str, keys: Iterable[VerifyingKey], issuer: str, at: Instant
) -> AccessToken:
    """An access token of this issuer, signed by one of its token keys."""
    kid = _read_header(received).get("kid")
    key = next((known for known in keys if known.thumbprint() == kid), None)
    if key is None:
        raise BadToken("expected kid to be a token key of this issuer, got another")
    jws = verify_jws(received, key)
    _check_header(jws.header, "at+jwt", {"kid"})
    names = {"iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "cnf"}
    claims = _claims(jws, names)
    try:
        if {claims.text(name, MOST_URL_CHARACTERS) for name in ("iss", "aud")} != {issuer}:
            raise BadToken("expected iss and aud to be this issuer, got another")
        client = claims.text("client_id", 64)
        if claims.text("sub", 64) != client:
            raise BadToken("expected sub and client_id to be one client, got two")
        if claims.integer("iat") > at + MOST_SKEW_SECONDS:
            raise BadToken("expected iat to have passed, got a later one")
        expires = _check_expiry(claims, at)
        jkt = claims.members("cnf", {"jkt"}).text("jkt", 64)
        return AccessToken(client, claims.text("scope", 64), jkt, expires)
    except BadMember as error:
        raise BadToken(str(error)) from error


def _read_header(received: str) -> dict[str, JsonValue]:
    if len(received) > MOST_JWS_CHARACTERS:
        raise BadToken(f"expected at most {MOST_JWS_CHARACTERS} characters, got {len(received)}")
    parts = received.split(".")
    if len(parts) != 3:
        raise BadToken(f"expected a compact JWS of three parts, got {len(parts)}")
    try:
        header_bytes, _, _ = (from_base64url(part) for part in parts)
        header = parse_object(header_bytes)
    except (BadJson, MalformedMessage) as error:
        raise BadToken(f"expected a header of strict JSON: {error}") from error
    if header.get("alg") != _ALGORITHM:
        raise BadToken(f"expected alg {_ALGORITHM}, got another")
    if "crit" in header or "b64" in header:
        raise BadToken("expected no extension that must be understood, got one")
    return header


def _check_header(
    header: Mapping[str, JsonValue],
    kind: str,
    required: Iterable[str],
    optional: Iterable[str] = (),
) -> None:
    needed = {"alg", "typ", *required}
    if not needed <= header.keys() <= needed.union(optional):
        raise BadToken(f"expected a header of {', '.join(sorted(needed))}, got another")
    if header["typ"] != kind:
        raise BadToken(f"expected typ {kind}, got another")


def _claims(jws: Jws, required: Iterable[str], optional: Iterable[str] = ()) -> Members:
    try:
        return Members.of(parse_object(jws.payload), "#", required, optional)
    except (BadJson, BadMember) as error:
        raise BadToken(f"expected the claims of this kind: {error}") from error


def _check_issued(claims: Members, at: Instant, most_age: int) -> int:
    issued = claims.integer("iat")
    if not at - most_age <= issued <= at + MOST_SKEW_SECONDS:
        raise BadToken(f"expected iat within {most_age} s of now, got one {issued - at} s away")
    return issued


def _check_expiry(claims: Members, at: Instant) -> Instant:
    expires = claims.integer("exp")
    if expires <= at:
        raise BadToken(f"expected exp to come, got one {at - expires} s past")
    return Instant(expires)


def _check_token_hash(ath: str | None, access_token: str | None) -> None:
    if access_token is None:
        if ath is not None:
            raise BadToken("expected no ath where no access token is sent, got one")
        return
    expected = base64url(hashlib.sha256(access_token.encode()).digest())
    if ath is None or not hmac.compare_digest(ath.encode(), expected.encode()):
        raise BadToken("expected ath to be the hash of the access token sent, got another")
