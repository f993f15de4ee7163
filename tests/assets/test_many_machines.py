"""Dagster on PostgreSQL: a run that is launched sends beside a resident worker, each message once."""

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from bench.outbox_of import plan
from bench.postgres import new_database
from bench.working import ask, faulty_provider, wait_until
from cli.dagster_home import prepare_dagster_home
from cli.processes import ROOT, Processes
from core.clock import utc_now
from core.store.engine import open_store
from core.store.tables import messages

MESSAGES = 120


def test_home_keeps_to_files_unless_a_database_is_set(tmp_path: Path) -> None:
    assert prepare_dagster_home(tmp_path, "").keys() == {"DAGSTER_HOME"}
    # Both processes that start together find the tables made: each making them, one would end.
    assert (tmp_path / "schedules" / "schedules.db").exists() and (tmp_path / "history" / "runs.db").exists()
    assert "postgres" not in (tmp_path / "dagster.yaml").read_text()


def test_a_bare_postgresql_url_is_given_the_driver_dagster_speaks(tmp_path: Path) -> None:
    found = prepare_dagster_home(tmp_path, "postgresql://bma@db.example/dagster")

    assert found["BMA_DAGSTER_URL"] == "postgresql+psycopg2://bma@db.example/dagster"
    assert "postgres_url" in (tmp_path / "dagster.yaml").read_text()


def test_a_run_launched_from_postgresql_sends_beside_a_worker_each_message_once(
    postgres_server: str, tmp_path: Path
) -> None:
    store_url = new_database(postgres_server, "machines")
    dagster_url = new_database(postgres_server, "dagster").replace("+psycopg:", "+psycopg2:")
    store = open_store(store_url)
    plan(store, MESSAGES, ("whatsapp", "line"), utc_now())
    with faulty_provider("--behaves") as provider, Processes(tmp_path / "logs") as processes:
        ours = _environment(tmp_path, store_url, dagster_url, str(provider["url"]))
        processes.environment = ours
        processes.start("daemon", "dagster._daemon", "run", "-w", "workspace.yaml")
        launch = [sys.executable, "-m", "dagster", "job", "launch", "-w", "workspace.yaml", "-j", "send_due"]
        subprocess.run(launch, check=True, capture_output=True, cwd=ROOT, env={**os.environ, **ours})
        processes.environment = {**ours, "BMA_LINE_TOKEN": ""}  # the worker has WhatsApp only: the run sends LINE
        processes.start("worker", "cli", "worker")
        wait_until(lambda: _statuses(store) == {"accepted": MESSAGES}, 90, "all are sent")
        wait_until(lambda: _runs(dagster_url) == ["SUCCESS"], 30, "the run ends well")
        taken = ask(f"{provider['url']}/taken")["taken"]

    assert {each["count"] for each in taken.values()} == {1}
    assert len(taken) == MESSAGES
    with store.connect() as connection:
        owners = connection.execute(sa.select(messages.c.channel, messages.c.claimed_by).distinct()).all()
    store.dispose()
    assert len(owners) == 2, owners


def _environment(folder: Path, store_url: str, dagster_url: str, provider: str) -> dict[str, str]:
    return {
        **prepare_dagster_home(folder / "dagster", dagster_url),
        "BMA_DATA_DIR": str(folder),
        "BMA_STORE_URL": store_url,
        "BMA_WHATSAPP_URL": provider,
        "BMA_WHATSAPP_TOKEN": "t",
        "BMA_WHATSAPP_PHONE_NUMBER_ID": "1",
        "BMA_LINE_URL": provider,
        "BMA_LINE_TOKEN": "t",
        "BMA_LINK_SECRET": "linksecret",
    }


def _statuses(store: sa.Engine) -> dict[str, int]:
    with store.connect() as connection:
        query = sa.select(messages.c.status, sa.func.count()).group_by(messages.c.status)
        return {row[0]: row[1] for row in connection.execute(query)}


def _runs(url: str) -> list[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(sa.text("select status from runs where pipeline_name = 'send_due'")).scalars())
    engine.dispose()
    return found
