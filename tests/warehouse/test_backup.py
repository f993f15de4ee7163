"""The raw schema as Parquet and back: whole or not at all, with what no source could give again."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import add
from warehouse import backup
from warehouse.build import build


def _fill(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    decision = {"run_id": "r1", "campaign_id": "renewal", "step": "s", "contact_id": "p", "company_id": "c"}
    decision |= {"subject_type": "contract", "subject_id": "k", "outcome": "send", "reason": "", "decided_at": now}
    add(connection, "campaigns__decisions", {**decision, "snapshot_id": "s"})
    add(connection, "campaigns__decisions", {**decision, "run_id": "r2", "snapshot_id": "s"})
    add(connection, "crm__invoices", {"id": "i", "company": "c", "total_amount": 1.5, "issue_date": now.date()})


def test_every_raw_table_comes_back_with_its_types_and_built_ones_go(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    _fill(warehouse, now)
    types = "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw' order by all"
    before = warehouse.execute(types).fetchall()
    build(warehouse, now=now)
    tables = backup.write(warehouse, tmp_path / "copy")
    warehouse.execute("delete from raw.crm__invoices; drop table raw.crm__companies; create table raw.new (a integer)")

    rows = backup.replace(warehouse, tmp_path / "copy", tables)

    assert warehouse.execute(types).fetchall() == before
    assert (rows["campaigns__decisions"], rows["crm__invoices"]) == (2, 1)
    invoice = warehouse.execute("select id, total_amount, issue_date from raw.crm__invoices").fetchall()
    assert invoice == [("i", 1.5, now.date())]
    built = "select count(*) from duckdb_tables() where schema_name in ('staging', 'marts')"
    assert warehouse.execute(built).fetchone() == (0,)
    with pytest.raises(duckdb.ConstraintException):
        warehouse.execute("insert into raw.campaigns__decisions (run_id) values (null)")


def test_what_cannot_be_read_leaves_the_warehouse_as_it_was(
    warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path
) -> None:
    tables = backup.write(warehouse, tmp_path / "copy")
    _fill(warehouse, now)
    build(warehouse, now=now)
    (tmp_path / "copy" / "providers__quotas.parquet").write_bytes(b"no parquet")

    with pytest.raises(duckdb.Error):
        backup.replace(warehouse, tmp_path / "copy", tables)

    assert warehouse.execute("select count(*) from raw.campaigns__decisions").fetchone() == (2,)
    assert warehouse.execute("select count(*) from marts.invoices").fetchone() == (1,)


def test_a_warehouse_without_a_row_holds_no_data(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    assert not backup.holds_data(warehouse)
    _fill(warehouse, now)

    assert backup.holds_data(warehouse)


def test_decisions_of_runs_that_nobody_knows_any_more_are_taken_back(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    _fill(warehouse, now)

    assert backup.forget_decisions(warehouse, ["r1"]) == 1
    assert warehouse.execute("select run_id from raw.campaigns__decisions").fetchall() == [("r1",)]
    assert backup.forget_decisions(warehouse, []) == 1
