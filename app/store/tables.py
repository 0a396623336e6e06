"""Table definitions. A test compares them with those that `migrations/` creates in persistent databases.

Rows are converted to models by column name; `columns_of` checks at import that every field has a column.
"""

from collections.abc import Collection
from dataclasses import fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.models import AuditAction, AuditEntry, CorrectedLabel, Correction, Label, Movie, MovieFields, Review

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's rowid must be declared INTEGER
metadata = sa.MetaData()


def _enum(values: type[StrEnum]) -> sa.Enum:
    """Return a text type for the enum, without a CHECK constraint, so that a new value needs no migration."""
    return sa.Enum(values, native_enum=False, length=20, values_callable=lambda enum: [item.value for item in enum])


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False, default="") for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False, default=0) for name in names]


def _review_id() -> sa.Column[int]:
    of_review = sa.ForeignKey("reviews.id", ondelete="CASCADE")
    return sa.Column("review_id", sa.BigInteger, of_review, primary_key=True, autoincrement=False)


movies = sa.Table(
    "movies",
    metadata,
    _id(),
    *_text(*(field.name for field in fields(MovieFields))),
    *_text("key", "owner"),
    *_counts("review_count", "positive_count"),
    sa.Column("rating_sum", sa.Double, nullable=False, default=0.0),
    sa.Column("version", sa.BigInteger, nullable=False),  # of the last change: see movie_cache.py
    sa.Column("import_id", sa.BigInteger),
    sa.Column("deleted_by", sa.BigInteger),  # id of the deletion's audit entry; NULL if not deleted
    sa.Column("merged_into", sa.BigInteger),  # id of the movie that replaces a deleted one
    sqlite_autoincrement=True,  # never reuses ids
)
reviews = sa.Table(
    "reviews",
    metadata,
    _id(),
    sa.Column("movie_id", sa.BigInteger, sa.ForeignKey("movies.id", ondelete="CASCADE"), nullable=False),
    *_text("author", "content"),
    sa.Column("sentiment_label", _enum(Label), nullable=False),
    sa.Column("sentiment_score", sa.Double, nullable=False),
    sa.Column("rating", sa.Double, nullable=False),
    *_text("created_at", "edited_at", "model", "writer"),
    sa.Column("spoiler", sa.Boolean, nullable=False, default=False),
    *_counts("like_count"),
    sa.Column("import_id", sa.BigInteger),
    sa.Column("deleted_by", sa.BigInteger),
    sqlite_autoincrement=True,
)
corrections = sa.Table(
    "corrections",
    metadata,
    _review_id(),
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("label", _enum(CorrectedLabel), nullable=False),
    *_text("created_at"),
)
likes = sa.Table("likes", metadata, _review_id(), sa.Column("owner", sa.Text, primary_key=True))
merged_reviews = sa.Table(  # reviews that a merge of two movies moved, until it can no longer be undone
    "merged_reviews",
    metadata,
    _review_id(),
    sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
nicknames = sa.Table(
    "nicknames", metadata, sa.Column("key", sa.Text, primary_key=True), *_text("passphrase_hash", "created_at")
)
audit_log = sa.Table(
    "audit_log",
    metadata,
    _id(),
    *_text("at", "who"),
    sa.Column("action", _enum(AuditAction), nullable=False),
    sa.Column("movie_id", sa.BigInteger),
    sa.Column("review_id", sa.BigInteger),
    *_text("summary", "before", "undone_at"),
    sa.Column("import_id", sa.BigInteger),
    sqlite_autoincrement=True,
)

active_movie, active_review = movies.c.deleted_by.is_(None), reviews.c.deleted_by.is_(None)


def _index(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool], unique: bool = False) -> None:
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_index("movies_key", movies.c.key, unique=True, where=active_movie)
sa.Index("movies_version", movies.c.version)
for _names in (("id",), ("sentiment_label", "id"), ("rating", "id"), ("sentiment_label", "rating", "id")):
    _columns = [reviews.c.movie_id, *(reviews.c[name] for name in _names)]
    _index(f"reviews_movie_{'_'.join(_names)}", *_columns, where=active_review)
_index("reviews_author_id", reviews.c.author, reviews.c.id, where=active_review)
_index("reviews_model", reviews.c.model, where=active_review)
for _table in (movies, reviews):
    for _column in (_table.c.import_id, _table.c.deleted_by):
        _index(f"{_table.name}_{_column.name}", _column, where=_column.is_not(None))
sa.Index("audit_log_at", audit_log.c.at)
sa.Index("audit_log_review_id", audit_log.c.review_id)


def columns_of(model: type, table: sa.Table, *, without: Collection[str] = ()) -> list[sa.Column[Any]]:
    """Return the columns of a model's fields, in their order. Raise `TypeError` if a field has none."""
    names = [field.name for field in fields(model) if field.name not in without]
    for name in names:
        if name not in table.c:
            raise TypeError(
                f"{model.__name__}.{name} has no column in the table {table.name!r}: "
                "add it to app/store/tables.py, and a migration"
            )
    return [table.c[name] for name in names]


MOVIE_COLUMNS = columns_of(Movie, movies)
REVIEW_COLUMNS = columns_of(Review, reviews, without=["correction_count"])
CORRECTION_COLUMNS = columns_of(Correction, corrections)
AUDIT_COLUMNS = columns_of(AuditEntry, audit_log, without=["undoable"])
