"""XLSX as Excel shows it: values of formulas, dates as days, merged cells repeated."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path
from typing import Any

import python_calamine as calamine

from core.errors import PermanentError
from pipelines.files.text import Row

_MOST_UNPACKED = 600 * 2**20  # bytes; 100,000 rows of 20 columns come to about 100 MB
_EXACT = 2**53  # up to here a float holds every whole number
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")


def is_workbook(path: Path) -> bool:
    """Say whether a file is a workbook, by its first bytes. Raises PermanentError for one we cannot open."""
    with path.open("rb") as file:
        head = file.read(8)
    if head == _OLD_EXCEL:
        raise PermanentError(f"{path.name} is an old .xls or has a password: save it as .xlsx without one")
    return head.startswith(b"PK\x03\x04")


def find_sheet(path: Path, wanted: str | None) -> str:
    """Return the sheet to read: as wanted, else the first visible one that holds anything.

    Raises PermanentError when there is none or the file is broken.
    """
    with _open(path) as book:
        visible = [
            each.name
            for each in book.sheets_metadata
            if each.visible == calamine.SheetVisibleEnum.Visible and each.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if wanted is not None:
            if wanted not in book.sheet_names:
                raise PermanentError(f"{path.name} has no sheet {wanted!r}: there are {', '.join(book.sheet_names)}")
            return wanted
        for name in visible:
            if book.get_sheet_by_name(name).height:
                return name
    raise PermanentError(f"{path.name} has no visible sheet with anything in it")


def rows(path: Path, sheet: str) -> Iterator[Row]:
    """Yield every row of a sheet that has any text, numbered as Excel does. Raises PermanentError if it is broken."""
    with _open(path) as book:
        found = book.get_sheet_by_name(sheet)
        if found.start is None or found.end is None:
            return
        first_column, last_row = found.start[1], found.end[0]
        # A cell merged over several rows holds its value in the topmost; a reader of the sheet sees it in each.
        tops: dict[int, list[int]] = {}
        below: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _) in found.merged_cell_ranges or ():
            if bottom > top:
                tops.setdefault(top, []).append(left - first_column)
            for number in range(top + 1, min(bottom, last_row) + 1):
                below.setdefault(number, []).append((top, left - first_column))
        shown: dict[tuple[int, int], str] = {}
        for number, values in enumerate(found.iter_rows()):
            cells = [_text(value) for value in values]
            shown.update({(number, column): cells[column] for column in tops.get(number, ())})
            for top, column in below.get(number, ()):
                cells[column] = shown[top, column]
            if any(cell.strip() for cell in cells):
                yield number + 1, cells


@contextmanager
def _open(path: Path) -> Iterator[calamine.CalamineWorkbook]:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            raise PermanentError(f"{path.name} unpacks to {unpacked >> 20} MB: split it into several lists")
        with calamine.load_workbook(str(path)) as book:
            yield book
    except (calamine.CalamineError, zipfile.BadZipFile, OSError) as error:
        raise PermanentError(f"{path.name} is broken and cannot be read: {error}. Open and save it in Excel") from error


def _text(value: Any) -> str:
    """Return a cell as text: whole numbers without the point Excel gives them, days and times in ISO."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
