"""Where the cases nobody in this project wrote are found, and what is said when they are not.

The folder `../shared/vectors` stands beside a developer's checkout; a fresh clone has none. What
the project itself needs on a fresh machine it carries under `tests/vectors/`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def external_vectors(name: str) -> Any:
    """The parsed JSON of `name`, or a skipped test that says where the file was looked for."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"external vectors not here: expected ../shared/vectors/{name}")
    return json.loads(path.read_text())
