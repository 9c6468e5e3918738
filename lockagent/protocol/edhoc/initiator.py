"""EDHOC's Initiator (RFC 9528, 5): message_1 out, message_2 in, message_3 out, session.

    i_prepare_message_1 -> WaitMessage2 -> i_parse_message_2 -> ProcessingM2
      -> i_verify_message_2 -> ProcessedM2 -> i_prepare_message_3 -> CompletedI

Each state is frozen and good for one step: the session that owns it replaces it by the next and
drops it on any `ProtocolError`. message_3 above all is composed once and resent as the same bytes:
a second one would reuse K_3 and IV_3. Between parse and verify the application finds and judges
the credential that ID_CRED_R names. Only a verified Responder is told who the Initiator is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from lockagent.protocol.edhoc.completed import CompletedI, complete_i
from lockagent.protocol.edhoc.crypto import Agreement, CipherSuite
from lockagent.protocol.edhoc.handshake import (
    Label,
    Method,
    PeerCredential,
    SigningIdentity,
    Statement,
    StaticIdentity,
    add_keystream_2,
    additional_data,
    check_proof,
    kdf,
    next_transcript,
    proof_size,
    prove,
    refuse_own_credential,
    static_key,
    transcript_2,
)
from lockagent.protocol.edhoc.identification import write_identifier
from lockagent.protocol.edhoc.messages import (
    NONE_UNDERSTOOD,
    Ead,
    Message1,
    Plaintext,
    read_lone_string,
    read_plaintext_2,
    refuse_unknown_critical,
    write_ead,
    write_message_1,
)
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage


@dataclass(frozen=True, slots=True)
class WaitMessage2:
    """message_1 is out."""

    suite: CipherSuite
    method: Method
    c_i: bytes
    hash_of_message_1: bytes
    ephemeral: Agreement = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProcessingM2:
    """message_2 was decrypted; whoever it names has proved nothing yet."""

    waiting: WaitMessage2
    g_y: bytes
    c_r: bytes
    th_2: bytes
    prk_2e: bytes = field(repr=False)
    plaintext_2: bytes
    read: Plaintext

    @property
    def id_cred_r(self) -> bytes:
        """ID_CRED_R as an encoded map, a slice of what was received unless it is a lone kid."""
        return self.read.id_cred

    @property
    def ead_2(self) -> Ead:
        """The items of EAD_2."""
        return self.read.ead


@dataclass(frozen=True, slots=True)
class ProcessedM2:
    """The Responder is authenticated; `g_y` is for an Initiator with a static key."""

    suite: CipherSuite
    method: Method
    c_i: bytes
    c_r: bytes
    g_y: bytes
    cred_r: bytes
    th_3: bytes
    prk_3e2m: bytes = field(repr=False)


def i_prepare_message_1(
    *,
    suite: CipherSuite,
    method: Method,
    ephemeral: Agreement,
    c_i: bytes,
    preferred: Sequence[int] = (),
    ead_1: Ead = (),
) -> tuple[WaitMessage2, bytes]:
    """Compose message_1 (RFC 9528, 5.2.2) for `suite`.

    `preferred` are the labels of the suites this side would rather have had, best first: none may
    be left out because a Responder refused it. Each message_1 takes an ephemeral key of its own.
    """
    suites = (*preferred, suite.label)
    message_1 = write_message_1(Message1(method, suites, ephemeral.public.x, c_i, ead_1))
    return WaitMessage2(suite, method, c_i, suite.hash(message_1), ephemeral), message_1


def i_parse_message_2(
    state: WaitMessage2, message_2: bytes, understood_ead: Collection[int] = NONE_UNDERSTOOD
) -> ProcessingM2:
    """Decrypt and read message_2 (RFC 9528, 5.3.3), up to the credential it names."""
    suite = state.suite
    received = read_lone_string(message_2, "G_Y_CIPHERTEXT_2")
    g_y, ciphertext = received[: suite.point_size], received[suite.point_size :]
    if not ciphertext:
        raise MalformedMessage(f"expected a G_Y and a ciphertext, got {len(received)} bytes")
    th_2 = transcript_2(suite, g_y, state.hash_of_message_1)
    prk_2e = suite.extract(th_2, state.ephemeral.agree(g_y))
    plaintext_2 = add_keystream_2(suite, prk_2e, th_2, ciphertext)
    size = proof_size(suite, state.method.responder_signs)
    c_r, read = read_plaintext_2(plaintext_2, size)
    refuse_unknown_critical(read.ead, understood_ead)
    return ProcessingM2(state, g_y, c_r, th_2, prk_2e, plaintext_2, read)


def i_verify_message_2(state: ProcessingM2, peer: PeerCredential) -> ProcessedM2:
    """Verify Signature_or_MAC_2 against the credential that the application found."""
    waiting, read = state.waiting, state.read
    suite, method, th_2 = waiting.suite, waiting.method, state.th_2
    if method.responder_signs:
        prk_3e2m = state.prk_2e
    else:
        secret = waiting.ephemeral.agree(peer.key.x)
        prk_3e2m = static_key(suite, state.prk_2e, Label.SALT_3E2M, th_2, secret)
    check_proof(
        suite,
        prk_3e2m,
        Label.MAC_2,
        Statement(write_identifier(state.c_r), read.id_cred, th_2, peer.cred, read.ead_bytes),
        peer.key if method.responder_signs else None,
        read.signature_or_mac,
    )
    return ProcessedM2(
        suite=suite,
        method=method,
        c_i=waiting.c_i,
        c_r=state.c_r,
        g_y=state.g_y,
        cred_r=peer.cred,
        th_3=next_transcript(suite, th_2, state.plaintext_2, peer.cred),
        prk_3e2m=prk_3e2m,
    )


def i_prepare_message_3(
    state: ProcessedM2, *, identity: SigningIdentity | StaticIdentity, ead_3: Ead = ()
) -> tuple[CompletedI, bytes]:
    """Compose message_3 (RFC 9528, 5.4.2), once; the session it leads to.

    `identity` is the kind the method asks for, else RuntimeError. HandshakeRefused where the
    Responder has shown `identity`'s own credential.
    """
    suite, method, th_3 = state.suite, state.method, state.th_3
    if method.initiator_signs != isinstance(identity, SigningIdentity):
        raise RuntimeError(f"expected the kind of identity of method {method}, got the other kind")
    refuse_own_credential(identity.cred, state.cred_r)
    if isinstance(identity, StaticIdentity):
        secret = identity.key.agree(state.g_y)
        prk_4e3m = static_key(suite, state.prk_3e2m, Label.SALT_4E3M, th_3, secret)
    else:
        prk_4e3m = state.prk_3e2m
    ead = write_ead(ead_3)
    proof = prove(
        suite,
        prk_4e3m,
        Label.MAC_3,
        Statement(b"", identity.id_cred, th_3, identity.cred, ead),
        identity.key if isinstance(identity, SigningIdentity) else None,
    )
    plaintext_3 = identity.id_cred_on_air + encode(proof) + ead
    ciphertext = suite.seal(
        kdf(suite, state.prk_3e2m, Label.K_3, th_3, suite.key_size),
        kdf(suite, state.prk_3e2m, Label.IV_3, th_3, suite.nonce_size),
        additional_data(th_3),
        plaintext_3,
    )
    th_4 = next_transcript(suite, th_3, plaintext_3, identity.cred)
    return complete_i(suite, state.c_i, state.c_r, th_4, prk_4e3m), encode(ciphertext)
