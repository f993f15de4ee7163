"""Kill -9 of the sending process at ten random moments of a thousand messages: never twice, never lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from campaigns import templates
from campaigns.playbooks import read_playbook
from cli import world
from cli.processes import Processes, free_port, get_json
from core.clock import utc_now
from core.settings import Settings
from core.store import ledger
from core.store.engine import open_store
from core.store.tables import messages
from core.store.templates import save_template
from senders.line.send import retry_key

MESSAGES, KILLS, SEED = 1000, 10, 20261123
LEASES = 200.0  # seconds: longer than a message's lease and a lane's
CHANNELS = ("whatsapp", "line", "email", "whatsapp", "email")


def _address(channel: str, number: int) -> str:
    return {"whatsapp": f"+6681{number:07}", "line": f"U{number:032x}", "email": f"p{number}@hotel{number}.example"}[
        channel
    ]


def _plan(store: sa.Engine, now: datetime) -> None:
    with store.begin() as connection:
        for (template_id, channel, language), content in templates.contents(read_playbook("renewal")).items():
            save_template(
                connection, template_id=template_id, channel=channel, language=language, content=content, now=now
            )
        rows = [_row(number, CHANNELS[number % len(CHANNELS)]) for number in range(MESSAGES)]
        assert ledger.plan(connection, rows, now) == MESSAGES


def _row(number: int, channel: str) -> dict[str, Any]:
    variables = {"contact_name": "Malee", "company_name": "Lotus Bay", "contract_number": f"TH-{number}"}
    return {
        "message_id": f"0198c0de-0000-7000-8000-{number:012}",
        "campaign_id": "renewal",
        "run_id": "r1",
        "step": "renewal_14",
        "variant": "a",
        "contact_id": f"c{number}",
        "company_id": f"k{number}",
        "channel": channel,
        "purpose": "renewal",
        "address": _address(channel, number),
        "template_id": "renewal_14",
        "template_version": 1,
        "language": "en",
        "variables": {**variables, "end_date": "2026-12-24"},
        "subject_type": "contract",
        "subject_id": f"s{number}",
        "priority": 5,
        "not_before": None,
        "expires_at": None,
        "snapshot_id": "s",
    }


def _start(settings: Settings, ahead: float) -> subprocess.Popen[str]:
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.model_dump().items()
    }
    command = [sys.executable, "-m", "tests.chaos.worker_process", str(ahead), json.dumps(plain)]
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
        _plan(store, utc_now())
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
