"""One rule of a document, read: its doors, its effect, its validity and how the right is used.

Rules kept here (policies.md, "The document"):
- exactly one of `allow`, `deny` and `unlock`; `during` is required for `allow` and `unlock`;
- a rule speaks for places beneath the document's own, or for the doors of a record;
- `active` belongs to `deny: anyone` only; `limits` always says what is done offline;
- `sensitive` and `owner` are said of a place, never of a rule;
- every faulty key of a rule is noted, so that a writer mends it in one round.

Conditions and times are read by `policies.documents.conditions`. Pure.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from policies.documents.conditions import (
    OneRecord,
    RuleContext,
    read_condition,
    read_during,
    read_record_name,
    read_who,
)
from policies.documents.keys import (
    ACTIVE,
    DOORS_OF_RECORD,
    LIMITS,
    OF_THE_PLACE,
    RECORD_KEYS,
    RULES,
    UNLOCK,
    WITH,
)
from policies.documents.source_tree import Faults, Near, Node, Unreadable
from policies.documents.stated import (
    RULE_ID_FORM,
    parse_count,
    parse_end,
    parse_life_seconds,
    parse_start,
    parse_two_people_seconds,
    parse_visits,
)
from policies.manner import PLAIN, Brings, CountedBy, Limits, Manner, Offline
from policies.model import DENY_REASONS, Always, Anyone, Condition, Doors, Effect, Rule, When
from policies.places import PLACE_KINDS, Place, Places
from policies.records import RecordKind, RecordName
from policies.vocabulary import ACTION_NAMES, AccessPointNumber, Instant, RuleId

MAX_SHARED = 100
MAX_BROUGHT = 99
MAX_INSIDE = 1_000_000

Value = TypeVar("Value")

# What stands in for a key that is faulty or left out.
_EVERYBODY: Condition = Anyone()
_ALWAYS: When = Always()
_NOWHERE: Doors = ()


def read_rule(node: Node, document: RuleContext, faults: Faults) -> Rule:
    """One rule; each key of it that is faulty is noted, and stands in as if left out."""
    context = replace(document, record=OneRecord())
    given = node.mapping("a rule")
    effects = [effect for effect in Effect if effect.value in given]
    if not effects:
        known = set().union(*(keys.all for keys in RULES.values()))
        strange = next((key for key in given if key not in known), "none")
        expected = "expected exactly one of allow, deny and unlock"
        words = [effect.value for effect in Effect]
        raise node.fault(f"{expected}, got {strange}", Near(strange, words))
    if len(effects) != 1:
        raise node.fault(f"expected exactly one of allow, deny and unlock, got {len(effects)}")
    effect = effects[0]
    keys = RULES[effect]
    _note_wrong_keys(node, effect, faults)

    def read(key: str, reader: Callable[[Node], Value], otherwise: Value) -> Value:
        if key not in given or key not in keys.all:
            return otherwise
        return faults.tried(partial(reader, given[key]), otherwise)

    start = read("from", partial(_read_bound, parse=parse_start, zone=context.zone), None)
    end = read("until", partial(_read_bound, parse=parse_end, zone=context.zone), None)
    if start is not None and end is not None and start >= end:
        faults.note(given["until"].fault("expected until after from, got a rule of no length"))
    doors = read("doors", partial(_read_doors, context=context), _NOWHERE)
    who, after = _EVERYBODY, None
    if effect is Effect.UNLOCK:
        after = read("unlock", partial(_read_unlock, context=context), None)
    else:
        who = read(effect.value, partial(read_who, context=context), who)
    plain: tuple[Manner, Condition | None] = (PLAIN, after)
    manner, after = read("with", partial(_read_with, context=context), plain)
    when = read("during", partial(read_during, context=context), _ALWAYS)
    is_of_record = context.record.is_mentioned
    lifts = read("except", partial(_read_except, context=context), None)
    if context.record.is_mentioned and not is_of_record:
        faults.note(_of_record_in_except_alone(given["except"]))
    return Rule(
        read("id", _read_rule_id, RuleId("")),
        context.zone,
        doors,
        _points(doors, context.places),
        effect,
        who,
        when,
        start,
        end,
        lifts,
        read("reason", _read_reason, None),
        read("active", partial(_read_active, context=context), None),
        read("limits", _read_limits, None),
        manner,
        after,
        line=node.where.line,
    )


def _of_record_in_except_alone(node: Node) -> Unreadable:
    """Such a deny, read for each record, would deny nobody while there is none."""
    return node.fault(
        "expected the booking or assignment in doors, deny or during as well, got it in"
        " except alone"
    )


def _note_wrong_keys(node: Node, effect: Effect, faults: Faults) -> None:
    """What the rule may not have or must have, and what may not stand on its effect."""
    given, keys = node.mapping("a rule"), RULES[effect]
    for key in OF_THE_PLACE:
        if key in given:
            faults.note(given[key].fault(f"expected {key} said of a place, got it on a rule"))
    for wrong in node.wrong_keys("a rule", *keys, told=OF_THE_PLACE):
        faults.note(wrong)
    if "active" in given and "active" in keys.all and given[effect.value].content != "anyone":
        faults.note(given["active"].fault("expected active on deny: anyone, got it on another"))


def _points(doors: Doors, places: Places) -> frozenset[AccessPointNumber]:
    """The access points of places; those of a record come with the record."""
    if isinstance(doors, RecordName):
        return frozenset()
    return frozenset(point.number for place in doors for point in places.beneath[str(place)])


def read_place(node: Node, known: Collection[str]) -> Place:
    """A place among `known`, as written there."""
    text = node.text("a place such as building:torshov")
    kind, _, path = text.partition(":")
    if text not in known:
        for other in PLACE_KINDS:
            if f"{other}:{path}" in known:
                raise node.fault(f"expected a known place, got {text!r} (nearest: {other}:{path})")
        raise node.fault(f"expected a known place, got {text!r}", Near(text, known))
    return Place(kind, path)


def _read_bound(
    node: Node, parse: Callable[[str, ZoneInfo], Instant], zone: ZoneInfo
) -> Instant | None:
    return node.parsed("a date", lambda text: parse(text, zone))


def _read_rule_id(node: Node) -> RuleId:
    identity = node.text("an id")
    if RULE_ID_FORM.fullmatch(identity) is None:
        raise node.fault(f"expected an id of a-z 0-9 -, got {identity!r}")
    return RuleId(identity)


def _read_reason(node: Node) -> str | None:
    return node.one_of(f"a known message id ({', '.join(DENY_REASONS)})", DENY_REASONS)


def _read_except(node: Node, context: RuleContext) -> Condition | None:
    return read_condition(node, context)


def _read_doors(node: Node, context: RuleContext) -> Doors:
    if isinstance(node.content, Mapping):
        return _read_doors_of_record(node, context)
    listed = node.items("places") if isinstance(node.content, tuple) else (node,)
    places: list[Place] = []
    for written in listed:
        place = read_place(written, context.places.beneath)
        if place in places:
            raise written.fault(f"expected each place once, got {place} twice")
        places.append(place)
        if not context.place.covers(place):
            raise written.fault(f"expected {context.place} or what lies beneath it, got {place}")
    return tuple(places)


def _read_doors_of_record(node: Node, context: RuleContext) -> Doors:
    fields = node.fields("the doors of a record", (), RECORD_KEYS)
    if len(fields) != 1:
        raise node.fault(f"expected one of {' and '.join(RECORD_KEYS)}, got {len(fields)}")
    ((key, value),) = fields.items()
    text = value.text("the doors of a record")
    name = text.removesuffix(DOORS_OF_RECORD)
    if name == text:
        raise value.fault(f"expected a record and {DOORS_OF_RECORD}, got {text!r}")
    return read_record_name(value, RecordKind(key), name, context)


def _read_unlock(node: Node, context: RuleContext) -> Condition | None:
    """Whom the door waits for, None for nobody."""
    if isinstance(node.content, Mapping):
        return read_condition(node.fields("an unlock", *UNLOCK)["after"], context)
    if node.content != "anyone":
        raise node.fault(f"expected anyone or {{after: a condition}}, got {node.described()}")
    return None


def _read_active(node: Node, context: RuleContext) -> str | None:
    known = context.places.registers.names["switches"]
    return node.fields("what it is active by", *ACTIVE)["switch"].one_of("a known switch", known)


def _read_limits(node: Node) -> Limits | None:
    fields = node.fields("limits", *LIMITS)
    if "visits" not in fields and "inside" not in fields:
        raise node.fault("expected limits with visits or inside, got neither")
    if "by" in fields and "visits" not in fields:
        raise fields["by"].fault("expected by beside visits, got it alone")
    by = CountedBy.PERSON
    if "by" in fields:
        by = CountedBy(fields["by"].one_of("person or household", tuple(CountedBy)))
    return Limits(
        fields["visits"].parsed("visits", parse_visits) if "visits" in fields else None,
        by,
        _read_count(fields["inside"], MAX_INSIDE) if "inside" in fields else None,
        Offline(fields["offline"].one_of("refuse or count-later", tuple(Offline))),
    )


def _read_count(node: Node, most: int) -> int:
    return node.parsed("a number", partial(parse_count, most=most))


def _read_with(node: Node, context: RuleContext) -> tuple[Manner, Condition | None]:
    fields = node.fields("what is said of the credential", *WITH)
    said = PLAIN
    if "life" in fields:
        life = fields["life"].parsed("a life such as 8h", parse_life_seconds)
        said = replace(said, life_seconds=life)
    if "actions" in fields:
        listed = fields["actions"].items("actions")
        actions = frozenset(
            ACTION_NAMES[action.one_of("an action", ACTION_NAMES)] for action in listed
        )
        if len(actions) < len(listed):
            raise fields["actions"].fault("expected each action once, got one twice")
        said = replace(said, actions=actions)
    if "share" in fields:
        said = replace(said, share=_read_count(fields["share"], MAX_SHARED))
    if "brings" in fields:
        said = replace(said, brings=_read_brings(fields["brings"]))
    if "two-people" in fields:
        within = fields["two-people"].parsed("a time such as 30s", parse_two_people_seconds)
        said = replace(said, two_people_seconds=within)
    return said, read_condition(fields["after"], context) if "after" in fields else None


def _read_brings(node: Node) -> int | Brings:
    if node.content == Brings.OWN_CHILDREN.value:
        return Brings.OWN_CHILDREN
    if isinstance(node.content, str) and not node.content[:1].isdecimal():
        known = (Brings.OWN_CHILDREN.value,)
        raise node.fault(
            f"expected own-children or a number, got {node.content!r}", Near(node.content, known)
        )
    return _read_count(node, MAX_BROUGHT)
