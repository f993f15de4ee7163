"""What a good CRM load leaves in the warehouse."""

import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from core.errors import PermanentError
from pipelines.crm.parse import parse_record
from pipelines.crm.tables import COLLECTIONS, TABLES
from tests.pipelines.conftest import NOW, recorded_rows

ROOT = Path(__file__).parents[2]
DUCKDB_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "money": "DECIMAL(14,2)",
    "date": "DATE",
    "time": "TIMESTAMP WITH TIME ZONE",
}


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
def test_every_recorded_record_is_understood_to_its_last_field(collection):
    for record in recorded_rows(collection.path.split("/")[-2]).values():
        parse_record(record, collection.columns)

        assert record.keys() <= collection.columns.keys() | collection.left


def test_all_tables_stand_with_their_types_and_every_recorded_row(load, ask, standin):
    report = load()

    types = ask("select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw'")
    found = {(table, column): kind for table, column, kind in types}
    for table, columns in TABLES.items():
        assert {name: found[(table, name)] for name in columns} == {
            name: DUCKDB_TYPES[kind] for name, kind in columns.items()
        }
    for each in COLLECTIONS:
        rows = standin.rows[each.path.split("/")[-2]].values()
        assert ask(f"select count(*) from raw.{each.table} where not _is_deleted") == [(len(rows),)]
        for nested in each.nested:
            told = sum(len(row[nested.field]) for row in rows)
            assert told > 0
            assert ask(f"select count({nested.owner}) from raw.{nested.table} where not _is_deleted") == [(told,)]
    assert report.rejects == 0
    assert ask("select count(*) from raw.crm__rejects") == [(0,)]


def test_values_arrive_typed_and_in_utc(load, ask, standin):
    load()

    record = next(iter(standin.rows["contracts"].values()))
    value, currency, end_date, updated_at = ask(
        "select value, currency, end_date, updated_at from raw.crm__contracts where id = ?", record["id"]
    )[0]
    assert value == Decimal(record["value"]) and currency == record["currency"]
    assert end_date.isoformat() == record["end_date"]
    assert updated_at == datetime.fromisoformat(record["updated_at"])
    assert ask("select count(*) from raw.crm__contract_zones where zone_id is null or contract_id is null") == [(0,)]
    assert ask("select count(*) from raw.crm__contract_zones")[0][0] > 0


def test_opt_outs_come_by_mcp_and_stay_when_it_falls_silent(load, ask, standin):
    standin.mcp_rows[0]["unsubscribed"] = True
    load()

    standin.mcp_rows = None
    load()

    assert ask("select contact_id from raw.crm__contact_preferences where unsubscribed") == [
        (next(iter(standin.rows["contacts"])),)
    ]


def test_a_second_load_writes_only_what_changed(load, ask, standin):
    load()
    contact = next(iter(standin.rows["contacts"].values()))
    contact["name"] = "Renamed Person"
    contact["updated_at"] = max(each["updated_at"] for each in standin.rows["contacts"].values())

    report = load(now=NOW + timedelta(hours=1))

    assert report.rows["crm__contacts"] == 1
    assert report.rows["crm__companies"] == 0
    assert ask("select count(*), count(distinct id) from raw.crm__contacts")[0] == (len(standin.rows["contacts"]),) * 2
    assert ask("select name from raw.crm__contacts where id = ?", contact["id"]) == [("Renamed Person",)]


def test_a_late_commit_behind_the_watermark_is_found_within_the_overlap(load, ask, standin):
    load()
    newest = max(datetime.fromisoformat(each["updated_at"]) for each in standin.rows["companies"].values())
    late = {**next(iter(standin.rows["companies"].values())), "id": "late", "name": "Late Hotel"}
    late["updated_at"] = (min(newest, NOW) - timedelta(minutes=5)).isoformat()
    standin.rows["companies"]["late"] = late

    load()

    assert ask("select name from raw.crm__companies where id = 'late'") == [("Late Hotel",)]


def test_a_bulk_edit_that_moves_no_time_is_found_by_the_full_compare_only(load, ask, standin):
    load()
    old = min(standin.rows["companies"].values(), key=lambda each: each["updated_at"])
    old["city"] = "Moved City"

    load()
    before = ask("select city from raw.crm__companies where id = ?", old["id"])
    load(mode="full")

    assert before != [("Moved City",)]
    assert ask("select city from raw.crm__companies where id = ?", old["id"]) == [("Moved City",)]


def test_deleted_rows_are_marked_by_the_full_compare_and_return_when_they_do(load, ask, standin):
    load()
    key, contract = standin.rows["contracts"].popitem()

    report = load(mode="full")

    assert report.deleted == 1
    assert ask("select _is_deleted from raw.crm__contracts where id = ?", key) == [(True,)]
    links = len(contract["contract_zones"])
    assert ask("select count(*) from raw.crm__contract_zones where _is_deleted") == [(links,)]

    standin.rows["contracts"][key] = contract
    load(mode="full")

    assert ask("select _is_deleted from raw.crm__contracts where id = ?", key) == [(False,)]


def test_a_row_missing_from_lists_but_still_there_is_not_deleted(load, ask, standin):
    load()
    kept = dict(standin.rows["zones"])
    hidden = next(iter(kept))
    del standin.rows["zones"][hidden]
    standin._single = lambda kind, key: httpx.Response(200, json=kept[hidden])

    report = load(mode="full")

    assert report.deleted == 0
    assert ask("select _is_deleted from raw.crm__zones where id = ?", hidden) == [(False,)]


def test_a_lost_zone_link_of_a_contract_is_marked(load, ask, standin):
    load()
    contract = next(each for each in standin.rows["contracts"].values() if each["contract_zones"])
    link = contract["contract_zones"].pop()

    load(mode="full")

    assert ask("select id from raw.crm__contract_zones where _is_deleted") == [(link["id"],)]


def test_loads_are_written_down_per_table(load, ask):
    load()

    rows = ask("select table_name, mode, row_count, newest_row_at, loaded_at from raw.crm__loads")
    assert {row[0] for row in rows} == {"crm__contact_preferences", *(each.table for each in COLLECTIONS)}
    assert all(row[2] > 0 and row[4] == NOW for row in rows)
    assert all(row[3] is not None for row in rows if row[0] != "crm__contact_preferences")


def test_opt_outs_are_no_younger_than_the_last_time_they_were_told(load, ask, standin):
    load()
    standin.mcp_rows = None
    load(now=NOW + timedelta(hours=1))

    loaded = dict(ask("select table_name, loaded_at from raw.crm__loads"))
    assert loaded["crm__contact_preferences"] == NOW
    assert loaded["crm__contacts"] == NOW + timedelta(hours=1)


def test_no_job_file_with_contact_details_is_left_behind(load, tmp_path):
    load()

    left = [path for path in (tmp_path / "dlt").rglob("*.parquet") if path.is_file()]
    assert left == []


def test_loading_does_not_drag_the_dashboard_in(tmp_path):
    code = (
        "import sys; from pathlib import Path; from core.store.engine import open_store; "
        "from pipelines import journal; home = Path(sys.argv[1]); "
        "journal.load(open_store(f'sqlite:///{home}/store.db'), data_dir=home, "
        "warehouse_path=home / 'w.duckdb'); sys.exit('streamlit' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False).returncode == 0


def test_dlt_state_can_be_lost_without_losing_data(load, ask, standin, tmp_path):
    load()
    shutil.rmtree(tmp_path / "dlt")

    load(mode="full")

    assert ask("select count(*) from raw.crm__companies") == [(len(standin.rows["companies"]),)]


def test_the_warehouse_can_be_lost_and_is_filled_anew(load, ask, standin, tmp_path):
    load()
    (tmp_path / "warehouse.duckdb").unlink()

    load()

    assert ask("select count(*) from raw.crm__companies") == [(len(standin.rows["companies"]),)]


@pytest.mark.parametrize("value", [12.5, "12.345", "NaN", "1e30", "", True, {}])
def test_an_amount_that_is_no_decimal_text_is_refused(value):
    with pytest.raises(PermanentError, match="'value'"):
        parse_record({"value": value}, {"value": "money"})


def test_a_time_without_offset_is_refused():
    with pytest.raises(PermanentError, match="'at'"):
        parse_record({"at": "2026-11-23T09:00:00"}, {"at": "time"})


def as_mcp_shows(records):
    """References are called company_id there, and amounts are floats."""
    money = {"expected_value"}
    return [
        {
            (f"{name}_id" if name in {"company", "owner"} else name): float(value)
            if name in money and value is not None
            else value
            for name, value in record.items()
        }
        for record in records
    ]


def test_the_fast_compare_reads_only_rows_that_differ_and_finds_deletions(load, ask, standin):
    load()
    silent, deleted = list(standin.rows["opportunities"])[:2]
    del standin.rows["opportunities"][deleted]
    standin.rows["opportunities"][silent]["stage"] = "Reopened"
    standin.mcp_tables["opportunity"] = as_mcp_shows(standin.rows["opportunities"].values())
    standin.requests.clear()

    report = load(mode="full")

    assert report.deleted == 1 and report.rows["crm__opportunities"] == 2
    assert ask("select stage from raw.crm__opportunities where id = ?", silent) == [("Reopened",)]
    assert ask("select id from raw.crm__opportunities where _is_deleted") == [(deleted,)]
    assert standin.requests["/api/v1/opportunities/"] == 1  # the count
    assert standin.requests[f"/api/v1/opportunities/{silent}/"] == 1


def test_a_fast_compare_that_shows_too_few_rows_is_not_believed(load, ask, standin):
    load()
    standin.mcp_tables["opportunity"] = as_mcp_shows(standin.rows["opportunities"].values())[5:]

    report = load(mode="full")

    assert report.deleted == 0
    assert ask("select count(*) from raw.crm__opportunities where not _is_deleted") == [
        (len(standin.rows["opportunities"]),)
    ]
