"""Looking ahead without waiting: the published copy with what the store says this moment, as campaigns read both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from campaigns import transactional
from core.duck import attaching, open_file
from core.store.conversations import REPLY
from core.store.engine import reading
from core.store.suppressions import all_standing
from core.store.templates import template_states
from warehouse.publish import Version

_RAW = (Path(__file__).parent / "looking.sql").read_text()


@contextmanager
def over_copy(version: Version, key: str, engine: sa.Engine) -> Iterator[Any]:
    """Open a connection on which segments, policy and previews run as they do in the warehouse.

    It takes no lock and writes nothing: data is as old as the copy, opt-outs and templates as new as the store's.
    Raises PermanentError when the key does not fit, TransientError when the copy is gone: take the newest.
    """
    connection = open_file(Path(":memory:"))
    try:
        connection.execute(attaching(version.path, "copy", key=key, read_only=True))
        connection.execute("attach ':memory:' as raw")
        connection.execute("set variable on_request = ?", [[*transactional.read_templates(), REPLY]])
        connection.execute(_RAW)
        with reading(engine) as store:
            _fill(connection, "raw.journal__suppressions", all_standing(store))
            _fill(connection, "raw.journal__templates", template_states(store))
        connection.execute("use copy")
        connection.execute("set enable_external_access = false")
        yield connection
    finally:
        connection.close()


def _fill(connection: Any, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.register("found", pa.Table.from_pylist(rows))
        connection.execute(f"insert into {table} by name select * from found")  # noqa: S608 -- names of ours
        connection.unregister("found")
