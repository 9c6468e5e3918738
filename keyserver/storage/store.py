"""One SQLite file, one writer, several readers.

Rules kept here:
- WAL with `synchronous=FULL`: what was answered survives a power cut (measured: WAL with NORMAL
  loses hundreds of acknowledged rows);
- all writes of this process go through one thread, each transaction begins `IMMEDIATE`, so nothing
  is ever upgraded from read to write and nobody is told "database is locked";
- writes that wait together are committed together (group commit): each in a savepoint of its own,
  so that one that fails takes no other with it; an answer is given only after the commit;
- readers see one snapshot each and cannot write.

Other processes (the verbs beside a running server) write with the same rules; they wait for each
other up to `BUSY_SECONDS`. What is written is the services' business: they hand in units of work,
functions of a connection.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool, StaticPool

from keyserver.errors import StoreUnavailable

T = TypeVar("T")

BUSY_SECONDS = 10
MOST_IN_A_GROUP = 64
READERS = 4


@dataclass(slots=True)
class _Job(Generic[T]):
    """A unit of work and the future that its caller waits for."""

    unit: Callable[[sa.Connection], T]
    answer: "Future[T]" = field(default_factory=Future)
    result: T | None = None
    error: BaseException | None = None

    def run(self, connection: sa.Connection) -> None:
        """Do the work in a savepoint; keep what came of it until the commit."""
        try:
            with connection.begin_nested():
                self.result = self.unit(connection)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError):
                raise
            self.error = error
        except Exception as error:  # noqa: BLE001 - why: it is the caller's, who waits elsewhere
            self.error = error

    def tell(self) -> None:
        """Give the caller what came of the work."""
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)  # type: ignore[arg-type] # why: set by run


class Store:
    """The database of one installation, open until `close`."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, which must exist; StoreUnavailable otherwise."""
        if not path.is_file():
            raise StoreUnavailable(
                f"expected the database {path}, got no such file; `keyserver init` makes one"
            )
        self.path = path
        self._writer = make_engine(path, writes=True)
        self._reader = make_engine(path, writes=False)
        self._read_pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._watcher = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        self._watching = threading.Lock()
        self._closed = False
        self._has_written = False
        self._thread = threading.Thread(
            target=self._write_until_closed, name="store-writer", daemon=True
        )
        self._thread.start()

    async def write(self, unit: Callable[[sa.Connection], T]) -> T:
        """Do `unit` in a write transaction; what it returns is durable when this returns."""
        return await asyncio.wrap_future(self._submit(unit))

    async def read(self, unit: Callable[[sa.Connection], T]) -> T:
        """Do `unit` over one snapshot, in a reader's thread."""
        if self._closed:
            raise StoreUnavailable("expected an open database, got one that is closing")
        return await asyncio.get_running_loop().run_in_executor(
            self._read_pool, self._read_once, unit
        )

    async def data_version(self) -> int:
        """A number that differs whenever anybody, in any process, has committed in between."""
        return await asyncio.get_running_loop().run_in_executor(
            self._read_pool, self._read_data_version
        )

    @property
    def has_written(self) -> bool:
        """Whether anything handed in here has been committed."""
        return self._has_written

    def close(self) -> None:
        """Finish the writes that were handed in, then close every connection."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()
            self._read_pool.shutdown()
            self._watcher.close()
            self._reader.dispose()
            self._writer.dispose()

    def _submit(self, unit: Callable[[sa.Connection], T]) -> "Future[T]":
        if self._closed:
            raise StoreUnavailable("expected an open database, got one that is closing")
        job = _Job(unit)
        self._jobs.put(job)
        return job.answer

    def _read_once(self, unit: Callable[[sa.Connection], T]) -> T:
        try:
            with self._reader.begin() as connection:
                return unit(connection)
        except DBAPIError as error:
            raise _unavailable("read", error) from error

    def _read_data_version(self) -> int:
        # SQLite compares with what this very connection saw last, so it needs one of its own.
        try:
            with self._watching:
                return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise _unavailable("read", error) from error

    def _write_until_closed(self) -> None:
        while True:
            group, last = self._next_group()
            if group:
                self._commit(group)
            if last:
                return

    def _next_group(self) -> tuple[list[_Job[Any]], bool]:
        """What waits now, at least one job, and whether it is the last."""
        group: list[_Job[Any]] = []
        job = self._jobs.get()
        while job is not None:
            if job.answer.set_running_or_notify_cancel():
                group.append(job)
            if len(group) == MOST_IN_A_GROUP:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Job[Any]]) -> None:
        try:
            with self._writer.begin() as connection:
                for job in group:
                    job.run(connection)
            self._has_written |= any(job.error is None for job in group)
        except (DBAPIError, sqlite3.Error) as error:
            # Whatever the group did is undone: nobody is told otherwise.
            for job in group:
                job.error = _unavailable("write", error)
        for job in group:
            job.tell()


def make_engine(path: Path, *, writes: bool) -> sa.Engine:
    """An engine over the file at `path`: one connection that writes, or several that read."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
        },
        **({"poolclass": StaticPool} if writes else {"poolclass": QueuePool, "pool_size": READERS}),
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        if writes:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def _unavailable(verb: str, error: DBAPIError | sqlite3.Error) -> StoreUnavailable:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return StoreUnavailable(f"expected to {verb} the database, got: {cause}")
