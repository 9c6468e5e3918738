"""The life of a rule: what a draft may become, what needs approval, and what governs when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendars import HolidayTable
from policies.documents.document import load_policies
from policies.grant import Window
from policies.public_holidays import norwegian_holidays
from policies.revisions import (
    APPROVED_ABOVE,
    FOUNDING,
    Approval,
    Content,
    Draft,
    DraftId,
    Gains,
    NeedsApproval,
    NotPublishable,
    Reason,
    Revision,
    RevisionNumber,
    approval_needed,
    content_of,
    holidays_of,
    holidays_text,
    may_approve,
    publication,
    reasons_of,
    reasons_text,
    says_nothing_new,
    timeline_of,
    unenforced,
    way_back,
)
from policies.vocabulary import AccessPointNumber, Instant, PersonId
from policies.windows import END
from tests.policies.town_documents import PLACES

NOW = Instant(1_790_000_000)
DAY = 86_400
LATER = Instant(NOW + DAY)
NO_HOLIDAYS = HolidayTable(2026, 2026, frozenset())
CONTENT = content_of({"a.yaml": "for: building:torshov"}, NO_HOLIDAYS)
MAIN, PLANT_ROOM = AccessPointNumber(4711), AccessPointNumber(7402)
PLANT = "frogner-pool/plant-room"
SENSITIVE = (Reason(f"3 people gain at {PLANT}, which is sensitive", f"sensitive {PLANT}", 3),)
EVA, ODD = PersonId("eva"), PersonId("odd")


def draft(based_on: int = 1, content: Content = CONTENT) -> Draft:
    """A draft by Eva."""
    return Draft(DraftId("drf_1"), content, EVA, RevisionNumber(based_on), NOW)


def revision(number: int = 1, content: Content = CONTENT, active_from: Instant = NOW) -> Revision:
    """A revision that was published now."""
    return Revision(
        RevisionNumber(number), content, ODD, RevisionNumber(number - 1), None, NOW, active_from
    )


def test_the_hash_of_a_revision_tells_names_contents_order_and_holidays_apart() -> None:
    contents = [
        content_of({"a": "b"}, NO_HOLIDAYS),
        content_of({"ab": ""}, NO_HOLIDAYS),
        content_of({"": "ab"}, NO_HOLIDAYS),
        content_of({"a": "b", "c": "d"}, NO_HOLIDAYS),
        content_of({"c": "d", "a": "b"}, NO_HOLIDAYS),
        content_of({"a": "b"}, norwegian_holidays()),
    ]
    assert len({content.sha256 for content in contents}) == len(contents)
    assert content_of({"a": "b"}, NO_HOLIDAYS).sha256 == contents[0].sha256


def test_the_hash_of_revisions_that_are_stored_stays_what_it_was() -> None:
    pinned = "2465014c0ab982ac061e974a6ed98d2e8aa4b447e3de2ee713f99812f394bb7f"
    assert CONTENT.sha256.hex() == pinned


def test_holidays_are_read_back_as_they_were_stored() -> None:
    assert holidays_of(holidays_text(norwegian_holidays())) == norwegian_holidays()


def test_who_gains_at_a_sensitive_place_is_reason_enough() -> None:
    assert approval_needed(Gains(1, {MAIN: 1}), PLACES) == ()
    (reason,) = approval_needed(Gains(1, {PLANT_ROOM: 1}), PLACES)
    assert str(reason) == (
        "fewer than 3 people gain at frogner-pool/plant-room, which is sensitive"
    )


@pytest.mark.parametrize(("people", "is_needed"), [(50, False), (51, True)])
def test_more_than_fifty_who_gain_need_approval_and_fifty_do_not(
    people: int, is_needed: bool
) -> None:
    reasons = approval_needed(Gains(people, {MAIN: people}), PLACES)
    assert bool(reasons) == is_needed
    assert APPROVED_ABOVE == 50


def test_each_who_gains_counts_once_however_many_doors_they_gain() -> None:
    side = AccessPointNumber(4712)
    assert approval_needed(Gains(50, {MAIN: 50, side: 50}), PLACES) == ()


def test_a_tenant_may_ask_for_approval_of_less() -> None:
    assert approval_needed(Gains(3, {MAIN: 3}), PLACES, threshold=2)


def test_a_door_that_comes_to_stand_unlocked_needs_approval_though_nobody_is_counted() -> None:
    (reason,) = approval_needed(Gains(0, {}, frozenset({MAIN})), PLACES)
    assert str(reason) == "torshov/entrance/main comes to stand unlocked, to everybody"


def test_an_author_approves_nothing_of_her_own() -> None:
    with pytest.raises(NotPublishable, match="expected another person than the author"):
        may_approve(draft(), EVA)
    may_approve(draft(), ODD)


def test_an_effect_that_needs_approval_is_not_published_without_it() -> None:
    with pytest.raises(NeedsApproval, match="which is sensitive"):
        publication(draft(), revision(), SENSITIVE, (), NOW, NOW)
    own = (Approval(EVA, NOW, SENSITIVE),)
    with pytest.raises(NeedsApproval):
        publication(draft(), revision(), SENSITIVE, own, NOW, NOW)
    made = publication(
        draft(), revision(), SENSITIVE, (*own, Approval(ODD, NOW, SENSITIVE)), NOW, NOW
    )
    assert made.number == 2


def test_an_approval_of_another_effect_approves_nothing() -> None:
    other = approval_needed(Gains(0, {}, frozenset({MAIN})), PLACES)
    with pytest.raises(NeedsApproval, match="got one of another effect: 3 people gain"):
        publication(draft(), revision(), SENSITIVE, (Approval(ODD, NOW, other),), NOW, NOW)


@pytest.mark.parametrize(
    ("people", "is_covered"), [(51, True), (100, True), (110, True), (111, False)]
)
def test_an_approval_holds_while_hardly_more_people_gain(people: int, is_covered: bool) -> None:
    seen = Approval(ODD, NOW, approval_needed(Gains(100, {}), PLACES))
    assert seen.covers(approval_needed(Gains(people, {}), PLACES)) is is_covered


def test_the_reasons_of_an_approval_are_read_back_as_they_were_kept() -> None:
    reasons = approval_needed(Gains(60, {PLANT_ROOM: 1}, frozenset({MAIN})), PLACES)
    assert len(reasons) == 3
    assert reasons_of(reasons_text(reasons)) == reasons


def test_an_effect_that_needs_none_is_published_without() -> None:
    made = publication(draft(), revision(), (), (), NOW, LATER)
    assert (made.number, made.based_on, made.author) == (2, 1, EVA)
    assert (made.published_at, made.active_from) == (NOW, LATER)


def test_the_first_revision_needs_nobodys_approval() -> None:
    made = publication(draft(based_on=FOUNDING), None, SENSITIVE, (), NOW, NOW)
    assert made.number == 1


def test_a_draft_on_something_older_is_not_published() -> None:
    with pytest.raises(NotPublishable, match="built on revision 3, got drf_1 on 1"):
        publication(draft(), revision(3), (), (), NOW, NOW)


def test_nothing_governs_from_the_past() -> None:
    with pytest.raises(NotPublishable, match="not decided again"):
        publication(draft(), revision(), (), (), NOW, Instant(NOW - 1))


def test_the_way_back_is_a_new_revision_with_the_content_of_an_old_one() -> None:
    other = content_of({"a.yaml": "for: municipality"}, norwegian_holidays())
    back = way_back(revision(), revision(2, other), DraftId("drf_9"), ODD, NOW)
    made = publication(back, revision(2, other), (), (), NOW, NOW)
    assert (made.number, made.rolled_back_to, made.based_on) == (3, 1, 2)
    assert made.content == revision().content
    assert made.content.sha256 == revision().content.sha256


def test_the_same_content_is_nothing_new_once_it_governs() -> None:
    assert says_nothing_new(CONTENT, revision(), NOW)
    assert not says_nothing_new(CONTENT, revision(active_from=LATER), NOW)
    assert not says_nothing_new(CONTENT, None, NOW)
    assert not says_nothing_new(replace(CONTENT, documents=()), revision(), NOW)


def test_a_revision_governs_from_its_instant_on_and_not_a_second_before() -> None:
    timeline = timeline_of("none", [(NOW, "first"), (LATER, "second")])
    told = [timeline.in_force(Instant(at)) for at in (NOW - 1, NOW, LATER - 1, LATER)]
    assert told == ["none", "first", "first", "second"]
    assert timeline.next_turn(NOW) == LATER
    assert timeline.next_turn(LATER) is None


def test_what_is_published_later_also_replaces_what_was_to_come() -> None:
    to_come = [(NOW, "first"), (Instant(NOW + 2 * DAY), "second"), (LATER, "third")]
    timeline = timeline_of("none", to_come)
    assert timeline.in_force(Instant(NOW + 3 * DAY)) == "third"
    assert [governs for _, governs in timeline.turns] == ["none", "first", "third"]


INSTANTS = st.integers(NOW, NOW + 20).map(Instant)


@given(st.lists(INSTANTS, max_size=6), INSTANTS, INSTANTS)
def test_pieces_of_a_span_are_the_span_and_each_says_what_is_in_force(
    published: list[Instant], one: Instant, other: Instant
) -> None:
    timeline = timeline_of(0, [(start, number + 1) for number, start in enumerate(published)])
    span = Window(min(one, other), Instant(max(one, other) + 1))
    at = span.start
    for piece, governs in timeline.pieces(span):
        assert piece.start == at < piece.end <= span.end
        for instant in range(piece.start, piece.end):
            assert timeline.in_force(Instant(instant)) == governs
            begun = [n + 1 for n, start in enumerate(published) if start <= instant]
            assert governs == max(begun, default=0)
        at = piece.end
    assert at == span.end


@given(st.lists(INSTANTS, max_size=6), INSTANTS)
def test_what_has_governed_before_may_be_left_out_of_what_is_asked_now(
    published: list[Instant], at: Instant
) -> None:
    timeline = timeline_of(0, [(start, number + 1) for number, start in enumerate(published)])
    rest = timeline.from_instant(at)
    assert rest.in_force(Instant(NOW - 1)) == timeline.in_force(at)
    assert list(rest.pieces(Window(at, END))) == list(timeline.pieces(Window(at, END)))


def test_what_no_part_of_the_system_enforces_is_refused_by_name_with_line_and_key() -> None:
    rule = '- {{id: {0}, doors: "building:torshov", allow: anyone, during: always, {1}}}\n'
    written = [
        "limits: {visits: 3 per day, inside: 9, offline: refuse}",
        "with: {two-people: 30s}",
        "with: {share: 2}",
        "with: {life: 8h}",
    ]
    text = "for: building:torshov\ntime_zone: Europe/Oslo\npolicies:\n" + "".join(
        rule.format(f"r{number}", more) for number, more in enumerate(written)
    )
    policies = load_policies({"x.yaml": text}, PLACES, norwegian_holidays())
    assert [str(fault) for fault in unenforced(policies)] == [
        "x.yaml:4: policies[0].limits.inside: inside is not enforced by this version",
        "x.yaml:5: policies[1].with.two-people: two-people is not enforced by this version",
        "x.yaml:6: policies[2].with.share: share is not enforced by this version",
    ]
