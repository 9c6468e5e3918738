"""From one schema to the next: nothing that was kept is lost, and what is new says what was."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from keyserver.errors import StoreUnavailable
from keyserver.services.people.registers import read_registers, subject_of
from keyserver.services.people.revision_records import newest_revision, revision_heads
from keyserver.storage import schema
from keyserver.storage.schema import bring_up_to_date, check_schema
from keyserver.storage.store import make_engine
from policies.public_holidays import norwegian_holidays
from policies.records import RecordKind
from policies.revisions import holidays_text
from policies.vocabulary import Instant, PersonId, TenantId
from tests.keyserver.town_hall import NOW, example

OSLO = TenantId("oslo")
LATER = Instant(NOW + 3_600)
TORSHOV = example("torshov.yaml")

ROWS: dict[str, list[dict[str, Any]]] = {
    "register_file": [{"kind": "places", "content": example("places.yaml"), "imported_at": NOW}],
    "person": [{"person": "nora", "born": "2010-03-01"}, {"person": "bjarne", "born": None}],
    "fact": [
        {
            "person": "nora", "position": 0, "kind": "member", "value": "deichman/youth",
            "starts": None, "ends": None, "source": "library",
        }
    ],
    "revision": [
        {
            "revision": number,
            "sha256": bytes(31) + bytes([number]),
            "holidays": holidays_text(norwegian_holidays()),
            "published_at": at,
        }
        for number, at in ((1, NOW), (2, LATER))
    ],
    "policy_document": [
        {"revision": number, "position": 0, "name": "torshov.yaml", "content": TORSHOV}
        for number in (1, 2)
    ],
    "credential": [
        {
            "cti": b"8 bytes.", "presentation": "thumb", "device": "dev_1", "person": "nora",
            "facility": "torshov", "on_the_way": None, "status_index": 5, "epoch": 1,
            "revision": 2, "not_before": NOW, "expires": LATER, "issued_at": NOW,
            "credential": b"signed", "revoked_at": None,
        }
    ],
}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the first schema with something in it."""
    path = tmp_path / "k.db"
    engine = make_engine(path, writes=True)
    folder = Path(schema.__file__).parent / "migrations"
    with engine.begin() as connection:
        settings = Config()
        settings.set_main_option("script_location", str(folder))
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        for table, rows in ROWS.items():
            for row in rows:
                kept = {"tenant": "oslo"} | row
                names = ", ".join(kept)
                values = ", ".join(f":{name}" for name in kept)
                written = f"INSERT INTO {table} ({names}) VALUES ({values})"
                connection.connection.cursor().execute(written, kept)
    engine.dispose()
    return path


def kept(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables of the first schema, by the columns it had then."""
    with sqlite3.connect(path) as connection:
        return {
            table: connection.execute(
                f"SELECT {', '.join(rows[0])} FROM {table} WHERE tenant = 'oslo' ORDER BY rowid"
            ).fetchall()
            for table, rows in ROWS.items()
        }


def test_a_database_of_the_first_schema_is_refused_until_it_is_brought_up(old: Path) -> None:
    with pytest.raises(StoreUnavailable, match="got 0001"):
        check_schema(old)
    bring_up_to_date(old)
    check_schema(old)


def test_what_was_there_is_there_afterwards(old: Path) -> None:
    before = kept(old)
    bring_up_to_date(old)
    assert kept(old) == before
    bring_up_to_date(old)
    assert kept(old) == before


def test_what_was_published_governs_from_its_publication_on(old: Path) -> None:
    bring_up_to_date(old)
    with make_engine(old, writes=False).connect() as connection:
        heads = revision_heads(connection, OSLO)
        newest = newest_revision(connection, OSLO)
        first = read_registers(connection, OSLO, NOW)
        second = read_registers(connection, OSLO, LATER)
    assert [(one.number, one.based_on, one.active_from) for one in heads] == [
        (1, 0, NOW),
        (2, 1, LATER),
    ]
    assert {one.author for one in heads} == {"administrator"}
    assert newest is not None
    assert newest.content.documents == (("torshov.yaml", TORSHOV),)
    assert newest.content.holidays == norwegian_holidays()
    assert first is not None
    assert second is not None
    assert (first.in_force(NOW).number, second.in_force(LATER).number) == (1, 2)


def test_nobody_has_a_household_and_no_record_was_read(old: Path) -> None:
    bring_up_to_date(old)
    with make_engine(old, writes=False).connect() as connection:
        nora = subject_of(connection, OSLO, PersonId("nora"))
        registers = read_registers(connection, OSLO, LATER)
    assert nora is not None
    assert (nora.household, nora.is_protected, len(nora.facts)) == (None, False, 1)
    assert registers is not None
    assert registers.records.unread == frozenset(RecordKind)
    assert registers.switches == {}
