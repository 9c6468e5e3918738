"""Why an object is not taken into what a door or a phone trusts.

The bytes were well formed (else `MalformedMessage`); what they say must not be believed here and
now. `fault` is for code, journal and vectors; the sentence has ids and versions, never secrets.
"""

from enum import StrEnum


class TrustFault(StrEnum):
    """What was wrong, named as The Update Framework names attacks where it has a name."""

    SIGNATURE = "SIGNATURE"
    """No key that may sign this object has signed it."""
    THRESHOLD = "THRESHOLD"
    """A root with fewer distinct signers than the old one or itself demands."""
    ROLLBACK = "ROLLBACK"
    """A version at or below the one held, or an epoch that falls."""
    FORK = "FORK"
    """The version held, with other bytes."""
    OTHER_ROOT = "OTHER_ROOT"
    """A bundle of a root version that is not the one held."""
    ROOT_EXPIRED = "ROOT_EXPIRED"
    """The root held has certainly expired: only a newer root is taken."""
    OTHER_FACILITY = "OTHER_FACILITY"
    OTHER_CONTROLLER = "OTHER_CONTROLLER"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    """Issued after the latest instant it can now be."""
    UNKNOWN_ISSUER = "UNKNOWN_ISSUER"
    """No key of that kid has that role at that instant."""
    NO_BUNDLE = "NO_BUNDLE"
    """Nothing is trusted yet, or the root has dropped the key that signed the bundle held."""


class TrustRefused(Exception):
    """A well-formed object that the trust state does not take."""

    def __init__(self, fault: TrustFault, detail: str) -> None:
        """Say which rule refused it, and in one sentence why."""
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
