"""records.yaml: bookings, assignments and switches, what they give and what they may not hold."""

import json
from typing import Any

import pytest

from policies.documents.record_file import RecordFile, ignored_doors, parse_records
from policies.errors import PolicyError
from policies.records import Participant, RecordKind, RecordName
from policies.vocabulary import PersonId
from tests.policies import written
from tests.policies.written import NORTH, PLACES, SIDE, instant

HALL = RecordName(RecordKind.BOOKING, "hall")
PEOPLE = (PersonId("kari"), PersonId("ola"))
RECORD = {
    "id": "b-1", "kind": "booking", "name": "hall", "access_points": ["town/side"],
    "people": [{"person": "kari", "as": "holder"}],
    "start": "2026-10-14T18:00", "end": "2026-10-14T20:00",
}  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    return {**RECORD, **changes}


def read(*records: dict[str, Any], **more: Any) -> RecordFile:
    text = json.dumps({"records": list(records), **more})
    return parse_records(text, "records.yaml", PLACES, PEOPLE)


def test_a_record_has_doors_people_and_times() -> None:
    told = read(
        record(
            access_points=["town/side", "town/hall/north"],
            people=[{"person": "kari", "as": "holder"}, {"person": "ola", "as": "invited"}],
        ),
        switches={"lockdown/town": "on"},
    )
    (booked,) = told.records.all
    assert booked.of == HALL
    assert booked.points == (NORTH, SIDE)
    assert booked.people == (
        Participant(PersonId("kari"), "holder"), Participant(PersonId("ola"), "invited"),
    )  # fmt: skip
    assert (booked.start, booked.end) == (instant("2026-10-14T16:00"), instant("2026-10-14T18:00"))
    assert told.switches == {"lockdown/town": True}
    assert told.lines == {"b-1": 1}


def test_times_are_local_or_with_a_z() -> None:
    (booked,) = read(record(start="2026-10-14T16:00:00Z", end="2026-10-14T24:00")).records.all
    assert (booked.start, booked.end) == (instant("2026-10-14T16:00"), instant("2026-10-14T22:00"))


def test_a_register_that_was_read_and_is_empty_is_not_unread() -> None:
    told = read(switches={})
    assert (told.records.all, told.records.unread, told.switches) == ((), frozenset(), {})


def test_people_need_not_be_known_where_the_people_are_not() -> None:
    text = json.dumps({"records": [record(people=[{"person": "per", "as": "holder"}])]})
    assert parse_records(text, "records.yaml", PLACES).records.of_person.keys() == {"per"}
    assert read(record(people=[])).records.of_person == {}


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "B 1"}, "id", "got 'B 1'"),
    ({"kind": "bookng"}, "kind", "nearest: booking"),
    ({"name": "hal"}, "name", "nearest: hall"),
    ({"kind": "assigned"}, "name", "got 'hall'"),
    ({"access_points": []}, "access_points", "an empty list"),
    ({"access_points": ["town/sid"]}, "access_points[0]", "nearest: town/side"),
    ({"access_points": ["town/side"] * 2}, "access_points[1]", "each access point once"),
    ({"people": [{"person": "per", "as": "holder"}]}, "people[0].person", "a known person"),
    ({"people": [{"person": "kari", "as": "hoder"}]}, "people[0].as", "nearest: holder"),
    ({"people": [{"person": "kari"}]}, "people[0]", "with as, got none"),
    ({"people": [{"person": "kari", "as": "holder"}] * 2}, "people[1]", "each part once"),
    ({"end": "2026-10-14T18:00"}, "end", "end after start, got a record of no length"),
    ({"end": "2026-10-14T12:00"}, "end", "end after start"),
    ({"end": "2026-10-14"}, "end", "expected a date-time such as"),
    ({"end": "2026-10-14T20:00:00+02:00"}, "end", "expected a time such as"),
    ({"end": "9999-10-14T20:00:00Z"}, "end", "from 1900 through 2199"),
    ({"end": "2027-02-30T20:00:00Z"}, "end", "expected an instant"),
    ({"start": "2027-03-28T02:10", "end": "2027-03-28T02:50"}, "end", "a record of no length"),
    ({"note": "x"}, "note", "got 'note'"),
]


@pytest.mark.parametrize(("changes", "path", "says"), FAULTS)
def test_a_faulty_record_is_refused_with_a_sentence(
    changes: dict[str, Any], path: str, says: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        read(record(**changes))
    (fault,) = raised.value.faults
    assert fault.path == f"records[0].{path}"
    assert says in fault.sentence


@pytest.mark.parametrize("key", [*RECORD])
def test_a_record_without_a_key_is_refused(key: str) -> None:
    with pytest.raises(PolicyError, match=f"with {key}, got none"):
        read({name: value for name, value in RECORD.items() if name != key})


@pytest.mark.parametrize(
    ("switches", "says"),
    [
        ({"lockdown/twn": "on"}, "nearest: lockdown/town"),
        ({"lockdown/town": "true"}, "expected on or off, got 'true'"),
    ],
)
def test_a_faulty_switch_is_refused_with_a_sentence(switches: dict[str, str], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        read(switches=switches)


def test_every_fault_of_the_file_is_told_at_once() -> None:
    with pytest.raises(PolicyError) as raised:
        read(record(name="x"), record(id="b-2", end="x"), switches={"x": "on"})
    assert [fault.path for fault in raised.value.faults] == [
        "records[0].name", "records[1].end", "switches.x",
    ]  # fmt: skip


def test_one_record_is_written_once_and_the_records_are_not_left_out() -> None:
    with pytest.raises(PolicyError, match="each record once, got 'b-1' twice"):
        read(record(), record())
    with pytest.raises(PolicyError, match="with records, got none"):
        parse_records("switches: {lockdown/town: off}", "records.yaml", PLACES)


def test_a_door_outside_every_rule_that_asks_for_it_is_reported() -> None:
    told = read(record(access_points=["town/side", "barn/gate"]))
    hall = written.rule(doors={"booking": "hall.door"}, allow={"booking": "hall"})
    policies = written.policies(written.document(hall))
    (report,) = ignored_doors(told, policies)
    assert str(report) == (
        "records.yaml:1: records.b-1: expected doors beneath building:town, got barn/gate:"
        " it is ignored"
    )
    for_all = {**written.document({**hall, "id": "all"}), "for": "municipality"}
    assert ignored_doors(told, written.policies(written.document(hall), for_all)) == ()


def test_doors_no_rule_takes_from_the_record_are_not_reported() -> None:
    told = read(record(access_points=["barn/gate"]))
    rule = written.rule(doors="zone:town/hall", allow={"booking": "hall"})
    assert ignored_doors(told, written.policies(written.document(rule))) == ()
