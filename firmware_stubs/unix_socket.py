"""How long the path of a unix socket may be: the kernel refuses a longer one without saying why.

Standard library only.
"""

import os
from pathlib import Path

LONGEST_PATH_BYTES = 107
"""What `sun_path` holds on Linux beside its final zero (unix(7))."""


def excess_bytes(path: str | Path) -> int:
    """How many bytes `path` has too many; 0 or less where it fits."""
    return len(os.fsencode(path)) - LONGEST_PATH_BYTES
