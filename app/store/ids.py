"""Reservation of consecutive ids from a table's id sequence (PostgreSQL) or `AUTOINCREMENT` counter (SQLite)."""

import sqlalchemy as sa


def reserve_ids(connection: sa.Connection, table: sa.Table, count: int) -> int:
    """Reserve `count` consecutive ids and return the first; with 0, return the next id without reserving it."""
    if connection.dialect.name == "sqlite":
        last = _sqlite_last(connection, table)
        connection.execute(_SQLITE_SET, {"name": table.name, "last": last + count})
        return last + 1
    if count:
        _lock_sequence(connection, table)
    last = _postgresql_last(connection, table)
    if count:
        _postgresql_set(connection, table, last + count)
    return last + 1


def skip_ids(connection: sa.Connection, table: sa.Table, last: int) -> None:
    """Advance the sequence past `last`, after rows were inserted with explicit ids."""
    if connection.dialect.name == "sqlite" or _postgresql_last(connection, table) >= last:
        return  # SQLite does it on insert
    _lock_sequence(connection, table)
    _postgresql_set(connection, table, max(last, _postgresql_last(connection, table)))


_SQLITE_LAST = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_SQLITE_NEW = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, 0)")
_SQLITE_SET = sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name")


def _sqlite_last(connection: sa.Connection, table: sa.Table) -> int:
    last: int | None = connection.scalar(_SQLITE_LAST, {"name": table.name})
    if last is None:
        connection.execute(_SQLITE_NEW, {"name": table.name})
    return last or 0


def _lock_sequence(connection: sa.Connection, table: sa.Table) -> None:
    """Lock the sequence until the transaction ends: `nextval` waits only for ALTER SEQUENCE's lock."""
    connection.execute(sa.text(f"ALTER SEQUENCE {table.name}_id_seq INCREMENT BY 1"))


def _postgresql_last(connection: sa.Connection, table: sa.Table) -> int:
    last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table.name}_id_seq"  # noqa: S608
    return int(connection.execute(sa.text(last)).scalar_one())


def _postgresql_set(connection: sa.Connection, table: sa.Table, last: int) -> None:
    connection.execute(sa.text("SELECT setval(:name, :last)"), {"name": f"{table.name}_id_seq", "last": last})
