"""Which rules may speak for an access point: by places, and by the doors of records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.model import PolicySet
from policies.policy_set import with_records
from policies.records import UNREAD, Records
from policies.vocabulary import AccessPointNumber, RuleId
from tests.policies import drawn, written
from tests.policies.written import GATE, NORTH, SIDE, SOUTH, VAULT, Doc

OF_RECORD = written.rule(id="hall", doors={"booking": "hall.door"}, allow={"booking": "hall"})
STAFF = written.rule(id="staff", allow={"role": "staff"})
LAST = written.rule(id="last", doors="door:town/side", deny="anyone")
DOCUMENT = written.document(STAFF, OF_RECORD, LAST)


def booked(*points: str, name: str = "hall") -> Records:
    record = {"id": "b", "kind": "booking", "name": name, "access_points": [*points],
              "people": [], "start": "2026-10-14T18:00", "end": "2026-10-14T20:00"}  # fmt: skip
    return written.records({"records": [record] if points else [], "unread": []})


def ids(policies: PolicySet, point: AccessPointNumber) -> list[RuleId]:
    return [rule.id for rule in policies.rules_at[point]]


def test_doors_of_records_that_were_read_are_the_records_own() -> None:
    policies = with_records(written.policies(DOCUMENT), booked("town/side", "barn/gate"))
    assert ids(policies, SIDE) == ["staff", "hall", "last"]
    assert ids(policies, NORTH) == ["staff"]


def test_a_door_of_a_record_outside_the_documents_place_is_ignored() -> None:
    policies = with_records(written.policies(DOCUMENT), booked("barn/gate"))
    assert ids(policies, GATE) == []


def test_records_that_were_not_read_may_be_of_any_door_beneath_the_documents_place() -> None:
    policies = written.policies(DOCUMENT)
    assert policies.records is UNREAD
    assert [ids(policies, point) for point in (NORTH, SOUTH, SIDE, VAULT, GATE)] == [
        ["staff", "hall"], ["staff", "hall"], ["staff", "hall", "last"], ["staff", "hall"], [],
    ]  # fmt: skip


def test_a_register_that_was_read_and_is_empty_gives_no_doors() -> None:
    policies = with_records(written.policies(DOCUMENT), booked())
    assert ids(policies, SIDE) == ["staff", "last"]


def test_records_of_another_name_give_no_doors() -> None:
    policies = with_records(written.policies(DOCUMENT), booked("town/side", name="gym"))
    assert ids(policies, SIDE) == ["staff", "last"]


@drawn.often(40)
@given(
    st.lists(drawn.books(), min_size=1, max_size=3),
    drawn.documents("building:town", (None, *drawn.RECORDS)),
    drawn.documents("municipality", (None, *drawn.RECORDS)),
)
def test_other_records_come_to_what_reading_everything_anew_comes_to(
    books: list[Doc], own: Doc, everywhere: Doc
) -> None:
    policies = written.policies(own, everywhere)
    for book in books:
        policies = with_records(policies, written.records(book))
        anew = written.policies(own, everywhere, book=book)
        assert policies.rules_at == anew.rules_at
        assert policies.records.all == anew.records.all


def test_a_rule_of_record_doors_counts_at_every_door_it_may_speak_for() -> None:
    many = [{**OF_RECORD, "id": f"r{n}"} for n in range(501)]
    with pytest.raises(PolicyError, match="at most 500 hours a day for town/hall/north, got 501"):
        written.policies(written.document(*many), book={"records": [], "unread": []})
