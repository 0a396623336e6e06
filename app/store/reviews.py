"""Reviews in the store, with the counts of their movies."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from app.errors import NotFound
from app.models import (
    AuditAction,
    AuditEntry,
    AuthorSummary,
    Label,
    Movie,
    Review,
    ReviewSort,
    ScoredReview,
    Sentiment,
    format_utc,
)
from app.store.base import BATCH, StoreBase, batched, check_range, new_id, yield_to_others
from app.store.engine import MERGES_LOCK, take_lock
from app.store.movie_cache import current_version
from app.store.tables import REVIEW_COLUMNS, active_movie, active_review, corrections, movies, reviews

# Statements are built once: building one takes SQLAlchemy longer than executing it.
_correction_count = (
    sa.select(sa.func.count())
    .where(corrections.c.review_id == reviews.c.id, corrections.c.label != reviews.c.sentiment_label)
    .correlate(reviews)
    .scalar_subquery()
    .label("correction_count")
)
ALL_REVIEWS = sa.select(*REVIEW_COLUMNS, _correction_count)
_REVIEWS = ALL_REVIEWS.where(active_review)
_REVIEW = _REVIEWS.where(reviews.c.id == sa.bindparam("id"))
_COUNT = sa.select(sa.func.count()).where(active_review)
_ORDERS: dict[ReviewSort, tuple[sa.ColumnElement[Any], ...]] = {
    ReviewSort.NEWEST: (reviews.c.id.desc(),),
    ReviewSort.OLDEST: (reviews.c.id.asc(),),
    ReviewSort.HIGHEST: (reviews.c.rating.desc(), reviews.c.id.desc()),
    ReviewSort.LOWEST: (reviews.c.rating.asc(), reviews.c.id.desc()),
    ReviewSort.LIKED: (reviews.c.like_count.desc(), reviews.c.id.desc()),
}
_rating_bin = sa.case(*((reviews.c.rating < top, top - 1) for top in range(1, 10)), else_=9).label("bin")
_HISTOGRAM = (
    sa.select(reviews.c.sentiment_label, _rating_bin, sa.func.count(), sa.func.sum(reviews.c.rating))
    .where(active_review)
    .group_by(reviews.c.sentiment_label, _rating_bin)
)
_new_count = movies.c.review_count + sa.bindparam("reviews")
_ADD_TO_MOVIE = (
    movies.update()
    .where(movies.c.id == sa.bindparam("movie_id"), active_movie)
    .values(
        review_count=_new_count,
        positive_count=movies.c.positive_count + sa.bindparam("positive"),
        # Set to 0 with the last review, because the sum accumulates rounding errors.
        rating_sum=sa.case((_new_count == 0, 0.0), else_=movies.c.rating_sum + sa.bindparam("rating")),
        version=current_version(),
    )
)
_MODELS = sa.select(reviews.c.model, sa.func.count()).where(active_review).group_by(reviews.c.model)


class ReviewStore(StoreBase):
    """Operations on reviews."""

    def review(self, review_id: int) -> Review:
        with self._database.read() as connection:
            return find_review(connection, review_id)

    def reviews(
        self,
        movie_id: int,
        label: Label | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: ReviewSort = ReviewSort.NEWEST,
    ) -> tuple[list[Review], int]:
        """Return a slice of the movie's reviews and their total number, both of that label if given."""
        movie = self.movie(movie_id)
        total, chosen = movie.review_count, _REVIEWS.where(reviews.c.movie_id == movie_id)
        if label is not None:
            total = movie.positive_count if label is Label.POSITIVE else movie.negative_count
            chosen = chosen.where(reviews.c.sentiment_label == label)
        if offset >= total:
            return [], total
        with self._database.read() as connection:
            return read_reviews(connection, chosen.order_by(*_ORDERS[order]).offset(offset).limit(limit)), total

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        """Return the first `limit` reviews after this id, of all movies, by id."""
        chosen = _REVIEWS.where(reviews.c.id > after_id).order_by(reviews.c.id).limit(limit)
        with self._database.read() as connection:
            return read_reviews(connection, chosen)

    def latest_reviews(self, offset: int = 0, limit: int = 20) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of all reviews, newest first, with their movies, and the total number of reviews."""
        with self._database.read() as connection:
            found = self._with_movies(connection, _REVIEWS.order_by(reviews.c.id.desc()).offset(offset).limit(limit))
        return found, sum(movie.review_count for movie in self._cache.movies)

    def reviews_by_author(
        self, author: str, offset: int = 0, limit: int = 20, order: ReviewSort = ReviewSort.NEWEST
    ) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of the reviews under exactly this name, with their movies, and their total number."""
        by_author = reviews.c.author == author
        chosen = _REVIEWS.where(by_author).order_by(*_ORDERS[order]).offset(offset).limit(limit)
        with self._database.read() as connection:
            found = self._with_movies(connection, chosen)
            return found, int(connection.execute(_COUNT.where(by_author)).scalar_one())

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        """Return the numbers of positive and negative reviews in ten bins by rating: 0-1, 1-2, ... 9-10."""
        self.movie(movie_id)
        return list(self._summary(reviews.c.movie_id == movie_id).histogram)

    def author_summary(self, author: str) -> AuthorSummary:
        """Return the distribution and the sum of the ratings of the reviews under exactly this name."""
        return self._summary(reviews.c.author == author)

    def position(self, review_id: int) -> int:
        """Return the number of newer reviews of the same movie."""
        of_movie = reviews.c.movie_id == self.review(review_id).movie_id
        return int(self._scalars(_COUNT.where(of_movie, reviews.c.id > review_id))[0])

    def add_review(
        self,
        movie_id: int,
        author: str,
        content: str,
        sentiment: Sentiment,
        *,
        model: str = "",
        writer: str = "",
        spoiler: bool = False,
    ) -> Review:
        """Add a review, also to its movie's counts. Raise `app.errors.NotFound` if the movie does not exist."""
        review = Review(
            id=0,
            movie_id=movie_id,
            author=author,
            content=content,
            sentiment_label=sentiment.label,
            sentiment_score=sentiment.score,
            rating=sentiment.rating,
            created_at=format_utc(self._now()),
            model=model,
            writer=writer,
            spoiler=spoiler,
        )
        values = review_values(review)
        del values["id"]
        check_range("movie", movie_id)
        with self._write() as connection:
            if not add_to_counts(connection, [(review, +1)]):
                raise NotFound("movie", movie_id)
            return replace(review, id=new_id(connection.execute(reviews.insert(), values)))

    def update_review(self, review_id: int, change: Callable[[Review], Review], who: str = "") -> Review:
        """Replace the review by the one that `change` returns.

        If they differ, set `edited_at` and log the edit; a changed content also deletes the review's corrections.
        """
        with self._write() as connection:
            old = lock_review(connection, review_id)
            new = change(old)
            if new == old:
                return old
            if new.content != old.content:
                connection.execute(corrections.delete().where(corrections.c.review_id == review_id))
            new = replace(new, edited_at=format_utc(self._now()))
            _update_reviews(connection, [(old, new)])
            before = old.content if new.content != old.content else ""
            self._log(connection, AuditAction.EDIT_REVIEW, who, _summarize(new), new.movie_id, review_id, before)
            return find_review(connection, review_id)

    def delete_review(self, review_id: int, who: str = "") -> tuple[Review, AuditEntry]:
        """Delete the review; return it and the log's entry."""
        self._purge()
        with self._write() as connection:
            review = lock_review(connection, review_id)
            summary = _summarize(review)
            entry = self._log(connection, AuditAction.DELETE_REVIEW, who, summary, review.movie_id, review_id)
            connection.execute(reviews.update().where(reviews.c.id == review_id).values(deleted_by=entry.id))
            add_to_counts(connection, [(review, -1)])
        return review, entry

    def models(self) -> dict[str, int]:
        """Return the number of reviews analyzed by each model."""
        return {model: int(count) for model, count in self._rows(_MODELS)}

    def update_sentiments(self, scored: Sequence[ScoredReview], model: str) -> int:
        """Update the sentiments of reviews whose text has not changed meanwhile; return the number of updated ones."""
        written = 0
        for batch in batched(scored):
            by_id = {item.review_id: item for item in batch}
            with self._write() as connection:
                found = lock_reviews(connection, list(by_id))
                unchanged = [old for old in found if old.content == by_id[old.id].content]
                changed = [(old, old.with_sentiment(by_id[old.id].sentiment, model)) for old in unchanged]
                _update_reviews(connection, changed)
            written += len(changed)
        return written

    def reviews_by_month(self, limit: int) -> list[tuple[str, int]]:
        """Return the last `limit` months with reviews (`2026-11`), oldest first, with the number of reviews."""
        month = sa.func.substr(reviews.c.created_at, 1, 7).label("month")
        chosen = sa.select(month, sa.func.count()).where(active_review).group_by(month).order_by(month.desc())
        return [(str(name), int(count)) for name, count in reversed(self._rows(chosen.limit(limit)))]

    def _with_movies(self, connection: sa.Connection, chosen: sa.Select[Any]) -> list[tuple[Review, Movie]]:
        """Pair reviews with their movies; skip those whose movie was deleted meanwhile."""
        found = read_reviews(connection, chosen)
        self._cache.refresh(connection)
        by_id = self._cache.by_id
        return [(review, by_id[review.movie_id]) for review in found if review.movie_id in by_id]

    def _summary(self, where: sa.ColumnElement[bool]) -> AuthorSummary:
        found = self._rows(_HISTOGRAM.where(where))
        counts = {(label, index): count for label, index, count, _ in found}
        pairs = [(counts.get((Label.POSITIVE, i), 0), counts.get((Label.NEGATIVE, i), 0)) for i in range(10)]
        return AuthorSummary(pairs, sum(float(rating) for *_, rating in found))


def find_review(connection: sa.Connection, review_id: int) -> Review:
    check_range("review", review_id)
    row = connection.execute(_REVIEW, {"id": review_id}).one_or_none()
    if row is None:
        raise NotFound("review", review_id)
    return Review(**row._mapping)


def read_reviews(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Review]:
    return [Review(**row) for row in connection.execute(chosen).mappings()]


def lock_review(connection: sa.Connection, review_id: int) -> Review:
    check_range("review", review_id)
    found = lock_reviews(connection, [review_id])
    if not found:
        raise NotFound("review", review_id)
    return found[0]


def lock_reviews(connection: sa.Connection, review_ids: Sequence[int]) -> list[Review]:
    """Lock the movies of these reviews, then return the reviews that still exist."""
    of_these = sa.select(reviews.c.movie_id).where(reviews.c.id.in_(review_ids))
    if connection.dialect.name == "postgresql":  # SQLite's transaction locks the whole database
        take_lock(connection, MERGES_LOCK, shared=True)
        in_order = sa.select(movies.c.id).where(movies.c.id.in_(of_these)).order_by(movies.c.id)
        connection.execute(in_order.with_for_update())
    return read_reviews(connection, _REVIEWS.where(reviews.c.id.in_(review_ids)))


def add_to_counts(connection: sa.Connection, counted: Iterable[tuple[Review, int]]) -> int:
    """Add reviews (+1) to their movies' counts or subtract them (-1); return the number of existing movies."""
    of_movies: dict[int, dict[str, Any]] = {}
    for review, sign in counted:
        zeros = {"movie_id": review.movie_id, "reviews": 0, "positive": 0, "rating": 0.0}
        sums = of_movies.setdefault(review.movie_id, zeros)
        sums["reviews"] += sign
        sums["positive"] += sign * review.is_positive
        sums["rating"] += sign * review.rating
    if not of_movies:
        return 0
    return connection.execute(_ADD_TO_MOVIE, [of_movies[movie_id] for movie_id in sorted(of_movies)]).rowcount


def set_reviews_deleted(connection: sa.Connection, where: sa.ColumnElement[bool], deleted_by: int | None) -> None:
    """Set `deleted_by` of the reviews in batches, between which other greenlets run."""
    while ids := connection.scalars(sa.select(reviews.c.id).where(where).limit(BATCH)).all():
        connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=deleted_by))
        yield_to_others()


def review_values(review: Review) -> dict[str, Any]:
    return {column.name: getattr(review, column.name) for column in REVIEW_COLUMNS}


def _update_reviews(connection: sa.Connection, changed: Sequence[tuple[Review, Review]]) -> None:
    """Write locked reviews, given as (old, new) pairs, and update their movies' counts."""
    if changed:
        values = [{**review_values(new), "review_id": new.id} for _, new in changed]
        connection.execute(reviews.update().where(reviews.c.id == sa.bindparam("review_id")), values)
        add_to_counts(connection, [pair for old, new in changed for pair in ((old, -1), (new, +1))])


def _summarize(review: Review) -> str:
    """Return the author and the text on one line: `밤편지: 처음엔 심심했는데…`."""
    return f"{review.author}: {' '.join(review.content.split())}"
