"""What one person can open, and what the checks find in rules and doors."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.analysis.checks import dead_rules, empty_points, lockouts, open_doors
from policies.analysis.findings import SENTENCES, Check, Finding
from policies.analysis.population import Population
from policies.analysis.shadowing import shadowed_rules
from policies.analysis.what import what
from policies.engine import granted_windows
from policies.grant import Window
from policies.model import Fact, FactKind, PolicySet, Subject
from policies.subject_to import Proviso
from policies.unlocking import unlocked_windows
from policies.vocabulary import Action, Instant, PersonId
from tests.policies import drawn, written
from tests.policies.written import GATE, NORTH, PLACES, SIDE, SOUTH, VAULT, Doc

NOW = written.instant("2026-10-14T17:00")
DAY = 86_400
CALENDAR: Doc = {
    "calendars": {
        "c": {
            "holidays": "closed",
            "open": {"mon-fri": "10:00-18:00"},
            "early": {"mon-fri": "10:00-12:00"},
            "never": "closed",
        }
    }
}
STAFF = Population.of(
    [Subject(PersonId("anna"), facts=(Fact(FactKind.ROLE, "staff", None, None, "hr"),))]
)


def town(*rules: Doc, **more: Any) -> PolicySet:
    calendars = {"calendars": {"c": {**CALENDAR["calendars"]["c"], "holidays": {
        "open": "closed", "early": "closed", "never": "closed"}}}}  # fmt: skip
    return written.policies(written.document(*rules, **calendars, **more))


def found(findings: tuple[Finding, ...]) -> list[tuple[Check, str | None, str | None]]:
    return [
        (each.check, each.rule.rule if each.rule else None, each.by.rule if each.by else None)
        for each in findings
    ]


def dead(*rules: Doc) -> list[tuple[Check, str | None, str | None]]:
    return found(dead_rules(town(*rules), NOW))


def test_a_rule_that_has_ended_is_dead() -> None:
    assert dead(written.rule(allow="anyone", until="2026-10-14T19:00")) == [
        (Check.ENDED, "r", None)
    ]
    assert dead(written.rule(allow="anyone", until="2026-10-14T19:01")) == []


def test_a_rule_without_hours_is_dead_but_not_one_that_begins_later() -> None:
    assert dead(written.rule(allow="anyone", during="c.never")) == [(Check.NO_HOURS, "r", None)]
    both = {"all": ["c.never", "always"]}
    assert dead(written.rule(allow="anyone", during=both)) == [(Check.NO_HOURS, "r", None)]
    weekend = written.rule(allow="anyone", during="c.open", from_="2026-10-17", until="2026-10-18")
    assert dead(weekend) == [(Check.NO_HOURS, "r", None)]
    assert dead(written.rule(allow="anyone", during="c.open", from_="2029-01-01")) == []


def test_a_rule_for_ages_nobody_can_have_is_dead() -> None:
    contradiction = {"all": [{"age": "15+"}, {"any": [{"age": "0-12"}, {"age": "13-14"}]}]}
    assert dead(written.rule(allow=contradiction)) == [(Check.NO_AGE, "r", None)]
    way_out = {"any": [contradiction, {"role": "staff"}]}
    assert dead(written.rule(allow=way_out)) == []
    assert dead(written.rule(allow={"all": [{"age": "12+"}, {"age": "0-12"}]})) == []


def test_an_allow_in_hours_in_which_everybody_is_denied_is_dead() -> None:
    allow = written.rule(allow="anyone", during="c.early")
    closed = written.rule(id="closed", deny="anyone", during="c.open")
    assert dead(allow, closed) == [(Check.ALWAYS_DENIED, "r", "closed")]
    assert dead(allow, {**closed, "except": {"role": "staff"}}) == []
    assert dead(allow, {**closed, "active": {"switch": "lockdown/town"}}) == []
    assert dead(allow, {**closed, "doors": "door:town/side"}) == []
    assert dead({**allow, "during": "c.open"}, {**closed, "during": "c.early"}) == []
    assert dead({**allow, "doors": "door:town/side"}, {**closed, "doors": "door:town/side"}) == [
        (Check.ALWAYS_DENIED, "r", "closed")
    ]


def shadowed(*rules: Doc) -> list[tuple[str | None, str | None]]:
    return [(rule, by) for _, rule, by in found(shadowed_rules(town(*rules), NOW))]


MEMBERS = written.rule(id="members", allow={"member": "club"}, during="c.open")


@pytest.mark.parametrize(
    "inside",
    [
        {"allow": {"member": "club/adult"}},
        {"allow": {"all": [{"member": "club/adult"}, {"age": "15+"}]}},
        {"allow": {"any": [{"member": "club/adult"}, {"member": "club/youth"}]}},
        {"during": "c.early"},
        {"during": {"all": ["c.open", "c.early"]}},
        {"doors": "door:town/side"},
        {"from": "2026-12-01", "until": "2026-12-31"},
        {"with": {"life": "8h"}},
        {"limits": {"visits": "2 per day", "offline": "refuse"}},
    ],
)
def test_an_allow_within_another_is_superfluous(inside: Doc) -> None:
    assert shadowed({**MEMBERS, **inside, "id": "r"}, MEMBERS) == [("r", "members")]
    assert shadowed(MEMBERS, {**MEMBERS, **inside, "id": "r"}) == [("r", "members")]


@pytest.mark.parametrize(
    "beyond",
    [
        {"allow": {"member": "gym"}},
        {"allow": {"any": [{"member": "club/adult"}, {"role": "staff"}]}},
        {"allow": "anyone", "during": "c.early"},
        {"during": "always", "allow": {"member": "club/adult"}},
        {"doors": "door:town/side", "with": {"actions": ["open", "light"]}},
        {"doors": "door:town/side", "with": {"share": "2"}},
    ],
)
def test_an_allow_that_gives_anything_more_is_not_superfluous(beyond: Doc) -> None:
    assert shadowed({**MEMBERS, **beyond, "id": "r"}, MEMBERS) == []


def test_of_two_rules_that_say_the_same_the_later_is_superfluous() -> None:
    assert shadowed(MEMBERS, {**MEMBERS, "id": "again"}) == [("again", "members")]
    in_other_words = {**MEMBERS, "id": "again", "during": {"all": ["c.open", "always"]}}
    assert shadowed(in_other_words, MEMBERS) == [("members", "again")]


def test_a_rule_with_limits_makes_no_other_superfluous() -> None:
    limited = {**MEMBERS, "limits": {"visits": "2 per day", "offline": "refuse"}}
    assert shadowed(limited, {**limited, "id": "again"}) == []


def test_a_deny_is_superfluous_only_where_the_other_lets_no_more_past() -> None:
    wide = written.rule(id="wide", deny="anyone", except_={"role": "staff"})
    narrow = written.rule(deny={"age": "0-12"}, during="c.open")
    assert shadowed(wide, narrow) == []
    assert shadowed(wide, {**narrow, "except": {"any": [{"role": "staff"}, {"age": "10+"}]}}) == [
        ("r", "wide")
    ]
    switch = {"active": {"switch": "lockdown/town"}}
    assert shadowed(written.rule(deny="anyone", **switch), wide) == []
    assert shadowed(
        {**written.rule(deny="anyone", **switch), "except": {"role": "staff"}}, wide
    ) == [("r", "wide")]


def test_a_booking_is_superfluous_beside_what_holds_anyway_and_with_more_time() -> None:
    record = {"booking": "hall", "early": "15m"}
    booked = written.rule(allow={"booking": "hall", "as": ["holder"]}, during=record)
    assert shadowed(booked, written.rule(id="a", allow="anyone")) == [("r", "a")]
    longer = written.rule(id="longer", allow={"booking": "hall"}, during={**record, "late": "5m"})
    assert shadowed(booked, longer) == [("r", "longer")]
    assert shadowed(booked, {**longer, "during": {"booking": "hall"}}) == []


def test_a_door_nobody_can_open_is_found_and_one_without_rules() -> None:
    policies = town(
        written.rule(allow={"role": "caretaker"}),
        written.rule(id="s", doors="door:town/side", allow={"role": "staff"}, during="c.open"),
        written.rule(id="v", doors="door:town/vault", unlock="anyone", during="c.open"),
    )
    findings = empty_points(policies, STAFF, NOW)
    assert [(each.check, each.points) for each in findings] == [
        (Check.NO_RULES, (GATE,)),
        (Check.NOBODY, (NORTH,)),
        (Check.NOBODY, (SOUTH,)),
    ]


def test_a_door_that_opens_only_after_the_days_asked_for_is_empty() -> None:
    policies = town(written.rule(allow={"role": "staff"}, from_="2026-11-20"))
    assert len(empty_points(policies, STAFF, NOW, days=30)) == 5
    assert len(empty_points(policies, STAFF, NOW, days=40)) == 1


def test_a_facility_nobody_can_open_is_locked_out_and_one_without_rules_is_not() -> None:
    policies = town(written.rule(allow={"role": "caretaker"}))
    (finding,) = lockouts(policies, STAFF, NOW)
    assert (finding.check, finding.facility) == (Check.LOCKED_OUT, "town")


def test_a_deny_of_everybody_without_exception_closes_the_place_for_its_time() -> None:
    staff = written.rule(id="staff", allow={"role": "staff"})
    flood = written.rule(deny="anyone", from_="2026-10-20", until="2026-10-21")
    (finding,) = lockouts(town(staff, flood), STAFF, NOW)
    assert finding.check is Check.CLOSED_TO_ALL
    assert finding.window == Window(
        written.instant("2026-10-19T22:00"), written.instant("2026-10-21T22:00")
    )
    assert lockouts(town(staff, {**flood, "except": {"role": "caretaker"}}), STAFF, NOW) == ()
    assert lockouts(town(staff, {**flood, "doors": "zone:town/hall"}), STAFF, NOW) == ()
    switched = written.rule(deny="anyone", active={"switch": "lockdown/town"})
    (finding,) = lockouts(town(staff, switched), STAFF, NOW)
    assert finding.check is Check.SWITCH_LOCKS_OUT


def test_a_door_open_to_all_around_the_clock_is_found() -> None:
    side = {"doors": "door:town/side"}
    assert found(open_doors(town(written.rule(allow="anyone", **side)), NOW)) == [
        (Check.OPEN_TO_ALL, "r", None)
    ]
    assert found(open_doors(town(written.rule(unlock="anyone", **side)), NOW)) == [
        (Check.STANDS_UNLOCKED, "r", None)
    ]
    for rule in (
        written.rule(allow="anyone", during="c.open"),
        written.rule(allow={"age": "0+"}),
        written.rule(unlock={"after": {"role": "staff"}}),
        written.rule(allow="anyone", until="2026-10-20"),
    ):
        assert open_doors(town(rule), NOW) == ()


def test_every_finding_has_a_sentence_in_english() -> None:
    assert SENTENCES.keys() == set(Check)
    policies = town(written.rule(allow="anyone"), written.rule(id="s", allow={"role": "staff"}))
    assert [each.sentence(PLACES) for each in shadowed_rules(policies, NOW)] == [
        "The rule s (building:town) does nothing that r (building:town) does not do."
    ]
    assert [each.sentence(PLACES) for each in open_doors(policies, NOW)] == [
        "Everybody can open town/hall/north, town/hall/south, town/side, town/vault around the "
        "clock, from 2026-10-14T17:00:00Z: r (building:town)."
    ]


def without(doc: Doc, rule: str) -> Doc:
    return {**doc, "policies": [each for each in doc["policies"] if each["id"] != rule]}


@settings(max_examples=50)
@given(drawn.cases(), st.sampled_from(Action))
def test_without_a_rule_that_is_found_nobody_gains_or_loses(
    case: drawn.Case, action: Action
) -> None:
    policies = written.policies(*case.docs, book=case.book)
    span = Window(case.at, Instant(case.at + 30 * DAY))
    subject = written.subject(case.person)
    for finding in (*shadowed_rules(policies, case.at), *dead_rules(policies, case.at)):
        assert finding.rule is not None
        if finding.check is Check.NO_AGE:  # an unknown age possibly is any two
            continue
        docs = [
            without(doc, finding.rule.rule) if doc["for"] == finding.rule.place else doc
            for doc in case.docs
        ]
        rest = written.policies(*(doc for doc in docs if doc["policies"]), book=case.book)
        for point in (NORTH, SIDE, VAULT, GATE):
            was = granted_windows(policies, subject, point, action, span)
            assert was == granted_windows(rest, subject, point, action, span), finding
            unlocked = unlocked_windows(policies, point, span)
            assert unlocked == unlocked_windows(rest, point, span), finding


@settings(max_examples=50)
@given(drawn.cases())
def test_what_a_person_can_open_is_what_is_granted_at_each_door(case: drawn.Case) -> None:
    policies, subject = written.policies(*case.docs, book=case.book), written.subject(case.person)
    span = Window(case.at, Instant(case.at + DAY))
    openings = what(policies, subject, case.at)
    for point in (p.number for p in PLACES.access_points):
        for action in Action:
            told = [o for o in openings if point in o.points and action in o.actions]
            windows = granted_windows(policies, subject, point, action, span)
            assert [o.windows for o in told if o.windows] == ([windows] if windows else [])
            if action is Action.OPEN:
                unlocked = unlocked_windows(policies, point, span)
                assert [o.unlocked for o in told if o.unlocked] == ([unlocked] if unlocked else [])


def test_what_windows_do_not_hold_is_named_beside_them() -> None:
    policies = town(
        written.rule(allow={"role": "staff"}, limits={"visits": "2 per day", "offline": "refuse"}),
        written.rule(id="lockdown", deny="anyone", active={"switch": "lockdown/town"}),
        written.rule(
            id="side", doors="door:town/side", unlock={"after": {"role": "staff"}}, during="always"
        ),
    )
    staff = Subject(PersonId("anna"), facts=(Fact(FactKind.ROLE, "staff", None, None, "hr"),))
    first, second = what(policies, staff, NOW)
    assert (first.points, second.points) == ((NORTH, SOUTH, VAULT), (SIDE,))
    assert [each.kind for each in first.subject_to] == [Proviso.LIMITS, Proviso.SWITCH]
    assert {each.kind for each in second.subject_to} == set(Proviso) - {Proviso.TWO_PEOPLE}
    nobody = Subject(PersonId("ola"))
    (only,) = what(policies, nobody, NOW)
    assert (only.points, only.windows) == ((SIDE,), ())
    assert only.unlocked == (Window(NOW, Instant(NOW + DAY)),)
