"""Data with room beside it: what segments compute goes into temporary tables and is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.duck import CATALOG, attaching, open_file
from core.lake import Lake
from core.settings import load_settings
from dashboard.data import copy_path
from warehouse import lock
from warehouse.connect import connect
from warehouse.functions import with_functions


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


@contextmanager
def over_warehouse() -> Iterator[Any]:
    """Open the warehouse itself, which has the past, read-only.

    Raises TransientError when it is being written now.
    """
    settings = load_settings()
    path, key = settings.warehouse_path, settings.warehouse_key.get_secret_value()
    if isinstance(path, Lake):
        with connect(path) as connection:
            yield connection
        return
    with lock.held(settings.data_dir, waits=False):
        connection = open_file(Path(":memory:"))  # a file opened read-only itself lets nothing be put beside it
        with with_functions(connection):
            connection.execute(attaching(path, key=key, read_only=True))
            connection.execute(f"use {CATALOG}")
            yield connection
