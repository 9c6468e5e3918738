"""The answer explained: the reason told, the next opening, and how each rule stands."""

import time
from typing import Any

import pytest

from policies.explanation.explaining import Explanation, explain
from policies.model import Subject
from policies.vocabulary import AccessPointNumber, Action
from tests.policies import written
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
ADULT = "1990-05-05"


def decided(
    rules: list[dict[str, Any]],
    person: Subject | None = None,
    at: str = WEDNESDAY_19,
    point: AccessPointNumber = NORTH,
    action: Action = Action.OPEN,
) -> Explanation:
    numbered = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(rules, 1)]
    policies = written.policies(written.document(*numbered, calendars=CALENDARS))
    return explain(policies, person or subject({"born": ADULT}), point, action, instant(at))


def reason(decision: Explanation) -> tuple[str, str | None]:
    assert not decision.permitted
    return decision.reason, decision.rule


def test_a_granted_request_names_the_rule_and_the_end_of_the_window() -> None:
    decision = decided([rule(allow="anyone", during="c.evening")])
    assert decision.permitted
    assert (decision.reason, decision.rule) == ("granted", "rule-1")
    assert decision.until == instant("2026-10-14T20:00")


def test_windows_of_several_rules_that_touch_are_one_opening() -> None:
    rules = [rule(allow="anyone", during=f"c.{name}") for name in ("staffed", "evening", "night")]
    assert decided(rules).until == instant("2026-10-15T00:00")


def test_an_opening_without_an_end_in_sight_has_no_until() -> None:
    assert decided([rule(allow="anyone")]).until is None


def test_a_deny_comes_before_every_allow_and_is_told_first() -> None:
    rules = [rule(allow="anyone"), rule(deny={"list": "excluded"}, reason="exclusion")]
    person = subject({"facts": [fact("list", "excluded", until="2026-10-20")]})
    decision = decided(rules, person)
    assert reason(decision) == ("exclusion", "rule-2")
    assert decision.opens_at == instant("2026-10-20T22:00")


def test_the_first_deny_that_holds_is_told() -> None:
    rules = [
        rule(deny={"list": "guests"}),
        rule(deny="anyone"),
        rule(deny="anyone", reason="flood"),
    ]
    assert reason(decided([*rules, rule(allow="anyone")])) == ("denied", "rule-2")


def test_a_deny_that_only_possibly_holds_denies_and_is_told_as_unknown() -> None:
    rules = [rule(allow="anyone"), rule(deny={"list": "excluded"}, reason="exclusion")]
    decision = decided(rules, subject({"unknown": ["list"]}))
    assert reason(decision) == ("unknown", "rule-2")


def test_except_lifts_its_own_deny_and_opens_nothing() -> None:
    rules = [
        rule(deny="anyone", reason="lockdown", except_={"role": "caretaker"}),
        rule(allow={"role": "caretaker"}, during="c.evening"),
    ]
    caretaker = subject({"facts": [fact("role", "caretaker")]})
    assert decided(rules, caretaker).permitted
    assert reason(decided(rules[:1], caretaker)) == ("no-rule", None)
    flood = rule(deny="anyone", reason="flood")
    assert reason(decided([*rules, flood], caretaker)) == ("flood", "rule-3")


def test_an_exception_nobody_can_tell_lifts_nothing() -> None:
    rules = [
        rule(allow="anyone"),
        rule(deny="anyone", reason="lockdown", except_={"role": "caretaker"}),
    ]
    assert reason(decided(rules, subject({"unknown": ["role"]}))) == ("unknown", "rule-2")


def test_a_condition_nobody_can_tell_never_opens() -> None:
    rules = [rule(allow={"member": "club"})]
    member = {"facts": [fact("member", "club/adult")]}
    assert decided(rules, subject(member)).permitted
    assert reason(decided(rules, subject({**member, "unknown": ["member"]}))) == (
        "unknown", "rule-1",
    )  # fmt: skip


def test_a_register_that_is_empty_matches_nobody() -> None:
    assert reason(decided([rule(allow={"member": "club"})])) == ("member", "rule-1")
    assert decided([rule(allow="anyone"), rule(deny={"list": "excluded"})]).permitted


def test_a_path_covers_what_lies_beneath_it_by_whole_segments() -> None:
    adult = subject({"facts": [fact("member", "club/adult")]})
    assert decided([rule(allow={"member": "club/adult"})], adult).permitted
    assert decided([rule(allow={"member": "club"})], adult).permitted
    assert not decided([rule(allow={"member": "club/youth"})], adult).permitted


def test_a_residence_at_a_place_is_a_residence_in_the_municipality() -> None:
    resident = subject({"facts": [fact("resident", "building:town")]})
    elsewhere = subject({"facts": [fact("resident", "municipality")]})
    for place, person, expected in (
        ("municipality", resident, True),
        ("municipality", elsewhere, True),
        ("building:town", resident, True),
        ("building:town", elsewhere, False),
    ):
        assert decided([rule(allow={"resident": place})], person).permitted is expected


def test_terms_are_met_by_that_version_or_a_later_one() -> None:
    for version, expected in ((2, False), (3, True), (4, True)):
        person = subject({"facts": [fact("terms", f"house-{version}")]})
        assert decided([rule(allow={"terms": "house-3"})], person).permitted is expected


UNDER_18 = [rule(allow={"terms": "house-3", "guardian": "18"})]


def test_while_under_age_a_guardian_must_also_have_accepted() -> None:
    young = {"born": "2010-03-01", "facts": [fact("terms", "house-3")]}
    assert reason(decided(UNDER_18, subject(young))) == ("guardian", "rule-1")
    both = {**young, "facts": [*young["facts"], fact("guardian", "house-3", until="2026-10-14")]}
    decision = decided(UNDER_18, subject(both))
    assert decision.until == instant("2026-10-14T22:00")  # the end of parental responsibility


def test_from_the_birthday_no_guardian_is_asked_for() -> None:
    young = subject({"born": "2010-03-01", "facts": [fact("terms", "house-3")]})
    decision = decided(UNDER_18, young, "2027-06-01T12:00")
    assert decision.opens_at == instant("2028-02-29T23:00")
    assert decided(UNDER_18, young, "2028-02-29T23:00").permitted


def test_a_birthday_opens_and_an_upper_age_closes() -> None:
    rules = [rule(allow={"age": "13-17"})]
    child = subject({"born": "2013-10-16"})
    assert decided(rules, child).opens_at == instant("2026-10-15T22:00")
    assert decided(rules, subject({"born": "2008-10-16"})).until == instant("2026-10-15T22:00")


def test_an_age_neither_told_nor_attested_is_unknown() -> None:
    nobody = subject({})
    assert reason(decided([rule(allow={"age": "15+"})], nobody)) == ("unknown", "rule-1")
    denied = [rule(allow="anyone"), rule(deny={"age": "0-15"}, reason="adults-only")]
    assert reason(decided(denied, nobody)) == ("unknown", "rule-2")


def test_an_attested_age_holds_while_its_fact_does() -> None:
    seen = subject({"facts": [fact("age", "18+", until="2026-10-14")]})
    assert decided([rule(allow={"age": "15+"})], seen).until == instant("2026-10-14T22:00")
    assert reason(decided([rule(allow={"age": "21+"})], seen))[0] == "unknown"
    assert reason(decided([rule(allow={"age": "13-17"})], seen))[0] == "age"
    denied = [rule(allow="anyone"), rule(deny={"age": "0-15"})]
    assert decided(denied, seen).until == instant("2026-10-14T22:00")


LAPSED = {
    "days": {"breaks": {"covers": "2026-08-01..2026-09-30", "on": ["2026-08-03"]}},
    "calendars": {
        "c": {
            "holidays": "closed",
            "open": {"mon-fri": "10:00-22:00"},
            "seasons": [{"days": "breaks", "open": "closed"}],
        }
    },
}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([rule(allow="anyone", during="c.open")], ("unknown-hours", "r")),
        ([rule(allow={"age": "15+"}, during="c.open")], ("unknown-hours", "r")),
        ([rule(deny="anyone", during="c.open", reason="event")], ("unknown-hours", "r")),
        ([rule(deny={"member": "gym"}, reason="event")], ("unknown", "r")),
    ],
)
def test_hours_that_are_not_known_are_told_apart_from_a_person_who_is_not(
    rules: list[dict[str, Any]], told: tuple[str, str]
) -> None:
    policies = written.policies(written.document(*rules, **LAPSED))
    person = subject({"born": ADULT, "unknown": ["member"]})
    assert reason(explain(policies, person, NORTH, Action.OPEN, instant(WEDNESDAY_19))) == told


def test_a_day_far_ahead_of_many_rules_is_found_soon() -> None:
    calendars = {
        f"c{n}": {
            "holidays": "closed",
            **{f"o{m}": "closed" for m in range(10)},
            "dates": {
                "2027-11-10": "closed",
                "2027-11-11": {f"o{m}": "10:00-11:00" for m in range(10)},
            },
        }
        for n in range(50)
    }
    rules = [
        {**rule(allow="anyone", during=f"c{n}.o{m}"), "id": f"r{n}-{m}"}
        for n in range(50)
        for m in range(10)
    ]
    policies = written.policies(written.document(*rules, calendars=calendars))
    started = time.process_time()
    decision = explain(policies, subject({}), NORTH, Action.OPEN, instant(WEDNESDAY_19))
    assert decision.opens_at == instant("2027-11-11T09:00")
    assert time.process_time() - started < 5.0  # seconds of a busy machine; 0.6 on a quiet one


def test_a_rule_made_for_you_tells_its_hours() -> None:
    member = subject({"facts": [fact("member", "gym")]})
    rules = [
        rule(allow={"role": "staff"}),
        rule(allow={"member": "gym"}, during="c.staffed"),
        rule(allow={"member": "gym"}, during="c.night"),
    ]
    decision = decided(rules, member)
    assert reason(decision) == ("during", "rule-3")  # of the one that opens first
    assert decision.opens_at == instant("2026-10-14T20:00")


def test_a_rule_made_for_you_tells_its_own_validity() -> None:
    member = subject({"facts": [fact("member", "gym")]})
    later = [rule(allow={"member": "gym"}, from_="2026-10-20")]
    assert reason(decided(later, member)) == ("from", "rule-1")
    over = [rule(allow={"member": "gym"}, until="2026-10-13")]
    assert reason(decided(over, member)) == ("until", "rule-1")
    assert decided(over, member).opens_at is None


def test_a_rule_that_is_open_now_tells_its_first_lacking_condition() -> None:
    conditions = {"all": [{"age": "15+"}, {"member": "club"}, {"terms": "house-3"}]}
    rules = [
        rule(allow="anyone", during="c.staffed"),
        rule(allow=conditions, during="c.evening"),
        rule(allow={"member": "gym"}, during="c.staffed"),
    ]
    child = {"born": "2012-05-03", "facts": [fact("member", "club/youth")]}
    assert reason(decided(rules, subject(child))) == ("age", "rule-2")
    assert reason(decided(rules)) == ("member", "rule-2")


def test_of_the_rules_open_now_the_one_lacking_fewest_is_told() -> None:
    rules = [
        rule(allow={"all": [{"member": "club"}, {"terms": "house-3"}]}),
        rule(allow={"member": "gym"}),
        rule(allow={"resident": "municipality"}),
    ]
    assert reason(decided(rules)) == ("member", "rule-2")


def test_a_failing_any_counts_once_by_its_branch_lacking_fewest() -> None:
    either = {"any": [{"all": [{"member": "club"}, {"terms": "house-3"}]}, {"terms": "gym-1"}]}
    rules = [
        rule(allow={"all": [{"resident": "municipality"}, {"member": "gym"}]}),
        rule(allow=either),
    ]
    assert reason(decided(rules)) == ("terms", "rule-2")


def test_before_the_rules_lacking_most_comes_a_closed_rule_for_anyone() -> None:
    rules = [
        rule(allow={"member": "gym"}, during="c.night"),
        rule(allow="anyone", during="c.staffed"),
    ]
    decision = decided(rules)
    assert reason(decision) == ("during", "rule-2")
    assert decision.opens_at == instant("2026-10-15T08:00")
    assert reason(decided(rules[:1])) == ("member", "rule-1")


@pytest.mark.parametrize("internal", [{"role": "staff"}, {"list": "guests"}])
def test_a_rule_lacking_a_role_or_a_list_is_told_only_if_no_other_is_left(
    internal: dict[str, str],
) -> None:
    kind = next(iter(internal))
    closed = rule(allow="anyone", during="c.staffed")
    assert reason(decided([rule(allow=internal), closed])) == ("during", "rule-2")
    assert reason(decided([rule(allow=internal)])) == (kind, "rule-1")
    either = rule(allow={"any": [internal, {"resident": "building:town"}]})
    assert reason(decided([either])) == (kind, "rule-1")  # a tie: the branch written first
    longer = rule(allow={"any": [{"all": [{"member": "gym"}, {"age": "99+"}]}, internal]})
    assert reason(decided([longer])) == (kind, "rule-1")
    assert reason(decided([longer, rule(allow={"member": "gym"})])) == ("member", "rule-2")


def test_where_no_rule_lets_anybody_do_it_that_is_told() -> None:
    assert reason(decided([rule(allow="anyone")], action=Action.LOCK)) == ("no-rule", None)
    only_side = [rule(allow="anyone", doors="door:town/side")]
    assert reason(decided(only_side, point=NORTH)) == ("no-rule", None)
    assert decided(only_side, point=SIDE).permitted
    assert reason(decided(only_side, point=GATE)) == ("no-rule", None)


def test_an_opening_further_off_than_400_days_is_not_told() -> None:
    rules = [rule(allow="anyone", from_="2027-11-17")]
    assert decided(rules, at="2026-10-13T23:00").opens_at == instant("2027-11-16T23:00")
    assert decided(rules, at="2026-10-12T22:59").opens_at is None


def test_a_rule_is_valid_through_its_last_date_and_not_at_its_last_time() -> None:
    assert decided([rule(allow="anyone", until="2026-10-14")]).until == instant("2026-10-14T22:00")
    timed = rule(allow="anyone", until="2026-10-14T19:00")
    assert reason(decided([timed])) == ("until", "rule-1")
    assert decided([timed], at="2026-10-14T16:59").permitted


def test_a_deny_from_a_stated_time_of_the_autumn_night_starts_at_its_first_showing() -> None:
    rules = [rule(allow="anyone"), rule(deny="anyone", from_="2027-10-31T02:30", reason="flood")]
    assert decided(rules, at="2027-10-31T00:29").until == instant("2027-10-31T00:30")


def test_an_unknown_access_point_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="expected a known access point, got 99"):
        decided([rule(allow="anyone")], point=AccessPointNumber(99))
