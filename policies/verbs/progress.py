"""What is under way, told on stderr once it has taken a second.

A terminal sees one line that counts the seconds and is wiped at the end; any other reader one line
when it is clear that this takes long, and one when it is done.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

PATIENCE_SECONDS = 1.0
_WIPE = "\r\x1b[2K"


@contextmanager
def under_way(
    what: str, stream: TextIO | None = None, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Tell readers of `stream` (stderr unless given) of the block, where it takes long."""
    told = _Telling(what, sys.stderr if stream is None else stream)
    teller = threading.Thread(target=told.wait, args=(patience_seconds,), daemon=True)
    teller.start()
    try:
        yield
        told.is_well_done = True
    finally:
        told.is_over.set()
        teller.join()


class _Telling:
    """What a second thread says while the first one works."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self.is_over = threading.Event()
        self.is_well_done = False
        self._what = what
        self._stream = stream
        self._since = time.monotonic()

    def wait(self, patience_seconds: float) -> None:
        """Say nothing for so long, then what is under way until it is over."""
        if self.is_over.wait(patience_seconds):
            return
        try:
            if self._stream.isatty():
                self._count()
            else:
                self._say_twice()
        except OSError:
            return  # nobody reads stderr any more: the work goes on

    def _count(self) -> None:
        while True:
            self._write(f"{_WIPE}{self._what} ... {self._elapsed()}")
            if self.is_over.wait(PATIENCE_SECONDS):
                break
        self._write(_WIPE)

    def _say_twice(self) -> None:
        self._write(f"{self._what} ...\n")
        self.is_over.wait()
        if self.is_well_done:
            self._write(f"{self._what}: done in {self._elapsed()}\n")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._since:.0f} s"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
