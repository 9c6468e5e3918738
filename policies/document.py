"""Policy documents: YAML text to a PolicySet, or every fault with file, line and key path.

Rules kept here (policies.md, "The document"):
- one document per place; it names that place and what lies beneath it, nothing else;
- refused: an unknown key, a key written twice, a dangling name, an empty list, a window of no
  length;
- a key of the language that this version does not enforce is refused by name, never ignored;
- exactly one of `allow` and `deny`; `during` is required for `allow`.

Calendars are read by `policies.document_calendars`; small texts by `policies.stated`. Pure.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from policies.calendars import Calendar, HolidayTable
from policies.document_calendars import CalendarContext, read_calendars, read_day_lists
from policies.errors import Fault, PolicyError
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
from policies.source_tree import Faults, Near, Node, read_tree
from policies.stated import parse_age, parse_end, parse_life_seconds, parse_start, parse_years
from policies.vocabulary import ACTION_NAMES, AccessPointNumber, Action, Instant, RuleId
from policies.wording import DENY_REASONS

MAX_RULES = 2_000
MAX_HOURS_AT_A_POINT = 500
MAX_CONDITIONS = 100
MAX_OPENINGS_OF_A_RULE = 20
"""Bounds keep a decision cheap. A rule counts for the hours it has on a day, at least one."""

Value = TypeVar("Value")

_CONDITIONS = ("age", "member", "role", "list", "resident", "terms", "all", "any")
_RECORD_KEYS = ("booking", "assigned")
_OF_EFFECT = {Effect.ALLOW: ("during", "with"), Effect.DENY: ("during", "except", "reason")}


@dataclass(frozen=True, slots=True)
class _Context:
    """What the rules of one document are read against."""

    place: Place
    zone: ZoneInfo
    places: Places
    openings: Mapping[str, During]
    """Every opening by its name in `during`."""
    has_all_calendars: bool
    """Whether every calendar was read; a rule of a faulty one would only repeat its faults."""


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
    return PolicySet(places, tuple(documents), holidays, _rules_at(documents, places))


def _rules_at(
    documents: Sequence[Document], places: Places
) -> Mapping[AccessPointNumber, tuple[Rule, ...]]:
    """The rules that speak for each access point; raises PolicyError where they are too many."""
    rules_at: dict[AccessPointNumber, list[Rule]] = {p.number: [] for p in places.access_points}
    for document in documents:
        for rule in document.rules:
            for point in rule.points:
                rules_at[point].append(rule)
    most_hours: dict[During, int] = {}
    costs = {rule: _hours_a_day(rule.when, most_hours) for d in documents for rule in d.rules}
    for point, rules in rules_at.items():
        cost = sum(costs[rule] for rule in rules)
        if cost > MAX_HOURS_AT_A_POINT:
            last = next(d for d in reversed(documents) if rules[-1] in d.rules)
            raise PolicyError(
                [
                    Fault(
                        last.file, 1, "policies",
                        f"expected rules with at most {MAX_HOURS_AT_A_POINT} hours a day for"
                        f" {places.by_number[point].id}, got {cost}",
                    )
                ]
            )  # fmt: skip
    return MappingProxyType({point: tuple(rules) for point, rules in rules_at.items()})


def _hours_a_day(when: When, most_hours: dict[During, int]) -> int:
    """The most windows that `when` may have on one day, at least one; `most_hours` is kept."""
    if isinstance(when, (DuringAll, DuringAny)):
        return sum(_hours_a_day(part, most_hours) for part in when.parts)
    if isinstance(when, During):
        if when not in most_hours:
            most_hours[when] = max(1, when.calendar.most_hours(when.opening))
        return most_hours[when]
    return 1


def _read_document(root: Node, places: Places, holidays: HolidayTable, faults: Faults) -> Document:
    fields = root.fields("a document", ("for", "time_zone", "policies"), ("days", "calendars"))
    place = _read_place(fields["for"], places.beneath)
    zone = read_time_zone(fields["time_zone"])
    before = len(faults.found)
    days = read_day_lists(fields["days"], faults) if "days" in fields else {}
    calendars: Mapping[str, Calendar] = {}
    has_all_lists = len(faults.found) == before
    if "calendars" in fields and has_all_lists:
        calendars = read_calendars(
            fields["calendars"], CalendarContext(zone, holidays, days), faults
        )
    openings = {
        f"{name}.{opening}": During(calendar, opening, f"{name}.{opening}")
        for name, calendar in calendars.items()
        for opening in calendar.openings()
    }
    context = _Context(place, zone, places, openings, len(faults.found) == before)
    rules: dict[RuleId, Rule] = {}
    listed = fields["policies"].items("rules")
    if len(listed) > MAX_RULES:
        raise fields["policies"].fault(f"expected at most {MAX_RULES} rules, got {len(listed)}")
    for node in listed:
        with faults.noted():
            rule = _read_rule(node, context, faults)
            if rule.id and rule.id in rules:
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
        if same_path:
            raise node.fault(f"expected a known place, got {text!r} (nearest: {same_path[0]})")
        raise node.fault(f"expected a known place, got {text!r}", Near(text, known))
    return Place(kind, path)


def _read_rule(node: Node, context: _Context, faults: Faults) -> Rule:
    """One rule; each key of it that is faulty is noted, and stands in as if left out."""
    given = node.mapping("a rule")
    effects = [effect for effect in Effect if effect.value in given]
    if "unlock" in given:
        raise given["unlock"].fault("unlock is not enforced by this version")
    if len(effects) != 1:
        raise node.fault(f"expected exactly one of allow and deny, got {len(effects)}")
    effect = effects[0]
    required = ("id", "doors", effect.value, *(("during",) if effect is Effect.ALLOW else ()))
    optional = ("from", "until", *_OF_EFFECT[effect])
    for wrong in node.wrong_keys("a rule", required, optional, ("limits", "active")):
        faults.note(wrong)

    def read(key: str, reader: Callable[[Node], Value], otherwise: Value) -> Value:
        if key not in given or key not in (*required, *optional):
            return otherwise
        return faults.tried(partial(reader, given[key]), otherwise)

    start = read("from", partial(_read_bound, parse=parse_start, zone=context.zone), None)
    end = read("until", partial(_read_bound, parse=parse_end, zone=context.zone), None)
    if start is not None and end is not None and start >= end:
        faults.note(given["until"].fault("expected until after from, got a rule of no length"))
    actions, life = read("with", _read_with, _WITHOUT_WITH)
    everybody: Condition = Anyone()
    always: When = Always()
    return Rule(
        read("id", _read_rule_id, RuleId("")),
        context.zone,
        read("doors", partial(_read_doors, context=context), frozenset()),
        effect,
        read(effect.value, partial(_read_who, context=context), everybody),
        read("during", partial(_read_during, context=context), always),
        start,
        end,
        read("except", partial(_read_except, context=context), None),
        read("reason", _read_reason, None),
        actions,
        life,
    )


def _read_bound(
    node: Node, parse: Callable[[str, ZoneInfo], Instant], zone: ZoneInfo
) -> Instant | None:
    return node.parsed("a date", lambda text: parse(text, zone))


def _read_rule_id(node: Node) -> RuleId:
    identity = node.text("an id")
    if not _is_rule_id(identity):
        raise node.fault(f"expected an id of a-z 0-9 -, got {identity!r}")
    return RuleId(identity)


def _read_reason(node: Node) -> str | None:
    return node.one_of("a known message id", DENY_REASONS)


def _is_rule_id(text: str) -> bool:
    return len(text) <= 64 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)


def _read_doors(node: Node, context: _Context) -> frozenset[AccessPointNumber]:
    if isinstance(node.content, Mapping):
        _refuse_record_keys(node)
        raise node.fault("expected a place or a list of places, got a mapping")
    listed = node.items("places") if isinstance(node.content, tuple) else (node,)
    points: set[AccessPointNumber] = set()
    places: set[Place] = set()
    for written in listed:
        place = _read_place(written, context.places.beneath)
        if place in places:
            raise written.fault(f"expected each place once, got {place} twice")
        places.add(place)
        if not context.place.covers(place):
            raise written.fault(f"expected {context.place} or what lies beneath it, got {place}")
        points |= {point.number for point in context.places.beneath[str(place)]}
    return frozenset(points)


def _read_who(node: Node, context: _Context) -> Condition:
    if node.content == "anyone":
        return Anyone()
    if node.content == "everyone":
        raise node.fault("expected anyone or a condition, got 'everyone' (nearest: anyone)")
    return _few(node, _read_condition(node, context), MAX_CONDITIONS, "conditions")


def _read_except(node: Node, context: _Context) -> Condition | None:
    return _few(node, _read_condition(node, context), MAX_CONDITIONS, "conditions")


def _read_during(node: Node, context: _Context) -> When:
    return _few(node, _read_when(node, context), MAX_OPENINGS_OF_A_RULE, "openings")


Tree = TypeVar("Tree", Condition, When)


def _few(node: Node, tree: Tree, most: int, of_what: str) -> Tree:
    """The tree, which must name at most `most` things, so that a decision stays cheap."""
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


def _read_condition(node: Node, context: _Context) -> Condition:
    _refuse_record_keys(node)
    _refuse_list(node)
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
        if not context.places.registers.knows_terms(terms.name, terms.version):
            raise value.fault(f"expected a version the registers know or an earlier, got {terms}")
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
