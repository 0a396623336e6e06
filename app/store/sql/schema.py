"""Brings a database's tables to what this version of the site knows; of several processes that start, one does it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.errors import SettingsError

SCHEMA = "0001"
"""The newest revision under `migrations/versions`. Revisions are numbers in order."""
_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7_160_823_401  # any number, so long as it is always the same


def upgrade(connection: Connection) -> None:
    """Makes or alters the tables, within the connection's transaction.

    Raises `app.errors.SettingsError` when a newer version of the site has altered them already.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction keeps others out by itself
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    there = _revision(connection)
    if there > SCHEMA:
        raise SettingsError(
            f"its schema {there} is newer than {SCHEMA}, the newest that this version of the site knows"
        )
    if there < SCHEMA:
        _migrate(connection)


def _revision(connection: Connection) -> str:
    """What the database is at; empty for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def _migrate(connection: Connection) -> None:
    from alembic import command  # here: most starts find nothing to do, and need not load it
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    command.upgrade(config, "head")
