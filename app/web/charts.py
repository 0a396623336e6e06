"""Coordinates of the charts that templates draw as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

_BAR_HEIGHT = 100
MIDDLE = 5
"""The lowest positive rating."""
_TREND_LEFT, _TREND_RIGHT, _TREND_TOP, _TREND_BOTTOM = 24, 294, 8, 98
TREND_WINDOW = 5
"""Number of ratings averaged for each point of the trend."""
TREND_MIN = 10
"""Minimum number of reviews for a trend."""


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """A bar of the histogram: `count` reviews rated from `low` to below `high` (the last one includes 10).

    `height` is 0 to 100.
    """

    low: int
    count: int
    height: float

    @property
    def high(self) -> int:
        return self.low + 1

    @property
    def is_positive(self) -> bool:
        return self.low >= MIDDLE


def histogram(counts: Sequence[tuple[int, int]]) -> list[HistogramBar]:
    """Return a bar for each pair (positive, negative), scaled to 100; bars with reviews are at least 3 high."""
    totals = [sum(pair) for pair in counts]
    highest = max(totals) or 1
    return [
        HistogramBar(low, count, max(3.0, round(_BAR_HEIGHT * count / highest, 1)) if count else 0.0)
        for low, count in enumerate(totals)
    ]


@dataclass(frozen=True, slots=True)
class Trend:
    """A line of mean ratings, oldest first.

    `points` are an SVG polyline's, `end_x` and `end_y` the last one, `start` and `end` the first and last mean. `grid`
    has the rating and y of each horizontal line.
    """

    points: str
    end_x: float
    end_y: float
    start: float
    end: float
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
    step = (_TREND_RIGHT - _TREND_LEFT) / (len(means) - 1)
    spots = [(_TREND_LEFT + i * step, _level(mean, low, high)) for i, mean in enumerate(means)]
    return Trend(
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in spots),
        end_x=round(spots[-1][0], 1),
        end_y=round(spots[-1][1], 1),
        start=means[0],
        end=means[-1],
        count=len(ratings),
        grid=[(rating, round(_level(rating, low, high), 1)) for rating in range(low, high + 1, 2)],
    )


def _span(means: Sequence[float]) -> tuple[int, int]:
    """Return the even ratings that bound the line, at least four apart, so that small changes look small."""
    low, high = 2 * floor(min(means) / 2), 2 * ceil(max(means) / 2)
    while high - low < 4:
        low, high = (low, high + 2) if high < 10 else (low - 2, high)
    return low, high


def _level(rating: float, low: int, high: int) -> float:
    """Return the y coordinate of a rating."""
    return _TREND_TOP + (_TREND_BOTTOM - _TREND_TOP) * (high - rating) / (high - low)


PLOT_SIZE = 240
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Plot:
    """A scatter plot in a square of `PLOT_SIZE`.

    `points` are (x, y) with y downwards, `ticks` of both axes (value, distance from the origin).
    """

    points: Sequence[tuple[float, float]]
    ticks: Sequence[tuple[float, float]]

    @property
    def line(self) -> str:
        """The `points` attribute of an SVG polyline."""
        return " ".join(f"{x},{y}" for x, y in self.points)


def plot(points: Sequence[tuple[float, float]], top: float) -> Plot | None:
    """Return a plot whose axes both run from 0 to `top`; None without points."""
    if not points:
        return None
    scale = PLOT_SIZE / top
    placed = [(round(x * scale, 1), round(PLOT_SIZE - y * scale, 1)) for x, y in points]
    return Plot(placed, [(top * tick / _TICKS, PLOT_SIZE * tick / _TICKS) for tick in range(_TICKS + 1)])
