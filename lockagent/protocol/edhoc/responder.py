"""EDHOC's Responder (RFC 9528, 5): message_1 in, message_2 out, message_3 in, session.

    r_process_message_1 -> ProcessedM1 -> r_prepare_message_2 -> WaitMessage3
      -> r_parse_message_3 -> ProcessingM3 -> r_verify_message_3 -> CompletedR

Each state is frozen and good for one step: the session that owns it replaces it by the next and
drops it on any `ProtocolError`. Between parse and verify the application finds and judges the
credential that ID_CRED_I names; nothing of message_3 is authentic before r_verify_message_3.

The work that does not need message_3 is done before message_2 leaves, both agreements included.
What is left for message_3 is one AEAD, the Initiator's proof, and hashes. The ephemeral key is an
argument, so that one may lie ready, and is used for one session only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from lockagent.protocol.edhoc.completed import CompletedR, complete_r
from lockagent.protocol.edhoc.crypto import Agreement, CipherSuite
from lockagent.protocol.edhoc.handshake import (
    Label,
    Method,
    PeerCredential,
    SigningIdentity,
    Statement,
    StaticIdentity,
    add_keystream_2,
    check_proof,
    kdf,
    next_transcript,
    open_sealed,
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
    Plaintext,
    read_lone_string,
    read_message_1,
    read_plaintext_3,
    refuse_unknown_critical,
    write_ead,
)
from lockagent.protocol.edhoc.refusal import HandshakeRefused, RefusalKind
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage


@dataclass(frozen=True, slots=True)
class ProcessedM1:
    """message_1 was read and its suite and method are spoken here; G_X is not yet used.

    `suites_i` are the suites as offered, the selected one last.
    """

    suite: CipherSuite
    method: Method
    suites_i: tuple[int, ...]
    g_x: bytes
    c_i: bytes
    ead_1: Ead
    hash_of_message_1: bytes


@dataclass(frozen=True, slots=True)
class WaitMessage3:
    """message_2 is out. `ephemeral` is kept only where the Initiator's static key needs it."""

    suite: CipherSuite
    method: Method
    c_i: bytes
    c_r: bytes
    own_cred: bytes
    th_3: bytes
    prk_3e2m: bytes = field(repr=False)
    k_3: bytes = field(repr=False)
    iv_3: bytes = field(repr=False)
    ephemeral: Agreement | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProcessingM3:
    """message_3 was decrypted; whoever it names has proved nothing yet."""

    waiting: WaitMessage3
    plaintext_3: bytes
    read: Plaintext

    @property
    def id_cred_i(self) -> bytes:
        """ID_CRED_I as an encoded map, a slice of what was received unless it is a lone kid."""
        return self.read.id_cred

    @property
    def ead_3(self) -> Ead:
        """The items of EAD_3."""
        return self.read.ead


def r_process_message_1(
    message_1: bytes,
    *,
    suites: Sequence[CipherSuite],
    methods: Collection[Method],
    understood_ead: Collection[int] = NONE_UNDERSTOOD,
) -> ProcessedM1:
    """Read message_1 (RFC 9528, 5.2.3): the suite first, then the method, then EAD_1.

    HandshakeRefused of kind SUITE carries the labels to answer with. Whether G_X is a point is
    found by r_prepare_message_2, the first to use it.
    """
    read = read_message_1(message_1)
    spoken = {suite.label: suite for suite in suites}
    usable = [label for label in read.suites if label in spoken]
    if usable != [read.suites[-1]]:
        raise HandshakeRefused(
            RefusalKind.SUITE,
            f"expected a selected suite that alone is spoken here, got {read.suites[-1]}",
            tuple(usable[:1]) or tuple(spoken),
        )
    suite = spoken[read.suites[-1]]
    if read.method not in methods:
        raise HandshakeRefused(
            RefusalKind.METHOD, f"expected a method spoken here, got {read.method}"
        )
    if len(read.g_x) != suite.point_size:
        raise MalformedMessage(f"expected a G_X of {suite.point_size} bytes, got {len(read.g_x)}")
    refuse_unknown_critical(read.ead, understood_ead)
    return ProcessedM1(
        suite=suite,
        method=Method(read.method),
        suites_i=read.suites,
        g_x=read.g_x,
        c_i=read.c_i,
        ead_1=read.ead,
        hash_of_message_1=suite.hash(message_1),
    )


def r_prepare_message_2(
    state: ProcessedM1,
    *,
    ephemeral: Agreement,
    c_r: bytes,
    identity: SigningIdentity | StaticIdentity,
    ead_2: Ead = (),
) -> tuple[WaitMessage3, bytes]:
    """Compose message_2 (RFC 9528, 5.3.2); MalformedMessage where G_X is no point.

    `identity` is the kind the method asks for, else RuntimeError. `ephemeral` is burnt hereby.
    """
    suite, method = state.suite, state.method
    if method.responder_signs != isinstance(identity, SigningIdentity):
        raise RuntimeError(f"expected the kind of identity of method {method}, got the other kind")
    g_y = ephemeral.public.x
    th_2 = transcript_2(suite, g_y, state.hash_of_message_1)
    prk_2e = suite.extract(th_2, ephemeral.agree(state.g_x))
    if isinstance(identity, StaticIdentity):
        secret = identity.key.agree(state.g_x)
        prk_3e2m = static_key(suite, prk_2e, Label.SALT_3E2M, th_2, secret)
    else:
        prk_3e2m = prk_2e
    ead = write_ead(ead_2)
    name = write_identifier(c_r)
    proof = prove(
        suite,
        prk_3e2m,
        Label.MAC_2,
        Statement(name, identity.id_cred, th_2, identity.cred, ead),
        identity.key if isinstance(identity, SigningIdentity) else None,
    )
    plaintext_2 = name + identity.id_cred_on_air + encode(proof) + ead
    message_2 = encode(g_y + add_keystream_2(suite, prk_2e, th_2, plaintext_2))
    th_3 = next_transcript(suite, th_2, plaintext_2, identity.cred)
    waiting = WaitMessage3(
        suite=suite,
        method=method,
        c_i=state.c_i,
        c_r=c_r,
        own_cred=identity.cred,
        th_3=th_3,
        prk_3e2m=prk_3e2m,
        k_3=kdf(suite, prk_3e2m, Label.K_3, th_3, suite.key_size),
        iv_3=kdf(suite, prk_3e2m, Label.IV_3, th_3, suite.nonce_size),
        ephemeral=None if method.initiator_signs else ephemeral,
    )
    return waiting, message_2


def r_parse_message_3(
    state: WaitMessage3, message_3: bytes, understood_ead: Collection[int] = NONE_UNDERSTOOD
) -> ProcessingM3:
    """Decrypt and read message_3 (RFC 9528, 5.4.3), up to the credential it names."""
    suite = state.suite
    ciphertext = read_lone_string(message_3, "CIPHERTEXT_3")
    plaintext_3 = open_sealed(suite, state.k_3, state.iv_3, state.th_3, ciphertext)
    read = read_plaintext_3(plaintext_3, proof_size(suite, state.method.initiator_signs))
    refuse_unknown_critical(read.ead, understood_ead)
    return ProcessingM3(state, plaintext_3, read)


def r_verify_message_3(state: ProcessingM3, peer: PeerCredential) -> CompletedR:
    """Verify Signature_or_MAC_3 against the credential that the application found; a session."""
    waiting, read = state.waiting, state.read
    suite, prk_3e2m, th_3 = waiting.suite, waiting.prk_3e2m, waiting.th_3
    refuse_own_credential(waiting.own_cred, peer.cred)
    if waiting.ephemeral is None:
        prk_4e3m = prk_3e2m
    else:
        secret = waiting.ephemeral.agree(peer.key.x)
        prk_4e3m = static_key(suite, prk_3e2m, Label.SALT_4E3M, th_3, secret)
    check_proof(
        suite,
        prk_4e3m,
        Label.MAC_3,
        Statement(b"", read.id_cred, th_3, peer.cred, read.ead_bytes),
        peer.key if waiting.method.initiator_signs else None,
        read.signature_or_mac,
    )
    th_4 = next_transcript(suite, th_3, state.plaintext_3, peer.cred)
    return complete_r(suite, waiting.c_i, waiting.c_r, th_4, prk_4e3m)
