"""The store: movies and reviews in a database. Imports models and errors; knows no Flask and no model."""

import atexit

from sqlalchemy.exc import SQLAlchemyError

from app.errors import SettingsError, StoreUnavailable
from app.store.clock import Clock, utc_now
from app.store.engine import Database
from app.store.migrate import upgrade
from app.store.store import Store
from app.store.tables import metadata
from app.store.url import as_settings_error, parse_url
from app.store.versions import reset_foreign_versions

__all__ = ["Store", "open_store"]


def open_store(url: str = "", now: Clock = utc_now) -> Store:
    """Open the store of `DATABASE_URL`, its tables created or migrated; in memory, if it is empty.

    Raise `app.errors.SettingsError`, one line without the password, where that database cannot be used.
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
    atexit.register(store.close)  # SQLite's log goes back into its file, which can then be copied by itself
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
