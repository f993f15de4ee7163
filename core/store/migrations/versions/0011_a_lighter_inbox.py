"""Of the inbox, only what is not applied is looked for by its state: an index over the rest costs each webhook."""

import sqlalchemy as sa
from alembic import op

from core.store.tables import inbox

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Replace the index over every state."""
    known = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("inbox")}
    if "ix_inbox_state" in known:
        op.drop_index("ix_inbox_state", "inbox")
    if "ix_inbox_not_applied" not in known:
        next(index for index in inbox.indexes if index.name == "ix_inbox_not_applied").create(op.get_bind())
