"""The default store: everything in this process's memory, gone when it ends. One lock, held while
a dictionary changes or a list is copied, never while a model reads.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from threading import Lock

from app.errors import NotFound
from app.models import Label, Movie, MovieFields, Review, Sentiment, Totals

_Shelf = dict[Label | None, dict[int, Review]]
"""A movie's reviews by id, oldest first: all of them under None, and again under their label."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """A `Store` in dictionaries: adding, looking up and averaging take the same time however much it holds."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = Lock()
        self._movies: dict[int, Movie] = {}
        self._shelves: dict[int, _Shelf] = {}
        self._movie_of: dict[int, int] = {}
        self._last_movie_id = 0
        self._last_review_id = 0
        self._positive_count = 0
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    def add_movie(self, fields: MovieFields) -> Movie:
        with self._lock:
            self._last_movie_id += 1
            movie = Movie(**asdict(fields), id=self._last_movie_id)
            self._movies[movie.id] = movie
            self._shelves[movie.id] = {None: {}, Label.POSITIVE: {}, Label.NEGATIVE: {}}
            self._version += 1
            return movie

    def movie(self, movie_id: int) -> Movie:
        try:
            return self._movies[movie_id]
        except KeyError:
            raise NotFound("movie", movie_id) from None

    def movies(self) -> list[Movie]:
        with self._lock:
            return list(self._movies.values())

    def delete_movie(self, movie_id: int) -> int:
        with self._lock:
            movie = self.movie(movie_id)
            del self._movies[movie_id]
            for review_id in self._shelves.pop(movie_id)[None]:
                del self._movie_of[review_id]
            self._positive_count -= movie.positive_count
            self._version += 1
            return movie.review_count

    def add_review(self, movie_id: int, author: str, content: str, sentiment: Sentiment) -> Review:
        with self._lock:
            movie = self.movie(movie_id)
            self._last_review_id += 1
            review = Review(
                id=self._last_review_id,
                movie_id=movie_id,
                author=author,
                content=content,
                sentiment_label=sentiment.label,
                sentiment_score=sentiment.score,
                rating=sentiment.rating,
                created_at=self._now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            )
            self._movie_of[review.id] = movie_id
            for label in (None, review.sentiment_label):
                self._shelves[movie_id][label][review.id] = review
            self._count(movie, review, +1)
            return review

    def review(self, review_id: int) -> Review:
        with self._lock:
            return self._find_review(review_id)

    def reviews(
        self, movie_id: int, label: Label | None = None, offset: int = 0, limit: int | None = None
    ) -> tuple[list[Review], int]:
        with self._lock:
            self.movie(movie_id)
            chosen = self._shelves[movie_id][label]
            stop = None if limit is None else offset + limit
            return list(islice(reversed(chosen.values()), offset, stop)), len(chosen)

    def delete_review(self, review_id: int) -> Review:
        with self._lock:
            review = self._find_review(review_id)
            del self._movie_of[review_id]
            for label in (None, review.sentiment_label):
                del self._shelves[review.movie_id][label][review_id]
            self._count(self._movies[review.movie_id], review, -1)
            return review

    def totals(self) -> Totals:
        with self._lock:
            return Totals(len(self._movies), len(self._movie_of), self._positive_count)

    def _find_review(self, review_id: int) -> Review:
        try:
            return self._shelves[self._movie_of[review_id]][None][review_id]
        except KeyError:
            raise NotFound("review", review_id) from None

    def _count(self, movie: Movie, review: Review, change: int) -> None:
        """Counts the review in (+1) or out (-1); the lock is held."""
        count = movie.review_count + change
        positive = change if review.is_positive else 0
        self._movies[movie.id] = replace(
            movie,
            review_count=count,
            positive_count=movie.positive_count + positive,
            # Starting again from 0 keeps what rounding left in the sum from outliving the last review.
            rating_sum=movie.rating_sum + change * review.rating if count else 0.0,
        )
        self._positive_count += positive
        self._version += 1
