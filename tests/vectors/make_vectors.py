"""Writes every suite to its JSON beside this file: `python -m tests.vectors.make_vectors`.

`test_vectors.py` fails when a file differs from its cases, so the files are written by nobody's
hand.
"""

from pathlib import Path

from tests.vectors.case import compile_suite
from tests.vectors.cases import SUITES

FOLDER = Path(__file__).parent


def main() -> None:
    """Write the files, and say how many cases each has."""
    for suite in SUITES:
        path = FOLDER / f"{suite.kind}.json"
        path.write_text(compile_suite(suite))
        print(f"{path.name}: {len(suite.cases)} cases")


if __name__ == "__main__":
    main()
