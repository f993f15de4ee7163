"""What operators see: numbers of every process, one trace from request to provider, faults without people in them."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from assets.resources import told
from assets.steps import Steps
from core import faults, metrics, telemetry, traces
from core.store.tables import messages
from gateway.operations import StoreNumbers
from tests.gateway.test_sends import SEND, WISH, headers
from tests.gateway.test_webhooks import meta, status
from tests.senders.working import GOOD, work

ROOT = Path(__file__).parents[2]
BOARD = json.loads((ROOT / "monitoring" / "board.json").read_text())


@pytest.fixture
def exported():
    """Trace this process; returns what stops tracing and gives the spans by name."""
    exporter = InMemorySpanExporter()
    traces.start("test", exporter)

    def stop():
        traces.stop()
        return {span.name: span for span in exporter.get_finished_spans()}

    yield stop
    traces.stop()


def test_one_trace_leads_from_the_api_through_the_store_to_the_provider_and_back_and_names_the_run_that_sent(
    client, deliver, place, exported, now
):
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    wish = {**WISH, "channel": "whatsapp"}
    answer = client.post(SEND, json=wish, headers={**headers(), "traceparent": caller})
    run_id = str(uuid.uuid4())
    with telemetry.run_step("send_due", parent=traces.of_run(run_id)):
        report, _ = work(place, GOOD, clock=lambda: now)
    assert deliver("/webhooks/whatsapp", meta(status(answer.json()["message_id"]))) == 200
    spans = exported()

    assert (answer.status_code, report.counts) == (202, {"accepted": 1})
    assert {f"{spans[name].context.trace_id:032x}" for name in ("request", "decide", "send", "hear")} == {caller[3:35]}
    assert spans["hear"].attributes["event_type"] == "delivered"
    assert f"{spans['request'].parent.span_id:016x}" == caller[36:52]
    assert spans["send"].parent.span_id == spans["request"].context.span_id
    assert spans["send"].attributes["message_id"] == answer.json()["message_id"]
    run_trace = uuid.UUID(run_id).int
    assert spans["send_due"].context.trace_id == run_trace
    assert [link.context.trace_id for link in spans["send"].links] == [run_trace]
    assert "malee" not in str([span.to_json() for span in spans.values()])


def test_a_fault_inside_a_span_is_named_by_its_type_alone(exported):
    with pytest.raises(ValueError, match="malee"), traces.span("step"):
        raise ValueError("malee@hotel.example")
    span = exported()["step"]

    assert (span.status.is_ok, span.status.description, span.events) == (False, "ValueError", ())


def test_spans_go_to_the_endpoint_that_is_set_and_nowhere_without_one(listener):
    address, taken = listener
    traces.start_from_setting("test", "")
    with traces.span("unseen"):
        assert traces.current_parent() is None
    traces.start_from_setting("test", f"http://{address}")
    with traces.span("seen"):
        pass
    traces.stop()

    assert [path for path, _ in taken] == ["/v1/traces"]
    assert b"seen" in taken[0][1]
    assert b"unseen" not in taken[0][1]


def test_steps_of_a_run_are_timed_and_their_faults_counted(settings, sqlite_store, exported):
    steps = told(Steps(settings), str(uuid.uuid4()))
    with pytest.raises(Exception, match="file, published where it is built"):
        steps.follow()
    counted = {(m.labels["action"], m.labels["result"]): m.value for m in samples("bma_run_steps_total")}

    assert counted["follow", "failed"] >= 1
    assert exported()["follow"].status.description == "PermanentError"
    assert steps.settings is settings


def samples(name, text=None):
    """Return the samples of one name out of an exposition."""
    text = metrics.exposition().decode() if text is None else text
    families = text_string_to_metric_families(text)
    return [sample for family in families for sample in family.samples if sample.name == name]


def test_sentry_hears_of_a_fault_and_of_nobody(listener):
    address, taken = listener
    script = (
        "from core import faults\nfrom core.logs import configure_logs\n"
        f"configure_logs('test'); faults.start('http://public@{address}/7', 'test')\n"
        "who = 'malee@hotel.example'\n"
        "try:\n    raise ValueError('no answer from ' + who + ' +66812345678')\n"
        "except ValueError as error:\n    faults.report(error)\n"
        "import logging\nlogging.getLogger('aiohttp').error('lost %s', who)\n"
        "raise RuntimeError('Bearer abcdefgh12345678')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False, timeout=60)
    said = b"".join(body for _, body in taken).decode()
    kinds = {kind for kind in ("ValueError", "RuntimeError", "lost") if kind in said}

    assert {path for path, _ in taken} == {"/api/7/envelope/"}
    assert kinds == {"ValueError", "RuntimeError", "lost"}
    assert not {word for word in ("malee", "66812345678", "abcdefgh12345678", os.uname().nodename) if word in said}


def test_without_a_dsn_nothing_is_reported():
    faults.start("", "test")
    faults.report(ValueError("kept to ourselves"))


COUNTING = """
import sys
from pathlib import Path
from core import metrics
metrics.share(Path(sys.argv[1]), sys.argv[2])
for _ in range(int(sys.argv[3])):
    metrics.meters().sends.labels("email", "accepted").inc()
    metrics.meters().send_seconds.labels("email").observe(0.02)
print("ready", flush=True)
sys.stdin.readline()
"""
SHOWING = """
import sys
from pathlib import Path
from core import metrics
metrics.share(Path(sys.argv[1]), "gateway")
print(metrics.exposition().decode())
"""


def test_one_gateway_shows_what_all_processes_of_its_host_counted_also_those_that_ended(tmp_path):
    def count(service, times):
        command = [sys.executable, "-c", COUNTING, str(tmp_path), service, str(times)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    running = [count("worker", 3), count("worker", 4), count("dagster", 5)]
    for process in running:
        process.communicate("\n", timeout=30)
    count("dagster", 6).communicate("\n", timeout=30)  # the next run takes the slot of the one before
    command = [sys.executable, "-c", SHOWING, str(tmp_path)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert [m.value for m in samples("bma_sends_total", shown.stdout)] == [18]
    assert [m.value for m in samples("bma_send_seconds_count", shown.stdout)] == [18]
    assert {path.stem for path in tmp_path.glob("counter_*.db")} == {
        f"counter_{slot}" for slot in ("worker-0", "worker-1", "dagster-0")
    }


def test_the_gateway_counts_what_came_and_what_waits(client, place, deliver):
    client.post(SEND, json=WISH, headers=headers())
    deliver("/webhooks/line", b'{"events":[]}')
    client.post("/webhooks/line", content=b"{}", headers={"x-line-signature": "no"})
    deliver("/webhooks/email/inbound", b"no mail at all")
    text = client.get("/metrics").text

    def value(name, **labels):
        return [m.value for m in samples(name, text) if labels.items() <= m.labels.items()]

    assert value("bma_messages", channel="email", status="planned") == [1]
    assert value("bma_oldest_due_seconds", channel="email") == [0]
    assert value("bma_published_age_seconds") == [0]
    assert value("bma_holds") == [0]
    assert value("bma_deliveries_total", source="line", result="new")[0] >= 1
    assert value("bma_deliveries_total", source="line", result="forged")[0] >= 1
    assert value("bma_requests_total", route="/messages", method="POST", status="202")[0] >= 1
    assert value("bma_decisions_total", campaign="invoice_ready", outcome="send")[0] >= 1
    assert "malee" not in text


def test_the_board_asks_for_every_metric_there_is_and_for_no_other(sqlite_store, tmp_path, now, settings, place):
    numbers = StoreNumbers(sqlite_store, settings.serve_dir, lambda: now)
    families = [*metrics.Meters().registry.collect(), *numbers.collect()]
    known = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for panel in BOARD["panels"]
        for target in panel.get("targets", ())
        for name in re.findall(r"\bbma_\w+", target["expr"])
    }

    assert asked == known
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    assert all(panel["description"] for panel in BOARD["panels"] if panel["type"] != "row")


def test_a_gateway_without_its_store_is_alive_and_not_ready(client, sqlite_store):
    assert client.get("/readyz").json() == {"store": "ok", "intake": "ok"}

    client.app.state.engine = sa.create_engine("sqlite:////nowhere/at/all/store.db")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 200  # what the processes counted is shown all the same


def test_a_message_planned_outside_of_a_trace_has_none(client, place):
    client.post(SEND, json=WISH, headers=headers())
    with place.connect() as connection:
        assert connection.execute(sa.select(messages.c.traceparent)).scalars().all() == [None]
