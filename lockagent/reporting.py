"""What the program says while it runs: one JSON object a line for programs, a sentence for people.

With `--json` every event is a line on stdout; whoever reads them relies on the names of
interfaces.md 7. Without it people read the same on stderr. Nothing secret passes here: events
carry ids, numbers and sentences that are safe to show.
"""

import json
import sys
from collections.abc import Mapping
from typing import Protocol, TextIO


class Reporter(Protocol):
    """Where events go."""

    def tell(self, event: str, **facts: object) -> None:
        """Say that `event` happened, with its facts."""
        ...


class LineReporter:
    """Events as lines of a stream."""

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        """JSON goes to stdout and sentences to stderr, unless a `stream` is given."""
        self._as_json = as_json
        self._is_heard = True
        self._stream = stream or (sys.stdout if as_json else sys.stderr)

    def tell(self, event: str, **facts: object) -> None:
        """Write one line and flush it: the reader is waiting."""
        if self._as_json:
            line = json.dumps({"event": event, **facts}, ensure_ascii=False)
        else:
            line = f"{event} {_pairs(facts)}".rstrip()
        if self._is_heard:
            try:
                print(line, file=self._stream, flush=True)
            except OSError:
                self._is_heard = False  # nobody listens any more; a door does not stop for that


def _pairs(facts: Mapping[str, object]) -> str:
    """Facts as `name=value`; those not known are left out."""
    told = ((name, each) for name, each in facts.items() if each is not None)
    return " ".join(f"{name}={_readable(each)}" for name, each in told)


def _readable(value: object) -> str:
    match value:
        case dict():
            return f"({_pairs(value)})" if value else "none"
        case list():
            return ", ".join(_readable(each) for each in value) or "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
