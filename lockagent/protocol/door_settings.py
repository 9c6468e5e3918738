"""Door settings: how each access point of one controller behaves. SPEC.md 8.4.

Signed by a bundle key and sent over the agent's own link only, never by a courier. Rules kept
here:
- for one controller, with a version that only grows;
- access points ascend; all strike and alarm times are whole seconds, stated for every point;
- unlock windows are absolute, ascending and disjoint: a schedule ends where its windows end.

What a door does with its settings is the door machine's.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import TypeAlias

from lockagent.protocol.claims import (
    MAX_INSTANT,
    Received,
    check_ascending,
    check_controller,
    check_counter,
    check_most,
    malformed_where_invalid,
    take_controller,
    take_counter,
    take_instant,
)
from lockagent.protocol.encoding import (
    Value,
    decode,
    encode,
    take_array,
    take_bool,
    take_uint,
)
from lockagent.protocol.envelope import ObjectType, Realm, parse_sign1, sign
from lockagent.protocol.keys import SigningKey
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustFault, TrustRefused
from policies.grant import Window
from policies.vocabulary import (
    MAX_ACCESS_POINT_NUMBER,
    AccessPointNumber,
    ControllerId,
    Instant,
)

SETTINGS_BYTES = 65_536
MAX_STRIKE_SECONDS = 255
MAX_HELD_OPEN_SECONDS = 65_535


class FailMode(IntEnum):
    """What the lock does without power."""

    SECURE = 0
    SAFE = 1


@dataclass(frozen=True, slots=True)
class PointSettings:
    """One access point: strike, extended strike and held-open times in seconds."""

    point: AccessPointNumber
    sensitive: bool
    strike_seconds: int
    extended_strike_seconds: int
    held_open_seconds: int
    fail_mode: FailMode
    unlock_windows: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        if not 1 <= self.point <= MAX_ACCESS_POINT_NUMBER:
            raise ValueError(f"expected an access point 1 to {MAX_ACCESS_POINT_NUMBER}")
        if not 1 <= self.strike_seconds <= self.extended_strike_seconds <= MAX_STRIKE_SECONDS:
            raise ValueError(
                f"expected 1 <= strike <= extended strike <= {MAX_STRIKE_SECONDS} s,"
                f" got {self.strike_seconds} and {self.extended_strike_seconds}"
            )
        if not 1 <= self.held_open_seconds <= MAX_HELD_OPEN_SECONDS:
            raise ValueError(
                f"expected held open after 1 to {MAX_HELD_OPEN_SECONDS} s,"
                f" got {self.held_open_seconds}"
            )
        if any(not 0 <= start < end <= MAX_INSTANT for start, end in self.unlock_windows):
            raise ValueError("expected windows with a length, got one that ends where it starts")
        if any(before.end >= after.start for before, after in pairwise(self.unlock_windows)):
            raise ValueError("expected ascending disjoint windows, got two that meet")


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Version `version` of the settings of all access points of `controller`."""

    controller: ControllerId
    version: int
    issued: Instant
    points: tuple[PointSettings, ...]

    def __post_init__(self) -> None:
        """Refuse what the wire refuses (ValueError)."""
        check_controller(self.controller)
        check_counter("a settings version", self.version, 1)
        if not 0 <= self.issued <= MAX_INSTANT:
            raise ValueError(f"expected an instant within the calendar, got {self.issued}")
        if not self.points:
            raise ValueError("expected settings of at least one access point, got none")
        check_ascending("access points", [settings.point for settings in self.points])

    def of_point(self, point: AccessPointNumber) -> PointSettings | None:
        """The settings of `point`, None where they name no such access point."""
        return next((settings for settings in self.points if settings.point == point), None)


ReceivedSettings: TypeAlias = Received[DoorSettings]


def sign_settings(settings: DoorSettings, realm: Realm, signing_key: SigningKey) -> bytes:
    """The signed settings, by a bundle key."""
    points: list[Value] = [
        [
            item.point,
            item.sensitive,
            item.strike_seconds,
            item.extended_strike_seconds,
            item.held_open_seconds,
            int(item.fail_mode),
            [[window.start, window.end] for window in item.unlock_windows],
        ]
        for item in settings.points
    ]
    payload = encode([settings.controller, settings.version, settings.issued, points])
    return sign(payload, ObjectType.SETTINGS, realm, signing_key)


def parse_settings(received: bytes) -> ReceivedSettings:
    """Take exactly one settings object apart, or MalformedMessage."""
    check_most("settings", received, SETTINGS_BYTES)
    sign1 = parse_sign1(received)
    controller, version, issued, points = take_array(decode(sign1.payload), "settings", 4)
    with malformed_where_invalid():
        settings = DoorSettings(
            controller=take_controller(controller),
            version=take_counter(version, "a settings version", 1),
            issued=take_instant(issued, "issued"),
            points=tuple(
                _read_point(item) for item in take_array(points, "access points", least=1)
            ),
        )
    return Received(received, sign1, settings)


def verify_settings(
    received: bytes,
    trust: TrustState,
    controller: ControllerId,
    held_version: int,
    hi: Instant | None,
) -> DoorSettings:
    """Settings newer than `held_version` (0 for none) for this controller; else TrustRefused.

    Signed by a bundle key of the root that `trust` holds, and issued by `hi` at the latest.
    """
    parsed = parse_settings(received)
    trust.bundle_key(parsed.sign1, ObjectType.SETTINGS)
    settings = parsed.claims
    if settings.controller != controller:
        raise TrustRefused(
            TrustFault.OTHER_CONTROLLER,
            f"expected settings of {controller}, got those of {settings.controller}",
        )
    if settings.version <= held_version:
        raise TrustRefused(
            TrustFault.ROLLBACK,
            f"expected settings above version {held_version}, got {settings.version}",
        )
    if hi is not None and settings.issued > hi:
        raise TrustRefused(
            TrustFault.FROM_THE_FUTURE, f"expected settings issued by {hi}, got {settings.issued}"
        )
    return settings


def _read_point(value: Value) -> PointSettings:
    point, sensitive, strike, extended, held_open, fail_mode, windows = take_array(
        value, "an access point's settings", 7
    )
    return PointSettings(
        point=AccessPointNumber(take_uint(point, "an access point", MAX_ACCESS_POINT_NUMBER, 1)),
        sensitive=take_bool(sensitive, "sensitive"),
        strike_seconds=take_uint(strike, "strike seconds", MAX_STRIKE_SECONDS, 1),
        extended_strike_seconds=take_uint(extended, "extended strike", MAX_STRIKE_SECONDS, 1),
        held_open_seconds=take_uint(held_open, "held-open seconds", MAX_HELD_OPEN_SECONDS, 1),
        fail_mode=FailMode(take_uint(fail_mode, "fail mode", max(FailMode))),
        unlock_windows=tuple(
            _read_window(window) for window in take_array(windows, "unlock windows")
        ),
    )


def _read_window(value: Value) -> Window:
    start, end = take_array(value, "a window", 2)
    return Window(take_instant(start, "a window's start"), take_instant(end, "a window's end"))
