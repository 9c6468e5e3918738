"""The database's schema: brought up to date by Alembic, and checked before it is served.

Rules kept here:
- the migrations travel in this package; an installation needs no other files;
- every migration runs in one `BEGIN IMMEDIATE` transaction: all of it or nothing (E13);
- a database of a newer schema than this program knows is refused, never touched.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from keyserver.errors import StoreUnavailable
from keyserver.storage.store import make_engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(path: Path) -> str:
    """Make the database at `path`, or migrate it to the schema of this program, which is told.

    StoreUnavailable for a schema that this program does not know.
    """
    engine = make_engine(path, writes=True)
    try:
        with engine.begin() as connection:
            settings = _settings()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
            return MigrationContext.configure(connection).get_current_revision() or ""
    except CommandError as error:
        raise StoreUnavailable(f"expected to migrate {path}, got: {error}") from error
    except DatabaseError as error:
        raise StoreUnavailable(
            f"expected to make the tables in {path}, got: {error.orig}"
        ) from error
    finally:
        engine.dispose()


def check_schema(path: Path) -> None:
    """Return if the database at `path` has the schema of this program; else StoreUnavailable."""
    if not path.is_file():
        raise StoreUnavailable(
            f"expected the database {path}, got no such file; `keyserver init` makes one"
        )
    scripts = ScriptDirectory.from_config(_settings())
    expected = scripts.get_current_head()
    engine = make_engine(path, writes=False)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        raise StoreUnavailable(f"expected a database in {path}, got: {error.orig}") from error
    finally:
        engine.dispose()
    if found != expected:
        is_older = found in {each.revision for each in scripts.walk_revisions()}
        remedy = (
            "save a copy, and run `keyserver migrate`"
            if is_older
            else "use the version of this program that made it"
        )
        raise StoreUnavailable(
            f"expected the schema {expected} in {path}, got {found or 'none'}: {remedy}"
        )


def _settings() -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return settings
