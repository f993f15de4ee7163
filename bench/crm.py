"""The CRM at 20,000 companies: how long its loads take and what they ask, and that nothing of it is lost."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx

from bench.crm_equality import unequal_rows
from bench.report import Result
from core.clock import utc_now
from pipelines import crm
from pipelines.crm import LoadReport

_EDITED = {
    "companies": "notes",
    "contacts": "title",
    "contracts": "status",
    "invoices": "status",
    "zones": "device_name",
    "quotes": "status",
    "tasks": "title",
    "tickets": "subject",
    "opportunities": "name",
    "notes": "text",
}
_PASSWORD = "fake-password"  # noqa: S105 -- the stand-in's own


@dataclass(frozen=True, kw_only=True)
class Step:
    """One load and what the comparison after it said."""

    report: LoadReport
    calls: int
    compared: int
    unequal: dict[str, int]


class Counted(httpx.HTTPTransport):
    """The wire, and how many requests went over it."""

    calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Count and pass on."""
        self.calls += 1
        return super().handle_request(request)


def crm_measure(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Seconds of the first load; then incremental and full loads, each followed by a comparison row for row."""
    companies = 300 if quick else 20_000
    with tempfile.TemporaryDirectory() as folder, standing_crm(companies) as url:
        steps = prove(url, Path(folder), edits=30 if quick else 500)
    first = steps["first"]
    said = [
        f"{name}: {step.report.seconds:,.1f} s, {step.calls:,} calls, {sum(step.unequal.values())} of "
        f"{step.compared:,} rows unequal"
        for name, step in steps.items()
    ]
    return Result(
        name="crm",
        what=f"first load of {companies:,} companies ({first.compared:,} rows), s",
        value=first.report.seconds,
        limit=None,
        ratio=None,
        must="every load equal to the CRM",
        after="every load equal to the CRM",
        met=not any(step.unequal for step in steps.values()),
        notes="; ".join(said),
    )


def prove(url: str, folder: Path, *, edits: int) -> dict[str, Step]:
    """Load, edit, load again: what moves ``updated_at`` by the incremental load, the rest by the full one.

    Returns the steps by name. Every step's ``unequal`` ought to be empty.
    """
    rng = random.Random(1)
    steps = {"first": _load(url, folder, "incremental")}
    _edit(url, folder, rng, edits, touch=True)
    steps["incremental after edits"] = _load(url, folder, "incremental")
    _edit(url, folder, rng, edits, touch=False)
    _delete(url, folder, rng, max(1, edits // 20))
    steps["full after bulk edits and deletes"] = _load(url, folder, "full")
    steps["full without changes"] = _load(url, folder, "full")
    return steps


@contextmanager
def standing_crm(companies: int) -> Iterator[str]:
    """Run the stand-in as a process of its own with a clock that stands still; give its address."""
    now = utc_now().isoformat()
    command = [sys.executable, "-m", "sandbox", "crm", "--port", "0", "--companies", str(companies), "--as-of", now]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def _load(url: str, folder: Path, mode: str) -> Step:
    wire, path = Counted(), folder / "warehouse.duckdb"
    report = crm.load(
        url=url,
        username="admin",
        password=_PASSWORD,
        data_dir=folder,
        warehouse_path=path,
        now=utc_now(),
        mode=mode,
        transport=wire,
    )
    compared, unequal = unequal_rows(url, path)
    return Step(report=report, calls=wire.calls, compared=compared, unequal=unequal)


def _edit(url: str, folder: Path, rng: random.Random, count: int, *, touch: bool) -> None:
    ids = {kind: _ids(folder, kind) for kind in _EDITED}
    with httpx.Client(base_url=url, timeout=300) as client:
        for number in range(count):
            kind = rng.choice(list(_EDITED))
            change = {_EDITED[kind]: f"edited {number}"}
            body = {"entity": kind, "id": rng.choice(ids[kind]), "changes": change, "touch": touch}
            client.post("/_sandbox/edit", json=body).raise_for_status()


def _delete(url: str, folder: Path, rng: random.Random, count: int) -> None:
    with httpx.Client(base_url=url, timeout=300) as client:
        for kind in ("contacts", "invoices", "notes", "tasks", "quotes", "companies"):
            for key in rng.sample(_ids(folder, kind), count):
                client.post("/_sandbox/delete", json={"entity": kind, "id": key}).raise_for_status()


def _ids(folder: Path, kind: str) -> list[Any]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as ours:
        found = ours.execute(f"select id from raw.crm__{kind} where not _is_deleted order by id").fetchall()  # noqa: S608 -- names of ours
    return [key for (key,) in found]
