"""Encryption at rest: with a key nothing on disk can be read without it, and everything works as before."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from assets.steps import Steps
from core.duck import open_file, session
from core.errors import PermanentError
from core.settings import Settings
from core.store.engine import open_store
from pipelines import existing, journal
from pipelines.profiles import load_tables, pipeline_for
from tests.warehouse.conftest import add, make_raw_tables
from warehouse.build import build
from warehouse.connect import connect
from warehouse.export import Wish, export
from warehouse.publish import newest, open_published, publish

KEY = "it's a key"
EMAIL = "ann.secret@example.com"


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every raw table, empty but for one person, in an encrypted file."""
    with connect(tmp_path / "warehouse.duckdb", key=KEY) as connection:
        _fill(connection)
        yield connection


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    make_raw_tables(connection)
    person = {"id": "p1", "company": "c1", "name": "Ann", "email": EMAIL, "is_active": True, "_is_deleted": False}
    add(connection, "crm__contacts", person)
    add(connection, "crm__companies", {"id": "c1", "name": "Siam Stay", "country": "Thailand", "_is_deleted": False})


def _files_with(text: str, folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes())


def _settings(folder: Path, key: str = KEY) -> Settings:
    return Settings(_env_file=None, data_dir=folder, warehouse_key=key)


def test_an_address_in_warehouse_and_copies_is_on_disk_only_unreadable(
    encrypted: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    build(encrypted, now=now)
    version = publish(encrypted, tmp_path / "serve", now, KEY)
    assert _files_with(EMAIL, tmp_path) == []  # with the write-ahead log as it is while we have it open
    encrypted.close()

    assert _files_with(EMAIL, tmp_path) == []
    with open_published(version.path, KEY) as copy:
        assert copy.execute("select email from marts.contacts").fetchall() == [(EMAIL,)]
        assert session(copy).execute("select email from marts.contacts").fetchall() == [(EMAIL,)]
        with pytest.raises(duckdb.Error):
            copy.execute("select * from read_text('/etc/hostname')")


def test_the_same_address_is_found_when_there_is_no_key(tmp_path: Path, now: datetime) -> None:
    with connect(tmp_path / "warehouse.duckdb") as connection:
        _fill(connection)
        build(connection, now=now)

    assert _files_with(EMAIL, tmp_path) == ["warehouse.duckdb"]


def test_a_load_into_an_encrypted_file_leaves_nothing_readable(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    table = pa.table({"id": ["a", "b"], "email": [EMAIL, EMAIL]})
    for _ in range(2):
        with pipeline_for("crm", data_dir=tmp_path, warehouse_path=path, key=KEY) as pipeline:
            load_tables(pipeline, {"crm__people": table}, {"crm__people": ("id",)})

    with existing.look(path, KEY) as held:
        assert sorted(row["id"] for row in held.rows("crm__people")) == ["a", "b"]
    assert _files_with(EMAIL, tmp_path) == []
    assert _files_with(KEY, tmp_path) == []


def test_what_a_killed_load_left_in_the_clear_is_gone_after_the_next(tmp_path: Path) -> None:
    tables = {"crm__people": pa.table({"id": ["a"], "email": [EMAIL]})}
    with pipeline_for("crm", data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb", key=KEY) as pipeline:
        load_tables(pipeline, tables, {"crm__people": ("id",)})
        abandoned = Path(pipeline.working_dir) / "normalize" / "extracted" / "1.0" / "people.parquet"
        abandoned.parent.mkdir(parents=True)
        abandoned.write_text(EMAIL)

        load_tables(pipeline, tables, {"crm__people": ("id",)})
    assert _files_with(EMAIL, tmp_path) == []


def test_the_stores_rows_reach_an_encrypted_warehouse(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    path = tmp_path / "warehouse.duckdb"
    for _ in range(2):
        journal.load(engine, data_dir=tmp_path, warehouse_path=path, warehouse_key=KEY)
    engine.dispose()

    with connect(path, key=KEY) as connection:
        assert connection.execute("select count(*) from raw.journal__messages").fetchall() == [(0,)]


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("key", "said"), [("another", "is not the key"), ("", "set BMA_WAREHOUSE_KEY to the key it was written with")]
)
def test_a_wrong_or_missing_key_names_the_setting(
    encrypted: duckdb.DuckDBPyConnection, tmp_path: Path, key: str, said: str, read_only: bool
) -> None:
    encrypted.close()

    with pytest.raises(PermanentError, match=f"BMA_WAREHOUSE_KEY.*{said}|{said}"):
        open_file(tmp_path / "warehouse.duckdb", key=key, read_only=read_only)


def test_a_file_in_the_clear_with_a_key_set_says_which_command_encrypts_it(tmp_path: Path) -> None:
    open_file(tmp_path / "warehouse.duckdb").close()

    with pytest.raises(PermanentError, match="bma encrypt"):
        open_file(tmp_path / "warehouse.duckdb", key=KEY)


def test_turning_it_on_leaves_every_number_as_it_was_and_nothing_in_the_clear(tmp_path: Path, now: datetime) -> None:
    plain = Steps(_settings(tmp_path, key=""), clock=lambda: now)
    with plain.warehouse() as connection:
        _fill(connection)
    plain.build()
    plain.publish()
    before = _everything(tmp_path, "")
    assert _files_with(EMAIL, tmp_path) != []

    steps = Steps(_settings(tmp_path), clock=lambda: now)
    assert len(steps.encrypt()) == 3
    assert _files_with(EMAIL, tmp_path) == []
    assert _everything(tmp_path, KEY) == before
    assert steps.encrypt() == []
    steps.build()
    steps.publish()
    assert _everything(tmp_path, KEY) == before


def test_turning_it_on_without_a_key_says_to_set_one(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="BMA_WAREHOUSE_KEY is empty"):
        Steps(_settings(tmp_path, key="")).encrypt()


def test_an_encrypted_copy_is_exported(encrypted: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path) -> None:
    build(encrypted, now=now)
    version = publish(encrypted, tmp_path / "serve", now, KEY)
    export(version, tmp_path / "out", Wish(tables=("contacts",), with_contact_details=True), key=KEY)

    assert duckdb.sql(f"select email from '{tmp_path}/out/contacts.parquet'").fetchall() == [(EMAIL,)]


def test_a_second_writer_is_told_to_try_again(encrypted: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from core.duck import open_file; from core.errors import TransientError\n"
        "try: open_file(Path(sys.argv[1]), key=sys.argv[2])\n"
        "except TransientError as error: print('again' in str(error))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "warehouse.duckdb"), KEY],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "True\n"


def _everything(folder: Path, key: str) -> str:
    version = newest(folder / "serve")
    assert version is not None
    with open_published(version.path, key) as copy:
        tables = copy.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        )
        return "\n".join(
            str(copy.execute(f"from marts.{name} order by all").fetchall()) for (name,) in tables.fetchall()
        )
