"""The rules of all documents, set out by access point: what may speak for each door.

Rules kept here (policies.md, "One record at a time"):
- a rule speaks for every access point beneath its places, in document order;
- a rule whose doors are a record's speaks for the doors its records name that lie beneath the
  document's place; a door outside it is ignored (`policies.documents.record_file` reports it).
  Where records of that kind could not be read, it may speak for every access point beneath that
  place;
- the rules of one access point together stay cheap to decide by, whatever records come.

What records make of a rule is `policies.reading`. Pure.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from policies.calendars import HolidayTable
from policies.errors import Fault, PolicyError
from policies.model import Document, During, DuringAll, DuringAny, PolicySet, Rule, When
from policies.places import Place, Places
from policies.records import RecordName, Records
from policies.vocabulary import AccessPointNumber

MAX_HOURS_AT_A_POINT = 500
"""A rule counts for the hours it has on a day, at least one."""


def assemble(
    places: Places, documents: Sequence[Document], holidays: HolidayTable, records: Records
) -> PolicySet:
    """The policy set of these documents; raises PolicyError where a point has too many rules."""
    _require_few_hours(places, documents)
    rules_at: dict[AccessPointNumber, list[Rule]] = {p.number: [] for p in places.access_points}
    for document in documents:
        for rule in document.rules:
            for point in points_of(rule, document.place, places, records):
                rules_at[point].append(rule)
    return PolicySet(
        places,
        tuple(documents),
        holidays,
        MappingProxyType({point: tuple(rules) for point, rules in rules_at.items()}),
        records,
    )


def with_records(policies: PolicySet, records: Records) -> PolicySet:
    """The same documents read against other records.

    Only access points that a rule of record doors gains or loses are set out anew.
    """
    # by identity: two documents may hold equal rules
    rank: dict[int, int] = {}
    gained: dict[AccessPointNumber, list[Rule]] = {}
    changed: set[AccessPointNumber] = set()
    for document in policies.documents:
        for rule in document.rules:
            rank[id(rule)] = len(rank)
            if isinstance(rule.doors, RecordName):
                before = points_of(rule, document.place, policies.places, policies.records)
                after = points_of(rule, document.place, policies.places, records)
                changed |= before ^ after
                for point in after:
                    gained.setdefault(point, []).append(rule)
    rules_at = dict(policies.rules_at)
    for point in changed:
        kept = [rule for rule in rules_at[point] if not isinstance(rule.doors, RecordName)]
        rules_at[point] = tuple(sorted([*kept, *gained.get(point, ())], key=lambda r: rank[id(r)]))
    return replace(policies, rules_at=MappingProxyType(rules_at), records=records)


def points_of(
    rule: Rule, place: Place, places: Places, records: Records
) -> frozenset[AccessPointNumber]:
    """The access points that `rule`, of the document for `place`, may speak for."""
    if not isinstance(rule.doors, RecordName):
        return rule.points
    if rule.doors.kind in records.unread:
        return frozenset(point.number for point in places.beneath[str(place)])
    named = {point for record in records.by_name.get(rule.doors, ()) for point in record.points}
    return frozenset(
        number
        for number in named
        if number in places.by_number
        and place.covers(Place("door", places.by_number[number].id))
    )  # fmt: skip


def _require_few_hours(places: Places, documents: Sequence[Document]) -> None:
    """Records add no rule beyond what is counted here: each counts wherever it may speak."""
    most_hours: dict[During, int] = {}
    hours: dict[AccessPointNumber, int] = dict.fromkeys(places.by_number, 0)
    for document in documents:
        beneath = frozenset(point.number for point in places.beneath[str(document.place)])
        for rule in document.rules:
            cost = _hours_a_day(rule.when, most_hours)
            for point in beneath if isinstance(rule.doors, RecordName) else rule.points:
                hours[point] += cost
                if hours[point] > MAX_HOURS_AT_A_POINT:
                    raise PolicyError(
                        [
                            Fault(
                                document.file, rule.line, "policies",
                                f"expected rules with at most {MAX_HOURS_AT_A_POINT} hours a day"
                                f" for {places.by_number[point].id}, got {hours[point]}",
                            )
                        ]
                    )  # fmt: skip


def _hours_a_day(when: When, most_hours: dict[During, int]) -> int:
    """The most windows that `when` may have on one day, at least one; `most_hours` is kept."""
    if isinstance(when, (DuringAll, DuringAny)):
        return sum(_hours_a_day(part, most_hours) for part in when.parts)
    if isinstance(when, During):
        if when not in most_hours:
            most_hours[when] = max(1, when.calendar.most_hours(when.opening))
        return most_hours[when]
    return 1
