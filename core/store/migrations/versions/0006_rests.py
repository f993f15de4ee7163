"""A suppression may end by itself: a rest that a person asked for."""

import sqlalchemy as sa
from alembic import op

from core.store.times import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add when a suppression ends; a new store has it already."""
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("suppressions")}
    if "ends_at" not in known:
        op.add_column("suppressions", sa.Column("ends_at", UtcDateTime))
