"""Lanes remember their rate and their pauses; the outbox is ordered by campaign, so that turns are fair."""

import sqlalchemy as sa
from alembic import op

from core.store.tables import mail_domains
from core.store.times import UtcDateTime

revision = "0002"
down_revision = "0001"

_LANES = (
    sa.Column("next_at", UtcDateTime),
    sa.Column("paused_until", UtcDateTime),
    sa.Column("pause_reason", sa.Text),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("updated_at", UtcDateTime),
)
_INDEXES = {
    "ix_messages_outbox": ["channel", "status", "priority", "campaign_id", "planned_at", "message_id"],
    "ix_messages_accepted_at": ["channel", "accepted_at"],
}


def upgrade() -> None:
    """Add what a store of the first schema lacks; a new store has it already."""
    inspector = sa.inspect(op.get_bind())
    mail_domains.create(op.get_bind(), checkfirst=True)
    known = {column["name"] for column in inspector.get_columns("lanes")}
    for column in _LANES:
        if column.name not in known:
            op.add_column("lanes", column.copy())
    indexes = {index["name"] for index in inspector.get_indexes("messages")}
    if "ix_messages_claim" in indexes:
        op.drop_index("ix_messages_claim", "messages")
    for name, columns in _INDEXES.items():
        if name not in indexes:
            op.create_index(name, "messages", columns)
