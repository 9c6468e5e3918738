"""Reading YAML strictly: a tree of texts, lists and mappings that knows its lines and key paths.

Rules kept here:
- every scalar is a text: what it means is the schema's to say (else `22:00` is 1320, `015` is 13
  and `no` is False);
- no anchors, aliases, tags or merge keys, no second document, no key written twice, no nesting
  deeper than `MAX_DEPTH`, no more than `MAX_CHARACTERS` or `MAX_VALUES`, text in Unicode normal
  form C;
- a reader asks a node for what it expects; what is not so is an `Unreadable` carrying a `Fault`.

It reads libyaml's events (the C loader: 49 ms for 10,000 windows where a round-trip loader takes
1.1 s). Which keys a document has is left to the readers of documents. Pure: texts come in.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import yaml

from policies.errors import Fault, PolicyError

Value = TypeVar("Value")

MAX_DEPTH = 16
MAX_CHARACTERS = 1 << 20
MAX_VALUES = 100_000
MAX_SCALAR_CHARACTERS = 200
MAX_HINTS = 20
"""Looking for the nearest of thousands of names is slow, so only the first faults get a hint."""

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # YAML 1.1, production 1 (c-printable)


class Unreadable(Exception):
    """A node is not what was expected; caught where the next item can still be read."""

    def __init__(self, fault: Fault, near: "Near | None" = None) -> None:
        self.fault = fault
        self.near = near
        super().__init__(str(fault))


@dataclass(frozen=True, slots=True)
class Near:
    """A name nobody knows and those that are known: what a hint is looked for among."""

    name: str
    known: Collection[str]


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
            self.note(unreadable)

    def note(self, unreadable: Unreadable) -> None:
        """Note a fault; the first `MAX_HINTS` get the known name that is most like theirs."""
        fault, near = unreadable.fault, unreadable.near
        if near is not None and len(self.found) < MAX_HINTS:
            fault = replace(fault, sentence=fault.sentence + nearest(near.name, near.known))
        self.found.append(fault)

    def tried(self, read: Callable[[], Value], otherwise: Value) -> Value:
        """What `read` returns; `otherwise`, and its fault noted, where it is Unreadable."""
        try:
            return read()
        except Unreadable as unreadable:
            self.note(unreadable)
            return otherwise

    def raise_any(self) -> None:
        """Raise a PolicyError of all that was found, by file and line."""
        if self.found:
            raise PolicyError(sorted(set(self.found), key=lambda f: (f.file, f.line, f.path)))


class Where(NamedTuple):
    """A place in a file; `path` is the key path from the top, empty at the top."""

    file: str
    line: int
    path: str

    def fault(self, sentence: str, near: Near | None = None) -> Unreadable:
        """The exception to raise for something wrong here."""
        return Unreadable(Fault(self.file, self.line, self.path, sentence), near)

    def item(self, index: int, line: int) -> "Where":
        """The item `index` of the list here."""
        return Where(self.file, line, f"{self.path}[{index}]")

    def key(self, name: str, line: int) -> "Where":
        """The value of key `name` of the mapping here; a path is safe to print."""
        shown = name if name.isprintable() else repr(name)
        return Where(self.file, line, f"{self.path}.{shown}" if self.path else shown)


@dataclass(frozen=True, slots=True)
class Node:
    """One value as written: a text, a list of nodes or a mapping of texts to nodes."""

    where: Where
    content: "str | tuple[Node, ...] | Mapping[str, Node]"

    def fault(self, sentence: str, near: Near | None = None) -> Unreadable:
        """The exception to raise for something wrong here."""
        return self.where.fault(sentence, near)

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
    ) -> "Mapping[str, Node]":
        """A mapping with these keys alone."""
        fields = self.mapping(expected)
        for wrong in self.wrong_keys(expected, required, optional):
            raise wrong
        return fields

    def wrong_keys(
        self,
        expected: str,
        required: Collection[str],
        optional: Collection[str],
        told: Collection[str] = (),
    ) -> Iterator[Unreadable]:
        """Each key of the mapping that it may not have, then each that it must have and has not.

        Of the keys in `told` the caller has something better to say.
        """
        fields = self.mapping(expected)
        known = (*required, *optional)
        for name, node in fields.items():
            if name not in known and name not in told:
                yield node.fault(
                    f"expected one of {', '.join(known)}, got {name!r}", Near(name, known)
                )
        for name in required:
            if name not in fields:
                yield self.fault(f"expected {expected} with {name}, got none")

    def one_of(self, expected: str, known: Collection[str]) -> str:
        """The text here, which must be one of `known`."""
        text = self.text(expected)
        if text not in known:
            raise self.fault(f"expected {expected}, got {text!r}", Near(text, known))
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
        raise Where(file, _line_of_another_form(text), "").fault(
            "expected text in Unicode normal form C, got another form"
        )
    try:
        return _Builder(file, text).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        where = Where(file, line, "")
        if error.problem_mark and _has_tab_at(text, error.problem_mark):
            raise where.fault("expected spaces, got a tab") from error
        raise where.fault(f"expected YAML, got {error.problem}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        found = _UNPRINTABLE.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        raise Where(file, line, "").fault(
            "expected printable text, got a character YAML does not allow"
        ) from error


def _line_of_another_form(text: str) -> int:
    """The first line that is not in normal form C; none composes with the line before it."""
    lines = enumerate(text.split("\n"), start=1)
    return next((n for n, line in lines if not unicodedata.is_normalized("NFC", line)), 1)


def _has_tab_at(text: str, mark: yaml.Mark) -> bool:
    lines = text.splitlines()
    return mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t"


class _Builder:
    """Turns libyaml's events into nodes."""

    def __init__(self, file: str, text: str) -> None:
        self._events = iter(yaml.CSafeLoader(text).get_event, None)
        self._file = file
        self._left = MAX_VALUES

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
        self._left -= 1
        if self._left < 0:
            raise where.fault(f"expected at most {MAX_VALUES} values, got more")
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
            key = self._key(event, where, depth)
            here = where.key(key, _line(event))
            if key in seen:
                raise here.fault(f"expected each key once, got {key!r} twice")
            if key == "<<":
                raise here.fault("expected no merge keys, got one")
            seen.add(key)
            yield key, self._node(next(self._events), here, depth + 1)

    def _key(self, event: yaml.Event, where: Where, depth: int) -> str:
        if (
            isinstance(event, yaml.ScalarEvent)
            and event.anchor is None
            and event.tag is None
            and 0 < len(event.value) <= MAX_SCALAR_CHARACTERS
        ):
            return str(event.value)
        return self._node(event, where.key("(key)", _line(event)), depth + 1).text("a key")


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 1
