"""The door, steps 5 to 8: who issued it, who presents it, what is asked (SPEC.md 6.5 to 6.8)."""

from dataclasses import replace

from lockagent.protocol.claims import EXP, IAT
from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.errors import CoarseReason, DenialReason
from lockagent.protocol.records import Direction, OpenRequest, RecordType
from lockagent.protocol.trust_bundle import sign_bundle
from policies.vocabulary import AccessPointNumber, Action, Environment, Instant, TenantId
from tests.vectors.case import MALFORMED, Asked, Suite
from tests.vectors.cases.door import QUESTION, Door, accepted, denied, failed
from tests.vectors.fixed import (
    BUNDLE,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    OTHER_EPHEMERAL,
    PRESENTATION_KEY,
    READER_ISSUER_KEY,
    REALM,
    START,
    STRANGER,
    FixedKey,
    credential_claims,
    sign_raw,
)
from tests.vectors.sessions import (
    ATTEMPT,
    OPEN,
    FixedSignature,
    Presentation,
    credential,
    credential_of,
)

DOOR_PROOFS = Suite("door_proofs", QUESTION)

UNKNOWN_ISSUER = DenialReason.UNKNOWN_ISSUER
UNKNOWN_CREDENTIAL = DenialReason.UNKNOWN_CREDENTIAL
UNPROVED = DenialReason.INCORRECT_AUTHENTICATION_FACTOR


def _door_trusting(not_before: int, not_after: int) -> Door:
    """A door whose issuer keys have this interval."""
    keys = tuple(
        replace(key, not_before=Instant(not_before), not_after=Instant(not_after))
        for key in BUNDLE.issuer_keys
    )
    return Door(bundle=sign_bundle(replace(BUNDLE, issuer_keys=keys), REALM, BUNDLE_KEY))


@DOOR_PROOFS.case("step-5-stranger", "6.5", UNKNOWN_ISSUER)
def stranger() -> Asked:
    """A credential by a key that no bundle names."""
    return failed(Presentation(credential(STRANGER)), 5)


@DOOR_PROOFS.case("step-5-other-role", "6.5", UNKNOWN_ISSUER)
def other_role() -> Asked:
    """A credential by the key that signs reader certificates."""
    return failed(Presentation(credential(READER_ISSUER_KEY)), 5)


@DOOR_PROOFS.case("step-5-no-bundle", "6.5", UNKNOWN_ISSUER)
def no_bundle() -> Asked:
    """A door that has a root only trusts no issuer."""
    return failed(Presentation(), 5, Door(bundle=None))


@DOOR_PROOFS.case("step-5-key-not-yet", "6.5", UNKNOWN_ISSUER)
def key_not_yet() -> Asked:
    """Issued one second before the key's interval."""
    return failed(Presentation(), 5, _door_trusting(START + 1, START + DAY))


@DOOR_PROOFS.case("step-5-key-from-now", "6.5")
def key_from_now() -> Asked:
    """Issued at the first second of the key's interval."""
    return accepted(Presentation(), door=_door_trusting(START, START + 1))


@DOOR_PROOFS.case("step-5-key-until", "6.5", UNKNOWN_ISSUER)
def key_until() -> Asked:
    """Issued at the end of the key's interval, which is outside it."""
    return failed(Presentation(), 5, _door_trusting(START - DAY, START))


@DOOR_PROOFS.case("step-5-interval-of-iat", "6.5")
def interval_of_iat() -> Asked:
    """The interval holds iat: that it has ended by now, and began after nbf, is nothing to it."""
    issued = credential_of({IAT: START - 60, EXP: START + DAY - 60})
    return accepted(Presentation(issued), door=_door_trusting(START - 60, START - 59))


@DOOR_PROOFS.case("step-6-changed", "6.6", UNKNOWN_CREDENTIAL)
def signature_changed() -> Asked:
    """One bit of the issuer's signature."""
    golden = credential()
    return failed(Presentation(golden[:-1] + bytes([golden[-1] ^ 1])), 6)


def _other_contexts() -> None:
    rows = (
        ("other-tenant", "Another tenant (A16).", "credential", "test", "bergen"),
        ("other-environment", "Another world (A16).", "credential", "production", "oslo"),
        ("other-type", "Signed as another object (A18).", "reader", "test", "oslo"),
    )
    for name, rule, object_type, environment, tenant in rows:
        realm = Realm(Environment(environment), TenantId(tenant))

        def make(object_type: str = object_type, realm: Realm = realm) -> Asked:
            signed = sign_raw(credential_claims(), ObjectType(object_type), CREDENTIAL_KEY, realm)
            return failed(Presentation(signed), 6)

        make.__doc__ = rule
        DOOR_PROOFS.case(f"step-6-{name}", "3.2", UNKNOWN_CREDENTIAL)(make)


_other_contexts()


@DOOR_PROOFS.case("step-7-stolen", "6.7", UNPROVED)
def stolen() -> Asked:
    """A stolen credential, presented by another key than the one in its `cnf` (A20)."""
    return failed(Presentation(key=STRANGER), 7)


@DOOR_PROOFS.case("step-7-zeros", "6.7", UNPROVED)
def signature_of_zeros() -> Asked:
    """r and s are 1 or more."""
    return failed(Presentation(key=FixedSignature(bytes(64))), 7)


@DOOR_PROOFS.case("step-7-other-transcript", "6.7", UNPROVED)
def other_transcript() -> Asked:
    """The right key's signature, over another session (A20)."""
    signed = _signature_of(Presentation(ephemeral=OTHER_EPHEMERAL))
    return failed(Presentation(key=FixedSignature(signed)), 7)


class _Listening:
    """The presentation key, which keeps the last signature it made."""

    def __init__(self) -> None:
        """Start without one."""
        self.public = PRESENTATION_KEY.public
        self.last = b""

    def sign(self, data: bytes) -> bytes:
        """The presentation key's signature."""
        self.last = PRESENTATION_KEY.sign(data)
        return self.last


def _signature_of(presentation: Presentation) -> bytes:
    listening = _Listening()
    replace(presentation, key=listening).sent()
    return listening.last


def _sealing(plaintext: bytes) -> Presentation:
    return Presentation(records=((RecordType.OPEN, plaintext),))


def _records() -> None:
    opened = OPEN.encode()
    other = Presentation(ephemeral=OTHER_EPHEMERAL).sent()[-42:]
    version_2 = b"\x86\x02" + opened[2:]
    twice = ((RecordType.OPEN, opened), (RecordType.OPEN, opened))
    backwards = Direction.DOOR_TO_PHONE
    rows: tuple[tuple[str, str, Presentation], ...] = (
        ("other-session", "The OPEN of another session (A20).", Presentation(record=other)),
        ("record-1", "OPEN is record 0.", Presentation(records=twice)),
        ("as-result", "A record of type 1.", Presentation(records=((RecordType.RESULT, opened),))),
        ("door-keys", "Sealed by the door's keys.", Presentation(direction=backwards)),
        ("version-2", "A later version of OPEN (B08).", _sealing(version_2)),
        ("options-2", "An option that is not known.", _sealing(_open_with(4, 2))),
        ("action-4", "An action that is not known.", _sealing(_open_with(2, 4))),
        ("33-bytes", "OPEN of 33 bytes.", _sealing(_open_of(33))),
        ("not-a-string", "The record is a text.", Presentation(record=b"\x78\x28" + b"a" * 40)),
        ("trailing", "A byte after the record.", Presentation(trailing=b"\x00")),
        ("no-content", "An empty string for the record.", Presentation(record=b"\x40")),
    )
    for name, rule, presentation in rows:

        def make(presentation: Presentation = presentation) -> Asked:
            return denied(presentation, 8, CoarseReason.OTHER)

        make.__doc__ = rule
        DOOR_PROOFS.case(f"step-8-{name}", "6.8", MALFORMED)(make)


def _open_with(at: int, value: int) -> bytes:
    fields: list[Value] = [1, 100, 0, ATTEMPT, 0, bytes(16)]
    fields[at] = value
    return encode(fields)


def _open_of(size: int) -> bytes:
    return encode([1, 100, 0, ATTEMPT, 0, bytes(size - 16)])


_records()


@DOOR_PROOFS.case("step-8-other-point", "6.8", DenialReason.POINT_NO_ACCESS_RIGHTS)
def other_point() -> Asked:
    """A wish for another access point, which the credential opens, at this one (A16)."""
    wish = OpenRequest(AccessPointNumber(101), Action.OPEN, ATTEMPT)
    return denied(_sealing(wish.encode()), 8, CoarseReason.NOT_HERE)


@DOOR_PROOFS.case("step-8-longer-strike", "6.8")
def longer_strike() -> Asked:
    """The longer strike may be wished for; whether it is given is the access point's."""
    wish = replace(OPEN, longer_strike=True)
    return accepted(_sealing(wish.encode()))


def _order() -> None:
    key: FixedKey = STRANGER
    rows = (
        ("5-before-7", "An unknown issuer, and a stolen credential.", 5, UNKNOWN_ISSUER),
        ("6-before-7", "A changed credential, presented by another key.", 6, UNKNOWN_CREDENTIAL),
        ("7-before-8", "A stolen credential, and an OPEN of another session.", 7, UNPROVED),
    )
    golden = credential()
    presented = (
        credential(STRANGER),
        golden[:-1] + bytes([golden[-1] ^ 1]),
        golden,
    )
    for (name, rule, step, reason), issued in zip(rows, presented, strict=True):

        def make(issued: bytes = issued, step: int = step) -> Asked:
            record = Presentation(ephemeral=OTHER_EPHEMERAL).sent()[-42:]
            return failed(Presentation(issued, key=key, record=record), step)

        make.__doc__ = rule
        DOOR_PROOFS.case(f"order-{name}", "6.17", reason)(make)


_order()
