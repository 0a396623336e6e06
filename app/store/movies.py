"""Movies in the store: adding, editing, deleting and merging them."""

from collections.abc import Callable, Collection
from dataclasses import asdict, fields, replace
from typing import Any

import sqlalchemy as sa

from app.errors import AlreadyExists, NotFound, ReviewedByOthers, UndoExpired
from app.models import AuditAction, AuditEntry, Label, Movie, MovieFields
from app.store.base import BATCH, StoreBase, check_range, new_id, yield_to_others
from app.store.engine import MERGES_LOCK, take_lock
from app.store.movie_cache import current_version
from app.store.reviews import set_reviews_deleted
from app.store.tables import MOVIE_COLUMNS, active_movie, active_review, merged_reviews, movies, reviews

_MOVIE = sa.select(*MOVIE_COLUMNS).where(movies.c.id == sa.bindparam("id"), active_movie)


class MovieStore(StoreBase):
    """Operations on movies."""

    def add_movie(self, fields: MovieFields, *, owner: str = "") -> Movie:
        """Add a movie. Raise `app.errors.AlreadyExists` if there is one with the same `movie_key`."""
        with self._write(titles=True) as connection:
            check_unique(connection, fields.key)
            values = {**asdict(fields), "key": fields.key, "owner": owner}
            added = connection.execute(movies.insert().values(version=current_version()), values)
            return Movie(**asdict(fields), id=new_id(added), owner=owner)

    def update_movie(
        self,
        movie_id: int,
        change: Callable[[Movie], MovieFields],
        who: str = "",
        *,
        writers: Collection[str] | None = None,
    ) -> Movie:
        """Replace the movie's fields by those that `change` returns, and log it if they differ.

        Raise `app.errors.AlreadyExists` as `add_movie` does, and if `writers` is given, `app.errors.ReviewedByOthers`
        if the movie has a review whose owner token is not among them.
        """
        with self._write(titles=True) as connection:
            old = lock_movie(connection, movie_id)
            if writers is not None and _has_reviews_by_others(connection, movie_id, writers):
                raise ReviewedByOthers("others have reviewed this movie")
            movie = replace(old, **asdict(change(old)))
            if movie != old:
                _set_fields(connection, movie_id, movie)
                self._log(connection, AuditAction.EDIT_MOVIE, who, movie.title, movie_id)
        return movie

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool:
        """Return whether the movie has a review whose owner token is not among `writers`."""
        with self._database.read() as connection:
            return _has_reviews_by_others(connection, movie_id, writers)

    def delete_movie(self, movie_id: int, who: str = "") -> tuple[Movie, AuditEntry]:
        """Delete the movie with its reviews; return it and the log's entry."""
        self._purge()
        with self._write() as connection:
            movie = lock_movie(connection, movie_id)
            entry = self._log(connection, AuditAction.DELETE_MOVIE, who, movie.title, movie_id)
            set_reviews_deleted(connection, (reviews.c.movie_id == movie_id) & active_review, entry.id)
            set_movies_deleted(connection, [movie_id], entry.id)
        return movie, entry

    def merge_movies(self, kept_id: int, merged_id: int, who: str = "") -> AuditEntry:
        """Move all reviews of a movie to another one, fill that one's empty fields, and delete the movie.

        Return the log's entry. Raise `app.errors.AlreadyExists` if a third movie has the title and release date that
        the kept one gets, and `ValueError` if both are the same movie.
        """
        if kept_id == merged_id:
            raise ValueError("a movie cannot be merged with itself")
        self._purge()
        with self._write(titles=True) as connection:
            take_lock(connection, MERGES_LOCK)
            found = {movie_id: lock_movie(connection, movie_id) for movie_id in sorted((kept_id, merged_id))}
            kept, merged = found[kept_id], found[merged_id]
            filled = kept.filled_from(merged)
            changed = [name for name, value in _values(filled).items() if value != getattr(kept, name)]
            summary = f"{merged.dated_title} → {kept.dated_title}"
            entry = self._log(connection, AuditAction.MERGE_MOVIES, who, summary, kept_id, before=" ".join(changed))
            of_merged = sa.select(reviews.c.id, sa.literal(entry.id)).where(reviews.c.movie_id == merged_id)
            connection.execute(merged_reviews.insert().from_select(["review_id", "change_id"], of_merged))
            _move_reviews(connection, entry.id, merged_id, kept_id)
            set_movies_deleted(connection, [merged_id], entry.id)
            connection.execute(movies.update().where(movies.c.id == merged_id).values(merged_into=kept_id))
            _set_fields(connection, kept_id, filled)
            _recount_movie(connection, kept_id)
            _recount_movie(connection, merged_id)
        return entry

    def merged_into(self, movie_id: int) -> int | None:
        """Return the id of the movie into which this one was merged, by one merge or several, or None."""
        check_range("movie", movie_id)
        by_id = self._refreshed().by_id
        seen: list[int] = []
        with self._database.read() as connection:
            while movie_id not in by_id and movie_id not in seen:
                seen.append(movie_id)
                movie_id = connection.scalar(sa.select(movies.c.merged_into).where(movies.c.id == movie_id)) or 0
        return movie_id if seen and movie_id in by_id else None


def lock_movie(connection: sa.Connection, movie_id: int) -> Movie:
    check_range("movie", movie_id)
    row = connection.execute(_MOVIE.with_for_update(), {"id": movie_id}).one_or_none()
    if row is None:
        raise NotFound("movie", movie_id)
    return Movie(**row._mapping)


def check_unique(connection: sa.Connection, key: str, movie_id: int | None = None) -> None:
    """Raise `AlreadyExists` if another movie has this key."""
    existing = connection.scalar(sa.select(movies.c.id).where(movies.c.key == key, active_movie))
    if existing is not None and existing != movie_id:
        raise AlreadyExists("movie", existing)


def set_movies_deleted(
    connection: sa.Connection, movie_ids: Collection[int], deleted_by: int | None, *where: sa.ColumnElement[bool]
) -> None:
    chosen = movies.update().where(movies.c.id.in_(movie_ids), *where)
    connection.execute(chosen.values(deleted_by=deleted_by, version=current_version()))


def separate_movies(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a merge of two movies. Raise the errors of `Store.undo`."""
    row = connection.execute(sa.select(*MOVIE_COLUMNS).where(movies.c.deleted_by == entry.id)).one_or_none()
    if row is None or entry.movie_id is None:
        raise UndoExpired(entry.id)
    take_lock(connection, MERGES_LOCK)
    merged, kept = Movie(**row._mapping), lock_movie(connection, entry.movie_id)
    emptied: dict[str, Any] = {
        name: "" for name in entry.before.split() if getattr(kept, name) == getattr(merged, name)
    }
    _set_fields(connection, kept.id, replace(kept, **emptied))
    check_unique(connection, merged.key)
    _move_reviews(connection, entry.id, kept.id, merged.id)
    set_movies_deleted(connection, [merged.id], None)
    connection.execute(movies.update().where(movies.c.id == merged.id).values(merged_into=None))
    _recount_movie(connection, kept.id)
    _recount_movie(connection, merged.id)


def _has_reviews_by_others(connection: sa.Connection, movie_id: int, writers: Collection[str]) -> bool:
    others = sa.select(reviews.c.id).where(reviews.c.movie_id == movie_id, reviews.c.writer.not_in(writers))
    return connection.execute(others.where(active_review).limit(1)).first() is not None


def _values(movie: MovieFields) -> dict[str, str]:
    return {item.name: getattr(movie, item.name) for item in fields(MovieFields)}


def _set_fields(connection: sa.Connection, movie_id: int, movie: MovieFields) -> None:
    """Write a locked movie's fields. Raise `AlreadyExists` if another movie has their key."""
    check_unique(connection, movie.key, movie_id)
    changed = movies.update().where(movies.c.id == movie_id).values(version=current_version())
    connection.execute(changed.values(**_values(movie), key=movie.key))


def _move_reviews(connection: sa.Connection, change_id: int, source_id: int, target_id: int) -> None:
    """Move a merge's reviews, deleted ones too, between its movies in batches, between which other greenlets run."""
    by_id = sa.select(merged_reviews.c.review_id).where(merged_reviews.c.change_id == change_id)
    by_id = by_id.order_by(merged_reviews.c.review_id).limit(BATCH)
    last = 0
    while ids := connection.scalars(by_id.where(merged_reviews.c.review_id > last)).all():
        moved = reviews.update().where(reviews.c.id.in_(ids), reviews.c.movie_id == source_id)
        connection.execute(moved.values(movie_id=target_id))
        last = ids[-1]
        yield_to_others()


def _recount_movie(connection: sa.Connection, movie_id: int) -> None:
    """Compute a locked movie's counts and sums anew."""
    is_counted = (reviews.c.movie_id == movie_id) & active_review
    positive = sa.func.count().filter(reviews.c.sentiment_label == Label.POSITIVE)
    totals = sa.select(sa.func.count(), positive, sa.func.coalesce(sa.func.sum(reviews.c.rating), 0.0))
    count, positive_count, rating_sum = connection.execute(totals.where(is_counted)).one()
    values = {"review_count": count, "positive_count": positive_count, "rating_sum": rating_sum}
    connection.execute(movies.update().where(movies.c.id == movie_id).values(**values, version=current_version()))
