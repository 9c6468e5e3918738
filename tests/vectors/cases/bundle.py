"""Trust bundles: what moves a trust state forward, and what does not (SPEC.md 8.2 and 8.3)."""

from dataclasses import replace

from lockagent.protocol.encoding import Value, decode
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.root import sign_root
from lockagent.protocol.trust_bundle import (
    TrustBundle,
    TrustVersion,
    bundle_payload,
    sign_bundle,
)
from policies.vocabulary import FacilityId, Instant, TenantId
from tests.vectors.case import MALFORMED, SIGNATURE, Inputs, Suite
from tests.vectors.fixed import (
    ACK_KEY,
    BUNDLE,
    BUNDLE_BYTES,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    FACILITY,
    HI,
    LO,
    NEXT_BUNDLE_KEY,
    REALM,
    ROOT,
    ROOT_BYTES,
    ROOT_KEYS,
    START,
    STRANGER,
    FixedKey,
    next_bundle,
    sign_raw,
)

ROLLBACK, FORK, OTHER_ROOT, FROM_THE_FUTURE = "ROLLBACK", "FORK", "OTHER_ROOT", "FROM_THE_FUTURE"
BUNDLES = Suite(
    "bundle",
    "does a state of `facility` with `root` and the bundle `held` (or null) take `received`, when"
    " the time lies in [`lo`, `hi`] (null: no bound)?",
)


def _asked(received: bytes, held: bytes | None = BUNDLE_BYTES, root: bytes = ROOT_BYTES) -> Inputs:
    return {
        "environment": str(REALM.environment),
        "tenant": str(REALM.tenant),
        "facility": str(FACILITY),
        "root": root,
        "held": held,
        "received": received,
        "lo": LO,
        "hi": HI,
    }


def _signed(bundle: TrustBundle, key: FixedKey = BUNDLE_KEY) -> Inputs:
    return _asked(sign_bundle(bundle, REALM, key))


def _raw(*changed: tuple[int, Value]) -> Inputs:
    payload = decode(bundle_payload(next_bundle()))
    if not isinstance(payload, list):
        raise TypeError("expected the payload of a bundle to be an array")
    for at, value in changed:
        payload[at] = value
    return _asked(sign_raw(payload, ObjectType.BUNDLE, BUNDLE_KEY))


@BUNDLES.case("first", "8.3")
def first() -> Inputs:
    """The first bundle of a state."""
    return _asked(BUNDLE_BYTES, None)


@BUNDLES.case("next", "8.3")
def newer() -> Inputs:
    """The next counter."""
    return _signed(next_bundle())


@BUNDLES.case("skips-counters", "8.3")
def skips_counters() -> Inputs:
    """Any higher counter: bundles are whole, so none is missed."""
    return _signed(next_bundle(400))


@BUNDLES.case("again", "8.3")
def again() -> Inputs:
    """The very bundle held, which changes nothing."""
    return _asked(BUNDLE_BYTES)


@BUNDLES.case("fork", "8.3", FORK)
def fork() -> Inputs:
    """The version held, with other content."""
    return _signed(replace(BUNDLE, lockdown=True))


@BUNDLES.case("rollback", "8.3", ROLLBACK)
def rollback() -> Inputs:
    """A lower counter (A23)."""
    return _signed(next_bundle(4))


@BUNDLES.case("epoch-falls", "8.3", ROLLBACK)
def epoch_falls() -> Inputs:
    """A lower epoch under the same root would honour what was revoked."""
    return _signed(replace(next_bundle(), epoch=0))


@BUNDLES.case("epoch-rises", "8.3")
def epoch_rises() -> Inputs:
    """The epoch raised and the list emptied (A24)."""
    return _signed(replace(next_bundle(), epoch=2, revoked=frozenset()))


@BUNDLES.case("lower-root", "8.3", OTHER_ROOT)
def lower_root() -> Inputs:
    """A bundle of the root before the one held."""
    root = sign_root(replace(ROOT, version=2), REALM, ROOT_KEYS[:2])
    return _asked(sign_bundle(next_bundle(), REALM, BUNDLE_KEY), None, root)


@BUNDLES.case("higher-root", "8.3", OTHER_ROOT)
def higher_root() -> Inputs:
    """A bundle of a root not held yet: the root comes first."""
    return _signed(replace(BUNDLE, version=TrustVersion(2, 1)))


@BUNDLES.case("root-expired", "8.3", "ROOT_EXPIRED")
def root_expired() -> Inputs:
    """Under a root that has certainly expired (expires = lo) no bundle is taken."""
    root = sign_root(replace(ROOT, expires=LO), REALM, ROOT_KEYS[:2])
    return _asked(BUNDLE_BYTES, None, root)


@BUNDLES.case("root-perhaps-expired", "8.3")
def root_perhaps_expired() -> Inputs:
    """A root that may have expired (lo < expires <= hi) counts: a door must learn the time."""
    root = sign_root(replace(ROOT, expires=HI), REALM, ROOT_KEYS[:2])
    return _asked(BUNDLE_BYTES, None, root)


@BUNDLES.case("other-facility", "8.3", "OTHER_FACILITY")
def other_facility() -> Inputs:
    """A bundle of another facility of the same tenant."""
    return _signed(replace(next_bundle(), facility=FacilityId("ekeberg")))


@BUNDLES.case("other-tenant", "3.2", SIGNATURE)
def other_tenant() -> Inputs:
    """A bundle signed for another tenant (A16)."""
    realm = Realm(REALM.environment, TenantId("bergen"))
    return _asked(sign_bundle(next_bundle(), realm, BUNDLE_KEY))


@BUNDLES.case("stranger", "8.3", SIGNATURE)
def stranger() -> Inputs:
    """Signed by a key that no root names."""
    return _signed(next_bundle(), STRANGER)


@BUNDLES.case("credential-key", "8.3", SIGNATURE)
def credential_key() -> Inputs:
    """Signed by the key of another role."""
    return _signed(next_bundle(), CREDENTIAL_KEY)


@BUNDLES.case("signed-as-settings", "3.2", SIGNATURE)
def signed_as_settings() -> Inputs:
    """The payload of a bundle signed as door settings, by the right key (A18)."""
    payload = decode(bundle_payload(next_bundle()))
    return _asked(sign_raw(payload, ObjectType.SETTINGS, BUNDLE_KEY))


@BUNDLES.case("from-the-future", "8.3", FROM_THE_FUTURE)
def from_the_future() -> Inputs:
    """Issued one second after the latest instant it can be."""
    return _signed(replace(next_bundle(), issued=Instant(HI + 1)))


@BUNDLES.case("issued-at-hi", "8.3")
def issued_at_hi() -> Inputs:
    """Issued at the latest instant it can be."""
    return _signed(replace(next_bundle(), issued=HI))


@BUNDLES.case("already-expired", "8.3")
def already_expired() -> Inputs:
    """A newer bundle that has expired is taken, and not relied upon."""
    issued = Instant(START - 91 * DAY)
    return _signed(replace(next_bundle(), issued=issued, expires=Instant(START - DAY)))


@BUNDLES.case("90-days", "8.2")
def days_90() -> Inputs:
    """Ninety days from issue to expiry, and a sealing key."""
    return _signed(replace(next_bundle(), sealing_key=NEXT_BUNDLE_KEY.public))


@BUNDLES.case("91-days", "8.2", MALFORMED)
def days_91() -> Inputs:
    """One second more."""
    return _raw((4, START + 90 * DAY + 1))


@BUNDLES.case("1000-bytes", "8.2")
def bytes_1000() -> Inputs:
    """A bundle of exactly 1,000 bytes fits one record."""
    return _asked(_filled(1_000))


@BUNDLES.case("1001-bytes", "8.2", MALFORMED)
def bytes_1001() -> Inputs:
    """One of 1,001 does not: the epoch is raised instead (A24)."""
    return _asked(_filled(1_001))


def _filled(size: int) -> bytes:
    payload = decode(bundle_payload(next_bundle()))
    if not isinstance(payload, list):
        raise TypeError("expected the payload of a bundle to be an array")
    for count in range(150, 400):
        for wide in range(4):
            steps: list[Value] = [300] * count
            steps[:wide] = [1] * wide
            payload[6] = steps
            signed = sign_raw(payload, ObjectType.BUNDLE, BUNDLE_KEY)
            if len(signed) == size:
                return signed
    raise ValueError(f"expected revocations for {size} bytes, found none")


@BUNDLES.case("one-role", "8.2")
def one_role() -> Inputs:
    """Which roles are filled is the issuer's choice."""
    return _raw((5, [[4, ACK_KEY.public.cose(), START, START + DAY]]))


def _payloads() -> None:
    cose, until = CREDENTIAL_KEY.public.cose(), START + DAY
    rows: tuple[tuple[str, str, int, Value], ...] = (
        ("no-issuer-key", "A bundle names an issuer key.", 5, []),
        ("role-zero", "Roles begin at 1.", 5, [[0, cose, START, until]]),
        ("role-five", "An unknown role is refused.", 5, [[5, cose, START, until]]),
        ("key-never", "A key's interval has a length.", 5, [[1, cose, START, START]]),
        (
            "key-in-two-roles",
            "A public key has one role.",
            5,
            [[1, cose, START, until], [2, cose, START, until]],
        ),
        ("revoked-repeated", "A difference is 1 or more.", 6, [7, 0]),
        ("revoked-negative", "Indices ascend.", 6, [7, -1]),
        ("revoked-2-20", "An index is below 2^20.", 6, [2**20]),
        ("revoked-sum-2-20", "So is every sum.", 6, [2**20 - 1, 1]),
        ("readers-falling", "Revoked readers ascend.", 7, [b"reader-2", b"reader-1"]),
        ("reader-cti-7", "A cti has 8 bytes.", 7, [bytes(7)]),
        ("lockdown-two", "Lockdown is 0 or 1.", 9, 2),
        ("lockdown-true", "Lockdown is a number (A14).", 9, True),
        ("sealing-bytes", "A sealing key is a COSE_Key or null.", 10, bytes(32)),
        ("counter-zero", "Counters begin at 1.", 2, 0),
        ("counter-2-32", "Counters have 32 bits: RESULT names them.", 2, 2**32),
        ("never-in-force", "A bundle expires after it was issued.", 4, START),
    )
    for name, rule, at, value in rows:

        def make(at: int = at, value: Value = value) -> Inputs:
            return _raw((at, value))

        make.__doc__ = rule
        BUNDLES.case(name, "8.2", MALFORMED)(make)


_payloads()
