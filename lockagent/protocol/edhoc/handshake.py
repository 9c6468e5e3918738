"""What both roles of EDHOC compute: transcripts, keys, proofs (RFC 9528, 4 and 5).

The steps of each role are in `initiator` and `responder`; this is the arithmetic they share, with
the labels of RFC 9528 figure 6 in one place. Inputs are the encoded items as they stood on the
air; outputs are bytes. A proof is compared in constant time.
"""

import hmac
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from lockagent.protocol.edhoc.crypto import (
    Agreement,
    BadTag,
    CipherSuite,
    PeerKey,
    Signer,
)
from lockagent.protocol.edhoc.identification import write_id_cred
from lockagent.protocol.edhoc.refusal import HandshakeRefused, RefusalKind
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature

# The structures of COSE up to the part that varies, which follows as encoded items.
_ENCRYPT0_HEAD = encode(["Encrypt0", b"", b""])[:-1]
_SIGNATURE1_HEAD = encode(["Signature1", b"", b"", b""])[:-3]


_RESPONDER_IS_STATIC, _INITIATOR_IS_STATIC = 1, 2  # the bits of METHOD


class Method(IntEnum):
    """Who authenticates how, Initiator first (RFC 9528, 3.2)."""

    SIGN_SIGN = 0
    SIGN_STATIC = 1
    STATIC_SIGN = 2
    STATIC_STATIC = 3

    @property
    def initiator_signs(self) -> bool:
        """Whether the Initiator's proof is a signature, not a MAC by its static key."""
        return not self & _INITIATOR_IS_STATIC

    @property
    def responder_signs(self) -> bool:
        """Whether the Responder's proof is a signature, not a MAC by its static key."""
        return not self & _RESPONDER_IS_STATIC


class Label(IntEnum):
    """info_label of EDHOC_KDF (RFC 9528, 4.1.2 and appendix H)."""

    KEYSTREAM_2 = 0
    SALT_3E2M = 1
    MAC_2 = 2
    K_3 = 3
    IV_3 = 4
    SALT_4E3M = 5
    MAC_3 = 6
    PRK_OUT = 7
    K_4 = 8
    IV_4 = 9
    PRK_EXPORTER = 10
    KEY_UPDATE = 11


@dataclass(frozen=True, slots=True)
class _Named:
    id_cred: bytes
    cred: bytes
    id_cred_on_air: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse an `id_cred` that is not one encoded map: ValueError or MalformedMessage."""
        object.__setattr__(self, "id_cred_on_air", write_id_cred(self.id_cred))


@dataclass(frozen=True, slots=True)
class SigningIdentity(_Named):
    """One's own credential with the key that signs for it.

    `id_cred` is the encoded map; `cred` the encoded CRED item, whatever its type.
    """

    key: Signer = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaticIdentity(_Named):
    """One's own credential with the static Diffie-Hellman key in it; fields as its sibling's."""

    key: Agreement = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeerCredential:
    """The peer's credential, as the application found and judged it: CRED_x and the key in it."""

    cred: bytes
    key: PeerKey


@dataclass(frozen=True, slots=True)
class Statement:
    """What one side's proof covers: MAC_x by context, and for a signature the Sig_structure.

    `names` is what stands first in context_x: C_R in message_2, nothing in message_3.
    """

    names: bytes
    id_cred: bytes
    transcript: bytes
    cred: bytes
    ead: bytes

    def context(self) -> bytes:
        """context_2 or context_3 (RFC 9528, 5.3.2 and 5.4.2)."""
        return self.names + self.id_cred + _string(self.transcript) + self.cred + self.ead

    def to_sign(self, mac: bytes) -> bytes:
        """The Sig_structure (RFC 9052, 4.4) over `mac`."""
        external = _string(self.transcript) + self.cred + self.ead
        return _SIGNATURE1_HEAD + _string(self.id_cred) + _string(external) + _string(mac)


def kdf(suite: CipherSuite, key: bytes, label: int, context: bytes, length: int) -> bytes:
    """EDHOC_KDF (RFC 9528, 4.1.2): `length` bytes."""
    before, after = _around_context(label, len(context), length)
    return suite.expand(key, before + context + after, length)


# why: both are constants of the protocol in practice, and a door derives 14 keys for an opening.
@lru_cache(maxsize=128)
def _around_context(label: int, size: int, length: int) -> tuple[bytes, bytes]:
    return encode(label) + _string_head(size), encode(length)


@lru_cache(maxsize=128)
def _string_head(size: int) -> bytes:
    written = encode(bytes(size))
    return written[: len(written) - size]


def _string(data: bytes) -> bytes:
    return _string_head(len(data)) + data


def transcript_2(suite: CipherSuite, g_y: bytes, hash_of_message_1: bytes) -> bytes:
    """TH_2 (RFC 9528, 5.3.2)."""
    return suite.hash(_string(g_y) + _string(hash_of_message_1))


def next_transcript(suite: CipherSuite, previous: bytes, plaintext: bytes, cred: bytes) -> bytes:
    """TH_3 or TH_4: the hash over the one before, the plaintext, the credential."""
    return suite.hash(_string(previous) + plaintext + cred)


def static_key(
    suite: CipherSuite, previous: bytes, label: Label, transcript: bytes, secret: bytes
) -> bytes:
    """PRK_3e2m or PRK_4e3m where that side has a static key (RFC 9528, 4.1.1.2 and 4.1.1.3)."""
    salt = kdf(suite, previous, label, transcript, suite.hash_size)
    return suite.extract(salt, secret)


def add_keystream_2(suite: CipherSuite, prk_2e: bytes, th_2: bytes, text: bytes) -> bytes:
    """PLAINTEXT_2 from CIPHERTEXT_2 or the reverse: a binary additive stream (RFC 9528, 5.3.2).

    The appendix on long plaintexts is not spoken: above one `expand` is MalformedMessage.
    """
    if len(text) > suite.most_expanded:
        raise MalformedMessage(
            f"expected a message_2 with at most {suite.most_expanded} bytes, got {len(text)}"
        )
    stream = kdf(suite, prk_2e, Label.KEYSTREAM_2, th_2, len(text))
    mixed = int.from_bytes(stream, "big") ^ int.from_bytes(text, "big")
    return mixed.to_bytes(len(text), "big")


def additional_data(transcript: bytes) -> bytes:
    """A_3 or A_4: the Enc_structure (RFC 9052, 5.3) with an empty protected header."""
    return _ENCRYPT0_HEAD + _string(transcript)


def open_sealed(
    suite: CipherSuite, key: bytes, nonce: bytes, transcript: bytes, ciphertext: bytes
) -> bytes:
    """The plaintext of message_3 or message_4, or HandshakeRefused."""
    try:
        return suite.open(key, nonce, additional_data(transcript), ciphertext)
    except BadTag as error:
        raise HandshakeRefused(
            RefusalKind.AUTHENTICATION, "expected a ciphertext of this session, got another"
        ) from error


def proof_size(suite: CipherSuite, signs: bool) -> int:
    """The length of Signature_or_MAC."""
    return suite.signature_size if signs else suite.mac_size


def prove(
    suite: CipherSuite, prk: bytes, label: Label, statement: Statement, signer: Signer | None
) -> bytes:
    """Signature_or_MAC_2 or _3: by `signer`, else the MAC itself."""
    if signer is None:
        return kdf(suite, prk, label, statement.context(), suite.mac_size)
    mac = kdf(suite, prk, label, statement.context(), suite.hash_size)
    return signer.sign(statement.to_sign(mac))


def check_proof(
    suite: CipherSuite,
    prk: bytes,
    label: Label,
    statement: Statement,
    signer: PeerKey | None,
    received: bytes,
) -> None:
    """Return if `received` proves `statement`, by the key `signer` or as a MAC; else refused."""
    size = suite.hash_size if signer else suite.mac_size
    mac = kdf(suite, prk, label, statement.context(), size)
    if signer is None:
        if not hmac.compare_digest(mac, received):
            raise HandshakeRefused(
                RefusalKind.AUTHENTICATION, f"expected {label.name} of this session, got another"
            )
        return
    try:
        signer.verify(received, statement.to_sign(mac))
    except BadSignature as error:
        raise HandshakeRefused(
            RefusalKind.AUTHENTICATION, f"expected a signature over {label.name}, got another"
        ) from error


def refuse_own_credential(own: bytes, peer: bytes) -> None:
    """Refuse a peer that shows one's own credential: a reflection (RFC 9528, 9.2)."""
    if own == peer:
        raise HandshakeRefused(
            RefusalKind.OWN_CREDENTIAL, "expected the peer's credential, got one's own"
        )
