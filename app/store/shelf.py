"""The reviews of one movie by id and by rating, all of them and by label, and how many are rated what."""

from bisect import bisect_left, bisect_right, insort
from math import inf

from app.models import Label, Review, ReviewOrder

_Rated = tuple[float, int]
"""A rating and the id of the review it belongs to."""


class Shelf:
    """Which reviews a movie has, as sorted lists of their ids; whoever holds it holds the reviews, too."""

    __slots__ = ("_bars", "_ids", "_rated")

    def __init__(self) -> None:
        self._ids: dict[Label | None, list[int]] = {None: [], Label.POSITIVE: [], Label.NEGATIVE: []}
        self._rated: dict[Label | None, list[_Rated]] = {None: [], Label.POSITIVE: [], Label.NEGATIVE: []}
        self._bars = {Label.POSITIVE: [0] * 10, Label.NEGATIVE: [0] * 10}

    @property
    def ids(self) -> list[int]:
        """All of them, oldest first; not to be altered."""
        return self._ids[None]

    def put(self, review: Review) -> None:
        rated = (review.rating, review.id)
        for label in (None, review.sentiment_label):
            insort(self._ids[label], review.id)
            insort(self._rated[label], rated)
        self._bars[review.sentiment_label][review.bar] += 1

    def take(self, review: Review) -> None:
        rated = (review.rating, review.id)
        for label in (None, review.sentiment_label):
            del self._ids[label][bisect_left(self._ids[label], review.id)]
            del self._rated[label][bisect_left(self._rated[label], rated)]
        self._bars[review.sentiment_label][review.bar] -= 1

    def slice(self, label: Label | None, order: ReviewOrder, offset: int, limit: int | None) -> tuple[list[int], int]:
        """The ids of a slice in that order, and how many there are in all."""
        ids, rated = self._ids[label], self._rated[label]
        total = len(ids)
        start = min(offset, total)
        stop = total if limit is None else min(offset + limit, total)
        if order is ReviewOrder.OLDEST:
            return ids[start:stop], total
        if order is ReviewOrder.NEWEST:
            return ids[total - stop : total - start][::-1], total
        if order is ReviewOrder.HIGHEST:
            return [review_id for _, review_id in rated[total - stop : total - start][::-1]], total
        return _lowest(rated, start, stop), total

    def newer(self, review_id: int) -> int:
        """How many of the reviews are newer than that one."""
        return len(self.ids) - bisect_right(self.ids, review_id)

    def histogram(self) -> list[tuple[int, int]]:
        return list(zip(self._bars[Label.POSITIVE], self._bars[Label.NEGATIVE], strict=True))


def _lowest(rated: list[_Rated], start: int, stop: int) -> list[int]:
    """The ids from low ratings to high; `rated` has those of the same rating oldest first, and here the newest lead."""
    found: list[int] = []
    while start < stop:
        rating = rated[start][0]
        low, high = bisect_left(rated, (rating,)), bisect_right(rated, (rating, inf))
        end = min(high, stop)
        found += [rated[low + high - 1 - place][1] for place in range(start, end)]
        start = end
    return found
