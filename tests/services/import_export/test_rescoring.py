"""Rescoring reviews with a new model."""

from collections.abc import Sequence

import pytest

from app.models import Label, Movie, Review, Sentiment
from app.services.jobs import Progress
from app.services.maintenance import MaintenanceService
from app.store import Store
from tests.fakes import FakeAnalyzer
from tests.services.import_export.conftest import NewStore, exported
from tests.store.conftest import review_edit

OLD = Sentiment(Label.NEGATIVE, 0.6, 4.0)


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """Six hundred reviews by the old model, two by the present one."""
    store = new_store()
    reviews = [
        Review(n, 1, "밤편지", "최고" if n % 3 and n <= 600 else "지루해요", OLD.label, OLD.score, OLD.rating,
               "2024-05-01T00:00:00Z", model="fake@1" if n > 600 else "old@1" if n % 2 else "")
        for n in range(1, 603)
    ]  # fmt: skip
    store.add_all([Movie("괴물", id=1)], reviews)
    return store


def test_reviews_of_another_model_are_rescored(store: Store, analyzer: FakeAnalyzer) -> None:
    assert MaintenanceService(store, analyzer).count_outdated() == 600
    result = MaintenanceService(store, analyzer).rescore()
    assert (result.count, result.to_positive, result.to_negative) == (600, 400, 0)
    assert (result.mean_before, result.mean_now) == (4.0, pytest.approx((400 * 8.5 + 200 * 1.5) / 600))
    assert [move.difference for move in result.biggest] == [4.5] * 10
    assert store.models() == {"fake@1": 602}
    assert store.totals().positive_count == 400
    assert [review.rating for review in store.all_reviews()[-2:]] == [4.0, 4.0]
    before, changes = exported(store), store.audit_log()
    again = MaintenanceService(store, analyzer).rescore()
    assert (again.count, again.biggest) == (0, [])
    assert (exported(store), store.audit_log()) == (before, changes)
    assert MaintenanceService(store, analyzer).rescore(everything=True).count == 602


def test_an_interrupted_rescoring_is_resumed(store: Store, analyzer: FakeAnalyzer) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        MaintenanceService(store, analyzer).rescore(report=interrupt)
    done = len(analyzer.seen)
    assert 300 < done < 600
    assert MaintenanceService(store, analyzer).count_outdated() == 600 - done
    assert MaintenanceService(store, analyzer).rescore().count == 600 - done
    assert len(analyzer.seen) == 600


def test_a_review_edited_meanwhile_is_not_changed(store: Store) -> None:
    class Editing(FakeAnalyzer):
        def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
            if not self.seen:
                store.update_review(1, review_edit("고쳤어요", OLD, model="old@1", author="밤편지"))
            return super().analyze(texts)

    MaintenanceService(store, Editing()).rescore()
    assert (store.review(1).content, store.review(1).rating, store.review(1).model) == ("고쳤어요", 4.0, "old@1")
