"""Concurrent writers: locks, timeouts and totals."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.errors import AlreadyExists, StoreUnavailable
from app.models import Movie, MovieFields, ScoredReview
from app.store import Store, engine, open_store
from tests.postgresql import Server
from tests.store.conftest import BAD, GOOD, AddMovie, AddReview, make_review, review_edit


@pytest.fixture
def lock_timeout_url(postgresql: Server) -> str:
    """The URL of a PostgreSQL database with a lock timeout of 300 ms: a blocked write is an error."""
    return postgresql.new_database() + "?options=-c%20lock_timeout%3D300ms"


def locked(url: str, statement: str) -> "psycopg.Connection[Any]":
    """Open a transaction that has executed `statement` and is not committed."""
    connection = psycopg.connect(url.replace("+psycopg", "").split("?")[0])
    connection.execute(statement.encode())
    return connection


def test_writes_to_different_movies_do_not_block_each_other(lock_timeout_url: str) -> None:
    store = open_store(lock_timeout_url)
    first, second = (store.add_movie(MovieFields(title)).id for title in ("괴물", "기생충"))
    review = store.add_review(second, "밤편지", "좋아요", GOOD, model="one")
    movie_id, review_id = store.reserve_ids(1, 1)
    half = """
        UPDATE movies SET review_count = review_count + 1, version = pg_current_xact_id()::text::bigint WHERE id = 1;
        INSERT INTO reviews (movie_id, author, content, sentiment_label, sentiment_score, rating, created_at, edited_at,
            model, writer, spoiler, like_count)
        VALUES (1, 'another process', 'x', '긍정', 0.9, 9.1, '2026-01-01T00:00:00Z', '', 'one', '', false, 0)"""
    other = locked(lock_timeout_url, half)
    assert store.add_review(second, "심야영화", "저도요", GOOD, model="one").movie_id == second
    store.update_review(review.id, review_edit("다시 보니 별로", BAD))
    store.set_correction(review.id, "a reader", GOOD.label)
    assert store.like_review(review.id, "an owner") == 1
    assert store.update_sentiments([ScoredReview(review.id, "다시 보니 별로", GOOD)], "two") == 1
    store.undo(store.delete_review(review.id)[1].id)
    store.add_all([Movie("새 영화", id=movie_id)], [make_review(review_id, second)])
    store.delete_movie(movie_id)
    assert [movie.review_count for movie in store.movies()] == [0, 3]
    with pytest.raises(StoreUnavailable):  # the same movie is locked
        store.add_review(first, "밤편지", "기다려요", GOOD)
    seen = store.movies()
    assert store.movies() is seen
    other.commit()
    assert [movie.review_count for movie in store.movies()] == [1, 3]  # though its version is older than others'
    assert store.add_review(first, "밤편지", "이제 돼요", GOOD).movie_id == first
    assert store.models() == {"one": 2, "two": 1, "": 2}
    other.close(), store.close()


def test_concurrent_adds_of_one_title_add_one_movie(lock_timeout_url: str) -> None:
    def add(_: int) -> int:
        try:
            return store.add_movie(MovieFields("괴물")).id
        except AlreadyExists as existing:
            return existing.id

    with closing(open_store(lock_timeout_url.split("?")[0])) as store, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(16))) == [1] * 16
        assert len(store.movies()) == 1


def test_concurrent_writers_of_all_kinds(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_ids = [add_movie() for _ in range(3)]
    reviews = [add_review(movie_ids[n % 3], content=str(n)) for n in range(30)]
    work: list[Callable[[int], Any]] = [
        lambda n: add_review(movie_ids[n % 3], content=str(n)),
        lambda n: store.update_review(reviews[20 + n % 10].id, review_edit(author=f"{n}")),
        lambda n: store.update_sentiments([ScoredReview(r.id, r.content, BAD) for r in reviews[n % 7 :]], "new"),
        lambda n: store.undo(store.delete_review(reviews[n].id)[1].id),
        lambda n: store.set_correction(reviews[20 + n % 10].id, f"reader {n}", BAD.label),
        lambda n: store.update_movie(movie_ids[n % 3], lambda movie: MovieFields(movie.title, director=str(n))),
        lambda n: store.add_all([], [make_review(store.reserve_ids(0, 1)[1], movie_id) for movie_id in movie_ids[:1]]),
    ]
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda n: work[n % 7](n // 7), range(140)))
    for movie_id in movie_ids:
        found, total = store.reviews(movie_id)
        movie = store.movie(movie_id)
        assert movie.review_count == total == len(found) == sum(map(sum, store.histogram(movie_id)))
        assert movie.positive_count == sum(review.is_positive for review in found)
        assert movie.rating_sum == pytest.approx(sum(review.rating for review in found))
    assert store.totals().review_count == len(store.all_reviews()) == sum(store.models().values()) == 70


def test_reserved_ids_are_unique_under_concurrency(store: Store, add_movie: AddMovie, add_review: AddReview) -> None:
    movie_id = add_movie()

    def work(n: int) -> list[int]:
        if n % 2:
            return [add_review(movie_id).id]
        first = store.reserve_ids(0, 10)[1]
        return list(range(first, first + 10))

    with ThreadPoolExecutor(8) as pool:
        ids = [review_id for found in pool.map(work, range(60)) for review_id in found]
    assert len(ids) == len(set(ids)) == 330


def test_waiting_for_sqlites_write_lock_yields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/reviews.db")) as store:
        movie_id = store.add_movie(MovieFields("괴물")).id
        other = sqlite3.connect(tmp_path / "reviews.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        naps: list[float] = []

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                other.execute("ROLLBACK")

        monkeypatch.setattr(engine, "sleep", sleep)
        assert store.add_review(movie_id, "밤편지", "글", GOOD).id == 1
        assert naps == [0.01] * 3
        other.close()


def test_uncommitted_changes_are_not_visible_in_memory(store: Store) -> None:
    movie_id = store.add_movie(MovieFields("괴물")).id
    entered, seen = threading.Event(), []

    def change(movie: Movie) -> MovieFields:
        entered.set()
        raise RuntimeError("halfway")

    def read() -> None:
        entered.wait(10)
        seen.append(store.movie(movie_id).title)

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.raises(RuntimeError):
        store.update_movie(movie_id, change)
    reader.join()
    assert seen == ["괴물"]
    assert store.audit_log() == ([], 0)
