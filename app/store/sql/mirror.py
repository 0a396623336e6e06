"""All movies in this process, as pages and searches want them; brought up to date when the database says so."""

from collections.abc import Sequence
from threading import Lock

from sqlalchemy import Connection, bindparam, select

from app.models import Action, Movie, Totals
from app.store.sql.tables import catalogue, changes, movies, read_movie

VERSION = "SELECT version FROM catalogue"
# One statement, which sees one version, whatever is being written beside it.
_NEWS = select(
    catalogue.c.version.label("now"),
    catalogue.c.last_change_id,
    catalogue.c.movie_count,
    catalogue.c.review_count.label("all_reviews"),
    catalogue.c.positive_count.label("all_positive"),
    movies,
).select_from(catalogue.outerjoin(movies, movies.c.changed > bindparam("since")))
_DELETED = select(changes.c.movie_id).where(
    changes.c.version > bindparam("since"),
    changes.c.version <= bindparam("now"),
    changes.c.action == Action.DELETE_MOVIE.value,
)


class Mirror:
    """Movies as of one version of the database, which may be older than the database is. Safe under threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version = -1
        self._last_change_id = -1
        self._movies: dict[int, Movie] = {}
        self._listed: tuple[Movie, ...] = ()
        self._totals = Totals(0, 0, 0)

    def refresh(self, connection: Connection) -> None:
        """Asks what version there is, and for what has changed since this one."""
        version = connection.exec_driver_sql(VERSION).scalar_one()
        if version == self._version:
            return
        with self._lock:
            if version > self._version:
                self._catch_up(connection)

    def find(self, movie_id: int) -> Movie | None:
        return self._movies.get(movie_id)

    def listed(self) -> Sequence[Movie]:
        return self._listed

    def totals(self) -> Totals:
        return self._totals

    def _catch_up(self, connection: Connection) -> None:
        since = self._version
        rows = connection.execute(_NEWS, {"since": since}).all()
        now = rows[0].now
        found = dict(self._movies)
        if rows[0].last_change_id != self._last_change_id:  # reviews come far more often than the log grows
            for movie_id in self._deleted(connection, since, now):
                found.pop(movie_id, None)
        last = next(reversed(found), 0)
        changed = {row.id: read_movie(row) for row in rows if row.id is not None}
        added = changed.keys() - found.keys()
        found |= changed
        if added and (len(added) > 1 or min(added) < last):
            found = dict(sorted(found.items()))
        self._movies, self._listed = found, tuple(found.values())
        self._totals = Totals(rows[0].movie_count, rows[0].all_reviews, rows[0].all_positive)
        self._version, self._last_change_id = now, rows[0].last_change_id

    def _deleted(self, connection: Connection, since: int, now: int) -> Sequence[int]:
        """The movies deleted between two versions; those that came back are among the changed ones."""
        return connection.scalars(_DELETED, {"since": since, "now": now}).all() if since >= 0 else ()
