"""One handshake of the fixed world, and every way in which a case may bend it.

`Presentation` composes message_3 with OPEN as a phone would, with fixed ephemeral keys and zeros
where padding is random; a case replaces the one field its rule is about. Total sizes are kept to
the classes of SPEC.md 4.5 unless a case says otherwise, so that nothing else fails first.
"""

from dataclasses import dataclass, field

from lockagent.protocol.claims import PRIVATE
from lockagent.protocol.edhoc.completed import CompletedI
from lockagent.protocol.edhoc.handshake import (
    Label,
    PeerCredential,
    SigningIdentity,
    StaticIdentity,
    additional_data,
    kdf,
)
from lockagent.protocol.edhoc.initiator import (
    ProcessedM2,
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.messages import Ead, write_ead
from lockagent.protocol.edhoc.profile import (
    C_I,
    C_R,
    METHOD,
    METHODS,
    SUITE,
    SUITES,
    credential_id_cred,
    reader_id_cred,
)
from lockagent.protocol.edhoc.responder import r_prepare_message_2, r_process_message_1
from lockagent.protocol.encoding import Key, Value, encode
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.keys import SigningKey, VerifyingKey
from lockagent.protocol.records import (
    PRESENTATION_CLASSES,
    Direction,
    OpenRequest,
    RecordSender,
    RecordType,
    padding_of,
)
from policies.vocabulary import AccessPointNumber, Action
from tests.vectors.fixed import (
    CREDENTIAL_KEY,
    DOOR_EPHEMERAL,
    PHONE_EPHEMERAL,
    PRESENTATION_KEY,
    READER_ISSUER_KEY,
    READER_KEY,
    FixedKey,
    credential_claims,
    reader_claims,
    sign_raw,
)

POINT = AccessPointNumber(100)
ATTEMPT = bytes.fromhex("a0a1a2a3a4a5a6a7")
OPEN = OpenRequest(POINT, Action.OPEN, ATTEMPT)
NONCE = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf")
CERTIFICATE = sign_raw(reader_claims(), ObjectType.READER, READER_ISSUER_KEY)

_SIGNATURE_ITEM_BYTES = 66
_SEALED_HEAD_AND_TAG_BYTES = 3 + 8


def credential(key: FixedKey = CREDENTIAL_KEY, **private: Value) -> bytes:
    """The golden credential, with other fields of its private claim."""
    return credential_of({}, key, **private)


def credential_of(
    changed: dict[Key, Value], key: FixedKey = CREDENTIAL_KEY, **private: Value
) -> bytes:
    """The golden credential with other claims; `private` are `epoch revision index grant`."""
    claims = {**credential_claims(), **changed}
    named = dict(zip(("epoch", "revision", "index", "grant"), _golden_private(), strict=True))
    claims[PRIVATE] = list({**named, **private}.values())
    return sign_raw(claims, ObjectType.CREDENTIAL, key)


def sized_credential(size: int) -> bytes:
    """The golden credential with more points in a second entry, so that it has `size` bytes."""
    first: Value = [[POINT], [[3_600, 14_400]], 1]
    for wide in range(130):
        for narrow in range(5):
            points = [*range(101, 101 + narrow), *range(2**24, 2**24 + wide)] or [101]
            entry: Value = [list[Value](points), [[0, 86_400]], 1]
            signed = credential_of({}, grant=[first, entry])
            if len(signed) == size:
                return signed
    raise ValueError(f"expected points for {size} bytes, found none")


def _golden_private() -> list[Value]:
    private = credential_claims()[PRIVATE]
    if not isinstance(private, list):
        raise TypeError("expected the private claim to be an array")
    return private


def message_1(ephemeral: FixedKey = PHONE_EPHEMERAL) -> bytes:
    """The phone's message_1."""
    return i_prepare_message_1(suite=SUITE, method=METHOD, ephemeral=ephemeral, c_i=C_I)[1]


def message_2(
    received: bytes,
    *,
    certificate: bytes = CERTIFICATE,
    id_cred: bytes | None = None,
    c_r: bytes = C_R,
    ead: Ead = (),
    key: FixedKey = READER_KEY,
) -> bytes:
    """What a door answers to the message_1 `received`, by the profile or not."""
    state = r_process_message_1(received, suites=SUITES, methods=METHODS)
    named = reader_id_cred(certificate) if id_cred is None else id_cred
    return r_prepare_message_2(
        state,
        ephemeral=DOOR_EPHEMERAL,
        c_r=c_r,
        identity=StaticIdentity(named, certificate, key),
        ead_2=ead,
    )[1]


@dataclass(frozen=True, slots=True)
class FixedSignature:
    """A signer that signs nothing: these bytes stand where its signature should."""

    signature: bytes
    public: VerifyingKey = PRESENTATION_KEY.public

    def sign(self, _: bytes) -> bytes:
        """The bytes it was made with."""
        return self.signature


@dataclass(frozen=True, slots=True)
class Presentation:
    """message_3 with OPEN. `ead` stands before the padding; `size` None is the smallest class.

    `records` are sealed in turn under the session's keys and the last of them is sent; `record`
    is sent instead where it is not None. `trailing` follows.
    """

    credential: bytes = field(default_factory=credential)
    key: SigningKey = PRESENTATION_KEY
    id_cred: bytes | None = None
    ead: Ead = ()
    size: int | None = None
    records: tuple[tuple[RecordType, bytes], ...] = ((RecordType.OPEN, OPEN.encode()),)
    direction: Direction = Direction.PHONE_TO_DOOR
    record: bytes | None = None
    trailing: bytes = b""
    ephemeral: FixedKey = PHONE_EPHEMERAL

    def sent(self) -> bytes:
        """The bytes on channel 0."""
        session, message_3 = self._completed()
        return message_3 + self._sealed(session) + self.trailing

    def _completed(self) -> tuple[CompletedI, bytes]:
        named = credential_id_cred(self.credential) if self.id_cred is None else self.id_cred
        identity = SigningIdentity(named, self.credential, self.key)
        record_bytes = self._record_bytes() + len(self.trailing)
        signature = len(encode(self.key.sign(b"")))
        bare = len(identity.id_cred_on_air) + signature + len(write_ead(self.ead))
        bare += _SEALED_HEAD_AND_TAG_BYTES + record_bytes
        size = self.size or next(size for size in PRESENTATION_CLASSES if size >= bare)
        padding = padding_of(size - bare, bytes)
        return i_prepare_message_3(
            self._processed(), identity=identity, ead_3=(*self.ead, *padding)
        )

    def over_plaintext(self, plaintext: bytes) -> bytes:
        """The same session with a message_3 over this PLAINTEXT_3, and 42 bytes for OPEN."""
        processed = self._processed()
        th_3, prk = processed.th_3, processed.prk_3e2m
        ciphertext = SUITE.seal(
            kdf(SUITE, prk, Label.K_3, th_3, SUITE.key_size),
            kdf(SUITE, prk, Label.IV_3, th_3, SUITE.nonce_size),
            additional_data(th_3),
            plaintext,
        )
        return encode(ciphertext) + encode(bytes(40))

    def _processed(self) -> ProcessedM2:
        waiting, first = i_prepare_message_1(
            suite=SUITE, method=METHOD, ephemeral=self.ephemeral, c_i=C_I
        )
        read = i_parse_message_2(waiting, message_2(first))
        return i_verify_message_2(read, PeerCredential(CERTIFICATE, READER_KEY.public))

    def _record_bytes(self) -> int:
        if self.record is not None:
            return len(self.record)
        return len(encode(bytes(len(self.records[-1][1]) + 8)))

    def _sealed(self, session: CompletedI) -> bytes:
        if self.record is not None:
            return self.record
        sender = RecordSender(session.exporter, self.direction)
        return [sender.seal(kind, plaintext) for kind, plaintext in self.records][-1]

    def answered(self, result: bytes) -> bytes:
        """RESULT of this session, sealed by the keys that the phone's side derives."""
        session, _ = self._completed()
        sender = RecordSender(session.exporter, Direction.DOOR_TO_PHONE)
        return sender.seal(RecordType.RESULT, result)
