"""Kill -9 of the sending process at ten random moments of a thousand messages: never twice, never lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bench.outbox_of import plan
from cli import world
from cli.processes import Processes, free_port, get_json
from core.clock import utc_now
from core.settings import Settings
from core.store.engine import open_store
from core.store.tables import messages
from senders.line.send import retry_key

MESSAGES, KILLS, SEED = 1000, 10, 20261123
LEASES = 200.0  # seconds: longer than a message's lease and a lane's
CHANNELS = ("whatsapp", "line", "email", "whatsapp", "email")


def _start(settings: Settings, ahead: float) -> subprocess.Popen[str]:
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.model_dump().items()
    }
    command = [sys.executable, "-m", "bench.worker_process", str(ahead), json.dumps(plain)]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Kill the worker ten times, let an eleventh finish; tells what the ledger and the providers have."""
    data_dir: Path = tmp_path_factory.mktemp("kill")
    rng, secrets = random.Random(SEED), world.read_secrets(data_dir)
    killed = 0
    with Processes(data_dir / "logs") as processes:
        nowhere = f"http://127.0.0.1:{free_port()}"
        providers = processes.start("providers", *world.provider_arguments(secrets, 1, nowhere), answers=True)
        settings = world.settings_for(data_dir, secrets, {"url": nowhere}, providers, nowhere)
        store = open_store(settings.effective_store_url)
        plan(store, MESSAGES, CHANNELS, utc_now())
        for turn in range(KILLS):
            process = _start(settings, turn * LEASES)
            time.sleep(rng.uniform(0.02, 0.7))
            os.kill(process.pid, signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        for turn in (KILLS, KILLS + 1):  # the second settles what the first could only find in doubt
            assert _start(settings, turn * LEASES).wait(timeout=120) == 0
        taken = get_json(f"{providers['url']}/_sandbox/received")
    with store.connect() as connection:
        rows = connection.execute(sa.select(messages.c.message_id, messages.c.channel, messages.c.status)).all()
    store.dispose()
    return {"killed": killed, "rows": rows, "taken": {each["key"]: each for each in taken}}


def _key(row: sa.Row[Any]) -> str:
    return retry_key(row.message_id) if row.channel == "line" else str(row.message_id)


def test_the_process_was_killed_while_it_sent(aftermath: dict[str, Any]) -> None:
    assert aftermath["killed"] == KILLS
    assert any(row.status == "in_doubt" for row in aftermath["rows"])


def test_no_message_went_out_twice(aftermath: dict[str, Any]) -> None:
    assert {each["count"] for each in aftermath["taken"].values()} == {1}


def test_none_is_lost_each_is_accepted_or_listed_as_in_doubt(aftermath: dict[str, Any]) -> None:
    rows = aftermath["rows"]

    assert len(rows) == MESSAGES
    assert {row.status for row in rows} == {"accepted", "in_doubt"}
    accepted = {_key(row) for row in rows if row.status == "accepted"}
    doubted = {_key(row) for row in rows if row.status == "in_doubt"}
    assert accepted <= set(aftermath["taken"]) <= accepted | doubted


def test_where_the_provider_knows_a_repeat_nothing_stays_in_doubt(aftermath: dict[str, Any]) -> None:
    by_status = Counter((row.channel, row.status) for row in aftermath["rows"])

    assert by_status["line", "in_doubt"] == 0
    assert by_status["line", "accepted"] == MESSAGES // len(CHANNELS)
