"""Demo data: well-known movies with reviews written for this purpose (`demo.json`).

The model analyzes them like all reviews. Their dates are random, within the last weeks.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from app.errors import AlreadyExists
from app.models import Movie, Review
from app.protocols import Analyzer
from app.store import Store
from app.store.clock import format_utc

_DAYS = 40
_FILE = Path(__file__).with_name("demo.json")


def seed(store: Store, analyzer: Analyzer, now: datetime | None = None) -> int:
    """Add the demo data to a store without movies and return the number of reviews; do nothing to other stores."""
    if store.totals().movie_count:
        return 0
    movies = json.loads(_FILE.read_text(encoding="utf-8"))
    rows = sorted(  # by date, as later reviews have higher ids
        (created_at, index, author, content, bool(warning))
        for index, movie in enumerate(movies)
        for created_at, (author, content, *warning) in _dated(movie, now)
    )
    sentiments = analyzer.analyze([content for *_, content, _ in rows])
    first_movie, first_review = store.reserve_ids(len(movies), len(rows))
    added_movies = [
        Movie(id=first_movie + index, **{name: value for name, value in movie.items() if name != "reviews"})
        for index, movie in enumerate(movies)
    ]
    added_reviews = [
        Review(
            id=first_review + number,
            movie_id=first_movie + index,
            author=author,
            content=content,
            sentiment_label=sentiment.label,
            sentiment_score=sentiment.score,
            rating=sentiment.rating,
            created_at=created_at,
            model=analyzer.card.id,
            spoiler=spoiler,
        )
        for number, ((created_at, index, author, content, spoiler), sentiment) in enumerate(
            zip(rows, sentiments, strict=True)
        )
    ]
    with suppress(AlreadyExists):  # added meanwhile by another process on the same database
        store.add_all(added_movies, added_reviews)
    return len(added_reviews)


def _dated(movie: dict[str, Any], now: datetime | None) -> list[tuple[str, list[str]]]:
    """Return the movie's reviews with random dates (ISO 8601, UTC), oldest first; recent dates are more frequent."""
    random = Random(movie["title"])  # noqa: S311  # a repeatable draw, not a secret
    now = now or datetime.now(UTC)
    ages = sorted((_DAYS * random.random() ** 2 for _ in movie["reviews"]), reverse=True)
    dates = [format_utc(now - timedelta(days=age, minutes=1)) for age in ages]
    return list(zip(dates, movie["reviews"], strict=True))
