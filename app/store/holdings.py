"""What the memory store holds, in dictionaries and sorted lists that agree. Knows no lock, no log and no time."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from app.errors import AlreadyThere, NotFound
from app.models import Correction, Movie, MovieFields, Review, Totals
from app.store.counting import count_review, empty
from app.store.shelf import Shelf

Said = dict[str, Correction]
"""What readers said of one review."""


class Holdings:
    """Movies, their reviews, and what readers say of those; each movie counts its reviews, each review its readers."""

    def __init__(self) -> None:
        self.movies: dict[int, Movie] = {}  # oldest first
        self.reviews: dict[int, Review] = {}
        self.shelves: dict[int, Shelf] = {}
        self.corrections: dict[int, Said] = {}
        self.models: Counter[str] = Counter()
        self.movie_ids: dict[str, int] = {}  # by `movie_key`
        self._review_ids: list[int] = []  # sorted; those of reviews taken out stay until they are most of it
        self._listed: tuple[Movie, ...] | None = ()
        self._positive_count = 0

    def movie(self, movie_id: int) -> Movie:
        try:
            return self.movies[movie_id]
        except KeyError:
            raise NotFound("movie", movie_id) from None

    def review(self, review_id: int) -> Review:
        try:
            return self.reviews[review_id]
        except KeyError:
            raise NotFound("review", review_id) from None

    def shelf(self, movie_id: int) -> Shelf:
        self.movie(movie_id)
        return self.shelves[movie_id]

    def list_movies(self) -> Sequence[Movie]:
        """Oldest first; the same object until one of them changes."""
        if self._listed is None:
            self._listed = tuple(self.movies.values())
        return self._listed

    def reviews_after(self, review_id: int) -> Iterator[Review]:
        """Those with a larger id, by id."""
        for place in range(bisect_right(self._review_ids, review_id), len(self._review_ids)):
            if (review := self.reviews.get(self._review_ids[place])) is not None:
                yield review

    def totals(self) -> Totals:
        return Totals(len(self.movies), len(self.reviews), self._positive_count)

    def refuse_twin(self, fields: MovieFields, movie_id: int | None = None) -> None:
        """Raises `AlreadyThere` when there is such a movie, other than that one."""
        there = self.movie_ids.get(fields.key, movie_id)
        if there is not None and there != movie_id:
            raise AlreadyThere("movie", there)

    def put_movie(self, movie: Movie) -> None:
        """Adds the movie, with no reviews yet."""
        is_last = not self.movies or movie.id > next(reversed(self.movies))
        self.movie_ids[movie.key] = movie.id
        self.shelves[movie.id] = Shelf()
        self._show(empty(movie))
        if not is_last:
            self.movies = dict(sorted(self.movies.items()))

    def change_movie(self, movie: Movie) -> None:
        """Puts the movie in the place of the one with its id."""
        del self.movie_ids[self.movies[movie.id].key]
        self.movie_ids[movie.key] = movie.id
        self._show(movie)

    def take_movie(self, movie: Movie) -> None:
        """Takes out a movie whose reviews are out already."""
        del self.movies[movie.id], self.shelves[movie.id], self.movie_ids[movie.key]
        self._listed = None

    def put_review(self, review: Review) -> None:
        self.reviews[review.id] = review
        self.shelves[review.movie_id].put(review)
        place = bisect_left(self._review_ids, review.id)
        if self._review_ids[place : place + 1] != [review.id]:
            self._review_ids.insert(place, review.id)
        self._count(review, +1)
        self._count_corrections(review.id)

    def take_review(self, review: Review) -> None:
        """Takes the review out, and leaves what readers said of it."""
        del self.reviews[review.id]
        self.shelves[review.movie_id].take(review)
        self._count(review, -1)

    def take_reviews(self, reviews: Iterable[Review]) -> dict[int, Said]:
        """Takes the reviews out and what readers said of them, which it returns by review."""
        said = {}
        for review in reviews:
            self.take_review(review)
            if review.id in self.corrections:
                said[review.id] = self.corrections.pop(review.id)
        if len(self._review_ids) > 2 * len(self.reviews) + 1_000:
            self._review_ids = sorted(self.reviews)
        return said

    def put_corrections(self, corrections: Mapping[int, Said]) -> None:
        for review_id, said in corrections.items():
            self.corrections[review_id] = self.corrections.get(review_id, {}) | said
            self._count_corrections(review_id)

    def drop_correction(self, review_id: int, reader: str) -> None:
        del self.corrections[review_id][reader]
        self._count_corrections(review_id)

    def _count_corrections(self, review_id: int) -> None:
        review = self.reviews[review_id]
        said = self.corrections.get(review_id, {}).values()
        count = sum(correction.label is not review.sentiment_label for correction in said)
        if count != review.correction_count:
            self.reviews[review_id] = replace(review, correction_count=count)

    def _count(self, review: Review, change: int) -> None:
        """Counts the review in (+1) or out (-1)."""
        self._show(count_review(self.movies[review.movie_id], review, change))
        self.models[review.model] += change
        self._positive_count += change if review.is_positive else 0

    def _show(self, movie: Movie) -> None:
        self.movies[movie.id] = movie
        self._listed = None
