"""What windows do not hold, in the situations: switches, visits counted, and who has opened."""

import pytest

from policies.circumstances import Circumstances, Opened, RuleName
from policies.explanation.explaining import explain
from policies.grant import Window
from policies.granting import GrantResult, grant_for
from policies.unlocking import unlocked_windows
from policies.vocabulary import Action, Instant, RuleId
from tests.policies.fossvik import LOADED, RECORD_FILE, at, person, point

HOUR = 3600
CLOSED = "closed/flatahallen"
LOCKDOWN = "lockdown/solbakken"


def asks(
    situation: int, name: str, path: str, local: str, circumstances: Circumstances
) -> GrantResult:
    """Somebody asks on the way to a door."""
    where = point(path)
    span = Window(at(local), Instant(at(local) + HOUR))
    return grant_for(
        LOADED[situation], person(name), where.facility, span,
        access_point=where.number, circumstances=circumstances,
    )  # fmt: skip


def opens(situation: int, name: str, path: str, local: str, circumstances: Circumstances) -> bool:
    grant = asks(situation, name, path, local, circumstances).grant
    return grant is not None and grant.permits(point(path).number, Action.OPEN, at(local))


def unlocked(situation: int, path: str, local: str, circumstances: Circumstances) -> bool:
    span = Window(at(local), Instant(at(local) + 1))
    return bool(unlocked_windows(LOADED[situation], point(path).number, span, circumstances))


# -- 20: the flood --


def test_the_records_of_fossvik_say_that_the_flooded_hall_is_closed() -> None:
    assert RECORD_FILE.switches == {CLOSED: True, LOCKDOWN: False}


@pytest.mark.parametrize(
    ("name", "path", "dry", "flooded"),
    [
        ("tone", "flatahallen/hall/door", True, False),  # her training is off
        ("odd", "flatahallen/hall/door", True, True),
        ("lars", "flatahallen/cellar", True, True),
        ("karim", "flatahallen/hall/door", False, False),
    ],
)
def test_the_flood_spares_the_caretaker_and_the_drying_firm(
    name: str, path: str, dry: bool, flooded: bool
) -> None:
    saturday = "2027-01-30T18:00"
    assert opens(20, name, path, saturday, Circumstances({CLOSED: False})) is dry
    assert opens(20, name, path, saturday, Circumstances({CLOSED: True})) is flooded
    # a switch nobody could read counts as on
    assert opens(20, name, path, saturday, Circumstances()) is flooded


@pytest.mark.parametrize(
    ("switches", "stands_open"), [({CLOSED: False}, True), ({CLOSED: True}, False), ({}, False)]
)
def test_the_flooded_hall_does_not_stand_unlocked(
    switches: dict[str, bool], stands_open: bool
) -> None:
    circumstances = Circumstances(switches)
    assert unlocked(20, "flatahallen/hall/door", "2027-01-30T12:00", circumstances) is stands_open


# -- 21: the lockdown --


@pytest.mark.parametrize(
    ("name", "calm", "locked_down"),
    [
        ("geir", True, False),  # a teacher
        ("ellen", True, True),  # the head teacher
        ("sigrid", True, True),  # the police
        ("karim", False, False),
    ],
)
def test_in_a_lockdown_only_the_police_and_the_head_teacher_open(
    name: str, calm: bool, locked_down: bool
) -> None:
    yard, monday = "solbakken/entrance/yard", "2026-10-12T10:00"
    assert opens(21, name, yard, monday, Circumstances({LOCKDOWN: False})) is calm
    assert opens(21, name, yard, monday, Circumstances({LOCKDOWN: True})) is locked_down
    assert opens(21, name, yard, monday, Circumstances()) is locked_down


def test_a_lockdown_ends_that_the_main_entrance_stands_unlocked() -> None:
    main, monday = "solbakken/entrance/main", "2026-10-12T10:00"
    assert unlocked(21, main, monday, Circumstances({LOCKDOWN: False}))
    assert not unlocked(21, main, monday, Circumstances({LOCKDOWN: True}))


def test_the_keys_of_the_school_live_an_hour_so_that_a_door_without_contact_forgets_them() -> None:
    monday = at("2026-10-12T10:00")
    span = Window(monday, Instant(monday + 24 * HOUR))
    facility = point("solbakken/entrance/main").facility
    for name in ("geir", "ellen"):
        result = grant_for(LOADED[21], person(name), facility, span)
        assert result.life_seconds == HOUR
        assert result.grant is not None
        for path in ("solbakken/entrance/main", "solbakken/entrance/yard"):
            number, end = point(path).number, Instant(monday + HOUR)
            assert result.grant.permits(number, Action.OPEN, Instant(end - 1))
            assert not result.grant.permits(number, Action.OPEN, end)


# -- 22: the quota --

QUOTA = RuleName("building:gjenbruk", RuleId("gjenbruk-quota"))
FULL_PRICE = RuleName("building:gjenbruk", RuleId("gjenbruk-full-price"))
GATE, EVENING = "gjenbruk/gate/vehicles", "2026-12-01T17:00"


@pytest.mark.parametrize(
    ("name", "visits", "counted_by"),
    [
        ("solveig", 0, QUOTA),
        ("solveig", 17, QUOTA),
        ("harald", 17, QUOTA),
        ("harald", 18, FULL_PRICE),  # the household's are used up: he has agreed to pay
    ],
)
def test_a_visit_is_counted_by_the_quota_and_after_that_at_the_full_price(
    name: str, visits: int, counted_by: RuleName
) -> None:
    result = asks(22, name, GATE, EVENING, Circumstances(visits={QUOTA: visits}))
    assert result.grant is not None
    assert [limited.name for limited in result.limited] == [counted_by]


def test_who_has_not_agreed_to_the_full_price_is_refused_when_the_quota_is_used_up() -> None:
    used_up = Circumstances(visits={QUOTA: 18})
    assert asks(22, "solveig", GATE, EVENING, used_up).grant is None


def test_the_quota_is_never_part_of_the_keys_fetched_ahead() -> None:
    span = Window(at("2026-12-01T15:00"), at("2026-12-02T15:00"))
    facility = point(GATE).facility
    for name in ("solveig", "harald"):
        ahead = grant_for(LOADED[22], person(name), facility, span)
        assert ahead.grant is None
        assert ahead.on_the_way == (point(GATE).number,)


def test_the_household_of_two_is_one_and_other_people_are_their_own() -> None:
    assert person("solveig").household == person("harald").household == "h-17"
    assert person("gerd").household is None


# -- 9, 12, 15: who has opened --


def opened(name: str, path: str, local: str) -> Circumstances:
    return Circumstances(opened={point(path).number: (Opened(person(name), at(local)),)})


def test_swimmers_get_in_once_a_lifesaver_has() -> None:
    pool = "skogly/pool/door"
    assert not opens(9, "emil", pool, "2026-10-14T18:05", Circumstances())
    by_leader = opened("vidar", pool, "2026-10-14T17:45")
    assert not opens(9, "emil", pool, "2026-10-14T17:54:59", by_leader)
    assert opens(9, "emil", pool, "2026-10-14T17:55", by_leader)
    assert opens(9, "emil", pool, "2026-10-14T18:05", by_leader)
    # another swimmer's opening is not a lifesaver's, nor is one of last week
    assert not opens(9, "emil", pool, "2026-10-14T18:05", opened("emil", pool, "2026-10-14T17:58"))
    assert not opens(9, "emil", pool, "2026-10-21T18:05", by_leader)


@pytest.mark.parametrize("leader", ["rune", "astrid"])
def test_either_of_two_leaders_lets_the_pupils_in(leader: str) -> None:
    gym = "fagerli/gym/door"
    assert not opens(12, "amund", gym, "2026-10-15T17:05", Circumstances())
    assert opens(12, "amund", gym, "2026-10-15T17:05", opened(leader, gym, "2026-10-15T17:01"))
    assert opens(12, leader, gym, "2026-10-15T17:05", Circumstances())


def test_a_leader_who_opens_early_lets_the_pupils_in_at_the_hour() -> None:
    gym = "fagerli/gym/door"
    early = opened("rune", gym, "2026-10-15T16:45")
    assert not opens(12, "amund", gym, "2026-10-15T16:59:59", early)
    assert opens(12, "amund", gym, "2026-10-15T17:00", early)
    assert opens(12, "amund", gym, "2026-10-15T18:29:59", early)
    assert not opens(12, "amund", gym, "2026-10-15T18:30", early)


def test_the_town_hall_stands_unlocked_from_when_somebody_has_come_to_work() -> None:
    main = "radhuset/main"
    assert not unlocked(15, main, "2026-10-14T09:00", Circumstances())
    came = opened("berit", main, "2026-10-14T08:20")
    assert not unlocked(15, main, "2026-10-14T08:19:59", came)
    assert unlocked(15, main, "2026-10-14T08:20", came)
    assert unlocked(15, main, "2026-10-14T15:29:59", came)
    assert not unlocked(15, main, "2026-10-14T15:30", came)
    assert not unlocked(15, main, "2026-10-15T08:30", came)
    assert not unlocked(15, main, "2026-10-14T09:00", opened("karim", main, "2026-10-14T08:20"))
    # whoever comes before eight opens once more after eight: each window waits for itself
    assert not unlocked(15, main, "2026-10-14T09:00", opened("berit", main, "2026-10-14T07:15"))


# -- what people are told --


@pytest.mark.parametrize(
    ("situation", "name", "path", "local", "switches", "reason"),
    [
        (20, "tone", "flatahallen/hall/door", "2027-01-30T18:00", {CLOSED: True}, "flood"),
        (20, "karim", "flatahallen/hall/door", "2027-01-30T12:00", {CLOSED: True}, "flood"),
        (20, "karim", "flatahallen/hall/door", "2027-01-30T12:00", {CLOSED: False}, "unlocked"),
        (20, "karim", "flatahallen/hall/door", "2027-01-30T12:00", {}, "unknown"),
        (20, "odd", "flatahallen/hall/door", "2027-01-30T06:00", {CLOSED: True}, "granted"),
        (21, "geir", "solbakken/entrance/yard", "2026-10-12T10:00", {LOCKDOWN: True}, "lockdown"),
        (21, "karim", "solbakken/entrance/main", "2026-10-12T10:00", {LOCKDOWN: True}, "lockdown"),
        (21, "sigrid", "solbakken/entrance/yard", "2026-10-12T10:00", {LOCKDOWN: True}, "granted"),
        (21, "ellen", "solbakken/entrance/yard", "2026-10-12T10:00", {LOCKDOWN: True}, "granted"),
    ],
)
def test_who_is_kept_out_by_a_switch_is_told_why(
    situation: int, name: str, path: str, local: str, switches: dict[str, bool], reason: str
) -> None:
    told = explain(
        LOADED[situation], person(name), point(path).number, Action.OPEN, at(local), switches
    )
    assert told.reason == reason
