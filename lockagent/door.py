"""A door as a machine: what its strike should do, and what is to be recorded, event by event.

Pure. Time is monotonic seconds inside the events; `step` returns the next state and the commands in
the order they are to be carried out. One type for each state:

    Locked      closed, strike secured
    Released    closed, strike released for a while: by a grant or by a request to exit
    Passage     open, and somebody had the right to open it
    HeldOpen    open longer than the held-open time; told once
    ForcedOpen  open with neither grant nor request to exit; told once
    Unlocked    the strike stands released, by an unlock schedule; open or closed

Rules kept here:
- a request to exit releases the strike in every state, whatever else is wrong;
- a grant releases it too, and never calms an alarm: only closing the door ends an episode;
- closing the door secures the strike: one grant, one passage;
- a grant nobody used is recorded as not taken, once, when its time and a second have passed; at a
  door that stands open or unlocked no switch can tell, so there a grant has no outcome;
- an event that changes nothing (closed when closed) records nothing, so chatter is no alarm.

Whether somebody may pass is decided elsewhere (`lockagent.access`); the hardware frees the way out
by itself, so a mistake here cannot lock anyone in.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from lockagent.protocol.access_event import EventKind

OPENING_GRACE_SECONDS = 1.0
"""A door pushed in the strike's last instant is seen open a little later."""


@dataclass(frozen=True, slots=True)
class DoorTiming:
    """Seconds a door is given: to be free after REX, and to stand open."""

    exit_seconds: int = 5
    held_open_seconds: int = 30


# States.


@dataclass(frozen=True, slots=True)
class Locked:
    """Closed, strike secured."""


@dataclass(frozen=True, slots=True)
class Released:
    """Closed and free until `until`; `attempt` is the grant's, None where REX alone freed it."""

    until: float
    attempt: bytes | None


@dataclass(frozen=True, slots=True)
class Passage:
    """Open by right; at `held_at` it will have been open too long."""

    held_at: float


@dataclass(frozen=True, slots=True)
class HeldOpen:
    """Open too long, and told."""


@dataclass(frozen=True, slots=True)
class ForcedOpen:
    """Open without right, and told."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Free to everyone until the schedule says otherwise."""

    is_open: bool


Door: TypeAlias = Locked | Released | Passage | HeldOpen | ForcedOpen | Unlocked


# Events, each at a monotonic second.


@dataclass(frozen=True, slots=True)
class AccessGranted:
    """A decision for `attempt`: free the door for `seconds`."""

    at: float
    seconds: int
    attempt: bytes


@dataclass(frozen=True, slots=True)
class ExitRequested:
    """REX: somebody leaves."""

    at: float


@dataclass(frozen=True, slots=True)
class DoorMoved:
    """The position switch changed."""

    at: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened, but `deadline` has come."""

    at: float


@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """An unlock window has begun or ended, or a lockdown has suspended it."""

    at: float
    is_unlocked: bool


Event: TypeAlias = AccessGranted | ExitRequested | DoorMoved | TimePassed | ScheduleChanged


# Commands.


@dataclass(frozen=True, slots=True)
class ReleaseStrike:
    """Free the door for `seconds`; the hardware secures it again by itself."""

    seconds: int


@dataclass(frozen=True, slots=True)
class StandReleased:
    """Free the door until told otherwise."""


@dataclass(frozen=True, slots=True)
class SecureStrike:
    """Lock the door."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write it in the journal; `attempt` where it is the outcome of a grant."""

    kind: EventKind
    attempt: bytes | None = None


Command: TypeAlias = ReleaseStrike | StandReleased | SecureStrike | Record
Step: TypeAlias = tuple[Door, tuple[Command, ...]]


def begin(is_open: bool) -> Step:
    """The door when power returns: strike secured; one found open is nobody's passage."""
    if is_open:
        return ForcedOpen(), (SecureStrike(), Record(EventKind.FORCED_OPEN))
    return Locked(), (SecureStrike(),)


def deadline(door: Door) -> float | None:
    """When `TimePassed` is due, in monotonic seconds; None while time changes nothing."""
    if isinstance(door, Released):
        return door.until
    return door.held_at if isinstance(door, Passage) else None


def step(door: Door, event: Event, timing: DoorTiming) -> Step:
    """The door after `event`, and what is to be done, first things first."""
    door, due = _let_time_pass(door, event.at)
    if isinstance(event, AccessGranted):
        door, commands = _granted(door, event)
    elif isinstance(event, ExitRequested):
        door, commands = _exit_requested(door, event.at, timing)
    elif isinstance(event, ScheduleChanged):
        door, commands = _schedule_changed(door, event, timing)
    elif isinstance(event, DoorMoved):
        door, commands = _opened(door, event.at, timing) if event.is_open else _closed(door)
    else:
        commands = ()
    return door, due + commands


def _let_time_pass(door: Door, at: float) -> Step:
    if isinstance(door, Released) and at >= door.until:
        if door.attempt is None:
            return Locked(), (SecureStrike(),)
        return Locked(), (SecureStrike(), Record(EventKind.ACCESS_NOT_TAKEN, door.attempt))
    if isinstance(door, Passage) and at >= door.held_at:
        return HeldOpen(), (Record(EventKind.HELD_OPEN),)
    return door, ()


def _granted(door: Door, event: AccessGranted) -> Step:
    release = (ReleaseStrike(event.seconds),)
    until = event.at + event.seconds + OPENING_GRACE_SECONDS
    if isinstance(door, Locked):
        return Released(until, event.attempt), release
    if isinstance(door, Released):
        waiting = door.attempt
        lapsed = () if waiting is None else (Record(EventKind.ACCESS_NOT_TAKEN, waiting),)
        return Released(max(until, door.until), event.attempt), release + lapsed
    return door, () if isinstance(door, Unlocked) else release


def _exit_requested(door: Door, at: float, timing: DoorTiming) -> Step:
    recorded = Record(EventKind.REQUEST_TO_EXIT)
    if isinstance(door, Unlocked):
        return door, (recorded,)
    commands = (ReleaseStrike(timing.exit_seconds), recorded)
    until = at + timing.exit_seconds + OPENING_GRACE_SECONDS
    if isinstance(door, Locked):
        return Released(until, None), commands
    if isinstance(door, Released):
        return replace(door, until=max(until, door.until)), commands
    return door, commands


def _opened(door: Door, at: float, timing: DoorTiming) -> Step:
    if isinstance(door, Locked):
        return ForcedOpen(), (Record(EventKind.FORCED_OPEN),)
    if isinstance(door, Released):
        kind = EventKind.DOOR_OPENED if door.attempt is None else EventKind.ACCESS_TAKEN
        return Passage(at + timing.held_open_seconds), (Record(kind, door.attempt),)
    if isinstance(door, Unlocked) and not door.is_open:
        return Unlocked(is_open=True), (Record(EventKind.DOOR_OPENED),)
    return door, ()


def _closed(door: Door) -> Step:
    if isinstance(door, Locked | Released):
        return door, ()
    recorded = Record(EventKind.DOOR_CLOSED)
    if isinstance(door, Unlocked):
        return Unlocked(is_open=False), (recorded,) if door.is_open else ()
    return Locked(), (SecureStrike(), recorded)


def _schedule_changed(door: Door, event: ScheduleChanged, timing: DoorTiming) -> Step:
    if event.is_unlocked:
        if isinstance(door, Unlocked):
            return door, ()
        is_open = not isinstance(door, Locked | Released)
        lapsed = (
            (Record(EventKind.ACCESS_NOT_TAKEN, door.attempt),)
            if isinstance(door, Released) and door.attempt is not None
            else ()
        )
        return Unlocked(is_open), (StandReleased(), *lapsed)
    if not isinstance(door, Unlocked):
        return door, ()
    if door.is_open:
        return Passage(event.at + timing.held_open_seconds), (SecureStrike(),)
    return Locked(), (SecureStrike(),)
