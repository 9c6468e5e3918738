"""What a grant holds: lives, sensitive points, entries; provisos are test_circumstances."""

from typing import Any

import pytest

from policies.circumstances import Circumstances, Opened, RuleName
from policies.grant import GrantFlags, Window
from policies.granting import GrantResult, grant_for
from policies.vocabulary import AccessPointNumber, FacilityId, Instant, RuleId
from policies.windows import Windows, difference
from tests.policies import written
from tests.policies.written import GATE, NORTH, SIDE, SOUTH, VAULT, fact, instant, rule, subject

TOWN = FacilityId("town")
START = instant("2026-10-14T17:00")
DAY = Window(START, Instant(START + 86_400))


def granted(
    *rules: dict[str, Any],
    person: dict[str, Any] | None = None,
    span: Window = DAY,
    book: dict[str, Any] | None = None,
    **asked: Any,
) -> GrantResult:
    numbered = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(rules, 1)]
    policies = written.policies(written.document(*numbered), book=book)
    return grant_for(policies, subject(person or {}), TOWN, span, **asked)


def test_access_points_with_equal_windows_and_actions_share_an_entry() -> None:
    result = granted(
        rule(allow="anyone", doors="zone:town/hall"),
        rule(allow="anyone", doors="door:town/side", with_={"actions": ["open", "light"]}),
    )
    assert result.grant is not None
    assert [(entry.points, entry.windows, entry.flags) for entry in result.grant.entries] == [
        ((1, 2), (DAY,), GrantFlags.OPEN),
        ((3,), (DAY,), GrantFlags.OPEN | GrantFlags.LIGHT),
    ]


def test_an_action_with_hours_of_its_own_has_an_entry_of_its_own() -> None:
    result = granted(
        rule(allow="anyone", doors="door:town/side"),
        rule(
            allow="anyone",
            doors="door:town/side",
            until="2026-10-14T20:00",
            with_={"actions": ["light"]},
        ),
    )
    assert result.grant is not None
    assert [(entry.windows[0].end - START, entry.flags) for entry in result.grant.entries] == [
        (86_400, GrantFlags.OPEN),
        (3_600, GrantFlags.LIGHT),
    ]


def test_each_rule_is_clipped_to_its_own_life() -> None:
    result = granted(
        rule(allow="anyone", doors="zone:town/hall", with_={"life": "8h"}),
        rule(allow="anyone", doors="door:town/side", with_={"life": "90m"}),
    )
    assert result.grant is not None
    ends = {entry.points: entry.windows[-1].end - START for entry in result.grant.entries}
    assert ends == {(1, 2): 8 * 3_600, (3,): 90 * 60}
    assert result.life_seconds == 8 * 3_600


def test_no_grant_outlives_24_hours_or_its_span() -> None:
    week = Window(START, Instant(START + 7 * 86_400))
    long, short = granted(rule(allow="anyone"), span=week), granted(
        rule(allow="anyone"), span=Window(START, Instant(START + 60))
    )  # fmt: skip
    assert long.grant is not None
    assert short.grant is not None
    assert long.grant.entries[0].windows == (DAY,)
    assert short.grant.entries[0].windows == (Window(START, Instant(START + 60)),)
    assert (long.life_seconds, short.life_seconds) == (86_400, 86_400)


def test_a_sensitive_point_is_left_out_and_named() -> None:
    result = granted(rule(allow="anyone"))
    assert result.grant is not None
    assert not list(result.grant.entries_of(VAULT))
    assert result.on_the_way == (VAULT,)


def test_on_the_way_a_sensitive_point_is_granted_for_fifteen_minutes_whatever_is_written() -> None:
    result = granted(rule(allow="anyone", with_={"life": "8h"}), access_point=VAULT)
    assert result.grant is not None
    assert [entry.points for entry in result.grant.entries] == [(VAULT,)]
    assert result.grant.entries[0].windows == (Window(START, Instant(START + 900)),)
    assert (result.life_seconds, result.on_the_way) == (900, ())


def test_without_a_window_there_is_no_grant() -> None:
    result = granted(rule(allow={"member": "gym"}, doors="building:town"))
    assert (result.grant, result.on_the_way, result.limited) == (None, (), ())
    assert result.life_seconds == 86_400


def test_a_place_with_windows_on_the_way_alone_is_named() -> None:
    result = granted(rule(allow="anyone", doors="door:town/vault"))
    assert (result.grant, result.on_the_way) == (None, (VAULT,))


def test_the_windows_of_a_deny_are_cut_out() -> None:
    result = granted(
        rule(allow="anyone", doors="door:town/side"),
        rule(deny="anyone", from_="2026-10-14T20:00", until="2026-10-14T21:00"),
    )
    assert result.grant is not None
    (entry,) = result.grant.entries
    assert [(w.start - START, w.end - START) for w in entry.windows] == [
        (0, 3_600), (7_200, 86_400),
    ]  # fmt: skip


def test_the_windows_of_several_rules_are_given_together() -> None:
    result = granted(
        rule(allow="anyone", doors="door:town/side", until="2026-10-14T20:00"),
        rule(allow="anyone", doors="door:town/side", from_="2026-10-14T21:00"),
    )
    assert result.grant is not None
    assert [(w.start - START, w.end - START) for w in result.grant.entries[0].windows] == [
        (0, 3_600), (7_200, 86_400),
    ]  # fmt: skip


LIMITS = {"limits": {"visits": "2 per day", "offline": "refuse"}}
AFTER = {"with_": {"after": {"role": "staff"}}}


def test_a_rule_subject_to_something_leaves_those_behind_it_their_windows() -> None:
    result = granted(
        *(rule(allow="anyone", doors="door:town/side", **keys) for keys in (AFTER, {}))
    )
    assert result.grant is not None
    assert result.grant.entries[0].windows == (DAY,)


def test_a_point_is_named_where_another_action_alone_is_held() -> None:
    light = rule(allow="anyone", doors="door:town/side", with_={"actions": ["light"]})
    result = granted(rule(allow="anyone", doors="door:town/side", **LIMITS), light)
    assert result.on_the_way == (SIDE,)


HOUR = {"kind": "booking", "name": "hall", "people": []}
BOOK = {
    "unread": [],
    "records": [
        {**HOUR, "id": "n", "access_points": ["town/hall/north"], "start": "2026-10-14T19:00",
         "end": "2026-10-14T20:00"},
        {**HOUR, "id": "s", "access_points": ["town/hall/south"], "start": "2026-10-14T21:00",
         "end": "2026-10-14T22:00"},
    ],
}  # fmt: skip
OF_RECORD = {"doors": {"booking": "hall.door"}, "during": {"booking": "hall"}}
AT_NORTH = (Window(START, Instant(START + 3_600)),)
AT_SOUTH = (Window(Instant(START + 7_200), Instant(START + 10_800)),)


@pytest.mark.parametrize("circumstances", [None, Circumstances(), Circumstances(opened=None)])
def test_doors_of_records_are_given_and_denied_the_hours_of_their_own(
    circumstances: Circumstances | None,
) -> None:
    def windows(*rules: dict[str, Any]) -> dict[int, Windows]:
        result = granted(*rules, book=BOOK, circumstances=circumstances)
        entries = () if result.grant is None else result.grant.entries
        return {point: entry.windows for entry in entries for point in entry.points}

    assert windows(rule(allow="anyone", **OF_RECORD)) == {NORTH: AT_NORTH, SOUTH: AT_SOUTH}
    denied = windows(rule(allow="anyone", doors="zone:town/hall"), rule(deny="anyone", **OF_RECORD))
    assert denied == {NORTH: difference((DAY,), AT_NORTH), SOUTH: difference((DAY,), AT_SOUTH)}


def test_of_doors_of_records_those_are_named_where_more_may_be_asked_for() -> None:
    first_hour = rule(allow="anyone", doors="zone:town/hall", until="2026-10-14T20:00")
    result = granted(first_hour, rule(allow="anyone", **OF_RECORD, **LIMITS), book=BOOK)
    assert result.on_the_way == (SOUTH,)
    shut = rule(deny="anyone", **OF_RECORD)
    limited = rule(allow="anyone", doors="zone:town/hall", **LIMITS)
    only_now = {**limited, "until": "2026-10-14T20:00"}
    assert granted(only_now, shut, book=BOOK).on_the_way == (SOUTH,)


def test_after_at_doors_of_records_is_met_for_the_record_of_that_door() -> None:
    staff = subject({"facts": [fact("role", "staff")]})
    opened = Circumstances(opened={SOUTH: (Opened(staff, START),)})
    waiting = rule(allow="anyone", **OF_RECORD, **AFTER)
    assert granted(waiting, book=BOOK, circumstances=opened, access_point=SOUTH).grant is None
    met = Circumstances(opened={NORTH: (Opened(staff, START),)})
    result = granted(waiting, book=BOOK, circumstances=met, access_point=NORTH)
    assert result.grant is not None
    assert result.grant.entries[0].windows == (Window(START, Instant(START + 900)),)


def test_a_limited_rule_that_a_grant_rests_on_comes_with_its_name() -> None:
    limited = rule(allow="anyone", doors="door:town/side", **LIMITS)
    (rested_on,) = granted(limited, access_point=SIDE).limited
    assert (rested_on.name, rested_on.rule.id) == (
        RuleName("building:town", RuleId("rule-1")),
        "rule-1",
    )
    assert rested_on.rule.limits is not None


def test_an_unknown_facility_or_a_point_of_another_is_the_callers_mistake() -> None:
    policies = written.policies(written.document(rule(allow="anyone")))
    with pytest.raises(ValueError, match="expected a known facility, got 'moon'"):
        grant_for(policies, subject({}), FacilityId("moon"), DAY)
    with pytest.raises(ValueError, match="expected an access point of town, got 5"):
        grant_for(policies, subject({}), TOWN, DAY, access_point=AccessPointNumber(GATE))
