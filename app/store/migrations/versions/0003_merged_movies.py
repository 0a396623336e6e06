"""Add what merging two movies records: the movie that replaces a deleted one, and the reviews that moved."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("movies", sa.Column("merged_into", sa.BigInteger))
    review = sa.ForeignKey("reviews.id", ondelete="CASCADE")
    op.create_table(
        "merged_reviews",
        sa.Column("review_id", sa.BigInteger, review, primary_key=True, autoincrement=False),
        sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
    )
