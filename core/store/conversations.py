"""Conversations: a thread is open until somebody of ours closes it; the person's next message opens it again."""

from datetime import datetime

import sqlalchemy as sa

from core.store.tables import conversations


def close(connection: sa.Connection, conversation_id: str, now: datetime) -> bool:
    """Close a thread; False when it is not open."""
    is_it = sa.and_(conversations.c.conversation_id == conversation_id, conversations.c.status == "open")
    return bool(
        connection.execute(sa.update(conversations).where(is_it).values(status="closed", updated_at=now)).rowcount
    )
