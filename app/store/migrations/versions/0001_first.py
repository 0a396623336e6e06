"""Create the first tables. A migration does not import app/store/tables.py, which describes the newest schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True, autoincrement=False)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _movie_columns() -> list[sa.Column[Any]]:
    return [
        _id(),
        *_text("title", "release_date", "director", "genre", "poster_url", "key"),
        *_counts("review_count", "positive_count"),
        sa.Column("rating_sum", sa.Double, nullable=False),
        *_text("bars"),
        *_counts("changed"),
    ]


def _review_columns(*movie: sa.ForeignKey) -> list[sa.Column[Any]]:
    return [
        _id(),
        sa.Column("movie_id", sa.BigInteger, *movie, nullable=False),
        *_text("author", "content"),
        sa.Column("is_positive", sa.Boolean, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("rating", sa.Double, nullable=False),
        *_text("created_at", "edited_at", "model", "writer"),
        *_counts("correction_count"),
    ]


def _correction_columns(*review: sa.ForeignKey) -> list[sa.Column[Any]]:
    return [
        sa.Column("review_id", sa.BigInteger, *review, primary_key=True, autoincrement=False),
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("is_positive", sa.Boolean, nullable=False),
        *_text("created_at"),
    ]


def upgrade() -> None:
    _make_catalogue()
    op.create_table("movies", *_movie_columns())
    op.create_index("movies_key", "movies", ["key"], unique=True)
    op.create_index("movies_changed", "movies", ["changed"])
    op.create_table("reviews", *_review_columns(sa.ForeignKey("movies.id")))
    for names in (["id"], ["is_positive", "id"], ["rating", "id"], ["is_positive", "rating", "id"]):
        op.create_index(f"reviews_movie_{'_'.join(names)}", "reviews", ["movie_id", *names])
    op.create_table("corrections", *_correction_columns(sa.ForeignKey("reviews.id")))
    for name, columns in (
        ("deleted_movies", _movie_columns()),
        ("deleted_reviews", _review_columns()),
        ("deleted_corrections", _correction_columns()),
    ):
        op.create_table(name, *columns, *_counts("deleted_by"))
        op.create_index(f"ix_{name}_deleted_by", name, ["deleted_by"])
    op.create_table("models", sa.Column("name", sa.Text, primary_key=True), *_counts("review_count"))
    _make_changes()


def _make_catalogue() -> None:
    numbers = "version last_movie_id last_review_id last_change_id movie_count review_count positive_count".split()
    table = op.create_table(
        "catalogue", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), *_counts(*numbers)
    )
    op.bulk_insert(table, [{"id": 1, **dict.fromkeys(numbers, 0)}])


def _make_changes() -> None:
    op.create_table(
        "changes",
        _id(),
        *_text("at", "who", "action"),
        sa.Column("movie_id", sa.BigInteger),
        sa.Column("review_id", sa.BigInteger),
        *_text("summary", "undone_at"),
        *_counts("version"),
    )
    op.create_index("changes_at", "changes", ["at"])
    op.create_index("changes_version", "changes", ["version"])
