"""Publishing: readers meet whole versions only, and no contact details without the right to see them."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from core.duck import session
from core.errors import PermanentError
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.publish import last_refusal, newest, open_published, publish, publish_checked

_PUBLISH_FOREVER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from warehouse.connect import connect
from warehouse.publish import publish
with connect(Path(sys.argv[1])) as connection:
    while True:
        publish(connection, Path(sys.argv[2]), datetime.now(UTC))
        print("published", flush=True)
"""
_SECRETS = ("ann.secret@example.com", "+66812345678", "081 234 5678", "U0123456789abcdef", "ann.before@example.com")


def _build(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    add(
        connection,
        "crm__contacts",
        {
            "id": "p1",
            "company": "c1",
            "name": "Ann",
            "email": _SECRETS[0],
            "mobile": _SECRETS[2],
            "is_active": True,
            "_is_deleted": False,
        },
    )
    add(connection, "crm__companies", {"id": "c1", "name": "Siam Stay", "country": "Thailand", "_is_deleted": False})
    add(
        connection,
        "journal__channel_addresses",
        {
            "contact_id": "p1",
            "channel": "line",
            "address": _SECRETS[3],
            "state": "confirmed",
            "source": "line_code",
            "confidence": 1.0,
            "confirmed_at": now,
        },
    )
    add(connection, "journal__conversations", {"conversation_id": "v1", "channel": "line", "address": _SECRETS[3]})
    add(
        connection,
        "journal__events",
        {
            "event_id": "e1",
            "channel": "line",
            "event_type": "replied",
            "address": _SECRETS[3],
            "occurred_at": now,
            "detail": '{"text": "call +66812345678"}',
        },
    )
    change = {"entity": "contacts", "entity_id": "p1", "field": "email", "valid_from": now}
    add(connection, "crm__history", {**change, "old_value": _SECRETS[4], "new_value": _SECRETS[0]})
    build(connection, now=now)


def _everything(path: Path) -> str:
    connection = open_published(path)
    tables = [
        row[0]
        for row in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    ]
    return "\n".join(str(connection.execute(f"from marts.{table}").fetchall()) for table in tables)


def test_the_masked_copy_contains_no_contact_details_and_the_full_one_does(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    _build(warehouse, now)
    version = publish(warehouse, tmp_path / "serve", now)

    masked, full = _everything(version.masked_path), _everything(version.path)
    assert [secret for secret in _SECRETS if secret in masked] == []
    assert [secret for secret in _SECRETS if secret not in full] == []


def test_private_tables_are_not_published(warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path) -> None:
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path / "serve", now)

    query = "select count(*) from information_schema.tables where table_name like '\\_%' escape '\\'"
    assert open_published(version.path).execute(query).fetchall() == [(0,)]


def test_a_version_never_takes_the_path_of_one_before_it_and_three_are_kept(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(warehouse, now=now)
    moments = [now, now, now - timedelta(days=1), now - timedelta(days=2)]
    versions = [publish(warehouse, tmp_path / "serve", moment) for moment in moments]

    assert len({version.path for version in versions}) == 4
    assert [version.path.exists() for version in versions] == [False, True, True, True]
    assert newest(tmp_path / "serve") == versions[-1]


def test_a_published_copy_opens_no_other_file(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path / "serve", now)

    with pytest.raises(duckdb.Error):
        open_published(version.path).execute("select * from read_text('/etc/hostname')")


def test_a_copys_times_are_utc_in_every_thread_whatever_zone_the_machine_is_in(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path / "serve", now)

    with open_published(version.path) as connection, session(connection) as another:
        assert another.execute("select current_setting('timezone')").fetchall() == [("UTC",)]


def test_a_build_that_breaks_a_promise_is_refused_and_readers_keep_the_copy_before(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    _build(warehouse, now)
    good = publish_checked(warehouse, tmp_path, now)
    warehouse.execute("insert into marts.contacts from marts.contacts")

    with pytest.raises(PermanentError, match=r"marts.contacts: contact_id is unique \(1 rows, such as "):
        publish_checked(warehouse, tmp_path, now + timedelta(hours=1))
    assert newest(tmp_path) == good
    refused = last_refusal(tmp_path)
    assert refused is not None
    (broken,) = refused[1]
    assert refused[0] == now + timedelta(hours=1)
    assert (broken.name, broken.broken_rows) == ("marts.contacts: contact_id is unique", 1)
    assert broken.sample == ({"contact_id": "p1"},)

    build(warehouse, now=now)
    publish_checked(warehouse, tmp_path, now + timedelta(hours=2))
    assert last_refusal(tmp_path) is None


def test_readers_meet_no_error_while_a_publisher_works_and_is_killed(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(warehouse, now=now)
    serve, path = tmp_path / "serve", tmp_path / "warehouse.duckdb"
    publish(warehouse, serve, now)
    warehouse.close()
    errors: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            version = newest(serve)
            assert version is not None
            try:
                open_published(version.path).execute("select count(*) from marts.contacts").fetchall()
            except duckdb.Error as error:
                errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(2):
        writer = subprocess.Popen(
            [sys.executable, "-c", _PUBLISH_FOREVER, str(path), str(serve)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"published\n"
        time.sleep(0.13)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    is_over.set()
    reader.join()

    assert errors == []


def test_a_copy_is_opened_twice_by_one_process_and_by_two_paths(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path / "serve", now)
    (tmp_path / "other").symlink_to(tmp_path / "serve")

    with (
        open_published(version.masked_path) as one,
        open_published(version.masked_path) as again,
        open_published(tmp_path / "other" / version.masked_path.name) as other,
    ):
        counts = [each.execute("select count(*) from marts.companies").fetchone() for each in (one, again, other)]

    assert counts == [(0,)] * 3
