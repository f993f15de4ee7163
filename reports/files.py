"""Tables as files: CSV and Parquet as the warehouse has them, XLSX as a spreadsheet reads them."""

import io

import polars as pl

_LONGEST_SHEET = 1_048_575  # rows of a sheet, its heading apart


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """Return a table as CSV, UTF-8 with the mark by which spreadsheets know it; times are UTC with their offset."""
    return b"\xef\xbb\xbf" + flat(frame).write_csv().encode()


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return a table as Parquet: decimals stay decimals, times stay UTC."""
    file = io.BytesIO()
    flat(frame).write_parquet(file)
    return file.getvalue()


def xlsx_bytes(frame: pl.DataFrame) -> bytes:
    """Return a table as a workbook: numbers, days and texts; times are UTC and say so, a sheet knows no zone.

    No text is taken for a formula, whatever it begins with.
    """
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    shown = (
        flat(frame)
        .head(_LONGEST_SHEET)
        .with_columns(pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None) for name in times)
        .rename({name: f"{name} (UTC)" for name in times})
    )
    book = io.BytesIO()
    shown.write_excel(book, dtype_formats={pl.Float64: "0.0000", pl.Int64: "#,##0"}, autofit=True)
    return book.getvalue()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a flat file has: none with lists or structures in it."""
    return frame.select(pl.all().exclude(pl.List, pl.Struct))
