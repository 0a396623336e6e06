"""Alembic environment: runs the migrations on the given connection, within its transaction."""

from alembic import context

from app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true for SQLite, too, as sqlite3's implicit commits are off (engine.py)
)
context.run_migrations()
