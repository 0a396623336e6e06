"""Statistics: most loved, divisive, reviewed and corrected movies; reviews by year, genre and month."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A row of a chart: name, number of reviews, mean rating (None if unknown), and width of 100."""

    name: str
    count: int
    mean: float | None
    width: float


@blueprint.get("/stats")
def show() -> Response:
    movie_list = catalogue().movie_list()
    movies = [movie for movie in movie_list.movies if movie.review_count]
    rate = movie_list.weighted_rating.rate
    rated = [movie for movie in movies if movie.review_count >= MIN_REVIEWS]
    genres = _bars((genre, movie) for movie in movies for genre in split_names(movie.genre))
    years = _bars((movie.release_date[:4], movie) for movie in movies if movie.release_date)
    return render(
        "stats.html",
        totals=movie_list.totals,
        loved=sorted(rated, key=rate, reverse=True)[:SHOWN],
        divisive=sorted(filter(_divisiveness, rated), key=_divisiveness, reverse=True)[:SHOWN],
        reviewed=sorted(movies, key=lambda movie: movie.review_count, reverse=True)[:SHOWN],
        corrected=[(catalogue().movie(movie_id), count) for movie_id, count in catalogue().most_corrected(SHOWN)],
        genres=sorted(genres, key=lambda bar: bar.count, reverse=True)[:SHOWN],
        years=sorted(years, key=lambda bar: bar.name)[-YEARS_SHOWN:],
        months=_months(catalogue().reviews_by_month()),
    )


def _divisiveness(movie: Movie) -> float:
    """Return the evenness of positive and negative reviews: 0 for all alike, 1 for half and half."""
    share = movie.positive_share or 0.0
    return 4 * share * (1 - share)


def _bars(named: Iterable[tuple[str, Movie]]) -> list[ChartRow]:
    """Return a row for each name, from pairs (name, movie)."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, float] = defaultdict(float)
    for name, movie in named:
        counts[name] += movie.review_count
        sums[name] += movie.rating_sum
    highest = max(counts.values(), default=1)
    return [
        ChartRow(name, count, sums[name] / count, round(100 * count / highest, 1)) for name, count in counts.items()
    ]


def _months(counts: list[tuple[str, int]]) -> list[ChartRow]:
    highest = max((count for _, count in counts), default=1)
    return [ChartRow(name, count, None, round(100 * count / highest, 1)) for name, count in counts]
