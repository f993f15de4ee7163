"""Segments as rules are kept with all their versions."""

from alembic import op

from core.store.tables import segment_definitions

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of definitions; a new store has it already."""
    segment_definitions.create(op.get_bind(), checkfirst=True)
