"""A Dagster run tells operators what it does: JSON lines, numbers beside the other processes', one trace by its id."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROOT = Path(__file__).parents[2]
RUN = """
import dagster as dg
from assets import raw
from assets.resources import Installation
done = dg.materialize([raw.STORE, raw.load_journal], resources={"installation": Installation()})
print(done.run_id)
"""


def _spans(body):
    request = ExportTraceServiceRequest.FromString(body)
    return [span for each in request.resource_spans for part in each.scope_spans for span in part.spans]


def test_a_run_s_steps_are_logged_counted_and_one_trace_that_bears_the_run_s_id(tmp_path, listener):
    address, taken = listener
    settings = {"BMA_DATA_DIR": str(tmp_path), "BMA_OTEL_ENDPOINT": f"http://{address}", "DAGSTER_HOME": ""}
    ended = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    told = [span for _, body in taken for span in _spans(body)]
    run_id = uuid.UUID(ended.stdout.split()[-1])
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith('{"')]
    (line,) = [line for line in lines if line.get("action") == "sync_journal"]

    assert {span.name: span.trace_id.hex() for span in told} == {"sync_journal": run_id.hex}
    assert (line["service"], line["result"], line["trace_id"]) == ("dagster", "done", run_id.hex)
    assert line["duration_ms"] > 0
    assert (tmp_path / "metrics" / "counter_dagster-0.db").exists()
