"""Rank 1. Keeps movies and reviews. Imports models, protocols and errors; knows no Flask and no model."""

import atexit

from app.protocols import Store


def open_store(url: str = "") -> Store:
    """The store that `DATABASE_URL` asks for: in memory when it is empty.

    Raises `app.errors.SettingsError` when that database cannot be used.
    """
    if not url:
        from app.store.memory import MemoryStore

        return MemoryStore()
    from app.store.sql import open_sql  # here: without a database, SQLAlchemy's memory and start are saved

    store = open_sql(url)
    atexit.register(store.close)  # SQLite's log goes back into its file, which can then be copied by itself
    return store
