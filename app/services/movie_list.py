"""The list of all movies, worked on once for each state of the store: its orders, its genres, its mean rating."""

from bisect import bisect_left
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, islice
from operator import attrgetter, is_not

from app.models import Movie
from app.schemas import MoviesQuery
from app.services.fuzzy_search import SlipIndex, other_layout
from app.services.search import SearchIndex, names_all, searched_text, split_genre, split_words
from app.services.sorted_index import MANY, Key, Ranking

PRIOR = 5
"""As many reviews of the mean rating are added to each movie's own."""


@dataclass(frozen=True, slots=True)
class WeightedRating:
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


_KEYS: dict[str, Key] = {
    "average": lambda m: (m.average_rating or 0.0, m.review_count) if m.review_count else (-1.0, 0),
    "newest": lambda m: (),
    "reviews": lambda m: (m.review_count,),
    "release": lambda m: (m.release_date,),
    "title": lambda m: (m.title.casefold(),),
}
_ASCENDING = ("title",)
_FEW = 500
"""Up to so many movies are quicker put in order than looked for in the order of all."""


class MovieList:
    """All movies at one moment; what is asked of it is worked out once. Safe under threads.

    It takes over what an earlier one worked out: of ten thousand movies, a new review has changed one.
    """

    def __init__(self, movies: Sequence[Movie], prior: int = PRIOR, earlier: "MovieList | None" = None) -> None:
        self.movies = movies
        self._prior = prior
        self._rankings: dict[str, Ranking] = {}
        gone, come = _differences(earlier.movies, movies) if earlier else ([], movies)
        self._count = sum(m.review_count for m in come) - sum(m.review_count for m in gone)
        self._rating_sum = sum(m.rating_sum for m in come) - sum(m.rating_sum for m in gone)
        if earlier:
            self._count += earlier._count
            self._rating_sum += earlier._rating_sum
            self._take_over(earlier, gone, come)

    def find(self, query: MoviesQuery) -> tuple[list[Movie], int]:
        """The page of the movies that match, ordered, that `query` asks for; and how many match in all."""
        start, stop = query.start, query.start + query.per_page
        if not query.is_narrowed:
            return list(self.order(query.sort)[start:stop]), len(self.movies)
        ids = self._match(query)
        if len(ids) <= _FEW:
            return self._ranking(query.sort).pick(map(self._movie, ids))[start:stop], len(ids)
        found = (movie for movie in self.order(query.sort) if movie.id in ids)
        return list(islice(found, start, stop)), len(ids)

    def order(self, sort: str) -> Sequence[Movie]:
        """All of them by `sort` (an `app.schemas.Sort`), not to be altered; by rating, those without a review come
        last."""
        return self._ranking(sort).movies

    def _match(self, query: MoviesQuery) -> Set[int]:
        """The ids of the movies that have what `query` asks for."""
        ids: Set[int] = self._search(query.q)
        if query.genre:
            named = (ids for text, ids in self._by_genre.items() if names_all(text, query.genre))
            ids = ids & set().union(*named)
        if query.director:
            ids = ids & {movie.id for movie in self.movies if names_all(movie.director, query.director)}
        if query.year:
            ids = ids & {movie.id for movie in self.movies if movie.release_date[:4] == query.year}
        return ids

    def _search(self, q: str) -> Set[int]:
        """Return the ids of the movies in which each word of `q` is found, typed right or nearly so."""
        found: Set[int] = self._all_ids
        for word in split_words(q):
            found = found & (self._haystack.find_word(word) or self._find_mistyped(word))
        return found

    def _find_mistyped(self, word: str) -> Set[int]:
        other = other_layout(word)
        return (self._haystack.find_word(other) if other else set()) or self._slips.find_word(word)

    @cached_property
    def _all_ids(self) -> Set[int]:
        return {movie.id for movie in self.movies}

    @cached_property
    def _slips(self) -> SlipIndex:
        return SlipIndex(self.movies)

    def _movie(self, movie_id: int) -> Movie:
        return self.movies[bisect_left(self.movies, movie_id, key=attrgetter("id"))]  # which are ordered by it

    def _ranking(self, sort: str) -> Ranking:
        ranking = self._rankings.get(sort)
        if ranking is None:
            key = _KEYS[sort] if sort != "rating" else _by_rating(self.weighing)
            ranking = self._rankings[sort] = Ranking(key, sort in _ASCENDING, self.movies)
        return ranking

    @cached_property
    def weighing(self) -> WeightedRating:
        return WeightedRating(self._prior, round(self._rating_sum / self._count, 2) if self._count else None)

    @cached_property
    def genres(self) -> list[str]:
        """Every genre that some movie has, in dictionary order; not to be altered."""
        return sorted({genre for text in self._by_genre for genre in split_genre(text)})

    @cached_property
    def _by_genre(self) -> dict[str, set[int]]:
        """The ids of the movies by what is said of their genre."""
        found: dict[str, set[int]] = {}
        for movie in self.movies:
            found.setdefault(movie.genre, set()).add(movie.id)
        return found

    @cached_property
    def _haystack(self) -> SearchIndex:
        """What words are looked for in, by the movie's id."""
        return SearchIndex({movie.id: searched_text(movie) for movie in self.movies})

    def _take_over(self, earlier: "MovieList", gone: Sequence[Movie], come: Sequence[Movie]) -> None:
        if len(gone) + len(come) >= MANY:
            return
        for sort, ranking in tuple(earlier._rankings.items()):
            if sort != "rating" or self.weighing == earlier.weighing:
                replaced = ranking.replace(gone, come)
                if replaced:
                    self._rankings[sort] = replaced
        known = earlier.__dict__
        if "_haystack" in known:
            self._haystack = _search_changed(earlier._haystack, gone, come)
        if {movie.id: movie.genre for movie in gone} == {movie.id: movie.genre for movie in come}:
            for name in ("_by_genre", "genres"):
                if name in known:
                    setattr(self, name, known[name])


def _by_rating(weighing: WeightedRating) -> Key:
    return lambda m: (weighing.rate(m), m.review_count) if m.review_count else (-1.0, 0)


def _search_changed(haystack: SearchIndex, gone: Sequence[Movie], come: Sequence[Movie]) -> SearchIndex:
    """The haystack with these differences: the very same where there are none in it, as after a review."""
    then, now = ({movie.id: searched_text(movie) for movie in movies} for movies in (gone, come))
    return haystack if then == now else haystack.replace(then, {movie.id: searched_text(movie) for movie in come})


def _differences(before: Sequence[Movie], after: Sequence[Movie]) -> tuple[list[Movie], list[Movie]]:
    """What is to be taken from `before`, and what to be added, to come to `after`."""
    if len(before) == len(after):
        changed = list(compress(range(len(after)), map(is_not, before, after)))
        return [before[place] for place in changed], [after[place] for place in changed]
    then, now = ({movie.id: movie for movie in movies} for movies in (before, after))
    gone = [movie for movie in before if now.get(movie.id) is not movie]
    return gone, [movie for movie in after if then.get(movie.id) is not movie]
