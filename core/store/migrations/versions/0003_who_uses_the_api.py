"""Tokens for machines, and how often everybody asks."""

from alembic import op

from core.store.access_tables import request_counts, service_tokens

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the two tables; a new store has them already."""
    for table in (service_tokens, request_counts):
        table.create(op.get_bind(), checkfirst=True)
