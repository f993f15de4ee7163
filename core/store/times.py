"""Times in both databases: UTC and aware, whatever the driver keeps."""

from datetime import UTC, datetime

import sqlalchemy as sa

_WITHOUT_ZONE = len("2026-11-27 10:00:00.000000")


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


def raw_time(connection: sa.Connection, moment: datetime) -> datetime | str:
    """Return a time as the driver wants it in plain SQL: SQLite keeps text."""
    utc = moment.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds") if connection.dialect.name == "sqlite" else utc


def json_time(connection: sa.Connection, moment: datetime) -> str:
    """Return a time as text that the database reads as the same moment."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    text = utc.isoformat(" ", "microseconds")
    return text[:_WITHOUT_ZONE] if connection.dialect.name == "sqlite" else text


def seconds_apart(connection: sa.Connection, now: datetime) -> float:
    """Return by how many seconds a host's clock and the database's differ; 0 where both are the same machine's."""
    if connection.dialect.name != "postgresql":
        return 0.0
    there: datetime = connection.execute(sa.text("select clock_timestamp()")).scalar_one()
    return abs((now - there).total_seconds())
