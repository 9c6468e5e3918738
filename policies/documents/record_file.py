"""Bookings, assignments and switches: what records.yaml says.

Rules kept here (interfaces.md 6; policies.md, "One record at a time"):
- a record has a name its register knows, one or more known access points, an end after its start;
- a file that was read is the whole register: an empty list matches nobody;
- a switch that is not written was not read, which counts as on;
- a door outside the place of every rule that takes its doors from the record is ignored, and told.

Times are local in the tenant's zone, or UTC with `Z`. Pure: the text comes in.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from policies.documents.keys import BOOKING_ROLES, RECORD_REGISTERS
from policies.documents.people_file import read_person_id
from policies.documents.source_tree import Faults, Near, Node, read_tree
from policies.documents.stated import parse_moment
from policies.errors import Fault
from policies.model import PolicySet
from policies.places import Place, Places, is_name
from policies.records import Participant, Record, RecordKind, RecordName, Records, records_of
from policies.vocabulary import AccessPointId, AccessPointNumber, PersonId, is_slug


@dataclass(frozen=True, slots=True)
class RecordFile:
    """What one records.yaml says; `lines`, from 1, are where its records are written, by id."""

    file: str
    records: Records
    switches: Mapping[str, bool]
    """The state of every switch that was read: whether it is on."""
    lines: Mapping[str, int]


def parse_records(
    text: str, file: str, places: Places, people: Collection[PersonId] | None = None
) -> RecordFile:
    """Read records.yaml; raises PolicyError with every fault found.

    Without `people` any person may have a part in a record.
    """
    faults = Faults()
    records: dict[str, Record] = {}
    lines: dict[str, int] = {}
    switches: dict[str, bool] = {}
    with faults.noted():
        fields = read_tree(text, file).fields("records", ("records",), ("switches",))
        if fields["records"].content != ():
            for node in fields["records"].items("records"):
                with faults.noted():
                    record = _read_record(node, places, people)
                    if record.id in records:
                        raise node.fault(f"expected each record once, got {record.id!r} twice")
                    records[record.id], lines[record.id] = record, node.where.line
        if "switches" in fields and fields["switches"].content != {}:
            switches = _read_switches(fields["switches"], places, faults)
    faults.raise_any()
    return RecordFile(
        file,
        records_of(records.values()),
        MappingProxyType(switches),
        MappingProxyType(lines),
    )


def ignored_doors(read: RecordFile, policies: PolicySet) -> tuple[Fault, ...]:
    """One report for each door of a record that no rule of its record doors may speak for."""
    asked: dict[RecordName, list[Place]] = {}
    for document in policies.documents:
        for rule in document.rules:
            if isinstance(rule.doors, RecordName):
                asked.setdefault(rule.doors, []).append(document.place)
    places = policies.places
    reports: list[Fault] = []
    for record in read.records.all:
        within = dict.fromkeys(asked.get(record.of, ()))
        spoken_for = {point.number for place in within for point in places.beneath[str(place)]}
        reports += [
            Fault(
                read.file, read.lines[record.id], f"records.{record.id}",
                f"expected doors beneath {', '.join(map(str, within))},"
                f" got {places.by_number[point].id}: it is ignored",
            )
            for point in record.points
            if within and point not in spoken_for
        ]  # fmt: skip
    return tuple(reports)


def _read_record(node: Node, places: Places, people: Collection[PersonId] | None) -> Record:
    fields = node.fields(
        "a record", ("id", "kind", "name", "access_points", "people", "start", "end")
    )
    identity = fields["id"].text("the id of a record")
    if not is_slug(identity):
        raise fields["id"].fault(f"expected 1 to 64 of a-z 0-9 . / -, got {identity!r}")
    kind = RecordKind(fields["kind"].one_of("booking or assigned", tuple(RecordKind)))
    known = places.registers.names[RECORD_REGISTERS[kind]]
    name = fields["name"].one_of("a name the register knows", known)
    parse = partial(parse_moment, zone=places.tenant.time_zone)
    start = fields["start"].parsed("a date-time", parse)
    end = fields["end"].parsed("a date-time", parse)
    if start >= end:
        raise fields["end"].fault("expected end after start, got a record of no length")
    return Record(
        identity,
        RecordName(kind, name),
        _read_points(fields["access_points"], places),
        _read_people(fields["people"], kind, people),
        start,
        end,
    )


def _read_points(node: Node, places: Places) -> tuple[AccessPointNumber, ...]:
    points: set[AccessPointNumber] = set()
    for written in node.items("access points"):
        name = AccessPointId(written.text("the id of an access point"))
        if name not in places.by_id:
            near = Near(name, places.by_id)
            raise written.fault(f"expected a known access point, got {name!r}", near)
        if places.by_id[name].number in points:
            raise written.fault(f"expected each access point once, got {name} twice")
        points.add(places.by_id[name].number)
    return tuple(sorted(points))


def _read_people(
    node: Node, kind: RecordKind, people: Collection[PersonId] | None
) -> tuple[Participant, ...]:
    if node.content == ():
        return ()
    participants: dict[Participant, None] = {}
    for written in node.items("people"):
        fields = written.fields("a person of a record", ("person", "as"))
        person = read_person_id(fields["person"])
        if people is not None and person not in people:
            near = Near(person, people)
            raise fields["person"].fault(f"expected a known person, got {person!r}", near)
        participant = Participant(person, _read_role(fields["as"], kind))
        if participant in participants:
            raise written.fault(
                f"expected each part once, got {person} as {participant.role} twice"
            )
        participants[participant] = None
    return tuple(participants)


def _read_role(node: Node, kind: RecordKind) -> str:
    """A part that rules may ask for; those of an assignment are its system's own."""
    if kind is RecordKind.BOOKING:
        return node.one_of("holder, deputy or invited", BOOKING_ROLES)
    role = node.text("a part in the assignment")
    if not is_name(role):
        raise node.fault(f"expected a name such as assignee, got {role!r}")
    return role


def _read_switches(node: Node, places: Places, faults: Faults) -> dict[str, bool]:
    known = places.registers.names["switches"]
    switches: dict[str, bool] = {}
    for name, written in node.mapping("switches by name").items():
        with faults.noted():
            if name not in known:
                raise written.fault(f"expected a known switch, got {name!r}", Near(name, known))
            switches[name] = written.one_of("on or off", ("on", "off")) == "on"
    return switches
