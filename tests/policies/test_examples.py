"""The town of the examples on Wednesday 14 October 2026 at 19:00, and on unusual days."""

import pytest

from policies.explanation.explaining import explain
from policies.explanation.keyring import keyring_of
from policies.grant import Standing, Window
from policies.granting import grant_for
from policies.vocabulary import AccessPointId, Action, FacilityId, Instant, PersonId
from tests.policies.town_documents import DOCUMENTS, EXAMPLES, PEOPLE, PLACES, POLICIES
from tests.policies.written import instant

EVENING = instant("2026-10-14T17:00")
MAIN = PLACES.by_id[AccessPointId("torshov/entrance/main")].number


def told(person: str, point: str, at: str = "2026-10-14T17:00") -> tuple[str, str | None]:
    number = PLACES.by_id[AccessPointId(point)].number
    explanation = explain(POLICIES, PEOPLE[PersonId(person)], number, Action.OPEN, instant(at))
    return explanation.reason, explanation.rule


@pytest.mark.parametrize(
    ("person", "point", "expected"),
    [
        ("nora", "torshov/entrance/main", ("granted", "torshov-self-service")),
        ("leif", "torshov/entrance/side", ("granted", "torshov-self-service")),
        ("amund", "torshov/entrance/main", ("age", "torshov-self-service")),
        ("ingrid", "torshov/entrance/main", ("terms", "torshov-self-service")),
        ("solveig", "torshov/entrance/main", ("member", "torshov-self-service")),
        ("trude", "torshov/entrance/main", ("library-exclusion", "torshov-excluded")),
        ("eva", "torshov/entrance/main", ("granted", "torshov-staff")),
        ("ingrid", "storgata-7/waste", ("granted", "waste-room")),
        ("jonas", "storgata-7/waste", ("granted", "waste-room")),
        ("karim", "storgata-7/waste", ("resident", "waste-room")),
        ("solveig", "haraldrud/gate/vehicles", ("granted", "recycling-evening")),
        ("bjarne", "haraldrud/gate/vehicles", ("granted", "recycling-evening")),
        ("nora", "haraldrud/gate/vehicles", ("age", "recycling-evening")),
        ("amund", "frogner-pool/turnstile/main", ("granted", "pool-members")),
        ("odd", "frogner-pool/plant-room", ("granted", "pool-plant")),
        ("nora", "frogner-pool/plant-room", ("role", "pool-plant")),
    ],
)
def test_the_town_on_the_evening_of_the_demo(
    person: str, point: str, expected: tuple[str, str]
) -> None:
    assert told(person, point) == expected


@pytest.mark.parametrize(
    ("person", "point", "at", "expected"),
    [
        ("amund", "torshov/entrance/main", "2026-10-15T08:00", "granted"),
        ("amund", "torshov/entrance/main", "2026-10-15T16:00", "age"),
        ("amund", "torshov/entrance/main", "2027-05-17T10:00", "during"),  # closed for all
        ("nora", "torshov/entrance/main", "2027-05-17T10:00", "during"),
        ("nora", "torshov/entrance/main", "2027-05-06T08:30", "granted"),  # Ascension Day
        ("nora", "torshov/entrance/main", "2027-03-24T11:59", "granted"),  # easter-4, staffed
        ("nora", "torshov/entrance/main", "2027-03-24T17:00", "during"),
        ("nora", "torshov/entrance/main", "2027-07-07T17:59", "granted"),
        ("nora", "torshov/entrance/main", "2027-07-07T18:00", "during"),
        ("solveig", "haraldrud/gate/vehicles", "2026-10-16T17:00", "during"),  # a Friday
        ("ingrid", "storgata-7/waste", "2026-10-14T21:00", "during"),
        ("amund", "frogner-pool/turnstile/main", "2026-10-15T15:45", "adults-only"),
        ("trude", "torshov/entrance/main", "2027-01-19T06:00", "granted"),
    ],
)
def test_the_town_on_other_days(person: str, point: str, at: str, expected: str) -> None:
    assert told(person, point, at)[0] == expected


def test_a_member_of_14_carries_tomorrows_staffed_hours_and_is_refused_now_by_the_time() -> None:
    day = Window(EVENING, Instant(EVENING + 86_400))
    grant = grant_for(POLICIES, PEOPLE[PersonId("amund")], FacilityId("torshov"), day).grant
    assert grant is not None
    assert grant.standing(MAIN, Action.OPEN, EVENING)[0] is Standing.NO_WINDOW
    assert grant.next_opening(MAIN, Action.OPEN, EVENING) == instant("2026-10-15T08:00")


def test_the_keyring_shows_what_opens_today_and_what_is_listed() -> None:
    shown = keyring_of(POLICIES, PEOPLE[PersonId("amund")], EVENING)
    assert [(p.access_point.id, p.explanation.rule, p.explanation.reason) for p in shown] == [
        ("frogner-pool/turnstile/main", "pool-members", "granted"),
        ("haraldrud/gate/vehicles", "recycling-evening", "age"),
        ("storgata-7/waste", "waste-room", "resident"),
        ("torshov/entrance/main", "torshov-self-service", "age"),
        ("torshov/entrance/side", "torshov-self-service", "age"),
    ]
    assert shown[-1].explanation.opens_at == instant("2026-10-15T08:00")


def test_the_keyring_leaves_out_what_is_neither_listed_nor_open_within_a_day() -> None:
    sunday_evening = instant("2026-10-18T21:00")
    shown = keyring_of(POLICIES, PEOPLE[PersonId("karim")], sunday_evening)
    assert "torshov/entrance/side" in [p.access_point.id for p in shown]  # opens Monday 07:00
    assert "frogner-pool/plant-room" not in [p.access_point.id for p in shown]


def test_every_example_document_is_loaded_by_these_tests() -> None:
    others = {"places.yaml", "people.yaml"}
    assert {path.name for path in EXAMPLES.glob("*.yaml")} == {p.name for p in DOCUMENTS} | others
