"""Operations on the whole catalogue: rescoring with the current model, and undoing the latest import."""

from dataclasses import dataclass, field
from heapq import nlargest

from app.errors import NotFound
from app.models import AuditAction, AuditEntry, Label, Review, ScoredReview, Sentiment
from app.protocols import Analyzer
from app.services import jobs
from app.services.jobs import ProgressCallback, ProgressReporter, Stage
from app.store import Store
from app.store.base import batched

_MAX_LISTED = 10
_MAX_SEARCHED_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class RatingChange:
    """A review with its former sentiment, and its new one."""

    review: Review
    now: Sentiment

    @property
    def difference(self) -> float:
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
    def mean_before(self) -> float:
        return self.sum_before / max(1, self.count)

    @property
    def mean_now(self) -> float:
        return self.sum_now / max(1, self.count)

    def add(self, changes: list[RatingChange]) -> None:
        for change in changes:
            self.count += 1
            self.sum_before += change.review.rating
            self.sum_now += change.now.rating
            if change.now.label is not change.review.sentiment_label:
                self.to_positive += change.now.label is Label.POSITIVE
                self.to_negative += change.now.label is Label.NEGATIVE
        self.biggest = nlargest(_MAX_LISTED, self.biggest + changes, key=lambda change: abs(change.difference))


@dataclass(frozen=True, slots=True)
class MaintenanceService:
    """The store and the analyzer of the administrator's pages and commands.

    Every method may raise `app.errors.StoreUnavailable`.
    """

    store: Store
    analyzer: Analyzer

    def undo_latest_import(self) -> AuditEntry:
        """Undo the latest import. Raise `NotFound` if there is none, and the errors of `Store.undo`."""
        for entry in self.store.audit_log(0, _MAX_SEARCHED_ENTRIES)[0]:
            if entry.action is AuditAction.IMPORT and entry.undoable:
                return self.store.undo(entry.id)
        raise NotFound("import", 0)

    def count_outdated(self) -> int:
        """Return the number of reviews analyzed by another model than the current one."""
        return sum(count for model, count in self.store.models().items() if model != self.analyzer.card.id)

    def rescore(
        self, *, everything: bool = False, who: str = "", report: ProgressCallback = jobs.ignore_progress
    ) -> RescoreResult:
        """Analyze the reviews of other models again, or `everything`, and log it as an action of `who`.

        An exception raised by `report` ends the run after a batch; the batches until then are kept, and the next run
        continues with the others, as analyzed reviews have the current model's id.
        """
        card = self.analyzer.card
        total = self.store.totals().review_count if everything else self.count_outdated()
        progress = ProgressReporter(report, Stage.READ, total)
        result = RescoreResult()
        outdated = (
            review for page in jobs.iter_pages(self.store) for review in page if everything or review.model != card.id
        )
        for reviews in batched(outdated, jobs.BATCH_SIZE) if total else ():
            texts = [review.content for review in reviews]
            sentiments = jobs.analyze_with_retry(self.analyzer, texts, lambda: progress.add(0))
            scored = list(zip(reviews, sentiments, strict=True))
            self.store.update_sentiments(
                [ScoredReview(review.id, review.content, now) for review, now in scored], card.id
            )
            result.add([RatingChange(review, now) for review, now in scored])
            progress.add(len(scored))
        if result.count:
            moved = f"긍정으로 {result.to_positive:,}, 부정으로 {result.to_negative:,}"
            mean = f"평균 {result.mean_before:.2f} → {result.mean_now:.2f}"
            summary = f"리뷰 {result.count:,}개 · {moved} · {mean} · {card.name}"
            self.store.add_audit_entry(AuditAction.RESCORE, summary, who)
        return result
