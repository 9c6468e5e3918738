"""The acknowledgement: the server holds a controller's journal up to here. SPEC.md 8.6.

`[controller, sequence, head]` signed by a key of role ack. Until it comes the door keeps its
entries and offers them again. Rules kept here: the form, the signer, and that it is for this
controller. It has no time of its own: the key must be in use at the instant hi. That the head is
the hash of the door's own entry is for the journal to compare.
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from lockagent.protocol.claims import (
    Received,
    check_controller,
    check_most,
    check_size,
    malformed_where_invalid,
    take_controller,
)
from lockagent.protocol.encoding import decode, encode, take_array, take_bytes, take_uint
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import Role
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.vocabulary import ControllerId, Instant

HEAD_BYTES = hashlib.sha256().digest_size
ACK_BYTES = 256


@dataclass(frozen=True, slots=True)
class Ack:
    """The server holds `controller`'s entries up to `sequence`, whose hash is `head`."""

    controller: ControllerId
    sequence: int
    head: bytes

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_controller(self.controller)
        check_size("a head", self.head, HEAD_BYTES)
        if self.sequence < 1:
            raise ValueError(f"expected a sequence from 1, got {self.sequence}")


ReceivedAck: TypeAlias = Received[Ack]


def sign_ack(ack: Ack, realm: Realm, signing_key: SigningKey) -> bytes:
    """The signed acknowledgement."""
    payload = encode([ack.controller, ack.sequence, ack.head])
    return sign(payload, ObjectType.ACK, realm, signing_key)


def parse_ack(received: bytes) -> ReceivedAck:
    """Take exactly one acknowledgement apart, or MalformedMessage."""
    check_most("an ack", received, ACK_BYTES)
    sign1 = parse_sign1(received)
    controller, sequence, head = take_array(decode(sign1.payload), "an ack", 3)
    with malformed_where_invalid():
        ack = Ack(
            controller=take_controller(controller),
            sequence=take_uint(sequence, "a sequence", least=1),
            head=take_bytes(head, "a head", HEAD_BYTES),
        )
    return Received(received, sign1, ack)


def verify_ack(received: bytes, trust: TrustState, controller: ControllerId, hi: Instant) -> Ack:
    """The acknowledgement for `controller` by an ack key in use at `hi`; else TrustRefused."""
    ack = trust.verified(parse_ack(received), ObjectType.ACK, Role.ACK, hi)
    if ack.controller != controller:
        raise TrustRefused(
            TrustFault.OTHER_CONTROLLER, f"expected an ack for {controller}, got {ack.controller}"
        )
    return ack
