"""Importing: duplicates, ids, progress, cancellation and failures."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.errors import ModelBusy
from app.models import AuditAction, CorrectedLabel, Label, MovieFields, Sentiment
from app.services import jobs
from app.services.import_export import export_corrections
from app.services.jobs import Progress, Stage
from app.store import Store
from tests.fakes import FakeAnalyzer
from tests.services.import_export.conftest import ROWS, Import, NewStore, exported

pytestmark = pytest.mark.parametrize("new_store", ["memory", "sqlite", "postgresql"], indirect=True)

GOOD = Sentiment(Label.POSITIVE, 0.9, 9.0)


def fill(store: Store) -> None:
    """Add two movies, reviews of both (two of them equal), ids with gaps, and a correction."""
    monster, gone, parasite = (store.add_movie(MovieFields(title)).id for title in ("괴물", "벌새", "기생충"))
    for movie_id, content in ((monster, "최고"), (gone, "최고"), (parasite, "지루해요"), (monster, "최고")):
        store.add_review(movie_id, "밤편지", content, GOOD, model="old@1", writer="secret")
    store.delete_movie(gone)
    store.set_correction(3, "reader", Label.NEGATIVE)


def test_importing_again_adds_only_new_rows(load: Import, store: Store) -> None:
    load(ROWS)
    before = exported(store)
    outcome = load(ROWS)
    assert outcome.added and (outcome.added.movies, outcome.added.reviews, outcome.known) == (0, 0, 3)
    assert (outcome.added.change_id, store.audit_log()[1]) == (0, 1)  # the second is not logged
    assert exported(store) == before
    outcome = load(ROWS + "기생충,밤편지,최고,\n벌새,밤편지,최고,\n")
    assert outcome.added and (outcome.added.movies, outcome.added.reviews, outcome.known) == (1, 1, 3)
    assert (outcome.repeated, outcome.rows) == (1, 5)
    assert [movie.review_count for movie in store.movies()] == [2, 1, 1]


def test_an_empty_store_keeps_the_ids(load: Import, store: Store, new_store: NewStore) -> None:
    fill(store)
    other, content = new_store(), exported(store)
    for known in (0, 3):
        assert load(content, into=other).known == known
        assert exported(other) == content
    assert [review.id for review in other.all_reviews()] == [1, 3, 4]
    assert other.add_movie(MovieFields("마더")).id == 4
    assert {review.writer for review in other.all_reviews()} == {""}


def test_ids_are_mapped_in_a_store_with_records(load: Import, store: Store, new_store: NewStore) -> None:
    fill(store)
    other = new_store()
    other.add_movie(MovieFields("마더"))
    there = other.add_movie(MovieFields("기생충")).id
    other.add_review(there, "심야영화", "좋아요", GOOD)
    outcome = load(exported(store), into=other)
    assert outcome.added and (outcome.added.movies, outcome.added.reviews, outcome.added.corrections) == (1, 3, 1)
    assert [movie.title for movie in other.movies()] == ["마더", "기생충", "괴물"]
    corrected = [review for review in other.all_reviews() if review.correction_count]
    assert [(review.content, review.movie_id) for review in corrected] == [("지루해요", there)]


@pytest.mark.parametrize("ids", [(9, 2), (2, 2**53 + 1)], ids=["out of order", "too large"])
def test_unfit_ids_are_replaced(load: Import, store: Store, ids: tuple[int, int]) -> None:
    lines = ['{"format":"gampyeong","version":1}', '{"kind":"movie","id":7,"title":"괴물"}']
    lines += [f'{{"kind":"review","id":{n},"movie_id":7,"author":"밤편지","content":"최고"}}' for n in ids]
    load("\n".join([*lines, '{"kind":"end"}']))
    assert [review.id for review in store.all_reviews()] == [1, 2]


def many(count: int) -> bytes:
    return ("제목,작성자,내용\n" + "".join(f"영화 {n % 7},밤편지,최고 {n}\n" for n in range(count))).encode()


def test_a_failed_analysis_leaves_the_store_unchanged(
    load: Import, store: Store, analyzer: FakeAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    before, changes = exported(store), store.audit_log()
    analyze = analyzer.analyze

    def fail_at_the_second_chunk(texts: Sequence[str]) -> list[Sentiment]:
        analyzer.broken = bool(analyzer.seen)
        return analyze(texts)

    monkeypatch.setattr(analyzer, "analyze", fail_at_the_second_chunk)
    with pytest.raises(RuntimeError):
        load(many(600))
    assert analyzer.seen
    assert (exported(store), store.audit_log()) == (before, changes)


def test_progress_is_reported_by_stage(load: Import) -> None:
    seen: list[Progress] = []
    load(many(2_100), report=seen.append)
    assert [stage for stage in Stage if stage in {progress.stage for progress in seen}] == list(Stage)
    read = [progress for progress in seen if progress.stage is Stage.READ]
    assert [progress.done for progress in read] == sorted(progress.done for progress in read)
    assert (read[-1].done, read[-1].total, read[-1].share) == (2_100, 2_100, 1.0)
    assert all(progress.done <= progress.total for progress in seen)


def test_a_busy_model_is_retried(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = FakeAnalyzer()
    analyzer.busy = True
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        analyzer.busy = len(slept) < 3

    assert len(jobs.analyze_with_retry(analyzer, ["최고"], lambda: None, sleep)) == 1
    assert slept == [2, 2, 2]
    analyzer.busy = True
    with pytest.raises(ModelBusy):
        jobs.analyze_with_retry(analyzer, ["최고"], lambda: None, lambda seconds: None)


def test_a_movie_added_meanwhile_is_matched(load: Import, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add_all, others = store.add_all, ["괴물"]

    def interfere(*everything: Any, **more: Any) -> None:
        while others:
            store.add_movie(MovieFields(others.pop()))
        add_all(*everything, **more)

    monkeypatch.setattr(store, "add_all", interfere)
    outcome = load(ROWS)
    assert outcome.added and outcome.added.movies == 1
    assert [(movie.title, movie.review_count) for movie in store.movies()] == [("괴물", 2), ("기생충", 1)]


def test_an_import_is_undone(load: Import, store: Store) -> None:
    fill(store)
    before = exported(store)
    result = load(ROWS + "벌새,밤편지,좋았다,\n")
    (entry, _), _ = store.audit_log(0, 2)
    assert result.added and result.added.change_id == entry.id
    assert (entry.action, entry.summary, entry.undoable) == (AuditAction.IMPORT, "영화 1편 · 리뷰 4개", True)
    store.undo(entry.id)
    assert exported(store) == before
    again = load(ROWS)
    assert again.added and again.added.reviews == 3


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failed_write_leaves_the_store_unchanged(
    load: Import, store: Store, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    fill(store)
    before, entries = exported(store), store.audit_log()
    add_all, calls = store.add_all, [0]

    def fail(*everything: Any, **more: Any) -> None:
        calls[0] += 1
        if calls[0] == failing:
            raise OSError("the disk is full")
        add_all(*everything, **more)

    monkeypatch.setattr(store, "add_all", fail)
    with pytest.raises(OSError):
        load(many(1_200))
    assert (exported(store), store.audit_log()) == (before, entries)


@pytest.mark.parametrize(("stage", "count"), [(Stage.READ, 300), (Stage.WRITE, 400)])
def test_an_import_is_cancelled(load: Import, store: Store, stage: Stage, count: int) -> None:
    def end(progress: Progress) -> None:
        if progress.stage is stage and progress.done > count:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load(many(1_200), report=end)
    assert not store.movies() and not store.audit_log()[1]


def test_corrections_are_exported_as_training_rows(store: Store) -> None:
    fill(store)
    store.set_correction(1, "one", Label.NEGATIVE)
    store.set_correction(1, "two", Label.NEGATIVE)
    store.set_correction(4, "one", Label.POSITIVE)
    store.set_correction(4, "two", Label.NEGATIVE)
    store.add_review(1, "밤편지", "봤다", GOOD)
    store.set_correction(5, "one", CorrectedLabel.NEITHER)
    rows = [line.split("\t") for line in b"".join(export_corrections(store)).decode().splitlines()]
    assert rows[0] == ["review_id", "movie_id", "stars", "date", "review"]
    assert [(row[0], row[1], row[2], row[4]) for row in rows[1:]] == [
        ("gampyeong-1", "gampyeong-1", "2", "최고"),
        ("gampyeong-3", "gampyeong-3", "2", "지루해요"),
        ("gampyeong-5", "gampyeong-1", "7", "봤다"),
    ]
