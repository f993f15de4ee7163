"""What a message costs on disk: the house plan's figure cannot be reached (decision 0033), this one is kept."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench.outbox_of import plan
from core.store import ledger, outbox
from core.store.engine import open_store
from core.store.ledger import Receipt

_MOST_BYTES = 580  # 560 with 30,000 messages
_MESSAGES = 3_000


def test_a_sent_message_takes_few_bytes_with_its_variables_and_indexes(tmp_path: Path, now: datetime) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    empty = _bytes(store, tmp_path)
    plan(store, _MESSAGES, ("whatsapp",), now)
    sent = 0
    while sent < _MESSAGES:
        with store.begin() as connection:
            claimed = outbox.claim_fairly(
                connection, channel="whatsapp", worker="w" * 36, limit=500, now=now, lease=timedelta(seconds=90)
            )
        with store.begin() as connection:
            ledger.accept(connection, [Receipt(each.message_id, each.message_id) for each in claimed], now)
        sent += len(claimed)

    assert (_bytes(store, tmp_path) - empty) / _MESSAGES <= _MOST_BYTES


def _bytes(store: sa.Engine, folder: Path) -> int:
    store.dispose()  # the last connection writes what is in the log into the file
    return (folder / "store.db").stat().st_size
