"""message_1 at the door: what is answered by message_2, and by which error (SPEC.md 2.1 to 2.6)."""

from lockagent.protocol.encoding import Value, encode, encode_sequence
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import VerifyingKey
from tests.vectors.case import MALFORMED, Asked, Suite
from tests.vectors.fixed import DOOR_EPHEMERAL, OTHER_EPHEMERAL, PHONE_EPHEMERAL, READER_KEY
from tests.vectors.sessions import CERTIFICATE, message_1, message_2

MESSAGES_1 = Suite(
    "message_1",
    "does a door, with this certificate and private key of its reader and this ephemeral key,"
    " answer `message_1` by `message_2`, or by `error`?",
)
FIXED_ERROR, SUITE_ERROR = bytes.fromhex("0160"), bytes.fromhex("0202")

X = PHONE_EPHEMERAL.public.x


def _asked(first: bytes, name: str, answer: bytes) -> Asked:
    return Asked(
        {
            "reader_key": READER_KEY.scalar,
            "ephemeral_key": DOOR_EPHEMERAL.scalar,
            "certificate": CERTIFICATE,
            "message_1": first,
        },
        {name: answer},
    )


@MESSAGES_1.case("plain", "2.3")
def plain() -> Asked:
    """The one message_1 of the profile, 37 bytes, and message_2, 53."""
    first = message_1()
    return _asked(first, "message_2", message_2(first))


@MESSAGES_1.case("other-ephemeral", "2.2")
def other_ephemeral() -> Asked:
    """Another ephemeral key of the phone."""
    first = message_1(OTHER_EPHEMERAL)
    return _asked(first, "message_2", message_2(first))


def _refused(error: bytes, section: str, *rows: tuple[str, str, bytes | tuple[Value, ...]]) -> None:
    for name, rule, content in rows:
        first = content if isinstance(content, bytes) else encode_sequence(*content)

        def make(first: bytes = first) -> Asked:
            return _asked(first, "error", error)

        make.__doc__ = rule
        MESSAGES_1.case(name, section, MALFORMED)(make)


_refused(
    SUITE_ERROR,
    "2.6",
    ("suite-0", "Another suite is answered with ours.", (1, 0, X, 0)),
    ("suite-3", "Another suite, on the same curve.", (1, 3, X, 0)),
    ("suite-negative", "A suite for private use.", (1, -21, X, 0)),
    ("suites-0-3", "Two suites, neither ours.", (1, [0, 3], X, 0)),
    ("suites-2-3", "3 selected where 2 was offered before it (B08).", (1, [2, 3], X, 0)),
    ("suites-2-2", "2 selected where 2 was offered before it.", (1, [2, 2], X, 0)),
    ("suite-before-method", "The suite is judged before the method.", (0, 3, X, 0)),
    ("suite-before-point", "And before the length of G_X.", (1, 24, bytes(48), 0)),
)
_refused(
    FIXED_ERROR,
    "2.1",
    ("suites-3-2", "2 selected, but from a list: SUITES_I is the integer.", (1, [3, 2], X, 0)),
    ("method-0", "The door does not sign.", (0, 2, X, 0)),
    ("method-2", "The phone has no static key.", (2, 2, X, 0)),
    ("method-3", "Nor have both.", (3, 2, X, 0)),
    ("method-4", "There is no such method.", (4, 2, X, 0)),
    ("c-i-1", "C_I is 0.", (1, 2, X, 1)),
    ("c-i-long", "C_I is 0, not another byte string.", (1, 2, X, b"ab")),
    ("ead-1-padding", "No EAD_1, not even padding.", (1, 2, X, 0, 0)),
    ("ead-1-value", "Nor with a value.", (1, 2, X, 0, 0, b"padding")),
    ("ead-1-critical", "Nor a critical item.", (1, 2, X, 0, -1)),
    ("prefixed", "Nothing is prepended, as over CoAP.", b"\xf5" + message_1()),
)
_refused(
    FIXED_ERROR,
    "2.2",
    ("method-true", "true is not 1 (A14).", (True, 2, X, 0)),
    ("method-text", "METHOD is an integer.", ("1", 2, X, 0)),
    ("method-long", "1 in two bytes (A11).", b"\x18\x01" + message_1()[1:]),
    ("suite-true", "true is no suite.", (1, True, X, 0)),
    ("suite-text", "A suite is an integer.", (1, "2", X, 0)),
    ("suites-lone", "One suite is not in an array.", (1, [2], X, 0)),
    ("suites-empty", "An array of suites has two or more.", (1, [], X, 0)),
    ("g-x-31", "G_X has 32 bytes.", (1, 2, X[:31], 0)),
    ("g-x-33", "G_X has 32 bytes.", (1, 2, X + b"\x00", 0)),
    ("g-x-point", "G_X is an x alone.", (1, 2, b"\x02" + X, 0)),
    ("g-x-text", "G_X is a byte string.", (1, 2, "x" * 32, 0)),
    ("g-x-above-p", "G_X is below p (B13).", (1, 2, b"\xff" * 32, 0)),
    ("c-i-string", "A C_I of one byte has its integer form.", (1, 2, X, b"\x00")),
    ("c-i-24", "An integer of two bytes is no identifier.", (1, 2, X, 24)),
    ("c-i-missing", "A C_I is there.", (1, 2, X)),
    ("ead-1-text", "An EAD label is an integer.", (1, 2, X, 0, "")),
    ("before-suite", "A message that does not read, of another suite.", (1, 3, X, 0, "")),
    ("in-an-array", "A sequence has no array around it.", encode([1, 2, X, 0])),
    ("in-a-string", "Nor a byte string.", encode(message_1())),
    ("cut", "A byte of G_X is missing.", message_1()[:-2]),
    ("empty", "No bytes.", b""),
    ("message-2", "A message_2.", message_2(message_1())),
)


@MESSAGES_1.case("g-x-off-curve", "2.2", MALFORMED)
def off_curve() -> Asked:
    """A G_X below p that is the x of no point (B13)."""
    return _asked(encode_sequence(1, 2, _x_of_no_point(), 0), "error", FIXED_ERROR)


def _x_of_no_point() -> bytes:
    for number in range(1, 64):
        x = number.to_bytes(32, "big")
        try:
            VerifyingKey(x, y_is_odd=False)
        except MalformedMessage:
            return x
    raise ValueError("expected an x of no point below 64, found none")
