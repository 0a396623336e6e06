"""Storage of movies and reviews in SQLite or PostgreSQL."""

import atexit
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from app.errors import SettingsError, StoreUnavailable
from app.store.base import Clock
from app.store.engine import Database, as_settings_error, parse_url
from app.store.migrate import upgrade
from app.store.movie_cache import reset_foreign_versions
from app.store.store import Store
from app.store.tables import metadata

__all__ = ["Store", "open_store"]


def open_store(url: str = "", now: Clock = lambda: datetime.now(UTC)) -> Store:
    """Open the database at `url` and create or migrate its tables; an empty `url` means a database in memory.

    Raise `app.errors.SettingsError`, with a one-line message without the password, if the database cannot be used.
    """
    if not url:
        return _open(Database(None), now)
    address = parse_url(url)
    try:
        store = _open(Database(address), now)
    except (SettingsError, SQLAlchemyError, ImportError) as error:
        raise as_settings_error(address, error) from None
    except StoreUnavailable as error:
        raise as_settings_error(address, error.__cause__ or error) from None
    atexit.register(store.close)  # checkpoints SQLite's write-ahead log, so that the file can be copied alone
    return store


def _open(database: Database, now: Clock) -> Store:
    try:
        with database.write() as connection:
            if database.in_memory:
                metadata.create_all(connection)
            else:
                upgrade(connection)
                reset_foreign_versions(connection)
        store = Store(database, now)
        store.check()
    except BaseException:
        database.close()
        raise
    return store
