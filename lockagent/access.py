"""Do we open? Steps 13 to 16 of SPEC.md section 6, for one access point.

What reaches `conclude` is true already (`VerifiedPresentation`); what is left is the door's own:
its mode now, its settings, its hardware, and the journal. Rules kept here:
- lockdown is read again here, not from the snapshot the verification used;
- no entry, no opening: the strike moves after the entry is on the disk, never before;
- the same (`cti`, `attempt`) within 30 s is answered with the same answer: one pulse, one count;
- a press of the presence button serves the first grant that needs it, and no other;
- a longer strike is given to whoever the grant says, or whoever asks; the settings bound it;
- version 1 opens and does nothing else: another action is refused as something the door cannot do;
- a denial from step 8 on has its entry with the precise reason, and is counted where it is one of
  many (`lockagent.denials`); earlier failures are counted.

`conclusion` is the pure decision; `AccessPoint` carries it out. The outcome (step 16) is written by
the door's driver when the door has moved, or has not.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from firmware_stubs.interfaces import HardwareFault
from lockagent.beliefs import Beliefs
from lockagent.denials import DenialCount
from lockagent.door_driver import DoorDriver
from lockagent.exchange import Opening
from lockagent.journal import Happening, JournalUnwritable, detail_of
from lockagent.protocol.access_event import Detail, EventKind
from lockagent.protocol.door_settings import PointSettings
from lockagent.protocol.errors import CoarseReason, DenialReason, VerificationError
from lockagent.protocol.verification import VerifiedPresentation
from lockagent.recorder import Recorder
from lockagent.reporting import Reporter
from policies.grant import GrantFlags
from policies.vocabulary import AccessPointId, AccessPointNumber, Action, Instant

ATTEMPT_SECONDS = 30.0
PRESENCE_SECONDS = 15.0
STRIKE_SECONDS = 5
EXTENDED_STRIKE_SECONDS = 15
"""What an access point has before its first settings."""


@dataclass(frozen=True, slots=True)
class DoorMode:
    """The door at this moment: lockdown, the button, and its settings if it has any."""

    is_locked_down: bool
    was_button_pressed: bool
    settings: PointSettings | None


@dataclass(frozen=True, slots=True)
class Granted:
    """Release the strike for `strike_seconds`."""

    strike_seconds: int


@dataclass(frozen=True, slots=True)
class Denied:
    """Leave it alone: the journal's reason, and what the phone is told."""

    reason: DenialReason
    coarse: CoarseReason


Decision: TypeAlias = Granted | Denied


def conclusion(presented: VerifiedPresentation, mode: DoorMode) -> Decision:
    """Step 13 without its effects: what a true and permitted presentation comes to here and now."""
    if mode.is_locked_down and not presented.flags & GrantFlags.LOCKDOWN_EXEMPT:
        return Denied(DenialReason.THREAT_LEVEL, CoarseReason.DOOR_MODE)
    if presented.request.action is not Action.OPEN:
        return Denied(DenialReason.OUT_OF_SERVICE, CoarseReason.DOOR_CANNOT)
    if presented.flags & GrantFlags.NEEDS_PRESENCE and not mode.was_button_pressed:
        return Denied(DenialReason.INCORRECT_AUTHENTICATION_FACTOR, CoarseReason.OTHER)
    is_longer = presented.request.longer_strike or presented.flags & GrantFlags.LONGER_STRIKE
    if mode.settings is None:
        return Granted(EXTENDED_STRIKE_SECONDS if is_longer else STRIKE_SECONDS)
    settings = mode.settings
    return Granted(settings.extended_strike_seconds if is_longer else settings.strike_seconds)


@dataclass(frozen=True, slots=True)
class _Answered:
    opening: Opening
    until: float


class AccessPoint:
    """The place behind one reader."""

    def __init__(
        self,
        driver: DoorDriver,
        beliefs: Beliefs,
        recorder: Recorder,
        reporter: Reporter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Decide for the door that `driver` moves; `monotonic` tells how old an attempt is."""
        self._monotonic = monotonic
        self._driver = driver
        self._beliefs = beliefs
        self._recorder = recorder
        self._reporter = reporter
        self._answered: dict[tuple[bytes, bytes], _Answered] = {}
        self._failures: Counter[DenialReason] = Counter()
        self._denials = DenialCount()

    @property
    def number(self) -> AccessPointNumber:
        """The access point's number, as grants name it."""
        return self._driver.number

    @property
    def name(self) -> AccessPointId:
        """The access point's path, as people's files name it."""
        return self._driver.name

    def conclude(self, presented: VerifiedPresentation) -> Opening:
        """Decide, write it down, release the strike; what RESULT then says.

        It does not wait, so that nothing comes between the entry and the strike.
        """
        now = self._monotonic()
        attempt = (presented.credential.cti, presented.request.attempt)
        self._forget_answered(now)
        if attempt in self._answered:
            return self._answered[attempt].opening
        decision = conclusion(presented, self._mode())
        if isinstance(decision, Denied):
            return self._deny(decision, presented.credential.cti, _details(presented))
        opening = self._open(presented, decision)
        if opening.granted:
            if presented.flags & GrantFlags.NEEDS_PRESENCE:
                self._driver.forget_presence()
            self._answered[attempt] = _Answered(opening, now + ATTEMPT_SECONDS)
        return opening

    def refuse(
        self,
        refusal: VerificationError,
        presented_cti: bytes,
        next_opening: Instant | None = None,
    ) -> Opening:
        """Write a denial of steps 8 to 12 down; what RESULT then says."""
        denied = Denied(refusal.reason, refusal.coarse)
        return self._deny(denied, presented_cti, {"step": refusal.step}, next_opening)

    def count_failure(self, reason: DenialReason) -> None:
        """Count a failure of steps 1 to 7; `record_failures` writes the counts down."""
        self._failures[reason] += 1

    def record_failures(self) -> None:
        """Write down what was counted since the last time; called once a minute."""
        failures, self._failures = self._failures, Counter()
        for counted, detail in (
            (failures, dict[str, Detail]()),
            (self._denials.take_repeated(), {"denied": True}),
        ):
            if counted:
                details = detail | {str(reason): count for reason, count in counted.items()}
                self._recorder.note(
                    Happening(EventKind.COUNTED_FAILURES, self.number, details=details)
                )

    def _forget_answered(self, now: float) -> None:
        """Drop the attempts whose time is over, which are those answered first."""
        while self._answered:
            oldest = next(iter(self._answered))
            if self._answered[oldest].until > now:
                break
            del self._answered[oldest]

    def _mode(self) -> DoorMode:
        return DoorMode(
            is_locked_down=self._beliefs.trust.lockdown,
            was_button_pressed=self._driver.was_present(PRESENCE_SECONDS),
            settings=self._beliefs.settings_of(self.number),
        )

    def _open(self, presented: VerifiedPresentation, granted: Granted) -> Opening:
        """Steps 13 to 14: the entry, then the strike."""
        cti, attempt = presented.credential.cti, presented.request.attempt
        details = _details(presented) | {"strike_seconds": granted.strike_seconds}
        happening = Happening(EventKind.ACCESS_GRANTED, self.number, cti=cti, details=details)
        try:
            self._recorder.record(happening)
        except JournalUnwritable:
            return self._tell_denied(Denied(DenialReason.OUT_OF_SERVICE, CoarseReason.DOOR_CANNOT))
        try:
            self._driver.grant(granted.strike_seconds, attempt)
        except HardwareFault as error:
            failed: dict[str, Detail] = {"attempt": attempt, "detail": detail_of(str(error))}
            self._recorder.note(
                Happening(EventKind.STRIKE_FAILED, self.number, cti=cti, details=failed)
            )
            self._reporter.tell("fault", access_point=self.name, detail=str(error))
            return self._tell_denied(Denied(DenialReason.OUT_OF_SERVICE, CoarseReason.DOOR_CANNOT))
        moved = time.monotonic_ns()
        self._reporter.tell(
            "granted",
            access_point=self.name,
            attempt=attempt.hex(),
            strike_seconds=granted.strike_seconds,
            strike_monotonic_ns=moved,
        )
        return Opening(True, granted.strike_seconds, CoarseReason.NONE, None)

    def _deny(
        self,
        denied: Denied,
        cti: bytes,
        details: dict[str, Detail],
        next_opening: Instant | None = None,
    ) -> Opening:
        if self._denials.has_entry(cti, denied.reason, self._monotonic()):
            self._recorder.note(
                Happening(EventKind.ACCESS_DENIED, self.number, denied.reason, cti, details)
            )
        return self._tell_denied(denied, next_opening)

    def _tell_denied(self, denied: Denied, next_opening: Instant | None = None) -> Opening:
        self._reporter.tell("denied", access_point=self.name, reason=str(denied.reason))
        return Opening(False, 0, denied.coarse, next_opening)


def _details(presented: VerifiedPresentation) -> dict[str, Detail]:
    return {
        "revision": presented.credential.revision,
        "round_trip_ms": presented.round_trip_ms,
        "attempt": presented.request.attempt,
        "action": int(presented.request.action),
    }
