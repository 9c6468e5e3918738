"""What a person is shown of the doors there are."""

from policies.explanation.keyring import ShownPoint, keyring_of
from policies.model import PolicySet
from policies.vocabulary import Action
from tests.policies import written
from tests.policies.written import GATE, NORTH, SIDE, SOUTH, VAULT, Doc, document, instant, rule

AT = "2026-10-14T17:00"
CALENDARS = {
    "c": {
        "holidays": "closed",
        "day": {"mon-fri": "10:00-18:00"},
        "monday": {"mon": "10:00-18:00"},
    }
}


def town(*rules: Doc) -> PolicySet:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    return written.policies(document(*numbered, calendars=CALENDARS))


def shown(policies: PolicySet, at: str = AT) -> dict[int, ShownPoint]:
    points = keyring_of(policies, written.subject({"born": "1990-05-05"}), instant(at))
    return {point.access_point.number: point for point in points}


def test_listed_points_are_shown_with_their_reason_and_others_are_not() -> None:
    found = shown(town(rule(allow={"role": "staff"})))
    assert list(found) == [GATE, NORTH]
    assert found[GATE].explanation.reason == "no-rule"
    assert found[NORTH].explanation.reason == "role"


def test_what_opens_within_a_day_is_shown_though_it_is_not_listed() -> None:
    assert SIDE in shown(town(rule(allow="anyone", during="c.day")))
    assert SIDE not in shown(town(rule(allow="anyone", during="c.monday")))
    assert SIDE in shown(town(rule(allow="anyone", during="c.monday")), "2026-10-18T10:00")


def test_a_sensitive_point_is_shown_like_others() -> None:
    assert VAULT in shown(town(rule(allow="anyone")))


def test_a_door_that_stands_unlocked_is_shown_and_one_that_will() -> None:
    unlocked = town(rule(unlock="anyone", during="c.day"))
    now = shown(unlocked, "2026-10-14T12:00")[SOUTH].explanation
    assert (now.permitted, now.stands_unlocked, now.reason) == (False, True, "unlocked")
    assert shown(unlocked)[SOUTH].explanation.opens_at == instant("2026-10-15T08:00")
    assert SOUTH not in shown(town(rule(unlock="anyone", during="c.monday")))


def test_a_point_is_asked_for_the_first_thing_that_it_can_do() -> None:
    light = shown(town(rule(allow="anyone", **{"with": {"actions": ["light"]}})))
    assert light[SIDE].explanation.action is Action.LIGHT
    both = town(
        rule(allow="anyone", **{"with": {"actions": ["light"]}}),
        rule(unlock="anyone", during="c.day"),
    )
    assert shown(both)[SIDE].explanation.action is Action.OPEN
