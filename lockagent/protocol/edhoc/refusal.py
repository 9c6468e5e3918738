"""Why a handshake ends early, and what the peer is told: EDHOC error messages (RFC 9528, 6).

A refusal has a kind for the journal and one sentence for the log. The peer learns the least the
protocol allows: the supported suites, where the suite was the fault, and otherwise the code
"unspecified" with an empty text (SPEC.md 2.6). An error message is not authenticated, so what one
says may be shown and counted but never decides anything.

Bytes that break the format are `MalformedMessage`, as everywhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from lockagent.protocol.encoding import Value, decode_sequence, encode_sequence
from lockagent.protocol.errors import MalformedMessage, ProtocolError


class RefusalKind(Enum):
    """What a well-formed message got wrong."""

    SUITE = "suite"
    METHOD = "method"
    CRITICAL_EAD = "critical EAD"
    AUTHENTICATION = "authentication"
    OWN_CREDENTIAL = "own credential"
    PROFILE = "profile"


class HandshakeRefused(ProtocolError):
    """A well-formed EDHOC message that ends the session.

    `kind` is what was wrong; `suites` the labels of the suites spoken here, for kind SUITE only.
    """

    def __init__(self, kind: RefusalKind, detail: str, suites: tuple[int, ...] = ()) -> None:
        """Say what was wrong, in one sentence without secrets."""
        super().__init__(detail)
        self.kind = kind
        self.suites = suites


class ErrorCode(IntEnum):
    """ERR_CODE (RFC 9528, 6): 0 is reserved and never on the air."""

    UNSPECIFIED = 1
    WRONG_SUITE = 2
    UNKNOWN_CREDENTIAL = 3


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """An EDHOC error message; `text` goes with code 1, `suites` with code 2.

    A `code` not in `ErrorCode` is kept as the integer it is, its ERR_INFO dropped.
    """

    code: int
    text: str = ""
    suites: tuple[int, ...] = ()


def encode_error(error: ErrorMessage) -> bytes:
    """`(ERR_CODE, ERR_INFO)` (RFC 9528, 6.2 to 6.4); ValueError for a code not in `ErrorCode`."""
    match ErrorCode(error.code):
        case ErrorCode.UNSPECIFIED:
            return encode_sequence(error.code, error.text)
        case ErrorCode.WRONG_SUITE:
            return encode_sequence(error.code, suites_value(error.suites))
        case ErrorCode.UNKNOWN_CREDENTIAL:
            return encode_sequence(error.code, True)


def decode_error(received: bytes) -> ErrorMessage:
    """Read an error message strictly, or MalformedMessage; code 0 is refused (RFC 9528, 6.1)."""
    items = decode_sequence(received, most=2)
    if len(items) != 2:
        raise MalformedMessage(f"expected an error code and its information, got {len(items)} item")
    code, info = items
    if isinstance(code, bool) or not isinstance(code, int) or code == 0:
        raise MalformedMessage("expected an error code other than 0, got none")
    match code:
        case ErrorCode.UNSPECIFIED if isinstance(info, str):
            return ErrorMessage(code, text=info)
        case ErrorCode.WRONG_SUITE:
            return ErrorMessage(code, suites=read_suites(info))
        case ErrorCode.UNKNOWN_CREDENTIAL if info is True:
            return ErrorMessage(code)
        case ErrorCode.UNSPECIFIED | ErrorCode.UNKNOWN_CREDENTIAL:
            raise MalformedMessage(f"expected the information of error {code}, got another type")
    return ErrorMessage(code)


def answer_to(refusal: ProtocolError) -> bytes:
    """The error message to send for `refusal` (SPEC.md 2.6): the suites, or `01 60`."""
    if isinstance(refusal, HandshakeRefused) and refusal.kind is RefusalKind.SUITE:
        return encode_error(ErrorMessage(ErrorCode.WRONG_SUITE, suites=refusal.suites))
    return encode_error(ErrorMessage(ErrorCode.UNSPECIFIED))


def suites_value(suites: Sequence[int]) -> Value:
    """`suites = [2* int] / int` (RFC 9528, 5.2.1): one suite is the int itself."""
    if not suites:
        raise ValueError("expected at least one cipher suite, got none")
    return suites[0] if len(suites) == 1 else list(suites)


def read_suites(value: Value) -> tuple[int, ...]:
    """The labels in `[2* int] / int`; an array around a single suite is refused."""
    suites = value if isinstance(value, list) else [value]
    if isinstance(value, list) and len(value) < 2:
        raise MalformedMessage(f"expected two suites or more in an array, got {len(value)}")
    labels: list[int] = []
    for suite in suites:
        if isinstance(suite, bool) or not isinstance(suite, int):
            raise MalformedMessage("expected a cipher suite as an integer, got another type")
        labels.append(suite)
    return tuple(labels)
