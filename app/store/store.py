"""Store of movies, reviews, corrections and the audit log, in SQLite (in memory or a file) or PostgreSQL.

Lock order in PostgreSQL, to prevent deadlocks: first the advisory lock on titles (adding, renaming or merging
movies), then that on merges (exclusive for a merge, shared for changing reviews), then the rows of movies by id, then
those of reviews.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

import sqlalchemy as sa

from app.errors import AlreadyExists, NotFound, UndoExpired
from app.models import AuditAction, AuditEntry, Correction, Movie, Review, format_utc
from app.store.base import batched, truncate
from app.store.movie_cache import current_version
from app.store.movies import MovieStore, check_unique, lock_movie, separate_movies, set_movies_deleted
from app.store.readers import ReaderStore
from app.store.reviews import (
    ALL_REVIEWS,
    ReviewStore,
    add_to_counts,
    lock_reviews,
    read_reviews,
    review_values,
    set_reviews_deleted,
)
from app.store.tables import active_movie, active_review, audit_log, corrections, movies, reviews

T = TypeVar("T")


class Store(MovieStore, ReviewStore, ReaderStore):
    """The site's data, with imports and undo. Thread-safe. Ids start at 1, increase and are never reused.

    `who` is the actor in the audit log. Every method may raise `app.errors.StoreUnavailable`, and those that take an
    id may raise `app.errors.NotFound`.
    """

    def reserve_ids(self, movie_count: int, review_count: int) -> tuple[int, int]:
        """Reserve ids for movies and reviews; return the first of each (the next free id where the count is 0)."""
        with self._write() as connection:
            return _reserve_ids(connection, movies, movie_count), _reserve_ids(connection, reviews, review_count)

    def add_all(
        self,
        added_movies: Sequence[Movie],
        added_reviews: Sequence[Review],
        added_corrections: Sequence[Correction] = (),
        *,
        import_id: int | None = None,
    ) -> None:
        """Add complete rows in one transaction; movies' counts are recomputed. `import_id` is from `begin_import`.

        Raise `app.errors.AlreadyExists` if a movie's key or an id is in use (an id also by a row that can be restored),
        and `app.errors.NotFound` if a review's movie or a correction's review is missing.
        """
        with self._write(titles=bool(added_movies)) as connection:
            _add_movies(connection, added_movies, import_id)
            _add_reviews(connection, added_reviews, import_id)
            ids = dict.fromkeys(correction.review_id for correction in added_corrections)
            _check_references("review", ids, _existing(connection, reviews.c.id, ids, active_review))
            for batch in batched(added_corrections):
                connection.execute(corrections.insert(), [asdict(correction) for correction in batch])

    def begin_import(self, summary: str, who: str = "") -> int:
        """Log an import. Return its number, for `add_all`; `undo` of this entry deletes its rows."""
        with self._write() as connection:
            entry = self._log(connection, AuditAction.IMPORT, who, summary)
            connection.execute(audit_log.update().where(audit_log.c.id == entry.id).values(import_id=entry.id))
        return entry.id

    def finish_import(self, import_id: int, summary: str) -> None:
        """Set the summary of the import's entry."""
        with self._write() as connection:
            connection.execute(audit_log.update().where(audit_log.c.id == import_id).values(summary=truncate(summary)))

    def cancel_import(self, import_id: int) -> None:
        """Delete the rows and the entry of a failed import."""
        self._delete_imported(import_id)
        with self._write() as connection:
            connection.execute(audit_log.delete().where(audit_log.c.id == import_id))

    def undo(self, change_id: int, who: str = "") -> AuditEntry:
        """Undo a deletion, a merge of movies or an import; return its entry with `undone_at` set.

        Raise `app.errors.UndoExpired` if the entry is of another kind, was undone before or is older than `UNDO_HOURS`,
        `app.errors.AlreadyExists` if the movie was added again, and `app.errors.NotFound` ("movie") if the review's
        movie, or the kept one of a merge, is deleted. Imported movies with reviews from elsewhere are kept.
        """
        entry = self.audit_entry(change_id)
        if entry.undoable and entry.import_id is not None:
            self._delete_imported(entry.import_id)
        with self._write(titles=True) as connection:
            connection.execute(sa.select(audit_log.c.id).where(audit_log.c.id == change_id).with_for_update())
            entry = self._find_entry(connection, change_id)
            if not entry.undoable:
                raise UndoExpired(change_id)
            if entry.action is AuditAction.MERGE_MOVIES:
                separate_movies(connection, entry)
            elif entry.import_id is None:
                _restore_deleted(connection, entry)
            undone_at = format_utc(self._now())
            connection.execute(audit_log.update().where(audit_log.c.id == change_id).values(undone_at=undone_at))
            self._log(connection, AuditAction.UNDO, who, entry.summary, entry.movie_id, entry.review_id)
        return replace(entry, undone_at=undone_at, undoable=False)

    def _delete_imported(self, import_id: int) -> None:
        """Delete an import's rows in several transactions, so that other writers can run in between."""
        for ids in self._until_empty(sa.select(reviews.c.id).where(reviews.c.import_id == import_id, active_review)):
            with self._write() as connection:
                found = lock_reviews(connection, ids)
                connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=import_id))
                add_to_counts(connection, [(review, -1) for review in found])
        without_reviews = (movies.c.import_id == import_id, movies.c.review_count == 0, active_movie)
        for ids in self._until_empty(sa.select(movies.c.id).where(*without_reviews)):
            with self._write() as connection:
                set_movies_deleted(connection, ids, import_id, movies.c.review_count == 0)


def _restore_deleted(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a deletion. Raise the errors of `Store.undo`."""
    key = connection.scalar(sa.select(movies.c.key).where(movies.c.deleted_by == entry.id))
    deleted = read_reviews(connection, ALL_REVIEWS.where(reviews.c.deleted_by == entry.id))
    if key is not None:
        check_unique(connection, key)
    elif not deleted:  # purged, before the clock was set back
        raise UndoExpired(entry.id)
    else:
        lock_movie(connection, deleted[0].movie_id)
    set_reviews_deleted(connection, reviews.c.deleted_by == entry.id, None)
    if entry.movie_id is not None and key is not None:
        set_movies_deleted(connection, [entry.movie_id], None)  # its counts were kept
    else:
        add_to_counts(connection, [(review, +1) for review in deleted])


def _add_movies(connection: sa.Connection, added: Sequence[Movie], import_id: int | None) -> None:
    """Insert movies without reviews. Raise the errors of `Store.add_all`."""
    ids, keys = [movie.id for movie in added], [movie.key for movie in added]
    _check_duplicates("movie", zip(ids, ids, strict=True), _existing(connection, movies.c.id, ids))
    _check_duplicates("movie", zip(keys, ids, strict=True))
    for key in _existing(connection, movies.c.key, keys, active_movie):
        check_unique(connection, key)
    counts = {"review_count": 0, "positive_count": 0, "rating_sum": 0.0, "import_id": import_id}
    for batch in batched(added):
        values = [{**asdict(movie), "key": movie.key, **counts} for movie in batch]
        connection.execute(movies.insert().values(version=current_version()), values)
    if added:
        _skip_ids(connection, movies, max(ids))


def _add_reviews(connection: sa.Connection, added: Sequence[Review], import_id: int | None) -> None:
    """Insert reviews and add them to their movies' counts. Raise the errors of `Store.add_all`."""
    ids = [review.id for review in added]
    movie_ids = dict.fromkeys(review.movie_id for review in added)
    _check_duplicates("review", zip(ids, ids, strict=True), _existing(connection, reviews.c.id, ids))
    _check_references("movie", movie_ids, _existing(connection, movies.c.id, movie_ids, active_movie))
    for batch in batched(added):
        values = [{**review_values(review), "like_count": 0, "import_id": import_id} for review in batch]
        connection.execute(reviews.insert(), values)
    add_to_counts(connection, ((review, +1) for review in added))
    if added:
        _skip_ids(connection, reviews, max(ids))


def _existing(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[T], *where: sa.ColumnElement[bool]
) -> set[T]:
    """Return the values that exist in the column."""
    found: set[Any] = set()
    for batch in batched(values):
        found.update(connection.scalars(sa.select(column).where(column.in_(batch), *where)))
    return found


def _check_duplicates(kind: str, keys: Iterable[tuple[T, int]], existing: Iterable[T] = ()) -> None:
    """Raise `AlreadyExists` for the first (key, id) pair whose key exists or is repeated."""
    seen = set(existing)
    for key, item_id in keys:
        if key in seen:
            raise AlreadyExists(kind, item_id)
        seen.add(key)


def _check_references(kind: str, required: Iterable[int], existing: set[int]) -> None:
    for item_id in required:
        if item_id not in existing:
            raise NotFound(kind, item_id)


def _reserve_ids(connection: sa.Connection, table: sa.Table, count: int) -> int:
    """Reserve `count` consecutive ids and return the first; with 0, return the next id without reserving it."""
    if count:
        _lock_ids(connection, table)
    last = _last_id(connection, table)
    if count:
        _set_last_id(connection, table, last + count)
    return last + 1


def _skip_ids(connection: sa.Connection, table: sa.Table, last: int) -> None:
    """Advance the ids past `last`, after rows were inserted with explicit ids."""
    if _last_id(connection, table) < last:  # never in SQLite, which does it on insert
        _lock_ids(connection, table)
        _set_last_id(connection, table, max(last, _last_id(connection, table)))


def _lock_ids(connection: sa.Connection, table: sa.Table) -> None:
    """Lock the table's ids until the transaction ends: `nextval` waits only for ALTER SEQUENCE's lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"ALTER SEQUENCE {table.name}_id_seq INCREMENT BY 1"))


def _last_id(connection: sa.Connection, table: sa.Table) -> int:
    if connection.dialect.name == "postgresql":
        last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table.name}_id_seq"  # noqa: S608
    else:
        last = f"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table.name}'"  # noqa: S608
    return int(connection.scalar(sa.text(last)) or 0)


def _set_last_id(connection: sa.Connection, table: sa.Table, last: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT setval(:name, :last)"), {"name": f"{table.name}_id_seq", "last": last})
        return
    values = {"name": table.name, "last": last}
    if not connection.execute(sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), values).rowcount:
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values)
