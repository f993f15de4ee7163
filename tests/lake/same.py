"""Whether two warehouses hold the same: every row of every table both ways, with its type."""

from typing import Any

import duckdb

from core.lake import Lake
from warehouse import lake


def differences(where: Lake, file: str, layer: str, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Compare a layer's tables of a lake with those of a DuckDB file; returns what differs, by table."""
    with lake.attach(where) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{file}' as file (read_only)")
        names = _shapes(connection, "lake", layer).keys() | _shapes(connection, "file", layer).keys()
        found = {name: _difference(connection, layer, name, without) for name in sorted(names)}
    assert found
    return {name: difference for name, difference in found.items() if difference}


def _difference(connection: duckdb.DuckDBPyConnection, layer: str, name: str, without: tuple[str, ...]) -> Any:
    on_lake, in_file = (_shapes(connection, each, layer).get(name) for each in ("lake", "file"))
    if on_lake != in_file:
        return on_lake, in_file
    left = ", ".join(f'"{column}"' for column, _ in on_lake or () if column not in without)
    mine, theirs = f"select {left} from lake.{layer}.{name}", f"select {left} from file.{layer}.{name}"
    only = [
        connection.execute(f"select count(*) from ({one} except all {other})").fetchall()[0][0]
        for one, other in ((mine, theirs), (theirs, mine))
    ]
    return only if any(only) else None


def _shapes(connection: duckdb.DuckDBPyConnection, database: str, layer: str) -> dict[str, list[tuple[str, str]]]:
    found = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? and not starts_with(table_name, '_dlt') order by all",
        [database, layer],
    ).fetchall()
    shapes: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in found:
        shapes.setdefault(table, []).append((column, kind))
    return shapes
