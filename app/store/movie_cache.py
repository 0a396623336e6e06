"""In-process cache of the movies table, which lists and searches need in full at each request.

Each movie has the version of its last change, by which a process finds the movies that changed since its last refresh.
In SQLite, where one transaction writes at a time, a version is the next number. In PostgreSQL it is the id of the
writing transaction: a counter would be one row that all writers lock, and numbers of a sequence do not become visible
in their order. All transactions older than `pg_snapshot_xmin` have ended; changes by newer ones are read again.
"""

from collections.abc import Iterator, Sequence
from math import inf
from threading import Lock
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.models import Movie
from app.store.tables import MOVIE_COLUMNS, movies


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
def _compile_next_number(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "(SELECT coalesce(max(version), 0) + 1 FROM movies)"


@compiles(current_version, "postgresql")
def _compile_transaction_id(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(oldest_unseen_version, "postgresql")
def _compile_snapshot_xmin(element: object, compiler: SQLCompiler, **options: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def reset_foreign_versions(connection: sa.Connection) -> None:
    """Reset versions newer than any transaction, from another cluster's dump: each refresh would read them again."""
    if connection.dialect.name == "postgresql":
        newer = "version >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        connection.execute(sa.text(f"UPDATE movies SET version = 0 WHERE {newer}"))  # noqa: S608  # no input in it


_MAX_AGE = 3_600
"""Seconds without a refresh after which all movies are read again, as the rows of old deletions are gone by then."""
_now = sa.select(oldest_unseen_version().label("now")).subquery()
# One statement, so that the version and the movies come from one snapshot.
_CHANGED = sa.select(_now.c.now, movies.c.deleted_by, *MOVIE_COLUMNS).select_from(
    _now.outerjoin(movies, movies.c.version >= sa.bindparam("since"))
)


class MovieCache:
    """All movies at the last `refresh`, by id and in a tuple ordered by id. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since = 0
        self._refreshed = -inf
        self.by_id: dict[int, Movie] = {}
        self.movies: tuple[Movie, ...] = ()

    def refresh(self, connection: sa.Connection) -> None:
        """Read the changed movies. Without changes, `movies` stays the same object."""
        is_old = monotonic() - self._refreshed > _MAX_AGE
        before = self.movies
        rows = _read(connection, 0 if is_old else self._since)
        if is_old or self._has_changes(rows):
            with self._lock:
                if self.movies is not before:  # another thread refreshed, perhaps with newer rows
                    rows = _read(connection, 0 if is_old else self._since)
                self._store({} if is_old else dict(self.by_id), rows)
                self._since = rows[0].now
        self._refreshed = monotonic()

    def _has_changes(self, rows: Sequence[sa.Row[Any]]) -> bool:
        return any(self.by_id.get(movie_id) != movie for movie_id, movie in _changes(rows))

    def _store(self, found: dict[int, Movie], rows: Sequence[sa.Row[Any]]) -> None:
        """Replace the cached movies by `found` updated with the changes in `rows`."""
        for movie_id, movie in _changes(rows):
            if movie is None:
                found.pop(movie_id, None)
            else:
                found[movie_id] = movie
        ids = sorted(found)
        self.by_id = found if ids == list(found) else {movie_id: found[movie_id] for movie_id in ids}
        self.movies = tuple(self.by_id.values())


def _read(connection: sa.Connection, since: int) -> Sequence[sa.Row[Any]]:
    return connection.execute(_CHANGED, {"since": since}).all()


def _changes(rows: Sequence[sa.Row[Any]]) -> Iterator[tuple[int, Movie | None]]:
    """Yield the id of each changed movie with the movie, or None if it was deleted."""
    for row in rows:
        if row.id is not None:  # without changes, the outer join has one empty row
            movie = Movie(**{column.name: row._mapping[column.name] for column in MOVIE_COLUMNS})
            yield movie.id, None if row.deleted_by is not None else movie
