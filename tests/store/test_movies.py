"""The contract of a store: movies and their aggregates."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from unicodedata import normalize

import pytest

from app.errors import AlreadyExists, NotFound
from app.models import CatalogueTotals, Movie, MovieFields, Sentiment, movie_key
from app.store import Store
from tests.store.conftest import BAD, GOOD, AddMovie, AddReview, rated, review_edit


def test_a_movie_is_stored(store: Store) -> None:
    fields = MovieFields("괴물", "2006-07-27", "봉준호", "SF", "https://example.com/a.jpg")
    movie = store.add_movie(fields)
    assert movie == Movie(*astuple(fields), id=movie.id)
    assert movie.average_rating is None
    assert store.movie(movie.id) == movie
    assert list(store.movies()) == [movie]


@pytest.mark.parametrize(("title", "other", "same"), [
    ("괴 물", " 괴물", True), ("Old Boy", "OLDBOY", True), ("괴물", normalize("NFD", "괴물"), True),
    ("괴물", "괴물2", False), ("Matrix", "M\u0430trix", False),
])  # fmt: skip
def test_movie_keys(title: str, other: str, same: bool) -> None:
    assert (movie_key(title, "2006-07-27") == movie_key(other, "2006-07-27")) is same
    assert movie_key(title, "2006-07-27") != movie_key(title, "")


def test_a_movie_is_added_once(store: Store, add_movie: AddMovie) -> None:
    movie_id = add_movie("괴물", release_date="2006-07-27")
    seen = store.movies()
    with pytest.raises(AlreadyExists) as existing:
        store.add_movie(MovieFields(" 괴 물", "2006-07-27", "somebody else"))
    assert (existing.value.kind, existing.value.id) == ("movie", movie_id)
    assert store.movies() is seen
    assert add_movie("괴물") != movie_id
    store.delete_movie(movie_id)
    assert add_movie("괴물", release_date="2006-07-27") > movie_id


def test_a_movie_is_edited(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id, other = add_movie("괴물"), add_movie("기생충")
    add_review(movie_id)
    changed = store.update_movie(movie_id, lambda _: MovieFields("괴물 2", director="봉준호"), "admin")
    assert store.movie(movie_id) == changed
    assert (changed.title, changed.director, changed.review_count) == ("괴물 2", "봉준호", 1)
    with pytest.raises(AlreadyExists) as existing:
        store.update_movie(movie_id, lambda _: MovieFields("기생충"))
    assert existing.value.id == other
    assert store.movie(movie_id) == changed
    assert add_movie("괴물") > other  # the old title can be used again


def test_edits_without_a_change_are_ignored(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie("괴물")
    review = add_review(movie_id, GOOD, model="old")
    seen = store.movies()
    assert store.update_movie(movie_id, lambda _: MovieFields("괴물")).id == movie_id
    same = review_edit(review.content, GOOD, model="old", author=review.author)
    assert store.update_review(review.id, same) == review
    assert store.movies() is seen
    assert store.audit_log() == ([], 0)


def test_a_movies_rating_is_the_mean_of_its_reviews(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    first, last = add_review(movie_id, GOOD), add_review(movie_id, BAD)
    movie = store.movie(movie_id)
    assert movie.average_rating == pytest.approx((9.1 + 1.7) / 2)
    assert (movie.review_count, movie.positive_count, movie.negative_count) == (2, 1, 1)
    assert store.delete_review(last.id) == (last, store.audit_log()[0][0])
    assert store.movie(movie_id).average_rating == pytest.approx(9.1)
    store.delete_review(first.id)
    assert store.movie(movie_id).average_rating is None
    assert store.totals() == CatalogueTotals(1, 0, 0)


def test_rounding_errors_keep_the_mean_on_the_scale(store: Store, add_movie: AddMovie) -> None:
    movie_id = add_movie()
    for ratings, kept in (((1.3436, 8.4743, 10.0), 10.0), ((1.3436, 8.4743, 0.0), 0.0)):
        *gone, last = [store.add_review(movie_id, "밤편지", "글", Sentiment(GOOD.label, 0.9, r)).id for r in ratings]
        for review_id in gone:
            store.delete_review(review_id)
        average = store.movie(movie_id).average_rating
        assert average == pytest.approx(kept) and 0 <= average <= 10
        store.delete_review(last)


def test_the_histogram_is_updated(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    ids = [add_review(movie_id, rated(rating)).id for rating in (0.0, 0.9, 1.0, 4.999, 5.0, 9.1, 10.0)]
    add_review(movie_id, Sentiment(BAD.label, 0.8, 5.5))
    empty = [(0, 0)] * 10
    assert store.histogram(movie_id) == [(0, 2), (0, 1), (0, 0), (0, 0), (0, 1), (1, 1), *empty[6:9], (2, 0)]
    store.delete_review(ids[0])
    store.update_review(ids[-1], review_edit("다시 보니 별로", rated(2.5), author="밤편지"))
    assert store.histogram(movie_id) == [(0, 1), (0, 1), (0, 1), (0, 0), (0, 1), (1, 1), *empty[6:9], (1, 0)]


def test_deleting_a_movie_deletes_its_reviews(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    kept, gone = add_movie(), add_movie()
    stays, review = add_review(kept), add_review(gone)
    assert store.delete_movie(gone)[0].review_count == 1
    for call in (store.movie, store.delete_movie, store.reviews, store.histogram):
        with pytest.raises(NotFound):
            call(gone)
    for call in (store.review, store.delete_review, store.position):
        with pytest.raises(NotFound):
            call(review.id)
    assert store.review(stays.id) == stays
    assert store.totals() == CatalogueTotals(1, 1, 1)
    assert [movie.id for movie in store.movies()] == [kept]
    assert add_movie() > gone  # ids are not reused
    assert add_review(kept).id > review.id


def test_the_list_is_replaced_at_each_change_only(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    first = add_review(movie_id)
    seen = [store.movies()]
    changes: list[Callable[[], object]] = [
        lambda: add_review(movie_id),
        lambda: store.update_review(first.id, review_edit("별로", BAD, author="밤편지")),
        lambda: store.update_movie(movie_id, lambda _: MovieFields("다른 제목")),
        lambda: store.delete_review(first.id),
        lambda: store.undo(store.audit_log()[0][0].id),
        lambda: store.delete_movie(movie_id),
    ]
    for change in changes:
        change()
        seen.append(store.movies())
        assert store.movies() is seen[-1]
    assert len({id(movies) for movies in seen}) == len(seen)
    assert (seen[0][0].review_count, seen[1][0].review_count, seen[-1]) == (1, 2, ())
    store.totals(), store.audit_log(), store.models(), store.corrections(), store.all_reviews()
    with pytest.raises(NotFound):
        store.delete_movie(movie_id)
    assert store.movies() is seen[-1]


@pytest.mark.parametrize("id", [0, -1, 2**63 - 1, 2**63, 10**30])
def test_absurd_ids_are_not_found(store: Store, id: int) -> None:
    for call in (
        store.movie, store.review, store.reviews, store.delete_movie, store.delete_review, store.histogram,
        store.position, store.undo, lambda absurd: store.set_correction(absurd, "a reader", None),
        lambda absurd: store.add_review(absurd, "밤편지", "좋아요", GOOD),
        lambda absurd: store.like_review(absurd, "an owner"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            call(id)
    assert store.totals() == CatalogueTotals(0, 0, 0)


def test_concurrent_edits_of_different_fields(store: Store, movie_id: int) -> None:
    fields = {"director": "봉준호", "genre": "SF", "release_date": "2006-07-27", "poster_url": "https://a.kr/1.jpg"}
    for _ in range(5):
        store.update_movie(movie_id, lambda _: MovieFields("괴물"))

        def edit(item: tuple[str, str]) -> None:
            name, value = item
            store.update_movie(movie_id, lambda old: replace(old, **{name: value}))

        with ThreadPoolExecutor(len(fields)) as pool:
            list(pool.map(edit, fields.items()))
        movie = store.movie(movie_id)
        assert {name: getattr(movie, name) for name in fields} == fields
