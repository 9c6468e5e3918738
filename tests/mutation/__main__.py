"""`python -m tests.mutation [--write FILE]`: mutate the policy core, and say what no test noticed.

The modules and the tests are those of `[tool.mutmut]` in pyproject.toml: a unit subset of a few
seconds, since every mutant runs it. A mutant counts as found where a test fails or it no longer
ends; one that survives, or that no test reaches, does not.

The report names each survivor with the line it changed. A surviving mutant is no failure of this
command: which of them mean nothing is for people to say, and docs/mutation.md says it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MUTANTS = Path("mutants")
_MUTMUT = (sys.executable, "-m", "mutmut")
_FOUND = frozenset({1, 3, 24, -24, 36, 152, 255})
"""The exit codes of a mutant's run (mutmut 3): a failing test, or a run that did not end."""


@dataclass(frozen=True, slots=True)
class Score:
    """The mutants of one module, and the names of those nobody found."""

    module: str
    mutants: int
    unfound: tuple[str, ...]

    @property
    def percent(self) -> float:
        """How many of a hundred were found."""
        return 100 * (self.mutants - len(self.unfound)) / self.mutants


def main() -> int:
    """Run all mutants, print the table and the survivors; 1 if mutmut could not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report there as well")
    arguments = parser.parse_args()
    print("mutating; several minutes …", file=sys.stderr, flush=True)
    MUTANTS.mkdir(exist_ok=True)
    with (MUTANTS / "run.log").open("w") as log:
        code = subprocess.run(
            (*_MUTMUT, "run"),
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HYPOTHESIS_PROFILE": "mutation"},
        ).returncode
    if code != 0:
        print(f"expected mutmut to run, got exit {code}; see {log.name}", file=sys.stderr)
        return 1
    scores = [_score(file) for file in sorted(MUTANTS.rglob("*.meta"))]
    report = _report([score for score in scores if score.mutants])
    print(report)
    if arguments.write is not None:
        arguments.write.write_text(report + "\n")
    return 0


def _score(file: Path) -> Score:
    codes: Mapping[str, int | None] = json.loads(file.read_text())["exit_code_by_key"]
    unfound = tuple(name for name, code in codes.items() if code not in _FOUND)
    return Score(file.name.removesuffix(".py.meta"), len(codes), unfound)


def _report(scores: list[Score]) -> str:
    lines = [f"{'module':<14} {'mutants':>7} {'found':>7} {'score':>7}"]
    every = Score(
        "all", sum(s.mutants for s in scores), tuple(n for s in scores for n in s.unfound)
    )
    for score in (*scores, every):
        found = score.mutants - len(score.unfound)
        lines.append(f"{score.module:<14} {score.mutants:>7} {found:>7} {score.percent:>6.1f}%")
    lines += [f"\n{name}\n{_changed(name)}" for score in scores for name in score.unfound]
    return "\n".join(lines)


def _changed(mutant: str) -> str:
    """The lines that the mutant changes, as a diff without its context."""
    shown = subprocess.run((*_MUTMUT, "show", mutant), capture_output=True, text=True).stdout
    changed = (
        line
        for line in shown.splitlines()
        if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")
    )
    return "\n".join(changed)


if __name__ == "__main__":
    sys.exit(main())
