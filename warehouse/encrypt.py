"""Turning encryption on for files that stand in the clear: each is replaced by an encrypted copy of itself."""

import os
from pathlib import Path

from core.duck import attach, open_file
from core.errors import PermanentError


def encrypt(path: Path, key: str) -> bool:
    """Encrypt a DuckDB file with ``key``; return whether it was in the clear.

    Whoever has the old file open goes on reading it. Killed at any moment it leaves the old file or the new one.
    Raises PermanentError when the file is encrypted with another key, TransientError while another process has it.
    """
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    try:
        connection = open_file(path)
    except PermanentError:  # encrypted
        open_file(path, key=key, read_only=True).close()
        return False
    with connection:
        (name,) = connection.execute("select current_database()").fetchone() or ("",)
        attach(connection, partial, "sealed", key=key)
        connection.execute(f'copy from database "{name}" to sealed')
        connection.execute("detach sealed")
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
    return True
