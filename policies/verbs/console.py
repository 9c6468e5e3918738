"""Where a verb's answers go: objects for programs, lines and tables for people.

Rules kept here (interfaces.md 7):
- with `--json` stdout has one object a line and nothing else, in ASCII; people's text goes to
  stderr. Without, it goes to stdout;
- warnings, faults and errors go to stderr always;
- a table fits the terminal it is shown in, or 100 columns where there is none.
"""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from policies.errors import Fault
from policies.verbs.legible import legible
from policies.verbs.tables import GAP, table_lines, wrapped

PAGE_COLUMNS = 100
"""The width where the reader is no terminal: a file, a pipe."""
LEAST_COLUMNS = 24

JsonObject = Mapping[str, object]


def counted(number: int, one: str, more: str | None = None) -> str:
    """`1 door`, `2 doors`, `1,200 doors`; `more` is the plural where an s does not make it."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of a program, and what is said on which."""

    is_json: bool

    @property
    def people(self) -> TextIO:
        """Where people read."""
        return sys.stderr if self.is_json else sys.stdout

    @property
    def width(self) -> int:
        """How many columns people have."""
        if not self.people.isatty():
            return PAGE_COLUMNS
        return max(LEAST_COLUMNS, shutil.get_terminal_size((PAGE_COLUMNS, 24)).columns)

    def tell(self, told: JsonObject) -> None:
        """One object, for programs only."""
        if self.is_json:
            print(json.dumps(told), file=sys.stdout)

    def say(self, text: str = "", indent: str = "") -> None:
        """A line for people; a long one is broken, and goes on after `indent`."""
        for line in wrapped(self._legible(text, self.people), self.width, indent):
            print(line, file=self.people)

    def line(self, text: str) -> None:
        """A line for people that is never broken: something to be copied."""
        print(self._legible(text, self.people), file=self.people)

    def raw(self, text: str) -> None:
        """A text for a file, as it is, in UTF-8 whatever the console."""
        sys.stdout.flush()
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            sys.stdout.write(text)
        else:
            binary.write(text.encode())
            binary.flush()

    def details(self, rows: Sequence[tuple[str, str]]) -> None:
        """Labelled texts for people, one beneath the other; those without a text are left out."""
        shown = [(f"  {label}", self._legible(text, self.people)) for label, text in rows if text]
        width = max((len(label) for label, _ in shown), default=0)
        for label, text in shown:
            room = max(LEAST_COLUMNS // 2, self.width - width - GAP)
            for line in wrapped(text, room):
                print(f"{label:{width}}{' ' * GAP}{line}", file=self.people)
                label = ""

    def table(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        numbers: frozenset[str] = frozenset(),
    ) -> None:
        """A table for people; the columns whose titles are in `numbers` are set to the right."""
        shown = [[self._legible(cell, self.people) for cell in row] for row in rows]
        for line in table_lines(titles, shown, self.width, numbers):
            print(line, file=self.people)

    def warn(self, told: JsonObject, sentence: str) -> None:
        """Something that staff should look at, though the documents mean what they say."""
        self.tell({"event": "warning", **told})
        print(self._legible(f"warning: {sentence}", sys.stderr), file=sys.stderr)

    def faults(self, faults: Sequence[Fault]) -> None:
        """What is wrong with the documents, each on its line."""
        for fault in faults:
            self.tell(told_fault(fault))
            print(self._legible(str(fault), sys.stderr), file=sys.stderr)

    def fail(self, sentence: str) -> None:
        """Why the verb did not do what was asked."""
        self.tell({"event": "error", "sentence": sentence})
        print(self._legible(f"policies: {sentence}", sys.stderr), file=sys.stderr)

    @staticmethod
    def _legible(text: str, stream: TextIO) -> str:
        return legible(text, getattr(stream, "encoding", None) or "utf-8")


def told_fault(fault: Fault) -> dict[str, object]:
    """A fault as programs read it."""
    return {
        "file": fault.file,
        "line": fault.line,
        "key": fault.path,
        "sentence": fault.sentence,
    }
