"""What a lake promises whoever opens it: whole transactions, snapshots that stay for a grace, secrets kept."""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pytest
import stamina
from pydantic import SecretStr

from assets.lake import nightly_tidy
from assets.resources import Installation
from assets.steps import Steps
from cli.doctor import examine
from core.errors import PermanentError, SettingsError, TransientError
from core.lake import Bucket, Lake
from core.settings import Settings
from pipelines.profiles import load_tables, pipeline_for
from warehouse import lake
from warehouse.connect import connect, prepare
from warehouse.transaction import in_transaction

HOUR = timedelta(hours=1)
KEY = Bucket(access_key_id="id", secret_access_key="sesame")


@pytest.fixture
def connection(where: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(where) as opened:
        prepare(opened)
        yield opened


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def files(connection: duckdb.DuckDBPyConnection, where: Lake) -> int:
    return int(connection.execute("select count(*) from glob(?)", [f"{where.data_path}**"]).fetchall()[0][0])


def test_a_transaction_in_conflict_is_done_again_from_its_start(connection, where: Lake) -> None:
    connection.execute("create table marts.numbers as from range(100) as numbers(number)")
    attempts = []

    def work() -> None:
        connection.execute("update marts.numbers set number = number + 1")
        if not attempts:
            with connect(where) as other:
                other.execute("update marts.numbers set number = number + 1000")
        attempts.append(count(connection, "marts.numbers"))

    in_transaction(connection, work)

    assert attempts == [100, 100]
    assert connection.execute("select min(number), max(number) from marts.numbers").fetchall() == [(1001, 1100)]


def test_conflicts_without_an_end_are_a_transient_error(connection, where: Lake) -> None:
    connection.execute("create table marts.numbers as from range(100) as numbers(number)")

    def work() -> None:
        connection.execute("update marts.numbers set number = number + 1")
        with connect(where) as other:
            other.execute("update marts.numbers set number = number + 1000")

    with stamina.set_testing(True, attempts=2), pytest.raises(TransientError, match="other processes write"):
        in_transaction(connection, work)

    assert connection.execute("select min(number) from marts.numbers").fetchall() == [(2000,)]


def test_work_that_fails_leaves_nothing_and_the_connection_usable(connection) -> None:
    def work() -> None:
        connection.execute("create table marts.half as select 1 as number")
        raise PermanentError("no")

    with pytest.raises(PermanentError):
        in_transaction(connection, work)

    with pytest.raises(duckdb.CatalogException):
        count(connection, "marts.half")


def test_a_build_begins_between_loads_and_sees_none_that_came_later(connection, where: Lake) -> None:
    connection.execute("create table raw.numbers as from range(10) as numbers(number)")

    def work() -> int:
        with where.loading("crm"), connect(where) as other:  # does not wait for the build
            other.execute("insert into raw.numbers from range(5)")
        return count(connection, "raw.numbers")

    assert in_transaction(connection, work, beginning=where.between_loads) == 10
    assert count(connection, "raw.numbers") == 15


def test_readers_keep_their_snapshot_for_the_grace_and_its_files_go_after_it(connection, where: Lake) -> None:
    now = datetime.now(UTC)
    for _ in range(4):
        connection.execute("create or replace table marts.numbers as from range(50_000) as numbers(number)")
        for start in range(0, 60, 20):
            connection.execute("insert into marts.numbers from range(?, ?)", [start, start + 20])
    released = lake.release(connection, now)
    connection.execute("create or replace table marts.numbers as from range(7) as numbers(number)")
    before = files(connection, where)
    old = released.snapshot - 2

    lake.tidy(connection, now, 2 * HOUR)
    with lake.attach(where, snapshot=old) as reader:
        assert count(reader, "marts.numbers") == 50_020
        lake.tidy(connection, now, 2 * HOUR)
        assert count(reader, "marts.numbers") == 50_020  # in the middle of its query, as it were

    tidied = lake.tidy(connection, now + 3 * HOUR, 2 * HOUR)

    assert tidied.expired_snapshots > 10 and tidied.deleted_files > 0 and files(connection, where) < before
    with pytest.raises(TransientError, match="cannot be opened"):
        lake.attach(where, snapshot=old)
    with lake.attach(where, snapshot=released.snapshot) as reader:  # what hosts copy stays, however old it is
        assert count(reader, "marts.numbers") == 50_060
    assert count(connection, "marts.numbers") == 7


def test_files_that_a_killed_writer_left_are_deleted_after_the_grace(connection, where: Lake) -> None:
    connection.execute("create table marts.numbers as from range(50_000) as numbers(number)")
    connection.execute(f"copy (from range(1000)) to '{where.data_path}marts/numbers/left.parquet'")
    now = datetime.now(UTC)

    assert lake.tidy(connection, now, HOUR).deleted_files == 0
    assert lake.tidy(connection, now + 2 * HOUR, HOUR).deleted_files == 1
    assert count(connection, "marts.numbers") == 50_000


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("ducklake:postgresql://bma@db/lake", "data_path"),
        ("ducklake:sqlite:///lake.db?data_path=s3://b/p", "PostgreSQL"),
        ("ducklake:nothing", "BMA_WAREHOUSE_URL"),
    ],
)
def test_a_url_that_is_no_lake_says_how_to_write_one(url: str, names: str) -> None:
    with pytest.raises(SettingsError, match=names) as raised:
        Lake.parse(url, KEY)
    assert "ducklake:postgresql://user@host/database?data_path=s3://bucket/prefix" in str(raised.value)


def test_a_bucket_without_keys_names_the_settings() -> None:
    with pytest.raises(SettingsError, match="BMA_S3_ACCESS_KEY_ID"):
        Lake.parse("ducklake:postgresql://bma@db/lake?data_path=s3://b/p", Bucket())


def test_no_secret_shows_in_a_lake_or_in_what_a_dead_catalog_says() -> None:
    found = Lake.parse("ducklake:postgresql://bma:open-it@127.0.0.1:1/lake?data_path=s3://b/p", KEY)

    with pytest.raises(TransientError) as attached:
        lake.attach(found)
    with pytest.raises(TransientError) as locked, found.writing("models"):
        pass

    shown = f"{found!r} {attached.value} {attached.value.__cause__} {locked.value} {locked.value.__cause__}"
    assert "open-it" not in shown and "sesame" not in shown


def test_the_page_shows_an_analyst_the_published_snapshot(connection, where: Lake) -> None:
    connection.execute("create table marts.campaign_results as select 1 as sent")
    published = lake.release(connection, datetime.now(UTC)).snapshot
    connection.execute("insert into marts.campaign_results select 2")
    page = (Path(__file__).parents[2] / "docs/scaling.md").read_text()
    shown = page.split("```sql\n")[1].split("```")[0].split(";\n")
    prepared = [each for each in where.statements() if not each.startswith(("attach", "set ducklake"))]
    host = re.search("ducklake:postgres:(.*)' as lake", where.statements()[-1])
    assert host is not None

    with duckdb.connect() as analyst:
        for statement in (*prepared, *(each for each in shown if "attach" in each or "select" in each)):
            here = statement.replace("dbname=lake host=db user=…", host[1]).replace("4711", str(published))
            analyst.execute(here)
        assert analyst.execute("from lake.marts.campaign_results").fetchall() == [(1,)]


def test_a_mixed_up_host_is_told_what_a_lake_command_needs(tmp_path: Path) -> None:
    steps = Steps(Settings(_env_file=None, data_dir=tmp_path))

    assert steps.tidy_lake() is None
    with pytest.raises(PermanentError, match="only a lake is followed"):
        steps.follow()
    with pytest.raises(PermanentError, match=r"docs/scaling\.md"):
        steps.move_into_lake(tmp_path / "warehouse.duckdb")


def test_an_encrypted_file_moves_in_by_its_key_and_by_no_other(connection, tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with connect(file, key="sesame") as sealed:
        prepare(sealed)
        sealed.execute("create table raw.numbers as from range(3) as numbers(number)")

    with pytest.raises(PermanentError, match="is not the key"):
        lake.move_in(connection, file, "another")
    with pytest.raises(PermanentError, match="set BMA_WAREHOUSE_KEY"):
        lake.move_in(connection, file)

    assert lake.move_in(connection, file, "sesame")["numbers"] == 3
    assert count(connection, "raw.numbers") == 3


def test_a_load_that_others_keep_coming_before_is_transient_and_loads_the_next_time(
    connection, where: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")

    def load(number: int) -> None:
        with pipeline_for("crm", data_dir=tmp_path, warehouse_path=where) as pipeline:
            table = pa.table({"id": [str(each) for each in range(50)], "number": [number] * 50})
            load_tables(pipeline, {"crm__numbers": table}, {"crm__numbers": ("id",)})

    load(0)
    is_over = threading.Event()

    def disturb() -> None:
        with connect(where) as other:
            while not is_over.is_set():
                with suppress(duckdb.TransactionException):
                    other.execute("update raw.crm__numbers set number = number + 1000")

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        with pytest.raises(TransientError, match="load again later"):
            list(map(load, range(1, 20)))
    finally:
        is_over.set()
        disturber.join()
    load(20)

    assert connection.execute("select count(*), min(number), max(number) from raw.crm__numbers").fetchall() == [
        (50, 20, 20)
    ]


@pytest.mark.parametrize("has_lake", [True, False])
def test_the_night_asks_for_tidying_only_where_there_is_a_lake(
    empty: Settings, has_lake: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = empty if has_lake else Settings(_env_file=None, data_dir=empty.data_dir)
    monkeypatch.setattr("assets.resources.load_settings", lambda: settings)

    asked = nightly_tidy(dg.build_schedule_context(resources={"installation": Installation()}))

    assert isinstance(asked, dg.RunRequest if has_lake else dg.SkipReason)


def test_doctor_says_which_part_of_a_lake_is_missing(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def problems(**changed: object) -> str:
        return " ".join(examine(Steps(empty.model_copy(update=changed)))["problems"])

    assert "lake" not in problems()
    assert "BMA_S3_ACCESS_KEY_ID" in problems(s3_access_key_id="")
    assert "BMA_S3_*" in problems(s3_secret_access_key=SecretStr("wrong"))
    assert "cannot be opened" in problems(warehouse_url="ducklake:postgresql://b@127.0.0.1:1/x?data_path=s3://b/p")
    monkeypatch.setattr("core.lake.find_spec", lambda _name: None)
    assert "duckdb-extension-httpfs" in problems()
