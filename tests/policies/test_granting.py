"""What a grant holds: lives, sensitive points, entries; provisos are test_circumstances."""

from typing import Any

import pytest

from policies.grant import GrantFlags, Window
from policies.granting import GrantResult, grant_for
from policies.vocabulary import AccessPointNumber, FacilityId, Instant
from tests.policies import written
from tests.policies.written import GATE, VAULT, instant, rule, subject

TOWN = FacilityId("town")
START = instant("2026-10-14T17:00")
DAY = Window(START, Instant(START + 86_400))


def granted(
    *rules: dict[str, Any], person: dict[str, Any] | None = None, span: Window = DAY, **asked: Any
) -> GrantResult:
    numbered = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(rules, 1)]
    policies = written.policies(written.document(*numbered))
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


def test_an_unknown_facility_or_a_point_of_another_is_the_callers_mistake() -> None:
    policies = written.policies(written.document(rule(allow="anyone")))
    with pytest.raises(ValueError, match="expected a known facility, got 'moon'"):
        grant_for(policies, subject({}), FacilityId("moon"), DAY)
    with pytest.raises(ValueError, match="expected an access point of town, got 5"):
        grant_for(policies, subject({}), TOWN, DAY, access_point=AccessPointNumber(GATE))
