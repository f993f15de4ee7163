"""What the analysts' page says is what happens: its blocks are run as they stand."""

import importlib.util
import json
import os
import re
import runpy
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from core.settings import load_settings
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.encrypt import encrypt
from warehouse.publish import Version, publish

_DOCS = Path(__file__).parents[2] / "docs"
_BLOCKS = re.findall(r"```(python|sql|bash)\n(.*?)```", (_DOCS / "analysts.md").read_text(), re.DOTALL)
# The DuckDB command line stands in as a few lines of Python: it opens what it is told to, as it is told to.
_SHELL = """#!{python}
import sys, duckdb
assert sys.argv[1] == "-readonly"
print(duckdb.connect(sys.argv[2], read_only=True).execute("select count(*) from marts.messages").fetchone()[0])
"""


def _blocks(language: str, containing: str = "") -> list[str]:
    found = [text for kind, text in _BLOCKS if kind == language and containing in text]
    assert found, (language, containing)
    return found


@pytest.fixture
def version(
    warehouse: duckdb.DuckDBPyConnection,  # noqa: F811
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Version]:
    """Three people in a segment on 1 March or not, one of them written to and opening."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BMA_DATA_DIR", "data")
    load_settings.cache_clear()
    for contact_id, since, until in (("p1", -9, None), ("p2", -9, -3), ("p3", 0, None)):
        stay = {"segment_id": "renewal_due", "contact_id": contact_id, "subject_id": "k1", "reason": "ends soon"}
        stay |= {"company_id": "c1", "subject_type": "contract", "definition_version": "1"}
        stay |= {"valid_from": now + timedelta(days=since)}
        stay |= {"valid_to": now + timedelta(days=until)} if until else {}
        add(warehouse, "campaigns__segment_memberships", stay)
    message = {"message_id": "m1", "contact_id": "p1", "subject_id": "k1", "channel": "email", "status": "delivered"}
    add(warehouse, "journal__messages", message | {"planned_at": now, "accepted_at": now})
    event = {"event_id": "e1", "message_id": "m1", "channel": "email", "event_type": "opened"}
    event |= {"occurred_at": now + timedelta(hours=2), "detail": '{"user_agent": "Mozilla/5.0 Firefox/140.0"}'}
    add(warehouse, "journal__events", event)
    build(warehouse, now=now)
    yield publish(warehouse, Path("data/serve"), now)
    load_settings.cache_clear()


def _run_python(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "analysts.md", "exec"), names)
    return names


def test_python_reads_the_newest_copy_while_the_next_is_published(
    warehouse: duckdb.DuckDBPyConnection,  # noqa: F811
    version: Version,
    now: datetime,
) -> None:
    (text,) = _blocks("python", "daily_channel_metrics")

    names = _run_python(text)
    assert names["sent"].rows() == [("email", 1)]
    later = publish(warehouse, Path("data/serve"), now + timedelta(hours=1))
    assert names["connection"].execute("select count(*) from marts.messages").fetchone() == (1,)
    assert _run_python(text)["newest"]["masked_path"] == later.masked_path.name != version.masked_path.name


@pytest.mark.skipif(
    importlib.util.find_spec("duckdb_engine") is None, reason="duckdb-engine belongs in an environment of its own"
)
def test_sqlalchemy_lists_the_tables(version: Version) -> None:
    (text,) = _blocks("python", 'create_engine(f"duckdb:///{serve')

    assert "messages" in _run_python(text)["tables"]


@pytest.fixture
def encrypted(version: Version, monkeypatch: pytest.MonkeyPatch) -> Version:
    """The same, encrypted."""
    key = "it's a key"
    monkeypatch.setenv("BMA_WAREHOUSE_KEY", key)
    for path in Path("data/serve").glob("*.duckdb"):
        assert encrypt(path, key)
    return version


def test_python_reads_an_encrypted_copy(encrypted: Version) -> None:
    (text,) = _blocks("python", "connection = duckdb.connect()")

    assert _run_python(text)["messages"] == (1,)


@pytest.mark.skipif(
    importlib.util.find_spec("duckdb_engine") is None, reason="duckdb-engine belongs in an environment of its own"
)
def test_sqlalchemy_lists_the_tables_of_an_encrypted_copy(encrypted: Version) -> None:
    (text,) = _blocks("python", "listens_for")

    assert "messages" in _run_python(text)["tables"]


def test_the_command_line_opens_the_newest_copy(version: Version, tmp_path: Path) -> None:
    (text,) = _blocks("bash", "duckdb -readonly")
    program = tmp_path / "bin" / "duckdb"
    program.parent.mkdir()
    program.write_text(_SHELL.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    places = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    environment = {**os.environ, "PATH": places}
    done = subprocess.run(["bash", "-c", text], check=False, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_every_command_of_the_page_works_and_its_files_are_read_without_ours(version: Version) -> None:
    commands = [line for text in _blocks("bash", "bma ") for line in text.splitlines()]
    answers = [CliRunner().invoke(app, shlex.split(line)[1:]) for line in commands]

    assert len(commands) == 8
    assert [(line, answer.output) for line, answer in zip(commands, answers, strict=True) if answer.exit_code] == []
    assert json.loads(answers[-1].stdout) == [
        {"channel": "email", "metric_value": 1.0, "numerator": 1, "denominator": 1}
    ]
    (query,) = _blocks("sql", "read_parquet")
    rows = duckdb.connect().execute(query).fetchall()
    assert [(str(day), kind, events) for day, kind, events in rows] == [("2026-03-02", "opened", 1)]


def test_the_segment_is_the_one_of_that_time(version: Version) -> None:
    as_of, when_written = _blocks("sql", "segment_memberships")
    with duckdb.connect(str(version.masked_path), read_only=True) as copy:
        assert copy.execute(as_of).fetchall() == [("renewal_due", 1)]  # p2 had left, p3 had not come
        assert [row[0] for row in copy.execute(when_written).fetchall()] == ["m1"]


@pytest.mark.parametrize("of", ["version", "encrypted"])
def test_the_example_runs_whole(of: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    request.getfixturevalue(of)
    names = runpy.run_path(str(_DOCS / "examples" / "engagement.py"))

    assert names["by_weekday"].rows() == [(1, "email", 1, 1, 1.0)]
    assert names["delays"].rows() == [("email", 1, 2.0)]
    assert "published at" in capsys.readouterr().out
