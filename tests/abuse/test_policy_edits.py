"""Edits that would open everything or lock everybody out (abuse case D08).

An edit is weighed before it is saved: the dry run says who gains and who loses where, and an edit
of that size is not published on its author's word alone.
"""

from dataclasses import replace

import pytest

from policies.analysis.checks import lockouts, open_doors
from policies.analysis.findings import Check
from policies.analysis.impact import Impact, impact
from policies.analysis.later import later_edges
from policies.analysis.population import Population
from policies.revisions import (
    Approval,
    Content,
    Draft,
    DraftId,
    Gains,
    NeedsApproval,
    Reason,
    Revision,
    RevisionNumber,
    approval_needed,
    publication,
)
from policies.vocabulary import FacilityId, PersonId
from tests.policies import written
from tests.policies.written import GATE, HOLIDAYS, PLACES, Doc, instant

NOW = instant("2026-10-14T10:00")
TOWN = FacilityId("town")
CLERK, SECOND = PersonId("clerk"), PersonId("second")
STAFF_ONLY = written.document(
    written.rule(id="staff", allow={"role": "staff"}, during="always"),
)
OPEN_TO_ALL = written.document(
    *STAFF_ONLY["policies"], written.rule(id="open", allow="anyone", during="always")
)
UNLOCKED = written.document(
    *STAFF_ONLY["policies"], written.rule(id="open", unlock="anyone", during="always")
)
LOCKED_OUT = written.document(
    *STAFF_ONLY["policies"], written.rule(id="shut", deny="anyone", reason="lockdown")
)


def people(count: int) -> Population:
    """So many residents, the first of whom has the role of staff."""
    staff = written.subject({"facts": [written.fact("role", "staff")]})
    resident = written.subject({"facts": [written.fact("resident", "municipality")]})
    others = (replace(resident, id=PersonId(f"p{n}")) for n in range(1, count))
    return Population.of([staff, *others])


def dry_run(before: Doc, after: Doc, population: Population) -> Impact:
    return impact(written.policies(before), written.policies(after), population, NOW)


def gains_of(told: Impact) -> Gains:
    unlocked = frozenset(d.point for period in told.periods for d in period.doors if d.unlocked)
    return Gains(len(told.gaining), told.gaining_by_point(), unlocked)


def published(reasons: tuple[Reason, ...], *approvals: Approval) -> Revision:
    """What publishing a draft with these reasons comes to, upon an earlier revision."""
    content = Content((("town.yaml", "…"),), HOLIDAYS)
    newest = Revision(RevisionNumber(1), content, SECOND, RevisionNumber(0), None, NOW, NOW)
    draft = Draft(DraftId("draft-1"), content, CLERK, RevisionNumber(1), NOW)
    return publication(draft, newest, reasons, approvals, NOW, NOW)


def test_D08_opening_every_door_to_everybody_needs_a_second_person() -> None:
    told = dry_run(STAFF_ONLY, OPEN_TO_ALL, people(100))
    assert len(told.gaining) == 99
    assert len(told.losing) == 0
    assert GATE not in told.gaining_by_point()
    reasons = approval_needed(gains_of(told), PLACES)
    assert any("99 people gain" in str(reason) for reason in reasons)
    with pytest.raises(NeedsApproval, match="99 people gain"):
        published(reasons)
    assert published(reasons, Approval(SECOND, NOW, reasons)).number == 2
    assert {f.check for f in open_doors(written.policies(OPEN_TO_ALL), NOW)} == {Check.OPEN_TO_ALL}


def test_D08_the_authors_own_approval_counts_for_nothing() -> None:
    told = dry_run(STAFF_ONLY, OPEN_TO_ALL, people(100))
    reasons = approval_needed(gains_of(told), PLACES)
    with pytest.raises(NeedsApproval):
        published(reasons, Approval(CLERK, NOW, reasons))


def test_D08_unlocking_every_door_needs_a_second_person_however_few_there_are() -> None:
    told = dry_run(STAFF_ONLY, UNLOCKED, people(2))
    reasons = approval_needed(gains_of(told), PLACES)
    assert any("stand unlocked" in str(reason) for reason in reasons)
    with pytest.raises(NeedsApproval):
        published(reasons)


def test_D08_the_dry_run_shows_who_is_locked_out_of_what() -> None:
    population = people(100)
    told = dry_run(STAFF_ONLY, LOCKED_OUT, population)
    assert told.losing.named() == (PersonId("kari"),)
    assert set(told.losing_by_point()) == {1, 2, 3, 4}
    found = lockouts(written.policies(LOCKED_OUT), population, NOW)
    assert [(f.check, f.facility) for f in found] == [(Check.LOCKED_OUT, TOWN)]


def test_D08_locking_everybody_out_needs_a_second_person() -> None:
    gains = Gains(0, {}, locked_out=frozenset({TOWN}))
    reasons = approval_needed(gains, PLACES)
    assert reasons
    with pytest.raises(NeedsApproval, match="town"):
        published(reasons)
    assert published(reasons, Approval(SECOND, NOW, reasons)).number == 2


@pytest.mark.parametrize(
    ("begins", "ends"), [("2026-10-27", "2026-12-20"), ("2028-01-01", "2028-02-01")]
)
def test_D08_an_early_change_hides_no_gain_by_a_later_from_or_until(begins: str, ends: str) -> None:
    opened = written.rule(id="x", allow="anyone", during="always", from_=begins, until=ends)
    lapse = written.rule(id="y", deny={"role": "staff"}, until="2026-10-14")
    edited = written.document(*STAFF_ONLY["policies"], lapse, opened)
    before, after = written.policies(STAFF_ONLY), written.policies(edited)
    population = people(100)
    assert approval_needed(gains_of(impact(before, after, population, NOW)), PLACES) == ()
    edges = later_edges(before, after, NOW)
    assert instant(f"{begins}T00:00") - 3600 in edges
    later = [gains_of(impact(before, after, population, edge)) for edge in edges]
    assert any("99 people gain" in str(r) for each in later for r in approval_needed(each, PLACES))


def test_D08_an_early_change_hides_no_gain_by_a_later_date_of_a_calendar() -> None:
    def edited(**more: Doc) -> Doc:
        opened = written.rule(id="x", allow="anyone", during="c.open")
        hours = {"holidays": "closed", "open": "closed", **more}
        return written.document(*STAFF_ONLY["policies"], opened, calendars={"c": hours})

    lapse = written.rule(id="y", deny={"role": "staff"}, until="2026-10-14")
    later = edited(dates={"2027-03-10": "00:00-24:00"})
    later = {**later, "policies": [*later["policies"], lapse]}
    before, after = written.policies(edited()), written.policies(later)
    population = people(100)
    assert approval_needed(gains_of(impact(before, after, population, NOW)), PLACES) == ()
    weighed = [
        gains_of(impact(before, after, population, e)) for e in later_edges(before, after, NOW)
    ]
    assert any(
        "99 people gain" in str(r) for each in weighed for r in approval_needed(each, PLACES)
    )


def test_D08_an_edit_of_ordinary_weeks_is_weighed_a_few_times_only() -> None:
    def opened(hours: str) -> Doc:
        rule = written.rule(id="x", allow="anyone", during="c.open")
        week = {"holidays": "closed", "open": {"mon-fri": hours}}
        return written.document(rule, calendars={"c": week})

    before, after = (written.policies(opened(h)) for h in ("09:00-15:00", "09:00-16:00"))
    assert 1 < len(later_edges(before, after, NOW)) < 20
