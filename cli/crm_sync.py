"""``bma sync crm``: what a load came to, and following until told to stop."""

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.steps import Steps
    from pipelines.crm import LoadReport


def crm_summary(report: "LoadReport") -> dict[str, Any]:
    """Return what a load came to, as it is printed."""
    return {
        "mode": report.mode,
        "rows": report.rows,
        "rejects": report.rejects,
        "deleted": report.deleted,
        "drift": report.drift,
        "seconds": report.seconds,
    }


def follow_crm(steps: "Steps") -> None:
    """Follow the CRM until SIGTERM or Ctrl-C; where Dagster has a home, it is told of every load."""
    from assets.follow import Follower
    from assets.runless import tell_dagster

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_received: stop.set())
    told = tell_dagster if os.environ.get("DAGSTER_HOME") else lambda _report: None
    Follower(steps, told).run(stop)
