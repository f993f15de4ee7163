"""The one place that knows where loaded data goes; sources never ask."""

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core import duck
from core.errors import PermanentError, TransientError
from core.lake import Lake
from pipelines import lake

DATASET = "raw"
ARROW = {
    "text": pa.string(),
    "json": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "money": pa.decimal128(14, 2),
    "amount": pa.decimal128(14, 4),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
}
_TABLES = "select 1 from duckdb_tables() where schema_name = ? and table_name = ?"
_MANY = 10_000  # rows; for fewer, looking whether they are new costs more than merging them
_QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__WORKERS": "1",
    "LOAD__WORKERS": "1",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "false",
    # As many rows as DuckDB's own groups have: it takes a file of one large group at twice the cost.
    "DATA_WRITER__ROW_GROUP_SIZE": "122880",
}


@contextmanager
def pipeline_for(source: str, *, data_dir: Path, warehouse_path: Path | Lake, key: str = "") -> Iterator[Any]:
    """Bind a source to the ``raw`` schema of the warehouse: a lake, or a file, encrypted if there is a key.

    Yields a ``dlt.Pipeline``; a file is open until the end. Raises PermanentError when file and key do not fit,
    TransientError while another process has the file.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    home = data_dir.absolute() / "dlt"
    (home / ".dlt").mkdir(parents=True, exist_ok=True)
    # dlt looks for secrets through Streamlit, and so imports it, unless this file is there.
    secrets = home / ".dlt" / "secrets.toml"
    if not secrets.exists():
        secrets.write_text("# no secrets here: settings come from the environment\n")
    os.environ.setdefault("DLT_PROJECT_DIR", str(home))
    import dlt

    with ExitStack() as until_loaded:
        if isinstance(warehouse_path, Path):
            warehouse_path.parent.mkdir(parents=True, exist_ok=True)
            # One connection for the whole load: left to itself, dlt opens and closes the file twice for every table.
            connection = until_loaded.enter_context(duck.open_file(warehouse_path, key=key))
            destination = dlt.destinations.duckdb(_credentials(connection, is_attached=bool(key)))
        else:
            destination = lake.destination(warehouse_path)
        yield dlt.pipeline(
            pipeline_name=source,
            pipelines_dir=str(home / "pipelines"),
            destination=destination,
            dataset_name=DATASET,
        )


def _credentials(connection: duckdb.DuckDBPyConnection, *, is_attached: bool) -> Any:
    """Let dlt use this connection. Its copies of it forget which of the attached files is meant."""
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

    return DuckDbCredentials(connection, pragmas=[f"search_path='{duck.CATALOG}.main'"] if is_attached else [])


def arrow_table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pa.Table:
    """Make an Arrow table of ``columns`` (name → type word); missing values are null."""
    schema = pa.schema([(name, ARROW[kind]) for name, kind in columns.items()])
    return pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema=schema)


def load_tables(
    pipeline: Any,
    tables: Mapping[str, pa.Table],
    keys: Mapping[str, tuple[str, ...]],
    *,
    replaced: Collection[str] = (),
) -> None:
    """Merge Arrow tables by their keys in one dlt load, but those ``replaced`` whole; empty tables are made too.

    Raises PermanentError when dlt refuses the load, TransientError while another process has the warehouse or, on a
    lake, keeps committing first (dlt itself tries five times).
    """
    if not tables:
        return
    import dlt
    from dlt.common.exceptions import DltException
    from dlt.destinations.exceptions import DestinationConnectionError

    try:
        pipeline.abort_packages()
        resources = [
            dlt.resource(
                [table],
                name=name,
                primary_key=list(keys[name]),
                write_disposition="replace" if name in replaced else _disposition(pipeline, name, table, keys[name]),
            )
            for name, table in tables.items()
        ]
        pipeline.run(resources, loader_file_format="parquet").raise_on_failed_jobs()
    except DltException as error:
        if isinstance(error.__cause__, DestinationConnectionError):
            raise TransientError(f"the warehouse is in use by another process, load again later: {error}") from error
        if "Transaction conflict" in str(error):
            raise TransientError(f"other processes write the same tables, load again later: {error}") from error
        raise PermanentError(f"the warehouse refused the load, the last good data stay: {error}") from error
    finally:
        # Job files hold contact details in the clear: those of this load, and those of one that was killed.
        for package in (
            *Path(pipeline.working_dir).glob("load/*/*"),
            *Path(pipeline.working_dir).glob("normalize/*/*"),
        ):
            shutil.rmtree(package, ignore_errors=True)


def _disposition(pipeline: Any, name: str, rows: pa.Table, key: tuple[str, ...]) -> Any:
    """Merge, which reads and writes the rows twice, unless each of many rows is new: then they are appended."""
    merge = {"disposition": "merge", "strategy": "delete-insert"}
    if len(rows) < _MANY:
        return merge
    named = ", ".join(f'"{column}"' for column in key)
    with pipeline.sql_client() as client:
        connection = client.native_connection
        connection.register("arriving", rows)
        try:
            is_repeated = f"select count(distinct hash({named})) < count(*) from arriving"  # noqa: S608 -- names of ours
            is_standing = f"select count(*) > 0 from {DATASET}.{name} semi join arriving using ({named})"  # noqa: S608 -- names of ours
            found = [connection.execute(is_repeated).fetchone()]
            if connection.execute(_TABLES, [DATASET, name]).fetchone():
                found.append(connection.execute(is_standing).fetchone())
        finally:
            connection.unregister("arriving")
    return merge if (True,) in found else "append"
