"""Changing a YAML text so that it says something else and stays otherwise as it is, to the byte.

Rules kept here:
- only what differs is cut out or written in: comments, order, quoting, line breaks and indentation
  of everything else stay (a round trip through a parser's writer re-wraps lines and brackets);
- a new key comes last in its mapping; a new item after the one it follows;
- a comment goes with what it stands behind on its line; one above an item that goes stays.

It finds its way by libyaml's marks. Whether the result says what was wanted, and nothing else, is
for `policies.documents.editing` to see. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

import yaml

from policies.documents.yaml_writing import Written, entry, flow, items, scalar

MAX_CHANGES = 1_000
"""One change is one value, key or item; the text is read anew for each."""

Value = str | int | list["Value"] | dict[str, "Value"]
"""A value to be written; what is read has texts alone."""


def as_read(wanted: Written) -> Value:
    """The value as a reader finds it: numbers are texts as well."""
    if isinstance(wanted, Mapping):
        return {key: as_read(value) for key, value in wanted.items()}
    if isinstance(wanted, str | int):
        return str(wanted)
    return [as_read(item) for item in wanted]


def changed(text: str, wanted: Value) -> str:
    """`text` so that it says `wanted`; a ValueError for what cannot be changed in place."""
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    line_break = "\r\n" if "\r\n" in body else "\n"
    for _ in range(MAX_CHANGES):
        try:
            root = yaml.compose(body, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            root = None
        if root is None:
            raise ValueError("expected YAML after each change, got none: change the text by hand")
        cut = _first_cut(body, root, wanted, None)
        if cut is None:
            return mark + body
        body = body[: cut.start] + cut.put.replace("\n", line_break) + body[cut.end :]
    raise ValueError(f"expected at most {MAX_CHANGES} changes at once, got more")


class _Cut(NamedTuple):
    """Characters `start` up to `end` of a text, and what takes their place."""

    start: int
    end: int
    put: str


def _first_cut(
    text: str, node: yaml.Node, wanted: Value, key: yaml.Node | None, in_flow: bool = False
) -> _Cut | None:
    """The first change towards `wanted`, None where `node` says it; `key` is that of the node."""
    if _said(node) == as_read(wanted):
        return None
    if isinstance(node, yaml.MappingNode) and isinstance(wanted, dict) and wanted and node.value:
        return _first_cut_of_entries(text, node, wanted, in_flow or bool(node.flow_style))
    if isinstance(node, yaml.SequenceNode) and isinstance(wanted, list) and wanted and node.value:
        return _first_cut_of_items(text, node, wanted, in_flow or bool(node.flow_style))
    start, end = node.start_mark.index, _end(text, node)
    if in_flow:
        return _Cut(start, end, flow(wanted))
    if key is None:
        column = _dash(text, start) - _line_start(text, start)
        return _Cut(start, end, "\n".join(items([wanted], column))[column + 2 :])
    column, name = key.start_mark.column, scalar(key.value)
    if "#" in text[key.end_mark.index : start]:
        return _Cut(_line_start(text, start), end, " " * (column + 2) + flow(wanted))
    put = "\n".join(entry(key.value, wanted, column))[column + len(name) :]
    return _Cut(key.end_mark.index, end, put)


def _first_cut_of_entries(
    text: str, node: yaml.MappingNode, wanted: dict[str, Value], in_flow: bool
) -> _Cut | None:
    """New keys first, so that no mapping is empty on the way."""
    there = {key.value for key, _ in node.value}
    for name, value in wanted.items():
        if name not in there:
            return _with_entry(text, node, name, value)
    for index, (key, value) in enumerate(node.value):
        if key.value not in wanted:
            return _without(text, node, index)
        cut = _first_cut(text, value, wanted[key.value], key, in_flow)
        if cut is not None:
            return cut
    return None


def _first_cut_of_items(
    text: str, node: yaml.SequenceNode, wanted: list[Value], in_flow: bool
) -> _Cut | None:
    """Items before the first and after the last that differ stay; those between are matched up."""
    said = [_said(item) for item in node.value]
    to_say = [as_read(item) for item in wanted]
    first = _same_at_start(said, to_say)
    same_at_end = _same_at_start([*reversed(said[first:])], [*reversed(to_say[first:])])
    if first == len(said) - same_at_end:
        return _with_item(text, node, first, wanted[first])
    if first == len(wanted) - same_at_end:
        return _without(text, node, first)
    return _first_cut(text, node.value[first], wanted[first], None, in_flow)


def _same_at_start(one: Sequence[Value], other: Sequence[Value]) -> int:
    pairs = zip(one, other, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _with_entry(text: str, node: yaml.MappingNode, name: str, value: Value) -> _Cut:
    start, end = node.start_mark.index, _end(text, node.value[-1][1])
    if node.flow_style:
        added = f", {scalar(name)}: {flow(value)}"
        if text[start] == "{":
            return _Cut(end, end, added)
        return _Cut(start, end, f"{{{text[start:end]}{added}}}")  # [age: 15+] has no braces
    return _lines(text, _line_end(text, end), entry(name, value, node.start_mark.column))


def _with_item(text: str, node: yaml.SequenceNode, index: int, value: Value) -> _Cut:
    if node.flow_style:
        if index == len(node.value):
            end = _end(text, node.value[-1])
            return _Cut(end, end, f", {flow(value)}")
        start = node.value[index].start_mark.index
        return _Cut(start, start, f"{flow(value)}, ")
    dash = _dash(text, node.value[0].start_mark.index)
    at = _line_start(text, dash)
    if index:
        at = _line_end(text, _end(text, node.value[index - 1]))
    return _lines(text, at, items([value], dash - _line_start(text, dash)))


def _lines(text: str, at: int, lines: Iterable[str]) -> _Cut:
    """Lines put in at the start of a line, or after a last line that has no end."""
    whole = "\n".join(lines)
    return _Cut(at, at, f"{whole}\n" if text[:at].endswith("\n") else f"\n{whole}")


def _without(text: str, node: yaml.MappingNode | yaml.SequenceNode, index: int) -> _Cut:
    """The entry or item `index` taken out; it is not the only one."""
    spans = _spans(text, node)
    if node.flow_style:
        return _without_in_flow(text, spans, index)
    start, end = spans[index]
    if isinstance(node, yaml.SequenceNode):
        start = _dash(text, start)
    line = _line_start(text, start)
    if not text[line:start].strip():
        return _Cut(line, _line_end(text, end), "")
    following = spans[index + 1][0]
    if "#" in text[end:following]:
        raise ValueError("expected no comment behind the first key of an item, got one")
    return _Cut(start, following, "")


def _without_in_flow(text: str, spans: list[tuple[int, int]], index: int) -> _Cut:
    start, end = spans[index]
    if index == len(spans) - 1:
        comma = _comma(text, spans[index - 1][1])
        between = text[comma + 1 : start]
        return _Cut(comma, end, between if "#" in between else between.rstrip())
    end = _comma(text, end) + 1
    line = _line_start(text, start)
    if not text[line:start].strip() and text[end : _line_end(text, end)].strip()[:1] in ("", "#"):
        return _Cut(line, _line_end(text, end), "")
    return _Cut(start, end + len(text[end:]) - len(text[end:].lstrip(" ")), "")


def _spans(text: str, node: yaml.MappingNode | yaml.SequenceNode) -> list[tuple[int, int]]:
    if isinstance(node, yaml.MappingNode):
        return [(key.start_mark.index, _end(text, value)) for key, value in node.value]
    return [(item.start_mark.index, _end(text, item)) for item in node.value]


def _said(node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _said(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_said(item) for item in node.value]
    return str(node.value)


def _end(text: str, node: yaml.Node) -> int:
    """Where the node ends; libyaml's mark of what has no bracket is where the next thing starts."""
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.MappingNode) and text[start] != "{":
        return _end(text, node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and text[start] != "[":
        return _end(text, node.value[-1])
    return start + len(text[start:end].rstrip())


def _comma(text: str, index: int) -> int:
    """The first comma from `index` on that is in no comment."""
    while text[index] != ",":
        index = _line_end(text, index) if text[index] == "#" else index + 1
    return index


def _dash(text: str, start: int) -> int:
    """The dash before an item of a list that has no brackets."""
    return max(text.rfind("-", 0, start), 0)


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Behind the break of the line, or the end of the text."""
    at = text.find("\n", index)
    return len(text) if at < 0 else at + 1
