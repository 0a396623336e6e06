"""The list of all movies, worked on once for each state of the store: its orders, its genres, its mean rating."""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.catalogue.search import find_movies, searched_text, split_genre
from app.inputs import MoviesQuery
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


_Ranked = list[tuple[Any, ...]]
"""What a movie is ordered by, its id, and the movie itself: the ids decide before two movies are compared."""

_KEYS: dict[str, tuple[Callable[[Movie], Any], bool]] = {
    "newest": (lambda m: 0, True),
    "reviews": (lambda m: m.review_count, True),
    "release": (lambda m: m.release_date, True),
    "title": (lambda m: m.title.casefold(), False),
}
"""For each order its key, and whether the largest comes first."""
_MANY = 500
"""From so many new and changed movies on, sorting all is quicker than finding each its place."""


class Listing:
    """All movies at one moment; what is asked of it is worked out once. Safe under threads.

    It starts from what an earlier one worked out: of ten thousand movies, a new review has changed one.
    """

    def __init__(self, movies: Sequence[Movie], prior: int = PRIOR, earlier: "Listing | None" = None) -> None:
        self.movies = movies
        self._prior = prior
        self._orders: dict[str, Sequence[Movie]] = {}
        self._ranked: dict[str, _Ranked] = {}
        self._earlier: dict[str, _Ranked] = {**earlier._earlier, **earlier._ranked} if earlier else {}
        self._texts: dict[int, tuple[Movie, str]] = {}
        if earlier and len(earlier._texts) < 2 * len(movies):  # else most of them are of deleted movies
            self._texts = earlier._texts

    def find(self, query: MoviesQuery) -> Sequence[Movie]:
        """The movies that match `query`, ordered; not to be altered."""
        return find_movies(self.order(query.sort), query, self._text_of)

    def order(self, sort: str) -> Sequence[Movie]:
        """All of them by `sort` (an `app.inputs.Sort`); by rating, those without a review come last."""
        if sort not in self._orders:
            ranked = self._rank_by_rating() if sort == "rating" else self._rank(sort)
            is_descending = sort == "rating" or _KEYS[sort][1]
            self._ranked[sort] = ranked
            self._orders[sort] = [item[-1] for item in (reversed(ranked) if is_descending else ranked)]
        return self._orders[sort]

    @cached_property
    def weighing(self) -> Weighing:
        return Weighing.of(self.movies, self._prior)

    @cached_property
    def genres(self) -> list[str]:
        """Every genre that some movie has, in dictionary order; not to be altered."""
        return sorted({genre for text in {movie.genre for movie in self.movies} for genre in split_genre(text)})

    @cached_property
    def _by_id(self) -> dict[int, Movie]:
        return {movie.id: movie for movie in self.movies}

    def _rank(self, sort: str) -> _Ranked:
        """Ascending: what has not changed stays where it is, and the rest finds its place in between."""
        key, _ = _KEYS[sort]
        there = self._by_id
        kept = [item for item in self._earlier.get(sort, ()) if there.get(item[-2]) is item[-1]]
        new = there.keys() - {item[-2] for item in kept} if len(kept) < len(there) else set()
        if len(new) >= _MANY:
            return sorted((key(movie), movie.id, movie) for movie in self.movies)
        for movie_id in new:
            insort(kept, (key(there[movie_id]), movie_id, there[movie_id]))
        return kept

    def _rank_by_rating(self) -> _Ranked:
        """Ascending. A new review moves every movie's weighted rating a little, and hardly any movie's place, which
        makes sorting them from their last places quick."""
        there = self._by_id
        earlier = [there[item[-2]] for item in self._earlier.get("rating", ()) if item[-2] in there]
        prior, added = self.weighing.prior, self.weighing.prior * (self.weighing.mean or 0.0)
        return sorted(
            ((m.rating_sum + added) / (count + prior) if (count := m.review_count) else -1.0, count, m.id, m)
            for m in (earlier if len(earlier) == len(there) else self.movies)
        )

    def _text_of(self, movie: Movie) -> str:
        kept = self._texts.get(movie.id)
        if kept is None or kept[0] is not movie:
            kept = self._texts[movie.id] = movie, searched_text(movie)
        return kept[1]
