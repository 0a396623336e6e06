"""The contract of a store, run over every store there is."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from app.errors import NotFound
from app.models import Label, MovieFields, Sentiment, Totals
from app.protocols import Store
from app.store.memory import MemoryStore

GOOD = Sentiment(Label.POSITIVE, 0.9, 9.1)
BAD = Sentiment(Label.NEGATIVE, 0.8, 1.7)


@pytest.fixture(params=[MemoryStore])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.param()
    return made


def add_movie(store: Store, title: str = "괴물") -> int:
    return store.add_movie(MovieFields(title)).id


def test_a_movie_comes_back_as_it_went_in(store: Store) -> None:
    fields = MovieFields("괴물", "2006-07-27", "봉준호", "SF", "https://example.com/a.jpg")
    movie = store.add_movie(fields)
    assert (movie.title, movie.release_date, movie.director, movie.genre, movie.poster_url) == (
        "괴물", "2006-07-27", "봉준호", "SF", "https://example.com/a.jpg",
    )  # fmt: skip
    assert (movie.average_rating, movie.review_count, movie.positive_count) == (None, 0, 0)
    assert store.movie(movie.id) == movie
    assert store.movies() == [movie]


def test_a_movies_rating_is_the_mean_of_its_reviews(store: Store) -> None:
    movie_id = add_movie(store)
    store.add_review(movie_id, "밤편지", "좋아요", GOOD)
    last = store.add_review(movie_id, "심야영화", "별로예요", BAD)
    movie = store.movie(movie_id)
    assert movie.average_rating == pytest.approx((9.1 + 1.7) / 2)
    assert (movie.review_count, movie.positive_count, movie.negative_count) == (2, 1, 1)
    store.delete_review(last.id)
    assert store.movie(movie_id).average_rating == pytest.approx(9.1)


def test_after_its_last_review_a_movie_has_no_rating(store: Store) -> None:
    movie_id = add_movie(store)
    review = store.add_review(movie_id, "밤편지", "좋아요", GOOD)
    assert store.delete_review(review.id) == review
    assert store.movie(movie_id).average_rating is None
    assert store.totals() == Totals(1, 0, 0)


def test_a_mean_stays_on_the_scale_whatever_sums_leave_behind(store: Store) -> None:
    movie_id = add_movie(store)
    for ratings, kept in (((1.3436, 8.4743, 10.0), 10.0), ((1.3436, 8.4743, 0.0), 0.0)):
        *gone, last = [store.add_review(movie_id, "밤편지", "글", Sentiment(GOOD.label, 0.9, r)).id for r in ratings]
        for review_id in gone:
            store.delete_review(review_id)
        average = store.movie(movie_id).average_rating
        assert average is not None
        assert 0 <= average <= 10
        assert average == pytest.approx(kept)
        store.delete_review(last)


def test_reviews_are_newest_first_and_sliced(store: Store) -> None:
    movie_id = add_movie(store)
    ids = [store.add_review(movie_id, "밤편지", str(n), GOOD if n % 2 else BAD).id for n in range(5)]
    everything, total = store.reviews(movie_id)
    assert [review.id for review in everything] == ids[::-1]
    assert total == 5
    page, total = store.reviews(movie_id, offset=1, limit=2)
    assert ([review.content for review in page], total) == (["3", "2"], 5)
    bad, total = store.reviews(movie_id, Label.NEGATIVE, limit=2)
    assert ([review.content for review in bad], total) == (["4", "2"], 3)
    assert store.reviews(movie_id, offset=9) == ([], 5)


def test_deleting_a_movie_takes_its_reviews_and_no_others(store: Store) -> None:
    gone, kept = add_movie(store), add_movie(store)
    review = store.add_review(gone, "밤편지", "좋아요", GOOD)
    stays = store.add_review(kept, "밤편지", "좋아요", GOOD)
    assert store.delete_movie(gone) == 1
    for call in (store.movie, store.delete_movie, store.reviews):
        with pytest.raises(NotFound):
            call(gone)
    for call in (store.review, store.delete_review):
        with pytest.raises(NotFound):
            call(review.id)
    assert store.review(stays.id) == stays
    assert store.totals() == Totals(1, 1, 1)


def test_a_review_needs_its_movie(store: Store) -> None:
    with pytest.raises(NotFound):
        store.add_review(1, "밤편지", "좋아요", GOOD)
    assert store.totals() == Totals(0, 0, 0)


def test_ids_never_come_back(store: Store) -> None:
    movie_id = add_movie(store)
    review_id = store.add_review(movie_id, "밤편지", "좋아요", GOOD).id
    store.delete_movie(movie_id)
    again = add_movie(store)
    assert again > movie_id
    assert store.add_review(again, "밤편지", "좋아요", GOOD).id > review_id


def test_every_change_changes_the_version_and_nothing_else_does(store: Store) -> None:
    seen = [store.version]
    movie_id = add_movie(store)
    seen.append(store.version)
    first = store.add_review(movie_id, "밤편지", "좋아요", GOOD)
    seen.append(store.version)
    store.add_review(movie_id, "밤편지", "좋아요", GOOD)
    seen.append(store.version)
    store.delete_review(first.id)
    seen.append(store.version)
    store.delete_movie(movie_id)
    seen.append(store.version)
    assert len(set(seen)) == len(seen)
    store.movies(), store.totals()
    with pytest.raises(NotFound):
        store.delete_movie(movie_id)
    assert store.version == seen[-1]


@pytest.mark.parametrize("id", [0, -1, 10**30])
def test_absurd_ids_are_not_found(store: Store, id: int) -> None:
    for call in (store.movie, store.review, store.reviews, store.delete_movie, store.delete_review):
        with pytest.raises(NotFound):
            call(id)


def test_times_are_utc(store: Store) -> None:
    review = store.add_review(add_movie(store), "밤편지", "좋아요", GOOD)
    assert review.created_at.endswith("Z")
    assert len(review.created_at) == len("2026-01-01T00:00:00Z")


def test_many_threads_lose_nothing(store: Store) -> None:
    movie_id = add_movie(store)

    def work(n: int) -> int:
        review = store.add_review(movie_id, "밤편지", str(n), GOOD if n % 3 else BAD)
        if n % 4 == 0:
            store.delete_review(review.id)
        return review.id

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(work, range(800)))
    assert len(set(ids)) == 800
    kept = [n for n in range(800) if n % 4]
    movie = store.movie(movie_id)
    assert movie.review_count == len(kept) == store.reviews(movie_id)[1]
    assert movie.positive_count == sum(1 for n in kept if n % 3)
    assert movie.average_rating == pytest.approx(sum(9.1 if n % 3 else 1.7 for n in kept) / len(kept))


def test_of_two_deletes_at_once_one_wins(store: Store) -> None:
    for _ in range(50):
        movie_id = add_movie(store)
        won = []

        def delete(_: int, movie_id: int = movie_id, won: list[int] = won) -> None:
            with suppress(NotFound):
                won.append(store.delete_movie(movie_id))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(delete, range(4)))
        assert won == [0]
