"""A list as found on disk: how it is read, what its columns are called, which of them is which field."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import PermanentError
from pipelines.files import mapping, text, workbook
from pipelines.files.mapping import Wish
from pipelines.files.text import Row

_MOST_BYTES = 200 * 2**20


@dataclass(frozen=True, kw_only=True)
class Opened:
    """``encoding`` and ``separator`` are None for a workbook, ``sheet`` for CSV; ``columns`` maps field → column."""

    path: Path
    encoding: str | None
    separator: str | None
    sheet: str | None
    header_line: int
    names: list[str]
    columns: dict[str, str]

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that have any text, each with its line."""
        return (row for row in _rows(self) if row[0] > self.header_line)


def open_list(path: Path, wish: Wish) -> Opened:
    """Find out how a file is to be read. Raises PermanentError when it cannot be, saying what to do."""
    if path.stat().st_size > _MOST_BYTES:
        raise PermanentError(f"{path.name} is larger than {_MOST_BYTES >> 20} MB: split it into several lists")
    if workbook.is_workbook(path):
        encoding, separator, sheet = None, None, workbook.find_sheet(path, wish.sheet)
    else:
        encoding = _known_encoding(wish.encoding) if wish.encoding else text.find_encoding(path)
        separator, sheet = text.find_separator(path, encoding), None
    unread = Opened(path=path, encoding=encoding, separator=separator, sheet=sheet, header_line=0, names=[], columns={})
    header_line, cells = mapping.find_header(unread.rows(), wish.columns)
    names = mapping.column_names(cells)
    columns = mapping.guess(names, wish.columns)
    if wish.consent.purposes and not wish.consent.given_at and "consent_at" not in columns:
        raise PermanentError("say when consent was given: --consent-at, or a column for consent_at")
    return Opened(
        path=path,
        encoding=encoding,
        separator=separator,
        sheet=sheet,
        header_line=header_line,
        names=names,
        columns=columns,
    )


def content_hash(path: Path, wish: Wish) -> str:
    """Name a list by its bytes and by how they are read."""
    digest = hashlib.sha256(wish.model_dump_json().encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _rows(opened: Opened) -> Iterator[Row]:
    if opened.sheet is not None:
        return workbook.rows(opened.path, opened.sheet)
    return text.rows(opened.path, opened.encoding or "", opened.separator or "")


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise PermanentError(f"there is no encoding {name!r}: say utf-8, cp874 (Thai), utf-16 or cp1252") from error
    return name
