"""Count the reviews of each model by an index instead of a table."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    active = sa.text("deleted_by IS NULL")
    op.create_index("reviews_model", "reviews", ["model"], sqlite_where=active, postgresql_where=active)
    op.drop_table("model_counts")
