"""Reader certificates: what a phone's step P4 takes, and everything near it (SPEC.md 5.2)."""

from lockagent.protocol.claims import EXP, NBF, PRIVATE
from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.envelope import ObjectType
from tests.vectors.case import MALFORMED, SIGNATURE, Inputs, Suite
from tests.vectors.fixed import (
    DAY,
    READER_ISSUER_KEY,
    REALM,
    START,
    credential_claims,
    reader_claims,
    sign_raw,
)

READER_ID = bytes.fromhex("9f31c0aa")
READERS = Suite(
    "reader",
    "does `received` parse as a reader certificate, and did `issuer_key` (a COSE_Key) sign it as"
    " one for this environment and tenant?",
)


def _asked(received: bytes) -> Inputs:
    return {
        "environment": str(REALM.environment),
        "tenant": str(REALM.tenant),
        "issuer_key": encode(READER_ISSUER_KEY.public.cose()),
        "received": received,
    }


def _private(*fields: Value) -> Inputs:
    claims = {**reader_claims(), PRIVATE: list(fields)}
    return _asked(sign_raw(claims, ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("plain", "5.2")
def plain() -> Inputs:
    """A reader of two access points, for a year."""
    return _asked(sign_raw(reader_claims(), ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("400-days", "5.2")
def days_400() -> Inputs:
    """exp - iat of exactly 400 days."""
    claims = {**reader_claims(), EXP: START + 400 * DAY}
    return _asked(sign_raw(claims, ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("401-days", "5.2", MALFORMED)
def days_401() -> Inputs:
    """One second more."""
    claims = {**reader_claims(), EXP: START + 400 * DAY + 1}
    return _asked(sign_raw(claims, ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("iat-after-nbf", "5.2", MALFORMED)
def iat_after_nbf() -> Inputs:
    """Issued after it begins."""
    claims = {**reader_claims(), NBF: START - 1}
    return _asked(sign_raw(claims, ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("signed-as-credential", "3.2", SIGNATURE)
def signed_as_credential() -> Inputs:
    """A reader's claims, signed as a credential (A18)."""
    return _asked(sign_raw(reader_claims(), ObjectType.CREDENTIAL, READER_ISSUER_KEY))


@READERS.case("credential-claims", "3.2", MALFORMED)
def credential_as_reader() -> Inputs:
    """A credential's claims, signed as a reader certificate (A18)."""
    return _asked(sign_raw(credential_claims(), ObjectType.READER, READER_ISSUER_KEY))


@READERS.case("512-bytes-exceeded", "5.2", MALFORMED)
def too_long() -> Inputs:
    """More points than one GATT value holds."""
    return _private([1], [2**24 + number for number in range(90)], READER_ID)


def _private_claims() -> None:
    private: tuple[tuple[str, str, tuple[Value, ...]], ...] = (
        ("versions-empty", "A reader speaks a version.", ([], [100], READER_ID)),
        ("versions-falling", "Versions ascend.", ([2, 1], [100], READER_ID)),
        ("version-zero", "Versions begin at 1.", ([0], [100], READER_ID)),
        ("version-256", "Versions end at 255.", ([256], [100], READER_ID)),
        ("points-empty", "A reader answers for a point.", ([1], [], READER_ID)),
        ("points-repeated", "Points ascend.", ([1], [100, 100], READER_ID)),
        ("reader-id-3", "A reader id has 4 bytes.", ([1], [100], READER_ID[:3])),
        ("private-two", "The private claim has three fields.", ([1], [100])),
    )
    for name, rule, fields in private:

        def make(fields: tuple[Value, ...] = fields) -> Inputs:
            return _private(*fields)

        make.__doc__ = rule
        READERS.case(name, "5.2", MALFORMED)(make)


_private_claims()
