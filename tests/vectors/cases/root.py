"""Roots: thresholds, versions and hand-over, as The Update Framework has them (SPEC.md 8.1)."""

from dataclasses import replace

from lockagent.protocol.encoding import Value
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.root import Root, sign_root
from policies.vocabulary import Environment, Instant
from tests.vectors.case import MALFORMED, Inputs, Suite
from tests.vectors.fixed import (
    BUNDLE_KEY,
    HI,
    NEXT_BUNDLE_KEY,
    NEXT_ROOT_KEYS,
    REALM,
    ROOT,
    ROOT_BYTES,
    ROOT_KEYS,
    START,
    STRANGER,
    FixedKey,
    sign_raw,
)

THRESHOLD, ROLLBACK, FROM_THE_FUTURE = "THRESHOLD", "ROLLBACK", "FROM_THE_FUTURE"
ROOTS = Suite(
    "root",
    "is `received` taken as the root: as the first one where `held` is null, else as the one after"
    " `held`, when the time is at most `hi` (null: no bound)?",
)
NEXT = replace(
    ROOT,
    version=2,
    root_keys=tuple(key.public for key in NEXT_ROOT_KEYS),
    bundle_keys=(NEXT_BUNDLE_KEY.public,),
)


def _asked(received: bytes, held: bytes | None) -> Inputs:
    return {
        "environment": str(REALM.environment),
        "tenant": str(REALM.tenant),
        "held": held,
        "received": received,
        "hi": HI,
    }


def _first(*keys: FixedKey, root: Root = ROOT) -> Inputs:
    return _asked(sign_root(root, REALM, keys), None)


def _next(*keys: FixedKey, root: Root = NEXT) -> Inputs:
    return _asked(sign_root(root, REALM, keys), ROOT_BYTES)


def _payload(*changed: tuple[int, Value]) -> list[Value]:
    payload: list[Value] = [
        1,
        ROOT.issued,
        ROOT.expires,
        2,
        [key.cose() for key in ROOT.root_keys],
        [key.cose() for key in ROOT.bundle_keys],
    ]
    for at, value in changed:
        payload[at] = value
    return payload


def _raw(*changed: tuple[int, Value]) -> Inputs:
    payload = _payload(*changed)
    signed = [sign_raw(payload, ObjectType.ROOT, key) for key in ROOT_KEYS[:2]]
    return _asked(b"\x82" + b"".join(signed), None)


@ROOTS.case("first", "8.1")
def first() -> Inputs:
    """A first root signed by two of its three keys, its threshold."""
    return _first(*ROOT_KEYS[:2])


@ROOTS.case("first-by-one", "8.1", THRESHOLD)
def first_by_one() -> Inputs:
    """One signer of two."""
    return _first(ROOT_KEYS[0])


@ROOTS.case("first-one-key-twice", "8.1", THRESHOLD)
def first_one_key_twice() -> Inputs:
    """Two signatures by one key are one signer."""
    return _first(ROOT_KEYS[0], ROOT_KEYS[0])


@ROOTS.case("first-by-stranger", "8.1", THRESHOLD)
def first_by_stranger() -> Inputs:
    """A signature by a key that the root does not name counts for nothing."""
    return _first(ROOT_KEYS[0], STRANGER)


@ROOTS.case("first-with-stranger", "8.1")
def first_with_stranger() -> Inputs:
    """Nor does it spoil the others."""
    return _first(STRANGER, *ROOT_KEYS[:2])


@ROOTS.case("first-other-environment", "8.1", THRESHOLD)
def first_other_environment() -> Inputs:
    """A root of production is none of test (A16)."""
    realm = Realm(Environment.PRODUCTION, REALM.tenant)
    return _asked(sign_root(ROOT, realm, ROOT_KEYS[:2]), None)


@ROOTS.case("signed-as-bundle", "3.2", THRESHOLD)
def signed_as_bundle() -> Inputs:
    """The payload of a root, signed as bundles are (A18)."""
    signed = [sign_raw(_payload(), ObjectType.BUNDLE, key) for key in ROOT_KEYS[:2]]
    return _asked(b"\x82" + b"".join(signed), None)


@ROOTS.case("next", "8.1")
def hand_over() -> Inputs:
    """All keys replaced: two of the old and two of the new have signed."""
    return _next(*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2])


@ROOTS.case("next-skips-a-version", "8.1")
def skips_a_version() -> Inputs:
    """Version 9 after 1: higher is enough where the old keys have signed."""
    return _next(*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2], root=replace(NEXT, version=9))


@ROOTS.case("next-without-old", "8.1", THRESHOLD)
def without_old() -> Inputs:
    """A new root that only its own keys have signed."""
    return _next(*NEXT_ROOT_KEYS[:2])


@ROOTS.case("next-with-one-old", "8.1", THRESHOLD)
def with_one_old() -> Inputs:
    """One of the old keys is below the old threshold."""
    return _next(ROOT_KEYS[0], *NEXT_ROOT_KEYS)


@ROOTS.case("next-without-own", "8.1", THRESHOLD)
def without_own() -> Inputs:
    """A new root whose own keys have not shown that they exist."""
    return _next(*ROOT_KEYS)


@ROOTS.case("next-lower-threshold", "8.1", THRESHOLD)
def lower_threshold() -> Inputs:
    """A new root cannot lower the threshold of the old one that it needs."""
    root = replace(NEXT, threshold=1)
    return _next(ROOT_KEYS[0], NEXT_ROOT_KEYS[0], root=root)


@ROOTS.case("same-version", "8.1", ROLLBACK)
def same_version() -> Inputs:
    """Version 1 after version 1."""
    return _next(*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2], root=replace(NEXT, version=1))


@ROOTS.case("next-from-the-future", "8.1", FROM_THE_FUTURE)
def from_the_future() -> Inputs:
    """Issued one second after the latest instant it can be."""
    root = replace(NEXT, issued=Instant(HI + 1))
    return _next(*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2], root=root)


@ROOTS.case("next-issued-at-hi", "8.1")
def issued_at_hi() -> Inputs:
    """Issued at the latest instant it can be."""
    root = replace(NEXT, issued=HI)
    return _next(*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2], root=root)


@ROOTS.case("after-an-expired-root", "8.1")
def after_expired() -> Inputs:
    """A root that has expired may hand over: the door may have been off for years."""
    held = replace(ROOT, issued=Instant(START - 9), expires=Instant(START - 1))
    received = sign_root(NEXT, REALM, [*ROOT_KEYS[:2], *NEXT_ROOT_KEYS[:2]])
    return _asked(received, sign_root(held, REALM, ROOT_KEYS[:2]))


@ROOTS.case("two-payloads", "8.1", MALFORMED)
def two_payloads() -> Inputs:
    """Every signature is over the same payload."""
    one = sign_raw(_payload(), ObjectType.ROOT, ROOT_KEYS[0])
    other = sign_raw(_payload((3, 1)), ObjectType.ROOT, ROOT_KEYS[1])
    return _asked(b"\x82" + one + other, None)


@ROOTS.case("no-signature", "8.1", MALFORMED)
def no_signature() -> Inputs:
    """An empty array is no root."""
    return _asked(b"\x80", None)


@ROOTS.case("nine-signatures", "8.1", MALFORMED)
def nine_signatures() -> Inputs:
    """A root has at most eight signatures."""
    signed = sign_raw(_payload(), ObjectType.ROOT, ROOT_KEYS[0])
    return _asked(b"\x89" + signed * 9, None)


@ROOTS.case("bare-sign1", "8.1", MALFORMED)
def bare_sign1() -> Inputs:
    """One Sign1 without the array around it."""
    return _asked(sign_raw(_payload(), ObjectType.ROOT, ROOT_KEYS[0]), None)


@ROOTS.case("trailing", "8.1", MALFORMED)
def trailing() -> Inputs:
    """A byte after the root (A10)."""
    return _asked(ROOT_BYTES + b"\x00", None)


def _payloads() -> None:
    twice: Value = [ROOT_KEYS[0].public.cose()] * 2
    for name, rule, change in (
        ("version-zero", "Versions begin at 1.", (0, 0)),
        ("never-in-force", "A root expires after it was issued.", (2, ROOT.issued)),
        ("threshold-zero", "A threshold of none is refused.", (3, 0)),
        ("threshold-four", "A threshold of four of three keys cannot be met.", (3, 4)),
        ("no-root-key", "A root names a root key.", (4, [])),
        ("no-bundle-key", "A root names a bundle key.", (5, [])),
        ("key-twice", "A public key is named once.", (4, twice)),
        ("root-key-signs-bundles", "A root key is no bundle key.", (5, twice)),
    ):

        def make(change: tuple[int, Value] = change) -> Inputs:
            return _raw(change)

        make.__doc__ = rule
        ROOTS.case(name, "8.1", MALFORMED)(make)


_payloads()


@ROOTS.case("bundle-key-signs-root", "8.1", THRESHOLD)
def bundle_key_signs_root() -> Inputs:
    """A bundle key is no root key."""
    return _first(ROOT_KEYS[0], BUNDLE_KEY)


@ROOTS.case("array-head-long", "1", MALFORMED)
def array_head_long() -> Inputs:
    """The array of signatures with its length in a byte of its own (A11)."""
    signed = [sign_raw(_payload(), ObjectType.ROOT, key) for key in ROOT_KEYS[:2]]
    return _asked(b"\x98\x02" + b"".join(signed), None)


@ROOTS.case("seven-fields", "8.1", MALFORMED)
def seven_fields() -> Inputs:
    """A field that version 1 does not know."""
    payload = [*_payload(), 0]
    return _asked(b"\x81" + sign_raw(payload, ObjectType.ROOT, ROOT_KEYS[0]), None)
