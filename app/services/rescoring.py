"""Reads reviews again that another model read, and says what moved.

Interrupted, it goes on where it stopped: a review that was read again carries the present model's id.
"""

from dataclasses import dataclass, field
from heapq import nlargest

from app.models import Label, Review, ScoredReview, Sentiment
from app.protocols import Analyzer
from app.services.batch_analysis import analyze_with_retry, batched, iter_pages
from app.services.progress import ProgressCallback, ProgressReporter, Stage, ignore
from app.store import Store

_BIGGEST = 10


@dataclass(frozen=True, slots=True)
class RatingChange:
    """A review as it was, and how it reads now."""

    review: Review
    now: Sentiment

    @property
    def distance(self) -> float:
        """By how many points (-10..10) the rating moved."""
        return self.now.rating - self.review.rating


@dataclass(slots=True)
class RescoreResult:
    """What moved: how many of `count` reviews turned positive and negative, the sums of ratings, the biggest moves."""

    count: int = 0
    to_positive: int = 0
    to_negative: int = 0
    sum_before: float = 0.0
    sum_now: float = 0.0
    biggest: list[RatingChange] = field(default_factory=list)

    @property
    def mean_before(self) -> float | None:
        return self.sum_before / self.count if self.count else None

    @property
    def mean_now(self) -> float | None:
        return self.sum_now / self.count if self.count else None

    def add(self, moves: list[RatingChange]) -> None:
        for move in moves:
            self.count += 1
            self.sum_before += move.review.rating
            self.sum_now += move.now.rating
            if move.now.label is not move.review.sentiment_label:
                self.to_positive += move.now.label is Label.POSITIVE
                self.to_negative += move.now.label is Label.NEGATIVE
        self.biggest = nlargest(_BIGGEST, self.biggest + moves, key=lambda move: abs(move.distance))


def count_outdated(store: Store, model: str) -> int:
    """How many reviews were read by another model than `model`."""
    return sum(count for name, count in store.models().items() if name != model)


def rescore(
    store: Store, analyzer: Analyzer, *, everything: bool = False, report: ProgressCallback = ignore
) -> RescoreResult:
    """Read all reviews that another model read, or `everything`.

    What `report` raises ends it between two batches; what was read until then is kept.
    """
    model = analyzer.card.id
    total = store.totals().review_count if everything else count_outdated(store, model)
    meter = ProgressReporter(report, Stage.READ, total)
    result = RescoreResult()
    outdated = (review for page in iter_pages(store) for review in page if everything or review.model != model)
    for reviews in batched(outdated) if total else ():
        sentiments = analyze_with_retry(analyzer, [review.content for review in reviews], lambda: meter.add(0))
        moves = [RatingChange(review, now) for review, now in zip(reviews, sentiments, strict=True)]
        store.update_sentiments([ScoredReview(move.review.id, move.review.content, move.now) for move in moves], model)
        result.add(moves)
        meter.add(len(moves))
    return result
