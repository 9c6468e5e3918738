"""The store: nobody is told "locked", what was answered is durable, and the schema is one."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from keyserver.errors import StoreUnavailable
from keyserver.storage.schema import bring_up_to_date, check_schema
from keyserver.storage.store import Store, make_engine
from keyserver.storage.tables import counter, metadata

WRITERS, EACH = 16, 25
_INSERT = sa.insert(counter)
_COUNT = sa.select(sa.func.count()).select_from(counter)

WRITE_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
import sqlalchemy as sa
from keyserver.storage.store import Store
from keyserver.storage.tables import counter

async def main():
    store = Store(Path(sys.argv[1]))
    for number in range(20):
        row = {"tenant": "t", "name": f"n{number}", "value": number}
        await store.write(lambda connection: connection.execute(sa.insert(counter), row))
        print(number, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A fresh database of this schema."""
    path = tmp_path / "k.db"
    bring_up_to_date(path)
    return path


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    """A store over a fresh database."""
    opened = Store(database)
    yield opened
    opened.close()


async def _add(store: Store, name: str) -> None:
    row = {"tenant": "t", "name": name, "value": 1}
    await store.write(lambda connection: connection.execute(_INSERT, row))


async def _count(store: Store) -> int:
    return await store.read(lambda connection: connection.execute(_COUNT).scalar_one())


async def test_E12_sixteen_writers_at_once_all_succeed(store: Store) -> None:
    async def writer(name: int) -> None:
        for number in range(EACH):
            await _add(store, f"{name} {number}")

    await asyncio.gather(*(writer(name) for name in range(WRITERS)))
    assert await _count(store) == WRITERS * EACH


async def test_E12_writers_of_several_processes_wait_for_each_other(
    store: Store, database: Path
) -> None:
    others = [Store(database) for _ in range(3)]
    try:
        await asyncio.gather(
            *(_add(each, f"{which} {n}") for n in range(20) for which, each in enumerate(others)),
            *(_add(store, f"mine {n}") for n in range(20)),
        )
    finally:
        for other in others:
            other.close()
    assert await _count(store) == 80


def test_E12_what_was_answered_survives_a_kill(database: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, str(database)], capture_output=True, text=True
    )
    answered = len(died.stdout.split())
    assert died.returncode == -9
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM counter").fetchone()[0] == answered == 20


def test_the_database_is_wal_and_synchronous_full(database: Path) -> None:
    with make_engine(database, writes=True).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


async def test_a_write_that_fails_takes_no_other_of_its_group_with_it(store: Store) -> None:
    await _add(store, "taken")
    answers = await asyncio.gather(
        *(_add(store, name) for name in ("a", "taken", "b")), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [type(None), IntegrityError, type(None)]
    assert await _count(store) == 3


async def test_a_write_that_fails_leaves_nothing_of_itself(store: Store) -> None:
    def unit(connection: sa.Connection) -> None:
        connection.execute(_INSERT, {"tenant": "t", "name": "half", "value": 1})
        raise LookupError("expected to be undone")

    with pytest.raises(LookupError):
        await store.write(unit)
    assert await _count(store) == 0


async def test_a_reader_cannot_write(store: Store) -> None:
    row = {"tenant": "t", "name": "x", "value": 1}
    with pytest.raises(StoreUnavailable):
        await store.read(lambda connection: connection.execute(_INSERT, row))
    assert await _count(store) == 0


async def test_a_commit_of_another_process_changes_the_data_version(
    store: Store, database: Path
) -> None:
    before = await store.data_version()
    assert await store.data_version() == before
    other = Store(database)
    await _add(other, "elsewhere")
    other.close()
    assert await store.data_version() != before


async def test_a_closed_store_is_unavailable(database: Path) -> None:
    closed = Store(database)
    closed.close()
    with pytest.raises(StoreUnavailable):
        await _add(closed, "late")


def test_the_migrations_make_exactly_the_tables(database: Path) -> None:
    with make_engine(database, writes=False).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_key_begins_with_the_tenant() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "tenant", table.name


def test_a_database_of_another_schema_is_refused(database: Path) -> None:
    check_schema(database)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="expected the schema 0002"):
        check_schema(database)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "k.db"
    path.write_text("this is a shopping list, and no database at all" * 100)
    with pytest.raises(StoreUnavailable, match="expected a database"):
        check_schema(path)


def test_a_missing_database_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no such file"):
        Store(tmp_path / "k.db")
    assert not (tmp_path / "k.db").exists()


async def test_E09_a_damaged_file_is_unavailable_to_readers_in_one_sentence(
    database: Path,
) -> None:
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(256)) * ((size - 4096) // 256))
    store = Store(database)
    try:
        with pytest.raises(StoreUnavailable, match="expected to read the database, got: "):
            await store.read(lambda connection: connection.execute(_COUNT).scalar_one())
    finally:
        store.close()


async def test_a_write_that_began_is_finished_though_its_caller_gives_up(store: Store) -> None:
    loop = asyncio.get_running_loop()
    begun, may_end = asyncio.Event(), threading.Event()

    def unit(connection: sa.Connection) -> None:
        connection.execute(_INSERT, {"tenant": "t", "name": "slow", "value": 1})
        loop.call_soon_threadsafe(begun.set)
        may_end.wait(10)

    writing = asyncio.create_task(store.write(unit))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    may_end.set()
    store.close()
    assert store.has_written
    with sqlite3.connect(store.path) as kept:
        assert kept.execute("SELECT count(*) FROM counter").fetchone() == (1,)


async def test_a_write_that_failed_has_not_written(store: Store) -> None:
    def unit(connection: sa.Connection) -> None:
        connection.execute(_INSERT, {"tenant": "t", "name": "undone", "value": 1})
        raise KeyError

    with pytest.raises(KeyError):
        await store.write(unit)
    assert not store.has_written
