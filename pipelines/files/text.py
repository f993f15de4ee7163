"""CSV as people export it: which encoding, which separator, and rows with the line each begins on."""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from core.errors import PermanentError

Row = tuple[int, list[str]]  # line the row begins on, from 1; its cells

SEPARATORS = (",", ";", "\t", "|")
_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 50
_MOST_CELL = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_THAI = range(0x0E01, 0x0E5C)


def find_encoding(path: Path) -> str:
    """Say how a file's text is encoded: by its mark, else the first of UTF-8, UTF-16, Thai and Western that fits all.

    Raises PermanentError when none does.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        # Text of ASCII digits and separators has its zero bytes on one side only.
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    if _fits(path, "utf-8"):
        return "utf-8"
    if _fits(path, "cp874") and _reads_as_thai(path):
        return "cp874"  # holds TIS-620
    if _fits(path, "cp1252"):
        return "cp1252"
    raise PermanentError(f"{path.name}: no known encoding reads all of it; save it as CSV UTF-8 or as .xlsx")


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_thai(path: Path) -> bool:
    """Tell Thai from Western: Thai letters stand in runs, accented letters alone among plain ones."""
    with path.open("rb") as file:
        text = file.read(_BLOCK).decode("cp874")
    thai = [ord(char) in _THAI for char in text]
    in_runs = sum(one and two for one, two in pairwise(thai))
    return in_runs > sum(thai) / 2


def find_separator(path: Path, encoding: str) -> str:
    """Say what stands between cells: what Excel's ``sep=`` line names, else what most rows agree on."""
    with path.open(encoding=encoding, newline="") as file:
        sample = _decoded(file, path, _SAMPLE)
    first = sample.splitlines()[0] if sample else ""
    if first.lower().startswith("sep=") and len(first) == len("sep=,"):
        return first[-1]
    return max(SEPARATORS, key=lambda separator: _agreement(sample, separator))


def _agreement(sample: str, separator: str) -> int:
    """Count how many cells the rows of a sample agree on: rows of the commonest width, times that width."""
    widths = []
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            if cells:
                widths.append(len(cells))
            if len(widths) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return 0
    return max((widths.count(width) * width for width in set(widths) if width > 1), default=0)


def _decoded(file: io.TextIOWrapper, path: Path, size: int) -> str:
    try:
        return file.read(size)
    except UnicodeError as error:
        raise _undecodable(path, file.encoding) from error


def _undecodable(path: Path, encoding: str) -> PermanentError:
    return PermanentError(
        f"{path.name}: its text is not {encoding}; say --encoding, or save it as CSV UTF-8 or as .xlsx"
    )


def rows(path: Path, encoding: str, separator: str) -> Iterator[Row]:
    """Yield every row of a CSV that has any text. Raises PermanentError naming the line that cannot be read."""
    csv.field_size_limit(_MOST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        line = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise PermanentError(
                    f"{path.name}, from line {line}: {error}. Most likely a quotation mark is not closed there; "
                    "save it from Excel as .xlsx and load that"
                ) from error
            except UnicodeError as error:
                raise _undecodable(path, encoding) from error
            if cells is None:
                return
            is_separator_line = line == 1 and cells[:1] in (["sep="], [f"sep={separator}"])
            if any(cell.strip() for cell in cells) and not is_separator_line:
                yield line, cells
            line = reader.line_num + 1
