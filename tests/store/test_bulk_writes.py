"""The contract of a store: bulk inserts."""

from dataclasses import replace
from typing import Any

import pytest

from app.errors import AlreadyExists, NotFound
from app.models import CatalogueTotals, Correction, Label, Movie
from app.store import Store
from tests.store.conftest import AddMovie, AddReview, make_review


def holds(store: Store) -> Any:
    return list(store.movies()), store.all_reviews(), list(store.corrections()), store.totals(), store.models()


def test_reserved_ids_are_not_assigned(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()
    add_review(movie_id)
    assert store.reserve_ids(3, 10) == (2, 2)
    assert store.reserve_ids(0, 1) == (5, 12)
    assert add_movie() == 5
    assert add_review(movie_id).id == 13


def test_bulk_insert(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    existing = add_movie()
    first = add_review(existing, model="old")
    movies = [
        Movie("괴물", "2006-07-27", "봉준호", "SF", id=7, review_count=99, rating_sum=1.0, positive_count=5),
        Movie("기생충", id=5),
    ]
    reviews = [
        make_review(30, 7, edited_at="2021-01-01T00:00:00Z", model="new", correction_count=7),
        make_review(21, 7, model="new"),
        make_review(22, existing, model="old"),
    ]
    corrections = [
        Correction(30, "b", Label.NEGATIVE, "2022-01-01T00:00:00Z"),
        Correction(30, "a", Label.POSITIVE, "2022-01-01T00:00:00Z"),
        Correction(first.id, "a", Label.NEGATIVE, "2022-01-01T00:00:00Z"),
    ]
    store.add_all(movies, reviews, corrections)
    assert [movie.id for movie in store.movies()] == [existing, 5, 7]
    monster = store.movie(7)
    assert (monster.title, monster.review_count, monster.positive_count) == ("괴물", 2, 1)
    assert monster.average_rating == pytest.approx((9.1 + 1.7) / 2)
    assert store.movie(existing).review_count == 2
    assert store.all_reviews() == [
        replace(first, correction_count=1), reviews[1], reviews[2], replace(reviews[0], correction_count=1),
    ]  # fmt: skip
    assert store.reviews(7)[0][0].id == 30
    assert store.histogram(7)[9] == (1, 0)
    assert list(store.corrections()) == [corrections[2], corrections[1], corrections[0]]
    assert store.models() == {"old": 2, "new": 2}
    store.add_all([], [])
    assert store.totals() == CatalogueTotals(3, 4, 3)
    assert add_movie() > 7
    assert add_review(7).id > 30


@pytest.mark.parametrize(("movies", "reviews", "kind", "id"), [
    ([Movie("새 영화", id=8), Movie("벌새", id=1)], [], "movie", 1),
    ([Movie("새 영화", id=8), Movie("벌새", id=8)], [], "movie", 8),
    ([Movie("새 영화", id=8), Movie(" 있는영화", id=9)], [], "movie", 1),
        ([Movie("새 영화", id=8), Movie("지운 것", id=2)], [], "movie", 2),
        ([Movie("새 영화", id=8), Movie("새영화", id=9)], [], "movie", 9),
    ([Movie("새 영화", id=8)], [make_review(5, 8), make_review(1, 8)], "review", 1),
    ([Movie("새 영화", id=8)], [make_review(5, 8), make_review(2, 8)], "review", 2),
    ([Movie("새 영화", id=8)], [make_review(5, 8), make_review(5, 8)], "review", 5),
])  # fmt: skip
def test_duplicates_are_refused_and_nothing_is_written(
    store: Store, add_movie: AddMovie, add_review: AddReview, movies: Any, reviews: Any, kind: str, id: int
) -> None:
    add_movie("있는 영화"), add_movie("지운 영화")
    add_review(1), add_review(2)
    store.delete_movie(2)  # its id is still used: the deletion can be undone
    before = holds(store)
    with pytest.raises(AlreadyExists) as existing:
        store.add_all(movies, reviews)
    assert (existing.value.kind, existing.value.id) == (kind, id)
    assert holds(store) == before
    store.undo(store.audit_log()[0][0].id)


def test_unknown_references_are_refused(store: Store) -> None:
    with pytest.raises(NotFound) as gone:
        store.add_all([Movie("괴물", id=1)], [make_review(1, 1), make_review(2, 3)])
    assert (gone.value.kind, gone.value.id) == ("movie", 3)
    with pytest.raises(NotFound) as gone:
        store.add_all([Movie("괴물", id=1)], [make_review(1, 1)], [Correction(2, "a", Label.NEGATIVE, "")])
    assert (gone.value.kind, gone.value.id) == ("review", 2)
    assert store.totals() == CatalogueTotals(0, 0, 0)
