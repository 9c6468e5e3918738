"""Reading YAML strictly: a tree of texts, lists and mappings that knows its lines and key paths.

Rules kept here:
- every scalar is a text: what it means is the schema's to say (else `22:00` is 1320, `015` is 13
  and `no` is False);
- no anchors, aliases, tags or merge keys, no second document, no key written twice, no nesting
  deeper than `MAX_DEPTH`, no more than `MAX_CHARACTERS`, text in Unicode normal form C;
- a reader asks a node for what it expects; what is not so is an `Unreadable` carrying a `Fault`.

It reads libyaml's events (the C loader: 49 ms for 10,000 windows where a round-trip loader takes
1.1 s). Which keys a document has is left to the readers of documents. Pure: texts come in.
"""

import difflib
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import yaml

from policies.errors import Fault, PolicyError

Value = TypeVar("Value")

MAX_DEPTH = 16
MAX_CHARACTERS = 1 << 20
MAX_SCALAR_CHARACTERS = 200


class Unreadable(Exception):
    """A node is not what was expected; caught where the next item can still be read."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


class Faults:
    """The faults found so far; a reader goes on to the next item and raises them together."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the fault that ends the block, if one does."""
        try:
            yield
        except Unreadable as unreadable:
            self.found.append(unreadable.fault)

    def raise_any(self) -> None:
        """Raise a PolicyError of all that was found, by file and line."""
        if self.found:
            raise PolicyError(sorted(set(self.found), key=lambda f: (f.file, f.line, f.path)))


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file; `path` is the key path from the top, empty at the top."""

    file: str
    line: int
    path: str

    def fault(self, sentence: str) -> Unreadable:
        """The exception to raise for something wrong here."""
        return Unreadable(Fault(self.file, self.line, self.path, sentence))

    def item(self, index: int, line: int) -> "Where":
        """The item `index` of the list here."""
        return Where(self.file, line, f"{self.path}[{index}]")

    def key(self, name: str, line: int) -> "Where":
        """The value of key `name` of the mapping here."""
        return Where(self.file, line, f"{self.path}.{name}" if self.path else name)


@dataclass(frozen=True, slots=True)
class Node:
    """One value as written: a text, a list of nodes or a mapping of texts to nodes."""

    where: Where
    content: "str | tuple[Node, ...] | Mapping[str, Node]"

    def fault(self, sentence: str) -> Unreadable:
        """The exception to raise for something wrong here."""
        return self.where.fault(sentence)

    def text(self, expected: str) -> str:
        """The text here, not empty; `expected` names what it should be, for the fault."""
        if not isinstance(self.content, str) or not self.content:
            raise self.fault(f"expected {expected}, got {self.described()}")
        if len(self.content) > MAX_SCALAR_CHARACTERS:
            raise self.fault(f"expected {expected}, got {len(self.content)} characters")
        return self.content

    def items(self, expected: str) -> "tuple[Node, ...]":
        """The items here, at least one."""
        if not isinstance(self.content, tuple):
            raise self.fault(f"expected a list of {expected}, got {self.described()}")
        if not self.content:
            raise self.fault(f"expected at least one of {expected}, got an empty list")
        return self.content

    def mapping(self, expected: str) -> "Mapping[str, Node]":
        """The keys and values here, at least one, in written order."""
        if not isinstance(self.content, Mapping):
            raise self.fault(f"expected {expected}, got {self.described()}")
        if not self.content:
            raise self.fault(f"expected {expected}, got an empty mapping")
        return self.content

    def fields(
        self,
        expected: str,
        required: Collection[str],
        optional: Collection[str] = (),
        not_enforced: Collection[str] = (),
    ) -> "Mapping[str, Node]":
        """A mapping with these keys alone; one of the language not enforced is named as such."""
        fields = self.mapping(expected)
        for name, node in fields.items():
            if name in not_enforced:
                raise node.fault(f"{name} is not enforced by this version")
            if name not in required and name not in optional:
                known = (*required, *optional)
                raise node.fault(
                    f"expected one of {', '.join(known)}, got {name!r}{nearest(name, known)}"
                )
        for name in required:
            if name not in fields:
                raise self.fault(f"expected {expected} with {name}, got none")
        return fields

    def one_of(self, expected: str, known: Collection[str]) -> str:
        """The text here, which must be one of `known`."""
        text = self.text(expected)
        if text not in known:
            raise self.fault(f"expected {expected}, got {text!r}{nearest(text, known)}")
        return text

    def parsed(self, expected: str, parse: Callable[[str], Value]) -> Value:
        """What `parse` makes of the text here; its ValueError becomes the fault."""
        text = self.text(expected)
        try:
            return parse(text)
        except ValueError as error:
            raise self.fault(str(error)) from None

    def described(self) -> str:
        """What is here, in a few words, for the end of a sentence."""
        if isinstance(self.content, str):
            return repr(self.content[:MAX_SCALAR_CHARACTERS]) if self.content else "nothing"
        return "a list" if isinstance(self.content, tuple) else "a mapping"


def nearest(name: str, known: Collection[str]) -> str:
    """` (nearest: X)` for the known name most like `name`, or nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (nearest: {close[0]})" if close else ""


def read_tree(text: str, file: str) -> Node:
    """The tree of one document; raises Unreadable for what no document may hold."""
    top = Where(file, 1, "")
    if len(text) > MAX_CHARACTERS:
        raise top.fault(f"expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    if not unicodedata.is_normalized("NFC", text):
        raise top.fault("expected text in Unicode normal form C, got another form")
    try:
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        return _Builder(file, events).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Where(file, line, "").fault(f"expected YAML, got {error.problem}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise top.fault("expected printable text, got a character YAML does not allow") from error


class _Builder:
    """Turns libyaml's events into nodes."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._file = file

    def document(self) -> Node:
        next(self._events)  # the start of the stream
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            raise Where(self._file, 1, "").fault("expected a document, got an empty file")
        root = next(self._events)
        node = self._node(root, Where(self._file, _line(root), ""), 0)
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise Where(self._file, _line(after), "").fault("expected one document, got a second")
        return node

    def _node(self, event: yaml.Event, where: Where, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise where.fault(f"expected at most {MAX_DEPTH} levels, got more")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise where.fault("expected no anchors or aliases, got one")
        if getattr(event, "tag", None) is not None:
            raise where.fault("expected no tags, got one")
        if isinstance(event, yaml.ScalarEvent):
            return Node(where, event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(where, tuple(self._items(where, depth)))
        return Node(where, dict(self._entries(where, depth)))

    def _items(self, where: Where, depth: int) -> Iterator[Node]:
        index = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, where.item(index, _line(event)), depth + 1)
            index += 1

    def _entries(self, where: Where, depth: int) -> Iterator[tuple[str, Node]]:
        seen: set[str] = set()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, where.key("(key)", _line(event)), depth + 1).text("a key")
            here = where.key(key, _line(event))
            if key in seen:
                raise here.fault(f"expected each key once, got {key!r} twice")
            if key == "<<":
                raise here.fault("expected no merge keys, got one")
            seen.add(key)
            yield key, self._node(next(self._events), here, depth + 1)


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 1
