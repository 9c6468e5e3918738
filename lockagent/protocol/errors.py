"""What can be wrong with a peer's bytes, and the reasons a door records.

Two kinds, kept apart (docs/architecture.md): bytes that are not a message of this
protocol (`ProtocolError`), and a well-formed message that must not open this door
(`VerificationError`, with the precise reason for the journal). An access decision is a value,
not an exception. Which coarse reason goes with which precise one is said where a step fails, and in
SPEC.md 6.17: one precise reason has two, by the step it comes from.
"""

from enum import IntEnum, StrEnum


class ProtocolError(Exception):
    """The peer's bytes are not a message of this protocol."""


class MalformedMessage(ProtocolError):
    """The bytes break a rule of the format; the sentence says expected, then got."""


class UnsupportedVersion(ProtocolError):
    """A well-formed message of a version or suite that is not spoken here."""


class DenialReason(StrEnum):
    """Why a door refused, named as BACnet's access events (ASHRAE 135, Access_Event)."""

    MALFORMED = "MALFORMED"
    UNKNOWN_ISSUER = "UNKNOWN_ISSUER"
    UNKNOWN_CREDENTIAL = "UNKNOWN_CREDENTIAL"
    INCORRECT_AUTHENTICATION_FACTOR = "INCORRECT_AUTHENTICATION_FACTOR"
    POINT_NO_ACCESS_RIGHTS = "POINT_NO_ACCESS_RIGHTS"
    ZONE_NO_ACCESS_RIGHTS = "ZONE_NO_ACCESS_RIGHTS"
    AUTHENTICATION_UNAVAILABLE = "AUTHENTICATION_UNAVAILABLE"
    CREDENTIAL_DISABLED = "CREDENTIAL_DISABLED"
    CREDENTIAL_LIFETIME = "CREDENTIAL_LIFETIME"
    CREDENTIAL_NOT_YET_ACTIVE = "CREDENTIAL_NOT_YET_ACTIVE"
    CREDENTIAL_EXPIRED = "CREDENTIAL_EXPIRED"
    OUT_OF_TIME_RANGE = "OUT_OF_TIME_RANGE"
    THREAT_LEVEL = "THREAT_LEVEL"
    MAX_ATTEMPTS = "MAX_ATTEMPTS"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


class CoarseReason(IntEnum):
    """What RESULT tells the phone (SPEC.md 4.4): enough to act on, too little to be an oracle."""

    NONE = 0
    NOT_HERE = 1
    NOT_NOW = 2
    CREDENTIAL = 3
    DOOR_MODE = 4
    TIME_NEEDED = 5
    DOOR_CANNOT = 6
    OTHER = 7


class VerificationError(Exception):
    """A well-formed message that must not open this door.

    `step` is the number in SPEC.md section 6, `reason` what the journal records, `coarse` what
    RESULT says, `detail` one sentence with ids and never secrets.
    """

    def __init__(self, step: int, reason: DenialReason, coarse: CoarseReason, detail: str) -> None:
        """Say at which step it failed, and why."""
        super().__init__(f"step {step}: {detail}")
        self.step = step
        self.reason = reason
        self.coarse = coarse
        self.detail = detail
