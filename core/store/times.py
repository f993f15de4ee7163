"""Times in both databases: UTC and aware, whatever the driver keeps."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

_WITHOUT_ZONE = len("2026-11-27 10:00:00.000000")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC timestamp in both databases: SQLite keeps none, PostgreSQL keeps TIMESTAMPTZ."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a naive time: it would be read back as another moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}: give an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy calls it so
        """Return UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ShortTime(UtcDateTime):
    """A time where rows are many: SQLite keeps microseconds since 1970, a third of the bytes that text takes."""

    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Keep an integer in SQLite, what ``UtcDateTime`` keeps elsewhere."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuse a naive time, as ``UtcDateTime`` does."""
        utc = super().process_bind_param(value, dialect)
        return micros(utc.replace(tzinfo=UTC)) if utc is not None and dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return UTC, aware."""
        return _EPOCH + value * _MICROSECOND if isinstance(value, int) else super().process_result_value(value, dialect)


def micros(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def raw_short_time(connection: sa.Connection, moment: datetime) -> datetime | int:
    """Return a short time as the driver wants it in plain SQL."""
    return micros(moment) if connection.dialect.name == "sqlite" else moment.astimezone(UTC)


def json_short_time(connection: sa.Connection, moment: datetime) -> float:
    """Return a short time as ``many`` reads it."""
    return micros(moment) if connection.dialect.name == "sqlite" else moment.timestamp()


def raw_time(connection: sa.Connection, moment: datetime) -> datetime | str:
    """Return a time as the driver wants it in plain SQL: SQLite keeps text."""
    utc = moment.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds") if connection.dialect.name == "sqlite" else utc


def json_time(connection: sa.Connection, moment: datetime) -> str | float:
    """Return a time as ``many`` reads it: SQLite keeps text, and PostgreSQL reads seconds faster than that."""
    return _as_text(moment) if connection.dialect.name == "sqlite" else moment.timestamp()


@lru_cache(maxsize=512)  # a delivery and each of its events came at one moment, and text is slow
def _as_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:_WITHOUT_ZONE]


def seconds_apart(connection: sa.Connection, now: datetime) -> float:
    """Return by how many seconds a host's clock and the database's differ; 0 where both are the same machine's."""
    if connection.dialect.name != "postgresql":
        return 0.0
    there: datetime = connection.execute(sa.text("select clock_timestamp()")).scalar_one()
    return abs((now - there).total_seconds())
