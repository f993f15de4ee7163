"""The last look before a message leaves: does anything speak against sending it to this person, right now?

When messages are claimed, what speaks against them is asked for all of them at once. Opt-outs and holds that come
between claim and write are found here, synchronously, right before the write.
"""

import contextlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.errors import TransientError
from core.store.ledger import Message

HELD = "held"
Mark = tuple[Any, ...]
# What a new opt-out or hold changes: suppressions are only ever added or lifted, never deleted.
_MARK = "select (select max(rowid) from suppressions), (select group_concat(scope) from holds)"
_SQL = """
    select 'held' from holds where scope in ('all', {0}, {0}, {0})
    union all
    select 'no ' || reason from suppressions
    where channel in ('all', {0}) and address = {0} and purpose in ('all', {0}) and lifted_at is null
    union all
    select 'no ' || reason from suppressions
    where contact_id = {0} and address is null and channel in ('all', {0}) and purpose in ('all', {0})
      and lifted_at is null
    limit 1
"""


def mark(connection: sa.Connection) -> Mark | None:
    """Return what changes when an opt-out or a hold is added; None where asking in full costs no more."""
    if connection.dialect.name != "sqlite":
        return None
    return tuple(connection.exec_driver_sql(_MARK).one())


class Gate:
    """One connection that only looks: a raw cursor, because every single message passes here (a few µs)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._sql = _SQL.format("?" if self._is_sqlite else "%s")
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._connection: Any = None
        self._cursor: Any = None

    def against(self, message: Message, seen: Mark | None) -> str | None:
        """Return None when nothing speaks against sending now, HELD, or the reason of a suppression.

        ``seen`` is the mark under which the message was found clear. Raises TransientError when the store does not
        answer: then nothing may be sent.
        """
        try:
            if self._cursor is None:
                self._open()
            if seen is not None and self._cursor.execute(_MARK).fetchone() == seen:
                return None
            rows = self._cursor.execute(self._sql, _values(message)).fetchall()
        except (self._driver_error, SQLAlchemyError) as error:
            self.close()
            raise TransientError(f"the store does not answer: {type(error).__name__}") from error
        if not rows:
            return None
        found = str(rows[0][0])
        return HELD if found == HELD else found.removeprefix("no ")

    def _open(self) -> None:
        raw = self._engine.raw_connection()
        self._connection = raw.driver_connection
        raw.detach()  # it is ours, not the pool's
        if not self._is_sqlite:
            self._connection.autocommit = True  # each look sees what is committed by now
        self._cursor = self._connection.cursor()

    def close(self) -> None:
        """Close the connection; the next look opens a new one."""
        if self._connection is not None:
            with contextlib.suppress(self._driver_error):
                self._connection.close()
        self._connection = self._cursor = None


def _values(message: Message) -> tuple[str, ...]:
    channel, purpose = message.channel, message.purpose
    scopes = (f"channel:{channel}", f"campaign:{message.campaign_id}", f"template:{message.template_id}")
    return (*scopes, channel, message.address, purpose, message.contact_id, channel, purpose)
