"""The list of all movies, worked on once for each state of the store: its orders, its genres, its mean rating."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.catalogue.search import split_genre
from app.models import Movie

PRIOR = 5
"""As many reviews of the mean rating are added to each movie's own, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How movies are rated for their order: as if each had `prior` more reviews with the `mean` rating of all reviews.

    This is the weighted rating that IMDb published for its Top 250: WR = v/(v+m) * R + m/(v+m) * C, where a movie's
    v reviews have the mean R, C is the mean over all reviews, and m the `prior` (help.imdb.com, "Ratings FAQ"). One
    rave then does not top the list. `mean` is None while there is no review at all.
    """

    prior: int
    mean: float | None

    @classmethod
    def of(cls, movies: Sequence[Movie], prior: int = PRIOR) -> "Weighing":
        count = sum(movie.review_count for movie in movies)
        return cls(prior, sum(movie.rating_sum for movie in movies) / count if count else None)

    def rate(self, movie: Movie) -> float:
        """The movie's weighted rating, 0..10; for movies with reviews."""
        return (movie.rating_sum + self.prior * (self.mean or 0.0)) / (movie.review_count + self.prior)


def _by_rating(weighing: Weighing) -> Callable[[Movie], tuple[Any, ...]]:
    return lambda m: (-weighing.rate(m), -m.review_count, -m.id) if m.review_count else (1.0, 0, -m.id)


_ORDERS: dict[str, Callable[[Movie], tuple[Any, ...]]] = {
    "newest": lambda m: (-m.id,),
    "reviews": lambda m: (-m.review_count, -m.id),
    "release": lambda m: (not m.release_date, [-ord(c) for c in m.release_date], -m.id),
    "title": lambda m: (m.title.casefold(), m.id),
}


class Listing:
    """All movies at one moment; what is asked of it is worked out once. Safe under threads."""

    def __init__(self, movies: Sequence[Movie], prior: int = PRIOR) -> None:
        self.movies = movies
        self._prior = prior
        self._orders: dict[str, Sequence[Movie]] = {}

    def order(self, sort: str) -> Sequence[Movie]:
        """All of them by `sort` (an `app.inputs.Sort`); by rating, those without a review come last."""
        if sort not in self._orders:
            key = _by_rating(self.weighing) if sort == "rating" else _ORDERS[sort]
            self._orders[sort] = sorted(self.movies, key=key)
        return self._orders[sort]

    @cached_property
    def weighing(self) -> Weighing:
        return Weighing.of(self.movies, self._prior)

    @cached_property
    def genres(self) -> list[str]:
        """Every genre that some movie has, in dictionary order; not to be altered."""
        return sorted({genre for movie in self.movies for genre in split_genre(movie.genre)})
