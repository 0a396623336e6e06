"""Replace the tables: soft deletion by a column, labels as text, numbered imports, likes and nicknames.

Every table is created anew and filled from the old ones, including deleted rows that can still be restored.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OLD_INDEXES = {
    "movies": ("movies_key", "movies_changed"),
    "reviews": (
        "reviews_movie_id",
        "reviews_movie_is_positive_id",
        "reviews_movie_rating_id",
        "reviews_movie_is_positive_rating_id",
    ),
    "changes": ("changes_at", "changes_version"),
}
_RENAMED = ("movies", "reviews", "corrections")
_DROPPED = (
    "old_corrections", "old_reviews", "old_movies", "deleted_corrections", "deleted_reviews", "deleted_movies",
    "changes", "models", "catalogue",
)  # fmt: skip


def upgrade() -> None:
    counters = op.get_bind().execute(sa.text("SELECT last_movie_id, last_review_id, last_change_id FROM catalogue"))
    last_ids = dict(zip(("movies", "reviews", "audit_log"), counters.one(), strict=True))
    for table, names in _OLD_INDEXES.items():
        for name in names:
            op.drop_index(name, table)
    for table in _RENAMED:
        op.rename_table(table, f"old_{table}")
    _create_tables()
    _copy_rows()
    for table in _DROPPED:
        op.drop_table(table)
    _create_indexes()
    for table, last in last_ids.items():
        _set_last_id(table, last)


def _create_tables() -> None:
    op.create_table(
        "movies",
        _id(),
        *_text("title", "release_date", "director", "genre", "poster_url", "key", "owner"),
        *_counts("review_count", "positive_count"),
        sa.Column("rating_sum", sa.Double, nullable=False),
        *_counts("version"),
        sa.Column("import_id", sa.BigInteger),
        sa.Column("deleted_by", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reviews",
        _id(),
        sa.Column("movie_id", sa.BigInteger, sa.ForeignKey("movies.id", ondelete="CASCADE"), nullable=False),
        *_text("author", "content"),
        sa.Column("sentiment_label", sa.String(20), nullable=False),
        sa.Column("sentiment_score", sa.Double, nullable=False),
        sa.Column("rating", sa.Double, nullable=False),
        *_text("created_at", "edited_at", "model", "writer"),
        sa.Column("spoiler", sa.Boolean, nullable=False),
        *_counts("like_count"),
        sa.Column("import_id", sa.BigInteger),
        sa.Column("deleted_by", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "corrections",
        _review_id(),
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("label", sa.String(20), nullable=False),
        *_text("created_at"),
    )
    op.create_table("likes", _review_id(), sa.Column("owner", sa.Text, primary_key=True))
    op.create_table(
        "model_counts",
        sa.Column(
            "movie_id",
            sa.BigInteger,
            sa.ForeignKey("movies.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("model", sa.Text, primary_key=True),
        *_counts("review_count"),
    )
    op.create_table("nicknames", sa.Column("key", sa.Text, primary_key=True), *_text("passphrase_hash", "created_at"))
    op.create_table(
        "audit_log",
        _id(),
        *_text("at", "who"),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("movie_id", sa.BigInteger),
        sa.Column("review_id", sa.BigInteger),
        *_text("summary", "before", "undone_at"),
        sa.Column("import_id", sa.BigInteger),
        sqlite_autoincrement=True,
    )


def _copy_rows() -> None:
    movie = "id, title, release_date, director, genre, poster_url, key, review_count, positive_count, rating_sum"
    label = "CASE WHEN is_positive THEN '긍정' ELSE '부정' END"
    review = "id, movie_id, author, content, {label}, {score}, rating, created_at, edited_at, model, writer"
    new, old = (
        review.format(label="sentiment_label", score="sentiment_score"),
        review.format(label=label, score="score"),
    )
    correction = "review_id, reader, {label}, created_at"
    for source, deleted_by in (("old", "NULL"), ("deleted", "deleted_by")):
        op.execute(
            f"INSERT INTO movies ({movie}, owner, version, deleted_by) "
            f"SELECT {movie}, '', 1, {deleted_by} FROM {source}_movies"
        )
    for source, deleted_by in (("old", "NULL"), ("deleted", "deleted_by")):
        op.execute(
            f"INSERT INTO reviews ({new}, spoiler, like_count, deleted_by) SELECT {old}, false, 0, {deleted_by} "
            f"FROM {source}_reviews WHERE movie_id IN (SELECT id FROM movies)"
        )
    for source in ("old", "deleted"):
        op.execute(
            f"INSERT INTO corrections ({correction.format(label='label')}) SELECT {correction.format(label=label)} "
            f"FROM {source}_corrections WHERE review_id IN (SELECT id FROM reviews)"
        )
    # The counts of a deleted movie are those of the reviews that were deleted with it.
    op.execute(
        "INSERT INTO model_counts (movie_id, model, review_count) SELECT r.movie_id, r.model, count(*) "
        "FROM reviews r JOIN movies m ON m.id = r.movie_id "
        "WHERE coalesce(r.deleted_by, 0) = coalesce(m.deleted_by, 0) GROUP BY r.movie_id, r.model"
    )
    entry = "id, at, who, action, movie_id, review_id, summary, undone_at"
    op.execute(f"INSERT INTO audit_log ({entry}, before) SELECT {entry}, '' FROM changes")


def _create_indexes() -> None:
    kept = "deleted_by IS NULL"
    _partial_index("movies_key", "movies", ["key"], kept, unique=True)
    op.create_index("movies_version", "movies", ["version"])
    for names in (["id"], ["sentiment_label", "id"], ["rating", "id"], ["sentiment_label", "rating", "id"]):
        _partial_index(f"reviews_movie_{'_'.join(names)}", "reviews", ["movie_id", *names], kept)
    _partial_index("reviews_author_id", "reviews", ["author", "id"], kept)
    for table in ("movies", "reviews"):
        for column in ("import_id", "deleted_by"):
            _partial_index(f"{table}_{column}", table, [column], f"{column} IS NOT NULL")
    op.create_index("audit_log_at", "audit_log", ["at"])
    op.create_index("audit_log_review_id", "audit_log", ["review_id"])


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _set_last_id(table: str, last: int) -> None:
    """Continue the ids after the last one, so that those of deleted rows are not reused."""
    if not last:
        return
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval('{table}_id_seq', {last})")
    else:
        op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table}'")
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True)


def _review_id() -> sa.Column[Any]:
    of_review = sa.ForeignKey("reviews.id", ondelete="CASCADE")
    return sa.Column("review_id", sa.BigInteger, of_review, primary_key=True, autoincrement=False)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
