"""SQL of an analyst's own on a published copy: it reads nothing else, and ends by itself."""

import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from core.duck import attaching, open_file
from core.errors import PermanentError, TransientError

_MEMORY = "1GB"
_SPILL = "2GB"


@dataclass(frozen=True)
class Answer:
    """The rows, and whether there were more than were asked for."""

    frame: pl.DataFrame
    is_cut: bool


def answer(path: Path, sql: str, *, seconds: float, rows: int, key: str = "") -> Answer:
    """Run ``sql`` on the copy at ``path``: no files, no network, no changed settings, little memory.

    Raises PermanentError with DuckDB's words when it cannot be run, TransientError when it takes more than ``seconds``.
    """
    connection = open_file(Path(":memory:"))  # an instance of its own: settings are the instance's
    alarm = threading.Timer(seconds, connection.interrupt)
    try:
        connection.execute(attaching(path, "copy", key=key, read_only=True))
        connection.execute("use copy")
        for setting in (
            f"memory_limit = '{_MEMORY}'",
            f"max_temp_directory_size = '{_SPILL}'",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"set {setting}")
        alarm.start()
        if connection.execute(sql) is None:  # a text without a statement
            raise PermanentError("say what to read: select …")
        batches = connection.fetch_record_batch(rows + 1)
        taken, count = [], 0
        for batch in batches:
            taken.append(batch)
            count += batch.num_rows
            if count > rows:
                break
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(taken, batches.schema)))
        return Answer(frame.head(rows), is_cut=count > rows)
    except duckdb.InterruptException as error:
        raise TransientError(f"not answered within {seconds:g} seconds") from error
    except duckdb.Error as error:
        raise PermanentError(str(error)) from error
    finally:
        alarm.cancel()
        connection.close()
