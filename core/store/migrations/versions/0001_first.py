"""The first schema."""

from alembic import op

import core.store.tables  # noqa: F401 -- the tables it makes
from core.store.columns import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table. Frozen once released: later changes are revisions of their own."""
    metadata.create_all(op.get_bind())
