"""The phone, steps P3 to P7: is this the reader of the tapped door? (SPEC.md 5.1)."""

import hashlib
from dataclasses import replace

from lockagent.protocol.claims import AUD, EXP, PRIVATE
from lockagent.protocol.edhoc.profile import reader_kid
from lockagent.protocol.encoding import Key, Value, encode
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.trust_bundle import sign_bundle
from policies.vocabulary import TenantId
from tests.vectors.case import ACCEPT, Asked, Suite
from tests.vectors.cases.phone import (
    NOW,
    ORDINARY,
    QUESTION,
    Phone,
    presents,
    refuses,
    with_last_bit,
)
from tests.vectors.fixed import (
    BUNDLE,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    READER_ISSUER_KEY,
    REALM,
    START,
    STRANGER,
    FixedKey,
    reader_claims,
    sign_raw,
)
from tests.vectors.sessions import (
    CERTIFICATE,
    message_1,
    message_2,
)

PHONE_PROOFS = Suite("phone_proofs", QUESTION)


def _good() -> bytes:
    return message_2(message_1())


def _shown(certificate: bytes, phone: Phone = ORDINARY) -> Asked:
    """The door has this certificate, the phone holds it, and nothing else is odd.

    It is also what is read, which it must be where it does not name the tapped point.
    """
    second = message_2(message_1(), certificate=certificate)
    held = (CERTIFICATE, certificate)
    return refuses(second, replace(phone, certificates=held, read=certificate))


def _certificate_of(
    changed: dict[Key, Value] | None = None,
    key: FixedKey = READER_ISSUER_KEY,
    realm: Realm = REALM,
    object_type: ObjectType = ObjectType.READER,
) -> bytes:
    """The reader's certificate with other claims, signed so."""
    return sign_raw({**reader_claims(), **(changed or {})}, object_type, key, realm)


@PHONE_PROOFS.case("p3-unknown", "5.1", "P3")
def p3_unknown() -> Asked:
    """A kid that is no held certificate's, and the door shows another (B09)."""
    other = _certificate_of({EXP: START + 364 * DAY})
    second = message_2(message_1(), certificate=other)
    return refuses(second, replace(ORDINARY, read=CERTIFICATE))


@PHONE_PROOFS.case("p3-elsewhere-is-not-held", "5.1", "P3")
def p3_elsewhere_is_not_held() -> Asked:
    """The kid of another access point's reader, which the phone holds: read, as if it did not.

    Else whether it is read tells a rogue reader which certificates the phone holds (B09).
    """
    elsewhere = _certificate_of({PRIVATE: [[1], [99, 101], bytes.fromhex("9f31c0aa")]})
    second = message_2(message_1(), certificate=elsewhere, key=STRANGER)
    held = (CERTIFICATE, elsewhere)
    return refuses(second, replace(ORDINARY, certificates=held, read=CERTIFICATE))


@PHONE_PROOFS.case("p3-changed", "5.1", "P3")
def p3_changed() -> Asked:
    """The certificate that was named, one bit of its signature changed."""
    shown = CERTIFICATE[:-1] + bytes([CERTIFICATE[-1] ^ 1])
    return refuses(message_2(message_1()), replace(ORDINARY, certificates=(), read=shown))


@PHONE_PROOFS.case("p3-key-kid", "2.3", "P3")
def p3_key_kid() -> Asked:
    """The kid of the reader's key: it is the certificate that is named."""
    kid = hashlib.sha256(encode(reader_claims()[8])).digest()[:8]
    return refuses(message_2(message_1(), id_cred=encode({4: kid})), _reading())


def _reading() -> Phone:
    return replace(ORDINARY, read=CERTIFICATE)


def _p4() -> None:
    bergen = Realm(REALM.environment, TenantId("bergen"))
    rows: tuple[tuple[str, str, str, bytes], ...] = (
        ("unreadable", "5.2", "What was named does not parse.", encode([b"", {}, b"", bytes(64)])),
        ("claim-unknown", "5.2", "Another claim.", _certificate_of({1: "oslo"})),
        ("stranger", "5.1", "By a key of its own making (B09).", _certificate_of(key=STRANGER)),
        ("other-role", "5.1", "By a credential key.", _certificate_of(key=CREDENTIAL_KEY)),
        ("other-tenant", "3.2", "For another tenant (A16).", _certificate_of(realm=bergen)),
        (
            "other-type",
            "3.2",
            "Signed as a credential (A18).",
            _certificate_of(object_type=ObjectType.CREDENTIAL),
        ),
        ("changed", "5.1", "Its signature does not hold.", with_last_bit(_certificate_of())),
        ("before-key", "5.1", "Issued before its key's interval.", _issued(START - DAY - 1)),
    )
    for name, section, rule, certificate in rows:

        def make(certificate: bytes = certificate) -> Asked:
            return _shown(certificate)

        make.__doc__ = rule
        PHONE_PROOFS.case(f"p4-{name}", section, "P4")(make)


def _issued(at: int) -> bytes:
    return _certificate_of({6: at, 5: at})


_p4()


def _p4_times() -> None:
    until = START + 365 * DAY
    rows = (
        ("before-nbf", "A second before nbf, by the phone's clock.", START - 1, "P4"),
        ("at-nbf", "At nbf.", START, ACCEPT),
        ("before-exp", "The last second before exp.", until - 1, ACCEPT),
        ("at-exp", "At exp.", until, "P4"),
    )
    for name, rule, now, expected in rows:

        def make(now: int = now, expected: str = expected) -> Asked:
            phone = replace(ORDINARY, now=now)
            return presents(phone) if expected == ACCEPT else refuses(_good(), phone)

        make.__doc__ = rule
        PHONE_PROOFS.case(f"p4-{name}", "5.1", expected)(make)


_p4_times()


@PHONE_PROOFS.case("p4-revoked", "5.1", "P4")
def p4_revoked() -> Asked:
    """A reader whose cti is in the bundle's list."""
    revoking = replace(BUNDLE, revoked_readers=frozenset({b"reader-1"}))
    bundle = sign_bundle(revoking, REALM, BUNDLE_KEY)
    return refuses(_good(), replace(ORDINARY, bundle=bundle))


@PHONE_PROOFS.case("p4-no-bundle", "5.1", "P4")
def p4_no_bundle() -> Asked:
    """Without a bundle no reader is known."""
    return refuses(_good(), replace(ORDINARY, bundle=None))


@PHONE_PROOFS.case("p5-other-facility", "5.1", "P5")
def p5_other_facility() -> Asked:
    """The reader of another facility (B09)."""
    return _shown(_certificate_of({AUD: "ekeberg"}))


@PHONE_PROOFS.case("p5-other-point", "5.1", "P5")
def p5_other_point() -> Asked:
    """The reader of another access point of the facility (B09)."""
    return _shown(_certificate_of({PRIVATE: [[1], [99, 101], bytes.fromhex("9f31c0aa")]}))


@PHONE_PROOFS.case("p6-later-version", "5.1", "P6")
def p6_later_version() -> Asked:
    """A reader that does not speak version 1."""
    return _shown(_certificate_of({PRIVATE: [[2], [100], bytes.fromhex("9f31c0aa")]}))


@PHONE_PROOFS.case("p7-other-key", "5.1", "P7")
def p7_other_key() -> Asked:
    """A lock that shows the reader's certificate without its key (B09)."""
    return refuses(message_2(message_1(), key=STRANGER))


@PHONE_PROOFS.case("p7-mac", "5.1", "P7")
def p7_mac() -> Asked:
    """One bit of MAC_2."""
    return refuses(with_last_bit(_good()))


@PHONE_PROOFS.case("order-3-before-7", "5.1", "P3")
def order_3_before_7() -> Asked:
    """A kid that is not known, and no key either."""
    kid = reader_kid(b"another")
    return refuses(message_2(message_1(), id_cred=encode({4: kid}), key=STRANGER), _reading())


@PHONE_PROOFS.case("order-4-before-5", "5.1", "P4")
def order_4_before_5() -> Asked:
    """The reader of another facility, whose certificate has expired."""
    return _shown(_certificate_of({AUD: "ekeberg", EXP: NOW}))


@PHONE_PROOFS.case("order-5-before-6", "5.1", "P5")
def order_5_before_6() -> Asked:
    """The reader of another point, of a later version."""
    return _shown(_certificate_of({PRIVATE: [[2], [99], bytes.fromhex("9f31c0aa")]}))
