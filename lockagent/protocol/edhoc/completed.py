"""A completed EDHOC session: exporter, key update, message_4 (RFC 9528, 4.2, 5.5, appendix H).

What is left of a handshake once both proofs held. Keys for the application come out of `exporter`;
`update_keys` gives a session whose old keys cannot be computed from it. message_4 is the
Responder's optional confirmation. A profile that sends protected data at once has no use for it.

message_4 is sealed under one key and nonce: it is made once, and resent as the same bytes.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TypeVar

from lockagent.protocol.edhoc.crypto import CipherSuite
from lockagent.protocol.edhoc.handshake import Label, additional_data, kdf, open_sealed
from lockagent.protocol.edhoc.messages import (
    NONE_UNDERSTOOD,
    Ead,
    read_ead,
    read_lone_string,
    refuse_unknown_critical,
    write_ead,
)
from lockagent.protocol.encoding import encode


@dataclass(frozen=True, slots=True)
class _Completed:
    suite: CipherSuite
    c_i: bytes
    c_r: bytes
    th_4: bytes
    prk_4e3m: bytes | None = field(repr=False)
    prk_out: bytes = field(repr=False)
    prk_exporter: bytes = field(repr=False)

    def exporter(self, label: int, context: bytes, length: int) -> bytes:
        """EDHOC_Exporter (RFC 9528, 4.2.1): `length` bytes; one (label, context), one purpose."""
        if label < 0:
            raise ValueError(f"expected an unsigned exporter label, got {label}")
        return kdf(self.suite, self.prk_exporter, label, context, length)


@dataclass(frozen=True, slots=True)
class CompletedI(_Completed):
    """The Initiator's session: the Responder is authenticated, and has not yet confirmed."""


@dataclass(frozen=True, slots=True)
class CompletedR(_Completed):
    """The Responder's session: the Initiator is authenticated and holds the same keys."""


_Session = TypeVar("_Session", CompletedI, CompletedR)


def complete_i(suite: CipherSuite, c_i: bytes, c_r: bytes, th_4: bytes, prk: bytes) -> CompletedI:
    """The Initiator's session from PRK_4e3m, `prk`."""
    prk_out, prk_exporter = _output_keys(suite, prk, th_4)
    return CompletedI(suite, c_i, c_r, th_4, prk, prk_out, prk_exporter)


def complete_r(suite: CipherSuite, c_i: bytes, c_r: bytes, th_4: bytes, prk: bytes) -> CompletedR:
    """The Responder's session from PRK_4e3m, `prk`."""
    prk_out, prk_exporter = _output_keys(suite, prk, th_4)
    return CompletedR(suite, c_i, c_r, th_4, prk, prk_out, prk_exporter)


def update_keys(session: _Session, context: bytes) -> _Session:
    """EDHOC_KeyUpdate (RFC 9528, appendix H): drop `session` once both sides have the new one.

    message_4 belongs before the first update: the key it comes from is gone afterwards.
    """
    suite = session.suite
    prk_out = kdf(suite, session.prk_out, Label.KEY_UPDATE, context, suite.hash_size)
    return replace(
        session, prk_4e3m=None, prk_out=prk_out, prk_exporter=_exporter_key(suite, prk_out)
    )


def r_prepare_message_4(session: CompletedR, ead_4: Ead = ()) -> bytes:
    """message_4 (RFC 9528, 5.5.2), once; RuntimeError after a key update."""
    key, nonce = _keys_4(session)
    data = additional_data(session.th_4)
    return encode(session.suite.seal(key, nonce, data, write_ead(ead_4)))


def i_process_message_4(
    session: CompletedI, message_4: bytes, understood_ead: Collection[int] = NONE_UNDERSTOOD
) -> Ead:
    """EAD_4 of a message_4 that verified: the Responder has the keys (RFC 9528, 5.5.3)."""
    key, nonce = _keys_4(session)
    ciphertext = read_lone_string(message_4, "CIPHERTEXT_4")
    ead_4 = read_ead(open_sealed(session.suite, key, nonce, session.th_4, ciphertext), 0)
    refuse_unknown_critical(ead_4, understood_ead)
    return ead_4


def _output_keys(suite: CipherSuite, prk_4e3m: bytes, th_4: bytes) -> tuple[bytes, bytes]:
    prk_out = kdf(suite, prk_4e3m, Label.PRK_OUT, th_4, suite.hash_size)
    return prk_out, _exporter_key(suite, prk_out)


def _exporter_key(suite: CipherSuite, prk_out: bytes) -> bytes:
    return kdf(suite, prk_out, Label.PRK_EXPORTER, b"", suite.hash_size)


def _keys_4(session: CompletedI | CompletedR) -> tuple[bytes, bytes]:
    if session.prk_4e3m is None:
        raise RuntimeError("expected message_4 before a key update, got it after one")
    suite, prk, th_4 = session.suite, session.prk_4e3m, session.th_4
    return (
        kdf(suite, prk, Label.K_4, th_4, suite.key_size),
        kdf(suite, prk, Label.IV_4, th_4, suite.nonce_size),
    )
