"""What every table of the store is made of: its metadata, text that is never null, and times in UTC."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.times import ShortTime, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BIGINT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, **options: Any) -> sa.Column[str]:
    """Return a text column, not null unless said so."""
    options.setdefault("nullable", False)
    return sa.Column(name, sa.Text, **options)


def time(name: str, **options: Any) -> sa.Column[datetime]:
    """Return a column of UTC times."""
    return sa.Column(name, UtcDateTime, **options)


def short_time(name: str, **options: Any) -> sa.Column[datetime]:
    """Return a column of UTC times for a table of many rows."""
    return sa.Column(name, ShortTime, **options)


def partial(name: str, where: str, *columns: str, unique: bool = False) -> sa.Index:
    """Return an index over the rows for which ``where`` holds."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
