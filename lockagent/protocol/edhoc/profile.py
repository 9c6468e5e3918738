"""The profile of EDHOC between phone and door (RFC 9528, 3.9; SPEC.md section 2).

Method 1, suite 2, fixed connection identifiers, no EAD but padding in EAD_3: what the library
accepts and this project does not is refused here, as HandshakeRefused of kind PROFILE. Each check
is made on the state right after its message was read. Which credential may open what is judged by
the numbered steps of SPEC.md 5 and 6, elsewhere.
"""

import hashlib

from lockagent.protocol.edhoc.crypto import SUITE_2
from lockagent.protocol.edhoc.handshake import Method
from lockagent.protocol.edhoc.identification import (
    credential_by_value,
    kid_id_cred,
    kid_of,
    value_id_cred,
)
from lockagent.protocol.edhoc.initiator import ProcessingM2
from lockagent.protocol.edhoc.messages import PADDING_LABEL
from lockagent.protocol.edhoc.refusal import HandshakeRefused, RefusalKind
from lockagent.protocol.edhoc.responder import ProcessedM1, ProcessingM3

METHOD = Method.SIGN_STATIC
SUITE = SUITE_2
SUITES = (SUITE_2,)
METHODS = frozenset({METHOD})
C_I = b"\x00"
C_R = b"\x01"
READER_KID_BYTES = 8
KCWT_LABEL = 13


def reader_kid(certificate: bytes) -> bytes:
    """The kid that names a reader certificate: the first 8 bytes of its SHA-256."""
    return hashlib.sha256(certificate).digest()[:READER_KID_BYTES]


def reader_id_cred(certificate: bytes) -> bytes:
    """ID_CRED_R of a reader certificate, `{4: kid}`."""
    return kid_id_cred(reader_kid(certificate))


def credential_id_cred(credential: bytes) -> bytes:
    """ID_CRED_I that carries `credential`, a Sign1 as it was issued: `{13: kcwt}`."""
    return value_id_cred(KCWT_LABEL, credential)


def check_message_1(state: ProcessedM1) -> None:
    """Refuse a message_1 with another SUITES_I than the int 2, another C_I, or any EAD_1."""
    if state.suites_i != (SUITE.label,):
        raise _refused("a SUITES_I of suite 2 alone")
    if state.c_i != C_I:
        raise _refused("the fixed C_I")
    if state.ead_1:
        raise _refused("no EAD_1")


def named_reader(state: ProcessingM2) -> bytes:
    """The 8-byte kid in ID_CRED_R of a message_2 with the fixed C_R and no EAD_2; else refused."""
    if state.c_r != C_R:
        raise _refused("the fixed C_R")
    if state.ead_2:
        raise _refused("no EAD_2")
    kid = kid_of(state.id_cred_r)
    if kid is None or len(kid) != READER_KID_BYTES:
        raise _refused(f"an ID_CRED_R with a kid of {READER_KID_BYTES} bytes")
    return kid


def presented_credential(state: ProcessingM3) -> bytes:
    """CRED_I: the slice under kcwt in ID_CRED_I, of a message_3 with padding only in EAD_3."""
    if any(label != PADDING_LABEL for label, _ in state.ead_3):
        raise _refused("padding only in EAD_3")
    credential = credential_by_value(state.id_cred_i, KCWT_LABEL)
    if credential is None:
        raise _refused("an ID_CRED_I with a kcwt and nothing else")
    return credential


def _refused(expected: str) -> HandshakeRefused:
    return HandshakeRefused(RefusalKind.PROFILE, f"expected {expected}, got something else")
