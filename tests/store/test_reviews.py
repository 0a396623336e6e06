"""The contract of a store: reviews and their orders."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from app.errors import NotFound
from app.models import Label, ReviewSort, ScoredReview
from app.store import Store
from tests.store.conftest import BAD, GOOD, AddMovie, AddReview, Clock, rated, review_edit


def test_a_review_is_stored(store: Store, add_movie: AddMovie) -> None:
    content = "첫 줄\n둘째 줄 😴 \U0001f1f0\U0001f1f7 'quoted' %s"
    review = store.add_review(add_movie(), "밤편지", content, GOOD, model="bundled@1", writer="a mark")
    assert (review.author, review.content, review.created_at) == ("밤편지", content, "2026-11-22T12:00:00Z")
    assert (review.sentiment_label, review.sentiment_score, review.rating) == (Label.POSITIVE, 0.9, 9.1)
    assert (review.edited_at, review.model, review.writer, review.correction_count) == ("", "bundled@1", "a mark", 0)
    assert store.review(review.id) == review
    assert store.reviews(review.movie_id) == ([review], 1)


def test_reviews_are_sorted_and_paginated(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    ids = [add_review(movie_id, GOOD if n % 2 else BAD, str(n)).id for n in range(5)]
    everything, total = store.reviews(movie_id)
    assert [review.id for review in everything] == ids[::-1]
    assert total == 5
    bad, total = store.reviews(movie_id, Label.NEGATIVE, limit=2)
    assert ([review.content for review in bad], total) == (["4", "2"], 3)
    assert store.reviews(movie_id, offset=9) == store.reviews(movie_id, offset=9, limit=3) == ([], 5)


@pytest.mark.parametrize(("order", "everything", "bad"), [
    (ReviewSort.NEWEST, "765432", "753"), (ReviewSort.OLDEST, "234567", "357"), (ReviewSort.HIGHEST, "624735", "735"),
    (ReviewSort.LOWEST, "573462", "573"),
])  # fmt: skip
def test_sort_orders(
    store: Store, add_movie: AddMovie, add_review: AddReview, order: ReviewSort, everything: str, bad: str
) -> None:
    movie_id, other = add_movie(), add_movie()
    add_review(movie_id, content="1")
    for content, rating in (("2", 9), ("3", 1.5), ("4", 6), ("5", 1), ("6", 9), ("7", 1.5)):
        add_review(movie_id, rated(rating), content)
        add_review(other, rated(10 - rating), "other")
    store.delete_review(1)
    found, total = store.reviews(movie_id, order=order)
    # Equal ratings are sorted newest first in both directions.
    assert ("".join(review.content for review in found), total) == (everything, 6)
    assert "".join(review.content for review in store.reviews(movie_id, Label.NEGATIVE, order=order)[0]) == bad
    for start in range(7):
        for size in range(4):
            slice_, total = store.reviews(movie_id, None, start, size, order)
            assert ("".join(review.content for review in slice_), total) == (everything[start : start + size], 6)


def test_a_review_is_edited(store: Store, add_movie: AddMovie, add_review: AddReview, clock: Clock) -> None:
    movie_id = add_movie()
    review = add_review(movie_id, GOOD, model="old", writer="a mark")
    clock.advance(minutes=5)
    edit = review_edit("다시 보니 별로", BAD, model="new", author="심야영화")
    edited = store.update_review(review.id, edit, who="a mark")
    assert store.review(review.id) == edited
    assert (edited.author, edited.content, edited.rating, edited.model) == ("심야영화", "다시 보니 별로", 1.7, "new")
    assert (edited.created_at, edited.edited_at) == ("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z")
    assert (edited.id, edited.movie_id, edited.writer) == (review.id, movie_id, "a mark")
    movie = store.movie(movie_id)
    assert (movie.review_count, movie.positive_count, movie.average_rating) == (1, 0, pytest.approx(1.7))
    assert store.reviews(movie_id, Label.NEGATIVE) == ([edited], 1)
    assert store.reviews(movie_id, Label.POSITIVE) == ([], 0)
    assert store.models() == {"new": 1}


def test_the_position_of_a_review(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id, other = add_movie(), add_movie()
    ids = []
    for _ in range(4):
        ids.append(add_review(movie_id).id)
        add_review(other)
    assert [store.position(review_id) for review_id in ids] == [3, 2, 1, 0]
    store.delete_review(ids[2])
    assert store.position(ids[0]) == 2


def test_all_reviews_are_sorted_by_id(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    first, second = add_movie(), add_movie()
    reviews = [add_review(movie_id) for movie_id in (second, first, second, first, second)]
    assert store.all_reviews() == reviews
    assert store.all_reviews(reviews[1].id, 2) == reviews[2:4]
    assert store.all_reviews(reviews[4].id) == []
    store.delete_movie(second)
    assert store.all_reviews() == [reviews[1], reviews[3]]


def test_all_reviews_after_many_deletions(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept, gone = add_movie(), add_movie()
    reviews = [add_review(kept) for _ in range(3)]
    for _ in range(1_200):
        add_review(gone)
    reviews.append(add_review(kept))
    store.delete_movie(gone)
    assert store.all_reviews() == reviews
    store.undo(store.audit_log()[0][0].id)
    assert [review.id for review in store.all_reviews(limit=2_000)] == list(range(1, 1_205))


def test_models_are_counted_and_sentiments_updated(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id, other = add_movie(), add_movie()
    reviews = [add_review(movie_id, content=str(n), model="old") for n in range(3)]
    add_review(other, model="older")
    assert store.models() == {"old": 3, "older": 1}
    store.delete_movie(other)
    assert store.models() == {"old": 3}
    readings = [ScoredReview(review.id, review.content, BAD) for review in reviews[:2]]
    stale = [ScoredReview(reviews[2].id, "what it no longer says", BAD), ScoredReview(99, "gone", BAD)]
    assert store.update_sentiments([*readings, *stale], "new") == 2
    assert store.models() == {"old": 1, "new": 2}
    read = store.review(reviews[0].id)
    assert (read.sentiment_label, read.sentiment_score, read.rating) == (BAD.label, BAD.score, BAD.rating)
    assert (read.model, read.edited_at) == ("new", "")
    movie = store.movie(movie_id)
    assert (movie.positive_count, movie.average_rating) == (1, pytest.approx((9.1 + 1.7 + 1.7) / 3))
    assert store.histogram(movie_id)[1] == (0, 2)
    seen = store.movies()
    assert store.update_sentiments(stale, "new") == 0
    assert store.update_sentiments([], "new") == 0
    assert store.movies() is seen


def test_one_of_concurrent_deletes_succeeds(store: Store, add_movie: AddMovie) -> None:
    for _ in range(25):
        movie_id = add_movie()
        won: list[object] = []

        def delete(_: int, movie_id: int = movie_id, won: list[object] = won) -> None:
            with suppress(NotFound):
                won.append(store.delete_movie(movie_id))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(delete, range(4)))
        assert len(won) == 1


def test_edits_of_author_and_text_are_independent(store: Store, movie_id: int) -> None:
    review = store.add_review(movie_id, "밤편지", "정말 재미있어요", GOOD, model="old")
    store.update_review(review.id, review_edit("다시 보니 별로", BAD, model="new"))
    edited = store.update_review(review.id, review_edit(author="심야영화"))
    assert (edited.author, edited.content) == ("심야영화", "다시 보니 별로")
    assert (edited.rating, edited.model) == (BAD.rating, "new")
    edited = store.update_review(review.id, review_edit("정말 재미있어요", GOOD, model="newer"))
    assert (edited.author, edited.model) == ("심야영화", "newer")
    assert [entry.before for entry in store.audit_log()[0]] == ["다시 보니 별로", "", "정말 재미있어요"]
