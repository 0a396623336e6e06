"""Merging two movies, and undoing it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import AlreadyExists, NotFound, UndoExpired
from app.models import UNDO_HOURS, AuditAction, MovieFields
from app.store import Store
from tests.store.conftest import BAD, GOOD, AddMovie, AddReview, Clock, rated, review_edit


def state(store: Store) -> object:
    reviews = [store.reviews(movie.id) for movie in store.movies()]
    histograms = [store.histogram(movie.id) for movie in store.movies()]
    return list(store.movies()), reviews, histograms, store.models(), store.corrections(), store.totals()


def test_reviews_move_and_empty_fields_are_filled(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept = add_movie("기생충", director="봉준호")
    merged = add_movie("기생충", release_date="2019-05-30", director="Bong Joon-ho", genre="드라마")
    other = add_movie()
    first = add_review(kept, rated(8), model="old")
    second, third = add_review(merged, BAD, model="new"), add_review(merged, GOOD, model="old")
    add_review(other)
    store.set_correction(second.id, "a reader", GOOD.label)
    store.like_review(third.id, "a")
    entry = store.merge_movies(kept, merged, "admin")
    movie = store.movie(kept)
    assert (movie.title, movie.release_date) == ("기생충", "2019-05-30")
    assert (movie.director, movie.genre) == ("봉준호", "드라마")
    assert (movie.review_count, movie.positive_count) == (3, 2)
    assert movie.rating_sum == pytest.approx(8 + BAD.rating + GOOD.rating)
    found, total = store.reviews(kept)
    assert ([review.id for review in found], total) == ([third.id, second.id, first.id], 3)
    assert (found[0].like_count, found[1].correction_count) == (1, 1)
    assert [movie.id for movie in store.movies()] == [kept, other]
    assert store.totals().review_count == 4
    assert store.models() == {"old": 2, "new": 1, "": 1}
    with pytest.raises(NotFound):
        store.reviews(merged)
    logged = store.audit_log()[0][0]
    assert logged == entry
    assert (logged.action, logged.who) == (AuditAction.MERGE_MOVIES, "admin")
    assert (logged.movie_id, logged.undoable) == (kept, True)
    assert logged.summary == "기생충 (2019-05-30) → 기생충"
    assert add_review(kept).movie_id == kept
    with pytest.raises(NotFound):
        add_review(merged)


def test_a_merge_is_undone(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept = add_movie("기생충", genre="가족")
    merged = add_movie("기생충", release_date="2019", director="봉준호", genre="드라마")
    add_review(kept, rated(8))
    moved = [add_review(merged, sentiment, model="m") for sentiment in (GOOD, BAD, GOOD)]
    store.delete_review(moved[0].id)
    deletion = store.audit_log()[0][0]
    before = state(store)
    entry = store.merge_movies(kept, merged)
    undone = store.undo(entry.id, "admin")
    assert undone.undone_at and not undone.undoable
    assert state(store) == before
    assert store.merged_into(merged) is None
    store.undo(deletion.id)
    assert store.review(moved[0].id).movie_id == merged
    with pytest.raises(UndoExpired):
        store.undo(entry.id)


def test_changes_after_a_merge_outlive_its_undo(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept, merged = add_movie("기생충"), add_movie("기생춘", release_date="2019", director="봉준호")
    gone, edited = add_review(merged), add_review(merged)
    before = add_review(merged)
    store.delete_review(before.id)
    deletion = store.audit_log()[0][0]
    entry = store.merge_movies(kept, merged)
    new = add_review(kept, BAD)
    store.delete_review(gone.id)
    store.update_review(edited.id, review_edit("다시 보니 별로", BAD))
    store.undo(deletion.id)
    assert store.review(before.id).movie_id == kept
    assert store.movie(kept).review_count == 3
    store.update_movie(kept, lambda movie: MovieFields(movie.title, movie.release_date, "봉준호 감독"))
    store.undo(entry.id)
    assert (store.movie(kept).release_date, store.movie(kept).director) == ("", "봉준호 감독")
    assert [review.id for review in store.reviews(kept)[0]] == [new.id]
    assert [review.id for review in store.reviews(merged)[0]] == [before.id, edited.id]
    assert (store.movie(merged).review_count, store.movie(merged).positive_count) == (2, 1)
    assert (store.movie(kept).review_count, store.movie(kept).positive_count) == (1, 0)


def test_merges_in_a_row_are_undone_from_the_last(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    first, second, third = (add_movie() for _ in range(3))
    for movie_id in (first, second, third):
        add_review(movie_id)
    before = state(store)
    one = store.merge_movies(second, first)
    between = state(store)
    two = store.merge_movies(third, second)
    assert (store.merged_into(first), store.merged_into(second), store.merged_into(third)) == (third, third, None)
    with pytest.raises(NotFound):
        store.undo(one.id)
    store.undo(two.id)
    assert state(store) == between
    assert store.merged_into(first) == second
    store.undo(one.id)
    assert state(store) == before


def test_a_movie_added_again_prevents_the_undo(store: Store, add_movie: AddMovie) -> None:
    entry = store.merge_movies(add_movie("기생충"), add_movie("기생춘"))
    again = add_movie("기생춘")
    with pytest.raises(AlreadyExists) as existing:
        store.undo(entry.id)
    assert existing.value.id == again


def test_a_merge_that_would_make_a_third_movies_twin_changes_nothing(
    store: Store, add_movie: AddMovie, add_review: AddReview
) -> None:
    kept = add_movie("기생충")
    merged, third = (add_movie(title, release_date="2019") for title in ("기생춘", "기생충"))
    add_review(merged)
    before = state(store)
    with pytest.raises(AlreadyExists) as existing:
        store.merge_movies(kept, merged)
    assert existing.value.id == third
    assert state(store) == before
    for pair in ((kept, 99), (99, kept), (kept, 2**63)):
        with pytest.raises(NotFound):
            store.merge_movies(*pair)
    with pytest.raises(ValueError):
        store.merge_movies(kept, kept)
    assert store.merged_into(99) is None


def test_a_merge_can_be_undone_for_a_day_and_leads_on_for_good(
    store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock
) -> None:
    kept, merged = add_movie(), add_movie()
    review = add_review(merged)
    entry = store.merge_movies(kept, merged)
    clock.advance(hours=UNDO_HOURS)
    store.delete_movie(add_movie())  # deletes the rows of expired deletions
    with pytest.raises(UndoExpired):
        store.undo(entry.id)
    assert store.merged_into(merged) == kept
    assert store.review(review.id).movie_id == kept
    store.delete_movie(kept)
    assert store.merged_into(merged) is None


def test_a_large_movie_is_merged_in_batches(store: Store, add_movie: AddMovie, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("base", "movies", "reviews"):
        monkeypatch.setattr(f"app.store.{module}.BATCH", 3)
    kept, merged = add_movie(), add_movie()
    for number in range(10):
        store.add_review(merged, "밤편지", str(number), GOOD)
    entry = store.merge_movies(kept, merged)
    assert store.movie(kept).review_count == len(store.reviews(kept)[0]) == 10
    store.undo(entry.id)
    assert (store.movie(kept).review_count, store.movie(merged).review_count) == (0, 10)


def test_counts_after_concurrent_writes_and_merges(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept, merged = add_movie(), add_movie()
    ids = [add_review(movie_id).id for movie_id in (kept, merged) for _ in range(12)]

    def write(number: int) -> None:
        try:
            add_review((kept, merged)[number % 2], (GOOD, BAD)[number % 3 % 2], f"동시에 {number}")
        except NotFound as error:
            assert error.id == merged
        if number < 12:
            store.delete_review(ids[number * 2])
        store.update_review(ids[number % 12 * 2 + 1], review_edit(f"고친 글 {number}", BAD))

    def merge_and_separate() -> None:
        for _ in range(6):
            store.undo(store.merge_movies(kept, merged).id)

    with ThreadPoolExecutor(4) as pool:
        merges = pool.submit(merge_and_separate)
        list(pool.map(write, range(24)))
        merges.result()
    for movie in store.movies():
        found, total = store.reviews(movie.id)
        assert (len(found), sum(review.is_positive for review in found)) == (total, movie.positive_count)
        assert movie.rating_sum == pytest.approx(sum(review.rating for review in found))
        assert sum(map(sum, store.histogram(movie.id))) == total
    assert sum(store.models().values()) == store.totals().review_count
