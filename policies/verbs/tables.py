"""Plain tables: aligned columns that fit a width, with no lines drawn.

Rules kept here:
- a table takes no more columns than it is given: cells are broken at spaces, the widest column
  first;
- where that would break a word, each row is written out as `title: cell` lines instead;
- a column without anything in it is left out.

Pure: texts are legible already (`policies.verbs.legible`).
"""

from collections.abc import Sequence

from policies.verbs.legible import UNBREAKABLE, columns_of

GAP = 2


def table_lines(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    numbers: frozenset[str] = frozenset(),
) -> list[str]:
    """The lines of a table; the columns whose titles are in `numbers` are set to the right."""
    filled = [at for at in range(len(titles)) if any(row[at] for row in rows)]
    if not filled:
        return []
    shown = [tuple(row[at] for at in filled) for row in rows]
    heads = tuple(titles[at] for at in filled)
    widths = _fitted(heads, shown, width)
    if widths is None:
        return _written_out(heads, shown, width)
    right = [head in numbers for head in heads]
    lines: list[str] = []
    for row in (heads, *shown):
        lines += _row_lines(row, widths, right)
    return lines


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """`text` broken at spaces to lines of at most `width`; all but the first open with `indent`.

    The spaces that the text opens with are kept; unbreakable ones come out as plain ones.
    """
    words = text.lstrip(" ")
    line = text[: len(text) - len(words)]
    lines: list[str] = []
    for word in words.split(" "):
        joined = f"{line} {word}" if line.strip() else line + word
        if columns_of(joined) <= width:
            line = joined
            continue
        if line.strip():
            lines.append(line)
            joined = indent + word
        line = joined
        while columns_of(line) > width > len(indent):
            kept = max(_first_columns(line, width), len(indent) + 1)
            lines.append(line[:kept])
            line = indent + line[kept:]
    if line.strip() or not lines:
        lines.append(line)
    return [line.replace(UNBREAKABLE, " ") for line in lines]


def _first_columns(text: str, width: int) -> int:
    """How many letters of `text` fit into `width`, at least one."""
    taken = 0
    for count, letter in enumerate(text):
        taken += columns_of(letter)
        if taken > width:
            return max(1, count)
    return len(text)


def _fitted(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> tuple[int, ...] | None:
    """The widths of the columns, or None where no table of them fits with its words whole."""
    columns = range(len(heads))
    widths = [max(columns_of(row[at]) for row in (heads, *rows)) for at in columns]
    least = [
        max(columns_of(word) for row in (heads, *rows) for word in row[at].split(" "))
        for at in columns
    ]
    room = width - GAP * (len(heads) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max((at for at in columns if widths[at] > least[at]), key=widths.__getitem__)
        widths[widest] -= 1
    return tuple(widths)


def _row_lines(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines: list[str] = []
    for depth in range(max(len(cell) for cell in cells)):
        parts = [
            _padded(cell[depth] if depth < len(cell) else "", width, is_right)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ]
        lines.append((" " * GAP).join(parts).rstrip())
    return lines


def _padded(text: str, width: int, is_right: bool) -> str:
    padding = " " * (width - columns_of(text))
    return padding + text if is_right else text + padding


def _written_out(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for head, cell in zip(heads, row, strict=True):
            if cell:
                lines += wrapped(f"{head}: {cell}", width, "  ")
    return lines
