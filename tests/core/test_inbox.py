"""A delivery's key tells it from every other, and puts those of one time beside each other in the index."""

import hashlib
from datetime import UTC, datetime

import pytest

from core.store.engine import open_store
from core.store.inbox import Raw, append_all, dedup_key

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def _whatsapp(second: int, name: str = "") -> bytes:
    return b'{"id": "wamid.%b", "timestamp": "%d", "status": "read"}' % (name.encode(), second)


def test_one_body_has_one_key_and_another_has_another_even_in_the_same_second():
    keys = [dedup_key(_whatsapp(1_790_000_000, name)) for name in ("a", "a", "b")]

    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("body", [b'{"timestamp":"17%08d"}', b'{"timestamp": 17%08d}', b'{"timestamp":17%08d123}'])
def test_keys_stand_in_the_order_of_the_time_that_bodies_name(body):
    keys = [dedup_key(body % second) for second in range(1000, 1100)]

    assert keys == sorted(keys)


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"timestamp": "2026-03-02"}', b'{"time": 1790000000}'])
def test_a_body_that_names_no_second_is_known_by_its_hash_alone(body):
    assert dedup_key(body) == hashlib.sha256(body).hexdigest()


def test_what_came_together_is_written_to_few_pages_of_sqlite(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    log = tmp_path / "store.db-wal"

    def write(first: int, count: int) -> None:
        bodies = [_whatsapp(1_790_000_000 + number // 3, str(number)) for number in range(first, first + count)]
        with store.begin() as connection:
            append_all(connection, [Raw("whatsapp", dedup_key(body), {}, body, NOW) for body in bodies])

    write(0, 10_000)
    with store.connect() as connection:
        connection.exec_driver_sql("commit")  # no log can be emptied within a transaction
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    write(10_000, 50)
    pages = log.stat().st_size // 4096
    store.dispose()

    assert pages < 20  # 58 by the hashes alone
