"""The law of the package, and its kin, over drawn documents, people and instants."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies.conditions import tell_who
from policies.engine import decide
from policies.grant import Window
from policies.granting import grant_for
from policies.model import FactKind
from policies.vocabulary import Action, FacilityId, Instant
from policies.windows import difference
from tests.policies import naive_oracle, written
from tests.policies.written import NORTH, PLACES, SIDE, VAULT, Doc, documents, instants, people

TOWN = FacilityId("town")
DAY = 86_400
OPEN = Action.OPEN

drawn = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
points = st.sampled_from([NORTH, SIDE, VAULT])
actions = st.sampled_from([Action.OPEN, Action.OPEN, Action.LIGHT, Action.LOCK])


def edges(at: Instant, doc: Doc, person: Doc) -> set[Instant]:
    """The instants within a day of `at` where an answer of the engine changes."""
    subject, policies = written.subject(person), written.policies(doc)
    found = {at}
    for point in (NORTH, SIDE):
        for action in (Action.OPEN, Action.LIGHT):
            decision = decide(policies, subject, point, action, at)
            found |= {edge for edge in (decision.until, decision.opens_at) if edge is not None}
    return {Instant(edge + second) for edge in found for second in (-1, 0, 1)}


@drawn
@given(documents(), people, instants(), points, actions)
def test_a_decision_is_what_the_naive_oracle_says_instant_by_instant(
    doc: Doc, person: Doc, at: Instant, point: int, action: Action
) -> None:
    policies, subject = written.policies(doc), written.subject(person)
    access_point = next(p for p in PLACES.access_points if p.number == point)
    for instant in edges(at, doc, person):
        decided = decide(policies, subject, access_point.number, action, instant).permitted
        naive = naive_oracle.permitted([doc], person, access_point.id, action.name.lower(), instant)
        assert decided == naive, naive_oracle.highest_wall_time(instant, doc["time_zone"])


@drawn
@given(documents(), people, instants(), st.lists(st.integers(0, DAY - 1), max_size=4), actions)
def test_a_grant_permits_exactly_what_is_decided(
    doc: Doc, person: Doc, start: Instant, offsets: list[int], action: Action
) -> None:
    policies, subject = written.policies(doc), written.subject(person)
    shortest = min(rule.life_seconds for document in policies.documents for rule in document.rules)
    result = grant_for(policies, subject, TOWN, Window(start, Instant(start + DAY)))
    inside = [Instant(start + offset) for offset in offsets]
    inside += [edge for edge in edges(start, doc, person) if start <= edge < start + DAY]
    for at in inside:
        for point in (NORTH, SIDE):
            granted = result.grant is not None and result.grant.permits(point, action, at)
            decided = decide(policies, subject, point, action, at).permitted
            assert granted <= decided
            assert granted == decided or at >= start + shortest


@drawn
@given(documents(), people, instants(), actions)
def test_on_the_way_the_law_holds_at_a_sensitive_point_for_fifteen_minutes(
    doc: Doc, person: Doc, start: Instant, action: Action
) -> None:
    policies, subject = written.policies(doc), written.subject(person)
    span = Window(start, Instant(start + DAY))
    result = grant_for(policies, subject, TOWN, span, access_point=VAULT)
    for at in (start, Instant(start + 899), Instant(start + 900)):
        granted = result.grant is not None and result.grant.permits(VAULT, action, at)
        decided = decide(policies, subject, VAULT, action, at).permitted
        assert granted == (decided and at < start + 900)


@drawn
@given(documents(), people, instants(), points)
def test_until_and_opens_at_are_the_instants_the_answer_changes(
    doc: Doc, person: Doc, at: Instant, point: int
) -> None:
    policies, subject = written.policies(doc), written.subject(person)
    number = next(p.number for p in PLACES.access_points if p.number == point)
    decision = decide(policies, subject, number, OPEN, at)
    assert decision.opens_at is None or decision.until is None
    for change in (decision.opens_at, decision.until):
        if change is not None:
            before = decide(policies, subject, number, OPEN, Instant(change - 1))
            after = decide(policies, subject, number, OPEN, change)
            assert before.permitted == decision.permitted
            assert after.permitted != decision.permitted


@drawn
@given(documents(), people, instants(), written.denies)
def test_adding_a_deny_never_widens_access(doc: Doc, person: Doc, at: Instant, deny: Doc) -> None:
    more = {**doc, "policies": [{"id": "added", **deny}, *doc["policies"]]}
    assert_not_wider(doc, person, more, person, at)


@drawn
@given(documents(), people, instants())
def test_removing_an_allow_never_widens_access(doc: Doc, person: Doc, at: Instant) -> None:
    allows = [rule for rule in doc["policies"] if "allow" in rule]
    assume(allows and len(doc["policies"]) > 1)
    less = {**doc, "policies": [rule for rule in doc["policies"] if rule is not allows[0]]}
    assert_not_wider(doc, person, less, person, at)


@drawn
@given(documents(), people, instants(), st.sampled_from([kind.value for kind in FactKind]))
def test_making_a_fact_unknown_never_widens_access(
    doc: Doc, person: Doc, at: Instant, kind: str
) -> None:
    doubted = {**person, "unknown": [*person["unknown"], kind]}
    assert_not_wider(doc, person, doc, doubted, at)


@drawn
@given(documents(), people, instants())
def test_a_day_list_that_covers_fewer_days_never_widens_access(
    doc: Doc, person: Doc, at: Instant
) -> None:
    shorter = {"breaks": {"covers": "2026-10-01..2026-10-26", "on": ["2026-10-24..2026-10-26"]}}
    longer = {"breaks": {"covers": "2026-10-01..2028-12-31", "on": ["2026-10-24..2026-10-26"]}}
    assert_not_wider({**doc, "days": longer}, person, {**doc, "days": shorter}, person, at)


def assert_not_wider(doc: Doc, person: Doc, other: Doc, other_person: Doc, at: Instant) -> None:
    """Every window of the other reading lies in a window of the first."""
    span = Window(at, Instant(at + DAY))
    first = grant_for(written.policies(doc), written.subject(person), TOWN, span).grant
    second = grant_for(written.policies(other), written.subject(other_person), TOWN, span).grant
    for entry in second.entries if second else ():
        for point in entry.points:
            for window in entry.windows:
                assert first is not None
                given = tuple(
                    sorted(w for e in first.entries_of(point) if e.flags & entry.flags
                           for w in e.windows)
                )  # fmt: skip
                assert not difference((window,), given)


@drawn
@given(documents(), people, instants(), st.integers(1, DAY - 1))
def test_two_grants_that_meet_hold_what_one_over_both_spans_holds(
    doc: Doc, person: Doc, start: Instant, middle: int
) -> None:
    for rule in doc["policies"]:
        rule.pop("with", None)
    policies, subject = written.policies(doc), written.subject(person)
    seam, end = Instant(start + middle), Instant(start + DAY)
    whole, first, second = (
        grant_for(policies, subject, TOWN, span).grant
        for span in (Window(start, end), Window(start, seam), Window(seam, end))
    )
    for at in edges(start, doc, person) | {start, Instant(seam - 1), seam, Instant(end - 1)}:
        half = first if at < seam else second
        expected = half is not None and half.permits(NORTH, OPEN, at)
        assert (whole is not None and whole.permits(NORTH, OPEN, at)) == expected


@drawn
@given(documents(), people)
def test_what_surely_holds_also_possibly_holds(doc: Doc, person: Doc) -> None:
    subject = written.subject(person)
    for rule in written.policies(doc).documents[0].rules:
        told = tell_who(rule.who, subject, rule.zone)
        assert not difference(told.surely, told.possibly)
