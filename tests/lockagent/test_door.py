"""The door machine: every state with every event, and the rules over any sequence of them."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.door import (
    OPENING_GRACE_SECONDS,
    AccessGranted,
    Command,
    Door,
    DoorMoved,
    DoorTiming,
    Event,
    ExitRequested,
    ForcedOpen,
    HeldOpen,
    Locked,
    Passage,
    Record,
    Released,
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
from lockagent.protocol.access_event import EventKind

TIMING = DoorTiming(exit_seconds=5, held_open_seconds=30)
MINE, OTHER = b"attempt1", b"attempt2"
AT = 100.0

STATES: dict[str, Door] = {
    "locked": Locked(),
    "granted": Released(AT + 3, MINE),
    "leaving": Released(AT + 3, None),
    "passage": Passage(AT + 20),
    "held": HeldOpen(),
    "forced": ForcedOpen(),
    "unlocked": Unlocked(is_open=False),
    "unlocked, open": Unlocked(is_open=True),
}
EVENTS: dict[str, Event] = {
    "grant": AccessGranted(AT, 4, OTHER),
    "exit": ExitRequested(AT),
    "opens": DoorMoved(AT, is_open=True),
    "closes": DoorMoved(AT, is_open=False),
    "waits": TimePassed(AT),
    "waits long": TimePassed(AT + 60),
    "unlocks": ScheduleChanged(AT, is_unlocked=True),
    "locks": ScheduleChanged(AT, is_unlocked=False),
}

_FREED = AT + 4 + OPENING_GRACE_SECONDS
_LEAVES = AT + 5 + OPENING_GRACE_SECONDS
_PULSE, _SECURE, _STAND = ReleaseStrike(4), SecureStrike(), StandReleased()
_EXIT = (ReleaseStrike(5), Record(EventKind.REQUEST_TO_EXIT))
_NOT_TAKEN = Record(EventKind.ACCESS_NOT_TAKEN, MINE)
_CLOSED = (_SECURE, Record(EventKind.DOOR_CLOSED))

# What each state comes to; a pair that is not named changes nothing and does nothing.
EXPECTED: dict[tuple[str, str], tuple[Door, tuple[Command, ...]]] = {
    ("locked", "grant"): (Released(_FREED, OTHER), (_PULSE,)),
    ("locked", "exit"): (Released(_LEAVES, None), _EXIT),
    ("locked", "opens"): (ForcedOpen(), (Record(EventKind.FORCED_OPEN),)),
    ("locked", "unlocks"): (Unlocked(is_open=False), (_STAND,)),
    ("granted", "grant"): (Released(_FREED, OTHER), (_PULSE, _NOT_TAKEN)),
    ("granted", "exit"): (Released(_LEAVES, MINE), _EXIT),
    ("granted", "opens"): (Passage(AT + 30), (Record(EventKind.ACCESS_TAKEN, MINE),)),
    ("granted", "waits long"): (Locked(), (_SECURE, _NOT_TAKEN)),
    ("granted", "unlocks"): (Unlocked(is_open=False), (_STAND, _NOT_TAKEN)),
    ("leaving", "grant"): (Released(_FREED, OTHER), (_PULSE,)),
    ("leaving", "exit"): (Released(_LEAVES, None), _EXIT),
    ("leaving", "opens"): (Passage(AT + 30), (Record(EventKind.DOOR_OPENED),)),
    ("leaving", "waits long"): (Locked(), (_SECURE,)),
    ("leaving", "unlocks"): (Unlocked(is_open=False), (_STAND,)),
    ("passage", "grant"): (Passage(AT + 20), (_PULSE,)),
    ("passage", "exit"): (Passage(AT + 20), _EXIT),
    ("passage", "closes"): (Locked(), _CLOSED),
    ("passage", "waits long"): (HeldOpen(), (Record(EventKind.HELD_OPEN),)),
    ("passage", "unlocks"): (Unlocked(is_open=True), (_STAND,)),
    ("held", "grant"): (HeldOpen(), (_PULSE,)),
    ("held", "exit"): (HeldOpen(), _EXIT),
    ("held", "closes"): (Locked(), _CLOSED),
    ("held", "unlocks"): (Unlocked(is_open=True), (_STAND,)),
    ("forced", "grant"): (ForcedOpen(), (_PULSE,)),
    ("forced", "exit"): (ForcedOpen(), _EXIT),
    ("forced", "closes"): (Locked(), _CLOSED),
    ("forced", "unlocks"): (Unlocked(is_open=True), (_STAND,)),
    ("unlocked", "exit"): (Unlocked(is_open=False), _EXIT[1:]),
    ("unlocked", "opens"): (Unlocked(is_open=True), (Record(EventKind.DOOR_OPENED),)),
    ("unlocked", "locks"): (Locked(), (_SECURE,)),
    ("unlocked, open", "exit"): (Unlocked(is_open=True), _EXIT[1:]),
    ("unlocked, open", "closes"): (Unlocked(is_open=False), _CLOSED[1:]),
    ("unlocked, open", "locks"): (Passage(AT + 30), (_SECURE,)),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_answers_every_event(state: str, event: str) -> None:
    expected = EXPECTED.get((state, event), (STATES[state], ()))
    assert step(STATES[state], EVENTS[event], TIMING) == expected


def test_power_returns_with_the_strike_secured() -> None:
    assert begin(is_open=False) == (Locked(), (SecureStrike(),))


def test_a_door_found_open_when_power_returns_is_an_alarm() -> None:
    assert begin(is_open=True) == (
        ForcedOpen(),
        (SecureStrike(), Record(EventKind.FORCED_OPEN)),
    )


def test_a_door_pushed_a_second_after_its_time_is_forced() -> None:
    released, _ = step(Locked(), AccessGranted(AT, 4, MINE), TIMING)
    late = AT + 4 + OPENING_GRACE_SECONDS
    assert isinstance(step(released, DoorMoved(late - 0.01, True), TIMING)[0], Passage)
    door, commands = step(released, DoorMoved(late, True), TIMING)
    assert door == ForcedOpen()
    assert commands == (_SECURE, _NOT_TAKEN, Record(EventKind.FORCED_OPEN))


def test_a_door_standing_open_is_told_once_at_the_second() -> None:
    assert step(Passage(AT), TimePassed(AT - 0.01), TIMING) == (Passage(AT), ())
    held, commands = step(Passage(AT), TimePassed(AT), TIMING)
    assert commands == (Record(EventKind.HELD_OPEN),)
    assert step(held, TimePassed(AT + 3600), TIMING) == (held, ())


# The rules, over any sequence: a model of the hardware follows the commands.

_gaps = st.floats(0, 40, allow_nan=False)
_moves = st.one_of(
    st.tuples(st.just("grant"), st.integers(1, 20)),
    st.tuples(
        st.sampled_from(["exit", "opens", "closes", "waits", "unlocks", "locks"]), st.just(0)
    ),
)


@dataclass
class Played:
    """A door that was played a sequence of events."""

    door: Door
    at: float = 0.0
    is_open: bool = False
    attempts: int = 0
    granted: list[bytes] | None = None

    def event(self, name: str, seconds: int) -> Event:
        if name == "grant":
            self.attempts += 1
            return AccessGranted(self.at, seconds, self.attempts.to_bytes(8, "big"))
        self.is_open = {"opens": True, "closes": False}.get(name, self.is_open)
        events: dict[str, Event] = {
            "exit": ExitRequested(self.at),
            "opens": DoorMoved(self.at, True),
            "closes": DoorMoved(self.at, False),
            "waits": TimePassed(self.at),
            "unlocks": ScheduleChanged(self.at, True),
            "locks": ScheduleChanged(self.at, False),
        }
        return events[name]


@given(st.lists(st.tuples(_gaps, _moves), max_size=30))
def test_the_rules_hold_over_any_sequence(moves: list[tuple[float, tuple[str, int]]]) -> None:
    played = Played(begin(False)[0])
    outcomes: list[bytes] = []
    alarms = 0
    for gap, (name, seconds) in moves:
        played.at += gap
        event = played.event(name, seconds)
        before = played.door
        played.door, commands = step(before, event, TIMING)
        if name == "exit":
            is_freed = any(isinstance(each, ReleaseStrike) for each in commands)
            assert is_freed or isinstance(played.door, Unlocked), "the way out was refused"
        if name in ("waits", "locks", "closes"):
            assert not any(isinstance(each, ReleaseStrike | StandReleased) for each in commands)
        for command in commands:
            if isinstance(command, Record):
                alarms += command.kind in (EventKind.FORCED_OPEN, EventKind.HELD_OPEN)
                if command.attempt is not None:
                    outcomes.append(command.attempt)
        is_known_open = isinstance(played.door, Passage | HeldOpen | ForcedOpen) or (
            isinstance(played.door, Unlocked) and played.door.is_open
        )
        assert is_known_open == played.is_open
        due = deadline(played.door)
        assert due is None or due > played.at
    assert len(outcomes) == len(set(outcomes)), "a grant had two outcomes"
    assert alarms <= sum(name != "closes" for _, (name, _) in moves)


@given(st.lists(st.booleans(), max_size=50))
def test_G02_chatter_of_the_switch_is_one_alarm_an_episode(positions: list[bool]) -> None:
    door, alarms, openings, was_open = begin(False)[0], 0, 0, False
    for is_open in positions:
        door, commands = step(door, DoorMoved(AT, is_open), TIMING)
        alarms += sum(
            isinstance(each, Record) and each.kind is EventKind.FORCED_OPEN for each in commands
        )
        openings += is_open and not was_open
        was_open = is_open
    assert alarms == openings
