"""The fixed world of the vectors: keys from small scalars, one tenant, one facility, one moment.

Signatures are deterministic (RFC 6979), so that the committed files do not change from run to
run. `sign_raw` signs anything, since most cases are things no issuer would write. `tests.town`
builds its values on the same keys.
"""

from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from lockagent.protocol.claims import AUD, CNF, CTI, EXP, IAT, NBF, PRIVATE, bound_key
from lockagent.protocol.encoding import Key, Value, encode
from lockagent.protocol.envelope import ObjectType, Realm, sign
from lockagent.protocol.keys import COORDINATE_BYTES, SoftwareKey
from lockagent.protocol.root import Root, sign_root
from lockagent.protocol.trust_bundle import (
    IssuerKey,
    Role,
    TrustBundle,
    TrustVersion,
    sign_bundle,
)
from policies.vocabulary import Environment, FacilityId, Instant, TenantId

DAY = 86_400
START = Instant(1_791_997_200)
"""2026-10-14T17:00:00Z: Wednesday 19:00 in Oslo, a multiple of 900 s."""
LO, HI = START, Instant(START + 60)

REALM = Realm(Environment.TEST, TenantId("oslo"))
FACILITY = FacilityId("torshov")


class FixedKey(SoftwareKey):
    """A P-256 key of a small scalar that signs deterministically (RFC 6979)."""

    __slots__ = ("scalar",)

    def __init__(self, scalar: int) -> None:
        """The key of this scalar; the attribute holds it as 32 bytes, for a case to hand on."""
        super().__init__(ec.derive_private_key(scalar, ec.SECP256R1()))
        self.scalar = scalar.to_bytes(COORDINATE_BYTES, "big")

    def sign(self, data: bytes) -> bytes:
        """ES256 over `data`: 64 bytes, r then s, the same in every run."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._private.sign(data, algorithm))
        return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


ROOT_KEYS = tuple(FixedKey(scalar) for scalar in (11, 12, 13))
NEXT_ROOT_KEYS = tuple(FixedKey(scalar) for scalar in (14, 15, 16))
BUNDLE_KEY, NEXT_BUNDLE_KEY = FixedKey(21), FixedKey(22)
CREDENTIAL_KEY, READER_ISSUER_KEY = FixedKey(31), FixedKey(32)
TIME_KEY, ACK_KEY = FixedKey(33), FixedKey(34)
PRESENTATION_KEY, READER_KEY, AGENT_KEY = FixedKey(41), FixedKey(42), FixedKey(43)
PHONE_EPHEMERAL, DOOR_EPHEMERAL, OTHER_EPHEMERAL = FixedKey(51), FixedKey(52), FixedKey(53)
STRANGER = FixedKey(99)

ROOT = Root(
    version=1,
    issued=Instant(START - DAY),
    expires=Instant(START + 3_650 * DAY),
    threshold=2,
    root_keys=tuple(key.public for key in ROOT_KEYS),
    bundle_keys=(BUNDLE_KEY.public,),
)
ROOT_BYTES = sign_root(ROOT, REALM, ROOT_KEYS[:2])

BUNDLE = TrustBundle(
    facility=FACILITY,
    version=TrustVersion(1, 5),
    issued=START,
    expires=Instant(START + 90 * DAY),
    issuer_keys=tuple(
        IssuerKey(role, key.public, Instant(START - DAY), Instant(START + 400 * DAY))
        for role, key in (
            (Role.CREDENTIAL, CREDENTIAL_KEY),
            (Role.READER, READER_ISSUER_KEY),
            (Role.TIME, TIME_KEY),
            (Role.ACK, ACK_KEY),
        )
    ),
    revoked=frozenset({7, 12, 900_001}),
    revoked_readers=frozenset(),
    epoch=1,
    lockdown=False,
)
BUNDLE_BYTES = sign_bundle(BUNDLE, REALM, BUNDLE_KEY)


def next_bundle(counter: int = 6) -> TrustBundle:
    """The bundle after `BUNDLE`."""
    return replace(BUNDLE, version=TrustVersion(1, counter))


def sign_raw(value: Value, object_type: ObjectType, key: FixedKey, realm: Realm = REALM) -> bytes:
    """Any value as a signed object."""
    return sign(encode(value), object_type, realm, key)


def credential_claims() -> dict[Key, Value]:
    """The claims of the golden credential, to be changed by a case.

    The vector of the measured size: facility `torshov`, epoch 1, revision 17, index 900,000,
    three entries of one point between 24 and 255 and one window that ends within 65,535 s.
    """
    return {
        AUD: str(FACILITY),
        EXP: START + DAY,
        NBF: START,
        IAT: START,
        CTI: b"cti-0001",
        CNF: bound_key(PRESENTATION_KEY.public),
        PRIVATE: [1, 17, 900_000, credential_grant()],
    }


def credential_grant() -> list[Value]:
    """Three entries: a library until 21:00, a waste room, a gate in the evening."""
    return [
        [[100], [[3_600, 14_400]], 1],
        [[101], [[900, 50_400]], 1],
        [[102], [[1_800, 10_800]], 17],
    ]


def reader_claims() -> dict[Key, Value]:
    """The claims of a plain reader certificate, to be changed by a case."""
    return {
        AUD: str(FACILITY),
        EXP: START + 365 * DAY,
        NBF: START,
        IAT: START,
        CTI: b"reader-1",
        CNF: bound_key(READER_KEY.public),
        PRIVATE: [[1], [100, 4_711], bytes.fromhex("9f31c0aa")],
    }
