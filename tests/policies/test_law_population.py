"""Answers for everybody at once are the answers for each, by the naive oracle; and so is impact.

From outside and at small size: `test_population` and `test_impact` have laws of their own.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.analysis.impact import impact
from policies.analysis.population import Population
from policies.analysis.who import who
from policies.model import Subject
from policies.vocabulary import Action, Instant, PersonId
from tests.policies import drawn, written
from tests.policies.drawn import Case, often
from tests.policies.naive_oracle import permitted, stands_unlocked
from tests.policies.written import PLACES, Doc

NAMES = ("kari", "ola", "per", "siri")
crowds = st.lists(drawn.people, min_size=len(NAMES), max_size=len(NAMES))
actions = st.sampled_from([Action.OPEN, Action.LIGHT])


def named(crowd: list[Doc]) -> dict[str, Doc]:
    """The people by their ids; registers tell the same of all of them where they tell nothing."""
    first = crowd[0]
    return {
        name: {**person, "id": name, "unknown": first["unknown"], "fresh": first["fresh"]}
        for name, person in zip(NAMES, crowd, strict=True)
    }


def subjects(people: dict[str, Doc]) -> list[Subject]:
    return [
        replace(written.subject({**person, "id": "kari"}), id=PersonId(name))
        for name, person in people.items()
    ]


@often(80)
@given(drawn.cases(), crowds, actions)
def test_who_can_open_is_each_of_whom_the_naive_oracle_says_so(
    case: Case, crowd: list[Doc], action: Action
) -> None:
    policies = written.policies(*case.docs, book=case.book)
    people = named(crowd)
    answer = who(
        policies, Population.of(subjects(people)), written.number(case.point), action, case.at
    )
    for name, person in people.items():
        told = permitted(
            case.docs, person, case.point, action.name.lower(), case.at, case.book
        )  # fmt: skip
        assert (PersonId(name) in answer.granted) == told, name
    assert answer.stands_unlocked == stands_unlocked(case.docs, case.point, case.at, case.book)


@often(30)
@given(drawn.cases(), drawn.allows | drawn.denies, crowds, st.lists(st.integers(0, 7 * 86_399)))
def test_an_impact_is_nobody_for_no_edit_and_turns_round_with_it(
    case: Case, added: Doc, crowd: list[Doc], offsets: list[int]
) -> None:
    first, *others = case.docs
    edited = [{**first, "policies": [*first["policies"], {"id": "added", **added}]}, *others]
    before, after = (written.policies(*docs, book=case.book) for docs in (case.docs, edited))
    people = named(crowd)
    population = Population.of(subjects(people))
    assert impact(before, before, population, case.at).first is None
    there, back = (
        impact(*pair, population, case.at) for pair in ((before, after), (after, before))
    )
    assert there.gaining.named() == back.losing.named()
    assert there.losing.named() == back.gaining.named()
    assert there.gaining_by_point() == back.losing_by_point()
    for period in there.periods:
        for at in (period.span.start, *(Instant(period.span.start + offset) for offset in offsets)):
            if at < period.span.end:
                for name, person in people.items():
                    for point in PLACES.access_points:
                        was, will = (
                            permitted(docs, person, point.id, "open", at, case.book)
                            for docs in (case.docs, edited)
                        )
                        assert not (will and not was) or PersonId(name) in there.gaining
                        assert not (was and not will) or PersonId(name) in there.losing
