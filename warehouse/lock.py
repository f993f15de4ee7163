"""One process of this machine at a time has the warehouse's file: DuckDB lets nobody read while somebody writes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import TransientError


@contextmanager
def held(data_dir: Path, *, waits: bool = True) -> Iterator[None]:
    """Wait until the file is this process's own. Raises TransientError at once when it is not and ``waits`` is off."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "warehouse.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError("another process writes the warehouse: try again later") from error
        yield
