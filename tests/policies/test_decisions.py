"""The decision and its windows: one test for each rule of meaning; reasons are test_explaining."""

from typing import Any

import pytest
from hypothesis import given

from policies.engine import Decision, decide, granted_everywhere, granted_windows
from policies.grant import Window
from policies.model import Subject
from policies.subject_to import Proviso
from policies.vocabulary import AccessPointNumber, Action, Instant
from policies.windows import Windows, clip, contains
from tests.policies import drawn, written
from tests.policies.drawn import Case, often
from tests.policies.written import GATE, NORTH, SIDE, fact, instant, rule, subject

WEDNESDAY_19 = "2026-10-14T17:00"
CALENDARS = {
    "c": {
        "holidays": "closed",
        "staffed": {"mon-fri": "10:00-18:00"},
        "evening": {"mon-fri": "18:00-22:00"},
        "night": {"mon-fri": "22:00-02:00"},
    }
}
ADULT = subject({"born": "1990-05-05"})
CARETAKER = subject({"facts": [fact("role", "caretaker")]})
DAY = 86_400


def decided(
    rules: list[dict[str, Any]],
    person: Subject = ADULT,
    at: str = WEDNESDAY_19,
    point: AccessPointNumber = NORTH,
    action: Action = Action.OPEN,
) -> Decision:
    numbered = [{"id": f"rule-{n}", **{k: v for k, v in rule.items() if k != "id"}}
                for n, rule in enumerate(rules, 1)]  # fmt: skip
    policies = written.policies(written.document(*numbered, calendars=CALENDARS))
    return decide(policies, person, point, action, instant(at))


def window(start: str, end: str) -> Window:
    return Window(instant(start), instant(end))


def test_the_windows_of_a_day_are_told_and_the_one_that_holds_permits() -> None:
    evening = [rule(allow="anyone", during="c.evening")]
    now, later = window("2026-10-14T17:00", "2026-10-14T20:00"), window(
        "2026-10-15T16:00", "2026-10-15T17:00"
    )  # fmt: skip
    decision = decided(evening)
    assert (decision.permitted, decision.rule) == (True, "rule-1")
    assert decision.windows == (now, later)
    closed = decided(evening, at="2026-10-14T20:00")
    assert (closed.permitted, closed.rule) == (False, None)
    assert closed.windows == (window("2026-10-15T16:00", "2026-10-15T20:00"),)


def test_windows_of_several_rules_that_touch_are_one_window() -> None:
    rules = [rule(allow="anyone", during=f"c.{name}") for name in ("evening", "night")]
    assert decided(rules).windows[0] == window("2026-10-14T17:00", "2026-10-15T00:00")


def test_a_deny_takes_its_windows_from_every_allow() -> None:
    rules = [
        rule(allow="anyone", during="c.evening"),
        rule(deny="anyone", from_="2026-10-14T20:00", until="2026-10-14T21:00"),
        rule(allow={"age": "18+"}, during="c.evening"),
    ]
    assert decided(rules).windows[:2] == (
        window("2026-10-14T17:00", "2026-10-14T18:00"),
        window("2026-10-14T19:00", "2026-10-14T20:00"),
    )


def test_a_deny_takes_every_action() -> None:
    rules = [rule(allow="anyone", with_={"actions": ["light"]}), rule(deny={"age": "18+"})]
    assert decided(rules, action=Action.LIGHT).windows == ()


def test_an_except_lifts_that_one_deny_and_opens_nothing() -> None:
    lockdown = rule(deny="anyone", except_={"role": "caretaker"})
    way_in = rule(allow={"role": "caretaker"}, during="c.evening")
    assert decided([lockdown, way_in], CARETAKER).permitted
    assert not decided([lockdown], CARETAKER).windows
    assert not decided([lockdown, way_in, rule(deny="anyone")], CARETAKER).windows


def test_an_except_nobody_can_tell_lifts_nothing() -> None:
    rules = [rule(allow="anyone"), rule(deny="anyone", except_={"role": "caretaker"})]
    assert not decided(rules, subject({"unknown": ["role"]})).windows


def test_an_allow_nobody_can_tell_gives_nothing_and_a_deny_takes() -> None:
    person = subject({"facts": [fact("member", "club/adult")], "unknown": ["member"]})
    assert not decided([rule(allow={"member": "club"})], person).windows
    assert not decided([rule(allow="anyone"), rule(deny={"member": "gym"})], person).windows


def test_a_register_that_is_empty_matches_nobody() -> None:
    assert not decided([rule(allow={"member": "club"})]).windows
    assert decided([rule(allow="anyone"), rule(deny={"list": "excluded"})]).permitted


def test_a_register_tells_until_it_is_no_longer_fresh_and_is_unknown_from_then_on() -> None:
    person = subject({"facts": [fact("member", "gym")], "fresh": {"member": "2026-10-14T20:00"}})
    fresh = (window(WEDNESDAY_19, "2026-10-14T18:00"),)
    assert decided([rule(allow={"member": "gym"})], person).windows == fresh
    assert decided([rule(allow="anyone"), rule(deny={"member": "club"})], person).windows == fresh
    assert not decided([rule(allow={"member": "gym"})], person, "2026-10-14T18:00").windows
    other = decided([rule(allow={"age": "18+"})], subject({"born": "1990-01-01", "fresh": {
        "member": "2026-10-14T20:00"}}))  # fmt: skip
    assert other.windows == (Window(instant(WEDNESDAY_19), Instant(instant(WEDNESDAY_19) + DAY)),)


def test_a_birthday_opens_and_an_upper_age_closes() -> None:
    child = subject({"born": "2013-10-15"})
    assert decided([rule(allow={"age": "13+"})], child).windows[0].start == instant(
        "2026-10-14T22:00"
    )
    assert decided([rule(allow={"age": "0-12"})], child).windows[0].end == instant(
        "2026-10-14T22:00"
    )


def test_somebody_born_on_29_february_turns_an_age_on_1_march_of_a_common_year() -> None:
    child = subject({"born": "2012-02-29"})
    decision = decided([rule(allow={"age": "15+"})], child, "2027-02-28T12:00")
    assert decision.windows[0].start == instant("2027-02-28T23:00")


def test_facts_that_follow_each_other_hold_through() -> None:
    facts = [fact("member", "gym", until="2026-10-14"), fact("member", "gym", from_="2026-10-15")]
    decision = decided([rule(allow={"member": "gym"})], subject({"facts": facts}))
    assert [w.end - w.start for w in decision.windows] == [DAY]


def test_the_rule_named_is_the_first_that_is_subject_to_nothing_or_else_the_first() -> None:
    limited = rule(allow="anyone", limits={"visits": "2 per day", "offline": "refuse"})
    waiting = rule(allow="anyone", with_={"after": {"role": "staff"}})
    plain = rule(allow="anyone")
    assert decided([limited, waiting, plain]).rule == "rule-3"
    assert decided([limited, waiting]).rule == "rule-1"
    assert decided([limited, waiting, plain]).subject_to == ()


def test_a_rule_that_gives_later_or_is_denied_is_not_named() -> None:
    night, evening = (rule(allow="anyone", during=f"c.{name}") for name in ("night", "evening"))
    assert decided([night, evening]).rule == "rule-2"
    assert decided([evening, rule(deny="anyone")]).rule is None


def test_a_decision_names_the_action_it_is_about() -> None:
    assert decided([rule(allow="anyone")], action=Action.LOCK).action is Action.LOCK


def test_the_provisos_of_the_rule_and_of_the_unlocking_are_named_together() -> None:
    limited = rule(allow="anyone", limits={"visits": "2 per day", "offline": "refuse"})
    waiting = rule(unlock={"after": {"role": "staff"}})
    assert [each.kind for each in decided([limited, waiting]).subject_to] == [
        Proviso.LIMITS, Proviso.AFTER,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"limits": {"visits": "2 per day", "offline": "refuse"}}, Proviso.LIMITS),
        ({"with_": {"after": {"role": "staff"}}}, Proviso.AFTER),
        ({"with_": {"two-people": "30s"}}, Proviso.TWO_PEOPLE),
    ],
)
def test_windows_hold_no_proviso_and_the_decision_names_it(
    keys: dict[str, Any], kind: Proviso
) -> None:
    decision = decided([rule(allow="anyone", **keys)])
    assert decision.permitted
    assert [(each.kind, each.rule.id) for each in decision.subject_to] == [(kind, "rule-1")]


SWITCHED = {"active": {"switch": "lockdown/town"}, "except_": {"role": "caretaker"}}


def test_a_switch_takes_nothing_from_windows_and_is_named_where_it_would() -> None:
    rules = [rule(allow="anyone", during="c.evening"), rule(deny="anyone", **SWITCHED)]
    decision = decided(rules)
    assert decision.permitted
    assert [(each.kind, each.rule.switch) for each in decision.subject_to] == [
        (Proviso.SWITCH, "lockdown/town")
    ]
    assert decided(rules, CARETAKER).subject_to == ()
    at_night = [rules[0], rule(deny="anyone", during="c.night", **SWITCHED)]
    assert decided(at_night).subject_to == ()
    assert decided([rules[1]]).subject_to == ()
    # it would deny now, but there is nothing to take until night
    soon_over = rule(deny="anyone", until="2026-10-14T19:30", **SWITCHED)
    assert decided([rule(allow="anyone", during="c.night"), soon_over]).subject_to == ()


def test_every_switch_that_would_take_is_named() -> None:
    rules = [rule(allow="anyone"), *[rule(deny="anyone", **SWITCHED)] * 2]
    assert [each.rule.id for each in decided(rules).subject_to] == ["rule-2", "rule-3"]


def test_an_unlocked_door_needs_no_key_and_gives_none() -> None:
    decision = decided([rule(unlock="anyone", during="c.evening")])
    assert (decision.permitted, decision.stands_unlocked, decision.windows) == (False, True, ())
    assert not decided([rule(unlock="anyone", during="c.night")]).stands_unlocked


def test_a_personal_exclusion_is_not_enforced_at_an_unlocked_door() -> None:
    rules = [rule(unlock="anyone"), rule(allow="anyone"), rule(deny={"age": "18+"})]
    decision = decided(rules)
    assert (decision.permitted, decision.stands_unlocked) == (False, True)


def test_what_an_unlocking_is_subject_to_is_named() -> None:
    waiting = rule(unlock={"after": {"role": "staff"}})
    switched = rule(deny="anyone", **SWITCHED)
    decision = decided([waiting, switched])
    assert decision.stands_unlocked
    assert [each.kind for each in decision.subject_to] == [Proviso.AFTER, Proviso.SWITCH]
    assert [each.kind for each in decided([waiting, rule(unlock="anyone")]).subject_to] == []


def test_an_action_nobody_is_allowed_and_a_point_without_rules_give_nothing() -> None:
    rules = [rule(allow="anyone", doors="door:town/side")]
    assert decided(rules, point=SIDE).permitted
    for nowhere in (decided(rules, point=SIDE, action=Action.LOCK), decided(rules, point=GATE)):
        assert (nowhere.permitted, nowhere.windows, nowhere.rule) == (False, (), None)


def test_a_stated_time_of_the_autumn_night_comes_at_its_first_showing() -> None:
    rules = [rule(allow="anyone"), rule(deny="anyone", from_="2027-10-31T02:30")]
    assert decided(rules, at="2027-10-30T23:00").windows == (
        window("2027-10-30T23:00", "2027-10-31T00:30"),
    )


def test_an_unknown_access_point_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="expected a known access point, got 99"):
        decided([rule(allow="anyone")], point=AccessPointNumber(99))


@often(60)
@given(drawn.cases())
def test_every_door_at_once_is_every_door_by_itself(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    person = written.subject(case.person)
    span = Window(case.at, Instant(case.at + DAY))
    together = {
        point: windows
        for windows, points in granted_everywhere(policies, person, Action.OPEN, span).items()
        for point in points
    }
    alone: dict[AccessPointNumber, Windows] = {}
    for point in policies.rules_at:
        windows = granted_windows(policies, person, point, Action.OPEN, span)
        if windows:
            alone[point] = windows
    assert together == alone


@often(60)
@given(drawn.cases())
def test_a_decision_is_its_day_cut_out_of_a_longer_reading(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    person, point = written.subject(case.person), written.number(case.point)
    decision = decide(policies, person, point, Action.OPEN, case.at)
    week = Window(Instant(case.at - 3 * DAY), Instant(case.at + 4 * DAY))
    longer = granted_windows(policies, person, point, Action.OPEN, week)
    assert decision.windows == clip(longer, Window(case.at, Instant(case.at + DAY)))
    assert decision.permitted == contains(longer, case.at)
    assert (decision.rule is not None) == decision.permitted
