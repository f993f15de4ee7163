"""A store of an earlier revision is brought to the newest, as often as one likes."""

import sqlalchemy as sa

from core.store.engine import migrate


def _columns(store: sa.Engine, name: str) -> list[str | None]:
    return next(index["column_names"] for index in sa.inspect(store).get_indexes("messages") if index["name"] == name)


def test_the_wider_index_over_addresses_gives_way_to_the_narrow_one(store: sa.Engine) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql("drop index ix_messages_address")
        connection.exec_driver_sql("create index ix_messages_address on messages (channel, address)")
        connection.exec_driver_sql("update alembic_version set version_num = '0004'")

    migrate(store)
    migrate(store)

    assert _columns(store, "ix_messages_address") == ["address"]
