"""The line of a movie's recent ratings, which a template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

_LEFT, _RIGHT, _TOP, _BOTTOM = 24, 294, 8, 98
TREND_WINDOW = 5
"""Number of ratings averaged for each point of the trend."""
TREND_MIN = 10
"""Minimum number of reviews for a trend."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The moving average of `count` ratings, oldest first.

    `points` are the coordinates of the `means`. `grid` has the rating and y of each horizontal line.
    """

    points: Sequence[tuple[float, float]]
    means: Sequence[float]
    count: int
    grid: Sequence[tuple[int, float]]


def trend(newest_first: Sequence[float]) -> Trend | None:
    """Return the moving average over `TREND_WINDOW` ratings in a view box of 300 x 110, or None for too few ratings."""
    ratings = list(reversed(newest_first))
    if len(ratings) < TREND_MIN:
        return None
    windows = [ratings[i : i + TREND_WINDOW] for i in range(len(ratings) - TREND_WINDOW + 1)]
    means = [sum(window) / TREND_WINDOW for window in windows]
    low, high = _span(means)
    step = (_RIGHT - _LEFT) / (len(means) - 1)
    points = [(round(_LEFT + i * step, 1), _level(mean, low, high)) for i, mean in enumerate(means)]
    grid = [(rating, _level(rating, low, high)) for rating in range(low, high + 1, 2)]
    return Trend(points, means, len(ratings), grid)


def _span(means: Sequence[float]) -> tuple[int, int]:
    """Return the even ratings that bound the line, at least four apart, so that small changes look small."""
    low, high = 2 * floor(min(means) / 2), 2 * ceil(max(means) / 2)
    while high - low < 4:
        low, high = (low, high + 2) if high < 10 else (low - 2, high)
    return low, high


def _level(rating: float, low: int, high: int) -> float:
    """Return the y coordinate of a rating."""
    return round(_TOP + (_BOTTOM - _TOP) * (high - rating) / (high - low), 1)
