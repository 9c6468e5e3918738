"""What is said when a document is faulty: every fault at once, each with file, line and key path.

Writers mend a document in one round, so a reader of documents collects faults and raises them
together. A sentence is lower case and says what was expected, then what was found.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document; `line` counts from 1, `path` is like `policies[2].doors`."""

    file: str
    line: int
    path: str
    sentence: str

    def __str__(self) -> str:
        """One line for people: `torshov.yaml:12: policies[2].doors: expected …, got …`."""
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.sentence}"


class PolicyError(Exception):
    """The documents cannot be used; `faults` has at least one entry, in the order of the text."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
