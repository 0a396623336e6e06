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
from app.models import Movie, Review, format_utc
from app.protocols import Analyzer
from app.store import Store

_DAYS = 40
_FILE = Path(__file__).with_name("demo.json")


def seed(store: Store, analyzer: Analyzer, now: datetime | None = None) -> int:
    """Add the demo data to a store without movies and return the number of reviews; do nothing to other stores."""
    if store.totals().movie_count:
        return 0
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    dated = sorted(  # as later reviews have higher ids
        (created_at, index, review) for index, movie in enumerate(data) for created_at, review in _dated(movie, now)
    )
    sentiments = analyzer.analyze([content for _, _, (_, content, *_) in dated])
    first_movie, first_review = store.reserve_ids(len(data), len(dated))
    movies = [
        Movie(id=first_movie + index, **{name: value for name, value in movie.items() if name != "reviews"})
        for index, movie in enumerate(data)
    ]
    reviews = [
        Review(first_review + number, first_movie + index, author, content, read.label, read.score, read.rating,
               created_at, model=analyzer.card.id, spoiler=bool(warning))
        for number, ((created_at, index, (author, content, *warning)), read) in enumerate(
            zip(dated, sentiments, strict=True)
        )
    ]  # fmt: skip
    with suppress(AlreadyExists):  # added meanwhile by another process on the same database
        store.add_all(movies, reviews)
    return len(reviews)


def _dated(movie: dict[str, Any], now: datetime | None) -> list[tuple[str, list[str]]]:
    """Return the movie's reviews with random dates (ISO 8601, UTC), oldest first; recent dates are more frequent."""
    random = Random(movie["title"])  # noqa: S311  # a repeatable draw, not a secret
    now = now or datetime.now(UTC)
    ages = sorted((_DAYS * random.random() ** 2 for _ in movie["reviews"]), reverse=True)
    dates = [format_utc(now - timedelta(days=age, minutes=1)) for age in ages]
    return list(zip(dates, movie["reviews"], strict=True))
