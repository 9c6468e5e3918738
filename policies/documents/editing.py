"""Editing a person's own file: one thing is changed, and the rest stays as it was written.

Rules kept here:
- an edit says what the document is to say; the text is changed where it says otherwise, nowhere
  else (`policies.documents.yaml_changing`): comments, order and quoting of the rest stay;
- what comes out is read again: it says the wanted values and no other, and is a document without
  faults; otherwise the edit is refused and the file stays;
- a rule is replaced key by key, so that a comment behind a key that stays, stays.

Approval and impact of an edit are the key server's and `policies.analysis.impact`'s. Pure: texts
come in.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from policies.calendars import HolidayTable
from policies.documents.document import parse_document
from policies.documents.source_tree import Node, Unreadable, read_tree
from policies.documents.yaml_changing import Value, as_read, changed
from policies.documents.yaml_writing import Written
from policies.errors import PolicyError
from policies.model import Document
from policies.places import Places
from policies.vocabulary import RuleId

Step = str | int
"""A key of a mapping, or the index of an item."""


class EditRefused(Exception):
    """The edit cannot be made in this text; one sentence, expected then got."""


@dataclass(frozen=True, slots=True)
class SetValue:
    """The value at a key path, one step or more; what is not there on the way is added."""

    path: tuple[Step, ...]
    value: Written


@dataclass(frozen=True, slots=True)
class RemoveValue:
    """The key or item at a key path, one step or more, with its value."""

    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class AddRule:
    """A rule as a document writes it, after the rule called `after`, or last."""

    rule: Mapping[str, Written]
    after: RuleId | None = None


@dataclass(frozen=True, slots=True)
class ReplaceRule:
    """The rule called `id`, which is then written as `rule`."""

    id: RuleId
    rule: Mapping[str, Written]


@dataclass(frozen=True, slots=True)
class RemoveRule:
    """The rule called `id`."""

    id: RuleId


Edit = SetValue | RemoveValue | AddRule | ReplaceRule | RemoveRule


def set_week(calendar: str, opening: str, week: Written) -> SetValue:
    """The base week of an opening: `closed`, or hours by weekday."""
    return SetValue(("calendars", calendar, opening), week)


def set_date(calendar: str, day: str, hours: Written) -> SetValue:
    """The hours of one date (`05-17`, `easter-4`, `2027-11-20`): for every opening, or each."""
    return SetValue(("calendars", calendar, "dates", day), hours)


def edited(text: str, edit: Edit) -> str:
    """The text with the edit made.

    Raises EditRefused where it cannot be made without changing more, PolicyError for a text that
    is no document.
    """
    wanted = _applied(_said(text), edit)
    try:
        after = changed(text, wanted)
    except ValueError as error:
        raise EditRefused(str(error)) from None
    if _said(after) != as_read(wanted):
        raise EditRefused("expected this change alone, got another: change the text by hand")
    return after


def edited_document(
    text: str, edit: Edit, file: str, places: Places, holidays: HolidayTable
) -> tuple[str, Document]:
    """The text with the edit made, and the document it then is.

    Raises PolicyError with every fault of that document, and what `edited` raises.
    """
    after = edited(text, edit)
    return after, parse_document(after, file, places, holidays)


def _said(text: str) -> Value:
    try:
        return _plain(read_tree(text, "document"))
    except Unreadable as unreadable:
        raise PolicyError([unreadable.fault]) from None


def _plain(node: Node) -> Value:
    if isinstance(node.content, str):
        return node.content
    if isinstance(node.content, tuple):
        return [_plain(item) for item in node.content]
    return {key: _plain(value) for key, value in node.content.items()}


def _applied(said: Value, edit: Edit) -> Value:
    """What the document is to say."""
    wanted = deepcopy(said)
    match edit:
        case SetValue(path, value):
            _set(wanted, path, _own(value))
        case RemoveValue(path):
            _remove(wanted, path)
        case AddRule(rule, after):
            rules = _rules(wanted)
            index = len(rules) if after is None else _index(rules, after) + 1
            rules.insert(index, _own(rule))
        case ReplaceRule(identity, rule):
            rules = _rules(wanted)
            index = _index(rules, identity)
            rules[index] = _in_written_order(rules[index], _own(rule))
        case RemoveRule(identity):
            rules = _rules(wanted)
            del rules[_index(rules, identity)]
    return wanted


def _own(written: Written) -> Value:
    """A copy that may be changed."""
    if isinstance(written, Mapping):
        return {key: _own(value) for key, value in written.items()}
    return written if isinstance(written, str | int) else [_own(item) for item in written]


def _in_written_order(before: Value, after: Value) -> Value:
    """The keys of `after`: those that were there in their order, then those that are new."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    keys = [key for key in before if key in after] + [key for key in after if key not in before]
    return {
        key: _in_written_order(before[key], after[key]) if key in before else after[key]
        for key in keys
    }


def _set(said: Value, path: tuple[Step, ...], value: Value) -> None:
    """Set the value at `path`, adding the mappings between."""
    for depth, step in enumerate(path[:-1], start=1):
        if isinstance(said, dict) and isinstance(step, str) and step not in said:
            for missing in reversed(path[depth:]):
                value = {str(missing): value}
            said[step] = value
            return
        said = _at(said, step)
    match said, path[-1]:
        case dict(), str(key):
            said[key] = _in_written_order(said.get(key, ""), value)
        case list(), int(index) if 0 <= index < len(said):
            said[index] = _in_written_order(said[index], value)
        case _:
            raise EditRefused(f"expected a value that has {path[-1]}, got {_described(said)}")


def _remove(said: Value, path: tuple[Step, ...]) -> None:
    for step in path[:-1]:
        said = _at(said, step)
    _at(said, path[-1])
    match said, path[-1]:
        case dict(), str(key):
            del said[key]
        case list(), int(index):
            del said[index]


def _at(said: Value, step: Step) -> Value:
    match said, step:
        case dict(), str(key) if key in said:
            return said[key]
        case list(), int(index) if 0 <= index < len(said):
            return said[index]
        case _:
            raise EditRefused(f"expected a value that has {step}, got {_described(said)}")


def _rules(said: Value) -> list[Value]:
    rules = _at(said, "policies")
    if not isinstance(rules, list):
        raise EditRefused(f"expected a list of rules, got {_described(rules)}")
    return rules


def _index(rules: list[Value], identity: RuleId) -> int:
    for index, rule in enumerate(rules):
        if isinstance(rule, dict) and rule.get("id") == identity:
            return index
    raise EditRefused(f"expected a rule called {identity!r}, got none")


def _described(said: Value) -> str:
    if isinstance(said, dict):
        return f"a mapping of {', '.join(said)}"
    return f"a list of {len(said)}" if isinstance(said, list) else repr(said)
