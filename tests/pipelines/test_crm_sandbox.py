"""The real client against the stand-in CRM as a process of its own, over a real socket."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.clock import utc_now
from core.errors import PermanentError
from pipelines import crm

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "sandbox", "crm", "--port", "0", "--companies", "60", "--seed", "5"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.terminate()


@pytest.fixture
def sync(url: str, tmp_path: Path) -> Callable[..., crm.LoadReport]:
    def call(**options: Any) -> crm.LoadReport:
        values = {"username": "admin", "password": "fake-password", "retry_seconds": 5.0, **options}
        return crm.load(
            url=url, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb", now=utc_now(), **values
        )

    return call


def test_the_stand_in_is_read_whole_and_followed(url, sync, ask):
    first = sync()
    counts = dict(ask("select table_name, row_count from raw.crm__loads"))
    contact, company = ask("select id, company from raw.crm__contacts order by id limit 1")[0]
    change = {"entity": "contacts", "id": contact, "changes": {"title": "Owner"}}
    httpx.post(f"{url}/_sandbox/edit", json={**change, "touch": True}).raise_for_status()
    second = sync()
    httpx.post(
        f"{url}/_sandbox/edit", json={**change, "changes": {"title": "Quiet"}, "touch": False}
    ).raise_for_status()
    httpx.post(f"{url}/_sandbox/faults", json={"path": "/api/v1/notes/", "kind": "401"}).raise_for_status()
    third = sync(mode="full")

    assert counts["crm__companies"] == 60 and first.rejects == 0
    assert second.rows["crm__contacts"] == 1
    assert third.rows["crm__contacts"] == 1
    assert ask("select title, company from raw.crm__contacts where id = ?", contact) == [("Quiet", company)]
    assert ask("select entity_id, field, new_value from raw.crm__history order by valid_from") == [
        (contact, "title", "Owner"),
        (contact, "title", "Quiet"),
    ]
    assert ask("select count(*) from raw.crm__contact_preferences")[0][0] == counts["crm__contacts"]


def test_a_wrong_password_over_the_wire_is_named(sync):
    with pytest.raises(PermanentError, match="BMA_CRM_PASSWORD"):
        sync(password="wrong")
