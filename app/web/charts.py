"""The geometry of the charts on a movie's page and the model's; templates draw them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

_BAR_HEIGHT = 100
MIDDLE = 5
"""The rating from which on a review is positive."""
_TREND_LEFT, _TREND_RIGHT, _TREND_TOP, _TREND_BOTTOM = 24, 294, 8, 98
TREND_WINDOW = 5
"""How many ratings each point of the trend is the mean of."""
TREND_MIN = 10
"""The trend of fewer reviews than this has too few points to show anything."""


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """A bar of the histogram.

    Its ratings go from `low` to below `high` (the last includes 10); `count` is the number of reviews, and `height` is
    out of 100.
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
    """Return a bar for each pair (positive, negative), the highest 100 high, and none with a review lower than 3."""
    totals = [sum(pair) for pair in counts]
    highest = max(totals) or 1
    return [
        HistogramBar(low, count, max(3.0, round(_BAR_HEIGHT * count / highest, 1)) if count else 0.0)
        for low, count in enumerate(totals)
    ]


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through ratings from old to new.

    SVG `points`, the position of the last one, the first and last means, and `grid`: the ratings with a horizontal
    line, and the height of each.
    """

    points: str
    end_x: float
    end_y: float
    start: float
    end: float
    count: int
    grid: Sequence[tuple[int, float]]


def trend(newest_first: Sequence[float]) -> Trend | None:
    """Return the mean of each `TREND_WINDOW` ratings in a row, on a sheet of 300 x 110; None for too few ratings."""
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
    """Return the even ratings that the line runs between; four apart at least, so that a quiet line looks quiet."""
    low, high = 2 * floor(min(means) / 2), 2 * ceil(max(means) / 2)
    while high - low < 4:
        low, high = (low, high + 2) if high < 10 else (low - 2, high)
    return low, high


def _level(rating: float, low: int, high: int) -> float:
    """How far down the sheet a rating is, in its units."""
    return _TREND_TOP + (_TREND_BOTTOM - _TREND_TOP) * (high - rating) / (high - low)


PLOT_SIZE = 240
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Plot:
    """A scatter plot in a square of `PLOT_SIZE`.

    Points (x, y), y downwards, and the `ticks` of both axes: a value and its distance from the origin.
    """

    points: Sequence[tuple[float, float]]
    ticks: Sequence[tuple[float, float]]

    @property
    def line(self) -> str:
        """The points as an SVG polyline has them."""
        return " ".join(f"{x},{y}" for x, y in self.points)


def plot(points: Sequence[tuple[float, float]], top: float) -> Plot | None:
    """Return a plot whose axes both run from 0 to `top`; None without points."""
    if not points:
        return None
    scale = PLOT_SIZE / top
    placed = [(round(x * scale, 1), round(PLOT_SIZE - y * scale, 1)) for x, y in points]
    return Plot(placed, [(top * tick / _TICKS, PLOT_SIZE * tick / _TICKS) for tick in range(_TICKS + 1)])
