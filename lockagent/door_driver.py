"""One door's hardware, driven by the pure machine of `lockagent.door`.

Inputs become events with the loop's monotonic time, commands become calls to the strike and entries
in the journal, deadlines a timer. Rules kept here:
- the strike is moved before the journal is written for REX, and after it for a grant (whoever
  grants has written it already);
- what is due by time is done before a grant's own commands, which nothing may undo;
- a strike that does not move is a fault, journalled and told; a grant then fails, REX does not;
- a strike that stays released after it was secured is told once until it is secured again.
"""

import asyncio
from collections.abc import Iterable

from firmware_stubs.interfaces import DoorHardware, FailMode, HardwareFault
from lockagent.beliefs import Beliefs
from lockagent.door import (
    AccessGranted,
    Command,
    Door,
    DoorMoved,
    DoorTiming,
    Event,
    ExitRequested,
    Record,
    ReleaseStrike,
    ScheduleChanged,
    SecureStrike,
    StandReleased,
    TimePassed,
    Unlocked,
    begin,
    deadline,
    step,
)
from lockagent.journal import Happening, detail_of
from lockagent.protocol.access_event import EventKind
from lockagent.protocol.door_settings import FailMode as SettingsFailMode
from lockagent.recorder import Recorder
from lockagent.reporting import Reporter
from policies.vocabulary import AccessPointId, AccessPointNumber


class DoorDriver:
    """The door of one access point, from power-up to the end of the program."""

    def __init__(
        self,
        number: AccessPointNumber,
        name: AccessPointId,
        hardware: DoorHardware,
        beliefs: Beliefs,
        recorder: Recorder,
        reporter: Reporter,
    ) -> None:
        """Secure the strike, look at the door, and listen from now on; within the event loop."""
        self.number = number
        self.name = name
        self._hardware = hardware
        self._beliefs = beliefs
        self._recorder = recorder
        self._reporter = reporter
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._presence_at: float | None = None
        self._is_stuck = False
        self._fail_mode: FailMode | None = None
        self.follow_settings()
        self._door, commands = begin(hardware.is_open)
        self._carry_out(commands)
        hardware.listen(self)

    @property
    def door(self) -> Door:
        """The state now."""
        return self._door

    def grant(self, seconds: int, attempt: bytes) -> None:
        """Release the strike for a decision already journalled; HardwareFault if it won't move."""
        now, due = self._loop.time(), deadline(self._door)
        if due is not None and now >= due:
            self._take(TimePassed(now))  # the timer is late: what it would secure is secured first
        door, commands = step(self._door, AccessGranted(now, seconds, attempt), self._timing())
        # The strike first: if it does not move, the door is what it was.
        for command in commands:
            if isinstance(command, ReleaseStrike):
                self._hardware.strike.release(command.seconds)
        self._door = door
        self._carry_out(each for each in commands if not isinstance(each, ReleaseStrike))
        self._set_timer()

    def follow_schedule(self, is_unlocked: bool) -> None:
        """Stand unlocked, or not, as the schedule says now."""
        if is_unlocked != isinstance(self._door, Unlocked):
            self._take(ScheduleChanged(self._loop.time(), is_unlocked))

    def follow_settings(self) -> None:
        """Drive the kind of lock that the settings name: fail secure until they come."""
        settings = self._beliefs.settings_of(self.number)
        is_safe = settings is not None and settings.fail_mode is SettingsFailMode.SAFE
        fail_mode = FailMode.SAFE if is_safe else FailMode.SECURE
        if fail_mode is not self._fail_mode:
            self._fail_mode = fail_mode
            self._hardware.set_fail_mode(fail_mode)

    def was_present(self, seconds: float) -> bool:
        """Whether the reader's button was pressed within the last `seconds`."""
        return self._presence_at is not None and self._loop.time() - self._presence_at <= seconds

    def forget_presence(self) -> None:
        """The press has served its grant."""
        self._presence_at = None

    def stop(self) -> None:
        """Secure the strike and drop the timer: the program ends."""
        if self._timer is not None:
            self._timer.cancel()
        self._hardware.strike.secure()

    # What the hardware tells (firmware_stubs.interfaces.DoorListener).

    def door_moved(self, is_open: bool) -> None:
        """The position switch has changed."""
        self._take(DoorMoved(self._loop.time(), is_open))

    def exit_requested(self) -> None:
        """Somebody inside leaves."""
        self._take(ExitRequested(self._loop.time()))

    def presence_pressed(self) -> None:
        """Somebody stands at the reader."""
        self._presence_at = self._loop.time()

    def fault_found(self, sentence: str) -> None:
        """A part does not do what it was told."""
        self._tell_fault(EventKind.FAULT, sentence)

    def _take(self, event: Event) -> None:
        self._door, commands = step(self._door, event, self._timing())
        self._carry_out(commands)
        self._set_timer()

    def _carry_out(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Record):
                self._record(command)
                continue
            try:
                self._move_strike(command)
            except HardwareFault as error:
                self._tell_fault(EventKind.STRIKE_FAILED, str(error))

    def _move_strike(self, command: ReleaseStrike | StandReleased | SecureStrike) -> None:
        strike = self._hardware.strike
        if isinstance(command, ReleaseStrike):
            strike.release(command.seconds)
        elif isinstance(command, StandReleased):
            strike.stand_released()
        else:
            strike.secure()
            was_stuck, self._is_stuck = self._is_stuck, strike.is_released
            if self._is_stuck and not was_stuck:
                raise HardwareFault("expected the strike to secure, got one that stays released")

    def _record(self, command: Record) -> None:
        details = {} if command.attempt is None else {"attempt": command.attempt}
        self._recorder.note(Happening(command.kind, self.number, details=details))
        attempt = {} if command.attempt is None else {"attempt": command.attempt.hex()}
        self._reporter.tell(command.kind.name.lower(), access_point=self.name, **attempt)

    def _tell_fault(self, kind: EventKind, sentence: str) -> None:
        self._recorder.note(Happening(kind, self.number, details={"detail": detail_of(sentence)}))
        self._reporter.tell("fault", access_point=self.name, detail=sentence)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = deadline(self._door)
        self._timer = None if due is None else self._loop.call_at(due, self._time_passed)

    def _time_passed(self) -> None:
        self._take(TimePassed(self._loop.time()))

    def _timing(self) -> DoorTiming:
        settings = self._beliefs.settings_of(self.number)
        if settings is None:
            return DoorTiming()
        return DoorTiming(held_open_seconds=settings.held_open_seconds)
