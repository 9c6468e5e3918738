"""What the key server says, as frozen values: interfaces.md 3 and 4.

Each `read_…` takes the members of one JSON object and returns a value, or raises BadDocument.
Form only: whether an answer is for this phone, signed, and no more than was asked, is judged in
`mobile_sdk.acceptance`. The keyring is also kept on the phone, as the JSON it came as.
"""

from dataclasses import dataclass

from lockagent.protocol.gatt import READER_ID_BYTES, ReaderId
from mobile_sdk.documents import BadDocument, Members
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointId,
    AccessPointNumber,
    DeviceId,
    Environment,
    FacilityId,
    Instant,
    is_short_id,
    is_slug,
)

_MOST_SENTENCE = 1000


@dataclass(frozen=True, slots=True)
class Installation:
    """What a tenant's server says of itself to anyone."""

    issuer: str
    name: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The answer to an enrolment: who this phone is now, and the root it starts to trust from."""

    device: DeviceId
    issuer: str
    root: bytes


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why an access point does not open for her now, worded by the server."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class KeyringPoint:
    """An access point as the server told of it at the keyring's `as_of`."""

    access_point: AccessPointId
    number: AccessPointNumber
    name: str
    reader_ids: frozenset[ReaderId]
    open_now: bool
    opens_at: Instant | None
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class KeyringFacility:
    """A facility and those of its access points that concern her."""

    facility: FacilityId
    name: str
    access_points: tuple[KeyringPoint, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """How the phone knows of doors, also offline."""

    as_of: Instant | None
    facilities: tuple[KeyringFacility, ...]

    def find(self, access_point: str) -> tuple[KeyringFacility, KeyringPoint] | None:
        """The access point of this name and its facility."""
        for facility in self.facilities:
            for point in facility.access_points:
                if point.access_point == access_point:
                    return facility, point
        return None


NO_KEYRING = Keyring(None, ())


@dataclass(frozen=True, slots=True)
class Released:
    """One credential as it came, not yet verified."""

    facility: FacilityId
    credential: bytes
    not_before: Instant
    expires: Instant
    reader_certificates: tuple[bytes, ...]
    trust_bundle: bytes


@dataclass(frozen=True, slots=True)
class RefusedPoint:
    """Why one access point is refused, and when it opens."""

    access_point: AccessPointId
    why: Why
    opens_at: Instant | None


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request for a credential that was answered with no."""

    facility: FacilityId
    reason: str
    points: tuple[RefusedPoint, ...]


@dataclass(frozen=True, slots=True)
class Issuance:
    """The answer to one batch of requests."""

    credentials: tuple[Released, ...]
    refused: tuple[RefusedRequest, ...]


def read_installation(members: Members) -> Installation:
    """`GET /.well-known/bynokkel`."""
    text = members.text("environment", 16)
    if text not in set(Environment):
        raise BadDocument("expected environment production, test or development, got another")
    return Installation(members.text("issuer"), members.text("name"), Environment(text))


def read_enrolled(members: Members) -> Enrolled:
    """`POST /v1/devices`."""
    return Enrolled(
        device=DeviceId(members.text("device_id", 64)),
        issuer=members.text("issuer"),
        root=members.octets("root"),
    )


def read_keyring(members: Members) -> Keyring:
    """`GET /v1/me/keyring`."""
    return Keyring(
        as_of=members.instant("as_of"),
        facilities=tuple(_read_facility(entry) for entry in members.objects("facilities")),
    )


def read_issuance(members: Members) -> Issuance:
    """`POST /v1/credentials`."""
    return Issuance(
        credentials=tuple(_read_released(entry) for entry in members.objects("credentials")),
        refused=tuple(_read_refused(entry) for entry in members.objects("refused")),
    )


def _read_facility(members: Members) -> KeyringFacility:
    return KeyringFacility(
        facility=_facility(members),
        name=members.text("name", 200),
        access_points=tuple(_read_point(entry) for entry in members.objects("access_points")),
    )


def _read_point(members: Members) -> KeyringPoint:
    return KeyringPoint(
        access_point=_access_point(members),
        number=AccessPointNumber(members.number("number", 1, MAX_ACCESS_POINT_NUMBER)),
        name=members.text("name", 200),
        reader_ids=frozenset(_reader_id(text) for text in members.texts("reader_ids")),
        open_now=members.flag("open_now"),
        opens_at=members.optional_instant("opens_at"),
        why=tuple(_read_why(entry) for entry in members.objects("why")),
    )


def _read_why(members: Members) -> Why:
    return Why(members.text("reason", 64), members.text("sentence", _MOST_SENTENCE))


def _read_released(members: Members) -> Released:
    return Released(
        facility=_facility(members),
        credential=members.octets("credential"),
        not_before=members.instant("not_before"),
        expires=members.instant("expires"),
        reader_certificates=members.octet_strings("reader_certificates"),
        trust_bundle=members.octets("trust_bundle"),
    )


def _read_refused(members: Members) -> RefusedRequest:
    return RefusedRequest(
        facility=_facility(members),
        reason=members.text("reason", 64),
        points=tuple(
            RefusedPoint(_access_point(entry), _read_why(entry), entry.optional_instant("opens_at"))
            for entry in members.objects("why")
        ),
    )


def _facility(members: Members) -> FacilityId:
    text = members.text("facility", 16)
    if not is_short_id(text):
        raise BadDocument("expected a facility of 1 to 16 of a-z 0-9 -, got another")
    return FacilityId(text)


def _access_point(members: Members) -> AccessPointId:
    text = members.text("access_point", 64)
    if not is_slug(text):
        raise BadDocument("expected an access point of a-z 0-9 . / -, got another")
    return AccessPointId(text)


def _reader_id(text: str) -> ReaderId:
    try:
        reader_id = bytes.fromhex(text)
    except ValueError as error:
        raise BadDocument("expected a reader id of 8 hex digits, got another") from error
    if len(reader_id) != READER_ID_BYTES or text != reader_id.hex():
        raise BadDocument("expected a reader id of 8 hex digits, got another")
    return ReaderId(reader_id)
