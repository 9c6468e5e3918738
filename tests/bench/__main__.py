"""`python -m tests.bench [--write FILE]`: measure, print the table, write the numbers.

The file holds each measure by its name as a number, and the goals. A goal that is missed is shown
and is not a failure: a machine may be slow, and the numbers are for people to judge.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import (
    after_message_3,
    bounds,
    door_presentation,
    policy_cedar,
    policy_decisions,
    policy_population,
    sizes,
    unlock_time,
)
from tests.bench.measuring import Measure


def main() -> int:
    """Run all, or say what could not be written."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the numbers as JSON")
    arguments = parser.parse_args()
    measures = asyncio.run(_all())
    print(_table(measures))
    if arguments.write is not None:
        try:
            arguments.write.write_text(_json(measures))
        except OSError as error:
            print(f"expected to write {arguments.write}, got: {error.strerror}", file=sys.stderr)
            return 1
    return 0


async def _all() -> list[Measure]:
    measures = [*door_presentation.measure()]
    with tempfile.TemporaryDirectory(dir=".") as folder:  # a disk, where /tmp may be memory
        measures += await after_message_3.measure(Path(folder) / "after")
        measures += sizes.measure()
        measures += await unlock_time.measure(Path(folder))
    measures += bounds.measure()
    return measures + [
        measure
        for of_policies in (policy_decisions, policy_population, policy_cedar)
        for measure in of_policies.measure()
    ]


def _table(measures: list[Measure]) -> str:
    width = max(len(each.name) for each in measures)
    lines = [f"{'measure':{width}}  {'goal':>8}  {'measured':>8}       of"]
    for each in measures:
        mark = "met" if each.is_met else "MISSED"
        goal = f"{'≥' if each.at_least else '≤'} {_number(each.goal)}"
        lines.append(
            f"{each.name:{width}}  {goal:>8}  {_number(each.measured):>8}  {mark:<6} {each.note}"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _json(measures: list[Measure]) -> str:
    numbers: dict[str, object] = {each.name: round(each.measured, 3) for each in measures}
    goals = {each.name: each.goal for each in measures}
    return json.dumps({**numbers, "goals": goals}, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
