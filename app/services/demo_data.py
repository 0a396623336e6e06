"""A living site for newcomers: well-known movies, with reviews that we wrote for this (`demo.json`).

The model reads them as it reads all reviews; only their moments are made up, over the last weeks.
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

_DAYS = 40
_FILE = Path(__file__).with_name("demo.json")


def seed(store: Store, analyzer: Analyzer, now: datetime | None = None) -> int:
    """Put the demo into a store without movies and return the number of its reviews; leave other stores alone."""
    if store.totals().movie_count:
        return 0
    movies = json.loads(_FILE.read_text(encoding="utf-8"))
    said = sorted(  # ids grow with time, as they would have
        (moment, place, author, content, bool(warning))
        for place, movie in enumerate(movies)
        for moment, (author, content, *warning) in _dated(movie, now)
    )
    sentiments = analyzer.analyze([content for *_, content, _ in said])
    first_movie, first_review = store.reserve_ids(len(movies), len(said))
    added = [
        Movie(id=first_movie + place, **{name: value for name, value in movie.items() if name != "reviews"})
        for place, movie in enumerate(movies)
    ]
    written = [
        Review(
            id=first_review + number,
            movie_id=first_movie + place,
            author=author,
            content=content,
            sentiment_label=sentiments[number].label,
            sentiment_score=sentiments[number].score,
            rating=sentiments[number].rating,
            created_at=moment,
            model=analyzer.card.id,
            spoiler=spoiler,
        )
        for number, ((moment, place, author, content, spoiler), sentiment) in enumerate(
            zip(said, sentiments, strict=True)
        )
    ]
    with suppress(AlreadyExists):  # another process of the same database was sooner
        store.add_all(added, written)
    return len(written)


def _dated(movie: dict[str, Any], now: datetime | None) -> list[tuple[str, list[str]]]:
    """Return the movie's reviews with their moments (ISO 8601, UTC), oldest first; more of them lately."""
    roll = Random(movie["title"])  # noqa: S311  # a repeatable draw, not a secret
    now = now or datetime.now(UTC)
    ages = sorted((_DAYS * roll.random() ** 2 for _ in movie["reviews"]), reverse=True)
    moments = [(now - timedelta(days=age, minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ") for age in ages]
    return list(zip(moments, movie["reviews"], strict=True))
