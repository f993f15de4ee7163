"""Sorting a list's rows into people, duplicates and rejects, a few thousand at a time."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from core.errors import PermanentError
from pipelines.files.mapping import Wish
from pipelines.files.opened import Opened
from pipelines.files.people import Reader, Refused
from pipelines.files.tables import CONTACTS, REJECTS, TABLES
from pipelines.profiles import arrow_table

_BATCH = 5_000
_SHOWN = 5
_MOST_REJECTED = 0.5


@dataclass
class Sorted:
    """Every row of a list, once: ``contacts`` and ``rejects`` are the raw tables' rows."""

    contacts: pa.Table
    rejects: pa.Table
    first: list[dict[str, Any]]
    reasons: Counter[str]
    duplicate_count: int

    @property
    def accepted_count(self) -> int:
        """Rows that became people."""
        return len(self.contacts)

    @property
    def rejected_count(self) -> int:
        """Rows without an address we could write to, or of the wrong shape."""
        return len(self.rejects) - self.duplicate_count

    @property
    def row_count(self) -> int:
        """All rows with any text below the header."""
        return len(self.contacts) + len(self.rejects)


@dataclass
class _Rows:
    """Rows of one raw table, kept as Arrow: a tenth of what dictionaries take."""

    table: str
    stamp: dict[str, Any]
    waiting: list[dict[str, Any]] = field(default_factory=list)
    batches: list[pa.Table] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        self.waiting.append({**self.stamp, **row})
        if len(self.waiting) == _BATCH:
            self.flush()

    def flush(self) -> None:
        self.batches.append(arrow_table(self.waiting, TABLES[self.table]))
        self.waiting = []

    def whole(self) -> pa.Table:
        self.flush()
        return pa.concat_tables(self.batches)


def sort(opened: Opened, wish: Wish, stamp: dict[str, Any], today: date) -> Sorted:
    """Read a whole list; ``stamp`` is what every row gets: list, version, time. Writes nothing.

    Consent of a day after ``today`` counts as none. Raises PermanentError when the file breaks off.
    """
    reader = Reader(opened.names, opened.columns, wish, today)
    contacts, rejects = _Rows(CONTACTS, stamp), _Rows(REJECTS, stamp)
    first: list[dict[str, Any]] = []
    reasons: Counter[str] = Counter()
    duplicates = 0
    for line_number, cells in opened.rows():
        found = reader.read(line_number, cells)
        if isinstance(found, Refused):
            is_duplicate = found.reject_type == "duplicate"
            duplicates += is_duplicate
            reasons["the same person as in an earlier line" if is_duplicate else found.reason] += 1
            as_it_was = json.dumps(cells, ensure_ascii=False)
            rejects.add({"line_number": line_number, **vars(found), "cells": as_it_was})
        else:
            contacts.add(found)
            if len(first) < _SHOWN:
                first.append(found)
    return Sorted(contacts.whole(), rejects.whole(), first, reasons, duplicates)


def refuse_mostly_wrong(found: Sorted, name: str) -> None:
    """Raise PermanentError for a list without people, or of which most rows are wrong: it was read the wrong way."""
    if not found.row_count:
        raise PermanentError(f"{name} has a header and no rows")
    if found.rejected_count > _MOST_REJECTED * found.row_count or not found.accepted_count:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in found.reasons.most_common(3))
        raise PermanentError(
            f"{found.rejected_count} of {found.row_count} rows of {name} cannot be used, so nothing was imported "
            f"({reasons}). See with --preview how the columns were read"
        )
