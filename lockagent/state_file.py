"""Files that a power cut leaves whole: either the old content or the new, never between.

Written beside the target, flushed to the disk, renamed over it, and the folder flushed, in that
order; so what `replace_file` has returned from survives a cut, and a cut before that leaves the
old file. A leftover of a broken write is overwritten by the next one. Files are readable by their
owner alone. What is inside, and whether it is to be believed, is left to the reader.
"""

import os
from pathlib import Path

_PRIVATE = 0o600
_BESIDE = ".new"


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` durably; OSError where the disk refuses, the old file then stands."""
    beside = path.with_name(path.name + _BESIDE)
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    try:
        _write_all(opened, content)
        os.fsync(opened)
    except OSError:
        beside.unlink(missing_ok=True)  # on a full disk a part of it would take others' room
        raise
    finally:
        os.close(opened)
    beside.replace(path)
    flush_folder(path.parent)


def read_file(path: Path) -> bytes | None:
    """The content of `path`, None where it has never been written."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def remove_file(path: Path) -> None:
    """Have no file at `path`, durably; OSError where the disk refuses."""
    path.unlink(missing_ok=True)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a rename is not, until this has returned."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write_all(opened: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(opened, view) :]
