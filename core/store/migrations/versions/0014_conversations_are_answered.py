"""A conversation knows what waits in it since when, our answers, and which department has it."""

import sqlalchemy as sa
from alembic import op

from core.store.tables import conversations

revision = "0014"
down_revision = "0013"

_NEW = ("last_inbound_id", "waiting_since", "first_answered_at", "answer_id", "department", "assigned_at")


def upgrade() -> None:
    """Add what an older store lacks; a new one has it already. Nobody answered from here before: all open ones wait."""
    connection = op.get_bind()
    known = {column["name"] for column in sa.inspect(connection).get_columns("conversations")}
    for name in _NEW:
        if name not in known:
            op.add_column("conversations", sa.Column(name, conversations.c[name].type))
    if "waiting_since" not in known:
        row = conversations.c
        is_open = sa.and_(row.status == "open", row.waiting_since.is_(None))
        connection.execute(sa.update(conversations).where(is_open).values(waiting_since=row.last_inbound_at))
