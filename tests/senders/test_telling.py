"""What a worker says of its work: one line for each batch of answers, and numbers where somebody asked for them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from bench.outbox_of import address, plan
from core import metrics
from core.clock import utc_now
from core.errors import PermanentError
from core.store.tables import messages
from core.traces import id_of
from tests.senders.working import GOOD, work

ROOT = Path(__file__).parents[2]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def said():
    """Hear what is logged, as it is before it is masked."""
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as lines:
        yield lines


def test_a_batch_of_answers_is_one_line_with_counts_duration_and_trace_and_without_an_address(
    said, sqlite_store, planned
):
    report, _ = work(sqlite_store, GOOD)
    lines = [line for line in said if line.get("action") == "send"]

    assert sum(line["accepted"] for line in lines) == report.counts["accepted"] == len(planned)
    assert len(lines) < len(planned)
    assert {line["channel"] for line in lines} == {"whatsapp"}
    assert {line["trace_id"] for line in lines} == {id_of(PARENT)}
    assert all(isinstance(line["duration_ms"], int) for line in lines)
    assert not [each for each in planned if each in json.dumps(lines, default=str)]


@pytest.fixture
def planned(sqlite_store):
    """Messages that are due: their addresses."""
    plan(sqlite_store, 40, ("whatsapp",), utc_now())
    with sqlite_store.begin() as connection:
        connection.execute(messages.update().values(traceparent=PARENT))
    return [address("whatsapp", number) for number in range(40)]


def test_a_worker_shows_its_hosts_numbers_where_it_is_told_to(tmp_path):
    script = (
        "import sys, urllib.request\nfrom pathlib import Path\nfrom core import metrics\n"
        "from cli.processes import free_port\nport = free_port()\n"
        f"metrics.share(Path({str(tmp_path)!r}), 'worker')\n"
        "metrics.meters().sends.labels('email', 'accepted').inc(7)\n"
        "metrics.serve(f'127.0.0.1:{port}')\n"
        "print(urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics').read().decode())\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert 'bma_sends_total{channel="email",result="accepted"} 7.0' in shown.stdout, shown.stderr


@pytest.mark.parametrize("given", ["9464", "127.0.0.1:", "127.0.0.1:no", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused_by_name(given, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with pytest.raises(PermanentError, match="BMA_METRICS_ADDRESS"):
        metrics.serve(given)


def test_without_an_address_nothing_is_opened(monkeypatch):
    monkeypatch.setattr(metrics, "start_http_server", lambda *_: pytest.fail("opened"))
    metrics.serve("")
