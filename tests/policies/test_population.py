"""Populations: numbers, facts that come and go, and who can open, against one person at a time."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.analysis.extents import Extent, extent_of, together
from policies.analysis.population import People, Population
from policies.analysis.sets import (
    bitmap_of,
    count,
    has_each,
    nobody,
    numbered,
    numbers_of,
    toggled,
)
from policies.analysis.who import WhoAnswer, who
from policies.engine import decide
from policies.grant import Window
from policies.model import Fact, FactKind, Subject
from policies.vocabulary import AccessPointNumber, Action, Instant, PersonId
from policies.windows import BEGINNING, END, Windows, canonical, contains
from tests.policies import drawn, naive_oracle, written
from tests.policies.written import NORTH, PLACES, Doc

NOW = written.instant("2026-10-14T17:00")


def person(name: str, **keys: object) -> Subject:
    return Subject(PersonId(name), **keys)  # type: ignore[arg-type] # why: keys of a test


def listed(path: str, start: int | None = None, end: int | None = None) -> Fact:
    return Fact(
        FactKind.LIST, path,
        None if start is None else Instant(start), None if end is None else Instant(end), "staff",
    )  # fmt: skip


def named(answer: WhoAnswer) -> tuple[str, ...]:
    return answer.granted.named()


@given(st.integers(1, 200), st.data())
def test_a_bitmap_holds_the_numbers_it_was_made_of(size: int, data: st.DataObject) -> None:
    numbers = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    bits = bitmap_of(size, np.array(numbers, np.uint32))
    assert numbers_of(bits).tolist() == numbers
    assert count(bits) == len(numbers)
    assert has_each(bits, np.arange(size, dtype=np.uint32)).tolist() == [
        n in numbers for n in range(size)
    ]
    flips = np.array(data.draw(st.lists(st.integers(0, size - 1))), np.uint32)
    odd = {n for n in range(size) if flips.tolist().count(n) % 2}
    assert set(numbers_of(toggled(bits, flips)).tolist()) == set(numbers) ^ odd


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200))
def test_a_range_of_numbers_is_what_it_says(size: int, first: int, beyond: int) -> None:
    beyond = min(beyond, size)
    assert numbers_of(numbered(size, first, beyond)).tolist() == list(range(first, beyond))


instants = st.one_of(st.integers(0, 12), st.just(BEGINNING), st.just(END))
intervals = st.lists(st.tuples(st.integers(0, 3), instants, instants), max_size=12)


def extent(rows: list[tuple[int, int, int]]) -> Extent:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return extent_of(
        4, np.array(columns[0], np.uint32), *(np.array(c, np.int64) for c in columns[1:])
    )


def windows_of(rows: list[tuple[int, int, int]], someone: int) -> Windows:
    return canonical(Window(Instant(s), Instant(e)) for n, s, e in rows if n == someone)


@given(intervals, intervals, st.lists(st.integers(-2, 14), min_size=1, max_size=6))
def test_an_extent_holds_of_each_exactly_in_her_intervals(
    rows: list[tuple[int, int, int]], others: list[tuple[int, int, int]], asked: list[int]
) -> None:
    for made, of in (
        (extent(rows), rows),
        (together(4, [extent(rows), extent(others)]), rows + others),
    ):
        for at in asked:  # in any order: each from what was made for another
            holds = [n for n in range(4) if contains(windows_of(of, n), Instant(at))]
            assert numbers_of(made.at(Instant(at))).tolist() == holds
        people, starts, ends = made.intervals()
        for n in range(4):
            mine = people == n
            told = zip(starts[mine].tolist(), ends[mine].tolist(), strict=True)
            assert tuple(Window(*each) for each in told) == windows_of(of, n)


def test_people_are_numbered_by_birth_date_and_unknown_ages_come_last() -> None:
    population = Population.of(
        [
            person("ola"),
            person("kari", born=date(2000, 1, 1)),
            person("anna", born=date(1950, 1, 1)),
        ]
    )
    assert population.ids.tolist() == [b"anna", b"kari", b"ola"]
    assert population.numbers([PersonId("ola"), PersonId("nobody"), PersonId("anna")]).tolist() == [
        2,
        0,
    ]
    assert numbers_of(population.ageless).tolist() == [2]


def test_a_person_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="expected each person once, got kari twice"):
        Population.of([person("kari"), person("ola"), person("kari", born=date(2000, 1, 1))])


def test_nobody_at_all_is_a_population() -> None:
    policies = written.policies(written.document(written.rule(allow="anyone")))
    answer = who(policies, Population.of([]), NORTH, Action.OPEN, NOW)
    assert len(answer.granted) == 0
    assert answer.granted.named() == ()


def test_a_protected_address_is_counted_and_never_named() -> None:
    population = Population.of([person("anna"), person("kari", is_protected=True), person("ola")])
    people = People(population, population.everybody)
    assert (len(people), people.unnamed()) == (3, 1)
    assert people.named() == ("anna", "ola")
    assert people.named(1) == ("anna",)
    assert PersonId("kari") in people
    assert PersonId("kari") not in People(population, nobody(3))


def test_sources_are_those_who_tell_what_the_answer_turns_on() -> None:
    policies = written.policies(
        written.document(
            written.rule(allow={"list": "guests"}), written.rule(id="b", deny={"list": "excluded"})
        )
    )
    population = Population.of(
        [
            person("anna", facts=(listed("guests"),)),
            person("kari", facts=(Fact(FactKind.ROLE, "staff", None, None, "hr"),)),
        ]
    )
    answer = who(policies, population, NORTH, Action.OPEN, NOW)
    assert answer.sources == {"staff"}
    assert [(count.rule.rule, count.surely, count.possibly) for count in answer.rules] == [
        ("r", 1, 1),
        ("b", 0, 0),
    ]


def test_the_unknown_is_uncertain_and_not_granted() -> None:
    policies = written.policies(written.document(written.rule(allow={"list": "guests"})))
    population = Population.of(
        [
            person("anna", facts=(listed("guests"),)),
            person("kari", unknown=frozenset({FactKind.LIST}), facts=(listed("guests"),)),
            person("ola", fresh_until={FactKind.LIST: NOW}, facts=(listed("guests"),)),
            person("per"),
        ]
    )
    before = who(policies, population, NORTH, Action.OPEN, Instant(NOW - 1))
    assert (named(before), before.uncertain.named()) == (("anna", "ola"), ("kari",))
    now = who(policies, population, NORTH, Action.OPEN, NOW)
    assert (named(now), now.uncertain.named()) == (("anna",), ("kari", "ola"))


def test_a_door_nobody_knows_is_refused() -> None:
    policies = written.policies(written.document(written.rule(allow="anyone")))
    with pytest.raises(ValueError, match="expected a known access point, got 99"):
        who(policies, Population.of([]), AccessPointNumber(99), Action.OPEN, NOW)


several = st.lists(drawn.people, min_size=1, max_size=4)


@settings(max_examples=100)
@given(drawn.cases(), several, st.sampled_from(Action))
def test_who_can_open_is_everybody_who_is_permitted_one_by_one(
    case: drawn.Case, others: list[Doc], action: Action
) -> None:
    policies = written.policies(*case.docs, book=case.book)
    writings = {"kari": case.person} | {f"p{n}": other for n, other in enumerate(others)}
    subjects = [replace(written.subject(doc), id=PersonId(name)) for name, doc in writings.items()]
    population = Population.of(subjects)
    point = next(p for p in PLACES.access_points if p.id == case.point)
    edges = {case.at}
    for subject in subjects:
        decision = decide(policies, subject, point.number, action, case.at)
        edges |= {edge for window in decision.windows[:2] for edge in window}
    for at in sorted({Instant(edge + second) for edge in edges for second in (-1, 0)}):
        answer = who(policies, population, point.number, action, at)
        permitted = [
            s.id for s in subjects if decide(policies, s, point.number, action, at).permitted
        ]
        assert sorted(permitted) == list(named(answer))
        naive = naive_oracle.permitted(
            case.docs, case.person, case.point, action.name.lower(), at, case.book
        )
        assert (PersonId("kari") in answer.granted) == naive
        assert answer.stands_unlocked == naive_oracle.stands_unlocked(
            case.docs, case.point, at, case.book
        )
        assert not (answer.granted.bits & answer.uncertain.bits).any()
