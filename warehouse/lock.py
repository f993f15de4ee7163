"""One process of this machine at a time has the warehouse's file: DuckDB lets nobody read while somebody writes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import TransientError


@contextmanager
def held(folder: Path, name: str = "warehouse.lock", *, waits: bool = True) -> Iterator[None]:
    """Wait until what the lock stands for is this process's own.

    Raises TransientError at once when it is another's and ``waits`` is off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError("another process writes the warehouse: try again later") from error
        yield
