"""Policy documents: YAML text to a PolicySet, or every fault with file, line and key path.

Rules kept here (policies.md, "The document"):
- one document per place; it names that place and what lies beneath it, nothing else;
- refused: an unknown key, a key written twice, a dangling name, an empty list, a window of no
  length;
- a key of the language that this version does not enforce is refused by name, never ignored;
- exactly one of `allow` and `deny`; `during` is required for `allow`.

Calendars are read by `policies.document_calendars`; small texts by `policies.stated`. Pure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from policies.calendars import Calendar, HolidayTable
from policies.document_calendars import CalendarContext, read_calendars, read_day_lists
from policies.grant import MAX_LIFE_SECONDS
from policies.model import (
    Accepted,
    AllOf,
    Always,
    AnyOf,
    Anyone,
    Condition,
    Document,
    During,
    DuringAll,
    DuringAny,
    Effect,
    FactKind,
    Listed,
    NamedDayList,
    PolicySet,
    Resident,
    Rule,
    When,
    parse_fact_value,
    parse_terms,
)
from policies.people import require_known
from policies.places import Place, Places, read_time_zone
from policies.source_tree import Faults, Node, nearest, read_tree
from policies.stated import parse_age, parse_end, parse_life_seconds, parse_start, parse_years
from policies.vocabulary import ACTION_NAMES, AccessPointNumber, Action, RuleId
from policies.wording import DENY_REASONS

_CONDITIONS = ("age", "member", "role", "list", "resident", "terms", "all", "any")
_RECORD_KEYS = ("booking", "assigned")
_OF_EFFECT = {Effect.ALLOW: ("during", "with"), Effect.DENY: ("during", "except", "reason")}


@dataclass(frozen=True, slots=True)
class _Context:
    """What the rules of one document are read against."""

    place: Place
    zone: ZoneInfo
    calendars: Mapping[str, Calendar]
    places: Places

    @property
    def openings(self) -> tuple[str, ...]:
        """Every opening as `during` names it."""
        return tuple(
            f"{name}.{opening}"
            for name, calendar in self.calendars.items()
            for opening in calendar.openings()
        )


def load_policies(files: Mapping[str, str], places: Places, holidays: HolidayTable) -> PolicySet:
    """Read documents (name to text, in the order they count) against `places` and `holidays`.

    Raises PolicyError with every fault found in any of them.
    """
    faults = Faults()
    documents: list[Document] = []
    for file, text in files.items():
        with faults.noted():
            root = read_tree(text, file)
            document = _read_document(root, places, holidays, faults)
            for other in documents:
                if other.place == document.place:
                    raise root.fault(
                        f"expected one document for {document.place}, got {other.file} as well"
                    )
            documents.append(document)
    faults.raise_any()
    rules_at: dict[AccessPointNumber, list[Rule]] = {p.number: [] for p in places.access_points}
    for document in documents:
        for rule in document.rules:
            for point in rule.points:
                rules_at[point].append(rule)
    return PolicySet(
        places,
        tuple(documents),
        holidays,
        MappingProxyType({point: tuple(rules) for point, rules in rules_at.items()}),
    )


def _read_document(root: Node, places: Places, holidays: HolidayTable, faults: Faults) -> Document:
    fields = root.fields("a document", ("for", "time_zone", "policies"), ("days", "calendars"))
    place = _read_place(fields["for"], places.beneath)
    zone = read_time_zone(fields["time_zone"])
    before = len(faults.found)
    days = read_day_lists(fields["days"], faults) if "days" in fields else {}
    calendars: Mapping[str, Calendar] = {}
    if "calendars" in fields and len(faults.found) == before:
        calendars = read_calendars(
            fields["calendars"], CalendarContext(zone, holidays, days), faults
        )
    if len(faults.found) > before:
        # rules that name a faulty calendar would only repeat its faults
        return Document(root.where.file, place, ())
    context = _Context(place, zone, calendars, places)
    rules: dict[RuleId, Rule] = {}
    for node in fields["policies"].items("rules"):
        with faults.noted():
            rule = _read_rule(node, context)
            if rule.id in rules:
                raise node.fault(f"expected each id once, got {rule.id!r} twice")
            rules[rule.id] = rule
    lists = fields["days"].mapping("day lists by name") if "days" in fields else {}
    named = (NamedDayList(name, lists[name].where.line, days[name]) for name in days)
    return Document(root.where.file, place, tuple(rules.values()), tuple(named))


def _read_place(node: Node, known: Collection[str]) -> Place:
    text = node.text("a place such as building:torshov")
    kind, _, path = text.partition(":")
    if text not in known:
        same_path = [place for place in known if path and place.partition(":")[2] == path]
        close = f" (nearest: {same_path[0]})" if same_path else nearest(text, known)
        raise node.fault(f"expected a known place, got {text!r}{close}")
    return Place(kind, path)


def _read_rule(node: Node, context: _Context) -> Rule:
    given = node.mapping("a rule")
    effects = [effect for effect in Effect if effect.value in given]
    if "unlock" in given:
        raise given["unlock"].fault("unlock is not enforced by this version")
    if len(effects) != 1:
        raise node.fault(f"expected exactly one of allow and deny, got {len(effects)}")
    effect = effects[0]
    fields = node.fields(
        "a rule",
        ("id", "doors", effect.value, *(("during",) if effect is Effect.ALLOW else ())),
        ("from", "until", *_OF_EFFECT[effect]),
        ("limits", "active"),
    )
    identity = fields["id"].text("an id")
    if not _is_rule_id(identity):
        raise fields["id"].fault(f"expected an id of a-z 0-9 -, got {identity!r}")
    points = _read_doors(fields["doors"], context)
    who = _read_who(fields[effect.value], context)
    when = _read_when(fields["during"], context) if "during" in fields else Always()
    start = end = None
    if "from" in fields:
        start = fields["from"].parsed("a date", partial(parse_start, zone=context.zone))
    if "until" in fields:
        end = fields["until"].parsed("a date", partial(parse_end, zone=context.zone))
    if start is not None and end is not None and start >= end:
        raise fields["until"].fault("expected until after from, got a rule of no length")
    reason = None
    if "reason" in fields:
        reason = fields["reason"].one_of("a known message id", DENY_REASONS)
    lifts = _read_condition(fields["except"], context) if "except" in fields else None
    actions, life = _read_with(fields["with"]) if "with" in fields else _WITHOUT_WITH
    return Rule(
        RuleId(identity), context.zone, points, effect, who, when, start, end,
        lifts, reason, actions, life,
    )  # fmt: skip


def _is_rule_id(text: str) -> bool:
    return len(text) <= 64 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)


def _read_doors(node: Node, context: _Context) -> frozenset[AccessPointNumber]:
    if isinstance(node.content, Mapping):
        _refuse_record_keys(node)
        raise node.fault("expected a place or a list of places, got a mapping")
    listed = node.items("places") if isinstance(node.content, tuple) else (node,)
    points: set[AccessPointNumber] = set()
    for written in listed:
        place = _read_place(written, context.places.beneath)
        if not context.place.covers(place):
            raise written.fault(f"expected {context.place} or what lies beneath it, got {place}")
        points |= {point.number for point in context.places.beneath[str(place)]}
    return frozenset(points)


def _read_who(node: Node, context: _Context) -> Condition:
    return Anyone() if node.content == "anyone" else _read_condition(node, context)


def _read_condition(node: Node, context: _Context) -> Condition:
    _refuse_record_keys(node)
    fields = node.fields("a condition such as {age: 15+}", (), (*_CONDITIONS, "guardian"))
    kinds = [key for key in fields if key in _CONDITIONS]
    if len(kinds) != 1:
        raise node.fault(f"expected one condition, got {len(kinds)}: write all or any")
    if "guardian" in fields and kinds != ["terms"]:
        raise fields["guardian"].fault(f"expected guardian beside terms, got it beside {kinds[0]}")
    key, value = kinds[0], fields[kinds[0]]
    if key in ("all", "any"):
        parts = tuple(_read_condition(part, context) for part in value.items("conditions"))
        return AllOf(parts) if key == "all" else AnyOf(parts)
    if key == "age":
        return value.parsed("an age such as 15+", parse_age)
    if key == "terms":
        terms = value.parsed("terms such as meråpent-3", parse_terms)
        require_known(value, FactKind.TERMS, terms, context.places)
        guardian = (
            fields["guardian"].parsed("an age", parse_years) if "guardian" in fields else None
        )
        return Accepted(terms, guardian)
    kind = FactKind(key)
    fact = value.parsed("a name", partial(parse_fact_value, kind))
    require_known(value, kind, fact, context.places)
    return Resident(fact) if isinstance(fact, Place) else Listed(kind, str(fact))


def _read_when(node: Node, context: _Context) -> When:
    if isinstance(node.content, Mapping):
        _refuse_record_keys(node)
        fields = node.fields("when", (), ("all", "any"))
        if len(fields) != 1:
            raise node.fault("expected one of all and any, got both")
        ((key, listed),) = fields.items()
        parts = tuple(_read_when(part, context) for part in listed.items("openings"))
        return DuringAll(parts) if key == "all" else DuringAny(parts)
    name = node.one_of("always or an opening of a calendar", (*context.openings, "always"))
    if name == "always":
        return Always()
    calendar, _, opening = name.partition(".")
    return During(context.calendars[calendar], opening, name)


_WITHOUT_WITH = frozenset({Action.OPEN}), MAX_LIFE_SECONDS


def _read_with(node: Node) -> tuple[frozenset[Action], int]:
    fields = node.fields(
        "what is said of the credential",
        (),
        ("life", "actions"),
        ("share", "brings", "two-people", "after"),
    )
    actions, life = _WITHOUT_WITH
    if "life" in fields:
        life = fields["life"].parsed("a life such as 8h", parse_life_seconds)
    if "actions" in fields:
        listed = fields["actions"].items("actions")
        actions = frozenset(
            ACTION_NAMES[action.one_of("an action", ACTION_NAMES)] for action in listed
        )
        if len(actions) < len(listed):
            raise fields["actions"].fault("expected each action once, got one twice")
    return actions, life


def _refuse_record_keys(node: Node) -> None:
    """Bookings and assignments come with records; until then they are refused by name."""
    if isinstance(node.content, Mapping):
        for key in _RECORD_KEYS:
            if key in node.content:
                raise node.content[key].fault(f"{key} is not enforced by this version")
