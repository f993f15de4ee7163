"""What operators see of a process, begun at its entry point: logs, metrics, traces, faults."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from core import faults, metrics, traces
from core.logs import configure_logs, get_logger
from core.settings import Settings


class _Begun:
    """Which process has begun to tell: Dagster makes its resources anew for every tick."""

    pid = 0


def start(service: str, settings: Settings) -> None:
    """Begin to tell about this process, a long-lived one or a run, at its entry point; again changes nothing."""
    if _Begun.pid == os.getpid():
        return
    _Begun.pid = os.getpid()
    configure_logs(service)
    metrics.share(settings.data_dir / "metrics", service)
    traces.start_from_setting(service, settings.otel_endpoint)
    faults.start(settings.sentry_dsn, service)


@contextmanager
def run_step(action: str, *, parent: str | None = None) -> Iterator[None]:
    """Tell about one action of a run: a span below ``parent``, how long it took, how it ended, a fault reported."""
    with traces.span(action, parents=[parent]) as found:
        began = time.monotonic()
        found["result"] = "failed"
        try:
            yield
            found["result"] = "done"
        except Exception as error:
            faults.report(error)
            raise
        finally:
            seconds = time.monotonic() - began
            metrics.meters().run_steps.labels(action, found["result"]).inc()
            metrics.meters().run_step_seconds.labels(action).observe(seconds)
            get_logger().info("run step", action=action, result=found["result"], duration_ms=round(seconds * 1000))
