"""The contract of a store: the audit log, undo and corrections."""

import pytest

from app.errors import AlreadyExists, NotFound, UndoExpired
from app.models import UNDO_HOURS, AuditAction, CatalogueTotals, Correction, Label, MovieFields, ScoredReview
from app.store import Store
from tests.store.conftest import BAD, GOOD, AddMovie, AddReview, Clock, review_edit


def test_changes_are_logged(store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock) -> None:
    movie_id = add_movie("괴물")
    review = add_review(movie_id, content="처음엔\n심심했는데")
    clock.advance(hours=1)
    store.update_review(review.id, review_edit("다시 보니 " + "별로 " * 100, BAD, author="밤편지"), who="a mark")
    store.delete_review(review.id)
    store.update_movie(movie_id, lambda _: MovieFields("괴물 2"), "admin")
    store.delete_movie(movie_id, "admin")
    store.add_audit_entry(AuditAction.IMPORT, "reviews.csv: 3", "admin")
    changes, total = store.audit_log()
    assert [(change.action, change.who, change.movie_id, change.review_id) for change in changes] == [
        (AuditAction.IMPORT, "admin", None, None),
        (AuditAction.DELETE_MOVIE, "admin", movie_id, None),
        (AuditAction.EDIT_MOVIE, "admin", movie_id, None),
        (AuditAction.DELETE_REVIEW, "", movie_id, review.id),
        (AuditAction.EDIT_REVIEW, "a mark", movie_id, review.id),
    ]
    assert total == 5
    assert [change.undoable for change in changes] == [False, True, False, True, False]
    assert {change.at for change in changes} == {"2026-11-22T13:00:00Z"}
    assert (changes[0].summary, changes[2].summary) == ("reviews.csv: 3", "괴물 2")
    assert changes[4].summary.startswith("밤편지: 다시 보니 별로 별로")
    assert len(changes[4].summary) == 120
    assert len({change.id for change in changes}) == 5
    assert store.audit_log(1, 2) == (changes[1:3], 5)
    assert store.audit_log(9) == ([], 5)


def test_undoing_the_deletion_of_a_review(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    reviews = [add_review(movie_id, content=str(n), model="old", writer="w") for n in range(3)]
    store.set_correction(reviews[1].id, "a reader", BAD.label)
    before = store.movies(), store.reviews(movie_id), store.histogram(movie_id), store.models(), store.corrections()
    store.delete_review(reviews[1].id)
    (change, *_), _ = store.audit_log()
    assert store.totals().review_count == 2
    assert list(store.corrections()) == []
    undone = store.undo(change.id, "admin")
    after = store.movies(), store.reviews(movie_id), store.histogram(movie_id), store.models(), store.corrections()
    assert after == before
    assert (undone.id, undone.undone_at, undone.undoable) == (change.id, "2026-11-22T12:00:00Z", False)
    (latest, line), _ = store.audit_log()
    assert (latest.action, latest.who) == (AuditAction.UNDO, "admin")
    assert (latest.summary, latest.review_id) == (change.summary, reviews[1].id)
    assert line == undone
    for entry in (change, latest):
        with pytest.raises(UndoExpired):
            store.undo(entry.id)


def test_undoing_the_deletion_of_a_movie(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id, other = add_movie("괴물"), add_movie()
    good, bad = add_review(movie_id, GOOD), add_review(movie_id, BAD)
    store.delete_review(bad.id)
    before = list(store.movies()), store.reviews(movie_id), store.histogram(movie_id), store.totals()
    store.delete_movie(movie_id)
    assert [movie.id for movie in store.movies()] == [other]
    (last, first), _ = store.audit_log()
    with pytest.raises(NotFound) as gone:
        store.undo(first.id)  # the review of a movie that is deleted
    assert (gone.value.kind, gone.value.id) == ("movie", movie_id)
    store.undo(last.id)
    assert (list(store.movies()), store.reviews(movie_id), store.histogram(movie_id), store.totals()) == before
    assert store.review(good.id) == good
    store.undo(first.id)
    assert store.reviews(movie_id) == ([bad, good], 2)
    assert store.totals() == CatalogueTotals(2, 2, 1)


def test_undo_conflicts_with_a_movie_added_again(store: Store, add_movie: AddMovie) -> None:
    movie_id = add_movie("괴물")
    store.delete_movie(movie_id)
    again = add_movie("괴물")
    (change,), _ = store.audit_log()
    with pytest.raises(AlreadyExists) as existing:
        store.undo(change.id)
    assert existing.value.id == again
    store.delete_movie(again)
    store.undo(change.id)
    assert [movie.id for movie in store.movies()] == [movie_id]


def test_undo_expires_after_a_day(store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock) -> None:
    movie_id = add_movie("괴물")
    review = add_review(movie_id)
    store.set_correction(review.id, "a reader", BAD.label)
    store.delete_review(review.id)
    store.delete_movie(movie_id)
    (_, change), _ = store.audit_log()
    clock.advance(hours=UNDO_HOURS, seconds=-1)
    assert store.audit_log()[0][1].undoable
    clock.advance(seconds=1)
    assert not store.audit_log()[0][1].undoable
    for deletion in store.audit_log()[0]:
        with pytest.raises(UndoExpired):
            store.undo(deletion.id)
    store.delete_movie(add_movie())  # purges expired deletions
    with pytest.raises(UndoExpired):
        store.undo(change.id)
    assert store.totals() == CatalogueTotals(0, 0, 0)
    assert list(store.corrections()) == []
    clock.advance(hours=-2)  # the clock is set back
    for expired in (change.id, change.id + 1):
        with pytest.raises(UndoExpired):
            store.undo(expired)


def test_a_reader_has_one_correction_a_review(
    store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock
) -> None:
    first, second = (add_review(add_movie()) for _ in range(2))
    assert store.set_correction(first.id, "b", Label.NEGATIVE).correction_count == 1
    clock.advance(minutes=1)
    assert store.set_correction(first.id, "b", Label.NEGATIVE).correction_count == 1
    assert store.set_correction(first.id, "a", Label.NEGATIVE).correction_count == 2
    assert store.set_correction(second.id, "a", Label.NEGATIVE).correction_count == 1
    assert list(store.corrections()) == [
        Correction(first.id, "a", Label.NEGATIVE, "2026-11-22T12:01:00Z"),
        Correction(first.id, "b", Label.NEGATIVE, "2026-11-22T12:00:00Z"),
        Correction(second.id, "a", Label.NEGATIVE, "2026-11-22T12:01:00Z"),
    ]
    assert store.set_correction(first.id, "b", None).correction_count == 1
    assert store.set_correction(first.id, "b", None).correction_count == 1
    assert store.set_correction(second.id, "a", Label.POSITIVE).correction_count == 0
    assert [(item.review_id, item.reader, item.label) for item in store.corrections()] == [
        (first.id, "a", Label.NEGATIVE),
        (second.id, "a", Label.POSITIVE),
    ]
    assert store.movie(first.movie_id).average_rating == pytest.approx(GOOD.rating)


def test_corrections_are_counted_against_the_label(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    review = add_review(add_movie())
    store.set_correction(review.id, "a", Label.NEGATIVE)
    store.set_correction(review.id, "b", Label.POSITIVE)
    assert store.review(review.id).correction_count == 1
    store.set_correction(review.id, "b", Label.NEGATIVE)
    store.update_sentiments([ScoredReview(review.id, review.content, BAD)], "new")
    assert store.review(review.id).correction_count == 0
    store.update_review(review.id, review_edit(review.content, BAD, model="new", author="another author"))
    assert len(list(store.corrections())) == 2
    store.update_review(review.id, review_edit("another text", GOOD, model="new", author="another author"))
    assert list(store.corrections()) == []
    assert store.review(review.id).correction_count == 0
