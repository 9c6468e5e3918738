"""How the story is told: on the terminal, as it happens, for someone who has never seen it."""

import sys
from typing import TextIO

_BOLD, _GREEN, _RED, _FAINT, _PLAIN = "\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m"


class Teller:
    """Writes the story; colours only where a terminal shows them."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        """Tell it to `out`."""
        self._out = out
        self._is_terminal = out.isatty()

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self._line(f"\n{self._in(_BOLD, title)}")

    def says(self, sentence: str) -> None:
        """Something that happens."""
        self._line(f"  {sentence}")

    def opened(self, who: str, where: str, milliseconds: float | None) -> None:
        """A door opened."""
        took = "" if milliseconds is None else self._in(_FAINT, f"  ({milliseconds:.0f} ms)")
        self._line(f"  {self._in(_GREEN, '✓')} {who} opens {where}{took}")

    def refused(self, who: str, where: str, by: str, why: str) -> None:
        """Somebody did not get in, and is told why."""
        self._line(f"  {self._in(_RED, '✗')} {who} is refused at {where} by the {by}: “{why}”")

    def _in(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._is_terminal else text

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)
