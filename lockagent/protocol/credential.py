"""The credential: a CWT that binds a grant at one facility to one presentation key. SPEC.md 3.3.

An issuer's statement (RFC 8392, with `cnf` of RFC 8747) carried by value inside EDHOC. Rules
kept here:
- every claim is required, no other is known, and each has one encoding;
- windows travel relative to nbf and stand absolute in the value; all lie in `[nbf, exp)`;
- `iat <= nbf < exp`; the index is below 2^20; the whole has at most 779 bytes;
- no name and no stable subject: the server maps `cti` to the subject.

Whose key signed it, whether it is revoked and how long it may live are steps 5, 6 and 10 of
SPEC.md 6 and belong to `verification`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from lockagent.protocol.claims import (
    AUD,
    CLAIM_LABELS,
    CNF,
    CTI,
    CTI_BYTES,
    EXP,
    IAT,
    MAX_COUNTER,
    NBF,
    PRIVATE,
    Received,
    bound_key,
    check_counter,
    check_facility,
    check_most,
    check_size,
    check_validity,
    take_bound_key,
    take_counter,
    take_facility,
    take_instant,
    take_points,
)
from lockagent.protocol.encoding import (
    Value,
    decode,
    encode,
    take_array,
    take_bytes,
    take_map,
    take_uint,
)
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SigningKey, VerifyingKey
from policies.grant import ALL_FLAGS, Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import FacilityId, Instant

CREDENTIAL_BYTES = 779
"""What message_3 and OPEN leave of 900 bytes (SPEC.md 4.5)."""
INDEX_BITS = 20
INDEX_LIMIT = 1 << INDEX_BITS

STEP_SECONDS = 900
SHORT_STEP_SECONDS = 60
_SHORT_LIFE_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Credential:
    """One presentation key may do what `grant` says at `facility` in `[not_before, expires)`."""

    facility: FacilityId
    issued_at: Instant
    not_before: Instant
    expires: Instant
    cti: bytes
    presentation_key: VerifyingKey
    epoch: int
    revision: int
    index: int
    grant: Grant

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_facility(self.facility)
        check_validity(self.issued_at, self.not_before, self.expires)
        check_size("cti", self.cti, CTI_BYTES)
        check_counter("epoch", self.epoch)
        check_counter("revision", self.revision)
        if not 0 <= self.index < INDEX_LIMIT:
            raise ValueError(f"expected an index below 2^{INDEX_BITS}, got {self.index}")
        if not self.grant.entries:
            raise ValueError("expected a grant with an entry, got an empty one")
        for entry in self.grant.entries:
            if entry.windows[0].start < self.not_before or entry.windows[-1].end > self.expires:
                raise ValueError("expected windows within [nbf, exp), got one beyond it")


ReceivedCredential: TypeAlias = Received[Credential]


def sign_credential(credential: Credential, realm: Realm, signing_key: SigningKey) -> bytes:
    """The kcwt; ValueError where it would be longer than `CREDENTIAL_BYTES`."""
    signed = sign(encode(_claims(credential)), ObjectType.CREDENTIAL, realm, signing_key)
    if len(signed) > CREDENTIAL_BYTES:
        raise ValueError(
            f"expected a credential of at most {CREDENTIAL_BYTES} bytes, got {len(signed)}"
        )
    return signed


def parse_credential(received: bytes) -> ReceivedCredential:
    """Take exactly one kcwt apart (SPEC.md 6, step 4), or MalformedMessage."""
    check_most("a credential", received, CREDENTIAL_BYTES)
    sign1 = parse_sign1(received)
    return Received(received, sign1, _read_claims(decode(sign1.payload)))


def issue_step(life_seconds: int) -> int:
    """The step that iat and exp are multiples of: 60 s for a life under an hour, else 900 s."""
    return SHORT_STEP_SECONDS if life_seconds < _SHORT_LIFE_SECONDS else STEP_SECONDS


def _claims(credential: Credential) -> Value:
    start = credential.not_before
    grant: list[Value] = [
        [
            list(entry.points),
            [[window.start - start, window.end - start] for window in entry.windows],
            int(entry.flags),
        ]
        for entry in credential.grant.entries
    ]
    return {
        AUD: credential.facility,
        EXP: credential.expires,
        NBF: credential.not_before,
        IAT: credential.issued_at,
        CTI: credential.cti,
        CNF: bound_key(credential.presentation_key),
        PRIVATE: [credential.epoch, credential.revision, credential.index, grant],
    }


def _read_claims(value: Value) -> Credential:
    claims = take_map(value, "the claims", CLAIM_LABELS)
    epoch, revision, index, grant = take_array(claims[PRIVATE], "the private claim", 4)
    not_before = take_instant(claims[NBF], "nbf")
    try:
        return Credential(
            facility=take_facility(claims[AUD]),
            issued_at=take_instant(claims[IAT], "iat"),
            not_before=not_before,
            expires=take_instant(claims[EXP], "exp"),
            cti=take_bytes(claims[CTI], "cti", CTI_BYTES),
            presentation_key=take_bound_key(claims[CNF]),
            epoch=take_counter(epoch, "epoch"),
            revision=take_counter(revision, "revision"),
            index=take_uint(index, "index", INDEX_LIMIT - 1),
            grant=_read_grant(grant, not_before),
        )
    except ValueError as error:
        raise MalformedMessage(str(error)) from error


def _read_grant(value: Value, not_before: Instant) -> Grant:
    entries = []
    for item in take_array(value, "the grant", least=1):
        points, windows, flags = take_array(item, "an entry", 3)
        entries.append(
            GrantEntry(
                points=take_points(points),
                windows=tuple(
                    _read_window(window, not_before)
                    for window in take_array(windows, "windows", least=1)
                ),
                flags=GrantFlags(take_uint(flags, "flags", ALL_FLAGS, 1)),
            )
        )
    return Grant(tuple(entries))


def _read_window(value: Value, not_before: Instant) -> Window:
    start, end = take_array(value, "a window", 2)
    return Window(
        Instant(not_before + take_uint(start, "a window's start", MAX_COUNTER)),
        Instant(not_before + take_uint(end, "a window's end", MAX_COUNTER)),
    )
