"""A town made of values: one issuer, one door, one phone, with fixed keys and no process.

What the unit tests, the abuse cases and the bench share: the keys, the moment and the trust of the
conformance vectors (`tests.vectors.fixed`), in a realm of their own and with nothing revoked. So a
failure can be repeated to the byte.
"""

from dataclasses import dataclass, replace

from lockagent.exchange import Judgement, ReaderIdentity, answer, judge
from lockagent.protocol.credential import Credential, parse_credential, sign_credential
from lockagent.protocol.edhoc.responder import WaitMessage3
from lockagent.protocol.envelope import Realm
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.keys import AgreementKey
from lockagent.protocol.presentation import (
    AwaitingResult,
    HeldCredential,
    begin,
    present,
    read_door,
    verify_door,
)
from lockagent.protocol.reader_certificate import ReaderCertificate, sign_reader_certificate
from lockagent.protocol.records import OpenRequest
from lockagent.protocol.root import sign_root
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import TrustBundle, TrustVersion, sign_bundle
from lockagent.protocol.verification import DoorView, SeenCredentials
from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import (
    AccessPointNumber,
    Action,
    Environment,
    FacilityId,
    Instant,
    TenantId,
)
from tests.vectors.fixed import (
    ACK_KEY,
    BUNDLE,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    DOOR_EPHEMERAL,
    FACILITY,
    PHONE_EPHEMERAL,
    PRESENTATION_KEY,
    READER_ISSUER_KEY,
    READER_KEY,
    ROOT,
    ROOT_KEYS,
    START,
    TIME_KEY,
    FixedKey,
)

__all__ = [
    "ACK_KEY",
    "ATTEMPT",
    "BUNDLE_KEY",
    "CREDENTIAL_KEY",
    "DAY",
    "DOOR_EPHEMERAL",
    "MAIN",
    "NOW",
    "PHONE_EPHEMERAL",
    "PRESENTATION_KEY",
    "READER_ID",
    "READER_ISSUER_KEY",
    "READER_KEY",
    "REALM",
    "SIDE",
    "TIME_KEY",
    "TORSHOV",
    "Presented",
    "Town",
    "bundle",
    "credential",
    "fixed_key",
    "grant_of",
    "hold",
    "reader_certificate",
    "reader_identity",
    "root_bytes",
    "trust",
]

NOW, TORSHOV = START, FACILITY
REALM = Realm(Environment.DEVELOPMENT, TenantId("oslo"))
MAIN, SIDE = AccessPointNumber(4711), AccessPointNumber(4712)
READER_ID = ReaderId(bytes.fromhex("9f31c0aa"))
ATTEMPT = bytes(range(8))

fixed_key = FixedKey


def root_bytes() -> bytes:
    """The one root of the town, signed by two of its three keys."""
    return sign_root(ROOT, REALM, ROOT_KEYS[:2])


def bundle(counter: int = 1, facility: FacilityId = TORSHOV) -> TrustBundle:
    """A bundle with a key for each role, nothing revoked."""
    version = TrustVersion(1, counter)
    return replace(BUNDLE, facility=facility, version=version, revoked=frozenset())


def trust(bundle_held: TrustBundle | None = None) -> TrustState:
    """The trust of a door of Torshov that has heard of `bundle_held`, or of the plain bundle."""
    state = TrustState.begin(REALM, TORSHOV, root_bytes())
    signed = sign_bundle(bundle_held or bundle(), REALM, BUNDLE_KEY)
    return state.update(signed, NOW, Instant(NOW + 600))


def grant_of(
    *points: AccessPointNumber,
    windows: tuple[Window, ...] = (Window(NOW, Instant(NOW + 3 * 3600)),),
    flags: GrantFlags = GrantFlags.OPEN,
) -> Grant:
    """One entry over `points`."""
    return Grant((GrantEntry(points or (MAIN,), windows, flags),))


def credential() -> Credential:
    """A day's credential for the library's main entrance, open for three hours from now."""
    return Credential(
        facility=TORSHOV,
        issued_at=NOW,
        not_before=NOW,
        expires=Instant(NOW + DAY),
        cti=b"cti-0001",
        presentation_key=PRESENTATION_KEY.public,
        epoch=1,
        revision=17,
        index=900_000,
        grant=grant_of(),
    )


def reader_certificate() -> ReaderCertificate:
    """The main entrance's reader, for a year."""
    return ReaderCertificate(
        facility=TORSHOV,
        issued_at=NOW,
        not_before=NOW,
        expires=Instant(NOW + 365 * DAY),
        cti=b"reader-1",
        reader_key=READER_KEY.public,
        versions=(1,),
        points=(MAIN,),
        reader_id=READER_ID,
    )


def reader_identity(certificate: ReaderCertificate | None = None) -> ReaderIdentity:
    """The reader as the door holds it."""
    signed = sign_reader_certificate(certificate or reader_certificate(), REALM, READER_ISSUER_KEY)
    return ReaderIdentity(READER_ID, READER_KEY, signed)


@dataclass(frozen=True, slots=True)
class Town:
    """One door and one phone that could meet; change what a test is about with `with_`."""

    identity: ReaderIdentity
    view: DoorView
    held: HeldCredential
    request: OpenRequest

    @classmethod
    def ordinary(cls) -> "Town":
        """The phone's credential opens the door now."""
        identity = reader_identity()
        return cls(
            identity=identity,
            view=DoorView(REALM, TORSHOV, MAIN, False, trust(), Instant(NOW + 60), True),
            held=hold(sign_credential(credential(), REALM, CREDENTIAL_KEY), identity),
            request=OpenRequest(MAIN, Action.OPEN, ATTEMPT),
        )

    def with_credential(self, changed: Credential) -> "Town":
        """The phone holds this credential instead, signed by the town's issuer."""
        signed = sign_credential(changed, REALM, CREDENTIAL_KEY)
        return replace(self, held=hold(signed, self.identity))

    def presented(
        self,
        phone_ephemeral: AgreementKey = PHONE_EPHEMERAL,
        door_ephemeral: AgreementKey = DOOR_EPHEMERAL,
    ) -> "Presented":
        """Run the exchange up to message_3 with OPEN, not yet judged."""
        phone, message_1 = begin(self.held, self.request, phone_ephemeral)
        waiting, message_2 = answer(message_1, self.identity, door_ephemeral)
        verified = verify_door(read_door(phone, message_2), self.identity.certificate, NOW)
        awaiting, message_3 = present(verified, bytes)
        return Presented(self, message_1, message_2, message_3, waiting, awaiting)


@dataclass(frozen=True, slots=True)
class Presented:
    """The four messages but the last, and what each side waits with."""

    town: Town
    message_1: bytes
    message_2: bytes
    message_3: bytes
    waiting: WaitMessage3
    awaiting: AwaitingResult

    def judged(self, seen: SeenCredentials | None = None) -> Judgement:
        """The door's verdict on message_3 as it was sent."""
        if seen is None:
            seen = SeenCredentials()
        return judge(self.waiting, self.message_3, lambda: self.town.view, seen, 30)


def hold(signed: bytes, identity: ReaderIdentity) -> HeldCredential:
    """A phone's ring of one."""
    return HeldCredential(
        received=signed,
        claims=parse_credential(signed).claims,
        key=PRESENTATION_KEY,
        trust=trust(),
        reader_certificates=(identity.certificate,),
    )
