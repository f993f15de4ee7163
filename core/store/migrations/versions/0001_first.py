"""The first schema."""

from alembic import op

from core.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table. Frozen once released: later changes are revisions of their own."""
    metadata.create_all(op.get_bind())
