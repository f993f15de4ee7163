"""Contact lists in the warehouse: whole or not at all, the same file once, a corrected one as the next version."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import PermanentError, TransientError
from pipelines import files
from pipelines.files.mapping import wish_of
from pipelines.files.tables import TABLES

NONE = wish_of({})
_LOAD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import pipelines.files as files
from pipelines.files.mapping import wish_of
real, said = files.load_tables, 0
def load_tables(*args, **kwargs):
    global said
    said += 1
    print("load", said, flush=True)
    real(*args, **kwargs)
    print("loaded", said, flush=True)
    if said == int(sys.argv[3]):
        sys.stdin.read()
files.load_tables = load_tables
files.load(Path(sys.argv[1]), "expo", wish_of({}), data_dir=Path(sys.argv[2]),
    warehouse_path=Path(sys.argv[2]) / "warehouse.duckdb", now=datetime.now(UTC))
print("done", flush=True)
"""


@pytest.fixture
def load(tmp_path, now):
    def call(path, list_id="expo", wish=NONE):
        return files.load(path, list_id, wish, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb", now=now)

    return call


def _write(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = ("Email", "Phone", "ชื่อ")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _people(count: int) -> list[tuple[str, ...]]:
    return [(f"p{number}@x.example", "", f"คน {number}") for number in range(count)]


def test_a_list_arrives_with_its_people_its_rejects_and_how_it_was_read(load, ask, tmp_path):
    path = _write(tmp_path / "visitors.csv", *_people(3), ("nobody", "", "Bob"), ("P0@x.example", "", "again"))

    report = load(path)

    assert (report.version, report.is_new, report.row_count) == (1, True, 5)
    assert (report.accepted_count, report.rejected_count, report.duplicate_count) == (3, 1, 1)
    query = "select file_name, encoding, separator, mapping, row_count, consent_purposes from raw.files__lists"
    mapping = '{"email": "Email", "mobile": "Phone", "first_name": "ชื่อ"}'
    assert ask(query) == [("visitors.csv", "utf-8", ",", mapping, 5, "[]")]
    assert ask("select line_number, email, name from raw.files__contacts order by 1") == [
        (number + 2, f"p{number}@x.example", f"คน {number}") for number in range(3)
    ]
    assert ask("select line_number, reject_type, cells from raw.files__rejects order by 1") == [
        (5, "record", '["nobody", "", "Bob"]'),
        (6, "duplicate", '["P0@x.example", "", "again"]'),
    ]


def test_every_raw_table_has_the_columns_that_the_models_are_built_from(load, ask, tmp_path):
    load(_write(tmp_path / "visitors.csv", *_people(1)))

    found = set(ask("select table_name, column_name from duckdb_columns() where schema_name = 'raw'"))
    assert {(name, column) for name, columns in TABLES.items() for column in columns} <= found


def test_the_rejects_file_opens_in_excel_names_lines_and_runs_no_formula(load, tmp_path):
    formula = '=HYPERLINK("http://evil.example")'
    path = _write(tmp_path / "visitors.csv", *_people(2), (formula, "+66", "-1+1"), header=("Email", "Phone", "@Note"))

    report = load(path)

    assert report.rejects_path == tmp_path / "rejects" / "expo-1.csv"
    assert report.rejects_path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert report.rejects_path.stat().st_mode & 0o777 == 0o600  # addresses in the clear
    with report.rejects_path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["line_number", "reason", "Email", "Phone", "'@Note"],
            ["4", "the email could not be written to; the mobile number is none", f"'{formula}", "'+66", "'-1+1"],
        ]


def test_the_same_file_twice_is_one_version_and_read_another_way_it_is_the_next(load, ask, tmp_path):
    path = _write(tmp_path / "visitors.csv", *_people(3), ("nobody", "", ""))
    first = load(path)

    again = load(path)
    consent = {"purposes": ["seasonal"], "evidence": "form at our booth", "given_at": "2026-03-01"}
    agreed = load(path, wish=wish_of({"consent": consent}))

    assert (again.version, again.is_new, again.rejects_path) == (1, False, first.rejects_path)
    assert (agreed.version, agreed.is_new) == (2, True)
    assert ask("select version, count(*), count_if(has_consent) from raw.files__contacts group by 1 order by 1") == [
        (1, 3, 0),
        (2, 3, 3),
    ]


def test_a_corrected_file_is_the_next_version_and_other_lists_stay(load, ask, tmp_path):
    path = _write(tmp_path / "visitors.csv", *_people(2), ("nobody", "", ""))
    load(path)
    load(path, "partner")
    _write(path, *_people(3))

    report = load(path)

    assert (report.version, report.rejects_path) == (2, None)
    query = "select list_id, version, count(*) from raw.files__contacts group by all order by all"
    assert ask(query) == [("expo", 1, 2), ("expo", 2, 3), ("partner", 1, 2)]
    assert ask("select count(distinct person_id) from raw.files__contacts") == [(3,)]


@pytest.mark.parametrize("path", ["broken.csv", "wrong.csv", "empty.csv"])
def test_a_file_that_is_broken_or_mostly_wrong_imports_nothing(load, ask, tmp_path, path):
    load(_write(tmp_path / "visitors.csv", *_people(2)))
    _write(tmp_path / "wrong.csv", *_people(2), *[("nobody", "", "")] * 3)
    _write(tmp_path / "empty.csv")
    (tmp_path / "broken.csv").write_text('Email\na@x.example\n"b@x.example\n')

    with pytest.raises(PermanentError):
        load(tmp_path / path)

    assert ask("select version from raw.files__lists") == [(1,)]
    assert ask("select count(*) from raw.files__contacts") == [(2,)]
    assert not (tmp_path / "rejects").exists()


def test_a_file_that_changes_while_it_is_read_imports_nothing(load, ask, tmp_path, monkeypatch):
    path = _write(tmp_path / "visitors.csv", *_people(2))
    real = files.sort

    def sort(*args):
        found = real(*args)
        _write(path, *_people(3))
        return found

    monkeypatch.setattr(files, "sort", sort)

    with pytest.raises(TransientError, match="changed while it was read"):
        load(path)
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_a_list_needs_a_name_that_fits_a_file_and_a_query(load, tmp_path):
    with pytest.raises(PermanentError, match="no name for a list"):
        load(_write(tmp_path / "visitors.csv", *_people(1)), "../Food Expo")


@pytest.mark.parametrize("after", [1, 2])
def test_a_kill_between_two_loads_leaves_nothing_half_imported(load, ask, tmp_path, after):
    path = _write(tmp_path / "visitors.csv", *_people(500), ("nobody", "", ""))
    process = _start(path, tmp_path, after)
    assert any(line.strip() == f"loaded {after}" for line in process.stdout)
    _kill(process)

    is_whole = after == 2  # the row that makes a version is the last thing written
    expected = [(1,)] if is_whole else []
    lists = "select version from raw.files__lists" if is_whole else _WHOLE
    assert ask(lists) == expected
    smaller = _write(tmp_path / "smaller.csv", *_people(3))

    assert load(smaller).version == len(expected) + 1
    query = "select version, count(*) from raw.files__contacts group by all order by all"
    assert ask(query) == ([(1, 500), (2, 3)] if is_whole else [(1, 3)])
    assert ask("select count(*) from raw.files__rejects") == [(1 if is_whole else 0,)]


_WHOLE = "select table_name from duckdb_tables() where table_name = 'files__lists'"


def test_a_kill_at_any_moment_leaves_a_version_whole_or_not_there(load, ask, tmp_path):
    for wait in (0.0, 0.4, 0.8):
        path = _write(tmp_path / "visitors.csv", *_people(2_000), ("bad", "", str(wait)))
        process = _start(path, tmp_path, 0)
        assert process.stdout.readline() == "load 1\n"
        time.sleep(wait)
        _kill(process)

        for version in _versions(ask, tmp_path):
            assert ask("select count(*) from raw.files__contacts where version = ?", version) == [(2_000,)]

    assert load(path).accepted_count == 2_000
    assert {count for _, count in ask("select version, count(*) from raw.files__contacts group by all")} == {2_000}


def _versions(ask, tmp_path):
    if not (tmp_path / "warehouse.duckdb").exists() or not ask(_WHOLE):
        return []
    return [version for (version,) in ask("select version from raw.files__lists")]


def _start(path: Path, data_dir: Path, stop_after: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _LOAD, str(path), str(data_dir), str(stop_after)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
