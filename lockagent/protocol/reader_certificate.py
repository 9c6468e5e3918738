"""The reader certificate: the issuer's statement about one reader's static key. SPEC.md 5.2.

Who answers as which access points, at which facility, in which versions. It is CRED_R of the
handshake: its bytes as issued are hashed, never written anew. Rules kept here:
- the claims of a credential, with the reader's own in the private claim; no other is known;
- versions and points ascend; `exp - iat` is at most 400 days;
- at most 512 bytes: the longest value the characteristic `reader_certificate` can have.

Issuer, validity now and revocation are the phone's step P4, in `presentation`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from lockagent.protocol.claims import (
    AUD,
    CLAIM_LABELS,
    CNF,
    CTI,
    CTI_BYTES,
    EXP,
    IAT,
    NBF,
    PRIVATE,
    Received,
    bound_key,
    check_ascending,
    check_facility,
    check_most,
    check_size,
    check_validity,
    malformed_where_invalid,
    take_bound_key,
    take_facility,
    take_instant,
    take_points,
)
from lockagent.protocol.encoding import (
    Value,
    decode,
    encode,
    take_array,
    take_bytes,
    take_map,
    take_uint,
)
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.gatt import MAX_ATTRIBUTE_BYTES, READER_ID_BYTES, ReaderId
from lockagent.protocol.keys import SigningKey, VerifyingKey
from policies.vocabulary import MAX_ACCESS_POINT_NUMBER, AccessPointNumber, FacilityId, Instant

READER_CERTIFICATE_BYTES = MAX_ATTRIBUTE_BYTES
READER_LIFE_SECONDS = 400 * 86_400
MAX_VERSION = 255


@dataclass(frozen=True, slots=True)
class ReaderCertificate:
    """The holder of `reader_key` answers for `points` of `facility` in `[not_before, expires)`."""

    facility: FacilityId
    issued_at: Instant
    not_before: Instant
    expires: Instant
    cti: bytes
    reader_key: VerifyingKey
    versions: tuple[int, ...]
    points: tuple[AccessPointNumber, ...]
    reader_id: ReaderId

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_facility(self.facility)
        check_validity(self.issued_at, self.not_before, self.expires)
        check_size("cti", self.cti, CTI_BYTES)
        check_size("a reader id", self.reader_id, READER_ID_BYTES)
        check_ascending("versions", self.versions)
        check_ascending("access points", self.points)
        if not self.versions or not 1 <= self.versions[0] <= self.versions[-1] <= MAX_VERSION:
            raise ValueError(f"expected versions 1 to {MAX_VERSION}, got {self.versions}")
        if not self.points or not 1 <= self.points[0] <= self.points[-1] <= MAX_ACCESS_POINT_NUMBER:
            raise ValueError(f"expected access points 1 to {MAX_ACCESS_POINT_NUMBER}")
        if self.expires - self.issued_at > READER_LIFE_SECONDS:
            raise ValueError(
                f"expected a life of at most {READER_LIFE_SECONDS} s,"
                f" got {self.expires - self.issued_at}"
            )


ReceivedReaderCertificate: TypeAlias = Received[ReaderCertificate]


def sign_reader_certificate(
    certificate: ReaderCertificate, realm: Realm, signing_key: SigningKey
) -> bytes:
    """CRED_R; ValueError where it would be longer than a GATT value can be."""
    claims: Value = {
        AUD: certificate.facility,
        EXP: certificate.expires,
        NBF: certificate.not_before,
        IAT: certificate.issued_at,
        CTI: certificate.cti,
        CNF: bound_key(certificate.reader_key),
        PRIVATE: [list(certificate.versions), list(certificate.points), certificate.reader_id],
    }
    signed = sign(encode(claims), ObjectType.READER, realm, signing_key)
    if len(signed) > READER_CERTIFICATE_BYTES:
        raise ValueError(
            f"expected a certificate of at most {READER_CERTIFICATE_BYTES} bytes, got {len(signed)}"
        )
    return signed


def parse_reader_certificate(received: bytes) -> ReceivedReaderCertificate:
    """Take exactly one certificate apart (SPEC.md 5, P4), or MalformedMessage."""
    check_most("a reader certificate", received, READER_CERTIFICATE_BYTES)
    sign1 = parse_sign1(received)
    claims = take_map(decode(sign1.payload), "the claims", CLAIM_LABELS)
    versions, points, reader_id = take_array(claims[PRIVATE], "the private claim", 3)
    with malformed_where_invalid():
        certificate = ReaderCertificate(
            facility=take_facility(claims[AUD]),
            issued_at=take_instant(claims[IAT], "iat"),
            not_before=take_instant(claims[NBF], "nbf"),
            expires=take_instant(claims[EXP], "exp"),
            cti=take_bytes(claims[CTI], "cti", CTI_BYTES),
            reader_key=take_bound_key(claims[CNF]),
            versions=tuple(
                take_uint(item, "a version", MAX_VERSION, 1)
                for item in take_array(versions, "versions", least=1)
            ),
            points=take_points(points),
            reader_id=ReaderId(take_bytes(reader_id, "a reader id", READER_ID_BYTES)),
        )
    return Received(received, sign1, certificate)
