"""Credentials: the claims, and every limit of theirs (SPEC.md 3.3)."""

import struct

from lockagent.protocol.claims import AUD, CNF, CTI, EXP, IAT, MAX_INSTANT, NBF, PRIVATE
from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.envelope import ObjectType, sign
from tests.vectors.case import MALFORMED, Inputs, Suite
from tests.vectors.fixed import (
    CREDENTIAL_KEY,
    DAY,
    REALM,
    START,
    credential_claims,
    credential_grant,
    sign_raw,
)

QUESTION = (
    "does `received` parse as a credential, and did `issuer_key` (a COSE_Key) sign it as one for"
    " this environment and tenant? MALFORMED: it does not parse; SIGNATURE: it was not signed so."
)
CREDENTIALS = Suite("credential", QUESTION)


def asked(received: bytes) -> Inputs:
    """Whether these bytes are a credential of the fixed issuer."""
    return {
        "environment": str(REALM.environment),
        "tenant": str(REALM.tenant),
        "issuer_key": encode(CREDENTIAL_KEY.public.cose()),
        "received": received,
    }


def signed(claims: Value) -> Inputs:
    """Whether these claims, properly signed, are a credential."""
    return asked(sign_raw(claims, ObjectType.CREDENTIAL, CREDENTIAL_KEY))


def _with(**changed: Value) -> Inputs:
    labels = {"aud": AUD, "exp": EXP, "nbf": NBF, "iat": IAT, "cti": CTI, "cnf": CNF}
    claims = credential_claims()
    for name, value in changed.items():
        claims[labels[name]] = value
    return signed(claims)


def _private(*fields: Value) -> Inputs:
    return signed({**credential_claims(), PRIVATE: list(fields)})


def _granting(*entries: Value) -> Inputs:
    return _private(1, 17, 900_000, list(entries))


@CREDENTIALS.case("golden", "3.3")
def golden() -> Inputs:
    """Three entries of one point and one window each: 220 bytes."""
    return signed(credential_claims())


@CREDENTIALS.case("every-limit", "3.3")
def every_limit() -> Inputs:
    """The largest point, epoch, revision, index and flags; a window that fills `[nbf, exp)`."""
    return _private(2**32 - 1, 2**32 - 1, 2**20 - 1, [[[1, 2**32 - 1], [[0, DAY]], 127]])


@CREDENTIALS.case("facility-16", "3.3")
def facility_16() -> Inputs:
    """A facility of 16 characters."""
    return _with(aud="a-b-c-d-e-f-0-99")


@CREDENTIALS.case("longest", "3.3")
def longest() -> Inputs:
    """A credential of exactly 779 bytes fits message_3 of 900 bytes with OPEN."""
    return signed(_filled(779))


@CREDENTIALS.case("too-long", "3.3", MALFORMED)
def too_long() -> Inputs:
    """One of 780 bytes does not."""
    return signed(_filled(780))


def _filled(size: int) -> Value:
    """Claims whose credential has exactly `size` bytes: many points, then a longer facility."""
    claims = credential_claims()
    for count in range(100, 140):
        for letters in range(1, 17):
            points: list[Value] = [2**24 + number for number in range(count)]
            claims[AUD] = "t" * letters
            claims[PRIVATE] = [1, 17, 900_000, [[points, [[0, DAY]], 1]]]
            if len(sign_raw(claims, ObjectType.CREDENTIAL, CREDENTIAL_KEY)) == size:
                return claims
    raise ValueError(f"expected claims for {size} bytes, found none")


@CREDENTIALS.case("claim-unknown", "3.3", MALFORMED)
def claim_unknown() -> Inputs:
    """A claim version 1 does not know: `iss`."""
    return signed({**credential_claims(), 1: "oslo"})


def _missing() -> None:
    for name, label in (
        ("aud", AUD),
        ("exp", EXP),
        ("nbf", NBF),
        ("iat", IAT),
        ("cti", CTI),
        ("cnf", CNF),
        ("private", PRIVATE),
    ):

        def make(label: int = label) -> Inputs:
            """Every claim is required."""
            return signed({k: v for k, v in credential_claims().items() if k != label})

        CREDENTIALS.case(f"claim-missing-{name}", "3.3", MALFORMED)(make)


_missing()


def _instants() -> None:
    for name, value in (
        ("negative", -1),
        ("beyond-2-63", 2**63 + 1),
        ("beyond-calendar", MAX_INSTANT + 1),
        ("text", "1791997200"),
        ("true", True),
        ("null", None),
    ):

        def make(value: Value = value) -> Inputs:
            """An instant is an unsigned integer that the calendar can write (A14)."""
            return _with(exp=value)

        CREDENTIALS.case(f"exp-{name}", "3.3", MALFORMED)(make)


_instants()


@CREDENTIALS.case("exp-float", "3.3", MALFORMED)
def exp_float() -> Inputs:
    """An expiry written as a double float (A14)."""
    written, as_float = encode(START + DAY), b"\xfb" + struct.pack(">d", START + DAY)
    payload = encode(credential_claims()).replace(written, as_float)
    return asked(sign(payload, ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY))


@CREDENTIALS.case("exp-before-nbf", "3.3", MALFORMED)
def exp_before_nbf() -> Inputs:
    """exp one second before nbf (A15)."""
    return _with(exp=START - 1)


@CREDENTIALS.case("exp-at-nbf", "3.3", MALFORMED)
def exp_at_nbf() -> Inputs:
    """A credential that never is in force."""
    return _with(exp=START)


@CREDENTIALS.case("iat-after-nbf", "3.3", MALFORMED)
def iat_after_nbf() -> Inputs:
    """Issued after it begins."""
    return _with(iat=START + 1)


def _facilities() -> None:
    for name, value in (
        ("empty", ""),
        ("17", "a" * 17),
        ("upper", "Torshov"),
        ("slash", "torshov/main"),
        ("letter-o-stroke", "tøyen"),
        ("newline", "torshov\n"),
        ("bytes", b"torshov"),
    ):

        def make(value: Value = value) -> Inputs:
            """A facility is 1 to 16 of `a-z 0-9 -`."""
            return _with(aud=value)

        CREDENTIALS.case(f"aud-{name}", "3.3", MALFORMED)(make)


_facilities()


@CREDENTIALS.case("cti-7", "3.3", MALFORMED)
def cti_7() -> Inputs:
    """A cti has 8 bytes."""
    return _with(cti=bytes(7))


@CREDENTIALS.case("cnf-off-curve", "3.2", MALFORMED)
def cnf_off_curve() -> Inputs:
    """An x that is on no point of P-256 (A19)."""
    return _with(cnf={1: {1: 2, -1: 1, -2: (5).to_bytes(32, "big")[:-1] + b"\x07", -3: False}})


@CREDENTIALS.case("cnf-above-p", "3.2", MALFORMED)
def cnf_above_p() -> Inputs:
    """An x of p + 5: the same point for code that reduces (A19)."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    return _with(cnf={1: {1: 2, -1: 1, -2: (p + 5).to_bytes(32, "big"), -3: False}})


@CREDENTIALS.case("cnf-y-bytes", "3.2", MALFORMED)
def cnf_y_bytes() -> Inputs:
    """y is its sign, not its bytes."""
    return _with(cnf={1: {1: 2, -1: 1, -2: CREDENTIAL_KEY.public.x, -3: bytes(32)}})


@CREDENTIALS.case("cnf-p384", "3.2", MALFORMED)
def cnf_p384() -> Inputs:
    """A key on another curve."""
    return _with(cnf={1: {1: 2, -1: 2, -2: CREDENTIAL_KEY.public.x, -3: False}})


@CREDENTIALS.case("cnf-private", "3.2", MALFORMED)
def cnf_private() -> Inputs:
    """A COSE_Key with a private member (-4)."""
    return _with(cnf={1: {1: 2, -1: 1, -2: CREDENTIAL_KEY.public.x, -3: False, -4: bytes(32)}})


@CREDENTIALS.case("cnf-kid", "3.3", MALFORMED)
def cnf_kid() -> Inputs:
    """A key named by kid instead of carried."""
    return _with(cnf={3: bytes(8)})


@CREDENTIALS.case("index-2-20", "3.3", MALFORMED)
def index_too_large() -> Inputs:
    """An index of 2^20."""
    return _private(1, 17, 2**20, credential_grant())


@CREDENTIALS.case("epoch-2-32", "3.3", MALFORMED)
def epoch_too_large() -> Inputs:
    """An epoch of more than 32 bits."""
    return _private(2**32, 17, 900_000, credential_grant())


@CREDENTIALS.case("private-five", "3.3", MALFORMED)
def private_five() -> Inputs:
    """A fifth field in the private claim."""
    return _private(1, 17, 900_000, credential_grant(), 0)


def _grants() -> None:
    grants: tuple[tuple[str, str, tuple[Value, ...]], ...] = (
        ("grant-empty", "A grant has an entry.", ()),
        ("points-empty", "An entry has a point.", ([[], [[0, 60]], 1],)),
        ("point-zero", "Points begin at 1.", ([[0], [[0, 60]], 1],)),
        ("point-2-32", "Points end at 2^32 - 1.", ([[2**32], [[0, 60]], 1],)),
        ("points-falling", "Points ascend.", ([[101, 100], [[0, 60]], 1],)),
        ("points-repeated", "A point stands once in an entry.", ([[100, 100], [[0, 60]], 1],)),
        ("windows-empty", "An entry has a window.", ([[100], [], 1],)),
        ("window-empty", "A window has a length.", ([[100], [[60, 60]], 1],)),
        ("window-backwards", "A window ends after it starts.", ([[100], [[60, 0]], 1],)),
        ("window-beyond", "A window ends by exp - nbf.", ([[100], [[0, DAY + 1]], 1],)),
        ("window-negative", "A window starts at nbf or later.", ([[100], [[-1, 60]], 1],)),
        ("windows-falling", "Windows ascend.", ([[100], [[120, 180], [0, 60]], 1],)),
        ("windows-overlapping", "Windows are disjoint.", ([[100], [[0, 60], [59, 120]], 1],)),
        ("windows-touching", "Touching windows are one.", ([[100], [[0, 60], [60, 120]], 1],)),
        ("window-three", "A window is a pair.", ([[100], [[0, 60, 120]], 1],)),
        ("flags-zero", "An entry permits something.", ([[100], [[0, 60]], 0],)),
        ("flags-bit-7", "An unknown flag is refused.", ([[100], [[0, 60]], 129],)),
        ("flags-true", "Flags are a number (A14).", ([[100], [[0, 60]], True],)),
        ("entry-four", "An entry has three parts.", ([[100], [[0, 60]], 1, 0],)),
    )
    for name, rule, entries in grants:

        def make(entries: tuple[Value, ...] = entries) -> Inputs:
            return _granting(*entries)

        make.__doc__ = rule
        CREDENTIALS.case(name, "3.3", MALFORMED)(make)


_grants()
