"""What the verbs of `keyserver` say: one JSON object a line, or sentences for people.

With `--json`, objects go to stdout and sentences to stderr; without, sentences go to stdout
(interfaces.md 7). Errors are one sentence on stderr, and with `--json` an object as well.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import Fault


def counted(number: int, one: str, more: str | None = None) -> str:
    """`1 device`, `2 devices`; `more` is the plural where an s does not make it."""
    return f"{number} {one if number == 1 else more or f'{one}s'}"


@dataclass(frozen=True, slots=True)
class Console:
    """Where a verb's answers go."""

    is_json: bool

    def tell(self, event: Mapping[str, object], sentence: str) -> None:
        """One answer, for programs and for people."""
        if self.is_json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        print(sentence, file=sys.stderr if self.is_json else sys.stdout, flush=True)

    def fail(self, sentence: str, faults: tuple[Fault, ...] = ()) -> None:
        """Why the verb did not do what was asked; faults of a document, each on its line."""
        if self.is_json:
            event: dict[str, object] = {"event": "error", "detail": sentence}
            if faults:
                event["faults"] = [
                    {"file": f.file, "line": f.line, "path": f.path, "detail": f.sentence}
                    for f in faults
                ]
            print(json.dumps(event, ensure_ascii=False), flush=True)
        for line in [str(fault) for fault in faults] or [f"keyserver: {sentence}"]:
            print(line, file=sys.stderr, flush=True)
