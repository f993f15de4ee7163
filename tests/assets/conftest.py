"""A CRM that tells our gateway of its changes over loopback HTTP, and a follower that has caught up with it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from pydantic import SecretStr

from assets.follow import Follower
from assets.steps import Steps
from core.settings import Settings
from core.store import suppressions
from core.store import tables as store_tables
from gateway.app import create_app

ROOT = Path(__file__).parents[2]
SECRET = "crm-webhook-secret"
HOPE = 10.0  # seconds a webhook may take on a busy machine


class Site:
    """A CRM that tells our gateway of its changes, and a follower that has caught up."""

    def __init__(self, url: str, steps: Steps) -> None:
        self.url, self.steps = url, steps
        self.client = steps.crm_client(retry_seconds=2.0)
        self.loads: list[Any] = []
        self.follower = Follower(steps, self.loads.append)

    def edit(self, entity: str, key: str, *, touch: bool = True, **changes: Any) -> None:
        body = {"entity": entity, "id": key, "changes": changes, "touch": touch}
        httpx.post(f"{self.url}/_sandbox/edit", json=body).raise_for_status()

    def delete(self, entity: str, key: str) -> None:
        httpx.post(f"{self.url}/_sandbox/delete", json={"entity": entity, "id": key}).raise_for_status()

    def fault(self, path: str, kind: str, times: int) -> None:
        body = {"path": path, "kind": kind, "times": times}
        httpx.post(f"{self.url}/_sandbox/faults", json=body).raise_for_status()

    def ask(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.steps.settings.warehouse_path)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def states(self) -> list[str]:
        with self.steps.store.connect() as connection:
            return list(connection.execute(sa.select(store_tables.inbox.c.state)).scalars())

    def heard(self, notices: int) -> None:
        """Wait until the webhooks are in the inbox."""
        until = time.monotonic() + HOPE
        while len(self.states()) < notices:
            assert time.monotonic() < until, "no webhook came"
            time.sleep(0.05)

    def against(self, contact: str, purpose: str = "renewal") -> str | None:
        """Say what the last look before a message to the contact would find."""
        with self.steps.store.connect() as connection:
            return suppressions.reason_against(
                connection, channel="email", address="whoever@hotel.example", contact_id=contact, purpose=purpose
            )


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    """The gateway on a port of its own, and the settings it shares with the follower."""
    settings = Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("follow"), crm_webhook_secret=SecretStr(SECRET), crm_url=""
    )
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", settings
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def everything(gateway: tuple[str, Settings]) -> Iterator[Site]:
    """One CRM process for the module: starting one costs more than any test."""
    address, settings = gateway
    command = [sys.executable, "-m", "sandbox", "crm", "--port", "0", "--companies", "25", "--seed", "5"]
    command += ["--webhook-url", f"{address}/webhooks/crm", "--webhook-secret", SECRET]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        bound = settings.model_copy(
            update={"crm_url": url, "crm_username": "admin", "crm_password": SecretStr("fake-password")}
        )
        site = Site(url, Steps(bound))
        site.follower.catch_up()
        site.follower.look(site.client)
        yield site
        process.terminate()


@pytest.fixture
def site(everything: Site) -> Site:
    """The same, with nothing waiting."""
    with everything.steps.store.begin() as connection:
        connection.execute(sa.delete(store_tables.inbox))
    everything.loads.clear()
    return everything


@pytest.fixture
def contact(site: Site) -> Callable[[int], str]:
    """Name the contacts of different companies, who may all be written to."""
    rows = site.ask("""
        select min(contact.id) from raw.crm__contacts as contact
        inner join raw.crm__contact_preferences as preference on preference.contact_id = contact.id
        where contact.is_active and not contact._is_deleted and receives_renewal_emails
          and not unsubscribed and receives_notifications
        group by company order by 1
    """)
    return lambda number: str(rows[number][0])
