"""What the key server answers when it does not do what was asked.

Three kinds, kept apart:
- `Refusal`: the caller's to mend. It carries the name of its problem page and the HTTP status, so
  that the edge renders every refusal from one function (RFC 9457);
- `StoreUnavailable`, `SignerUnavailable`: the world failed; the same call may succeed later;
- `IssuanceFault`: this server signed something its own doors would not accept; nothing was
  released, and somebody must look.

A sentence says what was expected, then what was got: ids, never codes, tokens, keys or nonces.
"""

from typing import ClassVar


class Refusal(Exception):
    """A request that is well formed and is not granted.

    A kind that knows when to ask again, or which journal entry is next, says so in its instances.
    """

    problem: ClassVar[str]
    status: ClassVar[int]
    retry_after_seconds: int | None = None
    expected_sequence: int | None = None


class CodeNotAccepted(Refusal):
    """A code that is unknown, used or expired: one answer for all three, so as to be no oracle."""

    problem = "code-not-accepted"
    status = 400

    def __init__(self) -> None:
        super().__init__("expected a code that is valid and unused, got another")


class TooManyTries(Refusal):
    """An address has tried too many codes in a minute."""

    problem = "too-many-requests"
    status = 429

    def __init__(self, most: int, retry_after_seconds: int) -> None:
        super().__init__(f"expected at most {most} tries a minute, got more")
        self.retry_after_seconds = retry_after_seconds


class KeyAlreadyEnrolled(Refusal):
    """A device key or agent key that somebody has enrolled before."""

    problem = "key-already-enrolled"
    status = 409


class DeviceLimit(Refusal):
    """A person who has as many devices as one may have."""

    problem = "device-limit"
    status = 403


class IdempotencyConflict(Refusal):
    """An Idempotency-Key that came before with another body."""

    problem = "idempotency-conflict"
    status = 409


class ReadersMismatch(Refusal):
    """Readers that are not those of the controller's access points in the places file."""

    problem = "readers-mismatch"
    status = 409


class AlreadyUsed(Refusal):
    """An identifier that must be used once and was used before (a replay)."""

    problem = "already-used"
    status = 401


class NotThisCaller(Refusal):
    """A caller of another kind than this request is for, or one no longer enrolled."""

    problem = "wrong-scope"
    status = 403


class UnknownFacility(Refusal):
    """A facility that this tenant does not have."""

    problem = "unknown-facility"
    status = 400


class UnknownAccessPoint(Refusal):
    """An access point that the facility named does not have."""

    problem = "unknown-access-point"
    status = 400


class TooManyRequestsInBatch(Refusal):
    """More credentials asked for at once than an answer may hold."""

    problem = "too-many-requests-in-batch"
    status = 400


class KeyAlreadyUsed(Refusal):
    """A presentation key that is bound to another credential."""

    problem = "key-already-used"
    status = 409


class NotYourJournal(Refusal):
    """A journal batch that the caller's agent key did not sign for the caller's controller."""

    problem = "not-your-journal"
    status = 403


class JournalGap(Refusal):
    """A journal batch that begins after the entry expected next."""

    problem = "journal-gap"
    status = 409

    def __init__(self, expected_sequence: int, got: int) -> None:
        super().__init__(f"expected the entry {expected_sequence} next, got {got}")
        self.expected_sequence = expected_sequence


class JournalFork(Refusal):
    """A journal batch that contradicts entries received before; it was kept as evidence."""

    problem = "journal-fork"
    status = 409

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"expected the entry {sequence} to continue the journal received before, got another"
        )
        self.sequence = sequence


class AdministratorError(Exception):
    """A verb that names something that is not there, or cannot be done as asked."""


class Superseded(Exception):
    """Something has changed since a change or a credential was prepared; prepare it again."""


class Interrupted(Exception):
    """A verb was interrupted; the sentence says whether what it does was committed."""


class StoreUnavailable(Exception):
    """The database cannot be read or written now."""


class PortUnavailable(Exception):
    """The address to listen on cannot be had."""


class SignerUnavailable(Exception):
    """A signing key cannot be opened, or does not sign."""


class IssuanceFault(Exception):
    """The door's own verification refused what was signed here; it was not released."""
