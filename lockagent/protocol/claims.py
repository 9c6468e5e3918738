"""What the signed objects share: claim numbers, instants, names, bound keys, received bytes.

The numbers are those of CWT (RFC 8392, 4) and `cnf` (RFC 8747, 3.1), with one private-use number
for what is ours. Rules kept here:
- an instant is a whole second that RFC 3339 can write, so nothing later overflows a calendar;
- a counter has at most 32 bits, so that RESULT keeps its length (SPEC.md 4.4);
- a value keeps its rules in its constructor (ValueError) and a parser turns that into
  `MalformedMessage`: what would not be written is not read either;
- `Received` holds the bytes as they came beside what was read from them, and hands the claims
  out by `verify` once the signature holds.

What each object holds is left to the module of its name.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from lockagent.protocol.encoding import Key, Value, take_array, take_map, take_text, take_uint
from lockagent.protocol.envelope import ObjectType, Realm, Sign1
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import VerifyingKey
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointNumber,
    ControllerId,
    FacilityId,
    Instant,
    is_short_id,
)

AUD, EXP, NBF, IAT, CTI, CNF = 3, 4, 5, 6, 7, 8
"""Audience (the facility), expiry, not before, issued at, identifier, bound key."""
PRIVATE = -65537
"""The one private-use claim (RFC 8392, 9.1.1): what is ours, as an array."""
CLAIM_LABELS: frozenset[Key] = frozenset({AUD, EXP, NBF, IAT, CTI, CNF, PRIVATE})
CTI_BYTES = 8
COSE_KEY_MEMBER = 1
_CNF_LABELS: frozenset[Key] = frozenset({COSE_KEY_MEMBER})

MAX_INSTANT = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second RFC 3339 can write."""
MAX_COUNTER = 2**32 - 1

_CONTROLLER = re.compile(r"[A-Za-z0-9_./-]{1,64}")

Claims = TypeVar("Claims")
Ordered = TypeVar("Ordered", int, bytes)


@dataclass(frozen=True, slots=True)
class Received(Generic[Claims]):
    """A signed object as it came, taken apart and well formed, its signature not verified."""

    received: bytes
    sign1: Sign1
    claims: Claims

    def verify(self, object_type: ObjectType, realm: Realm, key: VerifyingKey) -> Claims:
        """The claims, now that `key` is known to have signed them; else BadSignature."""
        self.sign1.verify(object_type, realm, key)
        return self.claims


@contextmanager
def malformed_where_invalid() -> Iterator[None]:
    """Turn a value's own refusal (ValueError) into `MalformedMessage`."""
    try:
        yield
    except ValueError as error:
        raise MalformedMessage(str(error)) from error


def bound_key(key: VerifyingKey) -> Value:
    """The `cnf` claim for `key`."""
    return {COSE_KEY_MEMBER: key.cose()}


def take_bound_key(value: Value) -> VerifyingKey:
    """The key in a `cnf` claim of exactly `{1: COSE_Key}`."""
    return VerifyingKey.from_cose(take_map(value, "cnf", _CNF_LABELS)[COSE_KEY_MEMBER])


def take_instant(value: Value, name: str) -> Instant:
    """`value` as seconds since 1970, at most `MAX_INSTANT`."""
    return Instant(take_uint(value, name, MAX_INSTANT))


def take_counter(value: Value, name: str, least: int = 0) -> int:
    """`value` as a number of at most 32 bits."""
    return take_uint(value, name, MAX_COUNTER, least)


def take_facility(value: Value) -> FacilityId:
    """`value` as a facility's id; its form is checked by the object that holds it."""
    return FacilityId(take_text(value, "the facility"))


def take_controller(value: Value) -> ControllerId:
    """`value` as a controller's id; its form is checked by the object that holds it."""
    return ControllerId(take_text(value, "the controller"))


def take_points(value: Value) -> tuple[AccessPointNumber, ...]:
    """`value` as one or more access point numbers; their order is the object's to check."""
    return tuple(
        AccessPointNumber(take_uint(item, "an access point", MAX_ACCESS_POINT_NUMBER, 1))
        for item in take_array(value, "access points", least=1)
    )


def take_keys(value: Value, name: str) -> tuple[VerifyingKey, ...]:
    """`value` as one or more COSE_Keys."""
    return tuple(VerifyingKey.from_cose(item) for item in take_array(value, name, least=1))


def check_facility(facility: FacilityId) -> None:
    """ValueError unless `facility` is 1 to 16 of `a-z 0-9 -`."""
    if not is_short_id(facility):
        raise ValueError("expected a facility of 1 to 16 of a-z 0-9 -, got another text")


def check_controller(controller: ControllerId) -> None:
    """ValueError unless `controller` is 1 to 64 of `A-Z a-z 0-9 _ . / -`."""
    if _CONTROLLER.fullmatch(controller) is None:
        raise ValueError("expected a controller of 1 to 64 of A-Z a-z 0-9 _ . / -, got another")


def check_validity(issued_at: Instant, not_before: Instant, expires: Instant) -> None:
    """ValueError unless `0 <= issued_at <= not_before < expires <= MAX_INSTANT`."""
    if not 0 <= issued_at <= not_before < expires <= MAX_INSTANT:
        raise ValueError(
            "expected iat <= nbf < exp within the calendar,"
            f" got iat {issued_at}, nbf {not_before}, exp {expires}"
        )


def check_size(name: str, value: bytes, size: int) -> None:
    """ValueError unless `value` has exactly `size` bytes."""
    if len(value) != size:
        raise ValueError(f"expected {name} of {size} bytes, got {len(value)}")


def check_counter(name: str, value: int, least: int = 0) -> None:
    """ValueError unless `value` is from `least` to 2^32 - 1."""
    if not least <= value <= MAX_COUNTER:
        raise ValueError(f"expected {name} from {least} to {MAX_COUNTER}, got {value}")


def check_ascending(name: str, values: Sequence[Ordered]) -> None:
    """ValueError unless each value is above the one before it."""
    if list(values) != sorted(set(values)):
        raise ValueError(f"expected ascending {name}, got a repeated or falling one")


def check_most(name: str, received: bytes, most: int) -> None:
    """MalformedMessage where `received` is longer than `most` bytes: before anything is read."""
    if len(received) > most:
        raise MalformedMessage(f"expected {name} of at most {most} bytes, got {len(received)}")
