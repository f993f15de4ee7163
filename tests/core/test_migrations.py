"""An older store is brought up to date when it is opened, with what it holds, as often as one likes."""

import sqlalchemy as sa

from core.store.address_tables import line_codes
from core.store.columns import metadata
from core.store.engine import connect_store, migrate, open_store
from core.store.tables import channel_addresses, messages


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


def test_codes_that_were_kept_in_the_clear_are_gone_and_addresses_that_were_linked_stay(store, now):
    linked = {"contact_id": "c", "channel": "line", "address": "U1", "state": "confirmed", "source": "line_code"}
    with store.begin() as connection:
        connection.execute(sa.insert(channel_addresses).values(**linked, confidence=1.0, updated_at=now))
        connection.exec_driver_sql("drop table line_codes")
        connection.exec_driver_sql("create table line_codes (code text primary key, contact_id text)")
        connection.exec_driver_sql("insert into line_codes values ('BMA-7KQ2M9XD', 'c')")
        connection.exec_driver_sql("drop table line_tries")
        connection.exec_driver_sql("drop table channel_consents")
        connection.exec_driver_sql("drop index ix_messages_fallback_of")
        connection.exec_driver_sql("alter table messages drop column fallback_of")
        connection.exec_driver_sql("alter table templates drop column saved_by")
        connection.exec_driver_sql("update alembic_version set version_num = '0007'")

    migrate(store)
    migrate(store)

    with store.connect() as connection:
        assert {"line_tries", "channel_consents"} <= set(sa.inspect(connection).get_table_names())
        assert connection.execute(sa.select(line_codes)).all() == []
        assert [row.address for row in connection.execute(sa.select(channel_addresses))] == ["U1"]
        assert "fallback_of" in {column["name"] for column in sa.inspect(connection).get_columns("messages")}


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


def test_the_inbox_is_indexed_by_state_only_where_something_waits(store):
    def names() -> set[str | None]:
        return {index["name"] for index in sa.inspect(store).get_indexes("inbox")}

    with store.begin() as connection:
        connection.exec_driver_sql("drop index ix_inbox_not_applied")
        connection.exec_driver_sql("create index ix_inbox_state on inbox (state)")
        connection.exec_driver_sql("update alembic_version set version_num = '0009'")
    migrate(store)
    migrate(store)

    assert "ix_inbox_not_applied" in names()
    assert "ix_inbox_state" not in names()


def test_the_times_of_an_older_store_become_numbers_and_stay_the_same_moments(sqlite_store, now):
    values = {c.name: "x" for c in messages.columns if isinstance(c.type, sa.Text) and not c.nullable}
    numbers = {"template_version": 1, "priority": 1, "attempts": 0, "variables": {}}
    moments = {"planned_at": "2026-03-01 02:03:04.000005", "updated_at": "1999-12-31 23:59:59.999999"}
    with sqlite_store.begin() as connection:
        connection.execute(sa.insert(messages).values(**values, **numbers, planned_at=now, updated_at=now))
        for name, text in moments.items():
            connection.exec_driver_sql(f"update messages set {name} = '{text}'")
        connection.exec_driver_sql("update alembic_version set version_num = '0009'")

    migrate(sqlite_store)
    migrate(sqlite_store)

    with sqlite_store.connect() as connection:
        row = connection.execute(sa.select(messages)).mappings().one()
        kinds = connection.exec_driver_sql(
            "select typeof(planned_at), typeof(updated_at), claimed_at from messages"
        ).one()
    assert {name: str(row[name]) for name in moments} == {name: f"{text}+00:00" for name, text in moments.items()}
    assert tuple(kinds) == ("integer", "integer", None)
