"""Migrates a database's tables to the newest schema; of several processes that start at once, one does it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.errors import SettingsError

SCHEMA = "0002"
"""The newest revision under `migrations/versions`. Revisions are numbers in order."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_160_823_401  # any number, as long as it never changes


def upgrade(connection: Connection) -> None:
    """Create or alter the tables, within the connection's transaction.

    Raise `app.errors.SettingsError` where a newer version of the site has altered them already.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction excludes other writers by itself
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
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
    from alembic import command  # here: most starts find nothing to do, and need not load it
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    command.upgrade(config, "head")
