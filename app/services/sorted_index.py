"""Movies in one order, as one state of the store after the other has it."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.models import Movie

Key = Callable[[Movie], tuple[Any, ...]]
MANY = 500
"""From so many differences on, working out all is quicker than finding each its place."""

_Difference = tuple[Sequence[Movie], Sequence[Movie]]
"""Movies that go, and movies that come in their stead."""
_State = tuple[list[tuple[Any, ...]], list[Movie], tuple[_Difference, ...]]
"""The keys, ascending; the movies as shown; and what is still to be done to both."""


class Ranking:
    """Movies ordered by a key, and by id where that is the same. Safe under threads."""

    def __init__(self, key: Key, is_ascending: bool, movies: Iterable[Movie] = ()) -> None:
        self._key, self._is_ascending = key, is_ascending
        ranked = sorted((*key(movie), movie.id, movie) for movie in movies)
        shown = [item[-1] for item in (ranked if is_ascending else reversed(ranked))]
        self._state: _State = [item[:-1] for item in ranked], shown, ()  # replaced as a whole: threads see all or none

    @property
    def movies(self) -> Sequence[Movie]:
        """Not to be altered."""
        keys, movies, due = self._state
        if due:
            keys, movies = keys.copy(), movies.copy()
            for gone, come in due:
                self._replace(keys, movies, gone, come)
            self._state = keys, movies, ()
        return movies

    def pick(self, wanted: Iterable[Movie]) -> list[Movie]:
        """These in this order: for a few, which are quicker put in order than looked for among all."""
        return sorted(wanted, key=lambda movie: (*self._key(movie), movie.id), reverse=not self._is_ascending)

    def replace(self, gone: Sequence[Movie], come: Sequence[Movie]) -> "Ranking | None":
        """Another with these differences, worked out when it is looked at; None where all are better worked out."""
        keys, movies, due = self._state
        if sum(len(went) + len(came) for went, came in due) + len(gone) + len(come) >= MANY:
            return None
        other = Ranking(self._key, self._is_ascending)
        other._state = keys, movies, (*due, (gone, come))
        return other

    def _replace(
        self, keys: list[tuple[Any, ...]], movies: list[Movie], gone: Iterable[Movie], come: Iterable[Movie]
    ) -> None:
        for movie in gone:
            place = bisect_left(keys, (*self._key(movie), movie.id))
            del keys[place]
            del movies[place if self._is_ascending else len(movies) - 1 - place]
        for movie in come:
            key = (*self._key(movie), movie.id)
            place = bisect_left(keys, key)
            keys.insert(place, key)
            movies.insert(place if self._is_ascending else len(movies) - place, movie)
