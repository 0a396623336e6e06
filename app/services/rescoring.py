"""Analysis of stored reviews with the current model, and the resulting changes of ratings.

An interrupted run can be continued: reviews that were analyzed again have the current model's id.
"""

from dataclasses import dataclass, field
from heapq import nlargest

from app.models import Label, Review, ScoredReview, Sentiment
from app.protocols import Analyzer
from app.services.batch_analysis import analyze_with_retry, batched, iter_pages
from app.services.progress import ProgressCallback, ProgressReporter, Stage, ignore
from app.store import Store

_MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class RatingChange:
    """A review with its former sentiment, and its new one."""

    review: Review
    now: Sentiment

    @property
    def distance(self) -> float:
        """The change of the rating, -10..10."""
        return self.now.rating - self.review.rating


@dataclass(slots=True)
class RescoreResult:
    """The result for `count` reviews: changed labels, sums of ratings, and the biggest changes of ratings."""

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

    def add(self, changes: list[RatingChange]) -> None:
        for change in changes:
            self.count += 1
            self.sum_before += change.review.rating
            self.sum_now += change.now.rating
            if change.now.label is not change.review.sentiment_label:
                self.to_positive += change.now.label is Label.POSITIVE
                self.to_negative += change.now.label is Label.NEGATIVE
        self.biggest = nlargest(_MAX_LISTED, self.biggest + changes, key=lambda change: abs(change.distance))


def count_outdated(store: Store, model: str) -> int:
    """Return the number of reviews analyzed by another model than `model`."""
    return sum(count for name, count in store.models().items() if name != model)


def rescore(
    store: Store, analyzer: Analyzer, *, everything: bool = False, report: ProgressCallback = ignore
) -> RescoreResult:
    """Analyze the reviews of other models again, or `everything`.

    An exception raised by `report` ends the run after a batch; the batches until then are kept.
    """
    model = analyzer.card.id
    total = store.totals().review_count if everything else count_outdated(store, model)
    progress = ProgressReporter(report, Stage.READ, total)
    result = RescoreResult()
    outdated = (review for page in iter_pages(store) for review in page if everything or review.model != model)
    for reviews in batched(outdated) if total else ():
        sentiments = analyze_with_retry(analyzer, [review.content for review in reviews], lambda: progress.add(0))
        scored = list(zip(reviews, sentiments, strict=True))
        store.update_sentiments([ScoredReview(review.id, review.content, now) for review, now in scored], model)
        result.add([RatingChange(review, now) for review, now in scored])
        progress.add(len(scored))
    return result
