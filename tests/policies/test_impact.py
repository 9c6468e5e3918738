"""The impact of an edit: against each person's own windows, and the rules of how it is counted."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.analysis import effect as analysis_effect
from policies.analysis.impact import Impact, Period, impact, impact_of_facts
from policies.analysis.occasions import Occasion
from policies.analysis.population import Population
from policies.analysis.who import who
from policies.circumstances import RuleName
from policies.discretion import shown
from policies.engine import decide, granted_windows
from policies.grant import Window
from policies.model import Fact, FactKind, PolicySet, Subject
from policies.policy_set import with_records
from policies.unlocking import unlocked_windows
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId, RuleId
from policies.windows import Windows, difference
from tests.bench import policy_population
from tests.policies import drawn, written
from tests.policies.written import NORTH, PLACES, SIDE, VAULT, Doc

NOW = written.instant("2026-10-14T17:00")
DAY = 86_400
POINTS = tuple(point.number for point in PLACES.access_points)


def person(name: str, **keys: Any) -> Subject:
    return Subject(PersonId(name), **keys)


def staff(name: str, **keys: Any) -> Subject:
    return person(name, facts=(Fact(FactKind.ROLE, "staff", None, None, "hr"),), **keys)


TOWN = Population.of(
    [staff("anna"), staff("kari"), person("ola"), person("per", is_protected=True)]
)


STANDING = written.rule(id="standing", deny={"list": "excluded"})


def edit(before: list[Doc], after: list[Doc], at: Instant = NOW, **more: Any) -> Impact:
    first, second = (
        written.policies(written.document(*rules, STANDING, **more)) for rules in (before, after)
    )
    return impact(first, second, TOWN, at)


def period(counted: Impact, occasion: Occasion) -> Period:
    return next(each for each in counted.periods if each.occasion is occasion)


def test_an_edit_that_changes_nothing_has_no_first_instant() -> None:
    rule = written.rule(allow={"role": "staff"})
    counted = edit([rule], [rule])
    assert (counted.first, counted.periods, counted.edited) == (None, (), ())


def test_a_new_rule_gives_to_those_it_is_for_at_its_doors() -> None:
    counted = edit([], [written.rule(allow={"role": "staff"}, doors="zone:town/hall")])
    assert counted.first == NOW
    assert counted.gaining.named() == ("anna", "kari")
    assert counted.gaining_by_point() == {NORTH: 2, 2: 2}
    assert len(counted.losing) == 0
    changes = period(counted, Occasion.FIRST_DAYS).rules
    assert [change.rule for change in changes] == [RuleName("building:town", RuleId("r"))]


def test_those_who_could_anyway_do_not_gain() -> None:
    anyone = written.rule(id="a", allow="anyone")
    counted = edit([anyone], [anyone, written.rule(allow={"role": "staff"})])
    assert counted.first is None
    assert counted.edited == (RuleName("building:town", RuleId("r")),)


def test_it_is_counted_from_the_first_instant_the_edit_changes_anything() -> None:
    anyone = written.rule(allow="anyone")
    flood = written.rule(id="flood", deny="anyone", from_="2027-10-31T02:30", until="2027-11-02")
    counted = edit([anyone], [anyone, flood])
    assert counted.first == written.instant("2027-10-31T00:30")
    first_days = period(counted, Occasion.FIRST_DAYS)
    assert first_days.span == Window(counted.first, Instant(counted.first + 7 * DAY))
    assert len(counted.losing) == 4
    assert counted.losing.named() == ("anna", "kari", "ola")


def test_what_changes_nothing_within_400_days_changes_nothing() -> None:
    counted = edit([], [written.rule(allow="anyone", from_="2027-11-19")])
    assert counted.first is None
    assert edit([], [written.rule(allow="anyone", from_="2027-11-18")]).first is not None


CALENDAR: Doc = {
    "calendars": {
        "c": {
            "holidays": {"open": "closed"},
            "open": {"mon-fri": "10:00-18:00"},
            "seasons": [{"from": "12-01", "to": "02-28", "open": {"mon-sun": "12:00-14:00"}}],
        }
    }
}


def test_the_next_holiday_season_change_and_clock_change_are_counted_too() -> None:
    counted = edit([], [written.rule(allow="anyone", during="c.open")], **CALENDAR)
    assert counted.first == written.instant("2026-10-15T08:00")
    spans = {each.occasion: each.span for each in counted.periods}
    assert spans[Occasion.PUBLIC_HOLIDAY] == Window(
        written.instant("2026-12-24T23:00"), written.instant("2026-12-25T23:00")
    )
    assert spans[Occasion.SEASON_CHANGE] == Window(
        written.instant("2026-11-30T23:00"), written.instant("2026-12-07T23:00")
    )
    assert spans[Occasion.CLOCK_CHANGE] == Window(
        written.instant("2026-10-24T10:00"), written.instant("2026-10-25T11:00")
    )
    gaining = {each.occasion: len(each.gaining) for each in counted.periods}
    assert gaining == {
        Occasion.FIRST_DAYS: 4,
        Occasion.PUBLIC_HOLIDAY: 0,
        Occasion.SEASON_CHANGE: 4,
        Occasion.CLOCK_CHANGE: 0,
    }


def test_a_door_that_comes_to_stand_unlocked_is_told_beside_the_keys() -> None:
    counted = edit([], [written.rule(unlock="anyone", doors="door:town/side")])
    (door,) = period(counted, Occasion.FIRST_DAYS).doors
    assert (door.point, len(door.gaining), door.locked) == (SIDE, 0, ())
    assert door.unlocked == (Window(NOW, Instant(NOW + 7 * DAY)),)


def test_shortening_a_deny_and_widening_its_except_give() -> None:
    anyone = written.rule(id="a", allow="anyone")
    closed = written.rule(deny="anyone", until="2026-10-20")
    shorter = written.rule(deny="anyone", until="2026-10-19")
    but_staff = written.rule(deny="anyone", until="2026-10-20", except_={"role": "staff"})
    assert edit([anyone, closed], [anyone, shorter]).first == written.instant("2026-10-19T22:00")
    assert edit([anyone, closed], [anyone, but_staff]).gaining.named() == ("anna", "kari")


def test_what_windows_do_not_hold_is_edited_and_counts_nobody() -> None:
    limits = {"limits": {"visits": "2 per day", "offline": "refuse"}}
    anyone = written.rule(allow="anyone")
    counted = edit([anyone], [{**anyone, **limits}])
    assert counted.first is None
    assert len(counted.edited) == 1


def test_few_people_are_shown_as_fewer_than_three() -> None:
    assert [shown(count) for count in (0, 1, 2, 3, 12)] == [
        "0", "fewer than 3", "fewer than 3", "3", "12",
    ]  # fmt: skip


def test_a_fact_made_by_hand_is_counted_for_those_it_is_about() -> None:
    policies = written.policies(written.document(written.rule(allow={"role": "staff"})))
    before = [person("kari"), person("ola", is_protected=True), staff("anna")]
    after = [staff("anna"), staff("ola", is_protected=True), person("kari", born=date(1990, 1, 1))]
    counted = impact_of_facts(policies, before, after, NOW)
    assert counted.gaining.named() == ()
    assert (len(counted.gaining), PersonId("ola") in counted.gaining) == (1, True)
    assert len(counted.losing) == 0
    assert counted.edited == ()
    assert counted.gaining_by_point()[VAULT] == 1
    with pytest.raises(ValueError, match="expected the same people before and after"):
        impact_of_facts(policies, before, after[1:], NOW)


Gains = dict[tuple[AccessPointNumber, PersonId], Windows]


def gained(
    first: PolicySet,
    second: PolicySet,
    people: dict[PersonId, tuple[Subject, Subject]],
    span: Window,
) -> tuple[Gains, Gains]:
    """Per door and person, the windows that only one of two policies grants, by every action."""
    gains: Gains = {}
    losses: Gains = {}
    for name, (was, becomes) in people.items():
        for point in POINTS:
            for action in Action:
                before = granted_windows(first, was, point, action, span)
                after = granted_windows(second, becomes, point, action, span)
                for found, more in (
                    (gains, difference(after, before)), (losses, difference(before, after))
                ):  # fmt: skip
                    if more:
                        found[point, name] = (*found.get((point, name), ()), *more)
    return gains, losses


def check(
    counted: Impact,
    first: PolicySet,
    second: PolicySet,
    people: dict[PersonId, tuple[Subject, Subject]],
    at: Instant,
) -> None:
    """Everything an impact says, against each person's own windows and each door's."""
    ahead = Window(at, Instant(at + 400 * DAY))
    gains, losses = gained(first, second, people, ahead)
    starts = [w.start for found in (gains, losses) for ws in found.values() for w in ws]
    for point in POINTS:
        was, becomes = (unlocked_windows(p, point, ahead) for p in (first, second))
        starts += [w.start for w in (*difference(was, becomes), *difference(becomes, was))]
    assert counted.first == min(starts, default=None)
    for each in counted.periods:
        gains, losses = gained(first, second, people, each.span)
        assert set(each.gaining.named()) == {name for _, name in gains}
        assert set(each.losing.named()) == {name for _, name in losses}
        by_door = {door.point: door for door in each.doors}
        for point in POINTS:
            door = by_door.get(point)
            named = (
                (set(door.gaining.named()), set(door.losing.named())) if door else (set(), set())
            )
            assert named[0] == {name for at_point, name in gains if at_point == point}
            assert named[1] == {name for at_point, name in losses if at_point == point}
            was, becomes = (unlocked_windows(p, point, each.span) for p in (first, second))
            unlocked = (door.unlocked, door.locked) if door else ((), ())
            assert unlocked == (difference(becomes, was), difference(was, becomes))
        for side, total in (("gaining", gains), ("losing", losses)):
            by_rule = {name for rule in each.rules for name in getattr(rule, side).named()}
            assert by_rule == {name for _, name in total}
            assert {rule.rule for rule in each.rules} <= set(counted.edited) or not counted.edited


several = st.lists(drawn.people, min_size=1, max_size=3)


def subjects_of(writings: list[Doc]) -> dict[PersonId, Subject]:
    names = [PersonId(name) for name in ("kari", "ola", "anna", "per")]
    return {
        name: replace(written.subject(doc), id=name)
        for name, doc in zip(names, writings, strict=False)
    }


@settings(max_examples=40)
@given(drawn.cases(), st.data(), several)
def test_an_impact_is_what_each_gains_and_loses_by_herself(
    case: drawn.Case, data: st.DataObject, others: list[Doc]
) -> None:
    first = written.policies(*case.docs, book=case.book)
    changed = data.draw(st.sampled_from(range(len(case.docs))))
    place = case.docs[changed]["for"]
    edited = data.draw(st.one_of(
        drawn.documents(place, (None, *drawn.RECORDS)),
        st.builds(
            lambda rules: {**case.docs[changed], "policies": rules},
            st.lists(st.sampled_from(case.docs[changed]["policies"]), unique_by=lambda r: r["id"]),
        ),
    ))  # fmt: skip
    if not edited["policies"]:
        edited = {**edited, "policies": [written.rule(deny={"list": "excluded"}, doors=place)]}
    docs = [edited if n == changed else doc for n, doc in enumerate(case.docs)]
    second = written.policies(*docs, book=case.book)
    subjects = subjects_of([case.person, *others])
    population = Population.of(subjects.values())
    least, most, few = data.draw(
        st.sampled_from([(4096, 256, 16_384), (4096, 256, 0), (1, 256, 0), (4096, 0, 0)])
    )
    with pytest.MonkeyPatch.context() as bounds:
        # however the work is divided, the answer is the same
        bounds.setattr(analysis_effect, "LEAST_OF_A_CUT", least)
        bounds.setattr(analysis_effect, "MOST_SIGNATURES", most)
        bounds.setattr(analysis_effect, "FEW", few)
        forth = impact(first, second, population, case.at)
    back = impact(second, first, population, case.at)
    check(forth, first, second, {name: (s, s) for name, s in subjects.items()}, case.at)
    assert (forth.first, forth.edited) == (back.first, back.edited)
    for one, other in zip(forth.periods, back.periods, strict=True):
        assert (one.span, one.occasion) == (other.span, other.occasion)
        assert (one.gaining.named(), one.losing.named()) == (
            other.losing.named(), other.gaining.named(),
        )  # fmt: skip
        for rule, turned in zip(one.rules, other.rules, strict=True):
            assert (rule.rule, rule.gaining.named()) == (turned.rule, turned.losing.named())
    assert impact(first, first, population, case.at).first is None


@settings(max_examples=40)
@given(drawn.cases(), several, st.data())
def test_an_edit_of_facts_is_what_each_gains_and_loses_by_herself(
    case: drawn.Case, others: list[Doc], data: st.DataObject
) -> None:
    policies = written.policies(*case.docs, book=case.book)
    before = subjects_of([case.person, *others])
    drawn_after = data.draw(st.lists(drawn.people, min_size=len(before), max_size=len(before)))
    after = subjects_of(drawn_after)
    counted = impact_of_facts(policies, [*before.values()], [*after.values()], case.at)
    pairs = {name: (before[name], after[name]) for name in before}
    check(counted, policies, policies, pairs, case.at)


@settings(max_examples=30)
@given(drawn.cases(), drawn.books(), several)
def test_other_records_are_what_each_gains_and_loses_by_herself(
    case: drawn.Case, book: Doc, others: list[Doc]
) -> None:
    first = written.policies(*case.docs, book=case.book)
    second = with_records(first, written.records(book))
    subjects = subjects_of([case.person, *others])
    counted = impact(first, second, Population.of(subjects.values()), case.at)
    check(counted, first, second, {name: (s, s) for name, s in subjects.items()}, case.at)


def test_a_library_open_for_an_hour_more_gives_to_whom_it_would_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(analysis_effect, "FEW", 0)
    at, door = policy_population.NOW, policy_population.MAIN
    first, second = (policy_population.policies(until) for until in ("22:00", "23:00"))
    subjects = tuple(policy_population.people(1_500))
    population = Population.of(subjects)
    counted = impact(first, second, population, at)
    for each in counted.periods:
        gaining = [
            subject
            for subject in subjects
            if granted_windows(first, subject, door, Action.OPEN, each.span)
            != granted_windows(second, subject, door, Action.OPEN, each.span)
        ]
        assert len(each.gaining) == len(gaining) > 0
        named = sorted(subject.id for subject in gaining if not subject.is_protected)
        assert list(each.gaining.named()) == named
    for policies in (first, second):
        for instant in (at, Instant(at + 5 * 3600 - 1), Instant(at + 5 * 3600)):
            granted = who(policies, population, door, Action.OPEN, instant).granted
            permitted = [
                s for s in subjects if decide(policies, s, door, Action.OPEN, instant).permitted
            ]
            assert len(granted) == len(permitted)
            assert set(granted.named()) == {s.id for s in permitted if not s.is_protected}
