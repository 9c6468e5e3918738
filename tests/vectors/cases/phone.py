"""The phone: the presentation, steps P1 and P2, and what RESULT says (SPEC.md 4 and 5).

`Phone` is what a phone holds; `presents` and `refuses` say what must come of a session. Steps P3
to P7 are in `phone_proofs`.
"""

from dataclasses import dataclass, replace

from lockagent.protocol.edhoc.messages import EadItem
from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.records import OpenRequest, RecordType, Result
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.vectors.case import MALFORMED, Asked, Input, Inputs, Suite
from tests.vectors.fixed import (
    BUNDLE,
    BUNDLE_BYTES,
    FACILITY,
    OTHER_EPHEMERAL,
    PHONE_EPHEMERAL,
    PRESENTATION_KEY,
    REALM,
    ROOT_BYTES,
    START,
    FixedKey,
)
from tests.vectors.sessions import (
    ATTEMPT,
    CERTIFICATE,
    NONCE,
    OPEN,
    Presentation,
    credential,
    message_1,
    message_2,
    sized_credential,
)

QUESTION = (
    "a phone holds `credential`, the presentation key bound to it, the trust (`root`, `held`) and"
    " reader `certificates` that came with it, and asks `action` of the tapped `point`; `read` is"
    " the certificate it would read from the door. With this ephemeral key it sends `message_1`,"
    " and at `now` takes `message_2`: the step of section 5 that fails (then `error` is sent), or"
    " `presentation`: message_3, its signature by RFC 6979 and zeros for the random content of"
    " padding, with OPEN. Then `result_record` (null: none comes) says `result`, or is MALFORMED."
)
PHONES = Suite("phone", QUESTION)
NOW = Instant(START + 60)
GRANTED = Result(True, 5, CoarseReason.NONE, None, BUNDLE.version, False, NONCE)


@dataclass(frozen=True, slots=True)
class Phone:
    """What the phone holds and when; by default the golden credential for the tapped door."""

    credential: bytes
    certificates: tuple[bytes, ...] = (CERTIFICATE,)
    read: bytes | None = None
    bundle: bytes | None = BUNDLE_BYTES
    request: OpenRequest = OPEN
    now: int = NOW
    ephemeral: FixedKey = PHONE_EPHEMERAL

    def inputs(self, second: bytes | None, result_record: bytes | None = None) -> Inputs:
        """What is asked of it."""
        return {
            "environment": str(REALM.environment),
            "tenant": str(REALM.tenant),
            "facility": str(FACILITY),
            "root": ROOT_BYTES,
            "held": self.bundle,
            "credential": self.credential,
            "presentation_key": PRESENTATION_KEY.scalar,
            "ephemeral_key": self.ephemeral.scalar,
            "certificates": list[Input](self.certificates),
            "read": self.read,
            "point": self.request.point,
            "action": int(self.request.action),
            "attempt": self.request.attempt,
            "longer_strike": self.request.longer_strike,
            "now": self.now,
            "message_2": second,
            "result_record": result_record,
        }


ORDINARY = Phone(credential())


def presents(
    phone: Phone = ORDINARY, result: Result | None = None, record: bytes | None = None
) -> Asked:
    """All steps hold; then RESULT says `result`, or the bytes `record` come."""
    first = message_1(phone.ephemeral)
    presentation = Presentation(
        phone.credential,
        records=((RecordType.OPEN, phone.request.encode()),),
        ephemeral=phone.ephemeral,
    )
    outputs: Inputs = {"message_1": first, "presentation": presentation.sent()}
    if result is not None:
        record = presentation.answered(result.encode())
        outputs["result"] = {
            "granted": result.granted,
            "strike_seconds": result.strike_seconds,
            "reason": int(result.reason),
            "next_opening": result.next_opening or 0,
            "bundle": [*result.bundle],
            "has_chunk": result.has_chunk,
            "nonce": result.nonce,
        }
    return Asked(phone.inputs(message_2(first), record), outputs)


def refuses(second: bytes, phone: Phone = ORDINARY) -> Asked:
    """A step from P2 on fails: the fixed error, and nothing that names the phone."""
    outputs: Inputs = {"message_1": message_1(phone.ephemeral), "error": b"\x01\x60"}
    return Asked(phone.inputs(second), outputs)


@PHONES.case("golden", "5.1")
def golden() -> Asked:
    """The tapped door, three grants: 37, 53 and 360 bytes."""
    return presents()


@PHONES.case("granted", "4.4")
def granted() -> Asked:
    """RESULT, 58 bytes, is also the proof that the door has the session's keys."""
    return presents(result=GRANTED)


@PHONES.case("not-now", "4.4")
def not_now() -> Asked:
    """A denial with the next opening: a phone does not judge its grant, the door does."""
    opens = Instant(START + 3_600)
    return presents(result=Result(False, 0, CoarseReason.NOT_NOW, opens, (1, 5), False, NONCE))


@PHONES.case("certificate-read", "5.1")
def certificate_read() -> Asked:
    """A certificate that did not come with the credential is read from the door."""
    return presents(replace(ORDINARY, certificates=(), read=CERTIFICATE))


@PHONES.case("certificate-held-first", "5.1")
def certificate_held_first() -> Asked:
    """What the door shows is not looked at where the certificate is held."""
    return presents(replace(ORDINARY, read=b"\xf6"))


@PHONES.case("hold-open", "4.3")
def hold_open() -> Asked:
    """Another action, with the longer strike, by another ephemeral key."""
    wish = OpenRequest(OPEN.point, Action.HOLD_OPEN, ATTEMPT, longer_strike=True)
    return presents(replace(ORDINARY, request=wish, ephemeral=OTHER_EPHEMERAL))


@PHONES.case("two-padding-items", "4.5")
def two_padding_items() -> Asked:
    """A credential that leaves 26 bytes to fill: `00`, then an item of 25."""
    return presents(Phone(sized_credential(213 + 180)))


@PHONES.case("longest", "4.5")
def longest() -> Asked:
    """A credential of 779 bytes: 900 in all, without padding."""
    return presents(Phone(sized_credential(779)))


@PHONES.case("p1-no-grant", "5.1", "P1")
def p1_no_grant() -> Inputs:
    """Without a credential that names the access point the phone does not connect."""
    wish = OpenRequest(AccessPointNumber(4_711), Action.OPEN, ATTEMPT)
    return replace(ORDINARY, request=wish).inputs(None)


def _p2() -> None:
    first = message_1()
    good = message_2(first)
    kid_7, kid_9 = encode({4: bytes(7)}), encode({4: bytes(9)})
    off = b"\x58\x33" + b"\xff" * 32 + good[34:]
    rows: tuple[tuple[str, str, str, bytes], ...] = (
        ("kid-7", "5.1", "A kid of 7 bytes.", message_2(first, id_cred=kid_7)),
        ("kid-9", "5.1", "A kid of 9 bytes.", message_2(first, id_cred=kid_9)),
        (
            "kid-integer",
            "2.2",
            "A kid of one byte.",
            message_2(first, id_cred=encode({4: b"\x05"})),
        ),
        (
            "x5t",
            "5.1",
            "Another way to name it.",
            message_2(first, id_cred=encode({34: [1, b"x"]})),
        ),
        ("c-r-0", "2.1", "C_R is 1.", message_2(first, c_r=b"\x00")),
        ("ead-2", "2.1", "No EAD_2, not even padding.", message_2(first, ead=(EadItem(0),))),
        ("ead-2-critical", "2.1", "No EAD_2.", message_2(first, ead=(EadItem(-1),))),
        ("g-y-above-p", "2.2", "A G_Y that is not below p (B13).", off),
        ("cut", "2.2", "A byte is missing.", b"\x58\x32" + good[2:-1]),
        ("g-y-alone", "2.2", "No ciphertext.", b"\x58\x20" + good[2:34]),
        ("trailing", "2.2", "A byte follows.", good + b"\x00"),
        ("text", "2.2", "A text is no message_2.", b"\x78\x33" + b"a" * 51),
        ("in-an-array", "2.2", "Nor is an array.", b"\x81" + good),
        ("reflected", "2.2", "Nor is one's own message_1.", first),
        ("error", "2.6", "Nor is an error, on channel 0.", b"\x01\x60"),
        ("empty", "2.2", "Nor are no bytes.", b""),
    )
    for name, section, rule, second in rows:

        def make(second: bytes = second) -> Asked:
            return refuses(second)

        make.__doc__ = rule
        PHONES.case(f"p2-{name}", section, "P2")(make)


_p2()


def with_last_bit(signed: bytes) -> bytes:
    """The bytes with their last bit changed."""
    return signed[:-1] + bytes([signed[-1] ^ 1])


def _results() -> None:
    other = Presentation(ephemeral=OTHER_EPHEMERAL).answered(GRANTED.encode())
    mine = Presentation().answered(GRANTED.encode())
    rows = (
        ("other-session", "The RESULT of another session.", other),
        ("changed", "One bit of it.", with_last_bit(mine)),
        ("inner-malformed", "A RESULT that contradicts itself.", _contradiction()),
        ("cut", "A byte of it is missing.", mine[:-1]),
    )
    for name, rule, record in rows:

        def make(record: bytes = record) -> Asked:
            return presents(record=record)

        make.__doc__ = rule
        PHONES.case(f"result-{name}", "4.4", MALFORMED)(make)


def _contradiction() -> bytes:
    fields: list[Value] = [1, 5, 3, 0, 1, 5, 0, NONCE]
    padding = bytes(48 - len(encode([*fields, b""])))
    return Presentation().answered(encode([*fields, padding]))


_results()
