"""The geometry of the two small charts on a movie's page; templates draw it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

_BAR_HEIGHT = 100
_TREND_WIDTH, _TREND_HEIGHT = 300, 60
TREND_LEAST = 5
"""A line through fewer reviews than this says nothing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram: its `rating` 1..10, how many reviews of which label, and their heights out of 100.

    A rating does not tell the label: where a model's verdict turns at 6, a 5.5 may be negative.
    """

    rating: int
    positive: int
    negative: int
    positive_height: float
    negative_height: float

    @property
    def count(self) -> int:
        return self.positive + self.negative


def histogram(counts: Sequence[tuple[int, int]]) -> list[Bar]:
    """A bar for each pair (positive, negative); the highest is as high as it gets, and one review still shows."""
    most = max(map(sum, counts)) or 1
    return [
        Bar(rating, positive, negative, _height(positive, most), _height(negative, most))
        for rating, (positive, negative) in enumerate(counts, start=1)
    ]


def _height(count: int, most: int) -> float:
    return max(3.0, round(_BAR_HEIGHT * count / most, 1)) if count else 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through ratings from old to new: SVG `points`, and where its last one is."""

    points: str
    end_x: float
    end_y: float
    count: int


def trend(newest_first: Sequence[float]) -> Trend | None:
    """The mean of each rating and up to four before it, on a sheet of 300 x 60; None for too few ratings."""
    ratings = list(reversed(newest_first))
    if len(ratings) < TREND_LEAST:
        return None
    means = []
    for i in range(len(ratings)):
        window = ratings[max(0, i - 4) : i + 1]
        means.append(sum(window) / len(window))
    step = (_TREND_WIDTH - 12) / (len(means) - 1)
    spots = [(6 + i * step, 6 + (_TREND_HEIGHT - 12) * (1 - mean / 10)) for i, mean in enumerate(means)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    return Trend(points, round(spots[-1][0], 1), round(spots[-1][1], 1), len(ratings))
