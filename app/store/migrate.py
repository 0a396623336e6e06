"""Migration of the database to the newest schema, by one of the processes that start at the same time."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.errors import SettingsError
from app.store.engine import MIGRATION_LOCK, take_lock

_MIGRATIONS = Path(__file__).with_name("migrations")
SCHEMA = max(path.name for path in _MIGRATIONS.glob("versions/[0-9]*.py"))[:4]
"""The newest revision under `migrations/versions`. Revisions are consecutive numbers."""


def upgrade(connection: Connection) -> None:
    """Create or migrate the tables, within the connection's transaction.

    Raise `app.errors.SettingsError` if the schema is newer than this version of the site.
    """
    take_lock(connection, MIGRATION_LOCK)
    current = _revision(connection)
    if current > SCHEMA:
        raise SettingsError(
            f"its schema {current} is newer than {SCHEMA}, the newest that this version of the site knows"
        )
    if current < SCHEMA:
        _migrate(connection)


def _revision(connection: Connection) -> str:
    """Return the database's revision; empty for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def _migrate(connection: Connection) -> None:
    from alembic import command  # imported here: most starts need no migration
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    command.upgrade(config, "head")
