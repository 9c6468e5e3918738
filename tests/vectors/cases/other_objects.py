"""Door settings, time tokens and acknowledgements (SPEC.md 7.3, 8.4 and 8.6)."""

from dataclasses import replace

from lockagent.protocol.ack import Ack, sign_ack
from lockagent.protocol.door_settings import (
    DoorSettings,
    FailMode,
    PointSettings,
    sign_settings,
)
from lockagent.protocol.encoding import Value
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.time_token import TimeToken, sign_time_token
from policies.grant import Window
from policies.vocabulary import AccessPointNumber, ControllerId, Instant
from tests.vectors.case import MALFORMED, SIGNATURE, Inputs, Suite
from tests.vectors.fixed import (
    ACK_KEY,
    BUNDLE_BYTES,
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    FACILITY,
    HI,
    REALM,
    ROOT_BYTES,
    START,
    STRANGER,
    TIME_KEY,
    FixedKey,
    sign_raw,
)

CONTROLLER = ControllerId("ctl_0123456789abcdef")
UNKNOWN_ISSUER, OTHER_CONTROLLER = "UNKNOWN_ISSUER", "OTHER_CONTROLLER"
_STATE: Inputs = {
    "environment": str(REALM.environment),
    "tenant": str(REALM.tenant),
    "facility": str(FACILITY),
    "root": ROOT_BYTES,
    "held": BUNDLE_BYTES,
}

SETTINGS = Suite(
    "settings",
    "does `controller`, holding settings `held_version` and a state of `root` and `held`, take"
    " `received` when the time is at most `hi`?",
)
TIME_TOKENS = Suite(
    "time_token", "is `received` a time token by a time key of the state of `root` and `held`?"
)
ACKS = Suite("ack", "is `received` an ack for `controller` by an ack key in use at `hi`?")

POINT = PointSettings(
    point=AccessPointNumber(100),
    sensitive=False,
    strike_seconds=5,
    extended_strike_seconds=20,
    held_open_seconds=30,
    fail_mode=FailMode.SECURE,
    unlock_windows=(Window(START, Instant(START + 3_600)),),
)
PLAIN = DoorSettings(
    CONTROLLER, 4, START, (POINT, replace(POINT, point=AccessPointNumber(101), sensitive=True))
)


def _settings(received: bytes, held_version: int = 3) -> Inputs:
    return {
        **_STATE,
        "controller": str(CONTROLLER),
        "held_version": held_version,
        "received": received,
        "hi": HI,
    }


def _signed(settings: DoorSettings, key: FixedKey = BUNDLE_KEY) -> Inputs:
    return _settings(sign_settings(settings, REALM, key))


@SETTINGS.case("plain", "8.4")
def plain() -> Inputs:
    """Two access points, one of them sensitive, with an unlock window."""
    return _signed(PLAIN)


@SETTINGS.case("same-version", "8.4", "ROLLBACK")
def same_version() -> Inputs:
    """A version only grows."""
    return _settings(sign_settings(PLAIN, REALM, BUNDLE_KEY), held_version=4)


@SETTINGS.case("other-controller", "8.4", OTHER_CONTROLLER)
def settings_of_another() -> Inputs:
    """Another controller's settings."""
    return _signed(replace(PLAIN, controller=ControllerId("ctl_fedcba9876543210")))


@SETTINGS.case("from-the-future", "8.4", "FROM_THE_FUTURE")
def settings_from_the_future() -> Inputs:
    """Issued after the latest instant it can be."""
    return _signed(replace(PLAIN, issued=Instant(HI + 1)))


@SETTINGS.case("credential-key", "8.4", SIGNATURE)
def settings_by_credential_key() -> Inputs:
    """Signed by the key of another role."""
    return _signed(PLAIN, CREDENTIAL_KEY)


@SETTINGS.case("bundle", "3.2", MALFORMED)
def bundle_as_settings() -> Inputs:
    """A bundle in place of settings (A18)."""
    return _settings(BUNDLE_BYTES)


def _points() -> None:
    window: Value = [START, START + 60]
    rows: tuple[tuple[str, str, Value], ...] = (
        ("no-point", "Settings name an access point.", []),
        ("point-twice", "Points ascend.", [[100, False, 5, 20, 30, 0, []]] * 2),
        ("strike-zero", "A strike time is 1 s or more.", [[100, False, 0, 20, 30, 0, []]]),
        ("strike-256", "And at most 255 s.", [[100, False, 5, 256, 30, 0, []]]),
        ("extended-shorter", "Extended is not shorter.", [[100, False, 5, 4, 30, 0, []]]),
        ("held-open-zero", "Held open begins at 1 s.", [[100, False, 5, 20, 0, 0, []]]),
        ("fail-mode-two", "A lock fails secure or safe.", [[100, False, 5, 20, 30, 2, []]]),
        ("sensitive-number", "Sensitive is a bool (A14).", [[100, 0, 5, 20, 30, 0, []]]),
        ("six-fields", "Nothing is left out.", [[100, False, 5, 20, 30, 0]]),
        ("windows-repeated", "Windows ascend.", [[100, False, 5, 20, 30, 0, [window, window]]]),
        ("window-empty", "And have a length.", [[100, False, 5, 20, 30, 0, [[START, START]]]]),
    )
    for name, rule, points in rows:

        def make(points: Value = points) -> Inputs:
            payload: Value = [str(CONTROLLER), 4, START, points]
            return _settings(sign_raw(payload, ObjectType.SETTINGS, BUNDLE_KEY))

        make.__doc__ = rule
        SETTINGS.case(name, "8.4", MALFORMED)(make)


_points()

TOKEN = TimeToken(ReaderId(bytes.fromhex("9f31c0aa")), bytes(range(16)), START)


def _token(received: bytes) -> Inputs:
    return {**_STATE, "received": received}


@TIME_TOKENS.case("plain", "7.3")
def token() -> Inputs:
    """A token by the time key."""
    return _token(sign_time_token(TOKEN, REALM, TIME_KEY))


@TIME_TOKENS.case("ack-key", "7.3", UNKNOWN_ISSUER)
def token_by_ack_key() -> Inputs:
    """A key of another role does not say the time."""
    return _token(sign_time_token(TOKEN, REALM, ACK_KEY))


@TIME_TOKENS.case("before-key", "7.3", UNKNOWN_ISSUER)
def token_before_key() -> Inputs:
    """Said at an instant before the key was in use."""
    issued_at = Instant(START - DAY - 1)
    return _token(sign_time_token(replace(TOKEN, issued_at=issued_at), REALM, TIME_KEY))


@TIME_TOKENS.case("signed-as-ack", "3.2", SIGNATURE)
def token_signed_as_ack() -> Inputs:
    """A token's payload in another context (A18)."""
    payload: Value = [TOKEN.reader_id, TOKEN.nonce, TOKEN.issued_at]
    return _token(sign_raw(payload, ObjectType.ACK, TIME_KEY))


@TIME_TOKENS.case("nonce-15", "7.3", MALFORMED)
def token_nonce_15() -> Inputs:
    """A nonce has 16 bytes."""
    payload: Value = [TOKEN.reader_id, bytes(15), START]
    return _token(sign_raw(payload, ObjectType.TIME, TIME_KEY))


@TIME_TOKENS.case("reader-id-5", "7.3", MALFORMED)
def token_reader_id_5() -> Inputs:
    """A reader id has 4 bytes."""
    payload: Value = [bytes(5), bytes(16), START]
    return _token(sign_raw(payload, ObjectType.TIME, TIME_KEY))


@TIME_TOKENS.case("iat-negative", "7.3", MALFORMED)
def token_iat_negative() -> Inputs:
    """An instant is unsigned (A14)."""
    payload: Value = [TOKEN.reader_id, TOKEN.nonce, -1]
    return _token(sign_raw(payload, ObjectType.TIME, TIME_KEY))


ACK = Ack(CONTROLLER, 12, bytes(range(32)))


def _ack(received: bytes) -> Inputs:
    return {**_STATE, "controller": str(CONTROLLER), "received": received, "hi": HI}


@ACKS.case("plain", "8.6")
def ack() -> Inputs:
    """An acknowledgement up to sequence 12."""
    return _ack(sign_ack(ACK, REALM, ACK_KEY))


@ACKS.case("other-controller", "8.6", OTHER_CONTROLLER)
def ack_of_another() -> Inputs:
    """Another controller's acknowledgement."""
    other = replace(ACK, controller=ControllerId("ctl_fedcba9876543210"))
    return _ack(sign_ack(other, REALM, ACK_KEY))


@ACKS.case("stranger", "8.6", UNKNOWN_ISSUER)
def ack_by_stranger() -> Inputs:
    """Signed by a key the bundle does not name."""
    return _ack(sign_ack(ACK, REALM, STRANGER))


@ACKS.case("time-key", "8.6", UNKNOWN_ISSUER)
def ack_by_time_key() -> Inputs:
    """A key of another role acknowledges nothing."""
    return _ack(sign_ack(ACK, REALM, TIME_KEY))


@ACKS.case("signed-as-time", "3.2", SIGNATURE)
def ack_signed_as_time() -> Inputs:
    """An acknowledgement in another context (A18)."""
    payload: Value = [str(CONTROLLER), 12, ACK.head]
    return _ack(sign_raw(payload, ObjectType.TIME, ACK_KEY))


@ACKS.case("sequence-zero", "8.6", MALFORMED)
def ack_sequence_zero() -> Inputs:
    """Sequences begin at 1."""
    payload: Value = [str(CONTROLLER), 0, ACK.head]
    return _ack(sign_raw(payload, ObjectType.ACK, ACK_KEY))


@ACKS.case("head-31", "8.6", MALFORMED)
def ack_head_31() -> Inputs:
    """A head is a SHA-256."""
    payload: Value = [str(CONTROLLER), 12, bytes(31)]
    return _ack(sign_raw(payload, ObjectType.ACK, ACK_KEY))


@ACKS.case("controller-space", "8.6", MALFORMED)
def ack_controller_space() -> Inputs:
    """A controller's id has no spaces."""
    payload: Value = ["ctl 1", 12, ACK.head]
    return _ack(sign_raw(payload, ObjectType.ACK, ACK_KEY))
