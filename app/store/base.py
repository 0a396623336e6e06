"""Base of the store: transactions, the cache of movies, the audit log and the purge of old deletions."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from time import sleep
from typing import Any, TypeVar

import sqlalchemy as sa

from app.errors import NotFound
from app.models import UNDO_HOURS, AuditAction, AuditEntry, CatalogueTotals, Movie, format_utc
from app.store.engine import TITLES_LOCK, Database, take_lock
from app.store.movie_cache import MovieCache
from app.store.tables import AUDIT_COLUMNS, audit_log, merged_reviews, movies, reviews

T = TypeVar("T")
Clock = Callable[[], datetime]
BATCH = 500
"""Maximum number of rows of one statement, and of one transaction of an operation split into several."""
_YIELD_SECONDS = 0.0001  # not 0: gevent polls sockets only after 50 sleeps of 0 seconds
_MAX_ID = 2**63 - 1
_MAX_SUMMARY_LENGTH = 120
_REVERSIBLE: Collection[AuditAction] = (
    AuditAction.DELETE_MOVIE,
    AuditAction.DELETE_REVIEW,
    AuditAction.MERGE_MOVIES,
)
_ENTRIES = sa.select(*AUDIT_COLUMNS)


class StoreBase:
    """A database with the cache of its movies and its audit log."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now
        self._cache = MovieCache()

    @property
    def durable(self) -> bool:
        """Return whether the data survives a restart of the process."""
        return not self._database.in_memory

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable` if the database cannot be read."""
        self._refreshed()

    def close(self) -> None:
        """Close all connections; data in memory is lost."""
        self._database.close()

    def movies(self) -> Sequence[Movie]:
        """Return all movies by id; the same object until one of them changes."""
        return self._refreshed().movies

    def movie(self, movie_id: int) -> Movie:
        try:
            return self._refreshed().by_id[movie_id]
        except KeyError:
            raise NotFound("movie", movie_id) from None

    def has_movie(self, movie_id: int) -> bool:
        """Return whether the movie exists, without a query if it did at the last one: it may be deleted meanwhile."""
        return movie_id in self._cache.by_id or movie_id in self._refreshed().by_id

    def totals(self) -> CatalogueTotals:
        return CatalogueTotals.of(self.movies())

    def audit_log(self, offset: int = 0, limit: int = 50) -> tuple[list[AuditEntry], int]:
        """Return a slice of the audit log, newest first, and the total number of entries."""
        newest = _ENTRIES.order_by(audit_log.c.id.desc()).offset(offset).limit(limit)
        with self._database.read() as connection:
            entries = [self._entry(row) for row in connection.execute(newest)]
            total = connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one()
        return entries, int(total)

    def audit_entry(self, change_id: int) -> AuditEntry:
        with self._database.read() as connection:
            return self._find_entry(connection, change_id)

    def add_audit_entry(self, action: AuditAction, summary: str, who: str = "") -> AuditEntry:
        """Log an operation that consists of several transactions."""
        with self._write() as connection:
            return self._log(connection, action, who, summary)

    @contextmanager
    def _write(self, *, titles: bool = False) -> Iterator[sa.Connection]:
        """Begin a transaction; lock all titles if it may add or change one, to keep movies' keys unique."""
        with self._database.write() as connection:
            if titles:
                take_lock(connection, TITLES_LOCK)
            yield connection

    def _rows(self, query: sa.Select[Any], **parameters: Any) -> Sequence[Any]:
        with self._database.read() as connection:
            return connection.execute(query, parameters).all()

    def _scalars(self, query: sa.Select[Any]) -> list[Any]:
        return [value for (value,) in self._rows(query)]

    def _until_empty(self, query: sa.Select[Any]) -> Iterator[list[Any]]:
        """Repeat the query and yield its values until there are none; other greenlets run after each batch."""
        while found := self._scalars(query.limit(BATCH)):
            yield found
            yield_to_others()

    def _refreshed(self) -> MovieCache:
        with self._database.read() as connection:
            self._cache.refresh(connection)
        return self._cache

    def _log(
        self,
        connection: sa.Connection,
        action: AuditAction,
        who: str,
        summary: str,
        movie_id: int | None = None,
        review_id: int | None = None,
        before: str = "",
    ) -> AuditEntry:
        values: dict[str, Any] = {
            "at": format_utc(self._now()),
            "who": who,
            "action": action,
            "movie_id": movie_id,
            "review_id": review_id,
            "summary": truncate(summary),
            "before": before,
        }
        entry_id = new_id(connection.execute(audit_log.insert(), values))
        return self._with_undoable(AuditEntry(id=entry_id, **values))

    def _find_entry(self, connection: sa.Connection, change_id: int) -> AuditEntry:
        check_range("change", change_id)
        row = connection.execute(_ENTRIES.where(audit_log.c.id == change_id)).one_or_none()
        if row is None:
            raise NotFound("change", change_id)
        return self._entry(row)

    def _entry(self, row: sa.Row[Any]) -> AuditEntry:
        return self._with_undoable(AuditEntry(**row._mapping))

    def _with_undoable(self, entry: AuditEntry) -> AuditEntry:
        """Return the entry with `undoable` set: True for recent deletions, merges and imports that were not undone."""
        is_reversible = entry.action in _REVERSIBLE or entry.import_id is not None
        return replace(entry, undoable=is_reversible and not entry.undone_at and entry.at > self._undo_cutoff())

    def _undo_cutoff(self) -> str:
        """Return the timestamp of the newest entries that are too old to be undone."""
        return format_utc(self._now() - timedelta(hours=UNDO_HOURS))

    def _purge(self) -> None:
        """Delete the rows of deletions that can no longer be undone, in several transactions."""
        expired = sa.select(sa.func.max(audit_log.c.id)).where(audit_log.c.at <= self._undo_cutoff())
        newest = self._scalars(expired)[0] or 0
        for ids in self._until_empty(sa.select(reviews.c.id).where(reviews.c.deleted_by <= newest)):
            with self._write() as connection:
                connection.execute(reviews.delete().where(reviews.c.id.in_(ids), reviews.c.deleted_by <= newest))
                connection.execute(audit_log.update().where(audit_log.c.review_id.in_(ids)).values(before=""))
        # Keep the newest version: in SQLite the next version is computed from it.
        is_old = (movies.c.deleted_by <= newest) & (
            movies.c.version < sa.select(sa.func.max(movies.c.version)).scalar_subquery()
        )
        is_old &= movies.c.merged_into.is_(None)  # the URL of a merged movie is redirected without a time limit
        for ids in self._until_empty(sa.select(movies.c.id).where(is_old)):
            with self._write() as connection:
                connection.execute(movies.delete().where(movies.c.id.in_(ids), movies.c.deleted_by <= newest))
        for ids in self._until_empty(
            sa.select(merged_reviews.c.change_id).where(merged_reviews.c.change_id <= newest).distinct()
        ):
            with self._write() as connection:
                connection.execute(merged_reviews.delete().where(merged_reviews.c.change_id.in_(ids)))


def truncate(summary: str) -> str:
    return summary if len(summary) <= _MAX_SUMMARY_LENGTH else summary[: _MAX_SUMMARY_LENGTH - 1] + "…"


def check_range(kind: str, item_id: int) -> None:
    if not 0 < item_id <= _MAX_ID:
        raise NotFound(kind, item_id)


def new_id(inserted: sa.CursorResult[Any]) -> int:
    (new_id,) = inserted.inserted_primary_key or (0,)
    return int(new_id)


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def yield_to_others() -> None:
    """Let other greenlets run. A long loop blocks the gevent worker unless it calls this every few milliseconds."""
    sleep(_YIELD_SECONDS)
