"""What a console can show of a text, and how many columns it takes there.

Rules kept here:
- no text from a file reaches a terminal with control characters in it: they, and the marks that
  turn the direction of writing, are shown as escapes;
- a console that lacks a letter is shown its number; our own dashes and dots become plain ones;
- a width is counted in columns of a terminal (Unicode Standard Annex 11): wide letters take two,
  combining ones none.

Pure.
"""

import unicodedata

UNBREAKABLE = "\u00a0"
_PLAIN = str.maketrans({"–": "-", "—": "-", "·": "|", "…": "...", UNBREAKABLE: " "})
_TURNING = frozenset(
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def legible(text: str, encoding: str) -> str:
    """`text` as a console of `encoding` can show it, on one line."""
    shown = text
    if not shown.isprintable():
        shown = "".join(letter if _is_shown(letter) else _escape(letter) for letter in shown)
    try:
        shown.encode(encoding)
    except UnicodeEncodeError:
        plain = shown.translate(_PLAIN)
        shown = plain.encode(encoding, "backslashreplace").decode(encoding)
    return shown


def _is_shown(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cs") and letter not in _TURNING


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def unbroken(text: str) -> str:
    """`text` with spaces at which no line is broken; they are shown as plain ones."""
    return text.replace(" ", UNBREAKABLE)


def columns_of(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
