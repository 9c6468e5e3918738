"""Records: bookings and assignments, each one occurrence with its doors, people and times.

Rules kept here (policies.md, "One record at a time"; interfaces.md 6):
- a record names one or more access points, and has a start and an end: `[start, end)`;
- a register of records that was not read is unknown, not empty; one that was read and is empty
  matches nobody;
- recurrences are the booking system's: what comes here are occurrences.

What a rule makes of a record is `policies.reading`; the file they come in,
`policies.documents.record_file`. Pure values.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from policies.vocabulary import AccessPointNumber, Instant, PersonId


class RecordKind(StrEnum):
    """The kinds of record, by the words of rules and of records.yaml."""

    BOOKING = "booking"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class RecordName:
    """What a rule mentions: `{booking: ekeberg-hall}` is every record of that kind and name."""

    kind: RecordKind
    name: str


@dataclass(frozen=True, slots=True)
class Participant:
    """One person of a record and as what: `holder`, `deputy`, `invited`, `assignee`."""

    person: PersonId
    role: str


@dataclass(frozen=True, slots=True)
class Record:
    """One booking or assignment: who, at which access points (ascending), within `[start, end)`."""

    id: str
    of: RecordName
    points: tuple[AccessPointNumber, ...]
    people: tuple[Participant, ...]
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """All records that were read, and the kinds that could not be."""

    all: tuple[Record, ...]
    unread: frozenset[RecordKind]
    by_name: Mapping[RecordName, tuple[Record, ...]]
    """The records of each name, by start."""
    of_person: Mapping[PersonId, tuple[Record, ...]]
    """The records each person has a part in, by start."""
    longest_seconds: int
    """How long the longest of all records lasts."""

    def around(self, ordered: Sequence[Record], start: int, end: int) -> Iterator[Record]:
        """Those of `ordered`, records by start, that have an instant within `[start, end)`.

        The past is leapt over: somebody may have had thousands of assignments.
        """
        first = bisect_right(ordered, start - self.longest_seconds, key=_start)
        for place in range(first, len(ordered)):
            record = ordered[place]
            if record.start >= end:
                return
            if record.end > start:
                yield record


def _start(record: Record) -> Instant:
    return record.start


def records_of(records: Iterable[Record], unread: frozenset[RecordKind] = frozenset()) -> Records:
    """The records with their indexes."""
    ordered = tuple(sorted(records, key=lambda record: (record.start, record.id)))
    by_name: dict[RecordName, list[Record]] = {}
    of_person: dict[PersonId, list[Record]] = {}
    for record in ordered:
        by_name.setdefault(record.of, []).append(record)
        for person in dict.fromkeys(participant.person for participant in record.people):
            of_person.setdefault(person, []).append(record)
    return Records(
        ordered,
        unread,
        MappingProxyType({name: tuple(listed) for name, listed in by_name.items()}),
        MappingProxyType({person: tuple(listed) for person, listed in of_person.items()}),
        max((record.end - record.start for record in ordered), default=0),
    )


UNREAD = records_of((), frozenset(RecordKind))
"""No register of records was read."""
