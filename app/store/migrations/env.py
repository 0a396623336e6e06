"""Alembic runs this for each upgrade: on the connection, and within the transaction, that it is handed."""

from alembic import context

from app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's is, once nobody commits behind our back
)
context.run_migrations()
