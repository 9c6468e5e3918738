"""People and what registers tell of them: what people.yaml says.

Rules kept here (interfaces.md 6):
- the value of a fact is a name its register knows; any other is a dangling id;
- a date as `until` means through that day, a local date-time is not included; both are read in the
  tenant's time zone (a birthday is read in the zone of the document that asks for an age);
- a register may be relied upon up to its `fresh_until`, and always where the file says nothing;
- people in such a file are invented.

Pure: the text comes in.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from policies.documents.place_file import read_boolean
from policies.documents.source_tree import Faults, Near, Node, read_tree
from policies.documents.stated import parse_date, parse_end, parse_moment, parse_start
from policies.model import Fact, FactKind, FactValue, Subject, Terms, parse_fact_value
from policies.places import MUNICIPALITY, Place, Places
from policies.vocabulary import Instant, PersonId, is_slug

_REGISTER_OF = {FactKind.MEMBER: "members", FactKind.ROLE: "roles", FactKind.LIST: "lists"}


def parse_people(text: str, file: str, places: Places) -> Mapping[PersonId, Subject]:
    """Read people.yaml against the names `places` knows; raises PolicyError with every fault."""
    faults = Faults()
    people: dict[PersonId, Subject] = {}
    with faults.noted():
        fields = read_tree(text, file).fields("people", ("people",), ("registers",))
        fresh: Mapping[FactKind, Instant] = MappingProxyType({})
        if "registers" in fields:
            fresh = _read_registers(fields["registers"], places, faults)
        for node in fields["people"].items("people"):
            with faults.noted():
                subject = _read_person(node, places, fresh, faults)
                if subject.id in people:
                    raise node.fault(f"expected each person once, got {subject.id!r} twice")
                people[subject.id] = subject
    faults.raise_any()
    return MappingProxyType(people)


def read_person_id(node: Node) -> PersonId:
    """The id of a person, a slug."""
    person = node.text("the id of a person")
    if not is_slug(person):
        raise node.fault(f"expected 1 to 64 of a-z 0-9 . / -, got {person!r}")
    return PersonId(person)


def _read_registers(node: Node, places: Places, faults: Faults) -> Mapping[FactKind, Instant]:
    """Until when the registers of the file may be relied upon, by kind of fact."""
    fresh: dict[FactKind, Instant] = {}
    for kind, written in node.fields("registers by kind of fact", (), tuple(FactKind)).items():
        with faults.noted():
            until = written.fields("a register", ("fresh_until",))["fresh_until"]
            zone = places.tenant.time_zone
            fresh[FactKind(kind)] = until.parsed("a date-time", partial(parse_moment, zone=zone))
    return MappingProxyType(fresh)


def _read_person(
    node: Node, places: Places, fresh: Mapping[FactKind, Instant], faults: Faults
) -> Subject:
    fields = node.fields("a person", ("id",), ("born", "household", "protected", "facts"))
    person = read_person_id(fields["id"])
    born = fields["born"].parsed("a date of birth", parse_date) if "born" in fields else None
    household = None
    if "household" in fields:
        household = fields["household"].text("the id of a household")
        if not is_slug(household):
            raise fields["household"].fault(
                f"expected 1 to 64 of a-z 0-9 . / -, got {household!r}"
            )  # fmt: skip
    facts: list[Fact] = []
    if "facts" in fields and fields["facts"].content != ():
        for written in fields["facts"].items("facts"):
            with faults.noted():
                facts.append(_read_fact(written, places))
    return Subject(
        person,
        born,
        tuple(facts),
        fresh_until=fresh,
        household=household,
        is_protected="protected" in fields and read_boolean(fields["protected"]),
    )


def _read_fact(node: Node, places: Places) -> Fact:
    fields = node.fields("a fact", ("kind", "value", "source"), ("from", "until"))
    kind = FactKind(fields["kind"].one_of("a kind of fact", tuple(FactKind)))
    value = fields["value"].parsed("a value", partial(parse_fact_value, kind))
    require_known(fields["value"], kind, value, places)
    zone = places.tenant.time_zone
    start = end = None
    if "from" in fields:
        start = fields["from"].parsed("a date or date-time", partial(parse_start, zone=zone))
    if "until" in fields:
        end = fields["until"].parsed("a date or date-time", partial(parse_end, zone=zone))
    if start is not None and end is not None and start >= end:
        raise fields["until"].fault("expected until after from, got a fact of no length")
    return Fact(kind, value, start, end, fields["source"].text("the source of the fact"))


def require_known(node: Node, kind: FactKind, value: FactValue, places: Places) -> None:
    """Raise Unreadable where no register of `places` knows the name in `value`."""
    registers = places.registers
    if isinstance(value, Terms):
        if not registers.knows_terms(value.name):
            near = Near(str(value), registers.names["terms"])
            raise node.fault(f"expected terms the registers know, got {str(value)!r}", near)
    elif isinstance(value, Place):
        if value != MUNICIPALITY and not registers.knows("residences", str(value)):
            near = Near(str(value), registers.names["residences"])
            raise node.fault(f"expected a residence the registers know, got {str(value)!r}", near)
    elif isinstance(value, str) and not registers.knows(_REGISTER_OF[kind], value):
        near = Near(value, registers.names[_REGISTER_OF[kind]])
        raise node.fault(f"expected a known {kind}, got {value!r}", near)
