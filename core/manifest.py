"""The manifest of a backup: what it holds, and a checksum of every file, looked at before anything is restored."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import PermanentError

NAME = "backup.json"
FORMAT = 1  # of the folder: another number means that this code does not know it
_OURS_ALONE = 0o600


def seal(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``backup.json``: the facts, and size and SHA-256 of every file; all is on the disk when this returns.

    Files are made readable for their owner only: they hold contact details.
    """
    files = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        path.chmod(_OURS_ALONE)
        files[str(path.relative_to(folder))] = {"size_bytes": path.stat().st_size, "sha256": _digest(path)}
        _sync(path)
    manifest = {"format": FORMAT, **facts, "files": files}
    path = folder / NAME
    path.touch(mode=_OURS_ALONE)
    path.write_text(json.dumps(manifest, indent=2, default=str) + "\n")
    _sync(path)
    for place in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        _sync(place)
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Return the facts of a backup whose every file is as it was written.

    Raises PermanentError naming what is missing, changed or not of the backup, or a format from another version.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / NAME).read_text())
    except FileNotFoundError:
        raise PermanentError(
            f"{folder} is no backup: it has no {NAME}; say the folder that `bma backup` made"
        ) from None
    except ValueError as error:
        raise PermanentError(f"{folder / NAME} is broken ({error}): take another backup") from error
    if manifest.get("format") != FORMAT:
        raise PermanentError(f"{folder} has format {manifest.get('format')}, this version restores {FORMAT}")
    listed: dict[str, dict[str, Any]] = manifest["files"]
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {NAME}
    wrong = [f"{name} is missing" for name in sorted(listed.keys() - there)]
    wrong += [f"{name} is not of the backup" for name in sorted(there - listed.keys())]
    wrong += [
        f"{name} has changed" for name in sorted(listed.keys() & there) if _is_changed(folder / name, listed[name])
    ]
    if wrong:
        raise PermanentError(f"{folder} is damaged, nothing was restored: {'; '.join(wrong)}")
    return manifest


def _is_changed(path: Path, written: Mapping[str, Any]) -> bool:
    return bool(path.stat().st_size != written["size_bytes"] or _digest(path) != written["sha256"])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
