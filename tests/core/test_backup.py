"""A copy of the store while others write, and its return: whole or not at all, in SQLite and PostgreSQL alike."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.errors import PermanentError
from core.store import backup, campaigns, inbox, links
from core.store.columns import metadata
from core.store.engine import connect_store, open_store
from tests.core.test_ledger import plan, row


def _fill(store: sa.Engine, now: datetime, count: int = 3) -> None:
    plan(store, now, *(row(number) for number in range(count)))
    with store.begin() as connection:
        campaigns.set_hold(connection, "channel:line", "wrong\ttext\n\\N", "test", now)
        links.save_link(connection, "https://example.test/a?b=ก", now)
        for number in range(count):
            inbox.append(
                connection,
                source="line",
                dedup_key=str(number),
                headers={"a": "b"},
                body=b"\x00\xff\n",
                received_at=now,
            )


def _content(store: sa.Engine) -> dict[str, list[Any]]:
    with store.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def _nothing(_connection: sa.Connection) -> None:
    """Leave the restored store as the backup has it."""


def _put_back(folder: Path, facts: dict[str, Any], store: sa.Engine, after: backup.After = _nothing) -> None:
    store.dispose()
    backup.refuse_if_used(store)
    store.dispose()
    backup.replace(folder, facts, store, aside="before", after=after)


def test_every_row_comes_back_and_new_ones_get_new_numbers(store: sa.Engine, now: datetime, tmp_path: Path) -> None:
    _fill(store, now)
    before = _content(store)
    facts = backup.copy(store, tmp_path / "copy")
    plan(store, now, row(8))
    with store.begin() as connection:
        campaigns.lift_hold(connection, "channel:line")
    _put_back(tmp_path / "copy", facts, store)

    assert _content(store) == before
    assert facts["rows"]["messages"] == 3
    with store.begin() as connection:
        new = inbox.append(connection, source="line", dedup_key="new", headers={}, body=b"", received_at=now)
    assert new == 4


def test_a_copy_is_of_one_moment_while_others_write(store: sa.Engine, now: datetime, tmp_path: Path) -> None:
    stop, rounds = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            number = len(rounds) * 2
            plan(store, now, row(number), row(number + 1))  # always two at once
            rounds.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    counts = []
    try:
        for number in range(5):
            facts = backup.copy(store, tmp_path / str(number))
            counts.append(facts["rows"]["messages"])
    finally:
        stop.set()
        writer.join()
    _put_back(tmp_path / "4", facts, store)

    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts) and counts[-1] > counts[0]
    assert len(_content(store)["messages"]) == counts[-1]


def test_a_restore_that_is_interrupted_leaves_the_old_store(store: sa.Engine, now: datetime, tmp_path: Path) -> None:
    _fill(store, now)
    facts = backup.copy(store, tmp_path / "copy")
    plan(store, now, row(8))
    before = _content(store)

    def interrupt(_connection: sa.Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _put_back(tmp_path / "copy", facts, store, interrupt)

    assert _content(store) == before
    _put_back(tmp_path / "copy", facts, store)
    assert len(_content(store)["messages"]) == 3


def test_while_somebody_has_the_store_open_it_is_not_replaced(store: sa.Engine) -> None:
    other = connect_store(store.url.render_as_string(hide_password=False))
    store.dispose()
    with other.connect() as connection:
        connection.execute(sa.text("select count(*) from messages"))
        with pytest.raises(PermanentError, match="stop worker, gateway"):
            backup.refuse_if_used(store)
    other.dispose()
    store.dispose()

    backup.refuse_if_used(store)


def test_what_holds_rows_is_known_from_what_is_new_or_gone(store: sa.Engine, now: datetime, tmp_path: Path) -> None:
    assert not backup.holds_data(store)
    assert not backup.holds_data(connect_store(f"sqlite:///{tmp_path / 'gone.db'}"))
    _fill(store, now)

    assert backup.holds_data(store)


def test_a_backup_of_the_other_database_or_a_newer_schema_is_refused(store: sa.Engine, tmp_path: Path) -> None:
    facts = backup.copy(store, tmp_path / "copy")
    other = "sqlite" if store.dialect.name == "postgresql" else "postgresql"

    backup.refuse_unknown(facts, store)
    with pytest.raises(PermanentError, match="BMA_STORE_URL"):
        backup.refuse_unknown(facts | {"dialect": other}, store)
    with pytest.raises(PermanentError, match="update first"):
        backup.refuse_unknown(facts | {"revision": "9999"}, store)


def test_a_backup_of_an_older_schema_is_brought_to_the_newest(store: sa.Engine, now: datetime, tmp_path: Path) -> None:
    _fill(store, now)
    with store.begin() as connection:
        connection.execute(sa.text("drop index ix_messages_in_doubt"))
        connection.execute(sa.text("alter table messages drop column batch_id"))
        connection.execute(sa.text("update alembic_version set version_num = '0001'"))
    facts = backup.copy(store, tmp_path / "copy")
    _put_back(tmp_path / "copy", facts, store)

    assert facts["revision"] == "0001"
    with store.connect() as connection:
        assert "batch_id" in {column["name"] for column in sa.inspect(connection).get_columns("messages")}
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar() != "0001"
    assert len(_content(store)["messages"]) == 3


def test_the_log_of_a_database_that_is_gone_is_not_read_into_the_new_one(now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    _fill(store, now)
    facts = backup.copy(store, tmp_path / "copy")
    before = _content(store)
    plan(store, now + timedelta(hours=1), row(9))
    log = path.with_name("store.db-wal").read_bytes()
    store.dispose()
    path.unlink()
    path.with_name("store.db-wal").write_bytes(log)
    assert log
    _put_back(tmp_path / "copy", facts, store)

    assert _content(store) == before
