"""The rest of the language: unlocks, records, limits, manner and switches, read and refused."""

from typing import Any

import pytest

from policies.documents.document import parse_document
from policies.manner import PLAIN, Brings, CountedBy, Limits, Manner, Offline, Period, Visits
from policies.model import (
    AllOf,
    Always,
    Anyone,
    DuringAll,
    DuringRecord,
    Effect,
    FactKind,
    Listed,
    Recorded,
    Rule,
)
from policies.records import RecordKind, RecordName
from tests.policies import written
from tests.policies.test_document import CALENDAR, HEAD, rule_fault

HALL = RecordName(RecordKind.BOOKING, "hall")
CARE = RecordName(RecordKind.ASSIGNED, "care")
TOWN = "doors: 'building:town'"


def read(rule: str) -> Rule:
    text = f"{HEAD}{CALENDAR}policies: [{rule}]\n"
    (found,) = parse_document(text, "town.yaml", written.PLACES, written.HOLIDAYS).rules
    return found


def test_an_unlock_is_for_anyone_and_may_wait_for_somebody() -> None:
    plain = read(f"{{id: a, {TOWN}, unlock: anyone, during: c.open}}")
    assert (plain.effect, plain.who, plain.after) == (Effect.UNLOCK, Anyone(), None)
    waiting = read(f"{{id: a, {TOWN}, unlock: {{after: {{role: staff}}}}, during: c.open}}")
    assert (waiting.who, waiting.after) == (Anyone(), Listed(FactKind.ROLE, "staff"))


def test_a_rule_may_speak_of_one_record_in_doors_people_and_times() -> None:
    rule = read(
        "{id: a, doors: {booking: hall.door}, allow: {booking: hall, as: [holder, deputy]},"
        " during: {all: [{booking: hall, early: 15m, late: 2h}, c.open]}}"
    )
    assert rule.doors == HALL
    assert rule.points == frozenset()
    assert rule.who == Recorded(HALL, ("holder", "deputy"))
    assert isinstance(rule.when, DuringAll)
    assert rule.when.parts[0] == DuringRecord(HALL, 900, 7_200)


def test_an_assignment_is_written_like_a_booking_and_early_and_late_may_be_left_out() -> None:
    rule = read(
        f"{{id: a, {TOWN}, allow: {{all: [{{assigned: care}}, {{role: staff}}]}},"
        " during: {assigned: care}}"
    )
    assert rule.who == AllOf((Recorded(CARE, ()), Listed(FactKind.ROLE, "staff")))
    assert rule.when == DuringRecord(CARE, 0, 0)


def test_every_key_of_with_and_limits_is_read() -> None:
    rule = read(
        f"{{id: a, {TOWN}, allow: anyone, during: always, limits: {{visits: 18 per calendar-year,"
        " by: household, inside: 400, offline: count-later}, with: {life: 8h,"
        " actions: [open, light], share: 2, brings: own-children, two-people: 30s,"
        " after: {role: staff}}}"
    )
    assert rule.limits == Limits(
        Visits(18, Period.YEAR), CountedBy.HOUSEHOLD, 400, Offline.COUNT_LATER
    )
    manner = rule.manner
    assert (manner.life_seconds, manner.share, manner.two_people_seconds) == (28_800, 2, 30)
    assert manner.brings is Brings.OWN_CHILDREN
    assert rule.after == Listed(FactKind.ROLE, "staff")


def test_what_is_not_said_counts_by_the_person_and_needs_nobody_else() -> None:
    rule = read(
        f"{{id: a, {TOWN}, allow: anyone, during: always, with: {{brings: 3}},"
        " limits: {visits: 1 per day, offline: refuse}}"
    )
    assert rule.limits == Limits(Visits(1, Period.DAY), CountedBy.PERSON, None, Offline.REFUSE)
    assert rule.manner == Manner(brings=3)
    assert read(f"{{id: a, {TOWN}, allow: anyone, during: always}}").manner == PLAIN


def test_a_switch_turns_a_deny_of_everybody_on() -> None:
    rule = read(
        f"{{id: a, {TOWN}, deny: anyone, except: {{role: staff}}, reason: lockdown,"
        " active: {switch: lockdown/town}}"
    )
    assert (rule.switch, rule.reason, rule.when) == ("lockdown/town", "lockdown", Always())
    assert rule.lifts == Listed(FactKind.ROLE, "staff")


FAULTS: list[tuple[str, str, str]] = [
    ("unlock: {role: staff}, during: always", "unlock.role", "expected one of after, got 'role'"),
    ("unlock: everyone, during: always", "unlock", "expected anyone or {after: a condition}"),
    ("unlock: [], during: always", "unlock", "expected anyone or {after: a condition}, got a list"),
    ("unlock: anyone", "", "with during, got none"),
    ("unlock: anyone, during: always, reason: flood", "reason", "got 'reason'"),
    (
        "allow: {booking: hal}, during: always",
        "allow.booking",
        "known booking, got 'hal' (nearest: hall)",
    ),
    ("allow: {booking: care}, during: always", "allow.booking", "known booking, got 'care'"),
    ("allow: {assigned: hall}, during: always", "allow.assigned", "known assignment, got 'hall'"),
    ("allow: {booking: hall, as: [hoder]}, during: always", "allow.as[0]", "nearest: holder"),
    ("allow: {booking: hall, as: []}, during: always", "allow.as", "got an empty list"),
    ("allow: {booking: hall, as: holder}, during: always", "allow.as", "expected a list of parts"),
    (
        "allow: {booking: hall, as: [holder, holder]}, during: always",
        "allow.as[1]",
        "each part once",
    ),
    (
        "allow: {assigned: care, as: [holder]}, during: always",
        "allow.as",
        "beside booking, got it beside assigned",
    ),
    ("allow: {role: staff, as: [holder]}, during: always", "allow.as", "got it beside role"),
    (
        "allow: {booking: hall}, during: {assigned: care}",
        "during.assigned",
        "one kind of record in a rule, got booking hall and assigned care",
    ),
    (
        "allow: {booking: hall}, during: {all: [always, {booking: gym}]}",
        "during.all[1].booking",
        "got booking hall and booking gym",
    ),
    ("deny: {booking: hall}, except: {booking: gym}", "except.booking", "one kind of record"),
    (
        "allow: {booking: hall}, during: always, with: {after: {booking: gym}}",
        "with.after.booking",
        "one kind of record",
    ),
    ("allow: anyone, during: {booking: hall, early: 15}", "during.early", "got '15'"),
    ("allow: anyone, during: {booking: hall, early: 0m}", "during.early", "got '0m'"),
    ("allow: anyone, during: {booking: hall, late: 25h}", "during.late", "at most 24h, got '25h'"),
    ("allow: anyone, during: {booking: hall, erly: 15m}", "during.erly", "nearest: early"),
    (
        "allow: anyone, during: {early: 15m}",
        "during",
        "exactly one of booking, assigned, all, any, got 0",
    ),
    ("allow: anyone, during: {booking: hall, assigned: care}", "during", "got 2"),
    (
        "allow: anyone, during: {all: [always], late: 15m}",
        "during.late",
        "beside a record, got it beside all",
    ),
    ("deny: anyone, active: {switch: lockdwn/town}", "active.switch", "nearest: lockdown/town"),
    ("deny: anyone, active: lockdown/town", "active", "expected what it is active by"),
    (
        "deny: {role: staff}, active: {switch: lockdown/town}",
        "active",
        "on deny: anyone, got it on another",
    ),
    ("allow: anyone, during: always, active: {switch: lockdown/town}", "active", "got 'active'"),
    ("deny: everyone", "deny", "nearest: anyone"),
    (
        "deny: anyone, sensitive: true",
        "sensitive",
        "sensitive said of a place, got it on a rule",
    ),
    ("deny: anyone, owner: x", "owner", "owner said of a place, got it on a rule"),
    ("deny: anyone, reason: Permission revoked", "reason", "a known message id (library-excl"),
    ("deny: anyone, until: 2027-06-30 22:00", "until", "date-time such as 2027-06-30T22:00"),
    ("deny: anyone, limits: {visits: 1 per day, offline: refuse}", "limits", "got 'limits'"),
    (
        "allow: anyone, during: always, limits: {visits: 1 per day}",
        "limits",
        "with offline, got none",
    ),
    (
        "allow: anyone, during: always, limits: {offline: refuse}",
        "limits",
        "visits or inside, got neither",
    ),
    (
        "allow: anyone, during: always, limits: {inside: 3, by: person, offline: refuse}",
        "limits.by",
        "beside visits",
    ),
    (
        "allow: anyone, during: always, limits: {visits: 3 per year, offline: refuse}",
        "limits.visits",
        "got '3 per year'",
    ),
    (
        "allow: anyone, during: always, limits: {visits: 0 per day, offline: refuse}",
        "limits.visits",
        "got '0 per day'",
    ),
    (
        "allow: anyone, during: always, limits: {visits: '3', offline: refuse}",
        "limits.visits",
        "got '3'",
    ),
    (
        "allow: anyone, during: always, limits: {visits: 3 per day, offline: count}",
        "limits.offline",
        "nearest: count-later",
    ),
    (
        "allow: anyone, during: always, limits: {visits: 3 per day, by: house, offline: refuse}",
        "limits.by",
        "nearest: household",
    ),
    (
        "allow: anyone, during: always, limits: {inside: 0, offline: refuse}",
        "limits.inside",
        "from 1 through 1000000, got '0'",
    ),
    (
        "allow: anyone, during: always, with: {share: 101}",
        "with.share",
        "from 1 through 100, got '101'",
    ),
    (
        "allow: anyone, during: always, with: {brings: own-child}",
        "with.brings",
        "nearest: own-children",
    ),
    ("allow: anyone, during: always, with: {brings: 3.5}", "with.brings", "got '3.5'"),
    (
        "allow: anyone, during: always, with: {two-people: 1h}",
        "with.two-people",
        "at most 5m, got '1h'",
    ),
    ("allow: anyone, during: always, with: {two-people: 301s}", "with.two-people", "got '301s'"),
    ("allow: anyone, during: always, with: {after: anyone}", "with.after", "got 'anyone'"),
]


@pytest.mark.parametrize(("keys", "path", "says"), FAULTS)
def test_a_fault_names_its_key_and_what_was_expected(keys: str, path: str, says: str) -> None:
    fault = rule_fault(f"{{id: a, {TOWN}, {keys}}}")
    assert fault.path == (f"policies[0].{path}" if path else "policies[0]")
    assert says in fault.sentence


@pytest.mark.parametrize(
    ("doors", "says"),
    [
        ("{booking: hall}", "expected a record and .door, got 'hall'"),
        ("{booking: hal.door}", "expected a known booking, got 'hal' (nearest: hall)"),
        ("{assigned: hall.door}", "expected a known assignment, got 'hall'"),
        ("{booking: hall.door, assigned: care.door}", "got 2"),
        ("{role: staff}", "got 'role'"),
        ("[{booking: hall.door}]", "expected a place such as building:torshov, got a mapping"),
    ],
)
def test_doors_of_a_record_are_of_a_known_one_alone(doors: str, says: str) -> None:
    assert says in rule_fault(f"{{id: a, doors: {doors}, allow: anyone, during: always}}").sentence


def test_equal_rules_are_equal_wherever_they_are_written() -> None:
    def rules(document: Any) -> tuple[Rule, ...]:
        return written.policies(document).documents[0].rules

    rule = written.rule(allow={"booking": "hall"}, during={"booking": "hall", "early": "15m"})
    (alone,) = rules(written.document(rule))
    _, after = rules(written.document(written.rule(deny="anyone", id="first"), rule))
    assert alone == after
    assert alone != rules(written.document({**rule, "during": {"booking": "hall"}}))[0]
