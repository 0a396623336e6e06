"""The list of all movies, worked on once for each state of the store: its orders, its genres, its mean rating."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
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
    rave then does not top the list. `mean` is to two decimals, so that among many reviews a new one moves its own movie
    and not all of them; None while there is no review at all.
    """

    prior: int
    mean: float | None

    def rate(self, movie: Movie) -> float:
        """The movie's weighted rating, 0..10; for movies with reviews."""
        return (movie.rating_sum + self.prior * (self.mean or 0.0)) / (movie.review_count + self.prior)


_Key = Callable[[Movie], tuple[Any, ...]]
_KEYS: dict[str, _Key] = {
    "newest": lambda m: (),
    "reviews": lambda m: (m.review_count,),
    "release": lambda m: (m.release_date,),
    "title": lambda m: (m.title.casefold(),),
}
_ASCENDING = ("title",)
_MANY = 500
"""From so many differences on, working out all is quicker than finding each its place."""


class _Ranking:
    """Movies ordered by a key, and by id where that is the same."""

    def __init__(self, key: _Key, is_ascending: bool, movies: Iterable[Movie] = ()) -> None:
        self._key, self._is_ascending = key, is_ascending
        ranked = sorted((*key(movie), movie.id, movie) for movie in movies)
        self._keys = [item[:-1] for item in ranked]  # ascending, whatever is shown
        self.movies = [item[-1] for item in (ranked if is_ascending else reversed(ranked))]

    def replace(self, gone: Iterable[Movie], come: Iterable[Movie]) -> "_Ranking":
        """Another with these differences."""
        other = _Ranking(self._key, self._is_ascending)
        other._keys, other.movies = self._keys.copy(), self.movies.copy()
        for movie in gone:
            place = bisect_left(other._keys, (*self._key(movie), movie.id))
            del other._keys[place]
            del other.movies[place if self._is_ascending else len(other.movies) - 1 - place]
        for movie in come:
            key = (*self._key(movie), movie.id)
            place = bisect_left(other._keys, key)
            other._keys.insert(place, key)
            other.movies.insert(place if self._is_ascending else len(other.movies) - place, movie)
        return other


class Listing:
    """All movies at one moment; what is asked of it is worked out once. Safe under threads.

    It takes over what an earlier one worked out: of ten thousand movies, a new review has changed one.
    """

    def __init__(self, movies: Sequence[Movie], prior: int = PRIOR, earlier: "Listing | None" = None) -> None:
        self.movies = movies
        self._prior = prior
        self._rankings: dict[str, _Ranking] = {}
        self._texts: dict[int, str] = {}  # by the movie's id
        gone, come = _differences(earlier.movies, movies) if earlier else ([], movies)
        self._count = sum(m.review_count for m in come) - sum(m.review_count for m in gone)
        self._rating_sum = sum(m.rating_sum for m in come) - sum(m.rating_sum for m in gone)
        if earlier:
            self._count += earlier._count
            self._rating_sum += earlier._rating_sum
            self._take_over(earlier, gone, come)

    def find(self, query: MoviesQuery) -> Sequence[Movie]:
        """The movies that match `query`, ordered; not to be altered."""
        return find_movies(self.order(query.sort), query, self._read)

    def order(self, sort: str) -> Sequence[Movie]:
        """All of them by `sort` (an `app.inputs.Sort`), not to be altered; by rating, those without a review come
        last."""
        if sort not in self._rankings:
            key = _KEYS[sort] if sort != "rating" else _by_rating(self.weighing)
            self._rankings[sort] = _Ranking(key, sort in _ASCENDING, self.movies)
        return self._rankings[sort].movies

    @cached_property
    def weighing(self) -> Weighing:
        return Weighing(self._prior, round(self._rating_sum / self._count, 2) if self._count else None)

    @cached_property
    def genres(self) -> list[str]:
        """Every genre that some movie has, in dictionary order; not to be altered."""
        return sorted({genre for text in {movie.genre for movie in self.movies} for genre in split_genre(text)})

    def _take_over(self, earlier: "Listing", gone: Sequence[Movie], come: Sequence[Movie]) -> None:
        self._texts = earlier._texts.copy()
        for movie in gone:
            self._texts.pop(movie.id, None)
        if len(gone) + len(come) >= _MANY:
            return
        for sort, ranking in tuple(earlier._rankings.items()):
            if sort != "rating" or self.weighing == earlier.weighing:
                self._rankings[sort] = ranking.replace(gone, come)
        if "genres" in earlier.__dict__ and {movie.genre for movie in gone} == {movie.genre for movie in come}:
            self.genres = earlier.genres

    def _read(self, movies: Sequence[Movie]) -> list[str]:
        kept = self._texts
        if len(kept) < len(self.movies):
            kept |= {movie.id: searched_text(movie) for movie in self.movies if movie.id not in kept}
        return [kept[movie.id] for movie in movies]


def _by_rating(weighing: Weighing) -> _Key:
    return lambda m: (weighing.rate(m), m.review_count) if m.review_count else (-1.0, 0)


def _differences(before: Sequence[Movie], after: Sequence[Movie]) -> tuple[list[Movie], list[Movie]]:
    """What is to be taken from `before`, and what to be added, to come to `after`."""
    if len(before) == len(after):
        pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
        return [old for old, _ in pairs], [new for _, new in pairs]
    then, now = ({movie.id: movie for movie in movies} for movies in (before, after))
    gone = [movie for movie in before if now.get(movie.id) is not movie]
    return gone, [movie for movie in after if then.get(movie.id) is not movie]
