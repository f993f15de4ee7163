"""The published copy with room beside it: what segments compute goes into temporary tables and is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.duck import attaching, open_file
from core.settings import load_settings
from dashboard.data import copy_path


@contextmanager
def over_copy() -> Iterator[Any]:
    """Open the viewer's copy for a moment, with the memberships where ``campaigns`` looks for them."""
    connection = open_file(Path(":memory:"))
    try:
        key = load_settings().warehouse_key.get_secret_value()
        connection.execute(attaching(copy_path(), "copy", key=key, read_only=True))
        connection.execute("use copy")
        connection.execute("attach ':memory:' as raw")
        connection.execute("create view raw.campaigns__segment_memberships as from copy.marts.segment_memberships")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()
