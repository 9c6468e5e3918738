"""The law of the package over drawn documents, people, records and instants.

Point by point: an instant lies in a window if and only if the naive oracle, which shares no time
code with the engine, says so. And its kin: what a grant holds, what can never widen access.
"""

from collections.abc import Iterable

from hypothesis import assume, given
from hypothesis import strategies as st

from policies.compiled import Shared, compile_rule
from policies.conditions import EVER, Person, tell
from policies.engine import decide, granted_windows
from policies.grant import Window
from policies.granting import grant_for
from policies.model import PolicySet, Subject
from policies.places import MUNICIPALITY
from policies.reading import Reading
from policies.unlocking import unlocked_windows
from policies.vocabulary import AccessPointNumber, Action, FacilityId, Instant
from policies.windows import Windows, clip, contains, difference, union
from tests.policies import drawn, naive_oracle, written
from tests.policies.drawn import Case, often
from tests.policies.drawn_calendars import date_times
from tests.policies.naive_oracle import permitted, stands_unlocked
from tests.policies.written import NORTH, PLACES, SIDE, VAULT, Doc

TOWN = FacilityId("town")
DAY = 86_400
OPEN = Action.OPEN

actions = st.sampled_from([Action.OPEN, Action.OPEN, Action.LIGHT])


def around(at: Instant) -> Window:
    """A day either side of an instant."""
    return Window(Instant(at - DAY), Instant(at + DAY))


def edges(*sets: Windows, at: Instant) -> list[Instant]:
    """The instant, and one second either side of it and of every edge within a day of it."""
    span = around(at)
    found = {at, *(edge for windows in sets for window in windows for edge in window)}
    beside = {Instant(edge + second) for edge in found for second in (-1, 0, 1)}
    return sorted(i for i in beside if span.start <= i < span.end)


def loaded(case: Case) -> tuple[PolicySet, Subject, AccessPointNumber]:
    return (
        written.policies(*case.docs, book=case.book),
        written.subject(case.person),
        written.number(case.point),
    )


@often(120)
@given(drawn.cases(), actions)
def test_an_instant_is_in_a_window_exactly_when_the_naive_oracle_says(
    case: Case, action: Action
) -> None:
    policies, subject, point = loaded(case)
    granted = granted_windows(policies, subject, point, action, around(case.at))
    unlocked = unlocked_windows(policies, point, around(case.at))
    name = action.name.lower()
    for at in edges(granted, unlocked, at=case.at):
        has_key = permitted(case.docs, case.person, case.point, name, at, case.book)
        assert contains(granted, at) == has_key, at
        stands = stands_unlocked(case.docs, case.point, at, case.book)
        assert contains(unlocked, at) == stands, at
        if at == case.at:
            decision = decide(policies, subject, point, action, at)
            assert (decision.permitted, decision.stands_unlocked) == (has_key, stands)


@often(120)
@given(drawn.cases())
def test_each_rule_surely_and_possibly_holds_exactly_when_the_naive_oracle_says(
    case: Case,
) -> None:
    policies, subject, point = loaded(case)
    reading = Reading(subject, around(case.at), policies.records)
    for doc, document in zip(case.docs, policies.documents, strict=True):
        for as_written, rule in zip(doc["policies"], document.rules, strict=True):
            # why: by identity, since two documents may say the same of different places
            if "unlock" in as_written or not any(rule is each for each in policies.rules_at[point]):
                continue
            told = reading.read(compile_rule(rule, MUNICIPALITY, Shared()), point)
            assert not difference(told.surely, told.possibly)
            for at in edges(told.surely, told.possibly, at=case.at):
                naive = naive_oracle.rule_at(
                    doc, as_written, case.person, case.point, at, case.book
                )
                answers = (contains(told.surely, at), contains(told.possibly, at))
                assert answers == naive, (as_written["id"], at)


@often(60)
@given(drawn.cases(), actions)
def test_the_windows_of_a_decision_are_those_of_the_next_day(case: Case, action: Action) -> None:
    policies, subject, point = loaded(case)
    decision = decide(policies, subject, point, action, case.at)
    next_day = Window(case.at, Instant(case.at + DAY))
    assert decision.windows == granted_windows(policies, subject, point, action, next_day)
    assert decision.permitted == contains(decision.windows, case.at)


def lives(case: Case) -> int:
    """The shortest life that a rule writes, in seconds."""
    withs = [rule.get("with", {}) for doc in case.docs for rule in doc["policies"]]
    return min(naive_oracle.seconds(manner.get("life", "24h")) for manner in withs)


def is_asked_for_later(rule: Doc) -> bool:
    """Whether no credential holds it before the person is on the way."""
    manner = rule.get("with", {})
    return "limits" in rule or "after" in manner or "two-people" in manner


@often(60)
@given(drawn.cases(), actions)
def test_a_grant_permits_what_is_decided_while_the_shortest_life_lasts_and_never_more(
    case: Case, action: Action
) -> None:
    policies, subject, _ = loaded(case)
    span = Window(case.at, Instant(case.at + DAY))
    grant = grant_for(policies, subject, TOWN, span).grant
    is_whole = not any(is_asked_for_later(r) for doc in case.docs for r in doc["policies"])
    for point, path in ((NORTH, "town/hall/north"), (SIDE, "town/side")):
        decided = granted_windows(policies, subject, point, action, span)
        for at in edges(decided, at=case.at):
            if at >= case.at:
                holds = grant is not None and grant.permits(point, action, at)
                name = action.name.lower()
                may = permitted(case.docs, case.person, path, name, at, case.book)
                assert holds <= may
                assert holds == may or at >= case.at + lives(case) or not is_whole


@often(60)
@given(drawn.cases(), actions)
def test_no_grant_lies_outside_every_contributing_schedule_membership_and_life(
    case: Case, action: Action
) -> None:
    policies, subject, _ = loaded(case)
    span = Window(case.at, Instant(case.at + DAY))
    grant = grant_for(policies, subject, TOWN, span).grant
    for entry in grant.entries if grant else ():
        for point in entry.points:
            path = PLACES.by_number[point].id
            seconds = {s for w in entry.windows for s in (w.start, w.end - 1)}
            for at in seconds:
                assert span.start <= at < span.end
                assert any(
                    naive_oracle.rule_at(doc, rule, case.person, path, Instant(at), case.book)[0]
                    and at < case.at + naive_oracle.seconds(rule.get("with", {}).get("life", "24h"))
                    for doc in case.docs
                    for rule in doc["policies"]
                    if "allow" in rule
                )


@often(60)
@given(drawn.cases(), actions)
def test_on_the_way_to_a_sensitive_point_a_grant_lasts_fifteen_minutes(
    case: Case, action: Action
) -> None:
    policies, subject, _ = loaded(case)
    span = Window(case.at, Instant(case.at + DAY))
    is_whole = not any(is_asked_for_later(r) for doc in case.docs for r in doc["policies"])
    result = grant_for(policies, subject, TOWN, span, access_point=VAULT)
    for at in (case.at, Instant(case.at + 899), Instant(case.at + 900)):
        holds = result.grant is not None and result.grant.permits(VAULT, action, at)
        decided = decide(policies, subject, VAULT, action, at).permitted
        assert holds <= (decided and at < case.at + 900)
        assert not is_whole or holds == (decided and at < case.at + 900)


@often(60)
@given(drawn.cases(), st.integers(1, 2 * DAY - 1), actions)
def test_two_spans_that_meet_hold_what_the_whole_span_holds(
    case: Case, middle: int, action: Action
) -> None:
    policies, subject, point = loaded(case)
    whole = around(case.at)
    seam = Instant(whole.start + middle)
    halves = (Window(whole.start, seam), Window(seam, whole.end))
    granted = granted_windows(policies, subject, point, action, whole)
    parts = [granted_windows(policies, subject, point, action, half) for half in halves]
    assert union(*parts) == granted
    assert parts == [clip(granted, half) for half in halves]
    unlocked = unlocked_windows(policies, point, whole)
    assert union(*(unlocked_windows(policies, point, half) for half in halves)) == unlocked


def windows_of(case: Case) -> Iterable[Windows]:
    """What is granted at every access point, of both actions, and where doors stand unlocked."""
    policies, subject, _ = loaded(case)
    for point in PLACES.access_points:
        for action in (Action.OPEN, Action.LIGHT):
            yield granted_windows(policies, subject, point.number, action, around(case.at))
        yield unlocked_windows(policies, point.number, around(case.at))


def assert_not_wider(case: Case, **other: object) -> None:
    """Every window of the other reading lies in a window of the first."""
    changed = {name: getattr(case, name) for name in Case.__slots__} | other
    for before, after in zip(windows_of(case), windows_of(Case(**changed)), strict=True):
        assert not difference(after, before)


@often(40)
@given(drawn.cases(), drawn.denies)
def test_adding_a_deny_never_widens_access(case: Case, deny: Doc) -> None:
    first, *others = case.docs
    more = {**first, "policies": [{"id": "added", **deny}, *first["policies"]]}
    assert_not_wider(case, docs=[more, *others])


@often(40)
@given(drawn.cases(), st.sampled_from(["allow", "unlock"]))
def test_removing_an_allow_or_an_unlock_never_widens_access(case: Case, effect: str) -> None:
    first, *others = case.docs
    gone = next((rule for rule in first["policies"] if effect in rule), None)
    assume(gone is not None and len(first["policies"]) > 1)
    kept = [rule for rule in first["policies"] if rule is not gone]
    assert_not_wider(case, docs=[{**first, "policies": kept}, *others])


@often(40)
@given(drawn.cases(), drawn.kinds)
def test_making_a_fact_unknown_never_widens_access(case: Case, kind: str) -> None:
    assert_not_wider(case, person={**case.person, "unknown": [*case.person["unknown"], kind]})


@often(40)
@given(drawn.cases(), drawn.kinds, date_times)
def test_a_register_that_tells_no_longer_never_widens_access(
    case: Case, kind: str, until: str
) -> None:
    earlier = min(until, case.person["fresh"].get(kind, until))
    assert_not_wider(case, person={**case.person, "fresh": {**case.person["fresh"], kind: earlier}})


@often(40)
@given(drawn.cases(), st.sampled_from(["booking", "assigned"]))
def test_records_that_cannot_be_read_never_widen_access(case: Case, kind: str) -> None:
    known = [record for record in case.book["records"] if record["kind"] != kind]
    assert_not_wider(case, book={"records": known, "unread": [*case.book["unread"], kind]})


@often(60)
@given(drawn.cases())
def test_a_day_list_that_covers_fewer_days_never_widens_access(case: Case) -> None:
    on = ["2026-10-24..2026-10-26"]
    longer, shorter = (
        [{**doc, "days": {"breaks": {"covers": covers, "on": on}}} for doc in case.docs]
        for covers in ("2026-10-01..2028-12-31", "2026-10-01..2026-10-26")
    )
    assert_not_wider(Case(longer, case.person, case.book, case.point, case.at), docs=shorter)


@often(40)
@given(drawn.documents(), drawn.people)
def test_what_surely_holds_also_possibly_holds(doc: Doc, person: Doc) -> None:
    subject = written.subject(person)
    for rule in written.policies(doc).documents[0].rules:
        told = tell(rule.who, Person(subject, EVER), rule.zone)
        assert not difference(told.surely, told.possibly)
