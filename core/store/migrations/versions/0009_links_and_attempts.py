"""Codes are kept hashed and end; consent has its proof; a message knows which one it stands in for."""

import sqlalchemy as sa
from alembic import op

from core.store.address_tables import channel_consents, line_codes, line_tries
from core.store.tables import messages

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what an older store lacks; a new one has it already. Codes nobody used yet must be asked for again."""
    connection = op.get_bind()
    known = {column["name"] for column in sa.inspect(connection).get_columns("line_codes")}
    if "code_hash" not in known:
        op.drop_table("line_codes")
    for table in (line_codes, line_tries, channel_consents):
        table.create(connection, checkfirst=True)
    if "fallback_of" not in {column["name"] for column in sa.inspect(connection).get_columns("messages")}:
        op.add_column("messages", sa.Column("fallback_of", sa.Text))
        next(index for index in messages.indexes if index.name == "ix_messages_fallback_of").create(connection)
    if "saved_by" not in {column["name"] for column in sa.inspect(connection).get_columns("templates")}:
        op.add_column("templates", sa.Column("saved_by", sa.Text))
