"""The default store: everything in this process's memory, gone when it ends. One lock, held while dictionaries and
sorted lists change or a slice is copied, never while a model reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from threading import Lock

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
from app.store.additions import refuse_repeats, refuse_strays
from app.store.book import Book, Deleted
from app.store.clock import Clock, stamp, utc_now
from app.store.counting import edited, first_read, read_anew
from app.store.holdings import Holdings, Said
from app.store.log import summarize_movie, summarize_review


class MemoryStore:
    """A `Store` in dictionaries and sorted lists: an operation takes the same time however much it holds."""

    durable = False

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._lock = Lock()
        self._held = Holdings()
        self._book = Book(now)
        self._last_movie_id = 0
        self._last_review_id = 0
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        """There is nothing to let go of."""

    # Movies

    def add_movie(self, fields: MovieFields) -> Movie:
        with self._lock:
            self._held.refuse_twin(fields)
            self._last_movie_id += 1
            movie = Movie(**asdict(fields), id=self._last_movie_id)
            self._held.put_movie(movie)
            self._version += 1
            return movie

    def update_movie(self, movie_id: int, change: Callable[[Movie], MovieFields], who: str = "") -> Movie:
        with self._lock:
            old = self._held.movie(movie_id)
            fields = change(old)
            self._held.refuse_twin(fields, movie_id)
            movie = replace(old, **asdict(fields))
            if movie != old:
                self._held.change_movie(movie)
                self._book.write(Action.EDIT_MOVIE, who, summarize_movie(movie), movie_id)
                self._version += 1
            return movie

    def movie(self, movie_id: int) -> Movie:
        return self._held.movie(movie_id)

    def movies(self) -> Sequence[Movie]:
        with self._lock:
            return self._held.list_movies()

    def delete_movie(self, movie_id: int, who: str = "") -> int:
        with self._lock:
            movie = self._held.movie(movie_id)
            reviews = [self._held.reviews[review_id] for review_id in self._held.shelf(movie_id).ids]
            deleted = Deleted(movie, reviews, self._held.take_reviews(reviews))
            self._held.take_movie(movie)
            self._book.write(Action.DELETE_MOVIE, who, summarize_movie(movie), movie_id, deleted=deleted)
            self._version += 1
            return movie.review_count

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        with self._lock:
            return self._held.shelf(movie_id).histogram()

    # Reviews

    def add_review(
        self, movie_id: int, author: str, content: str, sentiment: Sentiment, *, model: str = "", writer: str = ""
    ) -> Review:
        with self._lock:
            self._held.movie(movie_id)
            self._last_review_id += 1
            new, at = self._last_review_id, stamp(self._now())
            review = first_read(new, movie_id, author, content, sentiment, at=at, model=model, writer=writer)
            self._held.put_review(review)
            self._version += 1
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
        with self._lock:
            old = self._held.review(review_id)
            review = edited(old, author, read, model)
            if review == old:
                return old
            if review.content != old.content:
                self._held.corrections.pop(review_id, None)
            self._held.take_review(old)
            self._held.put_review(replace(review, edited_at=stamp(self._now())))
            self._book.write(Action.EDIT_REVIEW, who, summarize_review(review), review.movie_id, review_id)
            self._version += 1
            return self._held.review(review_id)

    def review(self, review_id: int) -> Review:
        with self._lock:
            return self._held.review(review_id)

    def reviews(
        self,
        movie_id: int,
        label: Label | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
    ) -> tuple[list[Review], int]:
        with self._lock:
            ids, total = self._held.shelf(movie_id).slice(label, order, offset, limit)
            return [self._held.reviews[review_id] for review_id in ids], total

    def delete_review(self, review_id: int, who: str = "") -> Review:
        with self._lock:
            review = self._held.review(review_id)
            deleted = Deleted(None, [review], self._held.take_reviews([review]))
            summary = summarize_review(review)
            self._book.write(Action.DELETE_REVIEW, who, summary, review.movie_id, review_id, deleted)
            self._version += 1
            return review

    def position(self, review_id: int) -> int:
        with self._lock:
            return self._held.shelf(self._held.review(review_id).movie_id).newer(review_id)

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        with self._lock:
            return list(islice(self._held.reviews_after(after_id), limit))

    def totals(self) -> Totals:
        with self._lock:
            return self._held.totals()

    # What models and readers say

    def models(self) -> dict[str, int]:
        with self._lock:
            return {model: count for model, count in self._held.models.items() if count}

    def put_readings(self, readings: Sequence[Reading], model: str) -> int:
        written = 0
        with self._lock:
            for reading in readings:
                old = self._held.reviews.get(reading.review_id)
                if old is not None and old.content == reading.content:
                    self._held.take_review(old)
                    self._held.put_review(read_anew(old, reading.sentiment, model))
                    written += 1
            self._version += 1 if written else 0
        return written

    def correct(self, review_id: int, reader: str, label: Label | None) -> Review:
        with self._lock:
            self._held.review(review_id)
            old = self._held.corrections.get(review_id, {}).get(reader)
            if label is not (old.label if old else None):
                if label is None:
                    self._held.drop_correction(review_id, reader)
                else:
                    said = {reader: Correction(review_id, reader, label, stamp(self._now()))}
                    self._held.put_corrections({review_id: said})
                self._version += 1
            return self._held.review(review_id)

    def corrections(self) -> Sequence[Correction]:
        with self._lock:
            by_review = sorted(self._held.corrections.items())
            return [said[reader] for _, said in by_review for reader in sorted(said)]

    # The log

    def changes(self, offset: int = 0, limit: int = 50) -> tuple[list[Change], int]:
        with self._lock:
            return self._book.slice(offset, limit)

    def log(self, action: Action, summary: str, who: str = "") -> Change:
        with self._lock:
            return self._book.write(action, who, summary)

    def undo(self, change_id: int, who: str = "") -> Change:
        with self._lock:
            change, deleted = self._book.find(change_id)
            if deleted.movie:
                self._held.refuse_twin(deleted.movie)
                self._held.put_movie(deleted.movie)
            for review in deleted.reviews:
                self._held.movie(review.movie_id)  # which may have been deleted after the review was
            for review in deleted.reviews:
                self._held.put_review(review)
            self._held.put_corrections(deleted.corrections)
            self._version += 1
            return self._book.undo(change, who)

    # Many at once

    def reserve(self, movies: int, reviews: int) -> tuple[int, int]:
        with self._lock:
            first = self._last_movie_id + 1, self._last_review_id + 1
            self._last_movie_id += movies
            self._last_review_id += reviews
            return first

    def add_all(
        self, movies: Sequence[Movie], reviews: Sequence[Review], corrections: Sequence[Correction] = ()
    ) -> None:
        said: dict[int, Said] = {}
        for correction in corrections:
            said.setdefault(correction.review_id, {})[correction.reader] = correction
        with self._lock:
            self._refuse_misfits(movies, reviews, said)
            for movie in movies:
                self._held.put_movie(movie)
            for review in reviews:
                self._held.put_review(review)
            self._held.put_corrections(said)
            self._last_movie_id = max([self._last_movie_id, *(movie.id for movie in movies)])
            self._last_review_id = max([self._last_review_id, *(review.id for review in reviews)])
            self._version += 1

    def _refuse_misfits(self, movies: Sequence[Movie], reviews: Sequence[Review], said: dict[int, Said]) -> None:
        """Raises what `add_all` does; the lock is held."""
        held, trash = self._held, self._book.trash()
        movie_ids = held.movies.keys() | {deleted.movie.id for deleted in trash if deleted.movie}
        review_ids = held.reviews.keys() | {review.id for deleted in trash for review in deleted.reviews}
        refuse_repeats("movie", [(movie.id, movie.id) for movie in movies], movie_ids)
        refuse_repeats("movie", [(movie.key, movie.id) for movie in movies])
        refuse_repeats("review", [(review.id, review.id) for review in reviews], review_ids)
        for movie in movies:
            held.refuse_twin(movie)
        added = {movie.id for movie in movies}
        refuse_strays("movie", (review.movie_id for review in reviews), held.movies, added)
        refuse_strays("review", said, held.reviews, {review.id for review in reviews} if said else ())
