"""The index over addresses names the address alone: no address is of two channels, and every row is smaller."""

import sqlalchemy as sa
from alembic import op

from core.store.tables import messages

revision = "0005"
down_revision = "0004"

_NAME = "ix_messages_address"


def upgrade() -> None:
    """Make the index anew where a store has the wider one; a new store has the narrow one already."""
    found = {index["name"]: index["column_names"] for index in sa.inspect(op.get_bind()).get_indexes("messages")}
    if found.get(_NAME) == ["address"]:
        return
    if _NAME in found:
        op.drop_index(_NAME, "messages")
    next(index for index in messages.indexes if index.name == _NAME).create(op.get_bind())
