"""The contract of a store: imports and undoing them."""

import pytest

from app.errors import NotFound, UndoExpired
from app.models import UNDO_HOURS, AuditAction, AuditEntry, CatalogueTotals, Correction, Label, Movie
from app.store import Store
from tests.store.conftest import BAD, AddMovie, AddReview, Clock, make_review


def import_some(store: Store) -> AuditEntry:
    """Import two movies and five reviews in two parts; two of the reviews are of movie 1."""
    import_id = store.begin_import("", "admin")
    store.add_all(
        [Movie("괴물", id=7), Movie("기생충", id=8)],
        [make_review(20 + n, 7, model="new") for n in range(3)],
        [Correction(20, "imported", Label.NEGATIVE, "2022-01-01T00:00:00Z")],
        import_id=import_id,
    )
    store.add_all([], [make_review(30, 1), make_review(31, 1)], import_id=import_id)
    store.finish_import(import_id, "영화 2편 · 리뷰 5개")
    return store.audit_entry(import_id)


def test_an_import_is_one_log_entry(store: Store, add_movie: AddMovie, clock: Clock) -> None:
    add_movie("있는 영화")
    entry = import_some(store)
    assert (entry.action, entry.who, entry.undoable) == (AuditAction.IMPORT, "admin", True)
    assert entry.summary == "영화 2편 · 리뷰 5개"
    assert store.audit_log() == ([entry], 1)
    assert store.audit_entry(entry.id) == entry
    clock.advance(hours=UNDO_HOURS)
    assert not store.audit_entry(entry.id).undoable
    with pytest.raises(UndoExpired):
        store.undo(entry.id)
    assert store.totals() == CatalogueTotals(3, 5, 3)


def test_undoing_an_import_keeps_other_records(
    store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock
) -> None:
    def state() -> object:
        histogram = store.histogram(existing)
        return list(store.movies()), store.all_reviews(), store.models(), store.totals(), histogram

    existing = add_movie("있는 영화")
    own = add_review(existing, model="old")
    before = state()
    entry = import_some(store)
    theirs = add_review(7, BAD, model="old")  # of an imported movie, but not imported
    assert store.totals() == CatalogueTotals(3, 7, 4)
    undone = store.undo(entry.id, "admin")
    assert (undone.undone_at, undone.undoable) == ("2026-11-22T12:00:00Z", False)
    assert [movie.id for movie in store.movies()] == [existing, 7]
    assert store.all_reviews() == [own, theirs]
    assert store.models() == {"old": 2}
    assert (store.movie(7).review_count, store.movie(7).positive_count) == (1, 0)
    assert list(store.corrections()) == []
    assert [line.action for line in store.audit_log()[0]] == [AuditAction.UNDO, AuditAction.IMPORT]
    with pytest.raises(UndoExpired):
        store.undo(entry.id)
    store.delete_movie(7)
    assert state() == before
    clock.advance(hours=UNDO_HOURS)
    store.delete_review(own.id)  # purges expired deletions
    assert add_movie("괴물") == 9
    assert store.totals() == CatalogueTotals(2, 0, 0)


def test_undoing_a_large_import(store: Store) -> None:
    import_id = store.begin_import("")
    reviews = [make_review(1 + n, 1 + n % 700) for n in range(1_300)]
    store.add_all([Movie(f"영화 {n}", id=n) for n in range(1, 701)], reviews, import_id=import_id)
    assert store.totals() == CatalogueTotals(700, 1_300, 650)
    store.undo(import_id)
    assert (store.totals(), store.models(), list(store.movies())) == (CatalogueTotals(0, 0, 0), {}, [])


def test_cancelling_an_import(store: Store, add_movie: AddMovie) -> None:
    add_movie("있는 영화")
    entry = import_some(store)
    store.cancel_import(entry.id)
    assert store.totals() == CatalogueTotals(1, 0, 0)
    assert store.audit_log() == ([], 0)
    with pytest.raises(NotFound):
        store.audit_entry(entry.id)


def test_undoing_an_import_with_a_deleted_review(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie("있는 영화")
    entry = import_some(store)
    store.delete_review(30)
    deletion = store.audit_log()[0][0]
    store.undo(entry.id)
    assert store.movie(movie_id).review_count == 0
    store.undo(deletion.id)
    assert [review.id for review in store.all_reviews()] == [30]
    assert store.movie(movie_id).review_count == 1
