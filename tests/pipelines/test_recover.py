"""The way back from the journal: what the warehouse knows of the store beyond a backup is not lost with the store."""

from datetime import timedelta

import duckdb
import pytest
import sqlalchemy as sa

from core.store import backup, events, ladder, ledger, restores, suppressions, tables
from pipelines import existing, journal
from pipelines.journal.recover import roll_forward
from tests.pipelines.test_journal import opened, planned

HOUR = timedelta(hours=1)


def _row(store, table, key):
    (column,) = table.primary_key.columns
    with store.connect() as connection:
        return connection.execute(sa.select(table).where(column == key)).first()


@pytest.fixture
def lost(store, now, tmp_path):
    """A store that was backed up, went on, was journalled, and came back as the backup has it."""
    with store.begin() as connection:
        ledger.plan(connection, [planned("sent"), planned("waiting")], now)
    facts = backup.copy(store, tmp_path / "backup")
    later = now + HOUR
    with store.begin() as connection:
        ledger.plan(connection, [planned("new")], later)
        ledger.accept(connection, [ledger.Receipt("sent", "p1")], later)
        connection.execute(
            sa.update(tables.messages).where(tables.messages.c.message_id == "sent").values(status="accepted")
        )
        events.record(connection, [opened("e1", "sent", later)], received_at=later, now=later, inbox_id=7)
        suppressions.add(
            connection,
            channel="line",
            address="U1",
            contact_id=None,
            purpose="all",
            reason="stop",
            source="x",
            now=later,
        )
    journal.load(store, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb")
    store.dispose()
    backup.refuse_if_used(store)
    store.dispose()

    def restore(is_known=True):
        written = {}

        def after(connection):
            if is_known:
                with existing.look(tmp_path / "warehouse.duckdb") as held:
                    written.update(roll_forward(connection, held, since=now))
            restores.begin_epoch(connection, made_at=now, now=later + HOUR)

        backup.replace(tmp_path / "backup", facts, store, aside="before", after=after)
        return written

    return restore


def test_what_the_journal_says_was_taken_is_not_in_doubt(store, lost):
    written = lost()

    assert written == {"messages": 2, "events": 1, "suppressions": 1}
    sent = _row(store, tables.messages, "sent")
    assert (sent.status, sent.provider_message_id, sent.variables) == ("accepted", "p1", {"name": "สมชาย"})
    assert _row(store, tables.messages, "waiting").status == "in_doubt"
    assert _row(store, tables.messages, "new").status == "in_doubt"  # nobody would know of it otherwise


def test_an_opt_out_after_the_backup_is_kept_and_an_event_names_no_delivery_that_is_lost(store, lost):
    lost()

    event = _row(store, tables.events, "e1")
    assert (event.message_id, event.inbox_id) == ("sent", None)
    with store.connect() as connection:
        assert connection.execute(sa.select(tables.suppressions.c.address)).scalars().all() == ["U1"]


def test_without_a_warehouse_all_that_waited_is_in_doubt(store, lost):
    assert lost(is_known=False) == {}

    assert _row(store, tables.messages, "sent").status == "in_doubt"
    assert _row(store, tables.messages, "new") is None


def test_a_newer_row_of_the_store_stays(store, now, lost, tmp_path):
    lost()
    with store.begin() as connection:
        ladder.raise_status(connection, "sent", "delivered", now + 3 * HOUR, now + 3 * HOUR)
        with existing.look(tmp_path / "warehouse.duckdb") as held:
            assert roll_forward(connection, held, since=now) == {}

    assert _row(store, tables.messages, "sent").status == "delivered"


def test_a_warehouse_without_a_journal_knows_nothing(store, tmp_path, now):
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with existing.look(tmp_path / "empty.duckdb") as held, store.begin() as connection:
        assert roll_forward(connection, held, since=now) == {}
