"""The tables, and how a row reads as a model. Indexes serve what pages ask: `docs/scaling.md` has the times.

`migrations/` makes these tables; a test compares the two.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
)

from app.models import Action, Change, Correction, Label, Movie, Review

Bars = list[int]
"""A movie's histogram: ten counts of positive reviews, then ten of negative ones."""
EMPTY_BARS = ",".join(["0"] * 20)

_id = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row id has to be called INTEGER
metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


catalogue = Table(
    "catalogue",  # one row: whoever writes locks it first, so ids have no gaps and versions no twins
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _count("version"),
    _count("last_movie_id"),
    _count("last_review_id"),
    _count("last_change_id"),
    _count("movie_count"),
    _count("review_count"),
    _count("positive_count"),
)


def _movie_columns() -> list[Column[Any]]:
    return [
        Column("id", _id, primary_key=True, autoincrement=False),
        *map(_text, ("title", "release_date", "director", "genre", "poster_url")),
        _text("key"),
        _count("review_count"),
        _count("positive_count"),
        Column("rating_sum", Double, nullable=False),
        _text("bars"),
        _count("changed"),  # the version that changed it last
    ]


def _review_columns(*movie: ForeignKey) -> list[Column[Any]]:
    return [
        Column("id", _id, primary_key=True, autoincrement=False),
        Column("movie_id", BigInteger, *movie, nullable=False),
        _text("author"),
        _text("content"),
        Column("is_positive", Boolean, nullable=False),
        Column("score", Double, nullable=False),
        Column("rating", Double, nullable=False),
        *map(_text, ("created_at", "edited_at", "model", "writer")),
        _count("correction_count"),
    ]


def _correction_columns(*review: ForeignKey) -> list[Column[Any]]:
    return [
        Column("review_id", BigInteger, *review, primary_key=True, autoincrement=False),
        Column("reader", Text, primary_key=True),
        Column("is_positive", Boolean, nullable=False),
        _text("created_at"),
    ]


def _deleted_by() -> Column[int]:
    return Column("deleted_by", BigInteger, nullable=False, index=True)


movies = Table("movies", metadata, *_movie_columns())
Index("movies_key", movies.c.key, unique=True)
Index("movies_changed", movies.c.changed)
reviews = Table("reviews", metadata, *_review_columns(ForeignKey("movies.id")))
for _columns in (("id",), ("is_positive", "id"), ("rating", "id"), ("is_positive", "rating", "id")):
    Index(f"reviews_movie_{'_'.join(_columns)}", reviews.c.movie_id, *(reviews.c[name] for name in _columns))
corrections = Table("corrections", metadata, *_correction_columns(ForeignKey("reviews.id")))

# What was deleted lies here, row for row, for as long as it can come back.
deleted_movies = Table("deleted_movies", metadata, *_movie_columns(), _deleted_by())
deleted_reviews = Table("deleted_reviews", metadata, *_review_columns(), _deleted_by())
deleted_corrections = Table("deleted_corrections", metadata, *_correction_columns(), _deleted_by())

models = Table("models", metadata, Column("name", Text, primary_key=True), _count("review_count"))
changes = Table(
    "changes",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=False),
    *map(_text, ("at", "who", "action")),
    Column("movie_id", BigInteger),
    Column("review_id", BigInteger),
    _text("summary"),
    _text("undone_at"),
    _count("version"),
)
Index("changes_at", changes.c.at)
Index("changes_version", changes.c.version)


def read_movie(row: Row[Any]) -> Movie:
    return Movie(
        row.title, row.release_date, row.director, row.genre, row.poster_url,
        row.id, row.review_count, row.positive_count, row.rating_sum,
    )  # fmt: skip


def movie_values(movie: Movie, bars: str, version: int) -> dict[str, Any]:
    return {
        "id": movie.id,
        "title": movie.title,
        "release_date": movie.release_date,
        "director": movie.director,
        "genre": movie.genre,
        "poster_url": movie.poster_url,
        "key": movie.key,
        "review_count": movie.review_count,
        "positive_count": movie.positive_count,
        "rating_sum": movie.rating_sum,
        "bars": bars,
        "changed": version,
    }


def read_bars(text: str) -> Bars:
    return [int(count) for count in text.split(",")]


def write_bars(bars: Bars) -> str:
    return ",".join(map(str, bars))


def label_of(is_positive: bool) -> Label:
    return Label.POSITIVE if is_positive else Label.NEGATIVE


def read_review(row: Row[Any]) -> Review:
    return Review(
        row.id, row.movie_id, row.author, row.content, label_of(row.is_positive), row.score, row.rating,
        row.created_at, row.edited_at, row.model, row.writer, row.correction_count,
    )  # fmt: skip


def review_values(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "movie_id": review.movie_id,
        "author": review.author,
        "content": review.content,
        "is_positive": review.is_positive,
        "score": review.sentiment_score,
        "rating": review.rating,
        "created_at": review.created_at,
        "edited_at": review.edited_at,
        "model": review.model,
        "writer": review.writer,
        "correction_count": review.correction_count,
    }


def read_correction(row: Row[Any]) -> Correction:
    return Correction(row.review_id, row.reader, label_of(row.is_positive), row.created_at)


def correction_values(correction: Correction) -> dict[str, Any]:
    return {
        "review_id": correction.review_id,
        "reader": correction.reader,
        "is_positive": correction.label is Label.POSITIVE,
        "created_at": correction.created_at,
    }


def read_change(row: Row[Any]) -> Change:
    return Change(
        row.id, row.at, row.who, Action(row.action), row.movie_id, row.review_id, row.summary, row.undone_at
    )  # fmt: skip


def change_values(change: Change, version: int) -> dict[str, Any]:
    return {
        "id": change.id,
        "at": change.at,
        "who": change.who,
        "action": change.action.value,
        "movie_id": change.movie_id,
        "review_id": change.review_id,
        "summary": change.summary,
        "undone_at": change.undone_at,
        "version": version,
    }
