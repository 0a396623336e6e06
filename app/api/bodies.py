"""The JSON of movies, each made once, and again when it has changed: a new review changes one of a thousand."""

from collections.abc import Sequence

from app.api.schemas import MovieOut, dump
from app.models import Movie

_MOST = 20_000  # some megabytes; beyond it, many may be of movies that are deleted, and all are made anew


class MovieBodies:
    """What was made lately, by the movies' ids. Safe under threads."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Movie, bytes]] = {}

    def dump(self, movies: Sequence[Movie]) -> bytes:
        """`movies` as the JSON of a list of `MovieOut`."""
        if len(self._kept) > _MOST:
            self._kept = {}
        return b"[" + b",".join([self._dump(movie) for movie in movies]) + b"]"

    def _dump(self, movie: Movie) -> bytes:
        kept = self._kept.get(movie.id)
        if kept is None or kept[0] != movie:
            kept = self._kept[movie.id] = movie, dump(MovieOut, movie)
        return kept[1]
