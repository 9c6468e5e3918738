"""What the controller believes now: trust state, door settings, the interval of time.

Each belief is a pure value of another module; here they are held, kept on the disk, and replaced.
Rules kept here:
- what is verified is relied upon at once and written at once; what the disk does not take is
  written again until it does (`write_rest`), for a full disk must not keep a revocation out;
- what is refused leaves everything as it was;
- what is read back at a start is verified again, from the root that was pinned at installation on;
- a root, bundle or settings issued later than lo raise lo, also when read back (SPEC.md 7);
- settings end with the key that signed them, as a bundle does;
- without settings an access point is a sensitive one: the narrower rules hold;
- after a start the clock has only its stored floor, unless the same boot goes on or a trusted
  real-time clock counted the time between.

Fetching is `lockagent.sync`'s, recording the caller's.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lockagent.clock import (
    NONCE_BYTES,
    ClockInterval,
    ClockRefused,
    NonceWindow,
    Reading,
    widest_seconds,
)
from lockagent.journal import Stamp
from lockagent.protocol.door_settings import (
    DoorSettings,
    PointSettings,
    parse_settings,
    verify_settings,
)
from lockagent.protocol.encoding import decode, encode, take_array, take_bytes, take_uint
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.gatt import ReaderId
from lockagent.protocol.time_source import Clock
from lockagent.protocol.time_token import verify_time_token
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.state_file import read_file, remove_file, replace_file
from policies.vocabulary import AccessPointNumber, ControllerId, FacilityId, Instant

TRUST_FILE = "trust.cbor"
_SETTINGS, _CLOCK = "settings.cbor", "clock.cbor"
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Trust and clock at one moment, for one access point; `hi` None is unbounded.

    `is_clock_narrow` is whether this access point may judge by the clock.
    """

    trust: TrustState
    hi: Instant | None
    is_clock_narrow: bool
    is_sensitive: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose beliefs these are, and what they start from."""

    realm: Realm
    facility: FacilityId
    controller: ControllerId
    root: bytes
    reader_ids: tuple[ReaderId, ...]


class Beliefs:
    """The beliefs of one controller, in one folder."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        clock: Clock,
        boot_id: bytes,
        drift_ppm: int,
        trusts_rtc: bool = False,
    ) -> None:
        """Read back what was believed; OSError where the folder cannot be read.

        `doubts` are sentences about what was there and could not be believed any more.
        """
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._boot_id = boot_id
        self._trust_listeners: list[Callable[[], None]] = []
        self._nonces = NonceWindow()
        self._unwritten: set[str] = set()
        self.doubts: list[str] = []
        self.trust = self._read_trust()
        self._settings_bytes: bytes | None = None
        self.settings = self._read_settings()
        self._interval, self.boot = self._read_clock(drift_ppm, trusts_rtc)
        self._raise_by_what_is_held()
        self._write(_CLOCK)

    @property
    def realm(self) -> Realm:
        """The world and tenant of every object here."""
        return self._identity.realm

    @property
    def facility(self) -> FacilityId:
        """The facility all access points of the controller lie in."""
        return self._identity.facility

    @property
    def controller(self) -> ControllerId:
        """The controller's name at the server."""
        return self._identity.controller

    def on_trust_changed(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of the trust state."""
        self._trust_listeners.append(listener)

    def reading(self) -> Reading:
        """The interval of time now."""
        return self._interval.reading(self._clock.monotonic())

    def snapshot(self, point: AccessPointNumber) -> Snapshot:
        """Trust and clock, taken together."""
        reading = self.reading()
        settings = self.settings_of(point)
        is_sensitive = settings is None or settings.sensitive
        is_narrow = reading.is_narrow(widest_seconds(is_sensitive))
        return Snapshot(self.trust, reading.hi, is_narrow, is_sensitive)

    def settings_of(self, point: AccessPointNumber) -> PointSettings | None:
        """The settings of one access point, None before there are any."""
        return None if self.settings is None else self.settings.of_point(point)

    def stamp(self) -> Stamp:
        """When it is, for a journal entry."""
        reading = self.reading()
        return Stamp(
            utc_lo=reading.lo,
            utc_hi=reading.hi,
            monotonic_ms=int(self._clock.monotonic() * 1000),
            boot=self.boot,
            trust_version=None if self.trust.bundle is None else self.trust.version,
            trust_age_seconds=self.trust.age(reading.hi),
        )

    def time_nonce(self) -> bytes:
        """The newest nonce (16 bytes) that a time token may answer; renewed every minute."""
        now = self._clock.monotonic()
        if self._nonces.needs_new(now):
            self._nonces = self._nonces.with_new(secrets.token_bytes(NONCE_BYTES), now)
        return self._nonces.newest

    def take_root(self, received: bytes) -> bool:
        """Go on to a newer root, and say whether it was; TrustRefused or MalformedMessage."""
        trust = self.trust.update_root(received, self.reading().hi)
        if trust is self.trust:
            return False
        self._replace_trust(trust, trust.root.issued)
        self._drop_settings_without_key()
        return True

    def take_bundle(self, received: bytes) -> bool:
        """Go on to a newer bundle, and say whether it was; TrustRefused or MalformedMessage."""
        reading = self.reading()
        trust = self.trust.update(received, reading.lo, reading.hi)
        if trust.bundle is None or trust is self.trust:
            return False
        self._replace_trust(trust, trust.bundle.issued)
        return True

    def take_settings(self, received: bytes) -> DoorSettings:
        """Go on to newer settings; TrustRefused or MalformedMessage."""
        held = 0 if self.settings is None else self.settings.version
        hi = self.reading().hi
        settings = verify_settings(received, self.trust, self.controller, held, hi)
        self._interval = self._interval.raised(settings.issued, self._clock.monotonic())
        self.settings, self._settings_bytes = settings, received
        self._write(_SETTINGS)
        return settings

    def take_time_token(self, received: bytes) -> Reading:
        """Set the clock by the answer to one of our nonces.

        ClockRefused where it answers none or cannot be true, TrustRefused where its signer is not
        trusted, MalformedMessage where it is no token.
        """
        token = verify_time_token(received, self.trust)
        if token.reader_id not in self._identity.reader_ids:
            raise ClockRefused(f"expected a token for this controller, got {token.reader_id.hex()}")
        self._nonces, asked = self._nonces.taken(token.nonce)
        self._interval = self._interval.answered(token.issued_at, asked, self._clock.monotonic())
        self._write(_CLOCK)
        return self.reading()

    def persist_clock(self) -> None:
        """Write the interval down: its floor must not fall in a power cut. At least hourly."""
        self._write(_CLOCK)

    def write_rest(self) -> None:
        """Write what the disk has not taken yet; OSError while it still does not."""
        for name in sorted(self._unwritten):
            self._replace(name)
            self._unwritten.discard(name)

    def _write(self, name: str) -> None:
        """Write one file now, or leave it to `write_rest`."""
        self._unwritten.add(name)
        try:
            self._replace(name)
        except OSError:
            return  # `write_rest` says so, every second, until it is down
        self._unwritten.discard(name)

    def _replace(self, name: str) -> None:
        content = {
            TRUST_FILE: self.trust.to_bytes,
            _SETTINGS: lambda: self._settings_bytes,
            _CLOCK: self._encode_clock,
        }[name]()
        if content is None:
            remove_file(self._folder / name)
        else:
            replace_file(self._folder / name, content)

    def _encode_clock(self) -> bytes:
        now = self._interval.advanced(self._clock.monotonic())
        written = [
            int(now.lo * _MICRO),
            None if now.hi is None else int(now.hi * _MICRO) + 1,
            int(now.monotonic * _MICRO),
            int(self._clock.now() * _MICRO),
            self._boot_id,
            self.boot,
        ]
        return encode([*written])

    def _replace_trust(self, trust: TrustState, issued: Instant) -> None:
        self._interval = self._interval.raised(issued, self._clock.monotonic())
        self.trust = trust
        for listener in self._trust_listeners:
            listener()
        self._write(TRUST_FILE)

    def _drop_settings_without_key(self) -> None:
        """Under a new root: settings whose key it no longer names count for nothing."""
        if self._settings_bytes is None:
            return
        try:
            self.trust.bundle_key(parse_settings(self._settings_bytes).sign1, ObjectType.SETTINGS)
        except TrustRefused:
            self.settings = self._settings_bytes = None
            self._write(_SETTINGS)

    def _raise_by_what_is_held(self) -> None:
        """What was held before the power went was issued before now."""
        bundle, settings = self.trust.bundle, self.settings
        for issued in (
            self.trust.root.issued,
            None if bundle is None else bundle.issued,
            None if settings is None else settings.issued,
        ):
            if issued is not None:
                try:
                    self._interval = self._interval.raised(issued, self._clock.monotonic())
                except ClockRefused as error:
                    self.doubts.append(f"the stored clock is behind what is held: {error}")

    def _read_trust(self) -> TrustState:
        identity = self._identity
        stored = read_file(self._folder / TRUST_FILE)
        if stored is not None:
            try:
                return TrustState.from_bytes(
                    stored, identity.realm, identity.facility, identity.root
                )
            except (MalformedMessage, TrustRefused) as error:
                self.doubts.append(f"the stored trust state is not believed: {error}")
        return TrustState.begin(identity.realm, identity.facility, identity.root)

    def _read_settings(self) -> DoorSettings | None:
        stored = read_file(self._folder / _SETTINGS)
        if stored is None:
            return None
        try:
            settings = verify_settings(stored, self.trust, self.controller, 0, None)
        except (MalformedMessage, TrustRefused) as error:
            self.doubts.append(f"the stored settings are not believed: {error}")
            return None
        self._settings_bytes = stored
        return settings

    def _read_clock(self, drift_ppm: int, trusts_rtc: bool) -> tuple[ClockInterval, int]:
        """The interval to start from, and the number of this boot."""
        monotonic = self._clock.monotonic()
        stored = read_file(self._folder / _CLOCK)
        if stored is None:
            return ClockInterval.from_floor(0.0, monotonic, drift_ppm), 1
        try:
            lo_us, hi_us, then_us, rtc_us, boot_id, boot = take_array(decode(stored), "a clock", 6)
            lo = take_uint(lo_us, "lo") / _MICRO
            hi = None if hi_us is None else take_uint(hi_us, "hi") / _MICRO
            then = take_uint(then_us, "monotonic") / _MICRO
            rtc = take_uint(rtc_us, "the real-time clock") / _MICRO
            is_same_boot = take_bytes(boot_id, "a boot") == self._boot_id
            number = take_uint(boot, "a boot's number") + 1
        except MalformedMessage as error:
            self.doubts.append(f"the stored clock is not believed: {error}")
            return ClockInterval.from_floor(0.0, monotonic, drift_ppm), 1
        if is_same_boot:
            return ClockInterval(lo, hi, then, drift_ppm).advanced(monotonic), number
        if trusts_rtc:
            elapsed = self._clock.now() - rtc
            return ClockInterval.carried_over(lo, hi, elapsed, monotonic, drift_ppm), number
        return ClockInterval.from_floor(lo, monotonic, drift_ppm), number
