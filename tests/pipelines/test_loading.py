"""A load merges by key; many rows that are all new are appended, which gives the same at half the cost."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipelines import profiles
from pipelines.profiles import load_tables, pipeline_for

KEY = ("source", "number")


def numbers(*values: int, said: str) -> pa.Table:
    """Make a row for each of the values."""
    return pa.table({"source": ["a"] * len(values), "number": list(values), "said": [said] * len(values)})


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Load tables into one warehouse, where three rows are many; returns how, and what stands then."""
    monkeypatch.setattr(profiles, "_MANY", 3)
    chosen: list[object] = []

    def choose(*given: object) -> object:
        chosen.append(choosing(*given))
        return chosen[-1]

    choosing = profiles._disposition
    monkeypatch.setattr(profiles, "_disposition", choose)

    def call(rows: pa.Table) -> tuple[str, list[tuple[int, str]]]:
        file = tmp_path / "warehouse.duckdb"
        with pipeline_for("crm", data_dir=tmp_path, warehouse_path=file) as pipeline:
            load_tables(pipeline, {"crm__numbers": rows}, {"crm__numbers": KEY})
        with duckdb.connect(str(file)) as connection:
            standing = connection.execute("select number, said from raw.crm__numbers order by all").fetchall()
        return "append" if chosen[-1] == "append" else "merge", standing

    return call


def test_many_new_rows_are_appended_and_the_same_again_are_merged(load) -> None:
    assert load(numbers(1, 2, 3, said="first")) == ("append", [(1, "first"), (2, "first"), (3, "first")])
    assert load(numbers(4, 5, 6, said="more"))[0] == "append"
    assert load(numbers(3, 6, 7, said="again")) == (
        "merge",
        [(1, "first"), (2, "first"), (3, "again"), (4, "more"), (5, "more"), (6, "again"), (7, "again")],
    )


def test_a_load_that_repeats_itself_gives_one_row_a_key(load) -> None:
    assert load(numbers(1, 2, 2, said="twice")) == ("merge", [(1, "twice"), (2, "twice")])


def test_few_rows_are_merged_without_a_look(load) -> None:
    assert load(numbers(1, 2, said="few")) == ("merge", [(1, "few"), (2, "few")])
