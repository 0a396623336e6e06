"""The contract of a store: owners, authors, likes, nicknames, spoilers and the latest reviews."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.errors import AlreadyExists, NotFound, ReviewedByOthers
from app.models import MovieFields, ReviewSort
from app.store import Store
from tests.store.conftest import GOOD, AddMovie, AddReview, rated, review_edit


def test_a_movie_has_its_owner(store: Store) -> None:
    movie = store.add_movie(MovieFields("괴물"), owner="a token")
    assert movie.owner == "a token"
    assert store.movie(movie.id) == movie
    assert store.update_movie(movie.id, lambda _: MovieFields("괴물 2")).owner == "a token"
    assert store.add_movie(MovieFields("기생충")).owner == ""


def test_a_movie_is_edited_by_its_owner_until_others_review_it(
    store: Store, add_movie: AddMovie, add_review: AddReview
) -> None:
    movie_id, another = add_movie(), add_movie()
    add_review(another, writer="b")
    add_review(movie_id, writer="a")
    assert not store.has_reviews_by_others(movie_id, {"a", "b"})
    assert store.update_movie(movie_id, lambda _: MovieFields("괴물"), writers={"a", "b"}).title == "괴물"
    for writer in ("b", ""):
        review = add_review(movie_id, writer=writer)
        assert store.has_reviews_by_others(movie_id, {"a"})
        with pytest.raises(ReviewedByOthers):
            store.update_movie(movie_id, lambda _: MovieFields("괴물 2"), writers={"a"})
        assert store.movie(movie_id).title == "괴물"
        store.delete_review(review.id)
    assert store.update_movie(movie_id, lambda _: MovieFields("괴물 2"), writers={"a"}).title == "괴물 2"


def test_the_spoiler_flag(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    assert not add_review(movie_id).spoiler
    review = store.add_review(movie_id, "밤편지", "범인은 집사", GOOD, spoiler=True)
    assert store.review(review.id) == review
    assert review.spoiler
    assert store.update_review(review.id, review_edit(author="심야영화")).spoiler
    edited = store.update_review(review.id, review_edit(spoiler=False))
    assert (edited.spoiler, edited.content, edited.edited_at) == (False, "범인은 집사", "2026-11-22T12:00:00Z")
    assert store.review(review.id) == edited


def test_an_owner_has_one_like_a_review(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    review, other = add_review(add_movie()), add_review(add_movie())
    assert review.like_count == 0
    assert [store.like_review(review.id, owner) for owner in ("a", "a", "b", "a")] == [1, 1, 2, 2]
    assert store.review(review.id) == replace(review, like_count=2)
    assert store.review(other.id).like_count == 0
    store.update_review(review.id, review_edit(author="심야영화"))
    assert store.review(review.id).like_count == 2
    store.delete_review(review.id)
    with pytest.raises(NotFound):
        store.like_review(review.id, "c")
    store.undo(store.audit_log()[0][0].id)
    assert store.like_review(review.id, "c") == 3


def test_concurrent_likes(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    review = add_review(add_movie())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.like_review(review.id, f"owner {n % 20}"), range(60)))
    assert store.review(review.id).like_count == 20


def test_reviews_of_an_author_with_their_movies(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    first, second = add_movie("괴물"), add_movie("기생충")
    ids = [add_review(movie_id, rated(rating)).id for movie_id, rating in ((first, 3), (second, 9), (first, 6))]
    add_review(first, author="심야영화")
    found, total = store.reviews_by_author("밤편지")
    assert total == 3
    assert [review.id for review, _ in found] == ids[::-1]
    assert [movie.title for _, movie in found] == ["괴물", "기생충", "괴물"]
    found, total = store.reviews_by_author("밤편지", 1, 1, ReviewSort.HIGHEST)
    assert ([review.id for review, _ in found], total) == ([ids[2]], 3)
    store.delete_movie(second)
    assert store.reviews_by_author("밤편지")[1] == 2
    assert store.reviews_by_author("없는 사람") == ([], 0)


def test_the_latest_reviews_with_their_movies(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    first, second = add_movie("괴물"), add_movie("기생충")
    ids = [add_review(movie_id).id for movie_id in (first, second, first, second)]
    found, total = store.latest_reviews(limit=3)
    assert total == 4
    assert [review.id for review, _ in found] == ids[:0:-1]
    assert [movie.id for _, movie in found] == [second, first, second]
    assert found[0][1] == store.movie(second)
    store.delete_movie(second)
    assert [review.id for review, _ in store.latest_reviews(1)[0]] == [ids[0]]


def test_a_nickname_is_claimed_once(store: Store) -> None:
    assert store.nickname_hash("밤편지") is None
    store.claim_nickname("밤편지", "a hash")
    with pytest.raises(AlreadyExists) as existing:
        store.claim_nickname("밤편지", "another hash")
    assert existing.value.kind == "nickname"
    assert store.nickname_hash("밤편지") == "a hash"
    store.claim_nickname("심야영화", "another hash")
