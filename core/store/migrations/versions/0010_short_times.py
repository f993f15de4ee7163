"""SQLite keeps a message's times as microseconds since 1970: a row and its indexes take 90 bytes less."""

import sqlalchemy as sa
from alembic import op

from core.store.tables import messages
from core.store.times import ShortTime

revision = "0010"
down_revision = "0009"

_SECONDS = "cast(strftime('%s', substr({0}, 1, 19)) as integer)"
_MICROSECONDS = "cast(substr({0} || '000000', 21, 6) as integer)"
_AS_NUMBER = f"case typeof({{0}}) when 'text' then {_SECONDS} * 1000000 + {_MICROSECONDS} else {{0}} end"


def upgrade() -> None:
    """Write the times of an older SQLite store anew; whoever still runs the older version must be stopped before."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    known = {column["name"] for column in sa.inspect(connection).get_columns("messages")}
    names = [column.name for column in messages.columns if isinstance(column.type, ShortTime) and column.name in known]
    changes = ", ".join(f"{name} = {_AS_NUMBER.format(name)}" for name in names)
    op.execute(sa.text(f"update messages set {changes} where typeof(planned_at) = 'text'"))  # noqa: S608 -- our names
