"""Stores in memory, SQLite and PostgreSQL, with a clock that tests advance."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.models import Label, MovieFields, Review, Sentiment
from app.store import Store, open_store
from tests.postgresql import Server

GOOD = Sentiment(Label.POSITIVE, 0.9, 9.1)
BAD = Sentiment(Label.NEGATIVE, 0.8, 1.7)
AddMovie = Callable[..., int]
AddReview = Callable[..., Review]


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/reviews.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, clock: Clock, tmp_path: Path) -> Iterator[Store]:
    url = {"memory": "", "sqlite": f"sqlite:///{tmp_path}/reviews.db"}.get(request.param)
    opened = open_store(request.getfixturevalue("postgresql").new_database() if url is None else url, clock)
    yield opened
    opened.close()


@pytest.fixture
def add_movie(store: Store) -> AddMovie:
    titles = iter(range(10**6))
    return lambda title="", **fields: store.add_movie(MovieFields(title or f"영화 {next(titles)}", **fields)).id


@pytest.fixture
def add_review(store: Store) -> AddReview:
    def add(movie_id: int, sentiment: Sentiment = GOOD, content: str = "좋아요", **more: str) -> Review:
        return store.add_review(movie_id, more.pop("author", "밤편지"), content, sentiment, **more)

    return add


def review_edit(
    content: str = "", sentiment: Sentiment = BAD, *, model: str = "", **fields: Any
) -> Callable[[Review], Review]:
    """Return a change for `Store.update_review`, of the content with its sentiment by `model`, or of other fields."""

    def change(review: Review) -> Review:
        changed = replace(review, **fields)
        return replace(changed, content=content).with_sentiment(sentiment, model) if content else changed

    return change


def rated(rating: float) -> Sentiment:
    return Sentiment(Label.POSITIVE if rating >= 5 else Label.NEGATIVE, 0.9, rating)


def make_review(review_id: int, movie_id: int, **more: Any) -> Review:
    sentiment = BAD if review_id % 2 else GOOD
    fields: dict[str, Any] = {
        "author": "밤편지",
        "content": f"리뷰 {review_id}",
        "sentiment_label": sentiment.label,
        "sentiment_score": sentiment.score,
        "rating": sentiment.rating,
        "created_at": "2020-01-01T00:00:00Z",
    }
    return Review(review_id, movie_id, **fields | more)
