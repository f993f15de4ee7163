"""An analyst's own SQL reads the copy and nothing else, and always ends."""

import pytest

from core.errors import PermanentError, TransientError
from warehouse.analyst import answer
from warehouse.build import build
from warehouse.publish import publish


@pytest.fixture
def copy(warehouse, tmp_path, now):
    build(warehouse, now=now)
    return publish(warehouse, tmp_path, now).masked_path


def test_no_query_reads_a_file_writes_the_copy_or_changes_a_setting(copy, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for sql in (
        f"from read_csv('{tmp_path / 'secret.csv'}')",
        f"copy (select 1) to '{tmp_path / 'out.csv'}'",
        f"attach '{tmp_path / 'other.duckdb'}'",
        "create table marts.mine as select 1",
        "delete from marts.companies",
        "set enable_external_access = true",
        "set memory_limit = '90GB'",
        "install httpfs",
        "selec 1",
        "",
    ):
        with pytest.raises(PermanentError):
            answer(copy, sql, seconds=20, rows=10)


def test_rows_are_cut_and_a_long_query_ends(copy):
    assert answer(copy, "from range(5)", seconds=20, rows=5).is_cut is False
    cut = answer(copy, "from range(1_000_000)", seconds=20, rows=5)
    assert cut.is_cut and cut.frame["range"].to_list() == [0, 1, 2, 3, 4]
    with pytest.raises(TransientError):
        answer(copy, "select sum(a.range * b.range) from range(10_000_000) a, range(10_000_000) b", seconds=0.5, rows=5)
