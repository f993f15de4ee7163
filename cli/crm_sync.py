"""``bma sync crm``: what a load came to, and following until told to stop."""

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_received: stop.set())
    Follower(steps, _dagster() if os.environ.get("DAGSTER_HOME") else _nobody).run(stop)


def _nobody(_report: "LoadReport") -> None:
    return


def _dagster() -> "Callable[[LoadReport], None]":
    import dagster as dg

    from assets.runless import telling

    return telling(dg.DagsterInstance.get())
