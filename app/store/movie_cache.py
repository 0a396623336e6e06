"""In-process cache of the movies table, which lists and searches need in full at each request."""

from collections.abc import Iterator, Sequence
from math import inf
from threading import Lock
from time import monotonic
from typing import Any

import sqlalchemy as sa

from app.models import Movie
from app.store.tables import MOVIE_COLUMNS, movies
from app.store.versions import oldest_unseen_version

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
        self.by_id = dict(sorted(found.items()))
        self.movies = tuple(self.by_id.values())


def _read(connection: sa.Connection, since: int) -> Sequence[sa.Row[Any]]:
    return connection.execute(_CHANGED, {"since": since}).all()


def _changes(rows: Sequence[sa.Row[Any]]) -> Iterator[tuple[int, Movie | None]]:
    """Yield the id of each changed movie with the movie, or None if it was deleted."""
    for row in rows:
        if row.id is not None:  # without changes, the outer join has one empty row
            movie = Movie(**{column.name: row._mapping[column.name] for column in MOVIE_COLUMNS})
            yield movie.id, None if row.deleted_by is not None else movie
