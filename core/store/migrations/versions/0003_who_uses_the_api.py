"""Tokens for machines, how often everybody asks, and what the CRM was told."""

from alembic import op

from core.store.access_tables import request_counts, service_tokens
from core.store.tables import crm_notes

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables; a new store has them already."""
    for table in (request_counts, service_tokens, crm_notes):
        table.create(op.get_bind(), checkfirst=True)
