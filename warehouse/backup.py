"""The raw schema as Parquet, one file a table, and back: all else is built from it.

Not only what a source could give again: decisions, memberships, the CRM's history as we saw it and the loads' own state
exist nowhere else.
"""

from pathlib import Path
from typing import Any

import duckdb

from warehouse.connect import prepare

_BUILT = ("staging", "marts")
_WORK = "raw_staging"  # where loads put rows before they merge them
_TABLES = """
    select table_name, sql
    from duckdb_tables() where database_name = current_database() and schema_name = $schema and not temporary
    order by table_name
"""


def write(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[dict[str, Any]]:
    """Write every raw table into ``folder``; returns per table its ``name``, ``ddl`` and ``rows``."""
    folder.mkdir(mode=0o700, parents=True)
    written = []
    for name, ddl in connection.execute(_TABLES, {"schema": "raw"}).fetchall():
        rows = connection.table(f"raw.{name}")
        rows.write_parquet(str(folder / f"{name}.parquet"), compression="zstd")
        (count,) = rows.count("*").fetchone() or (0,)
        written.append({"name": name, "ddl": ddl, "rows": count})
    return written


def holds_data(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether any raw table has a row."""
    names = [name for name, _ in connection.execute(_TABLES, {"schema": "raw"}).fetchall()]
    return any(connection.execute(f"select 1 from raw.{name} limit 1").fetchall() for name in names)  # noqa: S608 -- names from the catalog


def replace(connection: duckdb.DuckDBPyConnection, folder: Path, tables: list[dict[str, Any]]) -> dict[str, int]:
    """Put the backup's raw tables in the place of whatever the warehouse holds, at once; returns rows by table.

    What was built goes too: build again. Whenever this is interrupted the warehouse is the old one or the new one.
    """
    connection.execute("begin")
    try:
        connection.execute(f"drop schema if exists {_WORK} cascade")
        for schema in ("raw", *_BUILT):
            for name, _ in connection.execute(_TABLES, {"schema": schema}).fetchall():
                connection.execute(f"drop table {schema}.{name}")
        rows = {}
        for table in tables:
            connection.execute(table["ddl"])
            source = connection.read_parquet(str(folder / f"{table['name']}.parquet"))
            source.insert_into(f"raw.{table['name']}")
            rows[table["name"]] = table["rows"]
        connection.execute("commit")
    except duckdb.Error:
        connection.execute("rollback")
        raise
    prepare(connection)
    connection.execute("checkpoint")
    return rows


def forget_decisions(connection: duckdb.DuckDBPyConnection, known_runs: list[str]) -> int:
    """Take back the decisions of runs that the restored store does not know: they are decided again. Returns rows."""
    query = "delete from raw.campaigns__decisions where run_id not in (select unnest($runs::varchar[])) returning 1"
    return len(connection.execute(query, {"runs": known_runs}).fetchall())
