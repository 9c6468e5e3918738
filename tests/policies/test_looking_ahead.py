"""The next opening is the first instant of all the windows that there are, however far ahead."""

from hypothesis import given
from hypothesis import strategies as st

from policies.compiled import Shared, compile_rule
from policies.engine import granted_windows
from policies.explanation.accounts import Applies
from policies.explanation.explaining import explain
from policies.explanation.look_ahead import LOOK_AHEAD_SECONDS
from policies.explanation.waking import Wakings
from policies.grant import Window
from policies.model import During, Effect, PolicySet, Subject
from policies.places import MUNICIPALITY
from policies.reading import Reading
from policies.schedule import DAY, local_day, start_of_day
from policies.unlocking import unlocked_windows
from policies.vocabulary import AccessPointNumber, Action, Instant
from policies.windows import Windows, union
from tests.policies import drawn, drawn_calendars, written
from tests.policies.drawn import Case, often
from tests.policies.written import Doc


def all_windows(
    policies: PolicySet, subject: Subject, point: AccessPointNumber, at: Instant
) -> tuple[Windows, Windows]:
    """Granted, and unlocked, in one reading of the whole look-ahead."""
    span = Window(at, Instant(at + LOOK_AHEAD_SECONDS))
    return (
        granted_windows(policies, subject, point, Action.OPEN, span),
        unlocked_windows(policies, point, span),
    )


@often(60)
@given(drawn.cases())
def test_the_next_opening_and_the_end_are_those_of_one_long_reading(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    subject, point = written.subject(case.person), written.number(case.point)
    told = explain(policies, subject, point, Action.OPEN, case.at)
    granted, unlocked = all_windows(policies, subject, point, case.at)
    beyond = case.at + LOOK_AHEAD_SECONDS
    assert told.permitted == bool(granted and granted[0].start == case.at)
    assert told.stands_unlocked == bool(unlocked and unlocked[0].start == case.at)
    if told.permitted:
        end = granted[0].end
        assert (told.until, told.opens_at) == (None if end == beyond else end, None)
    elif told.stands_unlocked:
        assert told.opens_at is None
    else:
        openings = union(granted, unlocked)
        assert told.opens_at == (openings[0].start if openings else None)
        assert told.until is None


@often(40)
@given(drawn.cases())
def test_an_account_is_the_rules_own_reading(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    subject, point = written.subject(case.person), written.number(case.point)
    told = explain(policies, subject, point, Action.OPEN, case.at)
    span = Window(case.at, Instant(case.at + LOOK_AHEAD_SECONDS))
    reading = Reading(subject, span, policies.records)
    for account in told.accounts:
        read = reading.read(compile_rule(account.rule, MUNICIPALITY, Shared()), point)
        applied = read.possibly if account.rule.effect is Effect.DENY else read.surely
        if account.applies is Applies.SURELY:
            assert read.surely[0].start == case.at
            assert account.failing is None
            continue
        assert account.failing is not None
        assert account.met_at is None or account.met_at > case.at
        if account.rule.switch is None:
            later = [window.start for window in applied if window.start > case.at]
            is_now = bool(applied) and applied[0].start == case.at
            assert account.applies_at == (None if is_now or not later else later[0])


@often(40)
@given(drawn.cases())
def test_every_answer_that_is_no_tells_a_reason_and_a_rule_there_is(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    subject, point = written.subject(case.person), written.number(case.point)
    told = explain(policies, subject, point, Action.OPEN, case.at)
    ids = {rule.id for rule in policies.rules_at[point]}
    assert told.rule in ids or (told.reason == "no-rule" and told.rule is None)
    assert (told.about is None) == (told.rule is None)
    assert told.lasts_until is None or told.lasts_until > case.at


@often(60)
@given(drawn.documents(), st.sampled_from([14, 60, 400]), drawn_calendars.instants())
def test_no_opening_begins_before_the_day_it_may_wake(doc: Doc, days: int, at: Instant) -> None:
    policies = written.policies(doc)
    kept = Wakings()
    for calendar in policies.documents[0].calendars.values():
        first = local_day(at, calendar.zone)
        last = first + days * DAY
        for opening in calendar.openings():
            woken = kept.next_day(During(calendar, opening, f"c.{opening}"), first, last)
            begins = start_of_day(first, calendar.zone)
            ends = start_of_day(last + DAY if woken is None else woken, calendar.zone)
            around = Window(start_of_day(first - DAY, calendar.zone), ends)
            told = calendar.windows(opening, around).possibly
            assert [window for window in told if window.start >= begins] == []
