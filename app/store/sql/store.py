"""The store in a database: SQLite for one process, PostgreSQL for several.

Writers come one after the other, in all processes together: whoever writes locks the one row of `catalogue` first.
Movies are read from a mirror in this process, reviews through indexes.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from app.errors import Expired, NotFound
from app.models import (
    Action,
    Change,
    Correction,
    Label,
    Movie,
    MovieFields,
    Reading,
    Review,
    ReviewOrder,
    Sentiment,
    Totals,
)
from app.store.clock import Clock, stamp, utc_now
from app.store.counting import edited, first_read
from app.store.log import seen_at, summarize_movie, summarize_review
from app.store.sql import many, trash
from app.store.sql.database import Database
from app.store.sql.draft import MOST, Draft, Unchanged, drafting
from app.store.sql.mirror import VERSION, Mirror
from app.store.sql.tables import (
    catalogue,
    changes,
    correction_values,
    corrections,
    models,
    movies,
    read_bars,
    read_change,
    read_correction,
    read_review,
    reviews,
)

_ORDERS: dict[ReviewOrder, tuple[ColumnElement[Any], ...]] = {
    ReviewOrder.NEWEST: (reviews.c.id.desc(),),
    ReviewOrder.OLDEST: (reviews.c.id.asc(),),
    ReviewOrder.HIGHEST: (reviews.c.rating.desc(), reviews.c.id.desc()),
    ReviewOrder.LOWEST: (reviews.c.rating.asc(), reviews.c.id.desc()),
}
_BARS = select(movies.c.bars).where(movies.c.id == bindparam("movie_id"))
_OF_MOVIE = select(reviews).where(reviews.c.movie_id == bindparam("movie_id"))
_OF_LABEL = _OF_MOVIE.where(reviews.c.is_positive == bindparam("is_positive"))
# Put together once: that takes SQLAlchemy longer than running them.
_SLICES = {
    (chosen is _OF_LABEL, order): chosen.order_by(*columns).offset(bindparam("skip")).limit(bindparam("most"))
    for chosen in (_OF_MOVIE, _OF_LABEL)
    for order, columns in _ORDERS.items()
}


class SqlStore:
    """A `Store` in a database whose tables are there."""

    durable = True

    def __init__(self, database: Database, now: Clock = utc_now) -> None:
        self._database = database
        self._now = now
        self._mirror = Mirror()

    @property
    def version(self) -> int:
        with self._database.read() as connection:
            return int(connection.exec_driver_sql(VERSION).scalar_one())

    def check(self) -> None:
        self._fresh()

    def close(self) -> None:
        self._database.close()

    # Movies

    def add_movie(self, fields: MovieFields) -> Movie:
        with self._drafting() as draft:
            draft.refuse_twin(fields.key)
            draft.last_movie_id += 1
            movie = Movie(**asdict(fields), id=draft.last_movie_id)
            draft.add_movies([movie])
        return movie

    def update_movie(self, movie_id: int, change: Callable[[Movie], MovieFields], who: str = "") -> Movie:
        with self._drafting() as draft:
            old = draft.movie(movie_id)
            fields = change(old)
            draft.refuse_twin(fields.key, movie_id)
            movie = replace(old, **asdict(fields))
            if movie == old:
                raise Unchanged
            draft.change_movie(movie)
            draft.log(Action.EDIT_MOVIE, who, summarize_movie(movie), movie_id)
        return movie

    def movie(self, movie_id: int) -> Movie:
        self._fresh()
        return self._mirrored(movie_id)

    def movies(self) -> Sequence[Movie]:
        return self._fresh().listed()

    def delete_movie(self, movie_id: int, who: str = "") -> int:
        with self._drafting() as draft:
            movie = draft.movie(movie_id)
            trash.delete_movie(draft, movie, who)
            return movie.review_count

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        with self._database.read() as connection:
            bars = connection.scalar(_BARS, {"movie_id": _id("movie", movie_id)})
        if bars is None:
            raise NotFound("movie", movie_id)
        counts = read_bars(bars)
        return list(zip(counts[:10], counts[10:], strict=True))

    # Reviews

    def add_review(
        self, movie_id: int, author: str, content: str, sentiment: Sentiment, *, model: str = "", writer: str = ""
    ) -> Review:
        with self._drafting() as draft:
            draft.movie(movie_id)
            draft.last_review_id += 1
            new, at = draft.last_review_id, stamp(self._now())
            review = first_read(new, movie_id, author, content, sentiment, at=at, model=model, writer=writer)
            draft.add_review(review)
        return review

    def update_review(
        self,
        review_id: int,
        author: str | None = None,
        read: tuple[str, Sentiment] | None = None,
        *,
        model: str = "",
        who: str = "",
    ) -> Review:
        with self._drafting() as draft:
            old = draft.review(review_id)
            review = edited(old, author, read, model)
            if review == old:
                raise Unchanged
            if review.content != old.content:
                draft.drop_corrections(review_id)
            draft.change_review(old, replace(review, edited_at=stamp(self._now())))
            draft.count_corrections([review_id])
            draft.log(Action.EDIT_REVIEW, who, summarize_review(review), review.movie_id, review_id)
            review = draft.review(review_id)
        return review

    def review(self, review_id: int) -> Review:
        with self._database.read() as connection:
            row = connection.execute(select(reviews).where(reviews.c.id == _id("review", review_id))).one_or_none()
        if row is None:
            raise NotFound("review", review_id)
        return read_review(row)

    def reviews(
        self,
        movie_id: int,
        label: Label | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
    ) -> tuple[list[Review], int]:
        with self._database.read() as connection:
            self._mirror.refresh(connection)
            movie = self._mirrored(movie_id)
            total = movie.review_count
            if label is not None:
                total = movie.positive_count if label is Label.POSITIVE else movie.negative_count
            if offset >= total:
                return [], total
            values = {"movie_id": movie_id, "skip": offset, "most": total if limit is None else limit}
            if label is not None:
                values["is_positive"] = label is Label.POSITIVE
            rows = connection.execute(_SLICES[label is not None, order], values)
            return [read_review(row) for row in rows], total

    def delete_review(self, review_id: int, who: str = "") -> Review:
        with self._drafting() as draft:
            review = draft.review(review_id)
            trash.delete_review(draft, review, who)
        return review

    def position(self, review_id: int) -> int:
        review = self.review(review_id)
        newer = select(func.count()).where(reviews.c.movie_id == review.movie_id, reviews.c.id > review_id)
        with self._database.read() as connection:
            return int(connection.execute(newer).scalar_one())

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        following = select(reviews).where(reviews.c.id > after_id).order_by(reviews.c.id).limit(limit)
        with self._database.read() as connection:
            return [read_review(row) for row in connection.execute(following)]

    def totals(self) -> Totals:
        return self._fresh().totals()

    # What models and readers say

    def models(self) -> dict[str, int]:
        with self._database.read() as connection:
            counts = connection.execute(select(models).where(models.c.review_count > 0))
            return {row.name: row.review_count for row in counts}

    def put_readings(self, readings: Sequence[Reading], model: str) -> int:
        written = 0
        with self._drafting() as draft:
            written = many.put_readings(draft, readings, model)
            if not written:
                raise Unchanged
        return written

    def correct(self, review_id: int, reader: str, label: Label | None) -> Review:
        with self._drafting() as draft:
            review = draft.review(review_id)
            its = (corrections.c.review_id == review_id) & (corrections.c.reader == reader)
            row = draft.connection.execute(select(corrections).where(its)).one_or_none()
            if label is (read_correction(row).label if row else None):
                raise Unchanged
            draft.connection.execute(delete(corrections).where(its))
            if label is not None:
                said = Correction(review_id, reader, label, stamp(self._now()))
                draft.connection.execute(insert(corrections).values(correction_values(said)))
            draft.count_corrections([review_id])
            review = draft.review(review_id)
        return review

    def corrections(self) -> Sequence[Correction]:
        with self._database.read() as connection:
            found = [read_correction(row) for row in connection.execute(select(corrections))]
        return sorted(found, key=lambda correction: (correction.review_id, correction.reader))

    # The log

    def changes(self, offset: int = 0, limit: int = 50) -> tuple[list[Change], int]:
        newest = select(changes).order_by(changes.c.id.desc()).offset(offset).limit(limit)
        with self._database.read() as connection:
            lines = [read_change(row) for row in connection.execute(newest)]
            total = connection.execute(select(catalogue.c.last_change_id)).scalar_one()
        return [seen_at(change, self._now()) for change in lines], total

    def log(self, action: Action, summary: str, who: str = "") -> Change:
        with self._drafting() as draft:
            change = draft.log(action, who, summary)
        return change

    def undo(self, change_id: int, who: str = "") -> Change:
        with self._drafting() as draft:
            found = select(changes).where(changes.c.id == _id("change", change_id))
            row = draft.connection.execute(found).one_or_none()
            if row is None:
                raise NotFound("change", change_id)
            change = read_change(row)
            if not seen_at(change, self._now()).undoable:
                raise Expired(change_id)
            trash.bring_back(draft, change)
            undone = replace(change, undone_at=stamp(self._now()))
            draft.connection.execute(
                update(changes).where(changes.c.id == change_id).values(undone_at=undone.undone_at)
            )
            draft.log(Action.UNDO, who, change.summary, change.movie_id, change.review_id)
        return undone

    # Many at once

    def reserve(self, movies: int, reviews: int) -> tuple[int, int]:
        with self._drafting() as draft:
            first = draft.last_movie_id + 1, draft.last_review_id + 1
            draft.last_movie_id += movies
            draft.last_review_id += reviews
        return first

    def add_all(
        self, movies: Sequence[Movie], reviews: Sequence[Review], corrections: Sequence[Correction] = ()
    ) -> None:
        with self._drafting() as draft:
            many.add_all(draft, movies, reviews, corrections)

    def _drafting(self) -> AbstractContextManager[Draft]:
        return drafting(self._database, self._now)

    def _mirrored(self, movie_id: int) -> Movie:
        found = self._mirror.find(movie_id)
        if found is None:
            raise NotFound("movie", movie_id)
        return found

    def _fresh(self) -> Mirror:
        with self._database.read() as connection:
            self._mirror.refresh(connection)
        return self._mirror


def _id(kind: str, number: int) -> int:
    """The number, if a column can hold it. Raises `NotFound`."""
    if not 0 < number < MOST:
        raise NotFound(kind, number)
    return number
