"""Replicas are ``marts`` whatever came in between, and never hold what their readers must not see."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from core.duck import attach_read_only
from core.errors import TransientError
from tests.warehouse.conftest import add
from tests.warehouse.histories import History
from tests.warehouse.test_incremental import FOLLOWED, HISTORIES, fill, interrupted, reached
from warehouse import catalog, replicas
from warehouse.build import build
from warehouse.connect import connect
from warehouse.lock import held
from warehouse.publish import publish
from warehouse.replicas import kept_up, published_models

EMAIL = "ann.secret@example.com"


@pytest.fixture
def journal(now: datetime, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse whose journal is loaded in numbered loads, with everything built once."""
    with connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("set threads = 1")  # small tables: more threads only wait for each other
        fill(connection, now)
        yield connection


def keep_up(
    connection: duckdb.DuckDBPyConnection, serve: Path, now: datetime, select: set[str] | None = None
) -> tuple[Path, Path]:
    """Bring the replicas up to date and let go of them."""
    with kept_up(connection, serve, now, select=select) as paths:
        return paths


def differing(connection: duckdb.DuckDBPyConnection, file: Path, *, is_masked: bool) -> list[str]:
    """Return the published tables whose rows in a replica or a copy are not ours."""
    attach_read_only(connection, file, "held")
    try:
        return [name for name in map(str, _addresses()) if _differs(connection, name, is_masked=is_masked)]
    finally:
        connection.execute("detach held")


def _addresses() -> list[catalog.Address]:
    return [model.address for model in published_models()]


def _differs(connection: duckdb.DuckDBPyConnection, name: str, *, is_masked: bool) -> bool:
    (model,) = (model for model in published_models() if str(model.address) == name)
    hidden = catalog.CONTACT_DETAILS & model.columns.keys() if is_masked else set()
    masked = ", ".join(f"case when {column} is not null then '•••' end as {column}" for column in sorted(hidden))
    ours = f"select * {f'replace ({masked})' if masked else ''} from {name}"
    query = f"({ours} except all from held.{name}) union all (from held.{name} except all {ours})"
    return connection.execute(query).fetchall() != []


def _with_message(connection: duckdb.DuckDBPyConnection, now: datetime, name: str) -> None:
    message = {"message_id": name, "run_id": "r", "channel": "email", "planned_at": now, "_load_number": 1}
    add(connection, "journal__messages", message)


def writes(path: Path) -> tuple[int, int]:
    """Return what tells whether a file was written since, or is another."""
    return path.stat().st_ino, path.stat().st_mtime_ns


@pytest.mark.timeout(1800)
def test_replicas_are_the_tables_after_random_histories(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    names, last_load, kept = reached(), 0, 0
    full, masked = keep_up(journal, tmp_path, now)
    for seed in range(HISTORIES // 2):
        for table in ("messages", "events"):
            journal.execute(f"delete from raw.journal__{table}")
        history = History(journal, seed, now, last_load)
        for _ in range(history.random.randint(2, 5)):
            history.load()
            if history.random.random() < 0.3:
                interrupted(journal, history, FOLLOWED)
            else:
                build(journal, now=history.now, select=names)
            if history.random.random() < 0.6:
                before = full.stat().st_ino
                keep_up(journal, tmp_path, now)
                kept += full.stat().st_ino == before
                assert differing(journal, full, is_masked=False) == [], f"history {seed}"
                assert differing(journal, masked, is_masked=True) == [], f"history {seed}"
        last_load = history.last_load

    assert kept > HISTORIES // 4  # those that were not, were written anew


def test_a_table_nothing_changed_in_is_not_written_and_the_copy_is_the_replica(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    full, masked = keep_up(journal, tmp_path, now)
    before = [writes(full), writes(masked)]
    version = publish(journal, tmp_path, now)

    assert [writes(full), writes(masked)] == before
    assert version.path.read_bytes() == full.read_bytes()
    assert version.masked_path.read_bytes() == masked.read_bytes()


def test_only_touched_rows_of_a_followed_table_are_written(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, masked = keep_up(journal, tmp_path, now)
    written: list[str] = []
    whole = replicas._write_whole

    def write_whole(connection: duckdb.DuckDBPyConnection, model: catalog.Model, shown: str) -> None:
        written.append(str(model.address))
        whole(connection, model, shown)

    monkeypatch.setattr(replicas, "_write_whole", write_whole)
    _with_message(journal, now, "late")
    build(journal, now=now)
    keep_up(journal, tmp_path, now)

    assert not FOLLOWED & set(written)
    assert "marts.contacts" not in written  # nothing below it changed
    assert "marts.contact_engagement" in written  # it reads the time of the build
    assert differing(journal, full, is_masked=False) == differing(journal, masked, is_masked=True) == []


def _with_contact(connection: duckdb.DuckDBPyConnection, now: datetime, email: str) -> None:
    connection.execute("delete from raw.crm__contacts where id = 'ann'")
    person = {"id": "ann", "company": "c1", "name": "Ann", "email": email, "is_active": True, "_is_deleted": False}
    add(connection, "crm__contacts", person)
    build(connection, now=now)


def test_a_contact_detail_is_in_no_byte_of_what_is_masked_and_the_day_after_in_none_once_deleted(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    _with_contact(journal, now, EMAIL)
    keep_up(journal, tmp_path, now)
    _with_contact(journal, now, "ann.other@example.com")
    first = publish(journal, tmp_path, now)
    _with_contact(journal, now, "")
    second = publish(journal, tmp_path, now + timedelta(days=1))

    assert b"ann.other@example.com" in first.path.read_bytes()
    for masked in (first.masked_path, second.masked_path):
        assert b"@example.com" not in masked.read_bytes()
    assert b"@example.com" not in second.path.read_bytes()
    assert len(list(tmp_path.glob("replicas/*.replica*"))) == 2


def test_a_column_that_is_hidden_from_now_on_is_in_no_byte_of_the_next_masked_copy(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(journal, "crm__companies", {"id": "c1", "name": "The Secret Hotel", "_is_deleted": False})
    build(journal, now=now)
    before = publish(journal, tmp_path, now)
    monkeypatch.setattr(replicas, "CONTACT_DETAILS", catalog.CONTACT_DETAILS | {"name"})
    after = publish(journal, tmp_path, now)

    assert b"The Secret Hotel" in before.masked_path.read_bytes()
    assert b"The Secret Hotel" not in after.masked_path.read_bytes()


@pytest.mark.parametrize("damage", ["another key", "not a database"])
def test_a_replica_that_cannot_be_opened_is_written_anew(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path, damage: str
) -> None:
    if damage == "another key":
        with kept_up(journal, tmp_path, now, "another"):
            pass
    else:
        for path in keep_up(journal, tmp_path, now):
            path.write_bytes(b"something else" * 9_999)
    version = publish(journal, tmp_path, now)

    assert differing(journal, version.path, is_masked=False) == []
    assert differing(journal, version.masked_path, is_masked=True) == []


def test_rows_put_into_a_table_by_hand_reach_the_copy(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    keep_up(journal, tmp_path, now)
    journal.execute("insert into marts.contacts from marts.contacts")
    version = publish(journal, tmp_path, now)

    assert differing(journal, version.path, is_masked=False) == []


def test_a_warehouse_put_back_to_an_older_state_is_not_taken_for_the_one_the_replica_followed(
    now: datetime, tmp_path: Path
) -> None:
    path, old, serve = tmp_path / "warehouse.duckdb", tmp_path / "old.duckdb", tmp_path / "serve"
    for message in ("first", "second"):  # the second after the file was put back: with the same load number
        if message == "second":
            shutil.copyfile(old, path)
        with connect(path) as connection:
            if message == "first":
                fill(connection, now)
                connection.execute("checkpoint")
                shutil.copyfile(path, old)
            _with_message(connection, now, message)
            build(connection, now=now)
            version = publish(connection, serve, now)
            assert differing(connection, version.path, is_masked=False) == []


def _keep_up_and_die(path: Path, serve: Path, now: datetime) -> None:
    touched = replicas._write_touched

    def die(*given: object) -> None:
        touched(*given)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    replicas._write_touched = die  # type: ignore[assignment]
    with connect(path) as connection:
        keep_up(connection, serve, now)


def test_a_publisher_killed_over_a_replica_leaves_it_to_be_brought_up_to_date(now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        fill(connection, now)
        full, _ = keep_up(connection, tmp_path, now)
        _with_message(connection, now, "late")
        build(connection, now=now)
    before = full.stat().st_ino
    process = multiprocessing.get_context("spawn").Process(target=_keep_up_and_die, args=(path, tmp_path, now))
    process.start()
    process.join(60)
    with connect(path) as connection:
        version = publish(connection, tmp_path, now)
        assert process.exitcode == -signal.SIGKILL
        assert full.stat().st_ino == before
        assert differing(connection, version.path, is_masked=False) == []
        assert differing(connection, version.masked_path, is_masked=True) == []


def test_nobody_but_the_publisher_may_open_the_folder(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    full, masked = keep_up(journal, tmp_path, now)

    assert full.parent == masked.parent
    assert full.parent.stat().st_mode & 0o077 == 0


def test_one_publisher_at_a_time_has_the_replicas(
    journal: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    with (
        kept_up(journal, tmp_path, now),
        pytest.raises(TransientError),
        held(tmp_path / "replicas", "replicas.lock", waits=False),
    ):
        pass
