"""The reason told of bookings and assignments, of unlocked doors, and of switches."""

from typing import Any

import pytest

from policies.explanation.explaining import Explanation, Outlook, explain, refusals
from policies.model import Subject
from policies.vocabulary import AccessPointNumber, Action
from tests.policies import written
from tests.policies.written import (
    GATE,
    NORTH,
    PLACES,
    SIDE,
    Doc,
    document,
    fact,
    instant,
    rule,
    subject,
)

CALENDARS = {
    "c": {
        "holidays": "closed",
        "staffed": {"mon-fri": "10:00-18:00"},
        "evening": {"mon-fri": "18:00-22:00"},
    }
}
ADULT = {"born": "1990-05-05"}


def booking(number: int, start: str, end: str, **keys: Any) -> Doc:
    """A booking of the hall that Kari holds, at the north door."""
    return {
        "id": f"b{number}", "kind": "booking", "name": "hall",
        "access_points": ["town/hall/north"], "people": [{"person": "kari", "as": "holder"}],
        "start": start, "end": end, **keys,
    }  # fmt: skip


WEDNESDAY = booking(1, "2026-10-14T18:00", "2026-10-14T20:00")
BOOK: Doc = {"records": [WEDNESDAY], "unread": []}
HALL = rule(
    doors={"booking": "hall.door"},
    allow={"booking": "hall", "as": ["holder", "invited"]},
    during={"booking": "hall", "early": "15m", "late": "15m"},
)


def told(
    rules: list[Doc],
    person: Subject | None = None,
    at: str = "2026-10-14T17:00",
    *,
    book: Doc | None = BOOK,
    point: AccessPointNumber = NORTH,
    switches: dict[str, bool] | None = None,
) -> Explanation:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    policies = written.policies(document(*numbered, calendars=CALENDARS), book=book)
    someone = person or subject(ADULT)
    return explain(policies, someone, point, Action.OPEN, instant(at), switches)


def reason(explanation: Explanation) -> tuple[str, str | None]:
    assert not explanation.permitted
    return explanation.reason, explanation.rule


def test_a_booking_opens_from_its_early_to_its_late_and_tells_when() -> None:
    before = told([HALL], at="2026-10-14T15:44")
    assert reason(before) == ("during", "rule-1")
    assert before.opens_at == instant("2026-10-14T15:45")
    assert told([HALL]).until == instant("2026-10-14T18:15")


def test_without_a_part_in_a_booking_that_is_what_lacks() -> None:
    nobody: Doc = {"records": [], "unread": []}
    assert reason(told([{**HALL, "doors": "zone:town/hall"}], book=nobody))[0] == "booking"
    others = {**WEDNESDAY, "people": [{"person": "ola", "as": "holder"}]}
    during_it = told([HALL], book={"records": [others], "unread": []})
    assert (*reason(during_it), during_it.opens_at) == ("booking", "rule-1", None)


def test_another_part_in_the_booking_than_the_rule_asks_for_lacks() -> None:
    deputy = {**WEDNESDAY, "people": [{"person": "kari", "as": "deputy"}]}
    assert reason(told([HALL], book={"records": [deputy], "unread": []}))[0] == "booking"


def test_a_door_that_no_record_names_has_no_rule_from_it() -> None:
    assert reason(told([HALL], point=SIDE)) == ("no-rule", None)


def test_for_a_day_after_a_booking_its_end_is_told_and_then_that_one_is_lacking() -> None:
    assert reason(told([HALL], at="2026-10-14T18:15"))[0] == "until"
    assert reason(told([HALL], at="2026-10-15T18:14"))[0] == "until"
    assert reason(told([HALL], at="2026-10-15T18:15"))[0] == "booking"


def test_the_next_booking_is_told_before_the_end_of_the_last() -> None:
    friday = booking(2, "2026-10-16T18:00", "2026-10-16T20:00")
    after = told([HALL], at="2026-10-14T19:00", book={"records": [WEDNESDAY, friday], "unread": []})
    assert (after.reason, after.opens_at) == ("during", instant("2026-10-16T15:45"))


def test_an_unread_register_of_records_is_unknown_and_opens_nothing() -> None:
    unread: Doc = {"records": [], "unread": ["booking"]}
    unknown = told([HALL], book=unread)
    assert (*reason(unknown), unknown.opens_at) == ("unknown", "rule-1", None)
    timed = rule(allow={"member": "gym"}, during={"booking": "hall"})
    member = subject({**ADULT, "facts": [fact("member", "gym")]})
    assert reason(told([timed], member, book=unread)) == ("unknown", "rule-1")
    denied = rule(deny={"booking": "hall"}, reason="event")
    assert reason(told([rule(allow="anyone"), denied], book=unread)) == ("unknown", "rule-2")


def test_a_day_its_list_does_not_cover_is_unknown_hours_for_a_booking_too() -> None:
    lapsed = {
        "days": {"breaks": {"covers": "2026-08-01..2026-09-30", "on": ["2026-08-03"]}},
        "calendars": {
            "c": {
                "holidays": "closed",
                "open": {"mon-fri": "10:00-22:00"},
                "seasons": [{"days": "breaks", "open": "closed"}],
            }
        },
    }
    both = {**HALL, "during": {"all": [{"booking": "hall"}, "c.open"]}}
    policies = written.policies(document({**both, "id": "r"}, **lapsed), book=BOOK)
    at = instant("2026-10-14T17:00")
    assert explain(policies, subject(ADULT), NORTH, Action.OPEN, at).reason == "unknown-hours"


CARE = rule(allow={"all": [{"role": "staff"}, {"assigned": "care"}]}, during={"assigned": "care"})


def test_a_rule_lacking_an_assignment_is_told_only_if_no_other_is_left() -> None:
    public = rule(allow={"member": "gym"}, during="c.staffed")
    assert reason(told([CARE, public])) == ("member", "rule-2")
    staff = subject({**ADULT, "facts": [fact("role", "staff")]})
    assert reason(told([CARE], staff)) == ("assigned", "rule-1")


def test_a_role_that_lapsed_is_told_to_somebody_whose_record_it_is() -> None:
    leader = {**HALL, "allow": {"all": [{"booking": "hall"}, {"role": "staff"}]}}
    invited = {**HALL, "allow": {"booking": "hall", "as": ["invited"]}}
    assert reason(told([leader, invited])) == ("role", "rule-1")


def test_a_register_past_its_freshness_is_unknown() -> None:
    stale = subject(
        {**ADULT, "facts": [fact("member", "gym")], "fresh": {"member": "2026-10-14T16:00:00Z"}}
    )
    doubted = told([rule(allow={"member": "gym"})], stale)
    assert (*reason(doubted), doubted.lasts_until) == ("unknown", "rule-1", None)


STAFFED = rule(unlock="anyone", during="c.staffed")
MEMBERS = rule(allow={"member": "gym"}, during="c.evening")


def test_a_door_that_stands_unlocked_asks_for_no_key() -> None:
    open_now = told([STAFFED, MEMBERS], at="2026-10-14T12:00")
    assert not open_now.permitted
    assert open_now.stands_unlocked
    assert (open_now.reason, open_now.rule) == ("unlocked", "rule-1")
    assert (open_now.until, open_now.opens_at) == (instant("2026-10-14T16:00"), None)


def test_a_key_of_ones_own_is_told_before_the_unlocked_door() -> None:
    staff = subject({**ADULT, "facts": [fact("role", "staff")]})
    own = told([STAFFED, rule(allow={"role": "staff"})], staff, at="2026-10-14T12:00")
    assert (own.reason, own.rule, own.stands_unlocked) == ("granted", "rule-2", True)


def test_an_unlock_is_the_next_opening_for_whoever_has_no_key() -> None:
    evening = told([STAFFED, MEMBERS])
    assert reason(evening) == ("member", "rule-2")
    assert (evening.opens_at, evening.opens_unlocked) == (instant("2026-10-15T08:00"), True)
    night = told([STAFFED, MEMBERS], at="2026-10-14T21:00")
    assert reason(night) == ("during", "rule-1")


def test_an_exclusion_is_told_at_an_unlocked_door_and_ends_as_the_fact_does() -> None:
    excluded = subject({**ADULT, "facts": [fact("list", "excluded", until="2026-11-18")]})
    deny = rule(deny={"list": "excluded"}, reason="exclusion")
    now = told([STAFFED, deny], excluded, at="2026-10-14T12:00")
    assert (*reason(now), now.stands_unlocked) == ("exclusion", "rule-2", True)
    assert (now.lasts_until, now.opens_at) == (instant("2026-11-18T23:00"), None)


def test_the_end_of_an_exclusion_that_has_hours_is_not_told() -> None:
    excluded = subject({**ADULT, "facts": [fact("list", "excluded", until="2026-11-18")]})
    deny = rule(deny={"list": "excluded"}, during="c.evening", reason="exclusion")
    assert told([rule(allow="anyone"), deny], excluded).lasts_until is None


def test_whom_a_deny_excepts_is_told_why_the_door_is_not_unlocked() -> None:
    caretaker = subject({**ADULT, "facts": [fact("role", "caretaker")]})
    flood = rule(deny="anyone", except_={"role": "caretaker"}, reason="flood")
    assert reason(told([STAFFED, flood], caretaker, at="2026-10-14T12:00")) == ("flood", "rule-2")


LOCKDOWN = rule(
    deny="anyone", except_={"role": "staff"}, active={"switch": "lockdown/town"}, reason="lockdown"
)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        (None, ("granted", None)),
        ({"lockdown/town": False}, ("granted", None)),
        ({"lockdown/town": True}, ("lockdown", None)),
        ({}, ("unknown", None)),
    ],
)
def test_a_switch_that_is_on_or_was_not_read_denies_where_switches_are_told(
    switches: dict[str, bool] | None, expected: tuple[str, None]
) -> None:
    explanation = told([LOCKDOWN, rule(allow="anyone")], switches=switches)
    assert (explanation.reason, explanation.opens_at) == expected
    unlocked = told([LOCKDOWN, STAFFED], at="2026-10-14T12:00", switches=switches)
    assert unlocked.stands_unlocked is (expected[0] == "granted")
    staff = subject({**ADULT, "facts": [fact("role", "staff")]})
    assert told([LOCKDOWN, rule(allow="anyone")], staff, switches=switches).permitted


def test_what_an_answer_is_subject_to_is_told_with_it() -> None:
    explanation = told([LOCKDOWN, rule(allow="anyone")])
    assert [each.kind.value for each in explanation.subject_to] == ["switch"]


def test_refusals_leave_out_what_she_may_open() -> None:
    policies = written.policies(
        document({**HALL, "id": "hall"}, rule(id="open", allow="anyone", doors="door:town/side")),
        book=BOOK,
    )
    points = [PLACES.by_number[number] for number in (NORTH, SIDE, GATE)]
    found = refusals(policies, subject(ADULT), points, instant("2026-10-14T21:00"))
    assert [(each.access_point.number, each.explanation.reason) for each in found] == [
        (NORTH, "until"), (GATE, "no-rule"),
    ]  # fmt: skip


def test_an_outlook_is_asked_of_many_points_and_tells_no_accounts() -> None:
    policies = written.policies(document({**HALL, "id": "hall"}), book=BOOK)
    outlook = Outlook(policies, subject(ADULT), instant("2026-10-14T17:00"))
    assert outlook.explain(NORTH, Action.OPEN).permitted
    assert outlook.explain(SIDE, Action.OPEN).accounts == ()
    with pytest.raises(ValueError, match="expected a known access point, got 99"):
        outlook.explain(AccessPointNumber(99), Action.OPEN)
