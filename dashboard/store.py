"""The store, opened once a process: what people change from here goes where the command line writes it too."""

from functools import cache

import sqlalchemy as sa

from core.settings import load_settings
from core.store.engine import open_store


@cache
def store() -> sa.Engine:
    """Return the engine of the store."""
    return open_store(load_settings().effective_store_url)
