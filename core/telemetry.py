"""What operators see of a process, begun at its entry point: logs, metrics, traces, faults."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from core import faults, metrics, traces
from core.logs import configure_logs, get_logger
from core.settings import Settings


def start(service: str, settings: Settings, *, level: int = logging.INFO) -> None:
    """Begin to tell about this process, a long-lived one. Call once, at the entry point."""
    configure_logs(service, level=level)
    metrics.share(settings.data_dir / "metrics", service)
    traces.start_from_setting(service, settings.otel_endpoint)
    faults.start(settings.sentry_dsn, service)


@contextmanager
def step(action: str, *, parent: str | None = None) -> Iterator[None]:
    """Tell about one step of a run: a span below ``parent``, how long it took, how it ended, a fault reported."""
    began = time.monotonic()
    result = "failed"
    try:
        with traces.span(action, parents=[parent]):
            yield
        result = "done"
    except Exception as error:
        faults.report(error)
        raise
    finally:
        seconds = time.monotonic() - began
        metrics.meters().steps.labels(action, result).inc()
        metrics.meters().step_seconds.labels(action).observe(seconds)
        get_logger().info("step", action=action, result=result, duration_ms=round(seconds * 1000))
