"""``bma backup`` and ``bma restore`` as a person meets them: what they make, what they refuse, what they say next."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from assets.steps import Steps
from bench.outbox_of import plan
from cli.backup import back_up
from cli.processes import ROOT
from core import manifest
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.store import backup as store_backup
from core.store import lanes
from core.store.tables import messages
from tests.cli.test_commands import Run, _json, run, store  # noqa: F401 -- two are fixtures
from warehouse import backup as warehouse_backup
from warehouse.connect import connect, prepare

_OPEN_IT = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("select 1 from messages").fetchall()
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def made(run: Run, store: sa.Engine, tmp_path: Path) -> Path:  # noqa: F811
    """Give a backup of two messages and of a warehouse that has a quota; two more messages came since."""
    now = utc_now() - timedelta(hours=1)
    plan(store, 2, ("whatsapp",), now)
    with connect(tmp_path / "warehouse.duckdb") as connection:
        prepare(connection)
        connection.execute("insert into raw.providers__quotas (channel, month, quota) values ('line', '2026-03-01', 5)")
    steps = Steps(load_settings())
    back_up(steps, tmp_path / "made")
    steps.store.dispose()
    plan(store, 2, ("whatsapp",), now, first=2)
    store.dispose()
    return tmp_path / "made"


def _messages(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        found = {
            key[-1]: status for key, status in connection.execute(sa.select(messages.c.message_id, messages.c.status))
        }
    engine.dispose()
    return found


def _quotas(folder: Path) -> int:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        (count,) = connection.execute("select count(*) from raw.providers__quotas").fetchone() or (0,)
    return int(count)


def test_a_backup_is_a_folder_with_a_manifest_that_only_its_owner_can_read(made: Path) -> None:
    found = manifest.verify(made)

    assert found["store"]["rows"]["messages"] == 2
    assert {table["name"]: table["rows"] for table in found["warehouse"]["tables"]}["providers__quotas"] == 1
    assert found["store"]["revision"] and found["made_at"]
    assert {path.stat().st_mode & 0o077 for path in (made, *made.rglob("*"))} == {0}
    assert sqlite3.connect(made / "store" / "store.db").execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_restore_says_what_is_uncertain_and_what_is_left_to_do(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    made: Path,
    tmp_path: Path,
) -> None:
    result = run("restore", str(made), "--replace", "--json")

    assert result.exit_code == 1  # no CRM is there to catch up with
    assert '"in_doubt": 2' in result.stdout and "bma sync crm --full" in result.stdout
    assert _messages(store) == {"0": "in_doubt", "1": "in_doubt"}
    assert _quotas(tmp_path) == 1
    assert list(tmp_path.glob("store.db.before-restore-*"))
    (hold,) = _json(run("hold", "list", "--json"))
    assert hold["scope"] == "all" and "restored from the backup of" in hold["reason"]
    assert "bma hold lift all" in run("doctor", "--json").stdout


def test_what_would_be_lost_is_named_and_stays_unless_it_is_meant(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    made: Path,
) -> None:
    with pytest.raises(PermanentError, match=r"store.*and the warehouse.*--replace"):
        raise run("restore", str(made)).exception or AssertionError

    assert len(_messages(store)) == 4


def test_nothing_is_restored_while_a_process_has_the_store_open(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    made: Path,
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-c", _OPEN_IT, str(tmp_path / "store.db")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        with pytest.raises(PermanentError, match="stop worker, gateway"):
            raise run("restore", str(made), "--replace").exception or AssertionError
        process.stdin.close()

    assert len(_messages(store)) == 4


def test_nothing_is_restored_while_a_worker_owns_a_lane(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    made: Path,
) -> None:
    with store.begin() as connection:
        lanes.own(connection, "whatsapp", "w", utc_now())
    store.dispose()
    with pytest.raises(PermanentError, match="a worker has the whatsapp lane"):
        raise run("restore", str(made), "--replace").exception or AssertionError

    assert len(_messages(store)) == 4


def test_a_damaged_backup_touches_nothing(run: Run, store: sa.Engine, made: Path) -> None:  # noqa: F811
    with (made / "store" / "store.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    with pytest.raises(PermanentError, match=r"store/store\.db has changed"):
        raise run("restore", str(made), "--replace").exception or AssertionError

    assert len(_messages(store)) == 4


def test_a_restore_that_dies_halfway_is_done_again(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_words: Any) -> None:
        raise SystemExit(9)

    with connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("delete from raw.providers__quotas")
    with monkeypatch.context() as patch:
        patch.setattr(warehouse_backup, "replace", die)
        assert run("restore", str(made), "--replace").exit_code == 9
    assert (_messages(store), _quotas(tmp_path)) == ({"0": "in_doubt", "1": "in_doubt"}, 0)

    assert "left_to_do" in run("restore", str(made), "--replace").stdout
    assert (_messages(store), _quotas(tmp_path)) == ({"0": "in_doubt", "1": "in_doubt"}, 1)


@pytest.mark.parametrize("moment", ["the new file is there", "the old file is kept", "a little later"])
def test_a_restore_that_is_killed_leaves_the_old_store_or_the_new_one(
    store: sa.Engine,  # noqa: F811
    made: Path,
    tmp_path: Path,
    moment: str,
) -> None:
    seen = {"the new file is there": "store.db.restoring", "the old file is kept": "store.db.before-restore-*"}
    words = [sys.executable, "-m", "cli", "restore", str(made), "--replace"]
    environment = {**os.environ, "BMA_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(tmp_path.glob(seen.get(moment, "store.db.before-restore-*"))):
            time.sleep(0.001)
        time.sleep(0 if moment in seen else 0.2)
        process.kill()
    assert process.returncode == -signal.SIGKILL

    old = dict.fromkeys("0123", "planned")
    new = dict.fromkeys("01", "in_doubt")
    assert _messages(store) in (old, new)
    assert _quotas(tmp_path) == 1


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(
    run: Run,  # noqa: F811
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_words: Any) -> None:
        raise PermanentError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store_backup, "copy", fail)
        assert run("backup", "again").exit_code == 1
    assert not (tmp_path / "again").exists()
    assert run("backup", "again").exit_code == 0  # what was left half is in nobody's way
    with pytest.raises(PermanentError, match="is there already"):
        raise run("backup", "again").exception or AssertionError


def test_an_encrypted_warehouse_is_copied_in_the_clear_only_when_said(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BMA_WAREHOUSE_KEY", "secret")
    load_settings.cache_clear()

    with pytest.raises(PermanentError, match="--in-the-clear"):
        raise run("backup", "made").exception or AssertionError
    assert run("backup", "made", "--in-the-clear").exit_code == 0
