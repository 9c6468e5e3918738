"""places.yaml and people.yaml: what they give, and what they may not hold."""

import json
from datetime import date
from typing import Any

import pytest

from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.errors import PolicyError
from policies.model import FactKind, Terms, parse_fact_value
from policies.places import MUNICIPALITY
from policies.vocabulary import AccessPointId, AccessPointNumber, FacilityId
from tests.policies import written
from tests.policies.written import PLACES, fact, instant, subject

POINT = {
    "id": "town/hall/north", "number": "1", "controller": "town-1", "name": "x", "listed": "true",
}  # fmt: skip


def point(**changes: str) -> dict[str, str]:
    return {**POINT, **changes}


def test_access_points_are_found_by_number_by_id_and_by_facility() -> None:
    assert PLACES.by_number[AccessPointNumber(3)].id == "town/side"
    assert PLACES.by_id[AccessPointId("barn/gate")].number == 5
    assert [p.number for p in PLACES.of_facility(FacilityId("town"))] == [1, 2, 3, 4]
    assert PLACES.controllers == ("town-1", "barn-1")


def test_sensitive_comes_from_the_access_point_or_its_facility() -> None:
    sensitive = written.places(
        facilities=[
            {"id": "town", "name": "x", "sensitive": "false"},
            {"id": "barn", "name": "y", "sensitive": "true"},
        ]
    )
    assert [p.number for p in sensitive.access_points if p.sensitive] == [4, 5]


PLACES_FAULTS = [
    ({"access_points": [point(), point(id="town/x")]}, "each number once"),
    ({"access_points": [point(), point(number="2")]}, "to be one access point"),
    ({"access_points": [point(), point(number="2", id="town/hall")]}, "to be one access point"),
    ({"access_points": [point(id="town/hall"), point(number="2")]}, "to be a zone"),
    ({"access_points": [point(), point(number="2", id="barn/x")]}, "in one facility"),
    ({"access_points": [point(number="0")]}, "got '0'"),
    ({"access_points": [point(number="4294967296")]}, "1 to 4294967295"),
    ({"access_points": [point(id="town")]}, "a path such as"),
    ({"access_points": [point(id="town//x")]}, "a path such as"),
    ({"access_points": [point(id="Town/x")]}, "a path such as"),
    ({"access_points": [point(id="twn/x")]}, "nearest: town"),
    ({"access_points": [point(listed="yes")]}, "true or false"),
    ({"access_points": [point(sensitive="no")]}, "true or false"),
    ({"access_points": []}, "an empty list"),
    ({"facilities": [{"id": "x" * 17, "name": "y"}]}, "1 to 16"),
    ({"facilities": [{"id": "town", "name": "y"}] * 2}, "each facility once"),
    ({"tenant": {"id": "Test", "name": "y", "time_zone": "UTC"}}, "1 to 16"),
    ({"registers": {"members": ["Club"]}}, "lower-case"),
    ({"registers": {"member": ["club"]}}, "nearest: members"),
]


@pytest.mark.parametrize(("changes", "says"), PLACES_FAULTS)
def test_faulty_places_are_refused_with_a_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        written.places(**changes)
    assert says in str(raised.value)
    assert all(fault.file == "places.yaml" for fault in raised.value.faults)


def test_places_name_the_line_and_key_path_of_a_fault() -> None:
    text = json.dumps(written.PLACES_WRITTEN, indent=0).replace('"town/side"', '"twon/side"')
    with pytest.raises(PolicyError) as raised:
        parse_places(text, "places.yaml")
    (fault,) = raised.value.faults
    assert fault.path == "access_points[2].id"
    assert text.splitlines()[fault.line - 1].startswith('"id": "twon/side"')


def test_a_date_as_until_means_through_that_day_and_a_date_time_is_not_included() -> None:
    person = subject(
        {
            "facts": [
                fact("member", "gym", from_="2026-10-24", until="2026-10-25"),
                fact("role", "staff", from_="2026-10-25T02:30", until="2026-10-25T03:00"),
            ]
        }
    )
    member, role = person.facts
    assert (member.start, member.end) == (instant("2026-10-23T22:00"), instant("2026-10-25T23:00"))
    assert (role.start, role.end) == (instant("2026-10-25T00:30"), instant("2026-10-25T02:00"))


def test_a_fact_reads_back_from_its_text() -> None:
    for kind, text in (
        ("age", "18+"),
        ("member", "club/adult"),
        ("terms", "house-3"),
        ("guardian", "house-3"),
        ("resident", "building:town"),
        ("resident", "municipality"),
        ("role", "staff"),
        ("list", "guests"),
    ):
        (told,) = subject({"facts": [fact(kind, text)]}).facts
        assert told.text == text
        assert parse_fact_value(told.kind, told.text) == told.value


def test_a_person_has_a_birth_date_and_typed_facts() -> None:
    person = subject({"born": "2012-02-29", "facts": [fact("terms", "house-12")]})
    assert person.born == date(2012, 2, 29)
    assert person.facts[0].value == Terms("house", 12)
    assert subject({"facts": [fact("resident", "municipality")]}).facts[0].value == MUNICIPALITY


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ({"id": "Kari"}, "got 'Kari'"),
        ({"id": "kari", "household": "Home 7"}, "got 'Home 7'"),
        ({"id": "kari", "protected": "yes"}, "true or false"),
        ({"id": "kari", "protcted": "true"}, "nearest: protected"),
        ({"id": "kari", "born": "2012-02-30"}, "a date such as"),
        ({"id": "kari", "facts": [fact("meber", "gym")]}, "nearest: member"),
        ({"id": "kari", "facts": [fact("member", "gmy")]}, "nearest: gym"),
        ({"id": "kari", "facts": [fact("age", "18")]}, "got '18'"),
        ({"id": "kari", "facts": [fact("terms", "house")]}, "got 'house'"),
        ({"id": "kari", "facts": [fact("resident", "building:barn")]}, "residence"),
        ({"id": "kari", "facts": [fact("resident", "house:town")]}, "municipality or a place"),
        ({"id": "kari", "facts": [{"kind": "role", "value": "staff"}]}, "with source"),
        (
            {
                "id": "kari",
                "facts": [fact("role", "staff", from_="2027-01-01", until="2026-01-01")],
            },
            "no length",
        ),
    ],
)
def test_a_faulty_person_is_refused_with_a_sentence(person: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_people(json.dumps({"people": [person]}), "people.yaml", PLACES)
    (fault,) = raised.value.faults
    assert says in fault.sentence
    assert fault.path.startswith("people[0]")


def test_a_register_tells_up_to_its_fresh_until() -> None:
    people = parse_people(
        json.dumps(
            {
                "registers": {
                    "member": {"fresh_until": "2026-10-14T20:00:00Z"},
                    "role": {"fresh_until": "2026-10-14T22:00"},
                },
                "people": [{"id": "kari"}, {"id": "ola"}],
            }
        ),
        "people.yaml",
        PLACES,
    )
    kari, ola = people.values()
    assert kari.fresh_until == {
        FactKind.MEMBER: instant("2026-10-14T20:00"),
        FactKind.ROLE: instant("2026-10-14T20:00"),
    }
    assert ola.fresh_until == kari.fresh_until
    assert subject({"facts": []}).fresh_until == {}


@pytest.mark.parametrize(
    ("registers", "says"),
    [
        ({"meber": {"fresh_until": "2026-10-14T20:00"}}, "nearest: member"),
        ({"member": {"fresh": "2026-10-14T20:00"}}, "nearest: fresh_until"),
        ({"member": {"fresh_until": "2026-10-14"}}, "expected a date-time"),
        ({"member": {}}, "empty mapping"),
    ],
)
def test_a_faulty_register_is_refused_with_a_sentence(registers: Any, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        parse_people(
            json.dumps({"registers": registers, "people": [{"id": "a"}]}), "people.yaml", PLACES
        )


def test_a_household_and_a_protected_address_are_told_of_a_person() -> None:
    person = subject({"household": "home-7", "protected": "true"})
    assert (person.household, person.is_protected) == ("home-7", True)
    assert (subject({}).household, subject({"protected": "false"}).is_protected) == (None, False)


def test_one_person_is_written_once() -> None:
    with pytest.raises(PolicyError, match="each person once"):
        parse_people(json.dumps({"people": [{"id": "a"}, {"id": "a"}]}), "people.yaml", PLACES)


def test_a_register_that_was_read_and_is_empty_is_not_unknown() -> None:
    assert subject({"facts": []}).unknown == frozenset()
    assert subject({"facts": [], "unknown": ["member"]}).unknown == {FactKind.MEMBER}


def test_a_residence_is_the_municipality_or_a_known_place() -> None:
    with pytest.raises(PolicyError, match=r"registers\.residences\[0\].*'building:twn'"):
        written.places(registers={"residences": ["building:twn"]})
    known = written.places(registers={"residences": ["municipality", "zone:town/hall"]})
    assert known.registers.knows("residences", "zone:town/hall")
