"""Lanes remember their rate and their pauses; messages can share a request; the outbox has small indexes."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.store.tables import mail_domains, messages
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
_NO_MORE = ("ix_messages_claim", "ix_messages_provider_message_id", "ix_messages_contact_id")


def upgrade() -> None:
    """Add what a store of the first schema lacks; a new store has it already."""
    inspector = sa.inspect(op.get_bind())
    mail_domains.create(op.get_bind(), checkfirst=True)
    _add_columns(inspector, "lanes", _LANES)
    _add_columns(inspector, "messages", (sa.Column("batch_id", sa.Text),))
    indexes = {index["name"] for index in inspector.get_indexes("messages")}
    for name in _NO_MORE:
        if name in indexes:
            op.drop_index(name, "messages")
    for index in messages.indexes:
        index.create(op.get_bind(), checkfirst=True)


def _add_columns(inspector: sa.Inspector, table: str, columns: Iterable[sa.Column[Any]]) -> None:
    known = {column["name"] for column in inspector.get_columns(table)}
    for column in columns:
        if column.name not in known:
            op.add_column(table, column.copy())
