"""A Dagster run tells operators what it does: JSON lines, numbers beside the other processes', one trace by its id."""

import json
import os
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROOT = Path(__file__).parents[2]
RUN = """
import dagster as dg
from assets import raw
from assets.resources import Installation
done = dg.materialize([raw.STORE, raw.load_journal], resources={"installation": Installation()})
print(done.run_id)
"""


@pytest.fixture
def collector():
    """An OTLP collector on loopback: its address, and what it was told."""
    told = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
            told.extend(span for each in request.resource_spans for part in each.scope_spans for span in part.spans)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", told
    server.shutdown()


def test_a_run_s_steps_are_logged_counted_and_one_trace_that_bears_the_run_s_id(tmp_path, collector):
    url, told = collector
    settings = {"BMA_DATA_DIR": str(tmp_path), "BMA_OTEL_ENDPOINT": url, "DAGSTER_HOME": ""}
    ended = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    run_id = uuid.UUID(ended.stdout.split()[-1])
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith('{"')]
    (line,) = [line for line in lines if line.get("action") == "sync_journal"]

    assert {span.name: span.trace_id.hex() for span in told} == {"sync_journal": run_id.hex}
    assert (line["service"], line["result"], line["trace_id"]) == ("dagster", "done", run_id.hex)
    assert line["duration_ms"] > 0
    assert (tmp_path / "metrics" / "counter_dagster-0.db").exists()
