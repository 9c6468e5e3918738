"""The time token: the server's answer to a door's fresh nonce. SPEC.md 7.3.

`[reader_id, nonce, iat]` signed by a key of role time. It is the only object that bounds the
time from both sides. Rules kept here: the form, the signer, and that the key was in use at iat.
That the nonce is one of the door's, taken once, and what the answer does to the clock is the
clock's to say.
"""

from dataclasses import dataclass
from typing import TypeAlias

from lockagent.protocol.claims import (
    MAX_INSTANT,
    Received,
    check_most,
    check_size,
    malformed_where_invalid,
    take_instant,
)
from lockagent.protocol.encoding import decode, encode, take_array, take_bytes
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.gatt import READER_ID_BYTES, ReaderId
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import Role
from policies.vocabulary import Instant

TIME_NONCE_BYTES = 16
TIME_TOKEN_BYTES = 128


@dataclass(frozen=True, slots=True)
class TimeToken:
    """It was `issued_at` when the server answered `nonce` for the controller of `reader_id`."""

    reader_id: ReaderId
    nonce: bytes
    issued_at: Instant

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_size("a reader id", self.reader_id, READER_ID_BYTES)
        check_size("a nonce", self.nonce, TIME_NONCE_BYTES)
        if not 0 <= self.issued_at <= MAX_INSTANT:
            raise ValueError(f"expected an instant within the calendar, got {self.issued_at}")


ReceivedTimeToken: TypeAlias = Received[TimeToken]


def sign_time_token(token: TimeToken, realm: Realm, signing_key: SigningKey) -> bytes:
    """The signed token."""
    payload = encode([token.reader_id, token.nonce, token.issued_at])
    return sign(payload, ObjectType.TIME, realm, signing_key)


def parse_time_token(received: bytes) -> ReceivedTimeToken:
    """Take exactly one token apart, or MalformedMessage."""
    check_most("a time token", received, TIME_TOKEN_BYTES)
    sign1 = parse_sign1(received)
    reader_id, nonce, issued_at = take_array(decode(sign1.payload), "a time token", 3)
    with malformed_where_invalid():
        token = TimeToken(
            reader_id=ReaderId(take_bytes(reader_id, "a reader id", READER_ID_BYTES)),
            nonce=take_bytes(nonce, "a nonce", TIME_NONCE_BYTES),
            issued_at=take_instant(issued_at, "iat"),
        )
    return Received(received, sign1, token)


def verify_time_token(received: bytes, trust: TrustState) -> TimeToken:
    """The token, signed by a time key in use at its iat; MalformedMessage or TrustRefused."""
    parsed = parse_time_token(received)
    return trust.verified(parsed, ObjectType.TIME, Role.TIME, parsed.claims.issued_at)
