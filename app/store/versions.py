"""SQL functions for the versions of movies, by which a process finds the movies that changed since its last refresh.

In SQLite, where one transaction writes at a time, a version is the next number. In PostgreSQL it is the id of the
writing transaction: a counter would be one row that all writers lock, and numbers of a sequence do not become visible
in their order. All transactions older than `pg_snapshot_xmin` have ended; changes by newer ones are read again.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class current_version(FunctionElement[int]):  # noqa: N801  # named as SQL functions are
    """Version of the movies that the current transaction changes."""

    inherit_cache = True
    type = sa.BigInteger()


class oldest_unseen_version(FunctionElement[int]):  # noqa: N801
    """Smallest version whose changes may not be visible to the statement yet."""

    inherit_cache = True
    type = sa.BigInteger()


@compiles(current_version, "sqlite")
@compiles(oldest_unseen_version, "sqlite")
def _next_number(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "(SELECT coalesce(max(version), 0) + 1 FROM movies)"


@compiles(current_version, "postgresql")
def _transaction(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(oldest_unseen_version, "postgresql")
def _snapshot(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def reset_foreign_versions(connection: sa.Connection) -> None:
    """Reset versions newer than any transaction, from another cluster's dump: each refresh would read them again."""
    if connection.dialect.name == "postgresql":
        newer = "version >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        connection.execute(sa.text(f"UPDATE movies SET version = 0 WHERE {newer}"))  # noqa: S608  # no input in it
