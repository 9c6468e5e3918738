"""The door, steps 9 to 12: this place, still honoured, in time, permitted (SPEC.md 6.9 to 6.12)."""

from dataclasses import replace

from lockagent.protocol.claims import AUD, EXP, IAT, NBF
from lockagent.protocol.encoding import Value
from lockagent.protocol.errors import CoarseReason, DenialReason
from lockagent.protocol.records import OpenRequest, RecordType
from lockagent.protocol.trust_bundle import sign_bundle
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.vectors.case import ACCEPT, Asked, Suite
from tests.vectors.cases.door import QUESTION, Door, accepted, denied
from tests.vectors.fixed import BUNDLE, BUNDLE_KEY, DAY, REALM, START
from tests.vectors.sessions import ATTEMPT, Presentation, credential, credential_of

DOOR_RIGHTS = Suite("door_rights", QUESTION)

UNAVAILABLE = DenialReason.AUTHENTICATION_UNAVAILABLE
DISABLED = DenialReason.CREDENTIAL_DISABLED
NO_RIGHTS = DenialReason.POINT_NO_ACCESS_RIGHTS
NOT_YET, EXPIRED = DenialReason.CREDENTIAL_NOT_YET_ACTIVE, DenialReason.CREDENTIAL_EXPIRED

ALL_DAY: list[Value] = [[[100], [[0, DAY]], 1]]


def _living(seconds: int) -> Presentation:
    """A credential of this life that opens for all of it, at most a day."""
    windows: list[Value] = [[0, min(seconds, DAY)]]
    return Presentation(credential_of({EXP: START + seconds}, grant=[[[100], windows, 1]]))


def _granting(*entries: Value) -> Presentation:
    return Presentation(credential(grant=list(entries)))


def _door_with(**changed: object) -> Door:
    """The door under another bundle of the same version."""
    bundle = replace(BUNDLE, **changed)  # type: ignore[arg-type]
    return Door(bundle=sign_bundle(bundle, REALM, BUNDLE_KEY))


def _aged(seconds: int, is_sensitive: bool = False) -> Door:
    """The door under a bundle issued so long before hi."""
    issued, hi = Instant(START + 60 - seconds), Instant(START + 60)
    door = _door_with(issued=issued, expires=Instant(issued + 90 * DAY))
    return replace(door, hi=hi, is_sensitive=is_sensitive)


@DOOR_RIGHTS.case("step-9-other-facility", "6.9", DenialReason.ZONE_NO_ACCESS_RIGHTS)
def other_facility() -> Asked:
    """A credential of another facility, by the same issuer (A16)."""
    return denied(Presentation(credential_of({AUD: "ekeberg"})), 9, CoarseReason.NOT_HERE)


def _freshness() -> None:
    month, quarter = 30 * DAY, 90 * DAY
    cannot = CoarseReason.DOOR_CANNOT
    rows = (
        ("degraded", "Degraded, at a door that is not sensitive.", month, False, True),
        ("last-second", "One second before the bundle expires.", quarter - 1, False, True),
        ("expired", "At the second it expires.", quarter, False, False),
        (
            "sensitive-full",
            "A sensitive door, in the last second of 30 days.",
            month - 1,
            True,
            True,
        ),
        ("sensitive-degraded", "A sensitive door, 30 days after issue.", month, True, False),
    )
    for name, rule, age, is_sensitive, opens in rows:

        def make(age: int = age, is_sensitive: bool = is_sensitive, opens: int = opens) -> Asked:
            door, presentation = _aged(age, is_sensitive), _living(900)
            if opens:
                return accepted(presentation, door=door)
            return denied(presentation, 10, cannot, door=door)

        make.__doc__ = rule
        DOOR_RIGHTS.case(f"step-10-{name}", "8.3", ACCEPT if opens else UNAVAILABLE)(make)


_freshness()


@DOOR_RIGHTS.case("step-10-old-epoch", "6.10", DISABLED)
def old_epoch() -> Asked:
    """An epoch one below the bundle's."""
    return denied(Presentation(), 10, CoarseReason.CREDENTIAL, door=_door_with(epoch=2))


@DOOR_RIGHTS.case("step-10-later-epoch", "6.10")
def later_epoch() -> Asked:
    """An epoch the door has not heard of: it is the door that is late."""
    return accepted(Presentation(credential(epoch=2)))


@DOOR_RIGHTS.case("step-10-revoked", "6.10", DISABLED)
def revoked() -> Asked:
    """An index in the bundle's list: 900,001."""
    return denied(Presentation(credential(index=900_001)), 10, CoarseReason.CREDENTIAL)


@DOOR_RIGHTS.case("step-10-beside-revoked", "6.10")
def beside_revoked() -> Asked:
    """The index between two that are revoked, 7 and 12."""
    return accepted(Presentation(credential(index=8)))


def _lives() -> None:
    rows = (
        ("life-a-day", "86,400 s.", DAY, False, True),
        ("life-over-a-day", "One second more, although signed (A15).", DAY + 1, False, False),
        ("sensitive-life", "900 s, at a sensitive door.", 900, True, True),
        ("sensitive-life-over", "One second more.", 901, True, False),
    )
    for name, rule, life, is_sensitive, opens in rows:

        def make(life: int = life, is_sensitive: bool = is_sensitive, opens: bool = opens) -> Asked:
            door, presentation = _aged(60, is_sensitive), _living(life)
            if opens:
                return accepted(presentation, door=door)
            return denied(presentation, 10, CoarseReason.CREDENTIAL, door=door)

        make.__doc__ = rule
        expected = ACCEPT if opens else DenialReason.CREDENTIAL_LIFETIME
        DOOR_RIGHTS.case(f"step-10-{name}", "6.10", expected)(make)


_lives()


@DOOR_RIGHTS.case("step-10-life-from-iat", "6.10", DenialReason.CREDENTIAL_LIFETIME)
def life_from_iat() -> Asked:
    """The life counts from iat, not from nbf."""
    presentation = Presentation(credential_of({IAT: START - 1}))
    return denied(presentation, 10, CoarseReason.CREDENTIAL)


@DOOR_RIGHTS.case("step-11-clock-wide", "6.11", UNAVAILABLE)
def clock_wide() -> Asked:
    """A clock that is not narrow enough: the phone is told that time is needed."""
    door = Door(is_clock_narrow=False)
    return denied(Presentation(), 11, CoarseReason.TIME_NEEDED, door=door)


@DOOR_RIGHTS.case("step-11-clock-unbounded", "6.17", UNAVAILABLE)
def clock_unbounded() -> Asked:
    """hi has no bound: expiry of the trust is not judged, the clock is what is missing."""
    door = Door(hi=None, is_clock_narrow=False)
    return denied(Presentation(), 11, CoarseReason.TIME_NEEDED, door=door)


def _edges() -> None:
    """Both edges of `[nbf, exp)`, nbf a minute after iat, and of a window inside it."""
    nbf, exp, first, last = START + 60, START + 7_200, START + 660, START + 1_260
    presentation = Presentation(
        credential_of(
            {NBF: nbf, EXP: exp},
            grant=[[[100], [[600, 1_200], [3_600, 7_140]], 1]],
        )
    )
    second, now = START + 3_660, CoarseReason.NOT_NOW
    closed, ended = DenialReason.OUT_OF_TIME_RANGE, CoarseReason.CREDENTIAL
    rows: tuple[tuple[str, str, int, int, str, CoarseReason, int | None], ...] = (
        ("11-before-nbf", "A second before nbf (A15).", nbf - 1, 11, NOT_YET, now, first),
        ("12-at-nbf", "At nbf it is in force, and closed.", nbf, 12, closed, now, first),
        ("12-before-window", "A second before the window.", first - 1, 12, closed, now, first),
        ("12-window-start", "Its first second.", first, 12, ACCEPT, now, None),
        ("12-window-last", "Its last second (A17).", last - 1, 12, ACCEPT, now, None),
        ("12-window-end", "Its end, which is outside.", last, 12, closed, now, second),
        ("12-second-window", "The second window.", second, 12, ACCEPT, now, None),
        ("12-before-exp", "The last second before exp.", exp - 1, 12, ACCEPT, now, None),
        ("11-at-exp", "At exp (A15).", exp, 11, EXPIRED, ended, None),
    )
    for name, rule, hi, step, expected, code, opens in rows:

        def make(
            hi: int = hi,
            step: int = step,
            expected: str = expected,
            code: CoarseReason = code,
            opens: int | None = opens,
        ) -> Asked:
            door = Door(hi=Instant(hi))
            if expected == ACCEPT:
                return accepted(presentation, door=door)
            return denied(presentation, step, code, opens, door)

        make.__doc__ = rule
        DOOR_RIGHTS.case(f"step-{name}", f"6.{step}", expected)(make)


_edges()


@DOOR_RIGHTS.case("step-12-after-the-last", "6.12", DenialReason.OUT_OF_TIME_RANGE)
def after_the_last() -> Asked:
    """After the last window there is no next opening."""
    door = Door(hi=Instant(START + 14_400))
    return denied(Presentation(), 12, CoarseReason.NOT_NOW, door=door)


def _asking(action: Action, *entries: Value) -> Presentation:
    issued = credential(grant=list(entries)) if entries else credential()
    wish = OpenRequest(AccessPointNumber(100), action, ATTEMPT)
    return Presentation(issued, records=((RecordType.OPEN, wish.encode()),))


@DOOR_RIGHTS.case("step-12-other-point", "6.12", NO_RIGHTS)
def other_point() -> Asked:
    """A credential for another door of the building (A16)."""
    return denied(_granting([[101], [[0, DAY]], 1]), 12, CoarseReason.NOT_HERE)


def _actions() -> None:
    for action, flag in ((Action.HOLD_OPEN, 2), (Action.LOCK, 4), (Action.LIGHT, 8)):
        name = action.name.lower().replace("_", "-")

        def refused(action: Action = action) -> Asked:
            return denied(_asking(action), 12, CoarseReason.NOT_HERE)

        def permitted(action: Action = action, flag: int = flag) -> Asked:
            return accepted(_asking(action, [[100], [[0, DAY]], flag]), flag)

        refused.__doc__ = f"Flag 1 permits to open, not to {name}."
        permitted.__doc__ = f"Flag {flag} permits to {name}."
        DOOR_RIGHTS.case(f"step-12-no-{name}", "6.12", NO_RIGHTS)(refused)
        DOOR_RIGHTS.case(f"step-12-{name}", "6.12")(permitted)


_actions()


@DOOR_RIGHTS.case("step-12-open-without-flag", "6.12", NO_RIGHTS)
def open_without_flag() -> Asked:
    """Flags 126: everything but to open."""
    return denied(_granting([[100], [[0, DAY]], 126]), 12, CoarseReason.NOT_HERE)


@DOOR_RIGHTS.case("step-12-flags-together", "3.3")
def flags_together() -> Asked:
    """Flags of all entries that permit it now; not of one that is closed, nor one for light."""
    return accepted(
        _granting(
            [[100], [[0, DAY]], 1],
            [[100], [[7_200, 7_201]], 33],
            [[100, 101], [[7_201, DAY]], 65],
            [[100], [[0, DAY]], 24],
        ),
        flags=33,
    )


@DOOR_RIGHTS.case("step-12-closed-rather-than-unable", "6.17", DenialReason.OUT_OF_TIME_RANGE)
def closed_rather_than_unable() -> Asked:
    """One entry has no flag for it, another no window now: what is lacking is the time."""
    presentation = _granting([[100], [[0, DAY]], 8], [[100], [[10_000, 11_000]], 1])
    return denied(presentation, 12, CoarseReason.NOT_NOW, START + 10_000)


@DOOR_RIGHTS.case("step-12-opening-of-the-action", "4.4", DenialReason.OUT_OF_TIME_RANGE)
def opening_of_the_action() -> Asked:
    """The next opening is the next window for the action asked, of whichever entry."""
    presentation = _granting(
        [[100], [[12_000, 13_000]], 1],
        [[100], [[8_000, 9_000]], 8],
        [[100], [[0, 7_000], [10_000, 11_000]], 1],
    )
    return denied(presentation, 12, CoarseReason.NOT_NOW, START + 10_000)


@DOOR_RIGHTS.case("step-12-lockdown", "6.13")
def lockdown() -> Asked:
    """Lockdown is no matter of steps 1 to 12: step 13 reads it again, and needs flag 32."""
    return accepted(Presentation(), door=_door_with(lockdown=True))


@DOOR_RIGHTS.case("order-9-before-10", "6.17", DenialReason.ZONE_NO_ACCESS_RIGHTS)
def facility_before_status() -> Asked:
    """Another facility, revoked, and a clock without bound: the first step is the reason."""
    door = Door(hi=None, is_clock_narrow=False)
    presentation = Presentation(credential_of({AUD: "ekeberg"}, index=7))
    return denied(presentation, 9, CoarseReason.NOT_HERE, door=door)


@DOOR_RIGHTS.case("order-10-before-11", "6.17", DISABLED)
def status_before_time() -> Asked:
    """Revoked, at a door whose clock has no bound: trust expiry alone waits for the clock."""
    door = Door(hi=None, is_clock_narrow=False)
    return denied(Presentation(credential(index=7)), 10, CoarseReason.CREDENTIAL, door=door)


@DOOR_RIGHTS.case("order-trust-before-status", "6.17", UNAVAILABLE)
def trust_before_status() -> Asked:
    """An expired trust, and an index revoked in it."""
    presentation = Presentation(credential(index=7))
    return denied(presentation, 10, CoarseReason.DOOR_CANNOT, door=_aged(90 * DAY))


@DOOR_RIGHTS.case("order-clock-before-expiry", "6.17", UNAVAILABLE)
def clock_before_expiry() -> Asked:
    """A wide clock, and a credential that has expired by hi."""
    door = Door(hi=Instant(START + DAY), is_clock_narrow=False)
    return denied(Presentation(), 11, CoarseReason.TIME_NEEDED, door=door)


@DOOR_RIGHTS.case("order-11-before-12", "6.17", EXPIRED)
def time_before_grant() -> Asked:
    """Expired, and without a grant for this door."""
    presentation = _granting([[101], [[0, DAY]], 1])
    door = Door(hi=Instant(START + DAY))
    return denied(presentation, 11, CoarseReason.CREDENTIAL, door=door)
