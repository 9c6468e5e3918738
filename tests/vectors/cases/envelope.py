"""Credentials: the envelope around the claims, its headers, kid, signature and keys (SPEC.md 3)."""

import hashlib
import hmac

from lockagent.protocol.encoding import Key, Value, decode, encode
from lockagent.protocol.envelope import ObjectType, Realm
from policies.vocabulary import Environment, TenantId
from tests.vectors.case import MALFORMED, SIGNATURE, Inputs, Suite
from tests.vectors.cases.credential import QUESTION, asked, signed
from tests.vectors.fixed import (
    CREDENTIAL_KEY,
    REALM,
    STRANGER,
    credential_claims,
    reader_claims,
    sign_raw,
)

ENVELOPES = Suite("envelope", QUESTION)


def _headed(protected: bytes, unprotected: Value) -> Inputs:
    _, _, payload, signature = _golden_parts()
    return asked(encode([protected, unprotected, payload, signature]))


def _golden() -> bytes:
    return sign_raw(credential_claims(), ObjectType.CREDENTIAL, CREDENTIAL_KEY)


def _golden_parts() -> list[Value]:
    parts = decode(_golden())
    if not isinstance(parts, list):
        raise TypeError("expected a Sign1 to be an array")
    return parts


def _header(changed: dict[Key, Value]) -> bytes:
    return encode({1: -7, 4: CREDENTIAL_KEY.public.kid, **changed})


@ENVELOPES.case("plain", "3.1")
def plain() -> Inputs:
    """A Sign1 of the issuer, in its own context."""
    return asked(_golden())


@ENVELOPES.case("trailing", "3.1", MALFORMED)
def trailing() -> Inputs:
    """A valid credential followed by one byte (A10)."""
    return asked(_golden() + b"\x00")


@ENVELOPES.case("payload-trailing", "3.1", MALFORMED)
def payload_trailing() -> Inputs:
    """Claims followed by one byte inside the payload (A10)."""
    protected, unprotected, payload, signature = _golden_parts()
    if not isinstance(payload, bytes):
        raise TypeError("expected a payload of bytes")
    return asked(encode([protected, unprotected, payload + b"\x00", signature]))


@ENVELOPES.case("truncated", "3.1", MALFORMED)
def truncated() -> Inputs:
    """A credential without its last byte."""
    return asked(_golden()[:-1])


@ENVELOPES.case("tagged-18", "3.1", MALFORMED)
def tagged() -> Inputs:
    """A Sign1 with its tag (A13)."""
    return asked(b"\xd2" + _golden())


@ENVELOPES.case("tagged-61", "3.1", MALFORMED)
def tagged_cwt() -> Inputs:
    """A CWT with its tag (A13)."""
    return asked(b"\xd8\x3d" + _golden())


@ENVELOPES.case("wrapped", "3.1", MALFORMED)
def wrapped() -> Inputs:
    """A Sign1 inside a byte string."""
    return asked(encode(_golden()))


@ENVELOPES.case("signature-flipped", "3.1", SIGNATURE)
def signature_flipped() -> Inputs:
    """The last bit of s flipped (A01)."""
    received = _golden()
    return asked(received[:-1] + bytes((received[-1] ^ 1,)))


@ENVELOPES.case("signature-63", "3.1", MALFORMED)
def signature_63() -> Inputs:
    """A signature of 63 bytes (A02)."""
    protected, unprotected, payload, signature = _golden_parts()
    if not isinstance(signature, bytes):
        raise TypeError("expected a signature of bytes")
    return asked(encode([protected, unprotected, payload, signature[:-1]]))


@ENVELOPES.case("signature-zero", "3.1", SIGNATURE)
def signature_zero() -> Inputs:
    """r and s both zero, the psychic signature (A02)."""
    protected, unprotected, payload, _ = _golden_parts()
    return asked(encode([protected, unprotected, payload, bytes(64)]))


@ENVELOPES.case("signature-der", "3.1", MALFORMED)
def signature_der() -> Inputs:
    """A DER signature where r and s are expected (A03)."""
    protected, unprotected, payload, signature = _golden_parts()
    if not isinstance(signature, bytes):
        raise TypeError("expected a signature of bytes")
    halves = (signature[:32].lstrip(b"\x00"), signature[32:].lstrip(b"\x00"))
    numbers = (b"\x00" + half if half[0] & 0x80 else half for half in halves)
    body = b"".join(bytes((2, len(number))) + number for number in numbers)
    return asked(encode([protected, unprotected, payload, bytes((0x30, len(body))) + body]))


@ENVELOPES.case("stranger", "3.1", SIGNATURE)
def stranger() -> Inputs:
    """Signed by another key under the issuer's kid."""
    parts = decode(sign_raw(credential_claims(), ObjectType.CREDENTIAL, STRANGER))
    if not isinstance(parts, list):
        raise TypeError("expected a Sign1 to be an array")
    return asked(encode([_header({}), *parts[1:]]))


@ENVELOPES.case("other-tenant", "3.2", SIGNATURE)
def other_tenant() -> Inputs:
    """The issuer's own signature, for another tenant (A16)."""
    realm = Realm(REALM.environment, TenantId("bergen"))
    return asked(sign_raw(credential_claims(), ObjectType.CREDENTIAL, CREDENTIAL_KEY, realm))


@ENVELOPES.case("other-environment", "3.2", SIGNATURE)
def other_environment() -> Inputs:
    """The issuer's own signature, for production (A16)."""
    realm = Realm(Environment.PRODUCTION, REALM.tenant)
    return asked(sign_raw(credential_claims(), ObjectType.CREDENTIAL, CREDENTIAL_KEY, realm))


@ENVELOPES.case("signed-as-reader", "3.2", SIGNATURE)
def signed_as_reader() -> Inputs:
    """Claims of a credential, signed as a reader certificate (A18)."""
    return asked(sign_raw(credential_claims(), ObjectType.READER, CREDENTIAL_KEY))


@ENVELOPES.case("reader-claims", "3.2", MALFORMED)
def reader_as_credential() -> Inputs:
    """A reader certificate's claims, signed as a credential: the private claim differs (A18)."""
    return signed(reader_claims())


@ENVELOPES.case("hmac-with-public-key", "3.1", MALFORMED)
def hmac_with_public_key() -> Inputs:
    """HS256 with the issuer's public key as the secret: the algorithm is ES256 only (A05)."""
    _, unprotected, payload, _ = _golden_parts()
    secret = encode(CREDENTIAL_KEY.public.cose())
    forged = hmac.digest(secret, encode(payload), hashlib.sha256) * 2
    return asked(encode([_header({1: 5}), unprotected, payload, forged]))


def _algorithms() -> None:
    for name, value in (
        ("none", 0),
        ("hs256", 5),
        ("eddsa", -8),
        ("es384", -35),
        ("rs256", -257),
        ("text", "ES256"),
        ("null", None),
    ):

        def make(value: Value = value) -> Inputs:
            """The protected algorithm is exactly ES256; another is refused before any key (A04)."""
            return _headed(_header({1: value}), {})

        ENVELOPES.case(f"alg-{name}", "3.1", MALFORMED)(make)


_algorithms()


@ENVELOPES.case("alg-absent", "3.1", MALFORMED)
def alg_absent() -> Inputs:
    """No algorithm in the protected header (A04)."""
    return _headed(encode({4: CREDENTIAL_KEY.public.kid}), {})


@ENVELOPES.case("alg-unprotected", "3.1", MALFORMED)
def alg_unprotected() -> Inputs:
    """The algorithm in the unprotected header only (A04)."""
    return _headed(encode({4: CREDENTIAL_KEY.public.kid}), {1: -7})


@ENVELOPES.case("label-in-both", "3.1", MALFORMED)
def label_in_both() -> Inputs:
    """The kid in both headers (A09)."""
    return _headed(_header({}), {4: CREDENTIAL_KEY.public.kid})


@ENVELOPES.case("header-duplicate", "3.1", MALFORMED)
def header_duplicate() -> Inputs:
    """The algorithm twice in the protected header (A09)."""
    return _headed(bytes.fromhex("a301260126") + encode({4: CREDENTIAL_KEY.public.kid})[1:], {})


@ENVELOPES.case("header-empty", "3.1", MALFORMED)
def header_empty() -> Inputs:
    """An empty protected header, as COSE writes one."""
    return _headed(b"", {})


@ENVELOPES.case("header-crit", "3.1", MALFORMED)
def header_crit() -> Inputs:
    """`crit` naming an unknown label (A08)."""
    return _headed(_header({2: [-70_000], -70_000: 1}), {})


def _keys_inside() -> None:
    x5chain, x5u = bytes.fromhex("308201"), "https://attacker.example/key"
    for name, label, value in (
        ("x5chain", 33, x5chain),
        ("x5u", 35, x5u),
        ("cose-key", -70_001, 1),
    ):

        def make(label: int = label, value: Value = value) -> Inputs:
            """A key or its address inside the header: refused, never fetched (A07)."""
            return _headed(_header({label: value}), {})

        ENVELOPES.case(f"header-{name}", "3.1", MALFORMED)(make)

        def make_unprotected(label: int = label, value: Value = value) -> Inputs:
            """The same in the unprotected header (A07)."""
            return _headed(_header({}), {label: value})

        ENVELOPES.case(f"unprotected-{name}", "3.1", MALFORMED)(make_unprotected)


_keys_inside()


def _kids() -> None:
    kids: tuple[tuple[str, Value], ...] = (
        ("path", b"../../dev/null"),
        ("sql", b"' OR 1=1 --"),
        ("empty", b""),
        ("seven", bytes(7)),
        ("text", "12345678"),
        ("map", {1: 2}),
        ("number", 12345678),
    )
    for name, value in kids:

        def make(value: Value = value) -> Inputs:
            """A kid is a byte string of 8 bytes and only looked for among the keys held (A06)."""
            return _headed(_header({4: value}), {})

        ENVELOPES.case(f"kid-{name}", "3.1", MALFORMED)(make)


_kids()


@ENVELOPES.case("kid-10-kb", "3.1", MALFORMED)
def kid_long() -> Inputs:
    """A kid of 10,000 bytes: longer than any credential (A06)."""
    return _headed(_header({4: bytes(10_000)}), {})
