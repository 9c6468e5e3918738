"""Two parties for EDHOC tests: fixed keys for both suites, and a run from message_1 to session.

Suite 0 (X25519, EdDSA) exists only here. It shares hash and AEAD with suite 2 and differs in its
keys, so it goes through the ports that a secure element would use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from lockagent.protocol.edhoc.completed import CompletedI, CompletedR
from lockagent.protocol.edhoc.crypto import SUITE_2, Agreement, CcmSha256Suite, CipherSuite
from lockagent.protocol.edhoc.handshake import (
    Method,
    PeerCredential,
    SigningIdentity,
    StaticIdentity,
)
from lockagent.protocol.edhoc.initiator import (
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.messages import Ead
from lockagent.protocol.edhoc.responder import (
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
    r_verify_message_3,
)
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature, SoftwareKey

SUITE_0 = CcmSha256Suite(label=0, mac_size=8)
ALL_METHODS = tuple(Method)
Identity: TypeAlias = SigningIdentity | StaticIdentity


@dataclass(frozen=True)
class OkpPoint:
    """A public key of suite 0: a point on Curve25519, or an Ed25519 key that verifies."""

    x: bytes

    def verify(self, signature: bytes, data: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.x).verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise BadSignature("expected this key's signature, got another") from error


class X25519Key:
    """A private key that agrees, for suite 0."""

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self.public = OkpPoint(self._private.public_key().public_bytes_raw())

    def agree(self, peer_x: bytes) -> bytes:
        try:
            return self._private.exchange(X25519PublicKey.from_public_bytes(peer_x))
        except ValueError as error:
            raise MalformedMessage("expected a point of full order, got another") from error


class Ed25519Key:
    """A private key that signs, for suite 0."""

    def __init__(self, private: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.public = OkpPoint(self._private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)


def _scalar(name: str) -> bytes:
    return name.encode().ljust(32, b".")


@dataclass(frozen=True)
class Cast:
    """Who meets whom under which suite; ephemeral keys are fixed so that a failure repeats."""

    suite: CipherSuite
    ephemeral_i: Agreement
    ephemeral_r: Agreement
    initiator: Callable[[Method], tuple[Identity, PeerCredential]]
    responder: Callable[[Method], tuple[Identity, PeerCredential]]


def _identity(
    suite: CipherSuite, name: str, signs: bool, id_cred: bytes
) -> tuple[Identity, PeerCredential]:
    cred = encode({2: name, 8: _scalar(name)})
    if suite is SUITE_2:
        key = SoftwareKey.from_private_bytes(_scalar(name))
        identity: Identity = (
            SigningIdentity(id_cred, cred, key) if signs else StaticIdentity(id_cred, cred, key)
        )
        return identity, PeerCredential(cred, key.public)
    if signs:
        signer = Ed25519Key(_scalar(name))
        return SigningIdentity(id_cred, cred, signer), PeerCredential(cred, signer.public)
    static = X25519Key(_scalar(name))
    return StaticIdentity(id_cred, cred, static), PeerCredential(cred, static.public)


def cast(suite: CipherSuite) -> Cast:
    """The parties under `suite`: the Initiator shows itself by kccs, the Responder by a kid."""
    by_value = encode({14: {2: "initiator", 8: _scalar("initiator")}})
    by_kid = encode({4: b"\x32door\x00\x00\x01"})
    key = SoftwareKey.from_private_bytes if suite is SUITE_2 else X25519Key
    return Cast(
        suite=suite,
        ephemeral_i=key(_scalar("ephemeral of the initiator")),
        ephemeral_r=key(_scalar("ephemeral of the responder")),
        initiator=lambda method: _identity(suite, "initiator", method.initiator_signs, by_value),
        responder=lambda method: _identity(suite, "responder", method.responder_signs, by_kid),
    )


@dataclass(frozen=True)
class Air:
    """The messages that crossed, the sessions at both ends, EAD as the other end read it."""

    message_1: bytes
    message_2: bytes
    message_3: bytes
    session_i: CompletedI
    session_r: CompletedR
    ead: tuple[Ead, Ead, Ead]


Tamper: TypeAlias = Callable[[int, bytes], bytes]


def untouched(_number: int, message: bytes) -> bytes:
    """An air that delivers what was sent."""
    return message


def run(
    parties: Cast,
    method: Method,
    *,
    air: Tamper = untouched,
    ead: tuple[Ead, Ead, Ead] = ((), (), ()),
    understood: frozenset[int] = frozenset(),
) -> Air:
    """A whole handshake over `air`, which sees each message with its number and may change it."""
    own_i, _ = parties.initiator(method)
    _, known_r = parties.responder(method)
    wait_2, message_1 = i_prepare_message_1(
        suite=parties.suite,
        method=method,
        ephemeral=parties.ephemeral_i,
        c_i=b"\x00",
        ead_1=ead[0],
    )
    message_1 = air(1, message_1)
    processed_1 = r_process_message_1(
        message_1, suites=[parties.suite], methods=ALL_METHODS, understood_ead=understood
    )
    # The Responder goes by the method it received, which need not be the one that was sent.
    own_r, _ = parties.responder(processed_1.method)
    _, known_i = parties.initiator(processed_1.method)
    wait_3, message_2 = r_prepare_message_2(
        processed_1, ephemeral=parties.ephemeral_r, c_r=b"\x01", identity=own_r, ead_2=ead[1]
    )
    message_2 = air(2, message_2)
    parsed_2 = i_parse_message_2(wait_2, message_2, understood)
    verified_2 = i_verify_message_2(parsed_2, known_r)
    session_i, message_3 = i_prepare_message_3(verified_2, identity=own_i, ead_3=ead[2])
    message_3 = air(3, message_3)
    parsed_3 = r_parse_message_3(wait_3, message_3, understood)
    session_r = r_verify_message_3(parsed_3, known_i)
    return Air(
        message_1=message_1,
        message_2=message_2,
        message_3=message_3,
        session_i=session_i,
        session_r=session_r,
        ead=(processed_1.ead_1, parsed_2.ead_2, parsed_3.ead_3),
    )
