"""An older store is brought up to date when it is opened, with what it holds, as often as one likes."""

import sqlalchemy as sa

from core.store.columns import metadata
from core.store.engine import connect_store, migrate, open_store
from core.store.tables import messages


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


def test_a_store_without_messages_on_request_gets_what_it_lacks_and_keeps_its_rows(store, now):
    url = store.url.render_as_string(hide_password=False)
    first, *_ = messages.primary_key.columns
    values = {c.name: "x" for c in messages.columns if isinstance(c.type, sa.Text) and not c.nullable}
    numbers = {"template_version": 1, "priority": 1, "attempts": 0, "variables": {}}
    with store.begin() as connection:
        connection.execute(sa.insert(messages).values(**values, **numbers, planned_at=now, updated_at=now))
        connection.exec_driver_sql("drop table transactional_sends")
        connection.exec_driver_sql("alter table messages drop column traceparent")
        connection.exec_driver_sql("update alembic_version set version_num = '0004'")
    store.dispose()
    migrated = open_store(url)
    with migrated.connect() as connection:
        kept = connection.execute(sa.select(first, messages.c.traceparent)).all()
        tables = set(sa.inspect(connection).get_table_names())
    migrated.dispose()

    assert kept == [("x", None)]
    assert metadata.tables.keys() <= tables
    assert connect_store(url).dialect.name == store.dialect.name
