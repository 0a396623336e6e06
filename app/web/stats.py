"""Statistics: most loved, divisive, reviewed and corrected movies; reviews by year, genre and month."""

from collections import defaultdict
from collections.abc import Iterable

from flask import Blueprint, Response

from app.models import Movie
from app.services.search import split_names
from app.web.pages import catalogue
from app.web.rendering import render

blueprint = Blueprint("stats", __name__)

SHOWN = 10
"""Number of movies in a list, and of genres."""
YEARS_SHOWN = 20
MIN_REVIEWS = 3
"""Minimum number of reviews of a most loved or divisive movie."""


@blueprint.get("/stats")
def show() -> Response:
    movie_list = catalogue().movie_list()
    movies = [movie for movie in movie_list.movies if movie.review_count]
    rate = movie_list.weighted_rating.rate
    rated = [movie for movie in movies if movie.review_count >= MIN_REVIEWS]
    genres = _rows((genre, movie) for movie in movies for genre in split_names(movie.genre))
    years = _rows((movie.release_date[:4], movie) for movie in movies if movie.release_date)
    return render(
        "stats.html",
        totals=movie_list.totals,
        loved=sorted(rated, key=rate, reverse=True)[:SHOWN],
        divisive=sorted(filter(_divisiveness, rated), key=_divisiveness, reverse=True)[:SHOWN],
        reviewed=sorted(movies, key=lambda movie: movie.review_count, reverse=True)[:SHOWN],
        corrected=[(catalogue().movie(movie_id), count) for movie_id, count in catalogue().most_corrected(SHOWN)],
        genres=sorted(genres, key=lambda row: row[1], reverse=True)[:SHOWN],
        years=sorted(years)[-YEARS_SHOWN:],
        months=[(month, count, None) for month, count in catalogue().reviews_by_month()],
    )


def _divisiveness(movie: Movie) -> float:
    """Return the evenness of positive and negative reviews: 0 for all alike, 1 for half and half."""
    share = movie.positive_share or 0.0
    return 4 * share * (1 - share)


def _rows(named: Iterable[tuple[str, Movie]]) -> list[tuple[str, int, float]]:
    """Return the number of reviews and their mean rating for each name of the pairs (name, movie)."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, float] = defaultdict(float)
    for name, movie in named:
        counts[name] += movie.review_count
        sums[name] += movie.rating_sum
    return [(name, count, sums[name] / count) for name, count in counts.items()]
