"""One transaction: what it reads is locked, what it counts is written once, at its end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, delete, func, insert, select, text, update

from app.errors import AlreadyThere, NotFound
from app.models import Action, Change, Movie, Review
from app.store.clock import Clock, stamp
from app.store.counting import count_review, empty
from app.store.log import shorten
from app.store.sql.database import Database, together
from app.store.sql.tables import (
    EMPTY_BARS,
    Bars,
    catalogue,
    change_values,
    changes,
    corrections,
    movie_values,
    movies,
    read_bars,
    read_movie,
    read_review,
    review_values,
    reviews,
    write_bars,
)

MOST = 2**63
"""Ids from here on name nothing: no column holds them."""
ITS_ID: BindParameter[Any] = bindparam("its_id")
"""Which row to write, where the values name its id, too."""


# Put together once: that takes SQLAlchemy longer than running them.
_LOCK = select(catalogue).with_for_update()
_MOVIE = select(movies).where(movies.c.id == ITS_ID)
_REVIEW = select(reviews).where(reviews.c.id == ITS_ID)
_CHANGE_MOVIE = update(movies).where(movies.c.id == ITS_ID)
_CHANGE_REVIEW = update(reviews).where(reviews.c.id == ITS_ID)
_COUNT_MODEL = text(
    "INSERT INTO models (name, review_count) VALUES (:model, :change) "
    "ON CONFLICT (name) DO UPDATE SET review_count = models.review_count + :change"
)
_ADD_MOVIE, _ADD_REVIEW, _ADD_CHANGE = insert(movies), insert(reviews), insert(changes)
_FINISH = update(catalogue)


class Unchanged(Exception):
    """Raised within a transaction that turned out to have nothing to write."""


class Draft:
    """A transaction that makes one new version of the catalogue. No other is under way while it is."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self.connection = connection
        self.now = now
        row = connection.execute(_LOCK).one()
        self.version: int = row.version + 1
        self.last_movie_id: int = row.last_movie_id
        self.last_review_id: int = row.last_review_id
        self._last_change_id: int = row.last_change_id
        self._movie_count: int = row.movie_count
        self._review_count: int = row.review_count
        self._positive_count: int = row.positive_count
        self._movies: dict[int, tuple[Movie, Bars]] = {}
        self._changed: set[int] = set()
        self._added: list[Review] = []
        self._models: Counter[str] = Counter()

    # Movies

    def movie(self, movie_id: int) -> Movie:
        if movie_id not in self._movies:
            row = self._row(_MOVIE, movie_id)
            if row is None:
                raise NotFound("movie", movie_id)
            self._movies[movie_id] = read_movie(row), read_bars(row.bars)
        return self._movies[movie_id][0]

    def refuse_twin(self, key: str, movie_id: int | None = None) -> None:
        """Raises `AlreadyThere` when there is such a movie, other than that one."""
        there = self.connection.scalar(select(movies.c.id).where(movies.c.key == key))
        if there is not None and there != movie_id:
            raise AlreadyThere("movie", there)

    def add_movies(self, added: Sequence[Movie]) -> None:
        """Adds the movies, with no reviews yet."""
        if added:
            values = [movie_values(movie, EMPTY_BARS, self.version) for movie in map(empty, added)]
            self.connection.execute(_ADD_MOVIE, values)
        for movie in added:
            self._movies[movie.id] = empty(movie), read_bars(EMPTY_BARS)
        self._movie_count += len(added)

    def change_movie(self, movie: Movie) -> None:
        self._movies[movie.id] = movie, self._movies[movie.id][1]
        self._changed.add(movie.id)

    def count_movie(self, movie: Movie, change: int, read_by: Counter[str]) -> None:
        """Counts a movie with all its reviews in (+1) or out (-1); its row comes or goes as it is."""
        self._movie_count += change
        self._review_count += change * movie.review_count
        self._positive_count += change * movie.positive_count
        for model, count in read_by.items():
            self._models[model] += change * count

    # Reviews

    def review(self, review_id: int) -> Review:
        row = self._row(_REVIEW, review_id)
        if row is None:
            raise NotFound("review", review_id)
        return read_review(row)

    def add_review(self, review: Review) -> None:
        """Adds the review at the end, with what was counted."""
        self._added.append(review)
        self.count(review, +1)

    def change_review(self, old: Review, new: Review) -> None:
        self.connection.execute(_CHANGE_REVIEW, {**review_values(new), ITS_ID.key: old.id})
        self.count(old, -1)
        self.count(new, +1)

    def count(self, review: Review, change: int) -> None:
        """Counts the review in (+1) or out (-1)."""
        movie = self.movie(review.movie_id)
        bars = self._movies[movie.id][1]
        bars[review.bar if review.is_positive else 10 + review.bar] += change
        self._movies[movie.id] = count_review(movie, review, change), bars
        self._changed.add(movie.id)
        self._models[review.model] += change
        self._review_count += change
        self._positive_count += change if review.is_positive else 0

    def count_corrections(self, review_ids: Sequence[int]) -> None:
        """Counts for each of these reviews how many readers say that its label is wrong."""
        against = (
            select(func.count())
            .where(corrections.c.review_id == reviews.c.id, corrections.c.is_positive != reviews.c.is_positive)
            .scalar_subquery()
        )
        counted = update(reviews).where(reviews.c.id.in_(review_ids)).values(correction_count=against)
        self.connection.execute(counted)

    def drop_corrections(self, review_id: int) -> None:
        self.connection.execute(delete(corrections).where(corrections.c.review_id == review_id))

    # The log

    def log(
        self, action: Action, who: str, summary: str, movie_id: int | None = None, review_id: int | None = None
    ) -> Change:
        self._last_change_id += 1
        at = stamp(self.now())
        change = Change(self._last_change_id, at, who, action, movie_id, review_id, shorten(summary))
        self.connection.execute(_ADD_CHANGE, change_values(change, self.version))
        return change

    def finish(self) -> None:
        """Writes what was added and counted. Looks at no answer, so that all of it can travel together."""
        for review in self._added:
            self.connection.execute(_ADD_REVIEW, review_values(review))
        if self._changed:
            values = [self._movie_values(movie_id) for movie_id in sorted(self._changed)]
            self.connection.execute(_CHANGE_MOVIE, values)
        for model, change in self._models.items():
            if change:
                self.connection.execute(_COUNT_MODEL, {"model": model, "change": change})
        self.connection.execute(_FINISH, self._numbers())

    def _movie_values(self, movie_id: int) -> dict[str, Any]:
        movie, bars = self._movies[movie_id]
        return {**movie_values(movie, write_bars(bars), self.version), ITS_ID.key: movie_id}

    def _numbers(self) -> dict[str, int]:
        return {
            "version": self.version,
            "last_movie_id": self.last_movie_id,
            "last_review_id": self.last_review_id,
            "last_change_id": self._last_change_id,
            "movie_count": self._movie_count,
            "review_count": self._review_count,
            "positive_count": self._positive_count,
        }

    def _row(self, found: Select[Any], its_id: int) -> Row[Any] | None:
        return self.connection.execute(found, {ITS_ID.key: its_id}).one_or_none() if 0 < its_id < MOST else None


@contextmanager
def drafting(database: Database, now: Clock) -> Iterator[Draft]:
    """A draft, committed at the end of the block; rolled back by what the block raises, `Unchanged` in silence."""
    try:
        with database.write() as connection:
            draft = Draft(connection, now)
            yield draft
            with together(connection):
                draft.finish()
    except Unchanged:
        pass
