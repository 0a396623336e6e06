"""Versions of movies: a process reads again only the movies whose version is not older than its last look.

In SQLite, where one transaction writes at a time, a version is the next number. In PostgreSQL it is the id of the
writing transaction: a counter would be one row that all writers wait for, and a sequence's numbers become visible in
another order than they are drawn. Transactions older than `pg_snapshot_xmin` have all ended, and are seen or rolled
back; what newer ones write is read again.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class current_version(FunctionElement[int]):  # noqa: N801  # named as SQL functions are
    """The version that the running transaction gives to the movies it changes."""

    inherit_cache = True
    type = sa.BigInteger()


class oldest_unseen_version(FunctionElement[int]):  # noqa: N801
    """The oldest version that a statement may not have seen."""

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
    """Forget versions that a dump brought from a cluster of more transactions: they would be read again each time."""
    if connection.dialect.name == "postgresql":
        newer = "version >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        connection.execute(sa.text(f"UPDATE movies SET version = 0 WHERE {newer}"))  # noqa: S608  # no input in it
