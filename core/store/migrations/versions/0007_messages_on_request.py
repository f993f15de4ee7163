"""Messages that are asked for one by one; a message remembers the trace it was planned in."""

import sqlalchemy as sa
from alembic import op

from core.store.access_tables import transactional_sends

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what an older store lacks; a new one has it already."""
    transactional_sends.create(op.get_bind(), checkfirst=True)
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("messages")}
    if "traceparent" not in known:
        op.add_column("messages", sa.Column("traceparent", sa.Text))
