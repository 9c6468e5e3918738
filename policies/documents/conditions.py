"""The people and the times of a rule, read: `allow`, `deny`, `except`, `after` and `during`.

Rules kept here (policies.md, "The document", "One record at a time"):
- the list of conditions is closed, each names something a register knows, and there is no `not`;
- one kind of record in a rule, by one name: the rule is read once for each such record;
- a rule names at most so many conditions and openings that a decision stays cheap.

What conditions mean is `policies.conditions`. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from policies.documents.keys import (
    AROUND_A_RECORD,
    BESIDE,
    BOOKING_ROLES,
    CONDITIONS,
    GROUPS,
    RECORD_KEYS,
    RECORD_REGISTERS,
)
from policies.documents.people_file import require_known
from policies.documents.source_tree import Near, Node
from policies.documents.stated import parse_age, parse_around_seconds, parse_years
from policies.model import (
    Accepted,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    Condition,
    During,
    DuringAll,
    DuringAny,
    DuringRecord,
    FactKind,
    Listed,
    Recorded,
    Resident,
    When,
    parse_fact_value,
    parse_terms,
)
from policies.places import Place, Places
from policies.records import RecordKind, RecordName

MAX_CONDITIONS = 100
MAX_OPENINGS_OF_A_RULE = 20


class OneRecord:
    """The records one rule mentions; a second kind or name is refused where it is written."""

    def __init__(self) -> None:
        self._first: RecordName | None = None

    @property
    def is_mentioned(self) -> bool:
        """Whether the rule has mentioned a record so far."""
        return self._first is not None

    def mention(self, node: Node, name: RecordName) -> RecordName:
        """The name, if the rule has mentioned no other; raises Unreadable otherwise."""
        if self._first is None:
            self._first = name
        if name != self._first:
            raise node.fault(
                "expected one kind of record in a rule, got"
                f" {self._first.kind} {self._first.name} and {name.kind} {name.name}"
            )
        return name


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule of one document is read against."""

    place: Place
    zone: ZoneInfo
    places: Places
    openings: Mapping[str, During]
    """Every opening by its name in `during`."""
    has_all_calendars: bool
    """Whether every calendar was read; a rule of a faulty one would only repeat its faults."""
    record: OneRecord = field(default_factory=OneRecord)
    """The record this rule is read for; each rule has its own."""


def read_who(node: Node, context: RuleContext) -> Condition:
    """`anyone` or a condition, as `allow` and `deny` have it."""
    if node.content == "anyone":
        return Anyone()
    if node.content == "everyone":
        raise node.fault("expected anyone or a condition, got 'everyone' (nearest: anyone)")
    return read_condition(node, context)


def read_condition(node: Node, context: RuleContext) -> Condition:
    """A condition, `{all: […]}` or `{any: […]}`, of at most `MAX_CONDITIONS`."""
    return _few(node, _read_condition(node, context), MAX_CONDITIONS, "conditions")


def read_during(node: Node, context: RuleContext) -> When:
    """The times of a rule, of at most `MAX_OPENINGS_OF_A_RULE` openings and records."""
    return _few(node, _read_when(node, context), MAX_OPENINGS_OF_A_RULE, "openings")


def read_record_name(node: Node, kind: RecordKind, name: str, context: RuleContext) -> RecordName:
    """The record called `name` here, which its register must know by that very name."""
    known = context.places.registers.names[RECORD_REGISTERS[kind]]
    if name not in known:
        what = RECORD_REGISTERS[kind].removesuffix("s")
        raise node.fault(f"expected a known {what}, got {name!r}", Near(name, known))
    return context.record.mention(node, RecordName(kind, name))


Tree = TypeVar("Tree", Condition, When)


def _few(node: Node, tree: Tree, most: int, of_what: str) -> Tree:
    count = _leaves(tree)
    if count > most:
        raise node.fault(f"expected at most {most} {of_what} in a rule, got {count}")
    return tree


def _leaves(tree: Condition | When) -> int:
    if isinstance(tree, (AllOf, AnyOf, DuringAll, DuringAny)):
        return sum(_leaves(part) for part in tree.parts)
    return 1


def _refuse_list(node: Node) -> None:
    if isinstance(node.content, tuple):
        raise node.fault("expected {all: [...]} or {any: [...]}, got a bare list")


def _read_condition(node: Node, context: RuleContext) -> Condition:
    _refuse_list(node)
    fields = node.fields("a condition such as {age: 15+}", (), (*CONDITIONS, *BESIDE))
    kinds = [key for key in fields if key in CONDITIONS]
    if len(kinds) != 1:
        raise node.fault(f"expected one condition, got {len(kinds)}: write all or any")
    key, value = kinds[0], fields[kinds[0]]
    for extra, beside in BESIDE.items():
        if extra in fields and beside != key:
            raise fields[extra].fault(f"expected {extra} beside {beside}, got it beside {key}")
    if key in GROUPS:
        parts = tuple(_read_condition(part, context) for part in value.items("conditions"))
        return AllOf(parts) if key == "all" else AnyOf(parts)
    if key in RECORD_KEYS:
        name = value.text("the name of a record")
        record = read_record_name(value, RecordKind(key), name, context)
        return Recorded(record, _read_roles(fields["as"]) if "as" in fields else ())
    if key == "age":
        return value.parsed("an age such as 15+", parse_age)
    if key == "terms":
        return _read_terms(value, fields.get("guardian"), context.places)
    kind = FactKind(key)
    fact = value.parsed("a name", partial(parse_fact_value, kind))
    require_known(value, kind, fact, context.places)
    return Resident(fact) if isinstance(fact, Place) else Listed(kind, str(fact))


def _read_terms(value: Node, guardian: Node | None, places: Places) -> Accepted:
    terms = value.parsed("terms such as meråpent-3", parse_terms)
    require_known(value, FactKind.TERMS, terms, places)
    if not places.registers.knows_terms(terms.name, terms.version):
        raise value.fault(f"expected a version the registers know or an earlier, got {terms}")
    under = None if guardian is None else guardian.parsed("an age", parse_years)
    return Accepted(terms, under)


def _read_roles(node: Node) -> tuple[str, ...]:
    roles: list[str] = []
    for written in node.items("parts in a booking"):
        role = written.one_of("holder, deputy or invited", BOOKING_ROLES)
        if role in roles:
            raise written.fault(f"expected each part once, got {role} twice")
        roles.append(role)
    return tuple(roles)


def _read_when(node: Node, context: RuleContext) -> When:
    if isinstance(node.content, Mapping):
        return _read_when_mapping(node, context)
    _refuse_list(node)
    name = node.text("always or an opening of a calendar")
    if name in context.openings:
        return context.openings[name]
    if name == "always" or not context.has_all_calendars:
        return Always()
    known = (*context.openings, "always")
    raise node.fault(
        f"expected always or an opening of a calendar, got {name!r}", Near(name, known)
    )


def _read_when_mapping(node: Node, context: RuleContext) -> When:
    kinds = (*RECORD_KEYS, *GROUPS)
    fields = node.fields("when", (), (*kinds, *AROUND_A_RECORD))
    given = [key for key in fields if key in kinds]
    if len(given) != 1:
        raise node.fault(f"expected exactly one of {', '.join(kinds)}, got {len(given)}")
    key, value = given[0], fields[given[0]]
    if key in GROUPS:
        for extra in AROUND_A_RECORD:
            if extra in fields:
                raise fields[extra].fault(f"expected {extra} beside a record, got it beside {key}")
        parts = tuple(_read_when(part, context) for part in value.items("openings"))
        return DuringAll(parts) if key == "all" else DuringAny(parts)
    name = value.text("the name of a record")
    early, late = (
        fields[extra].parsed("a time such as 15m", parse_around_seconds) if extra in fields else 0
        for extra in AROUND_A_RECORD
    )
    return DuringRecord(read_record_name(value, RecordKind(key), name, context), early, late)
