"""A sentence whose fields are marked: what came from a rule, and what is only said around it.

Inside the package a text carries its fields between two private characters, so that a name with
asterisks in it stays a name. Fields may lie in fields; a reader sees the outermost. Pure.
"""

from dataclasses import dataclass
from typing import NamedTuple

FIELD_BEGINS, FIELD_ENDS = "\ue000", "\ue001"
"""Private characters around a field; no text that people write may hold them."""


class Part(NamedTuple):
    """A stretch of a sentence, and whether it is a field."""

    text: str
    is_field: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, in parts of which no two neighbours are of one kind."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        """Plain text."""
        return "".join(part.text for part in self.parts)

    def markdown(self) -> str:
        """Fields in bold; asterisks of a name are escaped."""
        shown = (
            (part.text.replace("\\", "\\\\").replace("*", "\\*"), part.is_field)
            for part in self.parts
        )
        return "".join(f"**{text}**" if is_field else text for text, is_field in shown)


def marked(template: str) -> str:
    """A template with its pairs of `**` made marks; a ValueError for one that does not close."""
    pieces = template.split("**")
    if len(pieces) % 2 == 0:
        raise ValueError(f"expected each ** closed, got {template!r}")
    return "".join(
        piece if place % 2 == 0 else f"{FIELD_BEGINS}{piece}{FIELD_ENDS}"
        for place, piece in enumerate(pieces)
    )


def unmarked(text: str) -> str:
    """The text without marks."""
    return text.replace(FIELD_BEGINS, "").replace(FIELD_ENDS, "")


def begun(text: str) -> str:
    """The text as a sentence begins: its first letter a capital."""
    for place, character in enumerate(text):
        if character not in (FIELD_BEGINS, FIELD_ENDS):
            return text[:place] + character.upper() + text[place + 1 :]
    return text


def read_sentence(text: str) -> Sentence:
    """The sentence of a marked text."""
    parts: list[Part] = []
    depth = 0
    said = ""
    for character in text:
        if character not in (FIELD_BEGINS, FIELD_ENDS):
            said += character
            continue
        is_edge = depth == (0 if character == FIELD_BEGINS else 1)
        if is_edge and said:
            parts.append(Part(said, character == FIELD_ENDS))
            said = ""
        depth += 1 if character == FIELD_BEGINS else -1
    return Sentence((*parts, Part(said, False)) if said else tuple(parts))
