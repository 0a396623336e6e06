"""The geometry of the two small charts on a movie's page; templates draw it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

_BAR_HEIGHT = 100
_TREND_WIDTH, _TREND_HEIGHT = 300, 80
TREND_LEAST = 5
"""A line through fewer reviews than this says nothing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram: its `rating` 1..10, how many reviews, and its height out of 100."""

    rating: int
    count: int
    height: float

    @property
    def is_positive(self) -> bool:
        return self.rating > 5


def histogram(counts: Sequence[int]) -> list[Bar]:
    """A bar for each of ten counts; the highest is as high as it gets, and one review still shows."""
    most = max(counts) or 1
    return [
        Bar(rating, count, max(3.0, round(_BAR_HEIGHT * count / most, 1)) if count else 0)
        for rating, count in enumerate(counts, start=1)
    ]


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through ratings from old to new: SVG `points`, and where its last one is."""

    points: str
    end_x: float
    end_y: float
    count: int


def trend(newest_first: Sequence[float]) -> Trend | None:
    """The mean of each rating and up to four before it, on a sheet of 300 x 80; None for too few ratings."""
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
