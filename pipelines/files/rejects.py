"""The file of rows that were not taken: as they were, with their line and the reason, safe to open in Excel."""

import csv
import json
import os
from pathlib import Path

import pyarrow as pa

_OURS_ALONE = 0o600
_RUNS_IN_EXCEL = ("=", "+", "-", "@", "\t", "\r", "\n")


def defused(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text: one that would run as a formula gets an apostrophe first."""
    return f"'{cell}" if cell.startswith(_RUNS_IN_EXCEL) or cell.lstrip().startswith(_RUNS_IN_EXCEL) else cell


def write_rejects(path: Path, names: list[str], rejects: pa.Table) -> Path | None:
    """Write rows of ``raw.files__rejects`` to a CSV file, whole or not at all; None and no file when there are none.

    It holds addresses in the clear, so that a person can mend it in Excel: only its owner may read it.
    """
    if not len(rejects):
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)  # of a killed import
    partial.touch(mode=_OURS_ALONE)
    with partial.open("w", encoding="utf-8-sig", newline="") as file:  # the mark is how Excel knows Thai from noise
        writer = csv.writer(file)
        writer.writerow(["line_number", "reason", *map(defused, names)])
        for batch in rejects.to_batches():
            for row in batch.to_pylist():
                writer.writerow([row["line_number"], row["reason"], *map(defused, json.loads(row["cells"]))])
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path
